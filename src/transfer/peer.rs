use std::net::SocketAddr;

/// The address of the peer, and after the first valid answer its transfer id (RFC 1350 section 4).
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    asked: SocketAddr,
    /// `None` until it is known.
    pub(super) tid: Option<SocketAddr>,
}

/// The origin of a datagram, seen from one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The peer of the transfer.
    Peer,
    /// Any port of the asked address, while no transfer id is known.
    FirstAnswer,
    /// Any other address.
    Stranger,
}

impl Peer {
    /// Makes the peer of a client: the server is yet to choose its port.
    pub(super) fn asked(server: SocketAddr) -> Self {
        Self { asked: server, tid: None }
    }

    /// Makes the peer of a server: the request came from the client's transfer id.
    pub(super) fn known(client: SocketAddr) -> Self {
        Self { asked: client, tid: Some(client) }
    }

    pub(super) fn origin(&self, from: SocketAddr) -> Origin {
        match self.tid {
            Some(tid) if same(tid, from) => Origin::Peer,
            None if self.asked.ip() == from.ip() => Origin::FirstAnswer,
            _ => Origin::Stranger,
        }
    }

    /// Returns where the next packet goes.
    pub(super) fn address(&self) -> SocketAddr {
        self.tid.unwrap_or(self.asked)
    }

    /// Whether `address` is where the next packet goes.
    pub(super) fn is_at(&self, address: SocketAddr) -> bool {
        same(self.address(), address)
    }
}

/// Compares transfer ids: an IPv6 flow label or scope is not part of one.
fn same(one: SocketAddr, other: SocketAddr) -> bool {
    one.ip() == other.ip() && one.port() == other.port()
}
