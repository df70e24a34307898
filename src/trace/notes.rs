use std::io::Write;

use super::{FailSoftWriter, fold};
use crate::event::{Observer, Record, RecordKind};
use crate::transfer::Event;

/// The observer that reports what few views of packets show: that a request was changed.
pub struct Notes<W> {
    writer: FailSoftWriter<W>,
    prefix: String,
    /// The width at which lines are folded.
    columns: Option<usize>,
}

impl<W: Write> Notes<W> {
    /// Creates an observer that writes to `writer`, with `prefix` before each line.
    pub fn new(writer: W, prefix: impl Into<String>) -> Self {
        Self { writer: FailSoftWriter::new(writer), prefix: prefix.into(), columns: None }
    }

    /// Folds long lines for a screen of this many columns.
    pub fn folded(self, columns: Option<usize>) -> Self {
        Self { columns, ..self }
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
        let line = fold(&format!("{}{note}", self.prefix), self.columns, 0);
        self.writer.write(&format!("{line}\n"));
        self.writer.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    use crate::transfer::{Attempt, Failure};

    #[test]
    fn a_note_fits_the_screen() {
        let failure = Failure::TimedOut { answered: false };
        let again = Event::Again { attempt: Attempt::Plain, failure };
        let mut text = Vec::new();
        let mut notes = Notes::new(&mut text, "tftp: ").folded(Some(40));
        let local = "127.0.0.1:50617".parse().unwrap();
        notes.observe(&Record { at: Instant::now(), transfer: 1, local, kind: RecordKind::Machine(&again) });
        drop(notes);
        assert_eq!(String::from_utf8(text).unwrap(), "tftp: Transfer timed out.: asking again\nwithout options\n");
    }
}
