//! The stream of records: a [`Record`] for each packet, each event of a machine, and the beginning and end of a transfer.
//!
//! ```text
//! the loops of client and server --Record--> Observers --> Observer: classic trace, progress, log
//!                                                     '--> analysis::Analyser --Annotated--> every other view
//! ```
//!
//! The loops notify observers of each datagram and each event once, in order. Only observers print packets.
//!
//! ```
//! use tftpsh::event::{Observer, Record, RecordKind};
//! use tftpsh::{Client, MemoryStore, Server};
//!
//! /// Counts packets, with lost ones.
//! struct Count(usize);
//!
//! impl Observer for Count {
//!     fn observe(&mut self, record: &Record<'_>) {
//!         self.0 += usize::from(matches!(record.kind, RecordKind::Packet(_)));
//!     }
//! }
//!
//! let server = Server::builder(MemoryStore::from([("a", "a")])).bind("127.0.0.1:0")?.spawn()?;
//! let mut count = Count(0);
//! Client::to(server.address()).observer(&mut count).get("a", std::io::sink())?;
//! assert_eq!(count.0, 5, "RRQ, OACK, ACK, DATA, ACK");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod crossing;

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

pub use crate::fault::{Fate, Held, Origin};
pub use crate::wire::Direction;
pub use crossing::{Crossing, Delivery};

use crate::bugs::ClientBug;
use crate::transfer::{Event, Failure, Machine, Report, Stats};
use crate::wire::{Mode, RequestKind};

/// One thing that happened in a transfer.
///
/// A server has many transfers at the same time, and their records mix. [`transfer`](Self::transfer) tells them apart.
/// The address does not: the request reached the port of requests, a server with a single port shares it among all transfers,
/// and a bug may send from another port.
///
/// A transfer of a server begins when its request arrives, even if a fault rule drops or holds it: a repetition belongs to
/// the same transfer. A request that is refused, or whose copy is answered too, is a transfer of its own. Datagrams that
/// are not requests, at the port of requests, have no records.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// When it happened.
    pub at: Instant,
    /// The number of the transfer at this client or server, from 1.
    pub transfer: u64,
    /// This side's address, whose port is our transfer id. In the record of a packet, the address that it left from or
    /// arrived at, which is another one if it crossed another socket.
    pub local: SocketAddr,
    /// What happened.
    pub kind: RecordKind<'a>,
}

/// The kinds of records.
#[derive(Debug, Clone, Copy)]
pub enum RecordKind<'a> {
    /// A transfer begins; once, even if another request follows that asks for less.
    Begin(Begin<'a>),
    /// A datagram crossed the socket of this side: one record for each, in the order of crossing.
    Packet(Crossing<'a>),
    /// A received packet, whose record came before, reaches the machine only now.
    Delivered(Delivery<'a>),
    /// Packets from and to this transfer id belong to an earlier transfer of this process, from here on.
    Earlier(SocketAddr),
    /// The machine reported an event other than a packet.
    Machine(&'a Event),
    /// The SHA-256 of the local file in hexadecimal digits, right before the end of a transfer that computes it.
    Digest(&'a str),
    /// What a transfer of a server has cost that fails, right before its end.
    Costs(&'a Stats),
    /// The transfer ended: the file is safe and the last packet that belongs to it was sent, or it failed.
    End(Result<&'a Report, &'a Failure>),
    /// Packets crossed the socket after the end, and all of them until now have their records.
    Late,
}

/// The two ends of a transfer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The one that asks.
    #[default]
    Client,
    /// The one that answers.
    Server,
}

impl Side {
    /// Returns its name in traces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Server => "server",
        }
    }

    /// Returns the side that a packet in this direction leaves, as this side sees it.
    pub fn sender(self, direction: Direction) -> Self {
        match (self, direction) {
            (side, Direction::Sent) => side,
            (Self::Client, Direction::Received) => Self::Server,
            (Self::Server, Direction::Received) => Self::Client,
        }
    }
}

/// The facts known before the first packet, or from it.
#[derive(Debug, Clone, Copy)]
pub struct Begin<'a> {
    /// This side.
    pub side: Side,
    /// The time of day, read once; later times follow from the time passed since.
    pub wall: SystemTime,
    /// The server as the user named it; on a server, the client's address.
    pub host: &'a str,
    /// The address that the request goes to or comes from.
    pub peer: SocketAddr,
    /// Whether the file is read or written.
    pub kind: RequestKind,
    /// The file's name on the server.
    pub filename: &'a [u8],
    /// The mode; `None` if the request names an unknown one.
    pub mode: Option<Mode>,
    /// The time without progress after which the transfer fails.
    pub timeout: Duration,
    /// The bug of a client that has one.
    pub bug: Option<ClientBug>,
}

#[cfg(test)]
impl Begin<'static> {
    /// A get of `f` from a server, as the server sees it, for tests.
    pub(crate) fn served(peer: SocketAddr) -> Self {
        Self {
            side: Side::Server,
            wall: SystemTime::UNIX_EPOCH,
            host: "127.0.0.1",
            peer,
            kind: RequestKind::Read,
            filename: b"f",
            mode: None,
            timeout: Duration::from_secs(25),
            bug: None,
        }
    }
}

