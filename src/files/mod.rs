//! Where the bytes of a transfer come from and go to.
//!
//! A [`Source`] is read, a [`Target`] is written; both convert netascii on the way. A target is a temporary file
//! beside the real one until it is committed, so that a failed transfer leaves no trace and an existing file whole.
//!
//! ```text
//!  file, FIFO, stdin, memory --Source--> fill        deliver --Target--> Part: temporary, then renamed
//!                              netascii encoded      netascii decoded    device, FIFO, stdout: as it is
//!                                                                        Shelf: memory
//! ```
//!
//! A [`Store`] is what a server serves: a folder ([`DirStore`]) or files in memory ([`MemoryStore`]).

mod digest;
mod dir_store;
mod memory_store;
mod source;
mod store;
mod target;
mod temp_file;
mod text;

use std::io::{self, IoSlice};

pub use digest::{Digest, Mismatch};
pub use dir_store::DirStore;
pub use memory_store::MemoryStore;
pub use source::Source;
pub use store::{Denied, Store, WriteMode};
pub use target::Target;
pub(crate) use target::TooLarge;

/// A file that a transfer reads.
pub trait ReadFile {
    /// Fills `room` with the next bytes of the file as they cross the wire; fewer are the last.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    fn fill(&mut self, room: &mut [u8]) -> io::Result<usize>;

    /// The SHA-256 of what was read of the local file so far, where it is computed.
    fn digest(&self) -> Option<Digest> {
        None
    }
}

/// A file that a transfer writes.
pub trait WriteFile {
    /// Appends bytes as they crossed the wire.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Appends pieces one after the other, with one write where the file allows. The slices may be used up.
    ///
    /// # Errors
    ///
    /// As [`deliver`](Self::deliver).
    fn deliver_all(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        pieces.iter().try_for_each(|piece| self.deliver(piece))
    }

    /// Everything is delivered: puts the file in its place.
    ///
    /// # Errors
    ///
    /// The file cannot be completed, or does not have the digest it should have.
    fn commit(&mut self) -> io::Result<()>;

    /// The SHA-256 of what was written to the local file so far, where it is computed.
    fn digest(&self) -> Option<Digest> {
        None
    }
}

impl<F: ReadFile + ?Sized> ReadFile for &mut F {
    fn fill(&mut self, room: &mut [u8]) -> io::Result<usize> {
        (**self).fill(room)
    }

    fn digest(&self) -> Option<Digest> {
        (**self).digest()
    }
}

impl<F: WriteFile + ?Sized> WriteFile for &mut F {
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        (**self).deliver(bytes)
    }

    fn deliver_all(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        (**self).deliver_all(pieces)
    }

    fn commit(&mut self) -> io::Result<()> {
        (**self).commit()
    }

    fn digest(&self) -> Option<Digest> {
        (**self).digest()
    }
}
