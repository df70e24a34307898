use std::time::Instant;

use super::answers::Trips;
use super::judgement::Judgement;
use super::{Flag, Reason, State};
use crate::wire::{Terms, Wrap};

/// The blocks of a get, followed by the packets alone.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// The last block that came in order.
    pub(super) have: u64,
    /// The last block acknowledged, if any.
    acked: Option<u64>,
    /// `have` is the last block of the file.
    pub(super) complete: bool,
    pub(super) bytes: u64,
    wrap: Wrap,
    /// A block came before its turn and is not answered yet.
    gap: bool,
    heard: Trips,
    acks: Trips,
}

/// The number of earlier blocks that are remembered.
pub(super) fn memory(window: u64) -> u64 {
    window * 2 + 64
}

/// A block this far ahead is in truth an earlier one: half of all wire numbers.
pub(super) const HALF: u64 = 32768;

impl Incoming {
    /// Judges DATA number `n` of the transfer, which came with `length` bytes of the file.
    pub(super) fn data(&mut self, n: u64, at: Instant, wire: u16, length: usize, terms: &Terms) -> Judgement {
        let (blksize, window) = (terms.blksize.get(), u64::from(terms.windowsize.get()));
        if length > usize::from(blksize) {
            return Judgement::flagged(Flag::Oversize, Reason::DataOversize { length, blksize });
        }
        let next = self.have + 1;
        if wire == 1 && next == 65536 && window == 1 && !self.complete {
            self.wrap = Wrap::ToOne;
        }
        let ahead = self.wrap.ahead(wire, next);
        let earlier = self.wrap.before(wire, next).filter(|block| *block > 0);
        match earlier {
            _ if ahead == 0 && !self.complete => self.expected(n, at, wire, length, terms),
            Some(block) if ahead >= window && (ahead >= HALF || self.complete) => self.repeated(n, at, block, window),
            _ if self.complete => Judgement::flagged(Flag::AfterEnd, Reason::TooLate),
            _ => self.early(next + ahead, window),
        }
    }

    fn expected(&mut self, n: u64, at: Instant, wire: u16, length: usize, terms: &Terms) -> Judgement {
        let (blksize, window) = (terms.blksize.get(), u64::from(terms.windowsize.get()));
        self.have += 1;
        let block = self.have;
        self.gap = false;
        self.bytes += length as u64;
        self.complete = length < usize::from(blksize);
        self.heard.note(block, n, at, memory(window));
        let wrapped = block > 65535 && (wire == 0 || (self.wrap == Wrap::ToOne && wire == 1));
        let why = if wrapped {
            Reason::DataWrap { wire, block }
        } else if length == 0 {
            Reason::DataEmpty { blksize }
        } else if self.complete {
            Reason::DataLast { block, length, blksize }
        } else {
            Reason::DataExpected { block }
        };
        let after = Some(State::Received(block));
        let judgement = Judgement { after, progress: true, ..Judgement::of_block(block, why) };
        if wrapped { judgement.with(Flag::Wrap) } else { judgement }
    }

    fn repeated(&mut self, n: u64, at: Instant, block: u64, window: u64) -> Judgement {
        let dup_of = self.heard.get_mut(block).map(|trip| trip.first);
        if dup_of.is_some() {
            self.heard.note(block, n, at, memory(window));
        }
        let why = if block == self.have { Reason::DataDup { block } } else { Reason::DataOld { block } };
        let judgement = Judgement { dup_of, ..Judgement::of_block(block, why) }.with(Flag::Dup);
        if block + window <= self.have { judgement.with(Flag::Late) } else { judgement }
    }

    /// Judges a block before its turn. It is dropped, so when it comes again that is not a duplicate.
    fn early(&mut self, block: u64, window: u64) -> Judgement {
        self.gap |= block <= self.have + window;
        Judgement::of_block(block, Reason::DataAhead { block, before: self.have + 1 }).with(Flag::Early)
    }

    /// Judges ACK number `n` of the transfer, which is sent.
    pub(super) fn ack(&mut self, n: u64, at: Instant, wire: u16, state: State) -> Judgement {
        // Ours is about the last good block, unless a client bug is active.
        let ahead = self.wrap.ahead(wire, self.have);
        let block = if ahead == 0 { self.have } else { self.wrap.before(wire, self.have).unwrap_or(0) };
        let again = self.acked == Some(block) || ahead != 0;
        self.acked = self.acked.max(Some(block));
        let first = self.acks.note(block, n, at, memory(1));
        let gap = std::mem::take(&mut self.gap);
        let mut judgement = Judgement::of_block(block, Reason::AckAgain);
        if again {
            judgement = Judgement { dup_of: first, ..judgement.with(Flag::Rexmt) };
        } else {
            judgement.after = Some(if self.complete { State::Dallying } else { State::Receiving(block + 1) });
        }
        judgement.why = match state {
            _ if gap => Reason::AckGap { block },
            State::Dallying if again => Reason::DallyAgain,
            _ if again => Reason::AckAgain,
            _ if block == 0 => Reason::OackAck,
            _ if self.complete => Reason::AckFinal,
            _ => Reason::AckSend { block, wire, next: self.wrap.wire(block + 1) },
        };
        judgement
    }
}
