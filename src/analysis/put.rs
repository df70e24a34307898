use super::answers::Trips;
use super::get::{HALF, memory};
use super::judgement::Judgement;
use super::moment::Moment;
use super::{Flag, Reason, State};
use crate::transfer::Ignored;
use crate::wire::{Terms, Wrap};

/// The blocks that this side sends, followed by the packets alone.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    /// An OACK was sent, and its ACK 0 has not come.
    pub(super) is_offering: bool,
    /// Every block up to here is safe at the peer.
    pub(super) acked: u64,
    /// The last block that was sent, whose ACK is awaited.
    pub(super) high: u64,
    /// The last block of the file and its length in bytes, once it was sent.
    last: Option<(u64, usize)>,
    blksize: u64,
    wrap: Wrap,
    /// This side is a server that numbers its blocks from 0: block 1 has the number 0.
    from_zero: bool,
    trips: Trips,
    /// A malformed packet came, which may have been the ACK of any block that is not acknowledged.
    pub(super) is_doubtful: bool,
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

    /// Judges DATA that is sent with `length` bytes of the file.
    pub(super) fn data(&mut self, moment: Moment, wire: u16, length: usize, terms: &Terms) -> Judgement {
        let (blksize, is_lock_step) = (terms.blksize.get(), terms.windowsize.get() == 1);
        self.blksize = blksize.into();
        self.from_zero |= wire == 0 && self.high == 0;
        let number = self.number(wire);
        if wire == 1 && self.high == 65535 && is_lock_step {
            self.wrap = Wrap::ToOne;
        }
        let ahead = self.wrap.ahead(number, self.high + 1);
        let earlier = self.wrap.before(number, self.high + 1).filter(|block| *block > 0 && ahead != 0);
        let block = earlier.unwrap_or(self.high + 1 + ahead);
        let first = self.trips.note(block, moment, memory(terms.windowsize.get().into()));
        if block <= self.high {
            let why = if is_lock_step { Reason::DataSorcerer { block } } else { Reason::DataGap { block } };
            return Judgement { dup_of: first, ..Judgement::of_block(block, why).with(Flag::Rexmt) };
        }
        self.high = block;
        let short = length < usize::from(blksize);
        if short {
            self.last = Some((block, length));
        }
        let wrapped = block > 65535 && wire == self.wrap.wire(65536);
        let oversize = length > usize::from(blksize);
        let why = if oversize {
            Reason::DataOversize { length, blksize }
        } else if self.from_zero && block == 1 {
            Reason::DataSendZero
        } else if wrapped {
            Reason::DataWrap { wire, block }
        } else if length == 0 {
            Reason::DataSendEmpty { block, blksize }
        } else if short {
            Reason::DataSendLast { block, length, blksize }
        } else {
            Reason::DataSend { block }
        };
        let mut judgement = Judgement { after: Some(State::Sent(block)), ..Judgement::of_block(block, why) };
        for (flag, _) in [(Flag::Wrap, wrapped), (Flag::Oversize, oversize)].into_iter().filter(|(_, is)| *is) {
            judgement.flags.insert(flag);
        }
        judgement
    }

    /// Judges an ACK that came; if it is progress, it answers a DATA.
    pub(super) fn ack(&mut self, moment: Moment, wire: u16, terms: &Terms) -> Judgement {
        if self.is_offering {
            return self.ack_of_oack(moment, wire);
        }
        let outstanding = self.high - self.acked;
        let number = if self.high > 0 { self.number(wire) } else { wire };
        let ahead = self.wrap.ahead(number, self.acked);
        if ahead == 0 {
            let block = self.acked;
            let why = match (self.ack, terms.windowsize.get() == 1) {
                (None, true) => Reason::AckNothing,
                (None, false) => Reason::AckNothingWindow,
                (Some(_), true) => Reason::AckDup { block },
                (Some(_), false) => Reason::AckDupWindow { block },
            };
            return Judgement { abs: Some(block), ..Judgement::repeated(self.ack, why) };
        }
        if ahead <= outstanding {
            return self.progress(moment, ahead, outstanding);
        }
        let (block, flag, why) = match self.wrap.before(number, self.acked).filter(|_| ahead >= HALF) {
            Some(block) => (block, Flag::Late, Reason::AckOld { block }),
            None => (self.acked + ahead, Flag::Early, Reason::AckFuture { block: self.acked + ahead }),
        };
        Judgement { abs: Some(block), ..Judgement::ignored(Ignored::OutOfPlace, why) }.with(flag)
    }

    fn ack_of_oack(&mut self, moment: Moment, wire: u16) -> Judgement {
        if wire != 0 {
            let block = wire.into();
            let judgement = Judgement::ignored(Ignored::OutOfPlace, Reason::AckFuture { block });
            return Judgement { abs: Some(block), ..judgement }.with(Flag::Early);
        }
        (self.is_offering, self.ack) = (false, Some(moment.n));
        let judgement = Judgement::leads_to(State::Acked(0), Reason::OackAcked);
        Judgement { abs: Some(0), progress: true, ..judgement }
    }

    fn progress(&mut self, moment: Moment, count: u64, outstanding: u64) -> Judgement {
        self.acked += count;
        self.ack = Some(moment.n);
        let block = self.acked;
        let complete = self.last.is_some_and(|(last, _)| block >= last);
        let (after, why) = if complete {
            (State::Done, Reason::AckLast { block })
        } else if count < outstanding {
            (State::Acked(block), Reason::AckPart { block })
        } else {
            (State::Acked(block), Reason::AckOk { block })
        };
        // The ACK of a part of a window answers a block that is missing, or a timer.
        let is_doubtful = std::mem::take(&mut self.is_doubtful) || count < outstanding;
        let answer = self.trips.get_mut(block).map(|trip| trip.answer(moment));
        let answer = answer.map(|(n, rtt)| (n, rtt.filter(|_| !is_doubtful)));
        Judgement { progress: true, answer, abs: Some(block), ..Judgement::leads_to(after, why) }
    }

    /// Notes that packet `n`, an ACK, did not reach the machine, or not yet.
    pub(super) fn doubt(&mut self, wire: u16, n: u64) {
        let ahead = self.wrap.ahead(self.number(wire), self.acked);
        if let Some(trip) = self.trips.get_mut(self.acked + ahead) {
            trip.doubt(n);
        }
    }

    /// Whether this ACK would acknowledge some of the blocks that are outstanding, and not all.
    pub(super) fn is_part(&self, wire: u16) -> bool {
        let ahead = self.wrap.ahead(self.number(wire), self.acked);
        !self.is_offering && ahead > 0 && ahead < self.high - self.acked
    }

    /// Returns the number that a correct server would use.
    fn number(&self, wire: u16) -> u16 {
        wire.wrapping_add(self.from_zero.into())
    }
}
