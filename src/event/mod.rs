//! What happened, for whoever watches: one stream of records, from which every trace is made.
//!
//! The loops in [`net`](crate::net) tell each datagram and each machine event once, in order. Nothing else prints
//! packets.

use std::net::SocketAddr;
use std::time::Instant;

use crate::transfer::{Event, Failure, Machine, Report};

/// One thing that happened in a transfer.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// When.
    pub at: Instant,
    /// This side's address; its port is our transfer id.
    pub local: SocketAddr,
    /// What.
    pub what: What<'a>,
}

/// The kinds of records.
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    /// A transfer begins.
    Begin,
    /// A datagram went out or came in.
    Packet {
        /// Which way.
        direction: Direction,
        /// The other side.
        peer: SocketAddr,
        /// All of it, unchecked.
        datagram: &'a [u8],
    },
    /// The machine told something beside the packets.
    Machine(&'a Event),
    /// The transfer ended.
    End(Result<&'a Report, &'a Failure>),
}

/// Which way a datagram went, seen from this side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From here to the peer.
    Sent,
    /// From the peer to here.
    Received,
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
pub struct Watch<'a> {
    observers: Vec<&'a mut dyn Observer>,
}

impl<'a> Watch<'a> {
    /// Nobody watches.
    pub fn nobody() -> Self {
        Self::default()
    }

    /// Adds an observer, to be told after those already there.
    pub fn add(&mut self, observer: &'a mut dyn Observer) {
        self.observers.push(observer);
    }

    /// Whether anybody watches.
    pub fn is_watched(&self) -> bool {
        !self.observers.is_empty()
    }

    /// Tells everybody.
    pub fn tell(&mut self, record: &Record<'_>) {
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
