//! What this side sends, read as its reasons.

use std::net::SocketAddr;
use std::time::Instant;

use super::answers::Trip;
use super::conversation::{Blocks, Conversation, Foreign, Told};
use super::flaws::malformed;
use super::get::{Incoming, Verdict};
use super::put::Outgoing;
use super::{Flag, State, Why};
use crate::wire::{Malformed, Offer, Packet, Printable, Request, RequestKind, Terms};

impl Conversation {
    pub(super) fn sent(
        &mut self,
        now: Instant,
        peer: SocketAddr,
        datagram: &[u8],
        parsed: Result<Packet<'_>, Malformed>,
    ) -> Told {
        let misled = matches!(parsed, Ok(Packet::Ack { .. } | Packet::Data { .. })) && self.is_stranger(peer);
        if misled {
            self.believe(now, peer);
        }
        let mut verdict = match parsed {
            Ok(Packet::Request(request)) => self.ask(now, peer, datagram, &request),
            Ok(Packet::Error { .. }) if self.is_stranger(peer) => {
                Verdict { flags: Flag::ToStranger.into(), ..Verdict::new(Why::TidTell) }
            }
            Ok(Packet::Error { .. }) => Verdict { after: Some(State::Failed), ..Verdict::new(Why::ErrOut) },
            Ok(Packet::Ack { block }) => self.acknowledge(now, block),
            Ok(Packet::Data { block, data }) => match &mut self.blocks {
                Blocks::Put(blocks) => blocks.data(self.n, now, block, data.len(), &self.terms),
                _ => Verdict::new(Why::BadKind),
            },
            Ok(Packet::Oack(_)) => Verdict::new(Why::BadKind),
            Err(reason) => malformed(reason),
        };
        if misled {
            verdict.flags.insert(Flag::ToStranger);
            verdict.why = Why::TidFooled { port: peer.port() };
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
    fn because_of_silence(&self, verdict: Verdict) -> Verdict {
        match self.expired {
            Some(after) if verdict.flags.contains(Flag::Rexmt) => Verdict { why: Why::ReqAgain { after }, ..verdict },
            _ => verdict,
        }
    }

    fn ask(&mut self, now: Instant, peer: SocketAddr, datagram: &[u8], request: &Request<'_>) -> Verdict {
        if self.request == datagram && self.asked == Some(peer) && self.tid.is_none() {
            let first = self.trip.map(|trip| trip.first);
            if let Some(trip) = &mut self.trip {
                trip.again(self.n, now);
            }
            let why = Why::ReqAgain { after: self.expired.unwrap_or_default() };
            return Verdict { flags: Flag::Rexmt.into(), dup_of: first, ..Verdict::new(why) };
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
            _ if with_options && options == 0 => Why::ReqPlain,
            RequestKind::Read => Why::ReqRead { file, options },
            RequestKind::Write => Why::ReqWrite { file, options },
        };
        self.blocks = match request.kind {
            RequestKind::Read => Blocks::Get(Incoming::default()),
            RequestKind::Write => Blocks::Put(Outgoing::default()),
        };
        Verdict { after: Some(State::Requested), ..Verdict::new(why) }
    }

    fn acknowledge(&mut self, now: Instant, wire: u16) -> Verdict {
        let Blocks::Get(blocks) = &mut self.blocks else { return Verdict::new(Why::BadKind) };
        let verdict = blocks.ack(self.n, now, wire, self.state);
        match &mut self.trip {
            Some(trip) if verdict.flags.contains(Flag::Rexmt) => trip.again(self.n, now),
            trip => *trip = Some(Trip::new(self.n, now)),
        }
        verdict
    }
}
