//! TFTP: a client, a server, and the protocol as state machines without input and output.
//!
//! ```
//! use tftpsh::{Client, MemoryStore, Server};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//! #   let directory = tempfile::tempdir()?;
//! #   std::env::set_current_dir(&directory)?;
//!     let server = Server::builder(MemoryStore::from([("fw.bin", b"firmware".to_vec())])).bind("127.0.0.1:0")?.spawn()?;
//!     let mut client = Client::to(server.address());
//!     let mut bytes = Vec::new();
//!     let report = client.get("fw.bin", &mut bytes)?;
//!     client.put("copy.bin", &bytes[..])?;
//!     client.get_file("fw.bin", "fw.out")?;
//!     println!("{} bytes", report.stats.bytes);
//!     Ok(())
//! }
//! ```
//!
//! The program `tftp`, an interactive client, is made of the same parts:
//!
//! ```text
//!  line --words--> command --changes--> session
//!                     |
//!                     '--starts--> client --drives--> transfer machine <--parses/emits-- wire
//!                                     |                    |
//!                            net: sockets, clock        events --> observers --> trace
//!                                     |
//!                                   files
//! ```
//!
//! | module | contents |
//! | --- | --- |
//! | [`client`], [`server`] | get and put; the same machines, answering |
//! | [`files`] | where bytes come from and go to |
//! | [`transfer`] | the protocol as state machines; pure |
//! | [`wire`] | bytes and their meaning; pure |
//! | [`event`] | the one stream of what happened |
//! | [`analysis`] | what it means |
//! | [`trace`] | views of the stream |
//! | [`fault`] | networks that go wrong on purpose; pure |

pub mod analysis;
pub mod client;
pub mod event;
pub mod fault;
pub mod files;
pub mod server;
pub mod trace;
pub mod transfer;
pub mod wire;

mod backlog;
mod bugs;
mod cli;
mod complete;
mod daemon;
mod language;
mod lessons;
mod macros;
mod net;
mod plan;
mod printable_json;
mod profile;
mod session;
mod shell;
mod stop;
mod style;
mod terminal;
mod units;

pub use client::{Client, ClientError};
pub use files::{DirStore, MemoryStore};
pub use server::Server;
pub use stop::Stop;
pub use transfer::{Report, RetryPolicy, Rexmt};
pub use wire::{BlockSize, ErrorCode, Mode, WindowSize};

/// What the program, the fuzz targets, the benchmarks and tests of internals need beside the library. It may change at
/// any time.
#[doc(hidden)]
pub mod internals {
    pub use crate::bugs::{BuggyClient, BuggyServer, ClientBug, ServerBug};
    pub use crate::client::file_ref::FileRef;
    pub use crate::client::requester::Requester;
    pub use crate::complete::{Candidate, Entry, Sources, hint, line};
    pub use crate::language::{
        Command, Invocation, Origin, PartialLine, Uri, Word, bookmark, commands, exact, find, following, parse, split,
        split_at_spaces, trace_list, value,
    };
    pub use crate::lessons::Lesson;
    pub use crate::net::{Received, SharedFaults, Socket, socket};
    pub use crate::profile::NamesSeen;
    pub use crate::shell::main;
}
