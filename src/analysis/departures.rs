//! What this side sends, read as its reasons.

use std::net::SocketAddr;
use std::time::Instant;

use super::answers::Trip;
use super::conversation::{Blocks, Conversation, Foreign, Judged};
use super::flaws::malformed;
use super::get::{Incoming, Judgement};
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
    ) -> Judged {
        let misled = matches!(parsed, Ok(Packet::Ack { .. } | Packet::Data { .. })) && self.is_stranger(peer);
        if misled {
            self.believe(now, peer);
        }
        let mut verdict = match parsed {
            Ok(Packet::Request(request)) => self.ask(now, peer, datagram, &request),
            Ok(Packet::Error { .. }) if self.is_stranger(peer) => {
                Judgement { flags: Flag::ToStranger.into(), ..Judgement::new(Reason::TidTell) }
            }
            Ok(Packet::Error { .. }) => Judgement { after: Some(State::Failed), ..Judgement::new(Reason::ErrOut) },
            Ok(Packet::Ack { block }) => self.acknowledge(now, block),
            Ok(Packet::Data { block, data }) => match &mut self.blocks {
                Blocks::Put(blocks) => blocks.data(self.n, now, block, data.len(), &self.terms),
                _ => Judgement::new(Reason::BadKind),
            },
            Ok(Packet::Oack(_)) => Judgement::new(Reason::BadKind),
            Err(reason) => malformed(reason),
        };
        if misled {
            verdict.flags.insert(Flag::ToStranger);
            verdict.why = Reason::TidFooled { port: peer.port() };
        }
        self.because_of_silence(verdict).into()
    }

    /// This side answers a stranger, so it took the stranger's packet for its peer's: what follows is judged by that.
    fn believe(&mut self, now: Instant, peer: SocketAddr) {
        let Some(Foreign { n, block, length, .. }) = self.foreign.take_if(|foreign| foreign.from == peer) else {
            return;
        };
        let verdict = match (&mut self.blocks, length) {
            (Blocks::Get(blocks), Some(length)) => blocks.data(n, now, block, length, &self.terms),
            (Blocks::Put(blocks), None) => blocks.ack(n, block, &self.terms),
            _ => return,
        };
        self.state = verdict.after.unwrap_or(self.state);
    }

    /// A timer that ran out is the reason for what is sent again, before any other.
    fn because_of_silence(&self, verdict: Judgement) -> Judgement {
        match self.expired {
            Some(after) if verdict.flags.contains(Flag::Rexmt) => {
                Judgement { why: Reason::ReqAgain { after }, ..verdict }
            }
            _ => verdict,
        }
    }

    fn ask(&mut self, now: Instant, peer: SocketAddr, datagram: &[u8], request: &Request<'_>) -> Judgement {
        if self.request == datagram && self.asked == Some(peer) && self.tid.is_none() {
            let first = self.trip.map(|trip| trip.first);
            if let Some(trip) = &mut self.trip {
                trip.again(self.n, now);
            }
            let why = Reason::ReqAgain { after: self.expired.unwrap_or_default() };
            return Judgement { flags: Flag::Rexmt.into(), dup_of: first, ..Judgement::new(why) };
        }
        let with_options = !self.offer.is_empty();
        self.request = datagram.to_vec();
        self.asked = Some(peer);
        self.tid = None;
        self.offer = Offer::parse(&request.options);
        self.terms = Terms::default();
        self.trip = Some(Trip::new(self.n, now));
        self.expired = None;
        let file = Printable(request.filename).to_string();
        let options = request.options.pairs().count();
        let why = match request.kind {
            _ if with_options && options == 0 => Reason::ReqPlain,
            RequestKind::Read => Reason::ReqRead { file, options },
            RequestKind::Write => Reason::ReqWrite { file, options },
        };
        self.blocks = match request.kind {
            RequestKind::Read => Blocks::Get(Incoming::default()),
            RequestKind::Write => Blocks::Put(Outgoing::default()),
        };
        Judgement { after: Some(State::Requested), ..Judgement::new(why) }
    }

    fn acknowledge(&mut self, now: Instant, wire: u16) -> Judgement {
        let Blocks::Get(blocks) = &mut self.blocks else { return Judgement::new(Reason::BadKind) };
        let verdict = blocks.ack(self.n, now, wire, self.state);
        match &mut self.trip {
            Some(trip) if verdict.flags.contains(Flag::Rexmt) => trip.again(self.n, now),
            trip => *trip = Some(Trip::new(self.n, now)),
        }
        verdict
    }
}
