use std::time::Duration;

use super::{AnnotatedPacket, Flag};
use crate::transfer::{Failure, Report, RttStats};
use crate::wire::Direction;

/// How a transfer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The file is complete.
    Complete,
    /// The transfer failed, for this reason, which is safe to print.
    Failed(String),
}

/// The result of a transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Whether the transfer succeeded.
    pub outcome: Outcome,
    /// Bytes of the file delivered or acknowledged.
    pub bytes: u64,
    /// Blocks delivered or acknowledged.
    pub blocks: u64,
    /// Time from the request to the end.
    pub elapsed: Duration,
    /// Packets by category.
    pub packets: PacketCounts,
    /// Shortest, median (within a sixteenth) and longest round trip.
    pub rtt: Option<[Duration; 3]>,
    /// SHA-256 of the local file in hexadecimal digits, if it was computed.
    pub sha256: Option<String>,
}

/// Counts of the packets of one transfer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PacketCounts {
    /// Packets sent, with lost ones and those to strangers.
    pub sent: u64,
    /// Packets received, with lost ones and those of strangers.
    pub received: u64,
    /// Packets sent again.
    pub resent: u64,
    /// Packets received again.
    pub duplicates: u64,
    /// Packets from other ports.
    pub strangers: u64,
    /// Packets that fault rules hit.
    pub faults: u64,
    /// Packets that never arrived.
    pub lost: u64,
}

impl Summary {
    /// Returns the bytes of the file per second, or none if no time passed.
    pub fn rate(&self) -> Option<f64> {
        let seconds = self.elapsed.as_secs_f64();
        (seconds > 0.0).then(|| self.bytes as f64 / seconds)
    }
}

/// Counts the packets of one transfer.
#[derive(Debug, Default)]
pub(super) struct Tally {
    packets: PacketCounts,
    /// Packets since the end, once it has come.
    late: Option<PacketCounts>,
    rtt: RttStats,
    /// The digest of the local file, after it is known.
    pub(super) sha256: Option<String>,
}

impl Tally {
    /// Counts a packet that crossed the socket.
    pub(super) fn count(&mut self, packet: &AnnotatedPacket<'_>) {
        let counts = self.counts();
        match packet.direction {
            Direction::Sent => counts.sent += 1,
            Direction::Received => counts.received += 1,
        }
        let has = |flag| u64::from(packet.flags.contains(flag));
        counts.lost += has(Flag::Lost);
        counts.faults += u64::from(!packet.faults.is_empty());
        self.count_delivered(packet);
    }

    /// Counts what a packet that was held turns out to be when it reaches the machine.
    pub(super) fn count_delivered(&mut self, packet: &AnnotatedPacket<'_>) {
        let counts = self.counts();
        let has = |flag| u64::from(packet.flags.contains(flag));
        counts.resent += has(Flag::Rexmt);
        counts.duplicates += has(Flag::Dup);
        counts.strangers += has(Flag::WrongTid);
        if let Some(rtt) = packet.rtt {
            self.rtt.count(rtt);
        }
    }

    /// Returns the packets since the end.
    pub(super) fn late(&self) -> PacketCounts {
        self.late.unwrap_or_default()
    }

    /// The transfer is over: what follows is late.
    pub(super) fn end(&mut self) {
        self.late.get_or_insert_default();
    }

    fn counts(&mut self) -> &mut PacketCounts {
        self.late.as_mut().unwrap_or(&mut self.packets)
    }

    /// Sums up the transfer; `bytes` and `blocks` count where there is no report.
    pub(super) fn summary(
        &self,
        result: Result<&Report, &Failure>,
        elapsed: Duration,
        (bytes, blocks): (u64, u64),
    ) -> Summary {
        let (outcome, bytes, blocks) = match result {
            Ok(report) => (Outcome::Complete, report.stats.bytes, report.stats.blocks),
            Err(failure) => (Outcome::Failed(failure.to_string()), bytes, blocks),
        };
        let (packets, rtt, sha256) = (self.packets, self.rtt.value(), self.sha256.clone());
        Summary { outcome, bytes, blocks, elapsed, packets, rtt, sha256 }
    }
}
