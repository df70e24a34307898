use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Instant;

use thiserror::Error;

use crate::transfer::{Abort, Delivery, Event, Machine, Output, Receiving, Sending, Stats};
use crate::wire::Terms;

/// A mistake old clients made, for `client bug NAME`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClientBug {
    /// It takes packets from any port of the server, and answers where the last one came from (RFC 1350 section 4).
    NoTid,
    /// It leaves as soon as the file is whole, and never repeats its last ACK (RFC 1350 section 6).
    NoDally,
}

impl ClientBug {
    /// Both.
    pub const ALL: [Self; 2] = [Self::NoTid, Self::NoDally];

    /// The word behind `client bug`.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoTid => "no-tid",
            Self::NoDally => "no-dally",
        }
    }

    /// What it does, in one line.
    pub fn brief(self) -> &'static str {
        match self {
            Self::NoTid => "takes packets from any port of the server",
            Self::NoDally => "leaves at once, and never repeats its last ACK",
        }
    }

    /// The section that says what would be right.
    pub fn section(self) -> &'static str {
        match self {
            Self::NoTid => "RFC 1350 section 4",
            Self::NoDally => "RFC 1350 section 6",
        }
    }
}

impl Display for ClientBug {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ClientBug {
    type Err = UnknownClientBug;

    fn from_str(word: &str) -> Result<Self, UnknownClientBug> {
        Self::ALL.into_iter().find(|bug| word.eq_ignore_ascii_case(bug.name())).ok_or(UnknownClientBug)
    }
}

/// No bug of the client has this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no bug of the client has this name: no-tid, no-dally, off")]
pub struct UnknownClientBug;

/// A client's machine that makes one of the historic mistakes; the machine inside stays honest.
#[derive(Debug)]
pub struct BuggyClient<M> {
    machine: M,
    bug: ClientBug,
    /// The transfer id the machine believes in, and the port that spoke last.
    tid: Option<SocketAddr>,
    last: Option<SocketAddr>,
    complete: bool,
}

impl<M: Machine> BuggyClient<M> {
    /// Makes a client's machine wrong.
    pub fn new(machine: M, bug: ClientBug) -> Self {
        Self { machine, bug, tid: None, last: None, complete: false }
    }
}

impl<M: Machine> Machine for BuggyClient<M> {
    fn datagram(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let believed = match self.tid {
            Some(tid) if self.bug == ClientBug::NoTid && tid.ip() == from.ip() => {
                self.last = Some(from);
                tid
            }
            _ => from,
        };
        self.machine.datagram(now, believed, datagram);
    }

    fn unreachable(&mut self, now: Instant, to: SocketAddr) {
        self.machine.unreachable(now, to);
    }

    fn tick(&mut self, now: Instant) {
        self.machine.tick(now);
    }

    fn abort(&mut self, now: Instant, reason: Abort) {
        self.machine.abort(now, reason);
    }

    fn poll(&mut self) -> Output<'_> {
        if self.complete && self.bug == ClientBug::NoDally {
            return Output::Done;
        }
        match self.machine.poll() {
            Output::Transmit { to, datagrams, stride } => {
                Output::Transmit { to: self.last.unwrap_or(to), datagrams, stride }
            }
            Output::Event(Event::Locked(tid)) => {
                self.tid = Some(tid);
                Output::Event(Event::Locked(tid))
            }
            Output::Complete(report) => {
                self.complete = true;
                Output::Complete(report)
            }
            other => other,
        }
    }

    fn stats(&self) -> Stats {
        self.machine.stats()
    }

    fn terms(&self) -> Terms {
        self.machine.terms()
    }
}

impl<M: Sending> Sending for BuggyClient<M> {
    fn space(&mut self) -> Option<&mut [u8]> {
        self.machine.space()
    }

    fn filled(&mut self, now: Instant, length: usize) {
        self.machine.filled(now, length);
    }
}

impl<M: Receiving> Receiving for BuggyClient<M> {
    fn delivery(&mut self) -> Option<Delivery> {
        self.machine.delivery()
    }

    fn committed(&mut self, now: Instant) {
        self.machine.committed(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bugs_are_found_by_name() {
        for bug in ClientBug::ALL {
            assert_eq!(bug.name().to_uppercase().parse(), Ok(bug));
            assert!(!bug.brief().is_empty() && bug.section().starts_with("RFC"));
        }
        assert_eq!("off".parse::<ClientBug>(), Err(UnknownClientBug));
    }
}
