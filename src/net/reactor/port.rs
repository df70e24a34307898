use std::io;
use std::net::SocketAddr;

use super::listeners::{Flow, Listeners};
use crate::net::listener::Listener;
use crate::net::outlet::Outlet;
use crate::net::socket::Socket;
use crate::net::udp::Departure;
use crate::wire::{BlockSize, WindowSize};

/// The port of a transfer of the server.
pub(crate) enum Port {
    /// One of its own, which is its transfer id (RFC 1350 section 4).
    Own(Socket),
    /// The one that received its request. The peer and the address that it asked tell the transfers there apart.
    Shared(Shared),
}

/// The part of one transfer in a port that others share.
pub(crate) struct Shared {
    pub(super) flow: Flow,
    /// This side's address, with the port.
    pub(super) local: SocketAddr,
    pub(super) departure: Departure,
}

/// A port with its socket.
pub(crate) enum Opened<'a> {
    Own(&'a mut Socket),
    Shared(&'a mut Shared, Option<&'a mut Listener>),
}

impl Port {
    /// Returns the address; its port is this side's transfer id.
    pub(crate) fn local(&self) -> SocketAddr {
        match self {
            Self::Own(socket) => socket.local(),
            Self::Shared(shared) => shared.local,
        }
    }

    /// Whether a report about a datagram of this transfer waits until everything that has arrived is read.
    pub(super) fn has_reports(&self) -> bool {
        matches!(self, Self::Own(socket) if socket.has_reports())
    }

    pub(super) fn open<'a>(&'a mut self, listeners: &'a mut Listeners) -> Opened<'a> {
        match self {
            Self::Own(socket) => Opened::Own(socket),
            Self::Shared(shared) => {
                let listener = listeners.get_mut(shared.flow.listener);
                Opened::Shared(shared, listener)
            }
        }
    }
}

impl Opened<'_> {
    /// Enlarges the send buffer for a window. A shared port has large buffers from the start.
    pub(crate) fn reserve_send(&self, blksize: BlockSize, windowsize: WindowSize) {
        if let Self::Own(socket) = self {
            socket.reserve_send(blksize, windowsize);
        }
    }

    /// Enlarges the receive buffer for a window, and returns how many of its blocks fit.
    pub(crate) fn reserve_receive(&mut self, blksize: BlockSize, windowsize: WindowSize) -> WindowSize {
        match self {
            Self::Own(socket) => socket.reserve_receive(blksize, windowsize),
            Self::Shared(_, listener) => {
                listener.as_mut().map_or(WindowSize::LEAST, |listener| listener.reserve_receive(blksize, windowsize))
            }
        }
    }
}

impl Outlet for Opened<'_> {
    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        match self {
            Self::Own(socket) => socket.transmit(to, datagrams, stride),
            Self::Shared(shared, Some(listener)) => listener.transmit(to, &mut shared.departure, datagrams, stride),
            Self::Shared(_, None) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn address_towards(&mut self, peer: SocketAddr) -> SocketAddr {
        match self {
            Self::Own(socket) => socket.address_towards(peer),
            Self::Shared(shared, _) => shared.local,
        }
    }
}
