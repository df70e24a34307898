use std::time::{Duration, Instant};

use crate::server::allowance::Allowance;

/// The most lines at a time about requests that may be forged: a rack that asks for files which do not exist.
const BURST: u32 = 200;
/// The lines a second after that.
const PER_SECOND: u32 = 10;
/// How long requests without lines are gathered for one count.
const PAUSE: Duration = Duration::from_secs(1);

/// The limit of lines about requests whose sender proved nothing: each costs them one datagram, whose address may be
/// forged.
///
/// A line takes a place, and places come back with time. The line about a client that then proves itself gives its
/// place back. So real clients never use places up.
#[derive(Debug)]
pub(super) struct Flood {
    places: Allowance,
    unlisted: Unlisted,
    /// When the first of them came.
    since: Option<Instant>,
}

/// The requests that have no lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Unlisted {
    /// They were refused.
    pub(super) refused: u64,
    /// The client did not answer.
    pub(super) unanswered: u64,
}

impl Default for Flood {
    fn default() -> Self {
        Self { places: Allowance::new(BURST, PER_SECOND), unlisted: Unlisted::default(), since: None }
    }
}

impl Flood {
    /// Takes the place for a line; returns whether there is one.
    pub(super) fn take(&mut self, at: Instant) -> bool {
        self.places.take(at)
    }

    /// Gives a place back.
    pub(super) fn give_back(&mut self) {
        self.places.give_back();
    }

    /// Counts a refused request that has no line.
    pub(super) fn refused(&mut self, at: Instant) {
        self.since.get_or_insert(at);
        self.unlisted.refused += 1;
    }

    /// Counts a request without a line, whose client did not answer.
    pub(super) fn unanswered(&mut self, at: Instant) {
        self.since.get_or_insert(at);
        self.unlisted.unanswered += 1;
    }

    /// Returns the counts since the last time, a second after there was something to count.
    pub(super) fn count(&mut self, at: Instant) -> Option<Unlisted> {
        self.since.filter(|since| at.saturating_duration_since(*since) >= PAUSE)?;
        self.count_now()
    }

    /// Returns the counts since the last time, if there is something to count.
    pub(super) fn count_now(&mut self) -> Option<Unlisted> {
        self.since.take()?;
        Some(std::mem::take(&mut self.unlisted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_has_a_burst_of_lines_then_a_few_each_second() {
        let (mut flood, start) = (Flood::default(), Instant::now());
        // 300 requests a second, for ten seconds.
        let lines = (0..3_000).filter(|it| flood.take(start + Duration::from_micros(it * 3_333))).count();
        assert!((290..=300).contains(&lines), "{lines}");
        let later = start + Duration::from_secs(60);
        assert_eq!((0..1_000).filter(|_| flood.take(later)).count(), 200, "it has ended long ago");
    }

    #[test]
    fn clients_that_prove_themselves_use_no_places_up() {
        let (mut flood, now) = (Flood::default(), Instant::now());
        for _ in 0..10_000 {
            assert!(flood.take(now));
            flood.give_back();
        }
        (0..10).for_each(|_| flood.give_back());
        assert_eq!((0..1_000).filter(|_| flood.take(now)).count(), 200, "and add none");
    }

    #[test]
    fn what_has_no_line_is_counted_at_most_once_a_second() {
        let (mut flood, start) = (Flood::default(), Instant::now());
        assert_eq!(flood.count(start), None);
        (0..1_204).for_each(|_| flood.refused(start));
        flood.unanswered(start + PAUSE / 2);
        assert_eq!(flood.count(start + PAUSE / 2), None);
        assert_eq!(flood.count(start + PAUSE), Some(Unlisted { refused: 1_204, unanswered: 1 }));
        assert_eq!(flood.count(start + 2 * PAUSE), None);
        flood.refused(start + 3 * PAUSE);
        assert_eq!(flood.count_now(), Some(Unlisted { refused: 1, unanswered: 0 }), "the log ends");
    }
}
