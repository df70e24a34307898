use std::collections::BTreeMap;
use std::time::{Duration, Instant};

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
}

impl Trip {
    pub(super) fn new(n: u64, at: Instant) -> Self {
        Self { first: n, latest: n, at, fresh: true }
    }

    /// Notes that it was sent again.
    pub(super) fn again(&mut self, n: u64, at: Instant) -> &Self {
        (self.latest, self.at, self.fresh) = (n, at, false);
        self
    }

    /// Notes its answer; returns the packet number and, if no repetition makes it doubtful (Karn's rule), the round trip.
    pub(super) fn answer(&mut self, now: Instant) -> (u64, Option<Duration>) {
        let fresh = std::mem::take(&mut self.fresh);
        (self.latest, fresh.then(|| now.saturating_duration_since(self.at)))
    }
}

/// Packets by their block of the file; old ones are forgotten, so it holds a window of them, not a file.
#[derive(Debug, Default)]
pub(super) struct Trips(BTreeMap<u64, Trip>);

impl Trips {
    /// Notes that the packet of this block was sent or received; returns the number of the first such packet. Forgets
    /// blocks that are `memory` older.
    pub(super) fn note(&mut self, block: u64, n: u64, at: Instant, memory: u64) -> Option<u64> {
        while self.0.first_entry().is_some_and(|oldest| *oldest.key() < block.saturating_sub(memory)) {
            self.0.pop_first();
        }
        let Some(trip) = self.0.get_mut(&block) else {
            self.0.insert(block, Trip::new(n, at));
            return None;
        };
        Some(trip.again(n, at).first)
    }

    pub(super) fn get_mut(&mut self, block: u64) -> Option<&mut Trip> {
        self.0.get_mut(&block)
    }
}
