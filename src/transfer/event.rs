use std::net::SocketAddr;
use std::time::Duration;

use super::OptionsRejected;
use crate::wire::{Malformed, Terms};

/// What happened inside a machine, beside the packets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The first valid answer fixed the peer's transfer id (RFC 1350 section 4).
    Locked(SocketAddr),
    /// Options were agreed, or none (RFC 2347).
    Agreed(Terms),
    /// Silence for this long: the last packet or window is sent again.
    Resending {
        /// Which repetition this is, from 1.
        attempt: u32,
        /// How long the peer was silent.
        after: Duration,
    },
    /// A datagram changed nothing.
    Ignored {
        /// Where it came from.
        from: SocketAddr,
        /// Why.
        reason: Ignored,
    },
    /// Wire block numbers continue with this number after 65535.
    Wrapped(u16),
    /// The request is sent once more, without options.
    Fallback(OptionsRejected),
}

/// Why a datagram changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// It is not a packet.
    Malformed(Malformed),
    /// It came from another transfer id; its sender gets ERROR 5 (RFC 1350 section 4).
    Stranger,
    /// It repeats an earlier packet.
    Duplicate,
    /// A block or ACK that is not due: too old, or never asked for.
    OutOfPlace,
    /// A block before this one was lost: the last good one is acknowledged (RFC 7440 section 4).
    Gap,
    /// A kind of packet that has no place in this transfer.
    Unexpected,
}
