use std::io::Write;

use super::Line;
use crate::event::{Observer, Record, RecordKind};
use crate::transfer::Event;

/// Tells what a user should know of a running transfer and no view of packets says: that it was asked for once more,
/// without options.
pub struct Notes<W> {
    line: Line<W>,
    prefix: String,
}

impl<W: Write> Notes<W> {
    /// Notes to `writer`, each line behind `prefix`.
    pub fn new(writer: W, prefix: impl Into<String>) -> Self {
        Self { line: Line::new(writer), prefix: prefix.into() }
    }
}

impl<W: Write> Observer for Notes<W> {
    fn observe(&mut self, record: &Record<'_>) {
        if let RecordKind::Machine(Event::Fallback(why)) = record.kind {
            self.line.write(&format!("{}{why}: asking once more, without options\n", self.prefix));
            self.line.flush();
        }
    }
}
