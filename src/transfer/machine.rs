use std::net::SocketAddr;
use std::ops::Range;
use std::time::Instant;

use super::{Abort, Event, Failure, Report, Stats, Unacknowledged};
use crate::wire::Terms;

/// The part of a state machine that both directions share: datagrams and time in, datagrams and events out.
///
/// [`Task::run`](super::Task::run) calls these methods in the right order.
pub trait Machine {
    /// Takes a datagram.
    fn datagram(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]);

    /// Notes that no socket is open at `to`, where an earlier datagram went (ICMP port unreachable).
    fn unreachable(&mut self, now: Instant, to: SocketAddr);

    /// Lets time pass: required at the time of the last [`Output::Wait`], harmless before.
    fn tick(&mut self, now: Instant);

    /// Ends the transfer from this side; the peer gets an ERROR.
    fn abort(&mut self, now: Instant, reason: Abort);

    /// Returns the next thing to do, after [`Sending::space`] or [`Receiving::delivery`] returned `None`.
    fn poll(&mut self) -> Output<'_>;

    /// Returns what the transfer has cost so far.
    fn stats(&self) -> Stats;

    /// Returns the terms in force: the agreed options, or RFC 1350's values.
    fn terms(&self) -> Terms;
}

/// A machine that reads a file: a client's put, a server's read.
pub trait Sending: Machine {
    /// Returns the space for the next block, if one is wanted now. Fill it, then call [`filled`](Self::filled).
    fn space(&mut self) -> Option<&mut [u8]>;

    /// Takes the first `length` bytes of the space as the next block; a block that does not fill it is the last.
    fn filled(&mut self, now: Instant, length: usize);

    /// Returns what was read of the file and not acknowledged, so that another request can begin with it.
    fn unacknowledged(&self) -> Unacknowledged;
}

/// A machine that writes a file: a client's get, a server's write.
pub trait Receiving: Machine {
    /// Returns what the file must do now.
    fn delivery(&mut self) -> Option<Delivery>;

    /// Notes that the file is safe: the answer to [`Delivery::Commit`].
    fn committed(&mut self, now: Instant);
}

/// A request of a [`Receiving`] machine to its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Append these bytes of the last datagram.
    Block(Range<usize>),
    /// Every byte is delivered: make the file safe, then call [`Receiving::committed`]. The last ACK waits for it.
    Commit,
}

/// One thing to do for a [`Machine`].
#[derive(Debug)]
pub enum Output<'a> {
    /// Send datagrams of `stride` bytes each, one after the other; only the last may be shorter.
    Transmit {
        /// Where to.
        to: SocketAddr,
        /// At least one datagram.
        datagrams: &'a [u8],
        /// Length of every datagram but the last, in bytes.
        stride: usize,
    },
    /// Report this to the observers of the transfer.
    Event(Event),
    /// The file is safe. A receiver continues to dally (RFC 1350 section 6).
    Complete(Report),
    /// Wait for a datagram, or until this time.
    Wait(Instant),
    /// The transfer is over, after [`Output::Complete`].
    Done,
    /// The transfer is over, without its file.
    Failed(Failure),
}
