use crate::files::{Source, Target};
use crate::net::listener::Envelope;
use crate::transfer::{Failure, Report, Task};

/// A transfer of the server.
pub(crate) type ServerTask = Task<Source, Target>;

/// The key of a socket in the reactor; it is never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(pub(super) usize);

#[cfg(test)]
impl Key {
    /// Makes a key without a reactor; a greater one is younger.
    pub(crate) fn nth(number: usize) -> Self {
        Self(number)
    }
}

/// A result of a turn of the reactor, for its owner.
#[derive(Debug)]
pub(crate) enum Notice {
    /// The listening socket with this index is readable; the owner [reads](super::Reactor::read) some. If there is more, the
    /// next turn says so again.
    Readable(usize),
    /// The client acknowledged DATA for the first time, or sent some: its address is not forged.
    Proven(Key),
    /// The file is safe; a receiver still dallies.
    Complete(Key, Report),
    /// The transfer failed and is gone. Never sent for a complete transfer.
    Failed(Key, Failure),
    /// The complete transfer is gone.
    Gone(Key),
}

/// What a listening socket received.
#[derive(Debug)]
pub(crate) enum Reading {
    /// A request, or a datagram that belongs to no transfer.
    Datagram(Envelope),
    /// Something else; there may be more.
    Other,
    /// Nothing more.
    Nothing,
}
