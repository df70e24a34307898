//! A transfer as a pure state machine: datagrams and time go in; datagrams, file bytes and events come out.
//!
//! ```text
//!                      datagram, tick, filled, committed, abort
//!                                      |
//!                                      v
//!   Sender    client put, server read  |  Receiver   client get, server write
//!                                      |
//!                                      v
//!     poll: Transmit  Fill  Deliver  Commit  Event  Complete  Wait | Done | Failed
//! ```
//!
//! # The law
//!
//! - After any input, call [`Machine::poll`] and carry out what it says until it says [`Output::Wait`],
//!   [`Output::Done`] or [`Output::Failed`]. Only then give the next input.
//! - [`Output::Fill`] is answered by [`Machine::filled`], [`Output::Commit`] by [`Machine::committed`]; either may be
//!   answered by [`Machine::abort`] instead, and so may a failed [`Output::Deliver`]. A machine that is polled before
//!   the answer to a fill says the same [`Output::Fill`] again.
//! - [`Output::Deliver`] may be carried out later, together with those of the next datagrams, but before the next
//!   [`Output::Transmit`] or [`Output::Commit`]: nothing is acknowledged unwritten.
//! - Time is an argument and never runs backwards. A machine reads no clock, opens no file and no socket, so that a
//!   test can run hours of it in a moment.
//!
//! A machine knows its direction by its type: a [`Receiver`] cannot send DATA, a [`Sender`] cannot deliver bytes.

mod link;
mod peer;
mod receiver;
mod retry;
mod rtt_stats;
mod sender;
pub(crate) mod window;

use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use thiserror::Error;

pub use receiver::Receiver;
pub use retry::{RetryPolicy, Rexmt};
pub(crate) use rtt_stats::RttStats;
pub use sender::Sender;
pub(crate) use window::Wrap;

use crate::wire::{BadOption, ErrorCode, Malformed, Mode, Offer, Printable, Terms};

/// Either direction, for whoever carries out what it asks for.
pub trait Machine {
    /// A datagram came in.
    fn datagram(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]);

    /// The system learnt that nobody listens at `to`, where an earlier datagram went (ICMP port unreachable).
    fn unreachable(&mut self, now: Instant, to: SocketAddr);

    /// Time passed; worth calling when the moment of the last [`Output::Wait`] has come, harmless before.
    fn tick(&mut self, now: Instant);

    /// The slice of the last [`Output::Fill`] holds `length` bytes of the file now; fewer than it has room for mean
    /// the end of the file.
    fn filled(&mut self, now: Instant, length: usize);

    /// What was delivered is safe: the answer to [`Output::Commit`].
    fn committed(&mut self, now: Instant);

    /// This side cannot or will not go on: the peer is told with an ERROR, and the transfer ends.
    fn abort(&mut self, now: Instant, code: ErrorCode, reason: &str);

    /// The next thing to do.
    fn poll(&mut self) -> Output<'_>;

    /// What the transfer has cost so far.
    fn stats(&self) -> Stats;
}

/// One thing to do for a [`Machine`].
#[derive(Debug)]
pub enum Output<'a> {
    /// Send datagrams of `stride` bytes each, one behind the other; only the last may be shorter.
    Transmit {
        /// Where to.
        to: SocketAddr,
        /// At least one datagram.
        datagrams: &'a [u8],
        /// Length of every datagram but the last, in bytes.
        stride: usize,
    },
    /// Read bytes of the file into this slice, all of it unless the file ends, then call [`Machine::filled`].
    Fill(&'a mut [u8]),
    /// Append these bytes of the datagram just handed in to the file.
    Deliver(Range<usize>),
    /// All bytes are delivered: make the file safe, then call [`Machine::committed`]. The last ACK waits for it.
    Commit,
    /// Something worth telling happened.
    Event(Event),
    /// The file is safe. A receiver goes on dallying beside whatever comes next (RFC 1350 section 6).
    Complete(Report),
    /// Nothing to do until a datagram comes or this moment.
    Wait(Instant),
    /// Over, well.
    Done,
    /// Over, not well.
    Failed(Failure),
}

