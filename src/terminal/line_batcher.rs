//! Lines that no person watches one by one, many in one write.

use std::io::{self, Write};
use std::time::{Duration, Instant};

/// The most bytes that are held.
const MOST: usize = 1 << 15;

/// After such a silence of a transfer, what is held is written immediately.
const PAUSE: Duration = Duration::from_millis(20);

/// Holds what is written until it is much or flushed, and writes whole lines, so that what a crash leaves can
/// be read.
pub(crate) struct LineBatcher<W: Write> {
    out: W,
    lines: Vec<u8>,
}

impl<W: Write> LineBatcher<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, lines: Vec::new() }
    }

    /// Writes so many of the bytes held. What cannot be written is not held any longer.
    fn write_held(&mut self, length: usize) -> io::Result<()> {
        let rest = self.lines.split_off(length.min(self.lines.len()));
        let lines = std::mem::replace(&mut self.lines, rest);
        self.out.write_all(&lines)
    }
}

impl<W: Write> Write for LineBatcher<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lines.extend_from_slice(bytes);
        if self.lines.len() >= MOST
            && let Some(end) = self.lines.iter().rposition(|byte| *byte == b'\n')
        {
            self.write_held(end + 1)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.lines.is_empty() {
            self.write_held(usize::MAX)?;
        }
        self.out.flush()
    }
}

impl<W: Write> Drop for LineBatcher<W> {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

/// When what is held is to be written though it is not much: after a pause, so that only bursts are held.
#[derive(Debug, Default)]
pub(crate) struct FlushTimer {
    last: Option<Instant>,
}

impl FlushTimer {
    /// Whether to flush at this moment; then the next pause begins.
    pub(crate) fn is_due(&mut self, at: Instant) -> bool {
        let due = self.last.is_none_or(|last| at.saturating_duration_since(last) >= PAUSE);
        if due {
            self.last = Some(at);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each write apart.
    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn many_lines_are_one_write_and_a_write_is_whole_lines() {
        let (mut writes, line) = (Writes::default(), "sent ACK <block=12345>\n");
        {
            let mut batcher = LineBatcher::new(&mut writes);
            for _ in 0..10_000 {
                // In pieces, as formatting writes.
                let (before, after) = line.split_at(9);
                batcher.write_all(before.as_bytes()).unwrap();
                batcher.write_all(after.as_bytes()).unwrap();
            }
            batcher.write_all(b"no end").unwrap();
        }
        assert_eq!(writes.0.concat(), [line.repeat(10_000).as_bytes(), b"no end"].concat(), "all, in order");
        assert_eq!(writes.0.len(), 10_000 * line.len() / MOST + 1);
        let (_last, whole) = writes.0.split_last().unwrap();
        assert!(whole.iter().all(|write| write.ends_with(b"\n")));
    }

    #[test]
    fn a_flush_writes_what_is_there_and_a_failure_is_reported_once() {
        let mut writes = Writes::default();
        let mut batcher = LineBatcher::new(&mut writes);
        batcher.flush().unwrap();
        batcher.write_all(b"sent").unwrap();
        batcher.flush().unwrap();
        drop(batcher);
        assert_eq!(writes.0, [b"sent"]);
        let mut room = [0; 2];
        let mut batcher = LineBatcher::new(&mut room[..]);
        batcher.write_all(b"sent").unwrap();
        assert!(batcher.flush().is_err());
        assert!(batcher.flush().is_ok(), "nothing is left to write");
    }

    #[test]
    fn only_what_follows_at_once_is_held() {
        let (mut timer, begin) = (FlushTimer::default(), Instant::now());
        let due: Vec<_> =
            [0, 1, 19, 20, 21, 39, 41, 500].map(|ms| timer.is_due(begin + Duration::from_millis(ms))).into();
        assert_eq!(due, [true, false, false, true, false, false, true, true]);
    }
}
