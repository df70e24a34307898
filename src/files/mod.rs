//! The files of a transfer.
//!
//! A [`Source`] is read, a [`Target`] is written; both convert netascii. A target is not in its place until it is
//! committed, so that a failed transfer leaves nothing and does not touch an existing file.
//!
//! ```text
//!  file, FIFO, stdin, memory --Source--> fill        deliver --Target--> TempFile: gets its name at the end
//!                              netascii encoded      netascii decoded    device, FIFO, stdout: written directly
//!                                                                        Upload: memory
//! ```
//!
//! A [`Store`] is what a server serves: a directory ([`DirStore`]) or files in memory ([`MemoryStore`]).

mod attributes;
mod digest;
mod dir_store;
mod letter_case;
mod local_path;
mod memory_store;
mod new_file;
mod served_name;
mod source;
mod standard;
mod store;
mod target;
mod temp_file;
mod temp_name;
mod terminal_text;
mod text;
mod tree;

pub use digest::{Digest, Mismatch};
pub use dir_store::DirStore;
pub use memory_store::MemoryStore;
pub use source::Source;
pub use store::{Denied, Store, WriteMode};
pub use target::Target;
pub(crate) use target::too_large;

pub use crate::transfer::{ReadFile, WriteFile};
