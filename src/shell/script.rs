//! Lines of a script, from standard input or a file: bytes, numbered from 1; and how they run.

use std::fmt::Display;
use std::io::{self, BufRead};

use super::{Fatal, Outcome, Shell};
use crate::terminal::{Place, plain};

/// The lines of a script. A byte order mark in front, carriage returns before line feeds and a missing last line feed
/// are what editors write, and not part of any line.
pub(super) struct Script<'a> {
    input: Box<dyn BufRead + 'a>,
    number: usize,
    /// Where the lines come from.
    name: String,
    /// A line may take a while to come.
    waits: bool,
}

impl<'a> Script<'a> {
    /// Reads lines from here; `name` is for diagnostics.
    pub(super) fn new(name: impl Display, input: impl BufRead + 'a) -> Self {
        Self { input: Box::new(input), number: 0, name: name.to_string(), waits: true }
    }

    /// Reads the lines of a text that is there already.
    pub(super) fn of_text(name: impl Display, text: &'a [u8]) -> Self {
        Self { waits: false, ..Self::new(name, text) }
    }

    /// The next line and its number; `None` at the end.
    pub(super) fn line(&mut self) -> io::Result<Option<(usize, Vec<u8>)>> {
        let mut line = Vec::new();
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {}", self.name, plain(&error)));
        if self.input.read_until(b'\n', &mut line).map_err(named)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let end = line.strip_suffix(b"\n").map_or(&line[..], |rest| rest.strip_suffix(b"\r").unwrap_or(rest)).len();
        line.truncate(end);
        if self.number == 1 && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3);
        }
        Ok(Some((self.number, line)))
    }
}

impl Shell<'_> {
    /// Runs the lines of a script, in which nothing is asked, until the shell ends or a signal comes.
    pub(super) fn script(&mut self, mut script: Script<'_>) -> Result<Outcome, Fatal> {
        let mut outcome = Outcome::done();
        while let Some((number, line)) = self.next_line(&mut script)? {
            self.console.place = Place::Script(number);
            let latest = self.script_line(&line)?;
            let ends = latest.leaves || latest.is_failure() && self.setup.stop_on_error;
            outcome = outcome.then(latest);
            if ends || self.is_interrupted() {
                break;
            }
        }
        Ok(outcome)
    }

    /// The next line; `None` at the end or after a signal. A signal that comes while a line is waited for ends the
    /// process.
    fn next_line(&self, script: &mut Script<'_>) -> io::Result<Option<(usize, Vec<u8>)>> {
        if !script.waits {
            return script.line();
        }
        self.setup.signals.wait();
        if self.is_interrupted() {
            return Ok(None);
        }
        let line = script.line();
        self.setup.signals.work();
        line
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
        let mut script = Script::new("-", &b"\xef\xbb\xbfget a\r\n\nget \xff b\r"[..]);
        let mut line = || script.line().expect("reading memory");
        assert_eq!(line(), Some((1, b"get a".to_vec())));
        assert_eq!(line(), Some((2, b"".to_vec())));
        assert_eq!(line(), Some((3, b"get \xff b\r".to_vec())));
        assert_eq!(line(), None);
    }
}
