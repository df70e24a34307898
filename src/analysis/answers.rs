use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::moment::Moment;

/// A packet that needs an answer, and how often it was sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trip {
    /// Its packet number the first time.
    pub(super) first: u64,
    /// Its packet number the last time.
    latest: u64,
    at: Instant,
    /// It was sent once and has no answer yet.
    fresh: bool,
    /// A fault rule dropped or held this packet, which would have been its answer. Another one came from a timer.
    doubt: Option<u64>,
}

impl Trip {
    pub(super) fn new(Moment { n, at }: Moment) -> Self {
        Self { first: n, latest: n, at, fresh: true, doubt: None }
    }

    /// Notes that it was sent again.
    pub(super) fn again(&mut self, Moment { n, at }: Moment) -> &Self {
        (self.latest, self.at, self.fresh) = (n, at, false);
        self
    }

    /// Notes that packet `n`, its answer, did not reach the machine, or not yet.
    pub(super) fn doubt(&mut self, n: u64) {
        self.doubt.get_or_insert(n);
    }

    /// Notes its answer; returns the packet number and, if no repetition makes it doubtful (Karn's rule), the round trip.
    pub(super) fn answer(&mut self, answer: Moment) -> (u64, Option<Duration>) {
        let is_first = std::mem::take(&mut self.fresh) && self.doubt.is_none_or(|n| n == answer.n);
        (self.latest, is_first.then(|| answer.at.saturating_duration_since(self.at)))
    }
}

/// Packets by their block of the file; old ones are forgotten, so it holds a window of them, not a file.
#[derive(Debug, Default)]
pub(super) struct Trips(BTreeMap<u64, Trip>);

impl Trips {
    /// Notes that the packet of this block was sent or received; returns the number of the first such packet. Forgets
    /// blocks that are `memory` older.
    pub(super) fn note(&mut self, block: u64, moment: Moment, memory: u64) -> Option<u64> {
        while self.0.first_entry().is_some_and(|oldest| *oldest.key() < block.saturating_sub(memory)) {
            self.0.pop_first();
        }
        let Some(trip) = self.0.get_mut(&block) else {
            self.0.insert(block, Trip::new(moment));
            return None;
        };
        Some(trip.again(moment).first)
    }

    pub(super) fn get_mut(&mut self, block: u64) -> Option<&mut Trip> {
        self.0.get_mut(&block)
    }
}
