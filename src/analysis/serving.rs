//! What only the answering side does: it takes a request, and grants options.

use std::net::SocketAddr;

use super::answers::Trip;
use super::conversation::{Blocks, Conversation};
use super::get::Incoming;
use super::judgement::Judgement;
use super::moment::Moment;
use super::put::Outgoing;
use super::{Flag, Reason, State, offer};
use crate::transfer::Ignored;
use crate::wire::{OptionList, Packet, Printable, RequestKind};

impl Conversation {
    /// Judges the packet that begins a transfer.
    pub(super) fn asked_by(&mut self, moment: Moment, peer: SocketAddr, packet: Packet<'_>) -> Judgement {
        let Packet::Request(request) = packet else {
            return Judgement::ignored(Ignored::Unexpected, Reason::BadKind);
        };
        self.begin(moment, peer, &[], &request);
        self.tid = Some(peer);
        let verb = match request.kind {
            RequestKind::Read => "read",
            RequestKind::Write => "write",
        };
        self.blocks = match request.kind {
            RequestKind::Read => Blocks::Outgoing(Outgoing::default()),
            RequestKind::Write => Blocks::Incoming(Incoming::default()),
        };
        let file = Printable(request.filename).to_string();
        let options = request.options.pairs().count();
        let why = Reason::ReqGot { verb, file, options };
        Judgement { progress: true, ..Judgement::leads_to(State::Requested, why) }
    }

    /// Judges an OACK that this side sends.
    pub(super) fn grant(&mut self, moment: Moment, oack: &OptionList<'_>) -> Judgement {
        if let (Some(n), Some(trip)) = (self.oack, &mut self.trip) {
            trip.again(moment);
            let why = Reason::OackSentAgain;
            return Judgement { dup_of: Some(n), ..Judgement::flagged(Flag::Rexmt, why) };
        }
        let (why, terms) = offer::grant(&self.offer, oack);
        if let Some(terms) = terms {
            self.agree(terms);
        }
        self.oack = Some(moment.n);
        self.trip = Some(Trip::new(moment));
        if let Blocks::Outgoing(blocks) = &mut self.blocks {
            blocks.is_offering = true;
        }
        let answer = (self.requested > 0).then_some((self.requested, None));
        Judgement { answer, ..Judgement::leads_to(State::Negotiated, why) }
    }
}
