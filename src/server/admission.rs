//! Who gets a transfer, and when. Reads no clock and touches no socket, so that tests attack it in virtual time.

use std::net::SocketAddr;
use std::time::Instant;

use super::Policy;
use super::allowance::Allowance;
use super::ledger::{Entry, GRACE, Ledger, Room};
use super::request_faults::Asked;
use super::waiting::{Waiting, WaitingRequest};
use crate::net::Key;
use crate::wire::Limits;

/// The most answers in a second to what is not a request for a file that may be asked for.
const EXPLANATIONS: u32 = 50;

/// Decides about requests, so that the real clients win over forged ones.
///
/// An address may be forged until DATA crosses in both directions; then it is proven for a minute. One that is not proven has
/// few openings at a time, and its other requests wait. As a real client answers soon, it frees the way for all that share
/// its address.
#[derive(Debug)]
pub(super) struct Admission {
    ledger: Ledger,
    waiting: Waiting,
    /// When a place may become free that a request waits for.
    due: Option<Instant>,
    explanations: Allowance,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    /// It begins a transfer.
    Begin(Predecessors),
    /// A transfer answers it already, or it waits already.
    Repeated,
    /// It waits, unanswered.
    Wait,
    /// It gets an ERROR: all places are taken by clients that answer.
    Refuse,
}

/// The transfers that end for a new one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Predecessors {
    /// The transfer that must make room, when the new one has begun: it dallies, or its client does not answer.
    pub(super) instead_of: Option<Key>,
    /// The transfer that the client began with the same request, and abandoned if it answers the new one.
    pub(super) restarts: Option<Key>,
}

impl Admission {
    pub(super) fn new() -> Self {
        let (ledger, waiting) = (Ledger::default(), Waiting::default());
        Self { ledger, waiting, due: None, explanations: Allowance::new(EXPLANATIONS, EXPLANATIONS) }
    }

    /// Returns the number of the transfer that this request repeats without another answer.
    pub(super) fn repeated(&self, client: SocketAddr, datagram: &[u8]) -> Option<u64> {
        let opening = self.ledger.same(client, datagram).find(|(_, it)| it.is_opening());
        opening.map(|(_, it)| it.number).or_else(|| self.waiting.same(client, datagram))
    }

    /// Returns the transfers that answer this same request.
    pub(super) fn answering(&self, client: SocketAddr, datagram: &[u8]) -> Vec<Key> {
        self.ledger.same(client, datagram).map(|(key, _)| key).collect()
    }

    /// Decides about a request that has arrived.
    pub(super) fn decide(&mut self, now: Instant, client: SocketAddr, datagram: &[u8], policy: &Policy) -> Decision {
        if !policy.answer_twice {
            if self.waiting.repeat(now, client, datagram) {
                return Decision::Repeated;
            }
            let mut restarts = None;
            for (key, entry) in self.ledger.same(client, datagram) {
                if entry.is_opening() {
                    return Decision::Repeated;
                }
                restarts = Some(key);
            }
            if restarts.is_some() {
                // A device that was switched off and on. A late copy of its first request looks the same; then it does not
                // answer, and the first transfer goes on.
                return Decision::Begin(Predecessors { instead_of: None, restarts });
            }
        }
        // First come, first served.
        if self.waiting.has(client.ip()) {
            return Decision::Wait;
        }
        self.ledger.room(now, client.ip(), policy).decision()
    }

    /// Adds a request that waits.
    pub(super) fn wait(&mut self, now: Instant, asked: Asked, datagram: &[u8]) {
        let proven = self.ledger.is_proven(asked.envelope.from.ip(), now);
        self.waiting.add(now, asked, datagram, proven);
        // At the latest; usually something happens before.
        self.look_at(now + GRACE);
    }

    /// Returns the next request that waits no longer, and what becomes of it.
    pub(super) fn next(&mut self, now: Instant, policy: &Policy) -> Option<(WaitingRequest, Decision)> {
        self.due.take_if(|due| *due <= now)?;
        let mut later = None;
        let Self { ledger, waiting, .. } = self;
        // If all places are taken by openings that still have their time, so are those of each address.
        let next = match ledger.room_of_all(now, policy) {
            Room::Later(time) => {
                later = Some(time);
                None
            }
            _ => waiting.take(now, |source| match ledger.room(now, source, policy) {
                Room::Later(time) => {
                    later = later.into_iter().chain([time]).min();
                    None
                }
                room => Some(room.decision()),
            }),
        };
        // With a request there may be another.
        self.due = next.as_ref().map(|_| now).or(later);
        next
    }

    /// Returns when [`next`](Self::next) may have a request.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether one more answer may go to an address for something else than a request that is served.
    pub(super) fn may_explain(&mut self, now: Instant) -> bool {
        self.explanations.take(now)
    }

    /// Reduces the limits of one more transfer if the windows of the others take much memory.
    pub(super) fn afford(&self, limits: Limits) -> Limits {
        self.ledger.afford(limits)
    }

    /// Notes that a transfer has begun.
    pub(super) fn enter(&mut self, key: Key, entry: Entry) {
        self.ledger.enter(key, entry);
    }

    /// Notes that the client of a transfer answers. Returns the transfer that ends, because this one is its restart.
    pub(super) fn prove(&mut self, now: Instant, key: Key) -> Option<Key> {
        self.look_at(now);
        self.ledger.prove(key, now)
    }

    /// Notes that the file of a transfer is safe.
    pub(super) fn complete(&mut self, now: Instant, key: Key) -> Option<&Entry> {
        self.look_at(now);
        self.ledger.complete(key, now)
    }

    /// Notes that a transfer is gone.
    pub(super) fn leave(&mut self, now: Instant, key: Key) -> Option<Entry> {
        self.look_at(now);
        self.ledger.leave(key, now)
    }

    /// Returns the transfers whose file is not complete.
    pub(super) fn running(&self) -> impl Iterator<Item = (Key, &Entry)> {
        self.ledger.running()
    }

    fn look_at(&mut self, time: Instant) {
        if !self.waiting.is_empty() {
            self.due = Some(self.due.map_or(time, |due| due.min(time)));
        }
    }
}

impl Room {
    fn decision(self) -> Decision {
        let begin = |instead_of| Decision::Begin(Predecessors { instead_of, restarts: None });
        match self {
            Self::Free => begin(None),
            Self::InsteadOf(key) => begin(Some(key)),
            Self::Later(_) => Decision::Wait,
            Self::Full => Decision::Refuse,
        }
    }
}

#[cfg(test)]
mod tests;
