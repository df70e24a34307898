use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::notice::Key;
use crate::net::listener::{Envelope, Listener};

/// The sockets that receive requests, and the transfers that share their ports.
#[derive(Default)]
pub(crate) struct Listeners {
    all: Vec<Listening>,
    /// The sharing transfers, so that those with one peer are neighbours.
    sharing: BTreeMap<Place, Key>,
}

/// A socket that receives requests.
struct Listening {
    key: Key,
    listener: Listener,
    /// Whether everything that had arrived by the last wait is read.
    is_read: bool,
}

/// What tells a transfer apart from the others at a shared port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Index of the listening socket.
    pub(super) listener: usize,
    peer: SocketAddr,
    /// The address that the peer asked.
    asked: IpAddr,
}

impl Place {
    /// Returns the place of the transfer that this datagram begins or belongs to.
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
    pub(super) fn enter(&mut self, place: Place, key: Key) {
        self.sharing.insert(place, key);
    }

    /// Ends the sharing of a port, unless another transfer has this place now.
    pub(super) fn leave(&mut self, place: Place, key: Key) {
        if self.owner(place) == Some(key) {
            self.sharing.remove(&place);
        }
    }

    /// Returns the transfer with this place.
    pub(super) fn owner(&self, place: Place) -> Option<Key> {
        self.sharing.get(&place).copied()
    }

    /// Returns all transfers with this peer: a report about it does not say which of them it concerns.
    pub(super) fn with_peer(&self, listener: usize, peer: SocketAddr) -> Vec<Key> {
        let [least, most] = [IpAddr::V4(Ipv4Addr::UNSPECIFIED), IpAddr::V6(Ipv6Addr::from_bits(u128::MAX))]
            .map(|asked| Place { listener, peer, asked });
        self.sharing.range(least..=most).map(|(_, key)| *key).collect()
    }
}
