use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::peer::{Origin, Peer};
use super::retry::{Demand, Retry, RetryPolicy};
use super::{Abort, Event, Failure, Ignored, OptionsRejected, Output, Report, Stats};
use crate::wire::{Answer, ErrorCode, Offer, OptionList, Packet, Printable, Terms, emit_error};

/// What both machines share: the peer and its transfer id, the timers, the costs, and what waits to be told.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) peer: Peer,
    pub(super) retry: Retry,
    pub(super) stats: Stats,
    /// What is in force.
    pub(super) terms: Terms,
    /// Whether options were agreed at all.
    negotiated: bool,
    /// The time of the last input.
    pub(super) now: Instant,
    started: Instant,
    events: VecDeque<Event>,
    /// An ERROR that waits to be sent, to the peer or to a stranger.
    error: Option<(SocketAddr, Vec<u8>)>,
    end: Option<End>,
}

#[derive(Debug)]
enum End {
    /// Done, but the report is not handed out yet.
    Complete,
    Done,
    Failed(Failure),
}

impl Link {
    pub(super) fn new(now: Instant, peer: Peer, retry: Retry) -> Self {
        Self {
            peer,
            retry,
            stats: Stats::default(),
            terms: Terms::default(),
            negotiated: false,
            now,
            started: now,
            events: VecDeque::new(),
            error: None,
            end: None,
        }
    }

    /// A client's: it asks `server` and takes what comes first from there.
    pub(super) fn asking(now: Instant, server: SocketAddr, retry_policy: RetryPolicy) -> Self {
        Self::new(now, Peer::asked(server), Retry::new(now, retry_policy))
    }

    /// A server's: it answers `client`, whose address may be forged until it acknowledges.
    pub(super) fn answering(now: Instant, client: SocketAddr, answer: &Answer, retry_policy: RetryPolicy) -> Self {
        let terms = answer.terms();
        let mut link = Self::new(now, Peer::known(client), Retry::new(now, retry_policy).unproven());
        link.agree(terms, !answer.is_empty());
        if let Some(timeout) = terms.timeout {
            link.retry.agree(Duration::from_secs(timeout.get().into()));
        }
        link
    }

    /// Lets through what is a packet, and ours; tells and answers the rest. The origin says whether it is a first
    /// answer, for which nothing is fixed yet.
    pub(super) fn admit<'a>(&mut self, from: SocketAddr, datagram: &'a [u8]) -> Option<(Origin, Packet<'a>)> {
        let origin = self.peer.judge(from);
        let packet = Packet::parse(datagram);
        if origin == Origin::Stranger {
            self.stats.strangers += 1;
            self.ignore(from, Ignored::Stranger);
            // An ERROR is never answered (RFC 1350 section 2).
            if !matches!(packet, Ok(Packet::Error { .. })) {
                let code = ErrorCode::UNKNOWN_TID;
                self.error = Some((from, emit_error(code, code.meaning().as_bytes())));
            }
            return None;
        }
        match packet {
            Ok(packet) => Some((origin, packet)),
            Err(reason) => {
                self.ignore(from, Ignored::Malformed(reason));
                None
            }
        }
    }

    /// From now on the transfer is with this port only.
    pub(super) fn lock(&mut self, tid: SocketAddr) {
        if !self.peer.is_locked() {
            self.peer.lock(tid);
            self.emit(Event::Locked(tid));
        }
    }

    fn agree(&mut self, terms: Terms, negotiated: bool) {
        (self.terms, self.negotiated) = (terms, negotiated);
        self.emit(Event::Agreed(terms));
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.events.push_back(event);
    }

    pub(super) fn ignore(&mut self, from: SocketAddr, reason: Ignored) {
        if reason == Ignored::Duplicate {
            self.stats.duplicates += 1;
        }
        self.emit(Event::Ignored { from, reason });
    }

    /// Whether the time demands that the last packet be sent again; gives up by itself.
    pub(super) fn must_resend(&mut self) -> bool {
        match self.retry.check(self.now) {
            None => false,
            Some(Demand::Again { attempt, after }) => {
                self.emit(Event::Resending { attempt, after });
                true
            }
            Some(Demand::GiveUp) => {
                self.parting(ErrorCode::UNDEFINED, "timed out");
                self.fail(Failure::TimedOut { answered: self.peer.is_locked() });
                false
            }
        }
    }

    /// The file is safe at the peer.
    pub(super) fn complete(&mut self) {
        self.end.get_or_insert(End::Complete);
    }

    pub(super) fn finish(&mut self) {
        self.end.get_or_insert(End::Done);
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.end.get_or_insert(End::Failed(failure));
    }

    /// Ends the transfer and tells the peer why.
    pub(super) fn refuse(&mut self, code: ErrorCode, failure: Failure) {
        if self.end.is_none() {
            self.parting(code, &failure.to_string());
            self.fail(failure);
        }
    }

    pub(super) fn abort(&mut self, reason: Abort) {
        self.refuse(reason.code(), reason.into());
    }

    pub(super) fn is_over(&self) -> bool {
        self.end.is_some()
    }

    /// Whether [`poll`](Self::poll) has something.
    pub(super) fn is_urgent(&self) -> bool {
        self.is_over() || self.error.is_some() || !self.events.is_empty()
    }

    /// A last word to the peer, if there is one and it may be spoken to.
    fn parting(&mut self, code: ErrorCode, reason: &str) {
        if !self.peer.is_locked() || !self.retry.may_send() {
            return;
        }
        self.error = Some((self.peer.address(), emit_error(code, reason.as_bytes())));
    }

    pub(super) fn report(&self) -> Report {
        Report {
            stats: self.stats(),
            terms: self.terms,
            negotiated: self.negotiated,
            elapsed: self.now.saturating_duration_since(self.started),
            peer: self.peer.address(),
        }
    }

    pub(super) fn stats(&self) -> Stats {
        Stats { rtt: self.retry.rtt(), ..self.stats }
    }

    /// What goes before anything else: events, then a waiting ERROR, then the end.
    pub(super) fn poll(&mut self, datagram: &mut Vec<u8>) -> Option<Urgent> {
        if let Some(event) = self.events.pop_front() {
            return Some(Urgent::Event(event));
        }
        if let Some((to, error)) = self.error.take() {
            *datagram = error;
            return Some(Urgent::Error(to));
        }
        match self.end.as_ref()? {
            End::Complete => {
                self.end = Some(End::Done);
                Some(Urgent::Complete(self.report()))
            }
            End::Done => Some(Urgent::Done),
            End::Failed(failure) => Some(Urgent::Failed(failure.clone())),
        }
    }
}

