use std::time::{Duration, Instant};

use super::answers::Trips;
use super::get::{HALF, Judgement, memory};
use super::{Flag, Flags, Reason, State};
use crate::wire::{Terms, Wrap};

/// The blocks of a put, followed from the packets alone.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// Every block up to here is safe at the peer.
    acked: u64,
    /// The last block that went out.
    high: u64,
    /// The last block of the file and its octets, once it went out.
    last: Option<(u64, usize)>,
    blksize: u64,
    trips: Trips,
    /// The packet that acknowledged `acked`.
    ack: Option<u64>,
}

impl Outgoing {
    /// The server's word for blocks acknowledged.
    pub(super) fn blocks(&self) -> u64 {
        self.acked
    }

    pub(super) fn bytes(&self) -> u64 {
        match self.last {
            Some((block, length)) if self.acked >= block => (block - 1) * self.blksize + length as u64,
            _ => self.acked * self.blksize,
        }
    }

    /// The block whose ACK is waited for.
    pub(super) fn awaited(&self) -> u64 {
        self.high
    }

    /// The packet number that accepted the request: ACK 0 may come again.
    pub(super) fn accepted(&mut self, n: u64) {
        self.ack = Some(n);
    }

    /// DATA number `n` of the transfer goes out, with `length` octets in it.
    pub(super) fn data(&mut self, n: u64, at: Instant, wire: u16, length: usize, terms: &Terms) -> Judgement {
        let blksize = terms.blksize.get();
        self.blksize = blksize.into();
        let ahead = Wrap::ToZero.ahead(wire, self.high + 1);
        let behind = Wrap::ToZero.before(wire, self.high + 1).filter(|block| *block > 0);
        let block = match behind {
            Some(block) if ahead != 0 => block,
            _ => self.high + 1 + ahead,
        };
        let first = self.trips.note(block, n, at);
        self.trips.forget_below(block.saturating_sub(memory(terms.windowsize.get().into())));
        if block <= self.high {
            let why = Reason::DataGap { block };
            let flags = Flags::from(Flag::Rexmt);
            return Judgement { abs: Some(block), flags, dup_of: first, ..Judgement::new(why) };
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
        let flags = if wrapped { Flag::Wrap.into() } else { Flags::default() };
        Judgement { abs: Some(block), flags, after: Some(State::Sending(block)), ..Judgement::new(why) }
    }

    /// ACK number `n` of the transfer came.
    pub(super) fn ack(&mut self, n: u64, wire: u16, terms: &Terms) -> Judgement {
        let outstanding = self.high - self.acked;
        let ahead = Wrap::ToZero.ahead(wire, self.acked);
        if ahead == 0 {
            let block = self.acked;
            let lock_step = terms.windowsize.get() == 1;
            let why = if lock_step { Reason::AckDup { block } } else { Reason::AckDupWindow { block } };
            return Judgement { abs: Some(block), flags: Flag::Dup.into(), dup_of: self.ack, ..Judgement::new(why) };
        }
        if ahead <= outstanding {
            return self.progress(n, ahead, outstanding);
        }
        let old = Wrap::ToZero.before(wire, self.acked).filter(|_| ahead >= HALF);
        match old {
            Some(block) => {
                let flags = Flags::from(Flag::Dup).with(Flag::Late);
                Judgement { abs: Some(block), flags, ..Judgement::new(Reason::AckOld { block }) }
            }
            None => {
                let block = self.acked + ahead;
                Judgement { abs: Some(block), flags: Flag::Early.into(), ..Judgement::new(Reason::AckFuture { block }) }
            }
        }
    }

    fn progress(&mut self, n: u64, count: u64, outstanding: u64) -> Judgement {
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
        Judgement { abs: Some(block), after: Some(after), progress: true, ..Judgement::new(why) }
    }

    /// The packet that an ACK of this block answers, with its round trip.
    pub(super) fn answered(&mut self, block: u64, now: Instant) -> Option<(u64, Option<Duration>)> {
        self.trips.get_mut(block).map(|trip| trip.answer(now))
    }
}
