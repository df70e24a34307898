use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use super::{Abort, Event, Failure, Report};

/// The clock and the network of a [`Task`](super::Task). Every loop, simulation and test implements it.
pub trait Io {
    /// Returns the time, which never runs backwards.
    fn now(&mut self) -> Instant;

    /// Sends datagrams of `stride` bytes each, one after the other; only the last may be shorter.
    ///
    /// # Errors
    ///
    /// An error ends the transfer. A send that counts as a lost packet returns `Ok`: timers repair that.
    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()>;

    /// Returns why this side must end the transfer now, if it must.
    ///
    /// Asked after each read of a file that is sent. The end of the file may be false then: a producer that is
    /// interrupted together with this side ends early, and its bytes would pass for the whole file.
    fn stop(&mut self) -> Option<Abort> {
        None
    }

    /// Called for each event of the machine.
    fn event(&mut self, event: &Event) {
        let _ = event;
    }
}

/// What happens to a [`Task`](super::Task).
#[derive(Debug)]
pub enum Input<'a> {
    /// The transfer begins: the machine sends its first packet.
    Start,
    /// Datagrams arrive, one after the other in `bytes`; no bytes are one empty datagram.
    Datagrams {
        /// Where they come from.
        from: SocketAddr,
        /// All of them.
        bytes: &'a [u8],
        /// Length of every datagram but the last, in bytes.
        stride: usize,
    },
    /// No socket is open at this address, where an earlier datagram went (ICMP port unreachable).
    Unreachable(SocketAddr),
    /// The time of the last [`Step::Wait`] has come; harmless before.
    Tick,
    /// The network of this side failed.
    NetworkError(io::Error),
    /// This side ends the transfer.
    Abort(Abort),
}

impl<'a> Input<'a> {
    /// Wraps a single datagram.
    pub fn datagram(from: SocketAddr, datagram: &'a [u8]) -> Self {
        Self::Datagrams { from, bytes: datagram, stride: datagram.len() }
    }
}

/// The state of a [`Task`](super::Task) after an input.
#[derive(Debug)]
pub enum Step {
    /// It waits for a datagram, or for [`Input::Tick`] at this time.
    Wait(Instant),
    /// The file is safe, and every packet that belongs to it is sent.
    Complete {
        /// What the transfer cost.
        report: Report,
        /// The time until which a receiver repeats its last ACK when it is asked to (RFC 1350 section 6).
        dally: Option<Instant>,
    },
    /// It is over, some time after [`Step::Complete`].
    Over,
    /// It is over, without its file.
    Failed(Stopped),
}

/// The reason why a transfer ended without its file.
#[derive(Debug)]
pub struct Stopped {
    /// The reason, as the machine sees it.
    pub failure: Failure,
    /// The local error that ended it, if there was one.
    pub cause: Option<Cause>,
}

/// A local error that ends a transfer.
#[derive(Debug)]
pub enum Cause {
    /// The file could not be read, written or put in place.
    File(io::Error),
    /// Sending failed.
    Network(io::Error),
}

impl Cause {
    pub(super) fn abort(&self) -> Abort {
        match self {
            Self::File(error) => Abort::file(error),
            Self::Network(error) => Abort::Network(error.to_string()),
        }
    }
}

/// Splits datagrams of one stride; no bytes are one empty datagram.
pub(crate) fn datagrams(bytes: &[u8], stride: usize) -> impl Iterator<Item = &[u8]> {
    let empty = bytes.is_empty().then_some(bytes);
    bytes.chunks(stride.max(1)).chain(empty)
}
