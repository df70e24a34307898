//! The only module with sockets: they meet machines, clocks and files here.
//!
//! ```text
//!            client                              server
//!              |                                    |
//!            drive  one machine, blocking        reactor  many machines, one thread
//!              |                                    |
//!   dally   keeps the socket of a finished get   listener  receives requests; transfers may share its port
//!              |                                    |
//!       (fault injector)  applies fault rules, if there are any, and makes the records of their packets
//!              |                                    |
//!            socket  send, receive until a time, reports of the network about ports and sizes
//! ```
//!
//! [`Drive`] and the reactor run machines and report to observers. [`LastGet`] repeats the last ACK of a get. Only
//! [`socket`] knows how many datagrams a system call transfers.

mod bind;
mod dally;
mod drive;
mod earlier;
mod fault_injector;
mod icmp;
mod listener;
mod offload;
mod outlet;
mod overdue;
mod pktinfo;
mod reactor;
mod reporter;
mod route;
pub mod socket;
mod udp;
mod wait;
mod wire;

pub(crate) use dally::{Dally, LastGet};
pub(crate) use drive::Drive;
pub(crate) use earlier::Earlier;
pub use fault_injector::SharedFaults;
pub(crate) use fault_injector::{FaultInjector, Spare};
pub(crate) use reporter::{Reporter, Subject};
pub use socket::{Received, Socket};

pub(crate) use listener::{Envelope, Listener};
pub(crate) use reactor::{Key, Notice, Port, Reactor, Reading, ServerTask, Wake};
