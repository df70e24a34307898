//! Received packets, read as answers to sent ones.

use std::net::SocketAddr;

use super::conversation::{Blocks, Conversation};
use super::judgement::Judgement;
use super::moment::Moment;
use super::{Flag, Reason, State, offer};
use crate::bugs::ClientBug;
use crate::event::Side;
use crate::transfer::Ignored;
use crate::wire::{ErrorCode, Malformed, Packet};

impl Conversation {
    pub(super) fn received(
        &mut self,
        moment: Moment,
        peer: SocketAddr,
        parsed: Result<Packet<'_>, Malformed>,
    ) -> Judgement {
        let is_stranger = self.is_stranger(peer);
        if let (true, Some(ours)) = (is_stranger && !self.is_fooled_by(peer), self.tid.or(self.asked)) {
            let why = Reason::TidWrong { from: peer, ours };
            return Judgement::ignored(Ignored::Stranger, why).with(Flag::WrongTid);
        }
        let packet = match parsed {
            Ok(packet) => packet,
            Err(reason) => {
                self.garbled(moment);
                return Judgement::malformed(reason);
            }
        };
        (self.expired, self.is_garbled) = (None, false);
        let judgement = match (self.state, self.side) {
            (State::Idle, Side::Server) => self.asked_by(moment, peer, packet),
            (State::Idle, Side::Client) => unexpected(Reason::BadKind),
            (State::Requested, Side::Client) => self.first_answer(moment, peer, packet),
            _ => self.in_transfer(moment, packet),
        };
        if is_stranger {
            let why = match (judgement.progress, parsed) {
                (true, Ok(Packet::Data { .. })) => Reason::TidWritten { port: peer.port() },
                _ => Reason::TidBelieved { port: peer.port() },
            };
            return Judgement { why, ..judgement.with(Flag::WrongTid) };
        }
        judgement
    }

    /// Notes that a packet came which is none. It may have been the answer, so the next one may come from a timer.
    fn garbled(&mut self, moment: Moment) {
        self.is_garbled = true;
        if let Some(trip) = &mut self.trip {
            trip.doubt(moment.n);
        }
        if let Blocks::Outgoing(blocks) = &mut self.blocks {
            blocks.is_doubtful = true;
        }
    }

    /// Whether this side is a client that does not look at the port, so that any port of the server is its peer's.
    fn is_fooled_by(&self, peer: SocketAddr) -> bool {
        self.bug == Some(ClientBug::NoTid) && self.tid.is_some_and(|tid| tid.ip() == peer.ip())
    }

    /// Judges a packet between the first answer and the end.
    fn in_transfer(&mut self, moment: Moment, packet: Packet<'_>) -> Judgement {
        match (packet, &mut self.blocks) {
            (Packet::Oack(_) | Packet::Ack { .. } | Packet::Error { .. } | Packet::Request(_), _)
                if self.state == State::Dallying =>
            {
                unexpected(Reason::TooLate)
            }
            (Packet::Error { code, .. }, _) => {
                let answer = self.trip.as_mut().map(|trip| (trip.answer(moment).0, None));
                let why = Reason::ErrIn { peer: self.peer(), code: code.0, is_answer: false };
                Judgement { answer, ..Judgement::leads_to(State::Failed, why) }
            }
            (Packet::Data { block, data }, Blocks::Incoming(blocks)) => {
                let judgement = blocks.data(moment, block, data.len(), &self.terms, self.announced);
                let answered = self.trip.as_mut().filter(|_| judgement.progress);
                Judgement { answer: answered.map(|trip| trip.answer(moment)), ..judgement }
            }
            (Packet::Ack { block }, Blocks::Outgoing(blocks)) => {
                let is_offering = blocks.is_offering;
                let judgement = blocks.ack(moment, block, &self.terms);
                let answered = self.trip.as_mut().filter(|_| is_offering && judgement.progress);
                match answered.map(|trip| trip.answer(moment)) {
                    None => judgement,
                    answer => Judgement { answer, ..judgement },
                }
            }
            (Packet::Oack(_), Blocks::Outgoing(blocks)) if !blocks.is_offering => {
                Judgement::repeated(self.oack, Reason::OackAgainPut)
            }
            (Packet::Oack(_), Blocks::Incoming(blocks)) if self.oack.is_some() && self.side == Side::Client => {
                let why = if blocks.have == 0 { Reason::OackAgain } else { Reason::OackOld };
                Judgement::repeated(self.oack, why)
            }
            (Packet::Request(_), _) => unexpected(Reason::ReqIn),
            _ => unexpected(Reason::BadKind),
        }
    }

