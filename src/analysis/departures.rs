//! Sent packets and their reasons.

use std::net::SocketAddr;
use std::time::Instant;

use super::answers::Trip;
use super::conversation::{Blocks, Conversation, Foreign};
use super::get::Incoming;
use super::judgement::Judgement;
use super::put::Outgoing;
use super::{Flag, Reason, State};
use crate::wire::{Malformed, Offer, Packet, Printable, Request, RequestKind, Terms};

impl Conversation {
    pub(super) fn sent(
        &mut self,
        now: Instant,
        peer: SocketAddr,
        datagram: &[u8],
        parsed: Result<Packet<'_>, Malformed>,
    ) -> Judgement {
        let misled = matches!(parsed, Ok(Packet::Ack { .. } | Packet::Data { .. })) && self.is_stranger(peer);
        if misled {
            self.believe(now, peer);
        }
        let mut judgement = match parsed {
            Ok(Packet::Request(request)) => self.ask(now, peer, datagram, &request),
            Ok(Packet::Error { .. }) if self.is_stranger(peer) => Judgement::flagged(Flag::ToStranger, Reason::TidTell),
            Ok(Packet::Error { .. }) => Judgement::leads_to(State::Failed, Reason::ErrOut),
            Ok(Packet::Ack { block }) => self.acknowledge(now, block),
            Ok(Packet::Data { block, data }) => match &mut self.blocks {
                Blocks::Put(blocks) => blocks.data(self.n, now, block, data.len(), &self.terms),
                _ => Judgement::new(Reason::BadKind),
            },
            Ok(Packet::Oack(_)) => Judgement::new(Reason::BadKind),
            Err(reason) => Judgement::malformed(reason),
        };
        if misled {
            judgement = Judgement { why: Reason::TidFooled { port: peer.port() }, ..judgement.with(Flag::ToStranger) };
        }
        // An expired timer is the reason for what is sent again, before any other.
        match self.expired {
            Some(after) if judgement.flags.contains(Flag::Rexmt) => {
                Judgement { why: Reason::ReqAgain { after }, ..judgement }
            }
            _ => judgement,
        }
    }

    /// Takes the stranger's packet for the peer's, as this side does when it answers: it judges what follows by that.
    fn believe(&mut self, now: Instant, peer: SocketAddr) {
        let Some(Foreign { n, block, length, .. }) = self.foreign.take_if(|foreign| foreign.from == peer) else {
            return;
        };
        let judgement = match (&mut self.blocks, length) {
            (Blocks::Get(blocks), Some(length)) => blocks.data(n, now, block, length, &self.terms),
            (Blocks::Put(blocks), None) => blocks.ack(n, now, block, &self.terms),
            _ => return,
        };
        self.state = judgement.after.unwrap_or(self.state);
    }

    fn ask(&mut self, now: Instant, peer: SocketAddr, datagram: &[u8], request: &Request<'_>) -> Judgement {
        if self.request == datagram && self.asked == Some(peer) && self.tid.is_none() {
            let trip = self.trip.as_mut();
            let dup_of = trip.map(|trip| trip.again(self.n, now).first);
            let why = Reason::ReqAgain { after: self.expired.unwrap_or_default() };
            return Judgement { dup_of, ..Judgement::flagged(Flag::Rexmt, why) };
        }
        self.request = datagram.to_vec();
        self.asked = Some(peer);
        self.tid = None;
        self.offer = Offer::parse(&request.options);
        self.terms = Terms::default();
        self.trip = Some(Trip::new(self.n, now));
        self.expired = None;
        let file = Printable(request.filename).to_string();
        let options = request.options.pairs().count();
        let (blocks, why) = match request.kind {
            RequestKind::Read => (Blocks::Get(Incoming::default()), Reason::ReqRead { file, options }),
            RequestKind::Write => (Blocks::Put(Outgoing::default()), Reason::ReqWrite { file, options }),
        };
        self.blocks = blocks;
        Judgement::leads_to(State::Requested, self.again.take().unwrap_or(why))
    }

    fn acknowledge(&mut self, now: Instant, wire: u16) -> Judgement {
        let Blocks::Get(blocks) = &mut self.blocks else { return Judgement::new(Reason::BadKind) };
        let judgement = blocks.ack(self.n, now, wire, self.state);
        match &mut self.trip {
            Some(trip) if judgement.flags.contains(Flag::Rexmt) => _ = trip.again(self.n, now),
            trip => *trip = Some(Trip::new(self.n, now)),
        }
        judgement
    }
}
