//! The field's historic mistakes, on purpose: for a class on one computer, on loopback only.
//!
//! [`BuggyServer`] and [`BuggyClient`] wrap an honest [`Machine`](crate::transfer::Machine) and distort what goes in and comes
//! out, so that the machines themselves stay free of them. Everything here is pure.

mod buggy_client;
mod buggy_server;
mod server_bug;

pub use buggy_client::{BuggyClient, ClientBug};
pub use buggy_server::BuggyServer;
pub use server_bug::ServerBug;
