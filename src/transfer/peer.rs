use std::net::SocketAddr;

/// The other side's address, and from the first valid answer on its transfer id (RFC 1350 section 4).
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    asked: SocketAddr,
    tid: Option<SocketAddr>,
}

/// Where a datagram came from, seen from one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// From the transfer's own peer.
    Peer,
    /// From the address asked, on whatever port, while no port is fixed yet.
    FirstAnswer,
    /// From anybody else.
    Stranger,
}

impl Peer {
    /// A requester's: the port is still to be chosen by the server.
    pub(super) fn asked(server: SocketAddr) -> Self {
        Self { asked: server, tid: None }
    }

    /// An answerer's: the request came from the client's transfer id.
    pub(super) fn known(client: SocketAddr) -> Self {
        Self { asked: client, tid: Some(client) }
    }

    pub(super) fn judge(&self, from: SocketAddr) -> Origin {
        match self.tid {
            Some(tid) if same(tid, from) => Origin::Peer,
            None if self.asked.ip() == from.ip() => Origin::FirstAnswer,
            _ => Origin::Stranger,
        }
    }

    pub(super) fn lock(&mut self, tid: SocketAddr) {
        self.tid = Some(tid);
    }

    pub(super) fn is_locked(&self) -> bool {
        self.tid.is_some()
    }

    /// Where the next packet goes.
    pub(super) fn address(&self) -> SocketAddr {
        self.tid.unwrap_or(self.asked)
    }

    /// Whether `address` is where the next packet goes.
    pub(super) fn is_at(&self, address: SocketAddr) -> bool {
        same(self.address(), address)
    }
}

/// An IPv6 flow label or scope is no part of a transfer id.
fn same(one: SocketAddr, other: SocketAddr) -> bool {
    one.ip() == other.ip() && one.port() == other.port()
}
