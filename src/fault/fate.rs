use std::time::Duration;

use super::Hit;

/// What fault rules and the network did to a packet: usually nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fate<'a> {
    /// A fault rule or the network dropped it: a sent one never left, a received one never reaches the machine.
    pub lost: bool,
    /// Who made it.
    pub origin: Origin,
    /// A rule delayed it, or let the next packet of its direction overtake it.
    pub held: Option<Held>,
    /// The bytes that rules made of it.
    pub altered: Option<&'a [u8]>,
    /// The rules that hit it. Those of a packet and its copies are in one record only: that of a stray packet has the
    /// rule that made it, the original has all others, and a copy has none.
    pub hits: &'a [Hit],
}

/// The maker of a packet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Origin {
    /// The machine of the side that sends it.
    #[default]
    Machine,
    /// A fault rule, which copied the latest packet with these bytes.
    Copy,
    /// A fault rule or a bug, which sends it from another port, right before the packet that it follows.
    Stray,
}

/// How long a fault rule held a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// A sent packet: it left this long after the machine sent it.
    Left(Duration),
    /// A received packet: it reaches the machine later, with the number of this wait, unless the transfer ends before.
    Waits(u64),
}
