//! The only room with sockets: they meet machines, clocks and files here.

mod listener;
mod port;
mod reactor;

pub(crate) use listener::{Envelope, Listener};
pub(crate) use port::Port;
pub(crate) use reactor::{Key, Notice, Reactor, Wake};
