use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::notice::Key;
use crate::net::listener::{Envelope, Listener};

/// The sockets that receive requests, and the transfers that share their ports.
#[derive(Default)]
pub(crate) struct Listeners {
    all: Vec<Listening>,
    /// The sharing transfers, so that those with one peer are neighbours.
    sharing: BTreeMap<Flow, Key>,
}

/// A socket that receives requests.
struct Listening {
    key: Key,
    listener: Listener,
    /// Whether everything that had arrived by the last wait is read.
    is_read: bool,
}

/// The packets between a shared port and one peer: they belong to one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Flow {
    /// Index of the listening socket.
    pub(super) listener: usize,
    peer: SocketAddr,
    /// The address that the peer asked.
    asked: IpAddr,
}

impl Flow {
    /// Returns the flow that this datagram begins or belongs to.
    pub(super) fn of(listener: usize, envelope: &Envelope) -> Self {
        Self { listener, peer: envelope.from, asked: envelope.to.ip() }
    }
}

impl Listeners {
    /// Adds one; returns its index.
    pub(super) fn add(&mut self, key: Key, listener: Listener) -> usize {
        self.all.push(Listening { key, listener, is_read: true });
        self.all.len() - 1
    }

    /// Returns the listening socket with this index.
    pub(crate) fn get_mut(&mut self, index: usize) -> Option<&mut Listener> {
        self.all.get_mut(index).map(|it| &mut it.listener)
    }

    /// Returns the index of the socket with this key.
    pub(super) fn find(&self, key: Key) -> Option<usize> {
        self.all.iter().position(|it| it.key == key)
    }

    /// Notes whether everything is read that had arrived by the last wait.
    pub(super) fn note(&mut self, index: usize, is_read: bool) {
        if let Some(it) = self.all.get_mut(index) {
            it.is_read = is_read;
        }
    }

    /// Whether everything is read that had arrived by the last wait.
    pub(super) fn is_read(&self, index: usize) -> bool {
        self.all.get(index).is_none_or(|it| it.is_read)
    }

    /// Begins to share a port.
    pub(super) fn enter(&mut self, flow: Flow, key: Key) {
        self.sharing.insert(flow, key);
    }

    /// Ends the sharing of a port, unless another transfer has this flow now.
    pub(super) fn leave(&mut self, flow: Flow, key: Key) {
        if self.owner(flow) == Some(key) {
            self.sharing.remove(&flow);
        }
    }

    /// Returns the transfer with this flow.
    pub(super) fn owner(&self, flow: Flow) -> Option<Key> {
        self.sharing.get(&flow).copied()
    }

    /// Returns all transfers with this peer: a report about it does not say which of them it concerns.
    pub(super) fn with_peer(&self, listener: usize, peer: SocketAddr) -> Vec<Key> {
        let [least, most] = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::from_bits(u128::MAX))]
            .map(|asked| Flow { listener, peer, asked });
        self.sharing.range(least..=most).map(|(_, key)| *key).collect()
    }
}
