//! Lines of a script, from standard input or a file: bytes, numbered from 1; and how they are carried out.

use std::fmt::Display;
use std::io::{self, BufRead};

use anyhow::Result;

use super::complaint::plain;
use super::console::Place;
use super::status::Status;
use super::{Next, Shell};

/// The lines of a script. A byte order mark in front, carriage returns before line feeds and a missing last line feed
/// are what editors leave behind, and no part of any line.
pub(super) struct Script<'a> {
    input: Box<dyn BufRead + 'a>,
    number: usize,
    /// Where the lines come from.
    name: String,
}

impl<'a> Script<'a> {
    /// Reads lines from here; `name` is for diagnostics.
    pub(super) fn new(name: impl Display, input: impl BufRead + 'a) -> Self {
        Self { input: Box::new(input), number: 0, name: name.to_string() }
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

impl Shell {
    /// Lines without anybody to ask: all are carried out, and the first failure is what counts.
    pub(super) fn script(&mut self, mut script: Script<'_>) -> Result<Status> {
        let mut first_failure = None;
        loop {
            self.signals.wait();
            // A signal from here on ends the process; an earlier one only raised the flag.
            if self.is_interrupted() {
                return Ok(Status::Interrupted);
            }
            let Some((number, line)) = script.line()? else { break };
            self.signals.work();
            self.console.place = Place::Script(number);
            let (next, failed) = self.script_line(&line)?;
            if self.is_interrupted() {
                return Ok(Status::Interrupted);
            }
            first_failure = first_failure.or(failed);
            if next == Next::Leave || failed.is_some() && self.stop_on_error {
                break;
            }
        }
        self.signals.work();
        Ok(first_failure.unwrap_or_default())
    }

    /// Carries out one line of a script; tells how it failed, unless a `-` in front forgives that.
    pub(super) fn script_line(&mut self, line: &[u8]) -> Result<(Next, Option<Status>)> {
        let forgiven = line.strip_prefix(b"-").filter(|_| !self.session.settings.classic);
        let next = self.line(forgiven.unwrap_or(line))?;
        let failed = self.failed.take().filter(|_| forgiven.is_none());
        Ok((next, failed))
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
