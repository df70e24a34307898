use std::net::SocketAddr;
use std::time::Instant;

use crate::event::{Crossing, Direction, Fate, Observers, Record, RecordKind};
use crate::fault::Hit;

/// The observers of a transfer, with what all its records have.
pub(crate) struct Reporter<'a, 'o> {
    pub(crate) observers: &'a mut Observers<'o>,
    /// The number of the transfer.
    pub(crate) transfer: u64,
    /// Our transfer id.
    pub(crate) local: SocketAddr,
}

impl<'o> Reporter<'_, 'o> {
    /// Lends it.
    pub(super) fn lend(&mut self) -> Reporter<'_, 'o> {
        Reporter { observers: self.observers, transfer: self.transfer, local: self.local }
    }

    pub(crate) fn notify(&mut self, kind: RecordKind<'_>) {
        if self.observers.is_observed() {
            self.observers.notify(&Record { at: Instant::now(), transfer: self.transfer, local: self.local, kind });
        }
    }

    pub(super) fn packet(&mut self, direction: Direction, peer: SocketAddr, datagram: &[u8], lost: bool) {
        self.hit(direction, peer, datagram, lost, &[]);
    }

    /// Notifies of a packet that these rules hit.
    pub(super) fn hit(&mut self, direction: Direction, peer: SocketAddr, datagram: &[u8], lost: bool, hits: &[Hit]) {
        let fate = Fate { lost, hits, ..Fate::default() };
        self.notify(RecordKind::Packet(Crossing { direction, peer, datagram, fate }));
    }
}
