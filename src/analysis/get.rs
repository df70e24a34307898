use super::answers::Trips;
use super::judgement::Judgement;
use super::moment::Moment;
use super::{Flag, Reason, State};
use crate::transfer::Ignored;
use crate::wire::{Terms, Wrap};

/// The blocks that this side receives, followed by the packets alone.
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
    /// A block came before its turn, and the next one has not come yet.
    gap: bool,
    /// How often the ACK of block `have` was sent, with copies.
    asked: u32,
    /// The ACK that asked for block `have` was sent more than once.
    asked_twice: bool,
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
    /// Judges DATA that came with `length` bytes of the file; `announced` is the size of the file, if both sides know it.
    pub(super) fn data(
        &mut self,
        moment: Moment,
        wire: u16,
        length: usize,
        terms: &Terms,
        announced: Option<u64>,
    ) -> Judgement {
        let (blksize, window) = (terms.blksize.get(), u64::from(terms.windowsize.get()));
        let next = self.have + 1;
        if self.complete {
            return self.after_last(moment, wire, window);
        }
        if wire == 0 && next == 1 {
            return Judgement::last(Reason::DataFirstZero);
        }
        if length > usize::from(blksize) {
            return Judgement::last(Reason::DataOversize { length, blksize }).with(Flag::Oversize);
        }
        if wire == 1 && next == 65536 && window == 1 {
            self.wrap = Wrap::ToOne;
        }
        let ahead = self.wrap.ahead(wire, next);
        match self.wrap.before(wire, next).filter(|block| *block > 0) {
            _ if ahead == 0 => self.expected(moment, wire, length, blksize, announced, window),
            Some(block) if ahead >= window && ahead >= HALF => self.repeated(moment, block, window),
            _ => self.early(next + ahead, window),
        }
    }

    fn expected(
        &mut self,
        moment: Moment,
        wire: u16,
        length: usize,
        blksize: u16,
        announced: Option<u64>,
        window: u64,
    ) -> Judgement {
        let (total, complete) = (self.bytes + length as u64, length < usize::from(blksize));
        if let Some(size) = announced.filter(|size| total > *size || complete && total < *size) {
            let block = self.have + 1;
            return Judgement { abs: Some(block), ..Judgement::last(Reason::DataMisfit { block, total, size }) };
        }
        self.have += 1;
        let block = self.have;
        self.asked_twice = std::mem::take(&mut self.asked) > 1;
        self.gap = false;
        (self.bytes, self.complete) = (total, complete);
        self.heard.note(block, moment, memory(window));
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

    fn repeated(&mut self, moment: Moment, block: u64, window: u64) -> Judgement {
        let dup_of = self.heard.get_mut(block).map(|trip| trip.first);
        if dup_of.is_some() {
            self.heard.note(block, moment, memory(window));
        }
        let why = if block < self.have {
            Reason::DataOld { block }
        } else if self.acked != Some(block) && window > 1 {
            Reason::DataDupUnacked { block }
        } else if self.asked_twice && window == 1 {
            Reason::DataDoubled { block, ack: block - 1 }
        } else {
            Reason::DataDup { block }
        };
        let judgement = Judgement { abs: Some(block), ..Judgement::repeated(dup_of, why) };
        if block + window <= self.have { judgement.with(Flag::Late) } else { judgement }
    }

    /// Judges a block before its turn. It is dropped, so when it comes again that is not a duplicate.
    fn early(&mut self, block: u64, window: u64) -> Judgement {
        let before = self.have + 1;
        let is_near = block < before + window;
        let is_known = self.gap;
        self.gap |= is_near;
        let (ignored, why) = match is_near {
            false => (Ignored::OutOfPlace, Reason::DataElsewhere { block, before }),
            true if is_known => (Ignored::Gap, Reason::DataAheadAgain { block, before }),
            true => (Ignored::Gap, Reason::DataAhead { block, before }),
        };
        Judgement { abs: Some(block), ..Judgement::ignored(ignored, why) }.with(Flag::Early)
    }

    /// Judges a block that comes after the last one. Only the last one again is answered.
    fn after_last(&mut self, moment: Moment, wire: u16, window: u64) -> Judgement {
        match self.wrap.before(wire, self.have + 1).filter(|block| *block > 0) {
            Some(block) => self.repeated(moment, block, window),
            None => Judgement::ignored(Ignored::OutOfPlace, Reason::TooLate),
        }
    }

    /// Whether this is the number of the block that is due.
    pub(super) fn is_next(&self, wire: u16) -> bool {
        self.wrap.wire(self.have + 1) == wire
    }

    /// Notes that a fault rule sends a copy of an ACK.
    pub(super) fn ack_copied(&mut self) {
        self.asked += 1;
    }

    /// Judges an ACK, which is sent.
    pub(super) fn ack(&mut self, moment: Moment, wire: u16, state: State, polite: bool) -> Judgement {
        // Ours is about the last good block, unless a client bug is active.
        let ahead = self.wrap.ahead(wire, self.have);
        let block = if ahead == 0 { self.have } else { self.wrap.before(wire, self.have).unwrap_or(0) };
        let again = self.acked == Some(block) || ahead != 0;
        self.acked = self.acked.max(Some(block));
        self.asked += 1;
        let first = self.acks.note(block, moment, memory(1));
        let mut judgement = Judgement::of_block(block, Reason::AckAgain);
        if again {
            judgement = Judgement { dup_of: first, ..judgement.with(Flag::Rexmt) };
        } else {
            judgement.after = Some(if self.complete { State::Dallying } else { State::Receiving(block + 1) });
        }
        judgement.why = match state {
            _ if self.gap => Reason::AckGap { block },
            State::Dallying if again => Reason::DallyAgain,
            _ if again => Reason::AckAgain,
            _ if block == 0 => Reason::OackAck,
            _ if self.complete && polite => Reason::AckFinal,
            _ if self.complete => Reason::AckFinalRude,
            _ => Reason::AckSend { block, wire, next: self.wrap.wire(block + 1) },
        };
        judgement
    }
}
