use std::io::Write;

use super::FailSoftWriter;
use crate::event::{Observer, Record, RecordKind};
use crate::transfer::Event;

/// The observer that reports what no view of packets shows: that a request asked for too much and another follows.
pub struct Notes<W> {
    writer: FailSoftWriter<W>,
    prefix: String,
}

impl<W: Write> Notes<W> {
    /// Creates an observer that writes to `writer`, with `prefix` before each line.
    pub fn new(writer: W, prefix: impl Into<String>) -> Self {
        Self { writer: FailSoftWriter::new(writer), prefix: prefix.into() }
    }
}

impl<W: Write> Observer for Notes<W> {
    fn observe(&mut self, record: &Record<'_>) {
        if let RecordKind::Machine(Event::Again { attempt, failure }) = record.kind {
            self.writer.write(&format!("{}{failure}: asking again {attempt}\n", self.prefix));
            self.writer.flush();
        }
    }
}
