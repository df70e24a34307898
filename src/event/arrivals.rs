//! What comes in, read as an answer to what went out.

use std::net::SocketAddr;
use std::time::Instant;

use super::conversation::{Blocks, Conversation, Foreign, Told};
use super::flaws::malformed;
use super::get::Verdict;
use super::{Flag, Flags, State, Why, offer};
use crate::wire::{ErrorCode, Malformed, Packet};

impl Conversation {
    pub(super) fn received(
        &mut self,
        now: Instant,
        peer: SocketAddr,
        parsed: Result<Packet<'_>, Malformed>,
        state: State,
    ) -> Told {
        if let (true, Some(ours)) = (self.is_stranger(peer), self.tid.or(self.asked)) {
            let (block, length) = match parsed {
                Ok(Packet::Data { block, data }) => (Some(block), Some(data.len())),
                Ok(Packet::Ack { block }) => (Some(block), None),
                _ => (None, None),
            };
            self.foreign = block.map(|block| Foreign { from: peer, n: self.n, block, length });
            let why = Why::TidWrong { from: peer, ours };
            return Verdict { flags: Flag::WrongTid.into(), ..Verdict::new(why) }.into();
        }
        let packet = match parsed {
            Ok(packet) => packet,
            Err(reason) => return malformed(reason).into(),
        };
        self.expired = None;
        if state.is_over() || state == State::Idle {
            let why = if state == State::Idle { Why::BadKind } else { Why::TooLate };
            let flags = if state.is_over() { Flag::AfterEnd.into() } else { Flags::default() };
            return Verdict { flags, ..Verdict::new(why) }.into();
        }
        if state == State::Requested {
            return self.first_answer(now, peer, packet);
        }
        match packet {
            Packet::Error { .. } => {
                let answer = self.trip.as_mut().map(|trip| trip.answer(now));
                let answer = answer.map(|(n, _)| (n, None));
                Told { verdict: Verdict { after: Some(State::Failed), ..Verdict::new(Why::ErrIn) }, answer }
            }
            Packet::Data { block, data } => self.data(now, block, data.len()),
            Packet::Ack { block } => self.acknowledged(now, block),
            Packet::Oack(_) => Verdict { flags: Flag::Dup.into(), ..Verdict::new(Why::OackAgain) }.into(),
            Packet::Request(_) => Verdict::new(Why::ReqIn).into(),
        }
    }

    fn first_answer(&mut self, now: Instant, peer: SocketAddr, packet: Packet<'_>) -> Told {
        let verdict = match (packet, &mut self.blocks) {
            (Packet::Oack(oack), _) => {
                let (why, terms) = offer::judge(&self.offer, &oack);
                let accepted = terms.is_some();
                self.terms = terms.unwrap_or_default();
                Verdict { after: accepted.then_some(State::Negotiated), progress: accepted, ..Verdict::new(why) }
            }
            (Packet::Data { block: 0, .. }, Blocks::Get(_)) => Verdict::new(Why::DataFirstZero),
            (Packet::Data { block: 1, data }, Blocks::Get(blocks)) => {
                let verdict = blocks.data(self.n, now, 1, data.len(), &self.terms);
                if self.offer.is_empty() {
                    verdict
                } else {
                    Verdict { why: Why::NoOptions { got: "DATA 1" }, ..verdict }
                }
            }
            (Packet::Ack { block: 0 }, Blocks::Put(blocks)) => {
                blocks.accepted(self.n);
                let plain = self.offer.is_empty();
                let why = if plain { Why::WrqReady } else { Why::NoOptions { got: "ACK 0" } };
                Verdict { abs: Some(0), after: Some(State::Accepted), progress: true, ..Verdict::new(why) }
            }
            (Packet::Error { code, .. }, _) => {
                let mismatch = code == ErrorCode::UNKNOWN_TID;
                let why = if mismatch { Why::ErrMismatch } else { Why::ErrIn };
                Verdict { after: Some(State::Failed), ..Verdict::new(why) }
            }
            // Nothing is fixed by what makes no sense as an answer.
            (Packet::Data { block, .. }, Blocks::Get(_)) => {
                let why = Why::DataAhead { block: block.into(), before: 1 };
                return Verdict { flags: Flag::Early.into(), ..Verdict::new(why) }.into();
            }
            (Packet::Ack { block }, Blocks::Put(_)) => {
                let why = Why::AckFuture { block: block.into() };
                return Verdict { flags: Flag::Early.into(), ..Verdict::new(why) }.into();
            }
            (Packet::Request(_), _) => return Verdict::new(Why::ReqIn).into(),
            (Packet::Data { .. } | Packet::Ack { .. }, _) => return Verdict::new(Why::BadKind).into(),
        };
        self.tid = Some(peer);
        let answer = self.trip.as_mut().map(|trip| trip.answer(now));
        Told { verdict: Verdict { flags: verdict.flags.with(Flag::Tid), ..verdict }, answer }
    }

    fn data(&mut self, now: Instant, wire: u16, length: usize) -> Told {
        let Blocks::Get(blocks) = &mut self.blocks else { return Verdict::new(Why::BadKind).into() };
        let verdict = blocks.data(self.n, now, wire, length, &self.terms);
        let answer = if verdict.progress { self.trip.as_mut().map(|trip| trip.answer(now)) } else { None };
        Told { verdict, answer }
    }

    fn acknowledged(&mut self, now: Instant, wire: u16) -> Told {
        let Blocks::Put(blocks) = &mut self.blocks else { return Verdict::new(Why::BadKind).into() };
        let verdict = blocks.ack(self.n, wire, &self.terms);
        let block = verdict.abs.filter(|_| verdict.progress);
        let answer = block.and_then(|block| blocks.answered(block, now));
        Told { verdict, answer }
    }
}
