//! Received packets, read as answers to sent ones.

use std::net::SocketAddr;
use std::time::Instant;

use super::conversation::{Blocks, Conversation, Foreign};
use super::judgement::Judgement;
use super::{Flag, Reason, State, offer};
use crate::wire::{ErrorCode, Malformed, Packet};

impl Conversation {
    pub(super) fn received(
        &mut self,
        now: Instant,
        peer: SocketAddr,
        parsed: Result<Packet<'_>, Malformed>,
        state: State,
    ) -> Judgement {
        if let (true, Some(ours)) = (self.is_stranger(peer), self.tid.or(self.asked)) {
            let (block, length) = match parsed {
                Ok(Packet::Data { block, data }) => (Some(block), Some(data.len())),
                Ok(Packet::Ack { block }) => (Some(block), None),
                _ => (None, None),
            };
            self.foreign = block.map(|block| Foreign { from: peer, n: self.n, block, length });
            return Judgement::flagged(Flag::WrongTid, Reason::TidWrong { from: peer, ours });
        }
        let packet = match parsed {
            Ok(packet) => packet,
            Err(reason) => return Judgement::malformed(reason),
        };
        self.expired = None;
        match (state, packet) {
            (State::Idle, _) => Judgement::new(Reason::BadKind),
            (over, _) if over.is_over() => Judgement::flagged(Flag::AfterEnd, Reason::TooLate),
            (State::Requested, packet) => self.first_answer(now, peer, packet),
            (_, Packet::Error { .. }) => {
                let answer = self.trip.as_mut().map(|trip| (trip.answer(now).0, None));
                Judgement { answer, ..Judgement::leads_to(State::Failed, Reason::ErrIn) }
            }
            (_, Packet::Data { block, data }) => {
                let Blocks::Get(blocks) = &mut self.blocks else { return Judgement::new(Reason::BadKind) };
                let judgement = blocks.data(self.n, now, block, data.len(), &self.terms);
                let answered = self.trip.as_mut().filter(|_| judgement.progress);
                Judgement { answer: answered.map(|trip| trip.answer(now)), ..judgement }
            }
            (_, Packet::Ack { block }) => match &mut self.blocks {
                Blocks::Put(blocks) => blocks.ack(self.n, now, block, &self.terms),
                _ => Judgement::new(Reason::BadKind),
            },
            (_, Packet::Oack(_)) => Judgement { dup_of: self.oack, ..Judgement::flagged(Flag::Dup, Reason::OackAgain) },
            (_, Packet::Request(_)) => Judgement::new(Reason::ReqIn),
        }
    }

    fn first_answer(&mut self, now: Instant, peer: SocketAddr, packet: Packet<'_>) -> Judgement {
        let judgement = match (packet, &mut self.blocks) {
            (Packet::Oack(oack), _) => {
                let (why, terms) = offer::judge(&self.offer, &oack);
                let accepted = terms.is_some();
                self.terms = terms.unwrap_or_default();
                self.oack = Some(self.n);
                Judgement { after: accepted.then_some(State::Negotiated), progress: accepted, ..Judgement::new(why) }
            }
            (Packet::Data { block: 0, .. }, Blocks::Get(_)) => Judgement::new(Reason::DataFirstZero),
            (Packet::Data { block: 1, data }, Blocks::Get(blocks)) => {
                let judgement = blocks.data(self.n, now, 1, data.len(), &self.terms);
                if self.offer.is_empty() {
                    judgement
                } else {
                    Judgement { why: Reason::NoOptions { got: "DATA 1" }, ..judgement }
                }
            }
            (Packet::Ack { block: 0 }, Blocks::Put(blocks)) => {
                blocks.ack = Some(self.n);
                let plain = self.offer.is_empty();
                let why = if plain { Reason::WrqReady } else { Reason::NoOptions { got: "ACK 0" } };
                Judgement { abs: Some(0), progress: true, ..Judgement::leads_to(State::Accepted, why) }
            }
            (Packet::Error { code: ErrorCode::UNKNOWN_TID, .. }, _) => {
                Judgement::leads_to(State::Failed, Reason::ErrMismatch)
            }
            (Packet::Error { .. }, _) => Judgement::leads_to(State::Failed, Reason::ErrIn),
            // A packet that makes no sense as an answer fixes nothing.
            (Packet::Data { block, .. }, Blocks::Get(_)) => {
                return Judgement::flagged(Flag::Early, Reason::AnswerOdd { got: "DATA", block });
            }
            (Packet::Ack { block }, Blocks::Put(_)) => {
                return Judgement::flagged(Flag::Early, Reason::AnswerOdd { got: "ACK", block });
            }
            (Packet::Request(_), _) => return Judgement::new(Reason::ReqIn),
            (Packet::Data { .. } | Packet::Ack { .. }, _) => return Judgement::new(Reason::BadKind),
        };
        self.tid = Some(peer);
        let answer = self.trip.as_mut().map(|trip| trip.answer(now));
        Judgement { answer, ..judgement.with(Flag::Tid) }
    }
}
