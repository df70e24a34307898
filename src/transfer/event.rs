use std::net::SocketAddr;
use std::time::Duration;

use super::{Attempt, Failure};
use crate::wire::{Malformed, Terms, WindowSize};

/// An event inside a machine, besides the packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The first valid answer fixed the peer's transfer id (RFC 1350 section 4).
    Locked(SocketAddr),
    /// Options were agreed, or none (RFC 2347).
    Agreed(Terms),
    /// The timer expired: the last packet or window is sent again.
    Resending {
        /// The number of this retransmission, from 1.
        attempt: u32,
        /// How long the peer was silent.
        after: Duration,
    },
    /// A datagram changed nothing.
    Ignored {
        /// Where it came from.
        from: SocketAddr,
        /// The reason.
        reason: Ignored,
    },
    /// Wire block numbers continue with this number after 65535.
    Wrapped(u16),
    /// The request asks for a smaller window, because the buffers do not hold a larger one: those of this
    /// side, at most 64 MiB, or the receive buffer of the system.
    WindowReduced {
        /// The window that was wanted.
        wanted: WindowSize,
        /// The window asked for.
        asked: WindowSize,
    },
    /// The transfer begins again, with a request that asks for less.
    Again {
        /// What it asks for.
        attempt: Attempt,
        /// The failure of the attempt before.
        failure: Failure,
    },
}

/// The reason why a datagram changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// It is not a packet.
    Malformed(Malformed),
    /// It came from another transfer id; its sender gets ERROR 5 (RFC 1350 section 4).
    Stranger,
    /// It repeats an earlier packet.
    Duplicate,
    /// It is a block or ACK that is not due.
    OutOfPlace,
    /// A block before this one was lost (RFC 7440 section 4).
    Gap,
    /// It is a kind of packet that does not belong here.
    Unexpected,
}
