//! The transfers of a client that ended a moment ago: their late packets reach a new transfer that has the same port.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::dally::Portless;

/// How long the packets of a transfer may come late: longer than the 5 s after which the slowest common peers send
/// again.
const MEMORY: Duration = Duration::from_secs(6);

/// The most transfers that are remembered.
const MOST: usize = 64;

/// What is known of the transfers that ended a moment ago.
#[derive(Default)]
pub(crate) struct Earlier {
    ended: VecDeque<Ended>,
    /// The last get, if a new transfer may have its port.
    last_get: Option<Portless>,
}

/// A transfer that ended.
struct Ended {
    /// Our transfer id.
    port: u16,
    /// The peer's.
    peer: SocketAddr,
    until: Instant,
}

impl Earlier {
    /// Notes the end of a transfer with `peer`, which asked from the port of `local`.
    pub(super) fn note(&mut self, local: SocketAddr, peer: SocketAddr) {
        if self.ended.len() == MOST {
            self.ended.pop_front();
        }
        self.ended.push_back(Ended { port: local.port(), peer, until: Instant::now() + MEMORY });
    }

    /// Keeps the last get, whose port a new transfer may get.
    pub(crate) fn keep(&mut self, last_get: Portless) {
        self.last_get = Some(last_get);
    }

    /// Whether a packet from there that arrives at the port of `local` belongs to an earlier transfer.
    pub(super) fn owns(&self, local: SocketAddr, from: SocketAddr) -> bool {
        let of_peer = |ended: &&Ended| ended.port == local.port() && is_same(ended.peer, from);
        // Few transfers have the port of an earlier one, so usually this looks at no clock.
        self.ended.iter().filter(of_peer).any(|ended| Instant::now() < ended.until)
    }

    /// Returns the answer to a packet of an earlier transfer: the last ACK of a get, if it is asked for again.
    pub(super) fn answer(&mut self, from: SocketAddr, datagram: &[u8]) -> Option<Vec<u8>> {
        self.last_get.as_mut().filter(|get| is_same(get.peer, from))?.answer(from, datagram)
    }
}

/// Compares transfer ids: an IPv6 flow label or scope is not part of one.
fn is_same(one: SocketAddr, other: SocketAddr) -> bool {
    (one.ip(), one.port()) == (other.ip(), other.port())
}
