//! Lines of a script, from standard input or a file: bytes, numbered from 1; and how they run.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::{Fatal, Outcome, Shell};
use crate::stop::{Interruptible, Stop, is_interruption};
use crate::terminal::{LineReader, Place};

/// The lines of a script. A byte order mark at the beginning, carriage returns before line feeds and a missing last line feed
/// are what editors write, and not part of any line.
pub(super) struct Script<R = Interruptible<File>> {
    lines: LineReader<R>,
}

impl Script {
    /// Reads the lines of a file, or of a FIFO as they come, until `stop` is raised.
    pub(super) fn open(path: &Path, stop: &Stop) -> io::Result<Self> {
        Ok(Self::new(Interruptible::open(path, stop)?))
    }

    /// Reads the lines of standard input as they come, until `stop` is raised.
    pub(super) fn stdin(stop: &Stop) -> io::Result<Self> {
        Ok(Self::new(Interruptible::stdin(stop)?))
    }
}

impl<R: Read> Script<R> {
    /// Reads lines from here.
    pub(super) fn new(input: R) -> Self {
        Self { lines: LineReader::new(input) }
    }

    /// The next line and its number; `None` at the end.
    pub(super) fn line(&mut self) -> io::Result<Option<(usize, Vec<u8>)>> {
        let Some((number, mut line)) = self.lines.line()? else { return Ok(None) };
        let end = line.strip_suffix(b"\n").map_or(&line[..], |rest| rest.strip_suffix(b"\r").unwrap_or(rest)).len();
        line.truncate(end);
        if number == 1 && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        Ok(Some((number, line)))
    }
}

impl Shell<'_> {
    /// Runs the lines of a script, in which nothing is asked, until the shell ends, a signal comes or the reader
    /// of the output goes away. Returns the error too that ended the script early.
    pub(super) fn script<R: Read>(&mut self, mut script: Script<R>) -> Result<(Outcome, Option<io::Error>), Fatal> {
        let mut outcome = Outcome::done();
        loop {
            let (number, line) = match script.line() {
                Ok(Some(line)) => line,
                Ok(None) => return Ok((outcome, None)),
                Err(error) if is_interruption(&error) => return Ok((outcome.then(Outcome::interrupted()), None)),
                Err(error) => return Ok((outcome, Some(error))),
            };
            if self.is_command(&line) && self.ends_here() {
                return Ok((outcome.then(Outcome::interrupted()), None));
            }
            self.console.place = Place::Script(number);
            let latest = self.script_line(&line)?;
            let ends = latest.leaves || latest.is_failure() && self.setup.stop_on_error;
            outcome = outcome.then(latest);
            if ends {
                return Ok((outcome, None));
            }
        }
    }

    /// Runs one line of a script and reports its failure, which a leading `-` forgives.
    pub(super) fn script_line(&mut self, line: &[u8]) -> Result<Outcome, Fatal> {
        match line.strip_prefix(b"-").filter(|_| !self.workspace.session.settings.classic) {
            Some(line) => Ok(Outcome { failure: None, ..self.line(line)? }),
            None => self.line(line),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_editors_leave_behind_is_no_part_of_a_line() {
        let mut script = Script::new(&b"\xef\xbb\xbfget a\r\n\nget \xff b\r"[..]);
        let mut line = || script.line().expect("reading memory");
        assert_eq!(line(), Some((1, b"get a".to_vec())));
        assert_eq!(line(), Some((2, b"".to_vec())));
        assert_eq!(line(), Some((3, b"get \xff b\r".to_vec())));
        assert_eq!(line(), None);
    }
}
