use std::time::Instant;

use super::answers::Trips;
use super::get::{HALF, memory};
use super::judgement::Judgement;
use super::{Flag, Reason, State};
use crate::wire::{Terms, Wrap};

/// The blocks of a put, followed by the packets alone.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// Every block up to here is safe at the peer.
    pub(super) acked: u64,
    /// The last block that was sent, whose ACK is awaited.
    pub(super) high: u64,
    /// The last block of the file and its length in bytes, once it was sent.
    last: Option<(u64, usize)>,
    blksize: u64,
    trips: Trips,
    /// The packet that acknowledged `acked`, also ACK 0.
    pub(super) ack: Option<u64>,
}

impl Outgoing {
    pub(super) fn bytes(&self) -> u64 {
        match self.last {
            Some((block, length)) if self.acked >= block => (block - 1) * self.blksize + length as u64,
            _ => self.acked * self.blksize,
        }
    }

    /// Judges DATA number `n` of the transfer, which is sent with `length` bytes of the file.
    pub(super) fn data(&mut self, n: u64, at: Instant, wire: u16, length: usize, terms: &Terms) -> Judgement {
        let blksize = terms.blksize.get();
        self.blksize = blksize.into();
        let ahead = Wrap::ToZero.ahead(wire, self.high + 1);
        let earlier = Wrap::ToZero.before(wire, self.high + 1).filter(|block| *block > 0 && ahead != 0);
        let block = earlier.unwrap_or(self.high + 1 + ahead);
        let first = self.trips.note(block, n, at, memory(terms.windowsize.get().into()));
        if block <= self.high {
            let again = Judgement::of_block(block, Reason::DataGap { block }).with(Flag::Rexmt);
            return Judgement { dup_of: first, ..again };
        }
        self.high = block;
        let short = length < usize::from(blksize);
        if short {
            self.last = Some((block, length));
        }
        let wrapped = wire == 0;
        let why = if wrapped {
            Reason::DataWrap { wire, block }
        } else if length == 0 {
            Reason::DataSendEmpty { block, blksize }
        } else if short {
            Reason::DataSendLast { block, length, blksize }
        } else {
            Reason::DataSend { block }
        };
        let judgement = Judgement { after: Some(State::Sending(block)), ..Judgement::of_block(block, why) };
        if wrapped { judgement.with(Flag::Wrap) } else { judgement }
    }

    /// Judges ACK number `n` of the transfer, which came; if it is progress, it answers a DATA.
    pub(super) fn ack(&mut self, n: u64, now: Instant, wire: u16, terms: &Terms) -> Judgement {
        let outstanding = self.high - self.acked;
        let ahead = Wrap::ToZero.ahead(wire, self.acked);
        if ahead == 0 {
            let block = self.acked;
            let lock_step = terms.windowsize.get() == 1;
            let why = if lock_step { Reason::AckDup { block } } else { Reason::AckDupWindow { block } };
            return Judgement { dup_of: self.ack, ..Judgement::of_block(block, why).with(Flag::Dup) };
        }
        if ahead <= outstanding {
            return self.progress(n, now, ahead, outstanding);
        }
        match Wrap::ToZero.before(wire, self.acked).filter(|_| ahead >= HALF) {
            Some(block) => Judgement::of_block(block, Reason::AckOld { block }).with(Flag::Dup).with(Flag::Late),
            None => {
                let block = self.acked + ahead;
                Judgement::of_block(block, Reason::AckFuture { block }).with(Flag::Early)
            }
        }
    }

    fn progress(&mut self, n: u64, now: Instant, count: u64, outstanding: u64) -> Judgement {
        self.acked += count;
        self.ack = Some(n);
        let block = self.acked;
        let complete = self.last.is_some_and(|(last, _)| block >= last);
        let (after, why) = if complete {
            (State::Done, Reason::AckLast { block })
        } else if count < outstanding {
            (State::Acked(block), Reason::AckPart { block })
        } else {
            (State::Acked(block), Reason::AckOk { block })
        };
        let answer = self.trips.get_mut(block).map(|trip| trip.answer(now));
        Judgement { after: Some(after), progress: true, answer, ..Judgement::of_block(block, why) }
    }
}
