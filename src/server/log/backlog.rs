use std::io::{self, Write};
use std::time::{Duration, Instant};

/// The most bytes that wait.
const MOST: usize = 1 << 18;
/// Bytes that are worth a write of their own.
const ENOUGH: usize = 1 << 12;
/// The shortest time between two smaller writes: a busy server needs few of them.
const PAUSE: Duration = Duration::from_millis(20);

/// Lines on their way to a writer, which may fail or refuse to wait.
///
/// They are tried again and again, and none is broken. Lines that find no space are lost, and counted.
#[derive(Debug)]
pub(super) struct Backlog<W> {
    out: W,
    bytes: Vec<u8>,
    /// Lines lost since the last one that was written.
    lost: u64,
    /// When the writer was called last.
    at: Option<Instant>,
    /// It took less than all.
    is_stuck: bool,
    /// Nobody will read more.
    is_over: bool,
}

impl<W: Write> Backlog<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, bytes: Vec::new(), lost: 0, at: None, is_stuck: false, is_over: false }
    }

    #[cfg(test)]
    pub(super) fn out(&mut self) -> &mut W {
        &mut self.out
    }

    /// Adds a line, without its end.
    pub(super) fn push(&mut self, line: &str) {
        // The count of lost lines is where they would be.
        if self.lost > 0 || self.bytes.len() + line.len() >= MOST {
            self.lost += 1;
        } else if !self.is_over {
            self.bytes.extend_from_slice(line.as_bytes());
            self.bytes.push(b'\n');
        }
    }

    /// Writes what waits, if it is much or the last write was some time ago. Returns the number of lines that were lost
    /// at this place, for the next line.
    pub(super) fn rest(&mut self, at: Instant) -> Option<u64> {
        let is_early = self.at.is_some_and(|before| at.saturating_duration_since(before) < PAUSE);
        if self.bytes.is_empty() && self.lost == 0 || is_early && (self.is_stuck || self.bytes.len() < ENOUGH) {
            return None;
        }
        self.at = Some(at);
        self.write()
    }

    /// Writes what waits.
    pub(super) fn write(&mut self) -> Option<u64> {
        let mut written = 0;
        while let Some(rest) = self.bytes.get(written..).filter(|rest| !rest.is_empty()) {
            match self.out.write(rest) {
                Ok(length @ 1..) => written += length,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    (self.is_over, written) = (true, self.bytes.len());
                }
                Ok(0) | Err(_) => break,
            }
        }
        self.bytes.drain(..written);
        self.is_stuck = !self.bytes.is_empty();
        // The writer is of a log: it is not worth an error that it failed.
        let _ = self.out.flush();
        let is_due = self.bytes.is_empty() && self.lost > 0 && !self.is_over;
        is_due.then(|| std::mem::take(&mut self.lost))
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

    impl Write for &mut Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.writes += 1;
            let length = bytes.len().min(self.space);
            match length {
                _ if self.has_no_reader => Err(io::ErrorKind::BrokenPipe.into()),
                0 => Err(io::ErrorKind::WouldBlock.into()),
                _ => {
                    self.space -= length;
                    self.text.extend_from_slice(&bytes[..length]);
                    Ok(length)
                }
            }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_lines_of_a_busy_time_are_one_write() {
        let (mut pipe, start) = (Pipe { space: 1 << 20, ..Pipe::default() }, Instant::now());
        let mut backlog = Backlog::new(&mut pipe);
        for turn in 0..2_000 {
            backlog.push("192.0.2.7:40112 get fw.bin [octet]");
            // One line each tenth of a millisecond.
            assert_eq!(backlog.rest(start + Duration::from_micros(turn * 100)), None);
        }
        backlog.write();
        assert_eq!(pipe.text.iter().filter(|it| **it == b'\n').count(), 2_000);
        assert!((10..=25).contains(&pipe.writes), "{} writes", pipe.writes);
    }

    #[test]
    fn a_full_pipe_costs_the_lines_that_find_no_space_and_breaks_none() {
        let (mut pipe, start) = (Pipe { space: 1_000, ..Pipe::default() }, Instant::now());
        let mut backlog = Backlog::new(&mut pipe);
        let at = |seconds| start + Duration::from_secs(seconds);
        let line = "x".repeat(99);
        for second in 0..4_000 {
            backlog.push(&line);
            assert_eq!(backlog.rest(at(second)), None);
        }
        // Ten lines left, and 2,621 wait.
        backlog.out.space = 1 << 20;
        assert_eq!(backlog.rest(at(4_000)), Some(4_000 - 2_631));
        backlog.push("and on");
        assert_eq!(backlog.rest(at(4_001)), None);
        let text = String::from_utf8(pipe.text).unwrap();
        let (last, others) =
            text.lines().rev().collect::<Vec<_>>().split_first().map(|it| (*it.0, it.1.to_vec())).unwrap();
        assert_eq!((last, others.len()), ("and on", 2_631));
        assert!(others.iter().all(|it| *it == line));
    }

    #[test]
    fn a_line_that_never_finds_space_ends_no_log() {
        let (mut pipe, start) = (Pipe { space: 1 << 20, ..Pipe::default() }, Instant::now());
        let mut backlog = Backlog::new(&mut pipe);
        backlog.push(&"x".repeat(MOST));
        assert_eq!(backlog.rest(start), Some(1));
        backlog.push("and on");
        assert_eq!(backlog.rest(start + PAUSE), None);
        assert_eq!(pipe.text, b"and on\n");
    }

    #[test]
    fn nothing_waits_for_a_reader_who_has_gone() {
        let (mut pipe, start) = (Pipe { has_no_reader: true, ..Pipe::default() }, Instant::now());
        let mut backlog = Backlog::new(&mut pipe);
        for second in 0..100 {
            backlog.push("line");
            assert_eq!(backlog.rest(start + Duration::from_secs(second)), None);
        }
        assert!(backlog.bytes.is_empty());
        assert_eq!(pipe.writes, 1);
    }
}
