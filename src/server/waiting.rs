use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::request_faults::Asked;

/// The most requests that wait. With their clients' time between two requests, this is the rate of forged ones from many
/// addresses that real ones survive.
const MOST: usize = 4096;
/// The most of them from one address.
const MOST_OF_SOURCE: usize = 512;
/// How long a request waits that is not repeated: its client asks again before, or is gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Requests that wait, unanswered, until there is a place for them.
///
/// Those from proven addresses are answered first, then those that were repeated: a client repeats its request, and a forger
/// makes another.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    requests: BTreeMap<Rank, WaitingRequest>,
    sources: HashMap<IpAddr, BTreeSet<Rank>>,
    clients: HashMap<SocketAddr, Vec<Rank>>,
}

/// A request that waits.
#[derive(Debug)]
pub(super) struct WaitingRequest {
    pub(super) asked: Asked,
    /// Its datagram.
    pub(super) datagram: Box<[u8]>,
    /// When it came the last time.
    latest: Instant,
}

/// The place of a request in the queue; the least one is the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    unproven: bool,
    times: Reverse<u32>,
    number: u64,
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Whether a request from this address waits.
    pub(super) fn has(&self, source: IpAddr) -> bool {
        self.sources.contains_key(&source)
    }

    /// Returns the number of the transfer of this same request, if it waits.
    pub(super) fn same(&self, client: SocketAddr, datagram: &[u8]) -> Option<u64> {
        self.find(client, datagram).map(|rank| rank.number)
    }

    /// Notes that a request came again. Returns whether it waits.
    pub(super) fn repeat(&mut self, now: Instant, client: SocketAddr, datagram: &[u8]) -> bool {
        let Some(rank) = self.find(client, datagram) else { return false };
        let Some(request) = self.remove(rank) else { return false };
        let times = Reverse(rank.times.0.saturating_add(1));
        self.insert(Rank { times, ..rank }, WaitingRequest { latest: now, ..request });
        true
    }

    /// Adds a request. When too many wait, the one is dropped that waits for the longest time and was never repeated.
    pub(super) fn add(&mut self, now: Instant, asked: Asked, datagram: &[u8], proven: bool) {
        let (source, number) = (asked.envelope.from.ip(), asked.number);
        let rank = Rank { unproven: !proven, times: Reverse(1), number };
        self.insert(rank, WaitingRequest { asked, datagram: datagram.into(), latest: now });
        let once = Rank { number: 0, ..rank };
        let of_source = self.sources.get(&source).filter(|ranks| ranks.len() > MOST_OF_SOURCE);
        let mut dropped = of_source.and_then(|ranks| ranks.range(once..).next()).copied();
        if self.requests.len() > MOST {
            dropped = dropped.or_else(|| self.requests.range(once..).next().map(|(rank, _)| *rank));
        }
        dropped.and_then(|rank| self.remove(rank));
    }

    /// Removes the first request from an address with room; returns it with what `room` said.
    pub(super) fn take<T>(
        &mut self,
        now: Instant,
        mut room: impl FnMut(IpAddr) -> Option<T>,
    ) -> Option<(WaitingRequest, T)> {
        let (mut crowded, mut gone) = (HashSet::new(), Vec::new());
        let mut first = None;
        for (rank, request) in &self.requests {
            let source = request.asked.envelope.from.ip();
            if now.saturating_duration_since(request.latest) >= PATIENCE {
                gone.push(*rank);
            } else if !crowded.contains(&source) {
                match room(source) {
                    Some(found) => {
                        first = Some((*rank, found));
                        break;
                    }
                    None => _ = crowded.insert(source),
                }
            }
        }
        for rank in gone {
            self.remove(rank);
        }
        let (rank, found) = first?;
        Some((self.remove(rank)?, found))
    }

    fn find(&self, client: SocketAddr, datagram: &[u8]) -> Option<Rank> {
        let is_same = |rank: &&Rank| self.requests.get(rank).is_some_and(|it| *it.datagram == *datagram);
        self.clients.get(&client)?.iter().find(is_same).copied()
    }

    fn insert(&mut self, rank: Rank, request: WaitingRequest) {
        let client = request.asked.envelope.from;
        self.sources.entry(client.ip()).or_default().insert(rank);
        self.clients.entry(client).or_default().push(rank);
        self.requests.insert(rank, request);
    }

    fn remove(&mut self, rank: Rank) -> Option<WaitingRequest> {
        let request = self.requests.remove(&rank)?;
        let client = request.asked.envelope.from;
        if let Some(ranks) = self.sources.get_mut(&client.ip()) {
            ranks.remove(&rank);
            if ranks.is_empty() {
                self.sources.remove(&client.ip());
            }
        }
        if let Some(ranks) = self.clients.get_mut(&client) {
            ranks.retain(|it| *it != rank);
            if ranks.is_empty() {
                self.clients.remove(&client);
            }
        }
        Some(request)
    }
}