/// See [`Link::poll`].
#[derive(Debug)]
pub(super) enum Urgent {
    Event(Event),
    /// The ERROR stands in the buffer handed in.
    Error(SocketAddr),
    Complete(Report),
    Done,
    Failed(Failure),
}

impl Urgent {
    /// As an output; `datagram` is the buffer that [`Link::poll`] wrote an ERROR to.
    pub(super) fn output(self, datagram: &[u8]) -> Output<'_> {
        match self {
            Self::Event(event) => Output::Event(event),
            Self::Error(to) => Output::Transmit { to, datagrams: datagram, stride: datagram.len() },
            Self::Complete(report) => Output::Complete(report),
            Self::Done => Output::Done,
            Self::Failed(failure) => Output::Failed(failure),
        }
    }
}

/// A request that waits for its first answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening {
    pub(super) offer: Offer,
}

impl Opening {
    /// What an ERROR as first answer means: with some codes the options may be what the server does not like
    /// (RFC 2347).
    pub(super) fn refused(&self, code: ErrorCode, message: &[u8]) -> Failure {
        if !self.offer.is_empty() && [ErrorCode::UNDEFINED, ErrorCode::ILLEGAL, ErrorCode::OPTIONS].contains(&code) {
            return OptionsRejected::Error { code, message: Printable(message).brief() }.into();
        }
        Failure::remote(code, message)
    }

    /// Whether so many unanswered requests speak against the options. Not a question for a put: its first request may
    /// have created the file.
    pub(super) fn is_hopeless(&self, unanswered: u32) -> bool {
        !self.offer.is_empty() && unanswered >= 2
    }

    /// Takes an OACK, or refuses it with ERROR 8 (RFC 2347).
    pub(super) fn accept(&self, link: &mut Link, from: SocketAddr, oack: &OptionList<'_>) -> bool {
        link.lock(from);
        match self.offer.accept(oack) {
            Ok(terms) => {
                link.agree(terms, true);
                true
            }
            Err(bad) => {
                link.refuse(ErrorCode::OPTIONS, bad.into());
                false
            }
        }
    }

    /// Takes an answer that does not mention options: RFC 1350 as it was.
    pub(super) fn plain(link: &mut Link, from: SocketAddr) {
        link.lock(from);
        link.agree(Terms::default(), false);
    }
}
