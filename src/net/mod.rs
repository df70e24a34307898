//! The only module with sockets: they meet machines, clocks and files here.
//!
//! ```text
//!            client                              server
//!              |                                    |
//!            drive  one machine, blocking        reactor  many machines, one thread
//!              |                                    |
//!   dally   keeps the socket of a finished get   listener  where requests come in
//!              |                                    |
//!       (fault injector)  faults on purpose, where there are any
//!              |                                    |
//!            socket  send, receive until a moment, what the network says about ports and sizes
//! ```
//!
//! [`drive()`] and the reactor do what machines ask for, and report it to observers. [`Linger`] repeats the last ACK of a
//! get during whatever comes next. Only [`socket`] knows how many datagrams a system call carries; what comes in together
//! is written together.

mod dally;
mod drive;
mod fault_injector;
mod icmp;
mod listener;
mod offload;
mod reactor;
mod route;
pub mod socket;
mod wire;

pub(crate) use dally::{Dally, LastGet};
pub(crate) use drive::drive;
pub(crate) use fault_injector::FaultInjector;
pub use fault_injector::SharedFaults;
pub use socket::{Received, Socket};

pub(crate) use listener::{Envelope, Listener};
pub(crate) use reactor::{Job, Key, Notice, Reactor, Wake};
