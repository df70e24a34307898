use std::time::Instant;

use super::answers::Trips;
use super::{Flag, Flags, Reason, State};
use crate::wire::{Terms, Wrap};

/// What the analysis says of a block or an ACK.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) abs: Option<u64>,
    pub(super) flags: Flags,
    pub(super) dup_of: Option<u64>,
    /// The state behind the packet; `None` leaves it.
    pub(super) after: Option<State>,
    pub(super) why: Reason,
    /// The transfer got on.
    pub(super) progress: bool,
}

impl Judgement {
    pub(super) fn new(why: Reason) -> Self {
        Self { abs: None, flags: Flags::default(), dup_of: None, after: None, why, progress: false }
    }
}

/// The blocks of a get, followed from the packets alone.
#[derive(Debug, Default)]
pub(super) struct Incoming {
    /// The last block that came in order.
    have: u64,
    /// The last block acknowledged, where any was.
    acked: Option<u64>,
    /// `have` is the last block of the file.
    pub(super) complete: bool,
    pub(super) bytes: u64,
    wrap: Wrap,
    /// A block came ahead of its turn and is not answered yet.
    gap: bool,
    heard: Trips,
    acks: Trips,
}

/// Blocks behind the present one that can still be told apart.
pub(super) fn memory(window: u64) -> u64 {
    window * 2 + 64
}

/// More than this many blocks ahead is behind: half the numbers there are.
pub(super) const HALF: u64 = 32768;

impl Incoming {
    pub(super) fn blocks(&self) -> u64 {
        self.have
    }

    /// DATA number `n` of the transfer came, with `length` octets in it.
    pub(super) fn data(&mut self, n: u64, at: Instant, wire: u16, length: usize, terms: &Terms) -> Judgement {
        let (blksize, window) = (terms.blksize.get(), u64::from(terms.windowsize.get()));
        if length > usize::from(blksize) {
            let why = Reason::DataOversize { length, blksize };
            return Judgement { flags: Flag::Oversize.into(), ..Judgement::new(why) };
        }
        let next = self.have + 1;
        if wire == 1 && next == 65536 && window == 1 && !self.complete {
            self.wrap = Wrap::ToOne;
        }
        let ahead = self.wrap.ahead(wire, next);
        let behind = self.wrap.before(wire, next).filter(|block| *block > 0);
        if ahead == 0 && !self.complete {
            return self.expected(n, at, wire, length, terms);
        }
        match behind {
            Some(block) if ahead >= window && (ahead >= HALF || self.complete) => {
                self.seen_before(n, at, block, window)
            }
            _ if self.complete => Judgement { flags: Flag::AfterEnd.into(), ..Judgement::new(Reason::TooLate) },
            _ => self.ahead(next + ahead, window),
        }
    }

    fn expected(&mut self, n: u64, at: Instant, wire: u16, length: usize, terms: &Terms) -> Judgement {
        let (blksize, window) = (terms.blksize.get(), u64::from(terms.windowsize.get()));
        self.have += 1;
        let block = self.have;
        self.gap = false;
        self.bytes += length as u64;
        self.complete = length < usize::from(blksize);
        self.heard.note(block, n, at);
        self.heard.forget_below(block.saturating_sub(memory(window)));
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
        let flags = if wrapped { Flag::Wrap.into() } else { Flags::default() };
        Judgement { abs: Some(block), flags, dup_of: None, after: Some(State::Received(block)), why, progress: true }
    }

    fn seen_before(&mut self, n: u64, at: Instant, block: u64, window: u64) -> Judgement {
        let first = self.heard.get_mut(block).map(|trip| trip.first);
        if first.is_some() {
            self.heard.note(block, n, at);
        }
        let mut flags = Flags::from(Flag::Dup);
        let current = block == self.have;
        if block + window <= self.have {
            flags.insert(Flag::Late);
        }
        let why = if current { Reason::DataDup { block } } else { Reason::DataOld { block } };
        Judgement { abs: Some(block), flags, dup_of: first, ..Judgement::new(why) }
    }

    /// Out of its turn. It is thrown away, so when it comes again that is no duplicate.
    fn ahead(&mut self, block: u64, window: u64) -> Judgement {
        self.gap |= block <= self.have + window;
        let why = Reason::DataAhead { block, before: self.have + 1 };
        Judgement { abs: Some(block), flags: Flag::Early.into(), ..Judgement::new(why) }
    }

    /// ACK number `n` of the transfer went out.
    pub(super) fn ack(&mut self, n: u64, at: Instant, wire: u16, state: State) -> Judgement {
        // Ours is about the last good block, unless a bug on purpose says otherwise.
        let ahead = self.wrap.ahead(wire, self.have);
        let block = if ahead == 0 { self.have } else { self.wrap.before(wire, self.have).unwrap_or(0) };
        let again = self.acked == Some(block) || ahead != 0;
        self.acked = self.acked.max(Some(block));
        let first = self.acks.note(block, n, at);
        self.acks.forget_below(block.saturating_sub(memory(1)));
        let gap = std::mem::take(&mut self.gap);
        let mut verdict = Judgement { abs: Some(block), ..Judgement::new(Reason::AckAgain) };
        if again {
            verdict.flags = Flag::Rexmt.into();
            verdict.dup_of = first;
        }
        verdict.why = if gap {
            Reason::AckGap { block }
        } else if again {
            if state == State::Dallying { Reason::DallyAgain } else { Reason::AckAgain }
        } else if block == 0 {
            Reason::OackAck
        } else if self.complete {
            Reason::AckFinal
        } else {
            Reason::AckSend { block, wire, next: self.wrap.wire(block + 1) }
        };
        if !again {
            verdict.after = Some(if self.complete { State::Dallying } else { State::Receiving(block + 1) });
        }
        verdict
    }
}
