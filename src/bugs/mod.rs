//! Historic mistakes of TFTP programs, on purpose: for a class on one computer, on loopback only.
//!
//! [`BuggyServer`] and [`BuggyClient`] wrap a correct [`Machine`](crate::transfer::Machine) and change its input and
//! output, so the machines themselves contain no bugs. Everything here is pure.

mod buggy_client;
mod buggy_server;
mod server_bug;

pub use buggy_client::{BuggyClient, ClientBug};
pub use buggy_server::BuggyServer;
pub use server_bug::ServerBug;
