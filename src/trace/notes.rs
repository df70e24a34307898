use std::io::Write;

use super::FailSoftWriter;
use crate::event::{Observer, Record, RecordKind};
use crate::transfer::Event;

/// The observer that reports what few views of packets show: that a request was changed.
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
        let note = match record.kind {
            RecordKind::Machine(Event::Again { attempt, failure }) => format!("{failure}: asking again {attempt}"),
            RecordKind::Machine(Event::WindowReduced { wanted, asked }) => {
                format!("the buffers do not hold a window of {wanted} blocks: asking for {asked}")
            }
            _ => return,
        };
        self.writer.write(&format!("{}{note}\n", self.prefix));
        self.writer.flush();
    }
}
