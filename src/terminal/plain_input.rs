//! Lines as the system edits them.

use std::fs::File;
use std::io::{self, Write};

use super::line_reader::LineReader;
use super::prompted::Prompted;
use crate::stop::{Interruptible, Stop, is_interruption};
use crate::style::{Look, Style};

/// Lines that the system edits, with nothing drawn: for screen readers, programs that type, and dumb terminals.
pub(super) struct PlainInput {
    lines: LineReader<Interruptible<File>>,
    /// Where prompts go.
    out: Box<dyn Write>,
    style: Style,
}

impl PlainInput {
    /// Reads standard input, and asks on `out`.
    pub(super) fn new(stop: &Stop, out: Box<dyn Write>, style: Style) -> io::Result<Self> {
        Ok(Self { lines: LineReader::new(Interruptible::stdin(stop)?), out, style })
    }

    /// Asks for a line. A signal drops what was typed.
    pub(super) fn read(&mut self, prompt: &str) -> io::Result<Prompted> {
        write!(self.out, "{}", self.style.paint(Look::Prompt, prompt))?;
        self.out.flush()?;
        let prompted = match self.lines.line() {
            Ok(Some((_, line))) => return Ok(Prompted::Line(line.strip_suffix(b"\n").unwrap_or(&line).to_vec())),
            Ok(None) => Prompted::End,
            // The system drops what was typed, and does not say whether that was anything.
            Err(error) if is_interruption(&error) => Prompted::Cleared { was_empty: false },
            Err(error) => return Err(error),
        };
        // The prompt is still on the line of the cursor.
        writeln!(self.out)?;
        Ok(prompted)
    }
}
