use std::net::SocketAddr;
use std::time::Instant;

use crate::event::{Crossing, Delivery, Direction, Observers, Record, RecordKind};
use crate::fault::Passage;
use crate::transfer::{Failure, Report, datagrams};

/// The observers of a transfer, with what all its records have.
pub(crate) struct Reporter<'a, 'o> {
    pub(crate) observers: &'a mut Observers<'o>,
    pub(crate) subject: &'a mut Subject,
}

/// A transfer, as its records know it.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Its number.
    transfer: u64,
    /// Our transfer id.
    pub(crate) local: SocketAddr,
    stage: Stage,
}

/// How far a transfer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    Ended,
    /// Packets crossed the socket since the end.
    Late,
}

impl Subject {
    pub(crate) fn new(transfer: u64, local: SocketAddr) -> Self {
        Self { transfer, local, stage: Stage::Running }
    }

    /// Makes the subject of a transfer that is over.
    pub(super) fn ended(transfer: u64, local: SocketAddr) -> Self {
        Self { transfer, local, stage: Stage::Ended }
    }

    /// Returns the number of the transfer.
    pub(crate) fn transfer(&self) -> u64 {
        self.transfer
    }
}

impl<'o> Reporter<'_, 'o> {
    /// Lends it.
    pub(crate) fn lend(&mut self) -> Reporter<'_, 'o> {
        Reporter { observers: self.observers, subject: self.subject }
    }

    /// Returns the time, if anybody wants to know it.
    pub(super) fn clock(&self) -> Option<Instant> {
        self.observers.is_observed().then(Instant::now)
    }

    /// Returns the time, if anybody wants to know of packets.
    pub(super) fn packet_clock(&self) -> Option<Instant> {
        self.observers.want_packets().then(Instant::now)
    }

    pub(crate) fn notify(&mut self, kind: RecordKind<'_>) {
        if let Some(at) = self.clock() {
            self.notify_at(at, self.subject.local, kind);
        }
    }

    /// Notifies of a packet that crosses the socket of the transfer, or another.
    pub(crate) fn crossing(&mut self, at: Instant, local: SocketAddr, crossing: Crossing<'_>) {
        if self.subject.stage != Stage::Running {
            self.subject.stage = Stage::Late;
        }
        self.notify_at(at, local, RecordKind::Packet(crossing));
    }

    /// Notifies of a received packet that fault rules have judged.
    pub(super) fn passage(&mut self, now: Instant, passage: Passage<'_>) {
        let local = self.subject.local;
        match passage {
            Passage::Crosses(packet) => self.crossing(now, local, Crossing::from(&*packet)),
            Passage::Reaches(packet) => {
                if let Some(delivery) = Delivery::of(packet, now) {
                    self.notify_at(now, local, RecordKind::Delivered(delivery));
                }
            }
        }
    }

    /// Notifies of datagrams of one stride that cross the socket of the transfer together, and that no rule touches.
    pub(super) fn crossings(
        &mut self,
        at: Option<Instant>,
        direction: Direction,
        peer: SocketAddr,
        (bytes, stride): (&[u8], usize),
        lost: bool,
    ) {
        let (Some(at), local) = (at, self.subject.local) else { return };
        for datagram in datagrams(bytes, stride) {
            self.crossing(at, local, Crossing::new(direction, peer, datagram).lost(lost));
        }
    }

    /// Notifies of the end; what crosses the socket from here on is late.
    pub(crate) fn end(&mut self, result: Result<&Report, &Failure>) {
        self.notify(RecordKind::End(result));
        self.subject.stage = Stage::Ended;
    }

    /// Notifies that all late packets until now have their records, if there were any.
    pub(crate) fn settled(&mut self) {
        if self.subject.stage == Stage::Late {
            self.subject.stage = Stage::Ended;
            self.notify(RecordKind::Late);
        }
    }

    fn notify_at(&mut self, at: Instant, local: SocketAddr, kind: RecordKind<'_>) {
        self.observers.notify(&Record { at, transfer: self.subject.transfer, local, kind });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Observer;
    use crate::transfer::Event;

    /// Counts records of packets, and others.
    struct Counting {
        wants_packets: bool,
        packets: usize,
        others: usize,
    }

    impl Observer for Counting {
        fn observe(&mut self, record: &Record<'_>) {
            let is_packet = matches!(record.kind, RecordKind::Packet(_));
            *(if is_packet { &mut self.packets } else { &mut self.others }) += 1;
        }

        fn wants_packets(&self) -> bool {
            self.wants_packets
        }
    }

    #[test]
    fn packets_have_records_only_if_an_observer_wants_them() {
        for (wanted, packets) in [([false, false], 0), ([false, true], 2)] {
            let mut counting = wanted.map(|wants_packets| Counting { wants_packets, packets: 0, others: 0 });
            let mut observers = Observers::none();
            counting.iter_mut().for_each(|it| observers.add(it));
            let peer: SocketAddr = "127.0.0.1:40112".parse().unwrap();
            let mut subject = Subject::new(1, peer);
            let mut reporter = Reporter { observers: &mut observers, subject: &mut subject };
            reporter.crossings(reporter.packet_clock(), Direction::Received, peer, (b"aab", 2), false);
            reporter.notify(RecordKind::Machine(&Event::Locked(peer)));
            assert_eq!(counting.map(|it| (it.packets, it.others)), [(packets, 1); 2], "{wanted:?}");
        }
    }
}
