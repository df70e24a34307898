use std::io::{self, IoSlice};
use std::mem;

use super::WriteFile;

/// As many datagrams as a system joins into one read.
const MOST: usize = 64;

/// File bytes that were delivered and are not written yet, kept from one input to the next: a window is one write,
/// whether its blocks arrive together or one by one.
///
/// [`run_receiver`](super::run_receiver) writes them before anything is transmitted and before the file is committed,
/// so that nothing is acknowledged unwritten. It holds at most 64 KiB.
#[derive(Debug, Default)]
pub struct WriteBatch {
    bytes: Vec<u8>,
}

impl WriteBatch {
    /// What it keeps at most; a larger window is several writes.
    const ROOM: usize = 64 * 1024;

    /// Copying a larger block would cost more than the write it saves.
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

    /// Takes one more block; writes first where there is no space for it.
    pub(super) fn add(&mut self, block: &'d [u8], file: &mut (impl WriteFile + ?Sized)) -> io::Result<()> {
        if self.count == MOST {
            self.write(file)?;
        }
        if let Some(piece) = self.pieces.get_mut(self.count) {
            *piece = IoSlice::new(block);
            self.count += 1;
        }
        Ok(())
    }

    /// Writes everything, with one call where the file allows; whatever the result, nothing is held afterwards.
    pub(super) fn write(&mut self, file: &mut (impl WriteFile + ?Sized)) -> io::Result<()> {
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

    /// The input is worked through: a single small block stays in the batch where there is room, anything else is
    /// written.
    pub(super) fn keep(&mut self, file: &mut (impl WriteFile + ?Sized)) -> io::Result<()> {
        match self.pieces.get(..self.count) {
            Some([piece])
                if piece.len() <= WriteBatch::SMALL && self.batch.bytes.len() + piece.len() <= WriteBatch::ROOM =>
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
