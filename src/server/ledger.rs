use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

use super::Policy;
use super::log::LoggedRequest;
use crate::net::Key;
use crate::wire::{BlockSize, Limits};

/// Bytes of all windows up to which each transfer gets the window it asks for.
const AMPLE: usize = 16 << 20;
/// Bytes of a window after that: a thousand transfers take 16 MiB.
const FRUGAL: u32 = 16 << 10;

/// The transfers of a server.
///
/// Look-ups read all entries: there are few, and each request needs only one look-up.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: HashMap<Key, Entry>,
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
    /// When the file was safe; since then it only dallies.
    pub(super) complete: Option<Instant>,
}

/// The answer to whether one more transfer may begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Capacity {
    Free,
    /// If this transfer ends, which only dallies.
    InsteadOf(Key),
    Full,
}

impl Ledger {
    /// Returns the number of the transfer that already answers this same request: the client or the network repeated it.
    pub(super) fn doubled(&self, client: SocketAddr, request: &[u8]) -> Option<u64> {
        let mut running = self.running().map(|(_, entry)| entry);
        running.find(|entry| entry.client == client && *entry.request == *request).map(|entry| entry.number)
    }

    /// Returns whether one more transfer with this address may begin.
    pub(super) fn capacity(&self, source: IpAddr, policy: &Policy) -> Capacity {
        let here = self.entries.values().filter(|entry| entry.client.ip() == source).count();
        let (of_source, of_all) = (here >= policy.max_per_source, self.entries.len() >= policy.max_transfers);
        if !of_source && !of_all {
            return Capacity::Free;
        }
        let dallying = self.entries.iter().filter(|(_, entry)| !of_source || entry.client.ip() == source);
        let longest = dallying.filter_map(|(key, entry)| Some((entry.complete?, *key))).min();
        longest.map_or(Capacity::Full, |(_, key)| Capacity::InsteadOf(key))
    }

    /// Reduces the limits of one more transfer if the windows of the others take much memory.
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

    /// Returns the transfers whose file is not complete.
    pub(super) fn running(&self) -> impl Iterator<Item = (Key, &Entry)> {
        self.entries.iter().filter(|(_, entry)| entry.complete.is_none()).map(|(key, entry)| (*key, entry))
    }
}
