//! What comes in, read as an answer to what went out.

use std::net::SocketAddr;
use std::time::Instant;

use super::conversation::{Blocks, Conversation, Foreign, Judged};
use super::flaws::malformed;
use super::get::Judgement;
use super::{Flag, Flags, Reason, State, offer};
use crate::wire::{ErrorCode, Malformed, Packet};

impl Conversation {
    pub(super) fn received(
        &mut self,
        now: Instant,
        peer: SocketAddr,
        parsed: Result<Packet<'_>, Malformed>,
        state: State,
    ) -> Judged {
        if let (true, Some(ours)) = (self.is_stranger(peer), self.tid.or(self.asked)) {
            let (block, length) = match parsed {
                Ok(Packet::Data { block, data }) => (Some(block), Some(data.len())),
                Ok(Packet::Ack { block }) => (Some(block), None),
                _ => (None, None),
            };
            self.foreign = block.map(|block| Foreign { from: peer, n: self.n, block, length });
            let why = Reason::TidWrong { from: peer, ours };
            return Judgement { flags: Flag::WrongTid.into(), ..Judgement::new(why) }.into();
        }
        let packet = match parsed {
            Ok(packet) => packet,
            Err(reason) => return malformed(reason).into(),
        };
        self.expired = None;
        if state.is_over() || state == State::Idle {
            let why = if state == State::Idle { Reason::BadKind } else { Reason::TooLate };
            let flags = if state.is_over() { Flag::AfterEnd.into() } else { Flags::default() };
            return Judgement { flags, ..Judgement::new(why) }.into();
        }
        if state == State::Requested {
            return self.first_answer(now, peer, packet);
        }
        match packet {
            Packet::Error { .. } => {
                let answer = self.trip.as_mut().map(|trip| trip.answer(now));
                let answer = answer.map(|(n, _)| (n, None));
                Judged { verdict: Judgement { after: Some(State::Failed), ..Judgement::new(Reason::ErrIn) }, answer }
            }
            Packet::Data { block, data } => self.data(now, block, data.len()),
            Packet::Ack { block } => self.acknowledged(now, block),
            Packet::Oack(_) => Judgement { flags: Flag::Dup.into(), ..Judgement::new(Reason::OackAgain) }.into(),
            Packet::Request(_) => Judgement::new(Reason::ReqIn).into(),
        }
    }

    fn first_answer(&mut self, now: Instant, peer: SocketAddr, packet: Packet<'_>) -> Judged {
        let verdict = match (packet, &mut self.blocks) {
            (Packet::Oack(oack), _) => {
                let (why, terms) = offer::judge(&self.offer, &oack);
                let accepted = terms.is_some();
                self.terms = terms.unwrap_or_default();
                Judgement { after: accepted.then_some(State::Negotiated), progress: accepted, ..Judgement::new(why) }
            }
            (Packet::Data { block: 0, .. }, Blocks::Get(_)) => Judgement::new(Reason::DataFirstZero),
            (Packet::Data { block: 1, data }, Blocks::Get(blocks)) => {
                let verdict = blocks.data(self.n, now, 1, data.len(), &self.terms);
                if self.offer.is_empty() {
                    verdict
                } else {
                    Judgement { why: Reason::NoOptions { got: "DATA 1" }, ..verdict }
                }
            }
            (Packet::Ack { block: 0 }, Blocks::Put(blocks)) => {
                blocks.accepted(self.n);
                let plain = self.offer.is_empty();
                let why = if plain { Reason::WrqReady } else { Reason::NoOptions { got: "ACK 0" } };
                Judgement { abs: Some(0), after: Some(State::Accepted), progress: true, ..Judgement::new(why) }
            }
            (Packet::Error { code, .. }, _) => {
                let mismatch = code == ErrorCode::UNKNOWN_TID;
                let why = if mismatch { Reason::ErrMismatch } else { Reason::ErrIn };
                Judgement { after: Some(State::Failed), ..Judgement::new(why) }
            }
            // Nothing is fixed by what makes no sense as an answer.
            (Packet::Data { block, .. }, Blocks::Get(_)) => {
                let why = Reason::DataAhead { block: block.into(), before: 1 };
                return Judgement { flags: Flag::Early.into(), ..Judgement::new(why) }.into();
            }
            (Packet::Ack { block }, Blocks::Put(_)) => {
                let why = Reason::AckFuture { block: block.into() };
                return Judgement { flags: Flag::Early.into(), ..Judgement::new(why) }.into();
            }
            (Packet::Request(_), _) => return Judgement::new(Reason::ReqIn).into(),
            (Packet::Data { .. } | Packet::Ack { .. }, _) => return Judgement::new(Reason::BadKind).into(),
        };
        self.tid = Some(peer);
        let answer = self.trip.as_mut().map(|trip| trip.answer(now));
        Judged { verdict: Judgement { flags: verdict.flags.with(Flag::Tid), ..verdict }, answer }
    }

    fn data(&mut self, now: Instant, wire: u16, length: usize) -> Judged {
        let Blocks::Get(blocks) = &mut self.blocks else { return Judgement::new(Reason::BadKind).into() };
        let verdict = blocks.data(self.n, now, wire, length, &self.terms);
        let answer = if verdict.progress { self.trip.as_mut().map(|trip| trip.answer(now)) } else { None };
        Judged { verdict, answer }
    }

    fn acknowledged(&mut self, now: Instant, wire: u16) -> Judged {
        let Blocks::Put(blocks) = &mut self.blocks else { return Judgement::new(Reason::BadKind).into() };
        let verdict = blocks.ack(self.n, wire, &self.terms);
        let block = verdict.abs.filter(|_| verdict.progress);
        let answer = block.and_then(|block| blocks.answered(block, now));
        Judged { verdict, answer }
    }
}
