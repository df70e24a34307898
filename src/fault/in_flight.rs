use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{Action, Fate, Held, Hit, Judgement, Origin};
use crate::wire::Direction;

/// A packet between a machine and its socket, with its fate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// Its number among the received packets of its link; 0 if it was sent.
    pub id: u64,
    /// Whether it goes to the peer or to this side.
    pub direction: Direction,
    /// The other side.
    pub peer: SocketAddr,
    /// Who made it.
    pub origin: Origin,
    /// Its bytes before any rule.
    pub datagram: Vec<u8>,
    /// When it came: a sent one from the machine, a received one from the socket.
    pub since: Instant,
    pub(super) lost: bool,
    pub(super) held: Option<Held>,
    altered: Option<Vec<u8>>,
    hits: Vec<Hit>,
}

impl InFlight {
    /// Lists what a judgement makes of a packet: one that is lost too, and its copies.
    pub(super) fn list(
        since: Instant,
        direction: Direction,
        peer: SocketAddr,
        datagram: &[u8],
        judgement: Judgement<'_>,
    ) -> Vec<Self> {
        let (lost, bytes) = (judgement.copies == 0, judgement.datagram);
        let altered = (*bytes != *datagram).then(|| bytes.into_owned());
        let by_stray = |hit: &Hit| !lost && hit.action == Action::Stranger;
        let (of_stray, of_original): (Vec<_>, _) = judgement.hits.into_iter().partition(by_stray);
        let make = |origin, hits| {
            let (datagram, altered) = (datagram.to_vec(), altered.clone());
            Self { id: 0, direction, peer, origin, datagram, since, lost, held: None, altered, hits }
        };
        let stray = (judgement.stranger && !lost).then(|| make(Origin::Stray, of_stray));
        let copies = (1..judgement.copies).map(|_| make(Origin::Copy, Vec::new()));
        stray.into_iter().chain([make(Origin::Machine, of_original)]).chain(copies).collect()
    }

    /// Makes a packet that a bug sends from another port.
    pub(super) fn stray(since: Instant, peer: SocketAddr, datagram: Vec<u8>) -> Self {
        let (direction, origin) = (Direction::Sent, Origin::Stray);
        let (lost, hits) = (false, Vec::new());
        Self { id: 0, direction, peer, origin, datagram, since, lost, held: None, altered: None, hits }
    }

    /// Returns the bytes after the rules: what leaves, or what the machine gets.
    pub fn bytes(&self) -> &[u8] {
        self.altered.as_deref().unwrap_or(&self.datagram)
    }

    /// Whether it never arrives.
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Returns what happened to it.
    pub fn fate(&self) -> Fate<'_> {
        let Self { lost, origin, held, .. } = *self;
        Fate { lost, origin, held, altered: self.altered.as_deref(), hits: &self.hits }
    }

    /// Returns the number and the length of the wait of a received packet that a rule held.
    pub fn waited(&self, now: Instant) -> Option<(u64, Duration)> {
        match self.held {
            Some(Held::Waits(number)) => Some((number, now.saturating_duration_since(self.since))),
            Some(Held::Left(_)) | None => None,
        }
    }
}
