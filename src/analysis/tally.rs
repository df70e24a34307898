use std::time::Duration;

use super::{AnnotatedPacket, Flag};
use crate::transfer::{Failure, Report, RttStats};
use crate::wire::Direction;

/// How a transfer ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The file is safe.
    Complete,
    /// It is not, for this reason, made safe to print.
    Failed(String),
}

/// What a transfer came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Well or not.
    pub outcome: Outcome,
    /// Octets of the file delivered or acknowledged.
    pub bytes: u64,
    /// Blocks delivered or acknowledged.
    pub blocks: u64,
    /// From the request to the end.
    pub elapsed: Duration,
    /// Packets sent, lost ones and those to strangers too.
    pub sent: u64,
    /// Packets received, lost ones and those of strangers too.
    pub received: u64,
    /// Packets sent again.
    pub resent: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Packets from other ports.
    pub strangers: u64,
    /// Packets that rules meddled with.
    pub faults: u64,
    /// Packets that never arrived.
    pub lost: u64,
    /// Shortest, median (within a sixteenth) and longest round trip.
    pub rtt: Option<[Duration; 3]>,
    /// SHA-256 of the local file in hexadecimal digits, where it was computed.
    pub sha256: Option<String>,
}

impl Summary {
    /// Octets of the file in a second; none where no time passed.
    pub fn rate(&self) -> Option<f64> {
        let seconds = self.elapsed.as_secs_f64();
        (seconds > 0.0).then(|| self.bytes as f64 / seconds)
    }
}

/// Counts the packets of one transfer.
#[derive(Debug, Default)]
pub(super) struct Tally {
    sent: u64,
    received: u64,
    resent: u64,
    duplicates: u64,
    strangers: u64,
    faults: u64,
    lost: u64,
    rtt: RttStats,
    /// Of the local file, once it is known.
    pub(super) sha256: Option<String>,
}

impl Tally {
    pub(super) fn count(&mut self, packet: &AnnotatedPacket<'_>) {
        match packet.direction {
            Direction::Sent => self.sent += 1,
            Direction::Received => self.received += 1,
        }
        for (flag, counter) in [
            (Flag::Rexmt, &mut self.resent),
            (Flag::Dup, &mut self.duplicates),
            (Flag::WrongTid, &mut self.strangers),
            (Flag::Lost, &mut self.lost),
        ] {
            *counter += u64::from(packet.flags.contains(flag));
        }
        self.faults += u64::from(!packet.faults.is_empty());
        if let Some(rtt) = packet.rtt {
            self.rtt.count(rtt);
        }
    }

    /// `bytes` and `blocks` are what is known where no report tells it better.
    pub(super) fn summary(
        &self,
        result: Result<&Report, &Failure>,
        elapsed: Duration,
        bytes: u64,
        blocks: u64,
    ) -> Summary {
        let (outcome, bytes, blocks) = match result {
            Ok(report) => (Outcome::Complete, report.stats.bytes, report.stats.blocks),
            Err(failure) => (Outcome::Failed(failure.to_string()), bytes, blocks),
        };
        Summary {
            outcome,
            bytes,
            blocks,
            elapsed,
            sent: self.sent,
            received: self.received,
            resent: self.resent,
            duplicates: self.duplicates,
            strangers: self.strangers,
            faults: self.faults,
            lost: self.lost,
            rtt: self.rtt.value(),
            sha256: self.sha256.clone(),
        }
    }
}
