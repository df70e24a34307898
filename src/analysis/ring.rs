use std::collections::VecDeque;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::{Annotated, Annotation, Relations};
use crate::event::Side;

/// The number of transfers that are kept.
const TRANSFERS: usize = 3;
/// The number of records that are kept of one transfer.
const RECORDS: usize = 20_000;
/// How many of these are from its beginning: the terms agreed there explain the rest.
const BEGINNING: usize = 1_000;
/// The bytes of packets that are kept of one transfer. Blocks have 64 each, so only a peer that sends long packets of
/// another kind, thousands of them, comes near it.
const BYTES: usize = 4 << 20;

/// The last three transfers, for `trace again`: of each 20,000 records, 64 bytes of the data of each block, and 4 MiB of
/// packets.
///
/// Of a longer transfer the ring keeps the first thousand records and the latest.
#[derive(Debug, Default)]
pub struct Ring {
    transfers: VecDeque<Kept>,
}

impl Ring {
    /// Keeps a copy of the record.
    pub fn keep(&mut self, annotated: &Annotated<'_>) {
        if let Some(last) = self.transfers.back_mut()
            && last.xfer == annotated.xfer
            && last.side != annotated.side
        {
            return last.other.get_or_insert_default().keep(annotated.kept());
        }
        if self.transfers.back().is_none_or(|last| last.xfer != annotated.xfer) {
            let Annotated { xfer, side, .. } = *annotated;
            self.transfers.push_back(Kept { xfer, side, ..Kept::default() });
            if self.transfers.len() > TRANSFERS {
                self.transfers.pop_front();
            }
        }
        if let Some(last) = self.transfers.back_mut() {
            last.keep(annotated.kept());
        }
    }

    /// Returns the last transfer.
    pub fn last(&self) -> Option<&Kept> {
        self.transfers.back()
    }

    /// Lists the transfers, oldest first.
    pub fn transfers(&self) -> impl DoubleEndedIterator<Item = &Kept> {
        self.transfers.iter()
    }

    /// Counts the records of all transfers.
    pub fn len(&self) -> usize {
        self.transfers.iter().map(Kept::len).sum()
    }

    /// Whether no transfer is kept.
    pub fn is_empty(&self) -> bool {
        self.transfers.is_empty()
    }
}

/// The kept records of one transfer.
#[derive(Debug, Default)]
pub struct Kept {
    xfer: u32,
    side: Side,
    /// The records of the other end, if it is known.
    other: Option<Box<Self>>,
    beginning: Vec<Annotated<'static>>,
    latest: VecDeque<Annotated<'static>>,
    /// The bytes of packets in all records.
    bytes: usize,
    forgotten: u64,
}

impl Kept {
    /// Returns the number of the transfer in this session.
    pub fn xfer(&self) -> u32 {
        self.xfer
    }

    /// Counts the records.
    pub fn len(&self) -> usize {
        self.beginning.len() + self.latest.len()
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many records were dropped because there were too many.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Lists all records, or the beginning of the transfer and those about packets of these numbers.
    pub fn again(&self, packets: Option<RangeInclusive<u64>>) -> impl Iterator<Item = &Annotated<'static>> {
        let mut inside = packets.is_none();
        self.records().filter(move |annotated| match (&annotated.kind, &packets) {
            (_, None) | (Annotation::Begin { .. }, _) => true,
            (Annotation::Packet(packet), Some(range)) => {
                inside = range.contains(&packet.n);
                inside
            }
            (Annotation::Delivered { packet, .. }, Some(range)) => range.contains(&packet.n),
            // A record between packets belongs to the packet before it.
            _ => inside,
        })
    }

    /// Returns the packet of this number.
    pub fn packet(&self, n: u64) -> Option<&Annotated<'static>> {
        self.records().find(|annotated| annotated.packet().is_some_and(|packet| packet.n == n))
    }

    /// Finds what packet `n` has to do with the others.
    pub fn relations(&self, n: u64) -> Relations {
        Relations::of(n, self.records())
    }

    /// Whether the records of both ends are kept.
    pub fn has_both_ends(&self) -> bool {
        self.other.is_some()
    }

    /// Lists the records of both ends in the order of time: all, or the beginning of the transfer and those about packets
    /// of these numbers at this end.
    pub fn both_again(&self, packets: Option<RangeInclusive<u64>>) -> Vec<&Annotated<'static>> {
        let window = packets.as_ref().map(|range| self.window(range));
        let others = self.other.iter().flat_map(|other| other.records()).filter(|annotated| match window {
            None => true,
            Some(_) if matches!(annotated.kind, Annotation::Begin { .. }) => true,
            Some((after, before)) => annotated.t > after && before.is_none_or(|before| annotated.t < before),
        });
        let mut merged: Vec<_> = self.again(packets).chain(others).collect();
        // Those of one end are in order already, and of two at the same time the first is that of this end.
        merged.sort_by_key(|annotated| annotated.t);
        merged
    }

    /// Returns the times of the packets before and after these, between which the other end has its records of them.
    fn window(&self, range: &RangeInclusive<u64>) -> (Duration, Option<Duration>) {
        let packets = || self.records().filter_map(|annotated| Some((annotated.packet()?.n, annotated.t)));
        let before = packets().filter(|(n, _)| n < range.start()).map(|(_, t)| t).last();
        let after = packets().find(|(n, _)| n > range.end()).map(|(_, t)| t);
        (before.unwrap_or_default(), after)
    }

    fn records(&self) -> impl Iterator<Item = &Annotated<'static>> {
        self.beginning.iter().chain(&self.latest)
    }

    fn keep(&mut self, annotated: Annotated<'static>) {
        self.bytes += annotated.bytes();
        // What began is never forgotten, so it may take only a part of the space.
        if self.latest.is_empty() && self.beginning.len() < BEGINNING && self.bytes <= BYTES / 4 {
            return self.beginning.push(annotated);
        }
        self.latest.push_back(annotated);
        while self.latest.len() > RECORDS - BEGINNING || self.bytes > BYTES {
            let Some(oldest) = self.latest.pop_front() else { break };
            self.bytes -= oldest.bytes();
            self.forgotten += 1;
        }
    }
}
