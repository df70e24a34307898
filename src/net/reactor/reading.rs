//! What listening sockets receive: requests for the owner of the reactor, and packets of transfers that share their ports.

use std::io;
use std::net::SocketAddr;

use super::Reactor;
use super::listeners::{Flow, Listeners};
use super::notice::{Key, Notice, Reading};
use super::port::{Opened, Port, Shared};
use crate::event::Observers;
use crate::net::listener::{Arrived, Envelope, Listener};
use crate::transfer::datagrams;
use crate::wire::Packet;

impl Reactor {
    /// Adds a socket that receives requests; returns its index.
    pub(crate) fn listen(&mut self, listener: Listener) -> io::Result<usize> {
        let key = self.watch(&listener)?;
        Ok(self.listeners.add(key, listener))
    }

    /// Returns the sockets that receive requests.
    pub(crate) fn listeners(&mut self) -> &mut Listeners {
        &mut self.listeners
    }

    /// Reads once from a listening socket. What belongs to a transfer that shares its port goes there, but the owner gets
    /// every request.
    pub(crate) fn read(
        &mut self,
        listener: usize,
        request: &mut Vec<u8>,
        notices: &mut Vec<Notice>,
        observers: &mut Observers<'_>,
    ) -> io::Result<Reading> {
        let Some(socket) = self.listeners.get_mut(listener) else { return Ok(Reading::Nothing) };
        let (envelope, length, stride) = match socket.receive(&mut self.buffer)? {
            Arrived::Datagrams { envelope, length, stride } => (envelope, length, stride),
            Arrived::Refused(peer) => {
                for key in self.listeners.with_peer(listener, peer) {
                    self.serve(key, notices, observers, |transfer, _, context| transfer.refused(peer, context));
                }
                return Ok(Reading::Other);
            }
            Arrived::Noise => return Ok(Reading::Other),
            Arrived::Nothing => {
                self.listeners.note(listener, true);
                return Ok(Reading::Nothing);
            }
        };
        let bytes = self.buffer.get(..length).unwrap_or_default();
        let is_request = |datagram: &[u8]| matches!(Packet::parse(datagram), Ok(Packet::Request(_)));
        let first = datagrams(bytes, stride).position(is_request);
        let owner = self.listeners.owner(Flow::of(listener, &envelope));
        // The system may have joined several. What came after a request counts as lost: usually it is the request again.
        request.clear();
        match (first, owner) {
            (None, Some(_)) => {}
            (first, _) => request.extend(datagrams(bytes, stride).nth(first.unwrap_or(0)).unwrap_or_default()),
        }
        let before = first.map_or(length, |first| first * stride);
        if let Some(key) = owner.filter(|_| first != Some(0)) {
            self.serve(key, notices, observers, |transfer, buffer, context| {
                transfer.datagrams(envelope.from, buffer.get(..before).unwrap_or_default(), stride, context)
            });
        }
        Ok(if first.is_none() && owner.is_some() { Reading::Other } else { Reading::Datagram(envelope) })
    }

    /// Returns the port that received a request, for a transfer that answers from there.
    pub(crate) fn share(&mut self, listener: usize, envelope: &Envelope) -> io::Result<Port> {
        let socket = self.listeners.get_mut(listener).ok_or(io::ErrorKind::NotConnected)?;
        let local = SocketAddr::new(envelope.to.ip(), socket.local.port());
        let departure = socket.share(envelope)?;
        Ok(Port::Shared(Shared { flow: Flow::of(listener, envelope), local, departure }))
    }

    /// Returns the transfer that a new one would replace at a shared port: it has the same peer.
    pub(crate) fn replaced_by(&self, port: &Port) -> Option<Key> {
        match port {
            Port::Own(_) => None,
            Port::Shared(shared) => self.listeners.owner(shared.flow),
        }
    }

    /// Opens the port of a transfer that has not started.
    pub(crate) fn open<'a>(&'a mut self, port: &'a mut Port) -> Opened<'a> {
        port.open(&mut self.listeners)
    }
}
