//! Lines for a reader who may be slow or gone: whoever writes them must not wait.

use std::io::{self, Write};

/// The most bytes that wait.
const MOST: usize = 1 << 18;

/// The most bytes of one write. A pipe that has space takes so many, so no line is broken by one that comes from elsewhere.
const PIECE: usize = 4096;

/// Lines on their way to a writer that fails with [`io::ErrorKind::WouldBlock`] rather than wait.
///
/// They are tried again and again, and none is broken. Lines that find no space are lost, and counted.
#[derive(Debug)]
pub(crate) struct Backlog<W> {
    out: W,
    held: Vec<u8>,
    /// Lines lost behind those that are held.
    lost: u64,
    /// Nobody will read more.
    is_over: bool,
}

impl<W: Write> Backlog<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, held: Vec::new(), lost: 0, is_over: false }
    }

    #[cfg(test)]
    pub(crate) fn out(&mut self) -> &mut W {
        &mut self.out
    }

    /// Adds lines with their ends, all or none.
    pub(crate) fn push(&mut self, lines: &[u8]) {
        // What is lost is in one place.
        if self.lost > 0 || !self.has_space(lines.len()) {
            self.lost += lines.iter().filter(|byte| **byte == b'\n').count() as u64;
        } else if !self.is_over {
            self.held.extend_from_slice(lines);
        }
    }

    /// Whether lines of this length would be held.
    pub(crate) fn has_space(&self, length: usize) -> bool {
        self.held.len() + length <= MOST
    }

    /// Returns the number of bytes that wait.
    pub(crate) fn len(&self) -> usize {
        self.held.len()
    }

    /// Returns how many lines are lost.
    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    /// Writes what finds space. Once all is written, returns how many lines were lost behind it, and counts anew.
    ///
    /// # Errors
    ///
    /// Those of the writer. A reader who has gone is none: nothing is held for him any more.
    pub(crate) fn write(&mut self) -> io::Result<u64> {
        let mut written = 0;
        let result = loop {
            let Some(rest) = self.held.get(written..).filter(|rest| !rest.is_empty()) else { break Ok(()) };
            let piece = rest.get(..PIECE).unwrap_or(rest);
            let end = piece.iter().rposition(|byte| *byte == b'\n').map_or(piece.len(), |at| at + 1);
            match self.out.write(piece.get(..end).unwrap_or(piece)) {
                Ok(length @ 1..) => written += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    (self.is_over, written) = (true, self.held.len());
                }
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => break Err(error),
                Ok(0) | Err(_) => break Ok(()),
            }
        };
        self.held.drain(..written);
        result.and_then(|()| self.out.flush())?;
        Ok(if self.held.is_empty() { std::mem::take(&mut self.lost) } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A pipe that takes some bytes; its reader may have gone.
    #[derive(Default)]
    struct Pipe {
        text: Vec<u8>,
        writes: usize,
        space: usize,
        has_no_reader: bool,
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.writes += 1;
            if self.has_no_reader {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            // Like one of the system: all of a piece, or nothing.
            if self.space < bytes.len() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.space -= bytes.len();
            self.text.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_pipe_costs_the_lines_that_find_no_space_and_breaks_none() {
        let mut backlog = Backlog::new(Pipe { space: 10_000, ..Pipe::default() });
        let line = [&[b'x'; 98][..], b"\n"].concat();
        for _ in 0..6_000 {
            backlog.push(&line);
            assert_eq!(backlog.write().unwrap(), 0);
        }
        assert!(backlog.len() <= MOST);
        assert_eq!(backlog.out.text.last(), Some(&b'\n'));
        let lost = backlog.lost();
        backlog.out.space = usize::MAX;
        assert_eq!(backlog.write().unwrap(), lost);
        backlog.push(b"and on\n");
        assert_eq!(backlog.write().unwrap(), 0);
        let lines: Vec<_> = backlog.out.text.split_inclusive(|byte| *byte == b'\n').collect();
        let (last, others) = lines.split_last().unwrap();
        assert_eq!((*last, others.len() as u64), (&b"and on\n"[..], 6_000 - lost));
        assert!(others.iter().all(|it| *it == line));
    }

    #[test]
    fn a_line_that_never_finds_space_ends_nothing() {
        let mut backlog = Backlog::new(Pipe { space: 1 << 20, ..Pipe::default() });
        backlog.push(&[&[b'x'; MOST][..], b"\n"].concat());
        assert_eq!(backlog.write().unwrap(), 1);
        backlog.push(b"and on\n");
        assert_eq!(backlog.write().unwrap(), 0);
        assert_eq!(backlog.out.text, b"and on\n");
    }

    #[test]
    fn nothing_waits_for_a_reader_who_has_gone() {
        let mut backlog = Backlog::new(Pipe { has_no_reader: true, ..Pipe::default() });
        for _ in 0..100 {
            backlog.push(b"line\n");
            assert_eq!(backlog.write().unwrap(), 0);
        }
        assert_eq!((backlog.len(), backlog.out.writes), (0, 1));
    }
}
