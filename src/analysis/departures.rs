//! Sent packets and their reasons.

use std::net::SocketAddr;

use super::answers::Trip;
use super::conversation::{Blocks, Conversation};
use super::get::Incoming;
use super::judgement::Judgement;
use super::moment::Moment;
use super::put::Outgoing;
use super::{Flag, Reason, State};
use crate::bugs::ClientBug;
use crate::event::Side;
use crate::wire::{Malformed, Mode, Offer, Packet, Printable, Request, RequestKind, Terms};

impl Conversation {
    pub(super) fn sent(
        &mut self,
        moment: Moment,
        peer: SocketAddr,
        datagram: &[u8],
        parsed: Result<Packet<'_>, Malformed>,
    ) -> Judgement {
        let is_misled = matches!(parsed, Ok(Packet::Ack { .. } | Packet::Data { .. })) && self.is_stranger(peer);
        let mut judgement = match parsed {
            Ok(Packet::Request(request)) => self.ask(moment, peer, datagram, &request),
            Ok(Packet::Error { .. }) if self.is_stranger(peer) => Judgement::flagged(Flag::ToStranger, Reason::TidTell),
            Ok(Packet::Error { .. }) => Judgement::leads_to(State::Failed, Reason::ErrOut),
            Ok(Packet::Ack { block }) => self.acknowledge(moment, block),
            Ok(Packet::Data { block, data }) => match &mut self.blocks {
                Blocks::Outgoing(blocks) => {
                    let judgement = blocks.data(moment, block, data.len(), &self.terms);
                    // Without options, block 1 is the answer to the request.
                    let is_answer = self.side == Side::Server && self.state == State::Requested;
                    Judgement { answer: is_answer.then_some((self.requested, None)), ..judgement }
                }
                _ => Judgement::new(Reason::BadKind),
            },
            Ok(Packet::Oack(oack)) => self.grant(moment, &oack),
            Err(reason) => Judgement { ignored: None, ..Judgement::malformed(reason) },
        };
        if is_misled {
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

    fn ask(&mut self, moment: Moment, peer: SocketAddr, datagram: &[u8], request: &Request<'_>) -> Judgement {
        if self.request == datagram && self.asked == Some(peer) && self.tid.is_none() {
            let trip = self.trip.as_mut();
            let dup_of = trip.map(|trip| trip.again(moment).first);
            let why = Reason::ReqAgain { after: self.expired.unwrap_or_default() };
            return Judgement { dup_of, ..Judgement::flagged(Flag::Rexmt, why) };
        }
        self.begin(moment, peer, datagram, request);
        self.trip = Some(Trip::new(moment));
        let file = Printable(request.filename).to_string();
        let options = request.options.pairs().count();
        self.blocks = match request.kind {
            RequestKind::Read => Blocks::Incoming(Incoming::default()),
            RequestKind::Write => Blocks::Outgoing(Outgoing::default()),
        };
        let why = match request.kind {
            RequestKind::Read => Reason::ReqRead { file, options },
            RequestKind::Write => Reason::ReqWrite { file, options },
        };
        Judgement::leads_to(State::Requested, self.again.take().unwrap_or(why))
    }

    /// Notes a request, after which everything begins anew.
    pub(super) fn begin(&mut self, moment: Moment, peer: SocketAddr, datagram: &[u8], request: &Request<'_>) {
        self.request = datagram.to_vec();
        self.requested = moment.n;
        self.asked = Some(peer);
        (self.tid, self.oack, self.expired) = (None, None, None);
        self.is_octet = Mode::from_wire(request.mode) == Some(Mode::Octet);
        self.offer = Offer::parse(&request.options);
        (self.terms, self.announced) = (Terms::default(), None);
        self.is_deaf = self.tally.has_ended();
    }

    fn acknowledge(&mut self, moment: Moment, wire: u16) -> Judgement {
        let Blocks::Incoming(blocks) = &mut self.blocks else { return Judgement::new(Reason::BadKind) };
        let is_polite = self.bug != Some(ClientBug::NoDally);
        let mut judgement = blocks.ack(moment, wire, self.state, is_polite);
        if self.side == Side::Server && self.state == State::Requested && judgement.abs == Some(0) {
            judgement.answer = Some((self.requested, None));
            judgement.why = Reason::WrqGranted;
        }
        match &mut self.trip {
            Some(trip) if judgement.flags.contains(Flag::Rexmt) => _ = trip.again(moment),
            trip => *trip = Some(Trip::new(moment)),
        }
        judgement
    }
}
