use std::io::Write;
use std::time::{Duration, Instant};

use super::clock::Clock;
use super::entry::Entry;
use super::json;
use crate::backlog::Backlog;

/// Bytes that are worth a write of their own; with one more line they are no more than a pipe takes with one.
const ENOUGH: usize = 3_500;
/// The shortest time between two smaller writes: a busy server needs few of them.
const PAUSE: Duration = Duration::from_millis(20);

/// The lines of a log, in one form, each with its time.
pub(super) struct Lines<W> {
    backlog: Backlog<W>,
    clock: Clock,
    form: Form,
    /// When the writer was called last.
    at: Option<Instant>,
    /// It took less than all.
    is_stuck: bool,
}

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(out: W, form: Form, clock: Clock) -> Self {
        Self { backlog: Backlog::new(out), clock, form, at: None, is_stuck: false }
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    pub(super) fn add(&mut self, entry: &Entry<'_>) {
        let Self { backlog, clock, .. } = self;
        match (self.form, entry) {
            (Form::Text, Entry::Status(status)) => {
                status.lines().for_each(|line| backlog.push(format!("{} {line}\n", clock.text()).as_bytes()));
            }
            (Form::Text, _) => backlog.push(format!("{} {entry}\n", clock.text()).as_bytes()),
            (Form::Json, _) => {
                // Values that are numbers and texts always have a form.
                let object = json::object(clock.rfc3339(), entry).unwrap_or_default();
                backlog.push(format!("{object}\n").as_bytes());
            }
        }
    }

    #[cfg(test)]
    pub(super) fn out(&mut self) -> &mut W {
        self.backlog.out()
    }

    /// Writes what waits, if it is much or the last write was some time ago.
    pub(super) fn rest(&mut self, at: Instant) {
        let is_early = self.at.is_some_and(|before| at.saturating_duration_since(before) < PAUSE);
        let is_little = self.is_stuck || self.backlog.len() < ENOUGH;
        if self.backlog.len() == 0 && self.backlog.lost() == 0 || is_early && is_little {
            return;
        }
        self.at = Some(at);
        self.write();
    }

    /// Writes what waits, for the last time.
    pub(super) fn finish(&mut self) {
        self.write();
        self.write();
    }

    /// Writes what finds space. The count of lost lines is the next line.
    fn write(&mut self) {
        // No error ends a log: the writer reports it, and the next write may succeed.
        let lines = self.backlog.write().unwrap_or_default();
        self.is_stuck = self.backlog.len() > 0;
        if lines > 0 {
            self.add(&Entry::Lost { lines });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_busy_time_are_one_write() {
        struct Counter(usize, Vec<u8>);
        impl Write for Counter {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0 += 1;
                self.1.write(bytes)
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let (start, clock) = (Instant::now(), Clock::system());
        let mut lines = Lines::new(Counter(0, Vec::new()), Form::Text, clock);
        for turn in 0..2_000 {
            lines.add(&Entry::Lost { lines: 1 });
            // One line each tenth of a millisecond.
            lines.rest(start + Duration::from_micros(turn * 100));
        }
        lines.finish();
        let Counter(writes, text) = lines.out();
        assert_eq!(text.iter().filter(|it| **it == b'\n').count(), 2_000);
        assert!((10..=30).contains(writes), "{writes} writes");
    }
}
