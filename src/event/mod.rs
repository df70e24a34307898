//! The one stream of what happened: a [`Record`] for each packet, each event of a machine, and the beginning and end of a
//! transfer.
//!
//! ```text
//! loops in net, at either end --Record--> Observers --> Observer: classic trace, progress, log
//!                                                  '--> analysis::Analyser --Annotated--> every other view
//! ```
//!
//! The loops notify observers of each datagram and each event once, in order. Nothing else prints packets.
//!
//! ```
//! use tftpsh::event::{Observer, Record, RecordKind};
//! use tftpsh::{Client, MemoryStore, Server};
//!
//! /// Counts packets, lost ones too.
//! struct Count(usize);
//!
//! impl Observer for Count {
//!     fn observe(&mut self, record: &Record<'_>) {
//!         self.0 += usize::from(matches!(record.kind, RecordKind::Packet { .. }));
//!     }
//! }
//!
//! let server = Server::builder(MemoryStore::from([("a", "a")])).bind("127.0.0.1:0")?.spawn()?;
//! let mut count = Count(0);
//! Client::to(server.address()).observer(&mut count).get("a", std::io::sink())?;
//! assert_eq!(count.0, 5, "RRQ, OACK, ACK, DATA, ACK");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

pub use crate::wire::Direction;

use crate::fault::Hit;
use crate::transfer::{Event, Failure, Machine, Report};
use crate::wire::{Mode, RequestKind};

/// One thing that happened in a transfer.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// When.
    pub at: Instant,
    /// This side's address; its port is our transfer id.
    pub local: SocketAddr,
    /// What.
    pub kind: RecordKind<'a>,
}

/// The kinds of records.
#[derive(Debug, Clone, Copy)]
pub enum RecordKind<'a> {
    /// A transfer begins; told once, also where a request without options follows one with them.
    Begin(Begin<'a>),
    /// A datagram went out or came in.
    Packet {
        /// Which way.
        direction: Direction,
        /// The other side.
        peer: SocketAddr,
        /// All of it, unchecked.
        datagram: &'a [u8],
        /// It did not reach the other side: a fault took it, or the way there failed. A received one that is lost
        /// never reached the machine.
        lost: bool,
    },
    /// A rule of the session meddles with the packet told next; one packet may be hit by several.
    Fault(Hit),
    /// The machine told something beside the packets.
    Machine(&'a Event),
    /// The SHA-256 of the local file in hexadecimal digits, right before the end of a transfer that computed it.
    Digest(&'a str),
    /// The transfer ended.
    End(Result<&'a Report, &'a Failure>),
}

/// What is known before the first packet, or from it.
#[derive(Debug, Clone, Copy)]
pub struct Begin<'a> {
    /// The clock on the wall, read once; every later moment is told by how much passed since.
    pub wall: SystemTime,
    /// The server as the user named it; for a server, the client's address.
    pub host: &'a str,
    /// Where the request goes or comes from.
    pub peer: SocketAddr,
    /// Which way the file goes.
    pub kind: RequestKind,
    /// The file's name on the server.
    pub filename: &'a [u8],
    /// `None` where the request names an unknown mode.
    pub mode: Option<Mode>,
    /// Time without progress after which the transfer is given up.
    pub timeout: Duration,
}

/// Watches transfers.
pub trait Observer {
    /// Called once for every record, in order.
    fn observe(&mut self, record: &Record<'_>);

    /// Called whenever everything that came is worked through, and several times a second while nothing comes: for
    /// whoever wants to know how far the transfer is, and not each packet.
    fn pulse(&mut self, _at: Instant, _machine: &dyn Machine) {}
}

/// The observers of one transfer; with none, telling costs one comparison.
#[derive(Default)]
pub struct Observers<'a> {
    observers: Vec<&'a mut dyn Observer>,
}

impl<'a> Observers<'a> {
    /// Nobody watches.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds an observer, to be told after those already there.
    pub fn add(&mut self, observer: &'a mut dyn Observer) {
        self.observers.push(observer);
    }

    /// Whether anybody watches.
    pub fn is_observed(&self) -> bool {
        !self.observers.is_empty()
    }

    /// Tells everybody.
    pub fn notify(&mut self, record: &Record<'_>) {
        for observer in &mut self.observers {
            observer.observe(record);
        }
    }

    /// See [`Observer::pulse`].
    pub fn pulse(&mut self, at: Instant, machine: &dyn Machine) {
        for observer in &mut self.observers {
            observer.pulse(at, machine);
        }
    }
}
