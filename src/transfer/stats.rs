use std::net::SocketAddr;
use std::time::Duration;

use crate::wire::Terms;

/// The costs of a transfer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// Bytes of the file in wire format, acknowledged or delivered.
    pub bytes: u64,
    /// Blocks acknowledged or delivered.
    pub blocks: u64,
    /// Packets this side sent again.
    pub resent: u64,
    /// Duplicate packets received.
    pub duplicates: u64,
    /// Datagrams from other transfer ids.
    pub strangers: u64,
    /// Measured round trips.
    pub rtt: Rtt,
    /// Time that a receiver lost until the sender's timer sent a block again.
    pub waits: Waits,
}

impl Stats {
    /// Adds the packets that an earlier attempt of the same transfer sent again, and those that it ignored.
    pub(crate) fn add_packets(&mut self, earlier: &Self) {
        self.resent += earlier.resent;
        self.duplicates += earlier.duplicates;
        self.strangers += earlier.strangers;
    }
}

/// Round trips of packets sent once (Karn's rule).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rtt {
    /// Shortest.
    pub least: Option<Duration>,
    /// Smoothed (RFC 6298 section 2).
    pub smoothed: Option<Duration>,
    /// Median, within a sixteenth.
    pub median: Option<Duration>,
    /// Longest.
    pub most: Option<Duration>,
}

/// Waits of a receiver, whose repeated ACKs had no effect, until the timer of the sender sent the block again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    /// How many.
    pub count: u32,
    /// Their total time.
    pub total: Duration,
}

/// The report of a finished transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Its costs.
    pub stats: Stats,
    /// The terms in force: the agreed options, or RFC 1350's values.
    pub terms: Terms,
    /// Whether options were agreed: an OACK was accepted, or sent.
    pub negotiated: bool,
    /// Time from the first request until the file was safe.
    pub elapsed: Duration,
    /// Where the file came from or went to.
    pub peer: SocketAddr,
}