/// A receiver of records.
pub trait Observer {
    /// Handles a record; called once for each, in order.
    fn observe(&mut self, record: &Record<'_>);

    /// Handles a pulse, for observers of progress rather than packets; called when all received packets are processed,
    /// and several times a second while none come.
    fn pulse(&mut self, _at: Instant, _machine: &dyn Machine) {}

    /// Handles a pause: the loop of a server is about to wait for packets. Called several times a second while none come,
    /// and once before the server ends.
    fn rest(&mut self, _at: Instant) {}

    /// Whether records have any use now; if not, they need not be made.
    fn is_listening(&self) -> bool {
        true
    }

    /// Whether records of packets have any use now. There are more of them than of all other kinds, so a busy server does
    /// not make those that nobody wants.
    fn wants_packets(&self) -> bool {
        self.is_listening()
    }
}

/// The observers of one transfer; without any, a notification costs one comparison.
#[derive(Default)]
pub struct Observers<'a>(Vec<&'a mut dyn Observer>);

impl<'a> Observers<'a> {
    /// Creates a list without observers.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds an observer, which is notified after the earlier ones.
    pub fn add(&mut self, observer: &'a mut dyn Observer) {
        self.0.push(observer);
    }

    /// Whether any observer listens.
    pub fn is_observed(&self) -> bool {
        self.0.iter().any(|observer| observer.is_listening())
    }

    /// Whether any observer wants records of packets.
    pub fn want_packets(&self) -> bool {
        self.0.iter().any(|observer| observer.wants_packets())
    }

    /// Notifies all observers of a record.
    pub fn notify(&mut self, record: &Record<'_>) {
        for observer in &mut self.0 {
            observer.observe(record);
        }
    }

    /// Passes a [pulse](Observer::pulse) to all observers.
    pub fn pulse(&mut self, at: Instant, machine: &dyn Machine) {
        for observer in &mut self.0 {
            observer.pulse(at, machine);
        }
    }

    /// Tells all observers of a [pause](Observer::rest).
    pub fn rest(&mut self, at: Instant) {
        for observer in &mut self.0 {
            observer.rest(at);
        }
    }
}

impl Observer for Observers<'_> {
    fn observe(&mut self, record: &Record<'_>) {
        self.notify(record);
    }

    fn pulse(&mut self, at: Instant, machine: &dyn Machine) {
        Observers::pulse(self, at, machine);
    }

    fn rest(&mut self, at: Instant) {
        Observers::rest(self, at);
    }

    fn is_listening(&self) -> bool {
        self.is_observed()
    }

    fn wants_packets(&self) -> bool {
        self.want_packets()
    }
}
