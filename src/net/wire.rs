use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use super::fault_injector::FaultInjector;
use super::reporter::Reporter;
use super::socket::Socket;
use crate::event::{Crossing, Direction, Record, RecordKind};
use crate::fault::InFlight;
use crate::stop::Stop;
use crate::transfer::{Abort, Event, Io};

/// The socket of a transfer, with its fault injector and its observers.
pub(super) struct Wire<'a, 'o> {
    pub(super) socket: &'a mut Socket,
    pub(super) injector: Option<&'a mut FaultInjector>,
    pub(super) reporter: Reporter<'a, 'o>,
    pub(super) errors: SendErrors,
    /// Ends the transfer when it is raised, if the loop does not do that itself.
    pub(super) stop: Option<&'a Stop>,
}

/// The meaning of a send error.
pub(super) enum SendErrors {
    /// It counts as a lost packet, which the machine repairs.
    Loss,
    /// It ends the transfer, unless the route fails after the peer has answered: that is loss too.
    Fatal {
        /// Where the first packet went.
        asked: Option<SocketAddr>,
        /// The peer's transfer id; if it is known, a route to it exists.
        peer: Option<SocketAddr>,
    },
}

impl Wire<'_, '_> {
    /// Whether this error ends the transfer.
    pub(super) fn is_fatal(&self, error: &io::Error) -> bool {
        use io::ErrorKind::{HostUnreachable, NetworkDown, NetworkUnreachable};
        let passing = matches!(error.kind(), HostUnreachable | NetworkUnreachable | NetworkDown);
        matches!(self.errors, SendErrors::Fatal { peer, .. } if !(passing && peer.is_some()))
    }

    /// Whether the first packet went to this address.
    pub(super) fn has_asked(&self, address: SocketAddr) -> bool {
        matches!(self.errors, SendErrors::Fatal { asked, .. } if asked == Some(address))
    }

    /// Returns the peer's transfer id, unless it is the address that was asked: a server that answers from there has the
    /// same for all transfers.
    pub(super) fn own_tid(&self) -> Option<SocketAddr> {
        let SendErrors::Fatal { asked, peer } = &self.errors else { return None };
        peer.filter(|peer| Some(*peer) != *asked)
    }

    /// Reports a datagram of an earlier transfer, and sends the answer to it.
    pub(super) fn late(&mut self, from: SocketAddr, datagram: &[u8], answer: Option<Vec<u8>>) {
        self.reporter.notify(RecordKind::Earlier(from));
        self.reporter.packet(Direction::Received, from, datagram, false);
        if let Some(answer) = answer {
            let lost = self.socket.transmit(from, &answer, answer.len()).is_err();
            self.reporter.packet(Direction::Sent, from, &answer, lost);
        }
    }

    /// Gives received datagrams of one stride to the injector; [`take`](Self::take) returns them.
    pub(super) fn inject(&mut self, from: SocketAddr, bytes: &[u8], stride: usize) {
        if let Some(injector) = &mut self.injector {
            injector.receive(from, bytes, stride, &mut self.reporter);
        }
    }

    /// Returns the next packet of the injector that has arrived by now.
    pub(super) fn take(&mut self) -> Option<InFlight> {
        self.injector.as_mut()?.take(&mut self.reporter)
    }

    /// Sends a packet of [`take`](Self::take).
    pub(super) fn post(&mut self, packet: &InFlight) -> io::Result<()> {
        self.injector.as_mut().map_or(Ok(()), |injector| injector.post(self.socket, packet))
    }
}

impl Io for Wire<'_, '_> {
    fn now(&mut self) -> Instant {
        Instant::now()
    }

    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        if let SendErrors::Fatal { asked: asked @ None, .. } = &mut self.errors {
            *asked = Some(to);
            if self.reporter.observers.is_observed() {
                self.reporter.local = self.socket.address_towards(to);
            }
        }
        if let Some(injector) = &mut self.injector {
            injector.send(to, datagrams, stride, &mut self.reporter);
            return Ok(());
        }
        let at = Instant::now();
        let sent = self.socket.transmit(to, datagrams, stride);
        let Reporter { observers, transfer, local } = &mut self.reporter;
        if observers.is_observed() {
            for datagram in datagrams.chunks(stride.max(1)) {
                let packet = Crossing::new(Direction::Sent, to, datagram).lost(sent.is_err());
                let kind = RecordKind::Packet(packet);
                observers.notify(&Record { at, transfer: *transfer, local: *local, kind });
            }
        }
        sent.or_else(|error| if self.is_fatal(&error) { Err(error) } else { Ok(()) })
    }

    fn stop(&mut self) -> Option<Abort> {
        self.stop.is_some_and(Stop::is_requested).then_some(Abort::Interrupted)
    }

    fn received(&mut self, from: SocketAddr, datagram: &[u8]) {
        // The injector reports the packets that it lets through.
        if self.injector.is_none() {
            self.reporter.packet(Direction::Received, from, datagram, false);
        }
    }

    fn event(&mut self, event: &Event) {
        if let (SendErrors::Fatal { peer, .. }, Event::Locked(tid)) = (&mut self.errors, event) {
            *peer = Some(*tid);
        }
        self.reporter.notify(RecordKind::Machine(event));
    }
}
