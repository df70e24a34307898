//! Lines of bytes from a script, a pipe or a terminal that the system edits.

use std::io::{self, BufRead, BufReader, Read};

/// The most bytes of a line, without its end.
const LONGEST: usize = 1 << 20;

/// Lines from a stream, numbered from 1, in memory one at a time.
pub(crate) struct LineReader<R> {
    input: BufReader<R>,
    number: usize,
}

impl<R: Read> LineReader<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input: BufReader::new(input), number: 0 }
    }

    /// The next line, with its line feed, and its number; `None` at the end. The last line may have no line feed.
    ///
    /// # Errors
    ///
    /// Those of the stream; and a line is longer than 1 MiB, after which nothing more should be read.
    pub(crate) fn line(&mut self) -> io::Result<Option<(usize, Vec<u8>)>> {
        let (mut line, number) = (Vec::new(), self.number + 1);
        let most = LONGEST as u64 + 1;
        if (&mut self.input).take(most).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        self.number = number;
        if line.len() > LONGEST && !line.ends_with(b"\n") {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("line {number} is longer than 1 MiB")));
        }
        Ok(Some((number, line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_1_mib_is_read_and_a_longer_one_is_not() {
        let line = [&[b'x'; LONGEST][..], b"\n"].concat();
        let text = [&line[..], b"short\n", b"y", &line, b"last"].concat();
        let mut lines = LineReader::new(&text[..]);
        assert_eq!(lines.line().unwrap(), Some((1, line)));
        assert_eq!(lines.line().unwrap(), Some((2, b"short\n".to_vec())));
        assert_eq!(lines.line().unwrap_err().to_string(), "line 3 is longer than 1 MiB");
    }

    #[test]
    fn a_line_that_never_ends_is_not_kept() {
        let mut lines = LineReader::new(io::repeat(0));
        assert_eq!(lines.line().unwrap_err().to_string(), "line 1 is longer than 1 MiB");
    }

    #[test]
    fn the_last_line_needs_no_end() {
        let mut lines = LineReader::new(&b"a\n\nb"[..]);
        let mut next = || lines.line().unwrap();
        assert_eq!([next(), next()], [Some((1, b"a\n".to_vec())), Some((2, b"\n".to_vec()))]);
        assert_eq!([next(), next()], [Some((3, b"b".to_vec())), None]);
    }
}
