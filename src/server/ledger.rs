use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::Policy;
use super::log::LoggedRequest;
use crate::net::Key;
use crate::wire::{BlockSize, Limits};

/// Bytes of all windows up to which each transfer gets the window it asks for.
const AMPLE: usize = 16 << 20;
/// Bytes of a window after that: a thousand transfers take 16 MiB.
const FRUGAL: u32 = 16 << 10;

/// The most openings of an address that is not proven: requests that were answered, and whose client acknowledged no DATA.
pub(super) const OPENINGS: usize = 16;
/// How long an opening keeps its place when others want it: more than the round trip of any usual path.
pub(super) const GRACE: Duration = Duration::from_secs(1);
/// How long an address stays proven after its last transfer.
const PROOF: Duration = Duration::from_secs(60);
/// The most addresses that are remembered without a transfer: more of them must prove themselves again.
const REMEMBERED: usize = 4096;

/// The transfers of a server. No look-up reads them all: forged requests must cost little.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: HashMap<Key, Entry>,
    clients: HashMap<SocketAddr, Vec<Key>>,
    sources: HashMap<IpAddr, Source>,
    all: Group,
    /// Bytes of all windows.
    windows: usize,
}

/// One transfer.
#[derive(Debug)]
pub(super) struct Entry {
    /// The number of the transfer.
    pub(super) number: u64,
    pub(super) client: SocketAddr,
    /// The datagram of the request.
    pub(super) request: Box<[u8]>,
    pub(super) logged: LoggedRequest,
    /// Length of its window in memory, in bytes.
    pub(super) window: usize,
    pub(super) begun: Instant,
    pub(super) stage: Stage,
}

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The client has acknowledged no DATA and sent none: its address may be forged. The transfer is another one for the
    /// request of `restarts`, which ends as soon as this one goes on.
    Opening {
        restarts: Option<Key>,
    },
    Running,
    /// The file was safe at this time; since then the transfer only dallies.
    Complete(Instant),
}

/// Transfers that share limits: all of them, or those with one address.
#[derive(Debug, Default)]
struct Group {
    transfers: usize,
    /// In the order of their beginnings.
    openings: BTreeSet<Key>,
    /// In the order of their ends.
    dallying: BTreeSet<(Instant, Key)>,
}

/// The room for one more transfer.
pub(super) enum Room {
    Free,
    InsteadOf(Key),
    /// At this time a place may be taken, or earlier.
    Later(Instant),
    Full,
}

/// An address.
#[derive(Debug, Default)]
struct Source {
    group: Group,
    /// When it last was seen to answer.
    proven: Option<Instant>,
}

impl Ledger {
    /// Returns the unfinished transfers that answer this same request; the client or the network repeated it.
    pub(super) fn same(&self, client: SocketAddr, request: &[u8]) -> impl Iterator<Item = (Key, &Entry)> {
        let keys = self.clients.get(&client).into_iter().flatten();
        let entries = keys.filter_map(|key| Some((*key, self.entries.get(key)?)));
        entries.filter(move |(_, it)| *it.request == *request && it.is_live())
    }

    /// Returns the room for one more transfer with an address.
    pub(super) fn room(&self, now: Instant, source: IpAddr, policy: &Policy) -> Room {
        match self.sources.get(&source) {
            Some(Source { group, .. }) if group.transfers >= policy.max_per_source => self.among(group, now),
            Some(source) if source.group.openings.len() >= OPENINGS && !source.is_proven(now) => {
                self.among(&source.group, now)
            }
            _ => self.room_of_all(now, policy),
        }
    }

    /// Returns the room for one more transfer with an address that has few.
    pub(super) fn room_of_all(&self, now: Instant, policy: &Policy) -> Room {
        if self.all.transfers < policy.max_transfers { Room::Free } else { self.among(&self.all, now) }
    }

    /// Finds the place that a transfer of a full group must give up.
    fn among(&self, group: &Group, now: Instant) -> Room {
        if let Some((_, key)) = group.dallying.first() {
            return Room::InsteadOf(*key);
        }
        let oldest = group.openings.first().and_then(|key| Some((*key, self.begun(*key)? + GRACE)));
        match oldest {
            Some((key, end)) if end <= now => Room::InsteadOf(key),
            Some((_, end)) => Room::Later(end),
            None => Room::Full,
        }
    }

    /// Whether an address answered in the last minute, or still does.
    pub(super) fn is_proven(&self, source: IpAddr, now: Instant) -> bool {
        self.sources.get(&source).is_some_and(|it| it.is_proven(now))
    }

