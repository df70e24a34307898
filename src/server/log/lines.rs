use std::io::Write;
use std::time::Instant;

use super::backlog::Backlog;
use super::clock::Clock;
use super::entry::Entry;
use super::json;

/// The lines of a log, in one form, each with its time.
pub(super) struct Lines<W> {
    backlog: Backlog<W>,
    clock: Clock,
    form: Form,
}

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Text,
    Json,
}

impl<W: Write> Lines<W> {
    pub(super) fn new(out: W, form: Form, clock: Clock) -> Self {
        Self { backlog: Backlog::new(out), clock, form }
    }

    pub(super) fn form(&self) -> Form {
        self.form
    }

    pub(super) fn add(&mut self, entry: &Entry<'_>) {
        match (self.form, entry) {
            (Form::Text, Entry::Status(status)) => {
                let Self { backlog, clock, .. } = self;
                status.lines().for_each(|line| backlog.push(&format!("{} {line}", clock.text())));
            }
            (Form::Text, _) => self.backlog.push(&format!("{} {entry}", self.clock.text())),
            // Values that are numbers and texts always have a form.
            (Form::Json, _) => self.backlog.push(&json::object(self.clock.rfc3339(), entry).unwrap_or_default()),
        }
    }

    #[cfg(test)]
    pub(super) fn out(&mut self) -> &mut W {
        self.backlog.out()
    }

    /// Writes what waits, if it is worth a write now.
    pub(super) fn rest(&mut self, at: Instant) {
        if let Some(lines) = self.backlog.rest(at) {
            self.add(&Entry::Lost { lines });
        }
    }

    /// Writes what waits, for the last time.
    pub(super) fn finish(&mut self) {
        if let Some(lines) = self.backlog.write() {
            self.add(&Entry::Lost { lines });
            self.backlog.write();
        }
    }
}
