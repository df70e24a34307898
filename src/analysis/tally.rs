use std::time::Duration;

use super::{AnnotatedPacket, Flag};
use crate::transfer::{Failure, Ignored, Report, RttStats};
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
///
/// Each packet that crosses the socket counts once: before the end, or as a late one. What it is to the machine counts when
/// the machine has it.
#[derive(Debug, Default)]
pub(super) struct Tally {
    packets: PacketCounts,
    /// Packets that came too late, even if the end has not come.
    late: PacketCounts,
    has_ended: bool,
    rtt: RttStats,
    /// The digest of the local file, after it is known.
    pub(super) sha256: Option<String>,
}

impl Tally {
    /// Counts a packet that crossed the socket.
    pub(super) fn count(&mut self, packet: &AnnotatedPacket<'_>) {
        let counts = self.counts(packet);
        match packet.direction {
            Direction::Sent => counts.sent += 1,
            Direction::Received => counts.received += 1,
        }
        counts.lost += u64::from(packet.flags.contains(Flag::Lost));
        counts.faults += u64::from(!packet.faults.is_empty());
        self.count_judgement(packet);
    }

    /// Counts what a packet is to the machine.
    pub(super) fn count_judgement(&mut self, packet: &AnnotatedPacket<'_>) {
        let counts = self.counts(packet);
        counts.resent += u64::from(packet.flags.contains(Flag::Rexmt));
        counts.duplicates += u64::from(packet.ignored == Some(Ignored::Duplicate));
        counts.strangers += u64::from(packet.ignored == Some(Ignored::Stranger));
        if let Some(rtt) = packet.rtt {
            self.rtt.count(rtt);
        }
    }

    /// Whether a round trip can be that long.
    pub(super) fn allows(&self, rtt: Duration) -> bool {
        self.rtt.allows(rtt)
    }

    /// Returns the late packets.
    pub(super) fn late(&self) -> PacketCounts {
        self.late
    }

    /// The transfer is over: what follows is late.
    pub(super) fn end(&mut self) {
        self.has_ended = true;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    fn counts(&mut self, packet: &AnnotatedPacket<'_>) -> &mut PacketCounts {
        if packet.flags.contains(Flag::AfterEnd) { &mut self.late } else { &mut self.packets }
    }

    /// Sums up the transfer; `elapsed`, `bytes` and `blocks` count where there is no report.
    ///
    /// What the report counts is true: a packet that a rule holds until after the end has no record yet.
    pub(super) fn summary(
        &self,
        result: Result<&Report, &Failure>,
        elapsed: Duration,
        (bytes, blocks): (u64, u64),
    ) -> Summary {
        let (rtt, sha256) = (self.rtt.value(), self.sha256.clone());
        let mut packets = self.packets;
        let (outcome, elapsed, bytes, blocks) = match result {
            Ok(Report { stats, elapsed, .. }) => {
                (packets.resent, packets.duplicates, packets.strangers) =
                    (stats.resent, stats.duplicates, stats.strangers);
                (Outcome::Complete, *elapsed, stats.bytes, stats.blocks)
            }
            Err(failure) => (Outcome::Failed(failure.to_string()), elapsed, bytes, blocks),
        };
        Summary { outcome, bytes, blocks, elapsed, packets, rtt, sha256 }
    }
}
