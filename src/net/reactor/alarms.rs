use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use super::notice::Key;

/// The times at which to wake transfers, the earliest first.
///
/// Each waiting transfer has an alarm no later than its deadline. One that it no longer needs is ignored when it
/// rings.
#[derive(Default)]
pub(super) struct Alarms(BinaryHeap<Reverse<(Instant, Key)>>);

impl Alarms {
    pub(super) fn set(&mut self, time: Instant, key: Key) {
        self.0.push(Reverse((time, key)));
    }

    pub(super) fn next(&self) -> Option<Instant> {
        self.0.peek().map(|Reverse((time, _))| *time)
    }

    /// Removes the next one, if its time has come.
    pub(super) fn take(&mut self, now: Instant) -> Option<(Instant, Key)> {
        self.next().filter(|time| *time <= now)?;
        self.0.pop().map(|Reverse(alarm)| alarm)
    }
}
