//! Many lines in one write, where no person watches them.

use std::io::{self, Write};
use std::time::{Duration, Instant};

/// The most bytes in memory.
const MOST: usize = 1 << 15;

/// The pause of a transfer after which lines are written immediately.
const PAUSE: Duration = Duration::from_millis(20);

/// A buffer of lines that writes many at a time, and only whole ones, so that a crash leaves a readable file.
pub(crate) struct LineBatcher<W: Write> {
    out: W,
    lines: Vec<u8>,
}

impl<W: Write> LineBatcher<W> {
    pub(crate) fn new(out: W) -> Self {
        Self { out, lines: Vec::new() }
    }

    /// Writes the first bytes of the buffer, and drops them even if that fails.
    fn write_held(&mut self, length: usize) -> io::Result<()> {
        let written = self.out.write_all(&self.lines[..length]);
        self.lines.drain(..length);
        written
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
        self.write_held(self.lines.len())?;
        self.out.flush()
    }
}

impl<W: Write> Drop for LineBatcher<W> {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

/// The time to write a few lines: after a pause, so that only bursts wait.
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
                let (first, second) = line.split_at(9);
                batcher.write_all(first.as_bytes()).unwrap();
                batcher.write_all(second.as_bytes()).unwrap();
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
        let mut space = [0; 2];
        let mut batcher = LineBatcher::new(&mut space[..]);
        batcher.write_all(b"sent").unwrap();
        assert!(batcher.flush().is_err());
        assert!(batcher.flush().is_ok(), "nothing is left to write");
    }

    #[test]
    fn only_what_follows_immediately_is_held() {
        let (mut timer, begin) = (FlushTimer::default(), Instant::now());
        let due: Vec<_> =
            [0, 1, 19, 20, 21, 39, 41, 500].map(|ms| timer.is_due(begin + Duration::from_millis(ms))).into();
        assert_eq!(due, [true, false, false, true, false, false, true, true]);
    }
}
