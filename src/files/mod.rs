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

/// What a transfer reads or writes; each kind refuses what is not its direction.
pub trait Content: Send {
    /// Fills `room` with the next bytes of the file as they go on the wire; fewer mean the end of the file.
    fn fill(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let _ = room;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Appends bytes as they came from the wire.
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        let _ = bytes;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Appends pieces one after the other, with one write where the file allows. The slices may be used up.
    fn deliver_all(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        pieces.iter().try_for_each(|piece| self.deliver(piece))
    }

    /// The SHA-256 of what passed so far of the local file, in hexadecimal digits; `None` where nobody wanted it.
    fn sha256(&self) -> Option<String> {
        None
    }

    /// Everything is delivered: put the file in its place.
    fn commit(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
