use std::collections::VecDeque;
use std::ops::RangeInclusive;

use super::{Annotated, Annotation};

/// Transfers that are kept.
const TRANSFERS: usize = 3;
/// Records that are kept of one transfer.
const RECORDS: usize = 20_000;
/// Of these, how many from its beginning: what was agreed there explains all the rest.
const BEGINNING: usize = 1_000;

/// The last transfers, to be seen again: three of them, 20,000 records each, of the data of a block 64 octets.
///
/// Of a longer transfer the first thousand records and the latest are kept.
#[derive(Debug, Default)]
pub struct Ring {
    transfers: VecDeque<Kept>,
}

impl Ring {
    /// Empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps a copy of one more record.
    pub fn keep(&mut self, annotated: &Annotated<'_>) {
        if self.transfers.back().is_none_or(|last| last.xfer != annotated.xfer) {
            self.transfers.push_back(Kept { xfer: annotated.xfer, ..Kept::default() });
            if self.transfers.len() > TRANSFERS {
                self.transfers.pop_front();
            }
        }
        if let Some(last) = self.transfers.back_mut() {
            last.keep(annotated.kept());
        }
    }

    /// The last transfer.
    pub fn last(&self) -> Option<&Kept> {
        self.transfers.back()
    }

    /// All that are kept, oldest first.
    pub fn transfers(&self) -> impl Iterator<Item = &Kept> {
        self.transfers.iter()
    }

    /// Records kept in all.
    pub fn len(&self) -> usize {
        self.transfers.iter().map(Kept::len).sum()
    }

    /// Whether there is nothing to see again.
    pub fn is_empty(&self) -> bool {
        self.transfers.is_empty()
    }
}

/// One transfer, kept.
#[derive(Debug, Default)]
pub struct Kept {
    xfer: u32,
    beginning: Vec<Annotated<'static>>,
    latest: VecDeque<Annotated<'static>>,
    forgotten: u64,
}

impl Kept {
    /// Number of the transfer in this session.
    pub fn xfer(&self) -> u32 {
        self.xfer
    }

    /// Records kept.
    pub fn len(&self) -> usize {
        self.beginning.len() + self.latest.len()
    }

    /// Whether there is no record.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Records that were too many.
    pub fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// All records, or those about packets of these numbers; what begins the transfer is always among them.
    pub fn again(&self, packets: Option<RangeInclusive<u64>>) -> impl Iterator<Item = &Annotated<'static>> {
        let mut inside = packets.is_none();
        self.records().filter(move |annotated| match (&annotated.kind, &packets) {
            (_, None) | (Annotation::Begin { .. }, _) => true,
            (Annotation::Packet(packet), Some(range)) => {
                inside = range.contains(&packet.n);
                inside
            }
            (Annotation::Fault { n, .. }, Some(range)) => range.contains(n),
            // What stands between packets belongs to the one before it.
            _ => inside,
        })
    }

    /// The packet of this number.
    pub fn packet(&self, n: u64) -> Option<&Annotated<'static>> {
        self.records().find(|annotated| annotated.packet().is_some_and(|packet| packet.n == n))
    }

    /// The packet that answers the one of this number.
    pub fn answer_to(&self, n: u64) -> Option<u64> {
        self.records().filter_map(Annotated::packet).find(|packet| packet.answers == Some(n)).map(|packet| packet.n)
    }

    fn records(&self) -> impl Iterator<Item = &Annotated<'static>> {
        self.beginning.iter().chain(&self.latest)
    }

    fn keep(&mut self, annotated: Annotated<'static>) {
        if self.beginning.len() < BEGINNING {
            return self.beginning.push(annotated);
        }
        if self.latest.len() >= RECORDS - BEGINNING {
            self.latest.pop_front();
            self.forgotten += 1;
        }
        self.latest.push_back(annotated);
    }
}
