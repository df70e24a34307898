use std::net::SocketAddr;
use std::time::Instant;

use crate::event::{Crossing, Direction, Fate, Observers, Record, RecordKind};
use crate::fault::Hit;

/// The observers of a transfer, with the local address for their records.
pub(super) struct Reporter<'a, 'o> {
    pub(super) observers: &'a mut Observers<'o>,
    pub(super) local: SocketAddr,
}

impl Reporter<'_, '_> {
    pub(super) fn notify(&mut self, kind: RecordKind<'_>) {
        if self.observers.is_observed() {
            self.observers.notify(&Record { at: Instant::now(), local: self.local, kind });
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
