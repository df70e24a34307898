//! Lines of a script, from standard input or a file: bytes, numbered from 1.

use std::io::{self, BufRead};

/// The lines of a script. A byte order mark in front, carriage returns before line feeds and a missing last line feed
/// are what editors leave behind, and no part of any line.
pub(super) struct Script<'a> {
    input: Box<dyn BufRead + 'a>,
    number: usize,
}

impl<'a> Script<'a> {
    /// Reads lines from here.
    pub(super) fn new(input: impl BufRead + 'a) -> Self {
        Self { input: Box::new(input), number: 0 }
    }

    /// The next line and its number; `None` at the end.
    pub(super) fn line(&mut self) -> io::Result<Option<(usize, Vec<u8>)>> {
        let mut line = Vec::new();
        if self.input.read_until(b'\n', &mut line)? == 0 {
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
