use std::net::SocketAddr;

/// The address of the peer, and after the first valid answer its transfer id (RFC 1350 section 4).
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer {
    asked: SocketAddr,
    /// `None` until it is known.
    pub(super) tid: Option<SocketAddr>,
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

    /// Whether a datagram from there belongs to the transfer. While no transfer id is known, any port of the asked
    /// address may choose it.
    pub(super) fn admits(&self, from: SocketAddr) -> bool {
        match self.tid {
            Some(tid) => same(tid, from),
            None => self.asked.ip() == from.ip(),
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
