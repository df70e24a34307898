//! File bytes of several datagrams, to be written together.

use std::io::{self, IoSlice};
use std::mem;

use crate::files::Content;

/// As many as the system joins.
const MOST: usize = 64;

/// Bytes that machines have delivered and that still lie where they were received.
///
/// Who holds them writes them before anything is sent and before the file is committed, so that nothing is acknowledged
/// unwritten.
pub(super) struct Gather<'a> {
    pieces: [IoSlice<'a>; MOST],
    count: usize,
}

impl<'a> Gather<'a> {
    pub(super) fn new() -> Self {
        Self { pieces: [IoSlice::new(&[]); MOST], count: 0 }
    }

    /// Takes bytes; writes what it holds where there is no room for more.
    pub(super) fn add(&mut self, bytes: &'a [u8], content: &mut dyn Content) -> io::Result<()> {
        if self.count == MOST {
            self.write(content)?;
        }
        self.pieces[self.count] = IoSlice::new(bytes);
        self.count += 1;
        Ok(())
    }

    /// Writes what it holds, with one call where the content can; whatever comes of it, nothing is held then.
    pub(super) fn write(&mut self, content: &mut dyn Content) -> io::Result<()> {
        match &mut self.pieces[..mem::take(&mut self.count)] {
            [] => Ok(()),
            [piece] => content.deliver(piece),
            pieces => content.deliver_all(pieces),
        }
    }
}

/// File bytes of datagrams that came in one by one, kept until something is sent: a window is one write then, whether the
/// system joins its packets or not.
///
/// The same holds as for [`Gather`]: nothing is acknowledged unwritten.
#[derive(Default)]
pub(super) struct Held {
    bytes: Vec<u8>,
}

impl Held {
    /// What it keeps at most; a larger window is several writes.
    const ROOM: usize = 64 * 1024;

    /// Copying a larger piece would cost more than the write it spares.
    const SMALL: usize = 8 * 1024;

    /// Keeps what a single datagram brought, where there is room; else it is written, behind what was kept.
    pub(super) fn keep(&mut self, gather: &mut Gather<'_>, content: &mut dyn Content) -> io::Result<()> {
        match gather.pieces[..gather.count] {
            [] => Ok(()),
            [piece] if piece.len() <= Self::SMALL && self.bytes.len() + piece.len() <= Self::ROOM => {
                self.bytes.extend_from_slice(&piece);
                gather.count = 0;
                Ok(())
            }
            _ => self.write(gather, content),
        }
    }

    /// Writes what was kept and then what came in behind it; whatever comes of it, nothing is held then.
    pub(super) fn write(&mut self, gather: &mut Gather<'_>, content: &mut dyn Content) -> io::Result<()> {
        if self.bytes.is_empty() {
            return gather.write(content);
        }
        for piece in &gather.pieces[..mem::take(&mut gather.count)] {
            self.bytes.extend_from_slice(piece);
        }
        let written = content.deliver(&self.bytes);
        self.bytes.clear();
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each write by itself.
    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Content for Writes {
        fn fill(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Ok(0)
        }

        fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.0.push(bytes.to_vec());
            Ok(())
        }

        fn commit(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn blocks_that_came_one_by_one_are_one_write_in_their_order() {
        let (mut held, mut writes) = (Held::default(), Writes::default());
        for block in [&b"one "[..], b"two ", b"three"] {
            let mut gather = Gather::new();
            gather.add(block, &mut writes).expect("room");
            held.keep(&mut gather, &mut writes).expect("room");
        }
        assert!(writes.0.is_empty(), "nothing is to be acknowledged yet");
        let mut last = Gather::new();
        last.add(b" four", &mut writes).expect("room");
        held.write(&mut last, &mut writes).expect("written");
        held.write(&mut Gather::new(), &mut writes).expect("nothing to write");
        assert_eq!(writes.0, [b"one two three four"]);
    }

    #[test]
    fn no_more_is_kept_than_there_is_room_for() {
        let (mut held, mut writes) = (Held::default(), Writes::default());
        let mut hand = |block: &[u8], writes: &mut Writes| {
            let mut gather = Gather::new();
            gather.add(block, writes).expect("room");
            held.keep(&mut gather, writes).expect("room");
        };
        for _ in 0..10 {
            hand(&[7; 8 * 1024], &mut writes);
        }
        hand(&[7; 9 * 1024], &mut writes);
        let lengths: Vec<_> = writes.0.iter().map(|write| write.len() / 1024).collect();
        assert_eq!(lengths, [9 * 8, 8 + 9], "a full store goes with what comes behind it, and so does a large block");
    }
}
