//! The only room with sockets: they meet machines, clocks and files here.
//!
//! ```text
//!            client                              server
//!              |                                    |
//!            drive  one machine, blocking        reactor  many machines, one thread
//!              |                                    |
//!   linger  keeps the socket of a finished get   listener  where requests come in
//!              |                                    |
//!         (meddle)  faults on purpose, where there are any
//!              |                                    |
//!            socket  send, receive until a moment, what the network says about ports and sizes
//! ```
//!
//! [`drive()`] and the reactor carry out what machines ask for; [`drive()`] tells the watchers too. [`linger`] repeats the
//! last ACK of a get beside whatever comes next. How many datagrams a system call carries is known behind [`socket`]
//! only; what comes in together is written together.

mod batch;
pub mod dally;
pub mod drive;
mod fault_injector;
mod gather;
mod icmp;
mod listener;
mod reactor;
pub mod route;
pub mod socket;

pub use dally::{Dally, Linger};
pub use drive::{DriveError, drive};
pub use fault_injector::{FaultInjector, SharedFaults};
pub use socket::{Received, Socket};

pub(crate) use listener::{Envelope, Listener};
pub(crate) use reactor::{Key, Notice, Reactor, Wake};

use std::io;

use crate::wire::ErrorCode;

/// What the peer is told when the file here fails in the middle of a transfer (RFC 1350, "Error Codes").
pub(crate) fn blame(error: &io::Error) -> (ErrorCode, String) {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            (ErrorCode::DISK_FULL, ErrorCode::DISK_FULL.meaning().to_owned())
        }
        io::ErrorKind::PermissionDenied => (ErrorCode::ACCESS, ErrorCode::ACCESS.meaning().to_owned()),
        io::ErrorKind::AlreadyExists => (ErrorCode::EXISTS, ErrorCode::EXISTS.meaning().to_owned()),
        _ => (ErrorCode::UNDEFINED, error.to_string()),
    }
}
