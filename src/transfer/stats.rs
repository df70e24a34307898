use std::net::SocketAddr;
use std::time::Duration;

use crate::wire::Terms;

/// What a transfer cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes of the file as they crossed the wire (netascii grows), acknowledged or delivered.
    pub bytes: u64,
    /// Blocks acknowledged or delivered.
    pub blocks: u64,
    /// Packets this side sent again.
    pub resent: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Datagrams from other transfer ids.
    pub strangers: u64,
    /// Round trips measured.
    pub rtt: Rtt,
    /// What a receiver lost by blocks that only the sender's own timer brought again.
    pub waits: Waits,
}

/// Round trips of packets sent once (Karn's rule).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rtt {
    /// Shortest.
    pub least: Option<Duration>,
    /// Smoothed (RFC 6298 section 2).
    pub smoothed: Option<Duration>,
    /// The middle one, within a sixteenth.
    pub median: Option<Duration>,
    /// Longest.
    pub most: Option<Duration>,
}

/// Waits of a receiver whose repeated ACKs brought nothing, until the sender sent its block again by itself. A sender
/// that is slow once looks the same from here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    /// How many.
    pub count: u32,
    /// How long they took together.
    pub total: Duration,
}

/// A finished transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Its costs.
    pub stats: Stats,
    /// What was in force: the agreed options, or RFC 1350's values.
    pub terms: Terms,
    /// Whether options were agreed at all: an OACK was accepted, or sent.
    pub negotiated: bool,
    /// From the first request to the file being safe.
    pub elapsed: Duration,
    /// Where the file came from or went to.
    pub peer: SocketAddr,
}
