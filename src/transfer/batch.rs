use std::io::{self, IoSlice};
use std::mem;

use super::WriteFile;

/// The most datagrams that a system joins into one read.
const MOST: usize = 64;

/// File bytes that are delivered and not written yet: a window is one write, even if its blocks arrive one by one.
///
/// [`Task::run`](super::Task::run) writes them before it transmits anything or commits. It holds at most 64 KiB.
#[derive(Debug, Default)]
pub struct WriteBatch {
    bytes: Vec<u8>,
}

impl WriteBatch {
    /// The most bytes it holds; a larger window is several writes.
    const CAPACITY: usize = 64 * 1024;

    /// The longest block it holds: copying a longer one would cost more than the write it saves.
    const SMALL: usize = 8 * 1024;
}

/// The blocks of one input, still in the buffer they were received in, after those of a [`WriteBatch`].
pub(super) struct Blocks<'a, 'd> {
    batch: &'a mut WriteBatch,
    pieces: [IoSlice<'d>; MOST],
    count: usize,
}

impl<'a, 'd> Blocks<'a, 'd> {
    pub(super) fn new(batch: &'a mut WriteBatch) -> Self {
        Self { batch, pieces: [IoSlice::new(&[]); MOST], count: 0 }
    }

    /// Adds one block; writes first if there is no space for it.
    pub(super) fn add(&mut self, block: &'d [u8], file: &mut impl WriteFile) -> io::Result<()> {
        if self.count == MOST {
            self.write(file)?;
        }
        if let Some(piece) = self.pieces.get_mut(self.count) {
            *piece = IoSlice::new(block);
            self.count += 1;
        }
        Ok(())
    }

    /// Writes everything, with one call if the file allows it; nothing is held afterwards, whatever the result.
    pub(super) fn write(&mut self, file: &mut impl WriteFile) -> io::Result<()> {
        let count = mem::take(&mut self.count);
        let pieces = self.pieces.get_mut(..count).unwrap_or_default();
        if self.batch.bytes.is_empty() {
            return match pieces {
                [] => Ok(()),
                [piece] => file.deliver(piece),
                pieces => file.deliver_all(pieces),
            };
        }
        for piece in pieces {
            self.batch.bytes.extend_from_slice(piece);
        }
        let written = file.deliver(&self.batch.bytes);
        self.batch.bytes.clear();
        written
    }

    /// Ends an input: a single small block stays in the batch if it fits; anything else is written.
    pub(super) fn keep(&mut self, file: &mut impl WriteFile) -> io::Result<()> {
        match self.pieces.get(..self.count) {
            Some([piece])
                if piece.len() <= WriteBatch::SMALL && self.batch.bytes.len() + piece.len() <= WriteBatch::CAPACITY =>
            {
                self.batch.bytes.extend_from_slice(piece);
                self.count = 0;
                Ok(())
            }
            None | Some([]) => Ok(()),
            Some(_) => self.write(file),
        }
    }
}
