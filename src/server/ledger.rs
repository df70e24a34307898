use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::Policy;
use super::log::LoggedRequest;
use crate::net::Key;
use crate::wire::{BlockSize, Limits};

/// Octets of windows up to which each transfer gets what it asks for.
const AMPLE: usize = 16 << 20;
/// Octets of a window that a transfer gets behind that: a thousand of them take 16 MiB.
const FRUGAL: u32 = 16 << 10;

/// The transfers a server has, by what they answer.
///
/// Questions look at all entries: they are few, and asked once for a request.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: HashMap<Key, Entry>,
}

/// One transfer.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) client: SocketAddr,
    /// All of the request, as it came.
    pub(super) request: Box<[u8]>,
    pub(super) logged: LoggedRequest,
    /// Our transfer id.
    pub(super) local: SocketAddr,
    /// Octets of a window that is kept for it.
    pub(super) window: usize,
    /// When the file was safe; from then on it only dallies.
    pub(super) complete: Option<Instant>,
}

/// Whether one more transfer may begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Room {
    Free,
    /// When this one goes, which only dallies.
    InsteadOf(Key),
    Full,
}

impl Ledger {
    /// Whether this very request is being answered: the client, or the network, repeated it.
    pub(super) fn is_doubled(&self, client: SocketAddr, request: &[u8]) -> bool {
        self.live().any(|entry| entry.client == client && *entry.request == *request)
    }

    pub(super) fn room(&self, source: IpAddr, policy: &Policy) -> Room {
        let here = self.entries.values().filter(|entry| entry.client.ip() == source).count();
        let (of_source, of_all) = (here >= policy.max_per_source, self.entries.len() >= policy.max_transfers);
        if !of_source && !of_all {
            return Room::Free;
        }
        let dallying = self.entries.iter().filter(|(_, entry)| !of_source || entry.client.ip() == source);
        let longest = dallying.filter_map(|(key, entry)| Some((entry.complete?, *key))).min();
        longest.map_or(Room::Full, |(_, key)| Room::InsteadOf(key))
    }

    /// What one more transfer may have of `limits`, so that the windows of all of them fit into memory: those that find
    /// much of it taken get little.
    pub(super) fn afford(&self, limits: Limits) -> Limits {
        let taken: usize = self.entries.values().map(|entry| entry.window).sum();
        if taken < AMPLE {
            return limits;
        }
        let blksize = limits.blksize.min(BlockSize::new(FRUGAL.into()).unwrap_or_default());
        Limits { blksize, window_bytes: limits.window_bytes.min(FRUGAL), ..limits }
    }

    pub(super) fn enter(&mut self, key: Key, entry: Entry) {
        self.entries.insert(key, entry);
    }

    pub(super) fn complete(&mut self, key: Key) -> Option<&Entry> {
        let entry = self.entries.get_mut(&key)?;
        entry.complete = Some(Instant::now());
        Some(entry)
    }

    pub(super) fn leave(&mut self, key: Key) -> Option<Entry> {
        self.entries.remove(&key)
    }

    /// Those whose file is still on its way.
    pub(super) fn live(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(|entry| entry.complete.is_none())
    }
}
