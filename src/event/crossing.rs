use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::fault::{Fate, InFlight};
use crate::wire::Direction;

/// A datagram that crossed the socket of this side, with what fault rules did to it.
///
/// A packet passes a machine, fault rules and a socket. A rule may change it in between, so it has two forms: the bytes
/// [at the socket](Self::wire), which a capture on the network has too, and those [at the machine](Self::seen).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crossing<'a> {
    /// The direction.
    pub direction: Direction,
    /// The other side.
    pub peer: SocketAddr,
    /// The whole datagram before any fault rule, unchecked: what the machine sent, or what came from the network.
    pub datagram: &'a [u8],
    /// What happened to it.
    pub fate: Fate<'a>,
}

/// A packet that a fault rule held reaches the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery<'a> {
    /// Its number in [`Held::Waits`](crate::fault::Held::Waits).
    pub number: u64,
    /// How long it was held.
    pub after: Duration,
    /// The other side.
    pub peer: SocketAddr,
    /// The bytes that the machine gets.
    pub datagram: &'a [u8],
}

impl<'a> Crossing<'a> {
    /// A packet that no rule touches.
    pub fn new(direction: Direction, peer: SocketAddr, datagram: &'a [u8]) -> Self {
        Self { direction, peer, datagram, fate: Fate::default() }
    }

    /// Sets whether it was lost.
    pub fn lost(mut self, lost: bool) -> Self {
        self.fate.lost = lost;
        self
    }

    /// Returns the bytes at the socket.
    pub fn wire(&self) -> &'a [u8] {
        match self.direction {
            Direction::Sent => self.fate.altered.unwrap_or(self.datagram),
            Direction::Received => self.datagram,
        }
    }

    /// Returns the bytes at the machine.
    pub fn seen(&self) -> &'a [u8] {
        match self.direction {
            Direction::Sent => self.datagram,
            Direction::Received => self.fate.altered.unwrap_or(self.datagram),
        }
    }
}

impl<'a> From<&'a InFlight> for Crossing<'a> {
    fn from(packet: &'a InFlight) -> Self {
        let InFlight { direction, peer, datagram, .. } = packet;
        Self { direction: *direction, peer: *peer, datagram, fate: packet.fate() }
    }
}

impl<'a> Delivery<'a> {
    /// The delivery of a packet that reaches the machine; `None` if no rule held it.
    pub fn of(packet: &'a InFlight, now: Instant) -> Option<Self> {
        let (number, after) = packet.waited(now)?;
        Some(Self { number, after, peer: packet.peer, datagram: packet.bytes() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_that_a_rule_cut_is_whole_on_its_way_to_the_rule() {
        let peer = "127.0.0.1:69".parse().unwrap();
        for (direction, wire, seen) in
            [(Direction::Sent, &b"cut"[..], &b"cut off"[..]), (Direction::Received, b"cut off", b"cut")]
        {
            let mut packet = Crossing::new(direction, peer, b"cut off");
            assert_eq!((packet.wire(), packet.seen()), (packet.datagram, packet.datagram));
            packet.fate.altered = Some(b"cut");
            assert_eq!((packet.wire(), packet.seen()), (wire, seen), "{direction:?}");
        }
    }
}
