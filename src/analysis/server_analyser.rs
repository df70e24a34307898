use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use super::{Analyser, Annotated};
use crate::event::{Record, RecordKind};

/// The most transfers that are known after their ends: some of their packets come late.
const ENDED: usize = 64;

/// The most transfers that are known: one whose request a fault rule drops never ends.
const KNOWN: usize = 4096;

/// The analysis of a server: an [`Analyser`] for each of its transfers, whose records mix.
///
/// It knows the transfers whose beginning it has seen, and no others.
#[derive(Debug, Default)]
pub struct ServerAnalyser {
    transfers: BTreeMap<u64, Transfer>,
    /// The transfers that ended, oldest first.
    ended: VecDeque<u64>,
}

#[derive(Debug)]
struct Transfer {
    client: SocketAddr,
    analyser: Analyser,
}

impl ServerAnalyser {
    /// Creates an analyser that has seen no transfer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Annotates a record with the number of its transfer, and returns the client of this transfer too.
    pub fn analyse<'a>(&mut self, record: &Record<'a>) -> Option<(SocketAddr, Annotated<'a>)> {
        if let RecordKind::Begin(begin) = record.kind {
            let transfer = Transfer { client: begin.peer, analyser: Analyser::new() };
            self.transfers.insert(record.transfer, transfer);
            if self.transfers.len() > KNOWN {
                self.transfers.pop_first();
            }
        }
        let Transfer { client, analyser } = self.transfers.get_mut(&record.transfer)?;
        let (client, annotated) = (*client, analyser.analyse(record));
        if let RecordKind::End(_) = record.kind {
            self.ended.push_back(record.transfer);
            if self.ended.len() > ENDED
                && let Some(oldest) = self.ended.pop_front()
            {
                self.transfers.remove(&oldest);
            }
        }
        let xfer = u32::try_from(record.transfer).unwrap_or(u32::MAX);
        Some((client, Annotated { xfer, ..annotated? }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::analysis::Annotation;
    use crate::event::{Begin, Crossing, Direction, Side};
    use crate::transfer::Failure;

    fn client(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    fn begin(peer: SocketAddr) -> RecordKind<'static> {
        RecordKind::Begin(Begin::served(peer))
    }

    #[test]
    fn records_of_several_transfers_do_not_mix() {
        let mut analyser = ServerAnalyser::new();
        let at = Instant::now();
        let mut analyse = |transfer, kind| {
            let record = Record { at, transfer, local: client(69), kind };
            analyser.analyse(&record).map(|(client, it)| (client.port(), it.xfer, it.side, it.packet().map(|it| it.n)))
        };
        let packet = |port| RecordKind::Packet(Crossing::new(Direction::Received, client(port), b"\0\x04\0\x01"));
        assert_eq!(analyse(1, packet(1000)), None, "its beginning was not seen");
        assert_eq!(analyse(2, begin(client(2000))), Some((2000, 2, Side::Server, None)));
        assert_eq!(analyse(3, begin(client(3000))), Some((3000, 3, Side::Server, None)));
        assert_eq!(analyse(2, packet(2000)), Some((2000, 2, Side::Server, Some(1))));
        assert_eq!(analyse(3, packet(3000)), Some((3000, 3, Side::Server, Some(1))));
        assert_eq!(analyse(2, packet(2000)), Some((2000, 2, Side::Server, Some(2))));
    }

    #[test]
    fn a_transfer_is_known_for_a_while_after_its_end_and_no_longer() {
        let mut analyser = ServerAnalyser::new();
        let (at, failure) = (Instant::now(), Failure::TimedOut { answered: true });
        let last = ENDED as u64 + 10;
        for transfer in 1..=last {
            for kind in [begin(client(1000)), RecordKind::End(Err(&failure))] {
                let record = Record { at, transfer, local: client(69), kind };
                assert!(analyser.analyse(&record).is_some(), "{transfer}");
            }
        }
        assert_eq!(analyser.transfers.len(), ENDED);
        let late = Record { at, transfer: last, local: client(69), kind: RecordKind::Late };
        assert!(matches!(analyser.analyse(&late), Some((_, Annotated { kind: Annotation::Late(_), .. }))));
    }

    #[test]
    fn transfers_that_never_end_are_bounded() {
        let mut analyser = ServerAnalyser::new();
        let at = Instant::now();
        for transfer in 1..=KNOWN as u64 + 10 {
            assert!(analyser.analyse(&Record { at, transfer, local: client(69), kind: begin(client(1000)) }).is_some());
        }
        assert_eq!(analyser.transfers.len(), KNOWN);
        assert!(!analyser.transfers.contains_key(&10) && analyser.transfers.contains_key(&11));
    }
}
