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

pub use digest::{Digest, Mismatch};
pub use dir_store::DirStore;
pub use memory_store::MemoryStore;
pub use source::Source;
pub use store::{Denied, Store, WriteMode};
pub use target::Target;
pub(crate) use target::TooLarge;

pub use crate::transfer::{ReadFile, WriteFile};
