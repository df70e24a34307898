use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::notice::Key;

/// The moments at which transfers want to be woken, the next one first.
///
/// At least one for each waiting transfer, no later than its deadline. Entries are never searched for: what a transfer
/// has outlived or moved is found stale when its moment comes.
#[derive(Debug, Default)]
pub(super) struct Alarms(BinaryHeap<Reverse<(Instant, Key)>>);

impl Alarms {
    pub(super) fn set(&mut self, moment: Instant, key: Key) {
        self.0.push(Reverse((moment, key)));
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((moment, _))| *moment)
    }

    /// Takes out the next one, if its moment has come.
    pub(super) fn take(&mut self, now: Instant) -> Option<(Instant, Key)> {
        self.next().filter(|moment| *moment <= now)?;
        self.0.pop().map(|Reverse(alarm)| alarm)
    }
}