/// What a requester asks for.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The remote name.
    pub filename: &'a [u8],
    /// The mode named in the request; the conversion itself is done where the file is.
    pub mode: Mode,
    /// Options; an empty offer makes a plain RFC 1350 request.
    pub offer: Offer,
}

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
        /// How long nothing came.
        after: Duration,
    },
    /// A datagram changed nothing.
    Ignored {
        /// Where it came from.
        from: SocketAddr,
        /// Why.
        reason: Ignored,
    },
    /// Wire block numbers start again at this number behind 65535.
    Wrapped(u16),
    /// The request goes out once more, without options.
    Fallback(Unwelcome),
}

/// Why a datagram changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// It is not a packet.
    Malformed(Malformed),
    /// It came from another transfer id; its sender gets ERROR 5 (RFC 1350 section 4).
    Stranger,
    /// This was already seen.
    Duplicate,
    /// A block or ACK that is not due: too old, or never asked for.
    OutOfPlace,
    /// A block was lost before this one: the last good one is acknowledged (RFC 7440 section 4).
    Gap,
    /// A kind of packet that has no place in this transfer.
    Unexpected,
}

/// What a transfer cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stats {
    /// File octets as they stood on the wire (netascii grows), acknowledged or delivered.
    pub bytes: u64,
    /// Blocks acknowledged or delivered.
    pub blocks: u64,
    /// Packets this side sent again.
    pub resent: u64,
    /// Packets that came again.
    pub duplicates: u64,
    /// Datagrams from other transfer ids.
    pub strangers: u64,
    /// Round trips measured.
    pub rtt: Rtt,
    /// What a receiver lost by blocks that only the sender's own timer brought again.
    pub waits: Waits,
    /// What holds, agreed or not.
    pub terms: Terms,
    /// Whether options were agreed at all: an OACK was accepted, or sent.
    pub negotiated: bool,
}

/// Round trips of packets sent once (Karn's rule).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rtt {
    /// Shortest.
    pub least: Option<Duration>,
    /// Smoothed (RFC 6298 section 2).
    pub smoothed: Option<Duration>,
    /// The middle one, within a sixteenth.
    pub median: Option<Duration>,
    /// Longest.
    pub most: Option<Duration>,
}

/// Waits of a receiver whose repeated ACKs brought nothing, until the sender sent its block again by itself. A sender
/// that is slow once looks the same from here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    /// How many.
    pub count: u32,
    /// How long they took together.
    pub total: Duration,
}

/// A finished transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Its costs.
    pub stats: Stats,
    /// From the first request to the file being safe.
    pub elapsed: Duration,
    /// Where the file came from or went to.
    pub peer: SocketAddr,
}

/// Why a server does not like a request with options; the same request without them may do (RFC 2347).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unwelcome {
    /// Two requests stayed unanswered: the server may drop what it does not know.
    #[error("no answer to a request with options")]
    Silence,
    /// The first answer was an ERROR that may mean the options.
    #[error("the server answered a request with options with error {}: {message}", code.0)]
    Error {
        /// 0, 4 or 8.
        code: ErrorCode,
        /// Made safe to print.
        message: String,
    },
}

/// Why a transfer ended without its file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// Nobody listens at the port asked.
    #[error("connection refused (no TFTP server there)")]
    Refused,
    /// The peer's port closed in the middle.
    #[error("the peer went away (its port is closed)")]
    Vanished,
    /// No progress for as long as was allowed.
    #[error("Transfer timed out.")]
    TimedOut {
        /// Whether the peer had answered at all.
        answered: bool,
    },
    /// The peer sent an ERROR.
    #[error("{message} (code {})", code.0)]
    Remote {
        /// Its number.
        code: ErrorCode,
        /// Its text, made safe to print; the code's meaning where it was empty.
        message: String,
    },
    /// The server's OACK cannot be accepted.
    #[error(transparent)]
    BadOption(#[from] BadOption),
    /// Worth asking again without options.
    #[error(transparent)]
    Options(#[from] Unwelcome),
    /// The peer broke the protocol.
    #[error("{0}")]
    Protocol(String),
    /// [`Machine::abort`] was called.
    #[error("{0}")]
    Aborted(String),
}

impl Failure {
    fn remote(code: ErrorCode, message: &[u8]) -> Self {
        let message = if message.is_empty() { code.meaning().to_owned() } else { Printable(message).brief() };
        Self::Remote { code, message }
    }
}
