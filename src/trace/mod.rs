//! Views of the event stream: observers that turn records into text.
//!
//! The classic view prints packets as BSD's tftp does and nothing else, so that tools may parse it; notes about what
//! is no packet go elsewhere.

mod classic;
mod notes;
mod progress;
pub mod units;

pub use classic::Classic;
pub use notes::Notes;
pub use progress::Progress;

use std::io::{self, Write};

/// A writer that gives up at its first error: a trace that nobody reads any more must not end a transfer.
struct Line<W> {
    writer: W,
    broken: bool,
}

impl<W: Write> Line<W> {
    fn new(writer: W) -> Self {
        Self { writer, broken: false }
    }

    /// Writes by one call, so that lines of several writers do not mix.
    fn write(&mut self, line: &str) {
        self.attempt(|writer| writer.write_all(line.as_bytes()));
    }

    fn flush(&mut self) {
        self.attempt(Write::flush);
    }

    fn attempt(&mut self, action: impl FnOnce(&mut W) -> io::Result<()>) {
        self.broken = self.broken || action(&mut self.writer).is_err();
    }
}