    fn first_answer(&mut self, moment: Moment, peer: SocketAddr, packet: Packet<'_>) -> Judgement {
        let judgement = match (packet, &mut self.blocks) {
            (Packet::Oack(oack), _) => {
                self.oack = Some(moment.n);
                let (why, terms) = offer::judge(&self.offer, &oack);
                match terms {
                    None => Judgement::last(why),
                    Some(terms) => {
                        self.agree(terms);
                        Judgement { progress: true, ..Judgement::leads_to(State::Negotiated, why) }
                    }
                }
            }
            (Packet::Data { block: 0, .. }, Blocks::Incoming(_)) => Judgement::last(Reason::DataFirstZero),
            (Packet::Data { block: 1, data }, Blocks::Incoming(blocks)) => {
                let judgement = blocks.data(moment, 1, data.len(), &self.terms, None);
                if self.offer.is_empty() || !judgement.progress {
                    judgement
                } else {
                    Judgement { why: Reason::NoOptions { got: "DATA 1" }, ..judgement }
                }
            }
            (Packet::Ack { block: 0 }, Blocks::Outgoing(blocks)) => {
                blocks.ack = Some(moment.n);
                let plain = self.offer.is_empty();
                let why = if plain { Reason::WrqReady } else { Reason::NoOptions { got: "ACK 0" } };
                Judgement { abs: Some(0), progress: true, ..Judgement::leads_to(State::Accepted, why) }
            }
            (Packet::Error { code: ErrorCode::UNKNOWN_TID, .. }, _) => {
                Judgement::leads_to(State::Failed, Reason::ErrMismatch)
            }
            (Packet::Error { code, .. }, _) => {
                let why = Reason::ErrIn { peer: self.peer(), code: code.0, is_answer: true };
                Judgement::leads_to(State::Failed, why)
            }
            // A packet that makes no sense as an answer fixes nothing.
            (Packet::Data { block, .. }, Blocks::Incoming(_)) => return odd("DATA", block),
            (Packet::Ack { block }, Blocks::Outgoing(_)) => return odd("ACK", block),
            (Packet::Request(_), _) => return unexpected(Reason::ReqIn),
            (Packet::Data { .. } | Packet::Ack { .. }, _) => return unexpected(Reason::BadKind),
        };
        self.tid = Some(peer);
        let answer = self.trip.as_mut().map(|trip| trip.answer(moment));
        Judgement { answer, ..judgement.with(Flag::Tid) }
    }

    /// Returns the reason of a packet that comes when the machine takes none.
    pub(super) fn too_late(&self, parsed: Result<Packet<'_>, Malformed>) -> Reason {
        match parsed {
            Ok(Packet::Error { .. }) if self.state == State::Done => Reason::ErrAfterAck,
            _ if matches!(&self.blocks, Blocks::Incoming(blocks) if blocks.complete) => Reason::TooLateForBlock,
            _ => Reason::TooLate,
        }
    }
}

fn unexpected(why: Reason) -> Judgement {
    Judgement::ignored(Ignored::Unexpected, why)
}

fn odd(got: &'static str, block: u16) -> Judgement {
    Judgement::ignored(Ignored::OutOfPlace, Reason::AnswerOdd { got, block }).with(Flag::Early)
}