    /// Returns when a transfer began.
    pub(super) fn begun(&self, key: Key) -> Option<Instant> {
        self.entries.get(&key).map(|it| it.begun)
    }

    /// Reduces the limits of one more transfer if the windows of the others take much memory.
    pub(super) fn afford(&self, limits: Limits) -> Limits {
        if self.windows < AMPLE {
            return limits;
        }
        let blksize = limits.blksize.min(BlockSize::new(FRUGAL.into()).unwrap_or_default());
        Limits { blksize, window_bytes: limits.window_bytes.min(FRUGAL), ..limits }
    }

    pub(super) fn enter(&mut self, key: Key, entry: Entry) {
        self.windows += entry.window;
        self.clients.entry(entry.client).or_default().push(key);
        self.sources.entry(entry.client.ip()).or_default().group.add(key, entry.stage);
        self.all.add(key, entry.stage);
        self.entries.insert(key, entry);
    }

    /// Notes that the client of a transfer answers. Returns the transfer that it restarts.
    pub(super) fn prove(&mut self, key: Key, now: Instant) -> Option<Key> {
        let Stage::Opening { restarts } = self.entries.get(&key)?.stage else { return None };
        self.change(key, Stage::Running, now);
        restarts.filter(|old| self.entries.contains_key(old))
    }

    /// Notes that the file of a transfer is safe.
    pub(super) fn complete(&mut self, key: Key, now: Instant) -> Option<&Entry> {
        self.change(key, Stage::Complete(now), now);
        self.entries.get(&key)
    }

    pub(super) fn leave(&mut self, key: Key, now: Instant) -> Option<Entry> {
        let entry = self.entries.remove(&key)?;
        self.windows -= entry.window;
        self.all.remove(key, entry.stage);
        if let Some(keys) = self.clients.get_mut(&entry.client) {
            keys.retain(|it| *it != key);
            if keys.is_empty() {
                self.clients.remove(&entry.client);
            }
        }
        if let Some(source) = self.sources.get_mut(&entry.client.ip()) {
            source.group.remove(key, entry.stage);
            if !matches!(entry.stage, Stage::Opening { .. }) {
                source.proven = Some(now);
            }
        }
        self.forget_sources(entry.client.ip(), now);
        Some(entry)
    }

    /// Returns the transfers whose file is not complete.
    pub(super) fn running(&self) -> impl Iterator<Item = (Key, &Entry)> {
        self.entries.iter().filter(|(_, entry)| entry.is_live()).map(|(key, entry)| (*key, entry))
    }

    fn change(&mut self, key: Key, stage: Stage, now: Instant) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let source = self.sources.entry(entry.client.ip()).or_default();
        source.proven = Some(now);
        for group in [&mut source.group, &mut self.all] {
            group.remove(key, entry.stage);
            group.add(key, stage);
        }
        entry.stage = stage;
    }

    /// Forgets an address that has neither a transfer nor a proof, and others if there are many.
    fn forget_sources(&mut self, of: IpAddr, now: Instant) {
        let has_use = |it: &Source| it.group.transfers > 0 || it.is_proven(now);
        if self.sources.get(&of).is_some_and(|it| !has_use(it)) {
            self.sources.remove(&of);
        }
        if self.sources.len() > REMEMBERED + self.all.transfers {
            self.sources.retain(|_, it| has_use(it));
            if self.sources.len() > REMEMBERED / 2 + self.all.transfers {
                self.sources.retain(|_, it| it.group.transfers > 0);
            }
        }
    }
}

impl Entry {
    /// Whether its file is not complete.
    pub(super) fn is_live(&self) -> bool {
        !matches!(self.stage, Stage::Complete(_))
    }

    pub(super) fn is_opening(&self) -> bool {
        matches!(self.stage, Stage::Opening { .. })
    }
}

impl Group {
    fn add(&mut self, key: Key, stage: Stage) {
        self.transfers += 1;
        match stage {
            Stage::Opening { .. } => self.openings.insert(key),
            Stage::Running => false,
            Stage::Complete(at) => self.dallying.insert((at, key)),
        };
    }

    fn remove(&mut self, key: Key, stage: Stage) {
        self.transfers -= 1;
        match stage {
            Stage::Opening { .. } => self.openings.remove(&key),
            Stage::Running => false,
            Stage::Complete(at) => self.dallying.remove(&(at, key)),
        };
    }
}

impl Source {
    fn is_proven(&self, now: Instant) -> bool {
        let answers = self.group.transfers > self.group.openings.len();
        answers || self.proven.is_some_and(|at| now.saturating_duration_since(at) < PROOF)
    }
}
