use std::io::{self, Write};

use super::output::{Output, Stream};
use crate::stop::is_interruption;

/// The most bytes that wait.
const MOST: usize = 1 << 18;

/// The most bytes of one write. A pipe that has space takes so many, so no line is broken by one of the log.
const PIECE: usize = 4096;

/// A stream for what a server shows of its packets: the server must not wait for whoever reads it.
///
/// Lines wait until they find space. Those that find none are lost, which is said once on standard error.
pub(super) struct LossyLines<W = Box<dyn Write>> {
    out: W,
    held: Vec<u8>,
    has_lost: bool,
    /// Nobody will read more.
    is_over: bool,
}

impl LossyLines {
    pub(super) fn new(stream: Stream) -> Self {
        Self::over(Output::never_waiting(stream))
    }
}

impl<W: Write> LossyLines<W> {
    fn over(out: W) -> Self {
        Self { out, held: Vec::new(), has_lost: false, is_over: false }
    }

    /// Writes what finds space.
    fn write_held(&mut self) -> io::Result<()> {
        let mut written = 0;
        let result = loop {
            let Some(rest) = self.held.get(written..).filter(|rest| !rest.is_empty()) else { break Ok(()) };
            let piece = rest.get(..PIECE).unwrap_or(rest);
            let end = piece.iter().rposition(|byte| *byte == b'\n').map_or(piece.len(), |at| at + 1);
            match self.out.write(piece.get(..end).unwrap_or(piece)) {
                Ok(0) => break Ok(()),
                Ok(length) => written += length,
                Err(error) if is_interruption(&error) => break Ok(()),
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    (self.is_over, written) = (true, self.held.len());
                }
                Err(error) => break Err(error),
            }
        };
        self.held.drain(..written);
        result
    }

    fn report_loss(&mut self) {
        if !std::mem::replace(&mut self.has_lost, true) {
            let message = b"tftp: trace: nobody reads fast enough, so lines are missing; the server continues\n";
            // Nothing is left to report this to.
            let _ = Output::never_waiting(Stream::Error).write_all(message);
        }
    }
}

impl<W: Write> Write for LossyLines<W> {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if self.held.len() + lines.len() > MOST {
            self.write_held()?;
        }
        if self.held.len() + lines.len() > MOST {
            self.report_loss();
        } else if !self.is_over {
            self.held.extend_from_slice(lines);
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.write_held()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stop::interruption;

    /// A pipe with this space, and what it took.
    struct Pipe(usize, Vec<u8>);

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Like one of the system: all of a piece, or nothing.
            if self.0 < bytes.len() {
                return Err(interruption());
            }
            self.0 -= bytes.len();
            self.1.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_that_find_no_space_wait_or_are_lost_and_none_is_broken() {
        let mut lines = LossyLines::over(Pipe(10_000, Vec::new()));
        let line = [&[b'x'; 98][..], b"\n"].concat();
        for _ in 0..6_000 {
            lines.write_all(&line).unwrap();
            lines.flush().unwrap();
        }
        assert!(lines.has_lost && lines.held.len() <= MOST, "{}", lines.held.len());
        assert_eq!(lines.out.1.last(), Some(&b'\n'));
        lines.out.0 = usize::MAX;
        lines.flush().unwrap();
        assert!(lines.held.is_empty());
        assert!(lines.out.1.split_inclusive(|byte| *byte == b'\n').all(|it| it == line));
    }
}
