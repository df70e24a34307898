use std::io::Write;

use super::FailSoftWriter;
use crate::event::{Observer, Record, RecordKind};
use crate::transfer::Event;

/// The observer that reports what no view of packets shows: that the request was repeated without options.
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
        if let RecordKind::Machine(Event::Fallback(why)) = record.kind {
            self.writer.write(&format!("{}{why}: asking again without options\n", self.prefix));
            self.writer.flush();
        }
    }
}
