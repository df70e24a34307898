use std::net::SocketAddr;
use std::time::Instant;

use crate::transfer::{Abort, Delivery, Event, Machine, Output, Receiving, Sending, Stats, Unacknowledged};
use crate::wire::Terms;

bugs! {
    /// A mistake of old clients, for `client bug NAME`.
    ClientBug {
        /// It accepts packets from any port of the server and answers to the port of the last one (RFC 1350 section 4).
        NoTid = "no-tid", "accepts packets from any port of the server", "RFC 1350 section 4",
        /// It stops as soon as the file is complete and never repeats its last ACK (RFC 1350 section 6).
        NoDally = "no-dally", "stops immediately and never repeats its last ACK", "RFC 1350 section 6",
    }
}

/// A client's machine with one of the historic bugs, around a correct machine.
#[derive(Debug)]
pub struct BuggyClient<M> {
    machine: M,
    bug: ClientBug,
    /// The transfer id that the machine knows, and the address of the last packet.
    tid: Option<SocketAddr>,
    last: Option<SocketAddr>,
    complete: bool,
}

impl<M: Machine> BuggyClient<M> {
    /// Adds the bug to a client's machine.
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

    fn unacknowledged(&self) -> Unacknowledged {
        self.machine.unacknowledged()
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
    fn both_bugs_say_what_they_do() {
        for bug in ClientBug::ALL {
            assert!(!bug.brief().is_empty() && bug.section().starts_with("RFC"));
        }
    }
}
