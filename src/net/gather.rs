//! File bytes of datagrams that came in together, to be written together.

use std::io::{self, IoSlice};

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
        match &mut self.pieces[..std::mem::take(&mut self.count)] {
            [] => Ok(()),
            [piece] => content.deliver(piece),
            pieces => content.deliver_all(pieces),
        }
    }
}
