use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::peer::Peer;
use super::retry::{Demand, Retry, RetryPolicy, Rexmt};
use super::{Abort, Event, Failure, Ignored, MeaninglessAnswer, Output, Report, Request, Stats, Violation};
use crate::wire::{Answer, BlockSize, ErrorCode, Mode, Offer, OptionList, Packet, RequestKind, Terms, emit_error};

/// The state that both machines share: the peer and its transfer id, the timers, the costs, and outputs that wait.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) peer: Peer,
    pub(super) retry: Retry,
    pub(super) stats: Stats,
    /// The terms in force.
    pub(super) terms: Terms,
    /// Whether options were agreed at all.
    negotiated: bool,
    /// The size of the file that was announced and agreed, in bytes (RFC 2349); `None` is unknown.
    pub(super) announced: Option<u64>,
    mode: Mode,
    /// What a client asked for; `None` on a server.
    asked: Option<Asked>,
    /// The time of the last input.
    pub(super) now: Instant,
    started: Instant,
    events: VecDeque<Event>,
    /// Where the ERROR in `error` is yet to be sent: to the peer or to a stranger.
    error_to: Option<SocketAddr>,
    error: Vec<u8>,
    end: Option<End>,
}

/// The request of a client, as long as its answer matters.
#[derive(Debug)]
struct Asked {
    kind: RequestKind,
    offer: Offer,
    /// The last answer that made no sense.
    meaningless: Option<MeaninglessAnswer>,
    /// The server said again that it waits for block 1, after that was sent again.
    misses_block_1: bool,
}

impl Asked {
    /// Returns the least time in which a packet can count as lost twice.
    fn patience(&self, rexmt: Rexmt) -> Duration {
        match (self.kind, rexmt) {
            // The ACK of block 1 may be late for another reason: some devices erase their flash memory before it.
            (RequestKind::Write, _) if !self.misses_block_1 => Duration::from_secs(10),
            (_, Rexmt::Auto) => Duration::from_secs(3),
            (_, Rexmt::Fixed(_)) => Duration::ZERO,
        }
    }
}

#[derive(Debug)]
enum End {
    /// Done, but [`Link::urgent`] has not returned the report yet.
    Complete,
    Done,
    Failed(Failure),
}

impl Link {
    fn new(now: Instant, peer: Peer, mode: Mode, retry_policy: RetryPolicy) -> Self {
        Self {
            peer,
            retry: Retry::new(now, retry_policy),
            stats: Stats::default(),
            terms: Terms::default(),
            negotiated: false,
            announced: None,
            mode,
            asked: None,
            now,
            started: now,
            events: VecDeque::new(),
            error_to: None,
            error: Vec::new(),
            end: None,
        }
    }

    /// Makes a client's link: it asks `server`, and the first answer from there fixes the transfer id.
    pub(super) fn asking(
        now: Instant,
        server: SocketAddr,
        kind: RequestKind,
        request: &Request<'_>,
        retry_policy: RetryPolicy,
    ) -> Self {
        let asked = Some(Asked { kind, offer: request.offer, meaningless: None, misses_block_1: false });
        Self { asked, ..Self::new(now, Peer::asked(server), request.mode, retry_policy) }
    }

    /// Makes a server's link: it answers `client`, whose address may be forged until it acknowledges. A server grants
    /// tsize in octet mode only.
    pub(super) fn answering(now: Instant, client: SocketAddr, answer: &Answer, retry_policy: RetryPolicy) -> Self {
        let terms = answer.terms();
        let mut link = Self::new(now, Peer::known(client), Mode::Octet, retry_policy);
        link.retry.distrust();
        link.agree(terms, !answer.is_empty());
        if let Some(timeout) = terms.timeout {
            let interval = Duration::from_secs(timeout.get().into());
            let RetryPolicy { rexmt, timeout, .. } = &mut link.retry.policy;
            // A client that is silent for one interval is still there.
            (*rexmt, *timeout) = (Rexmt::Fixed(interval), (*timeout).max(interval * 3));
        }
        link
    }

    /// Returns a packet of this transfer; reports any other datagram, and answers a stranger.
    pub(super) fn admit<'a>(&mut self, now: Instant, from: SocketAddr, datagram: &'a [u8]) -> Option<Packet<'a>> {
        self.now = now;
        if self.is_over() {
            return None;
        }
        let packet = Packet::parse(datagram);
        if !self.peer.admits(from) {
            self.stats.strangers += 1;
            self.ignore(from, Ignored::Stranger);
            // An ERROR is never answered (RFC 1350 section 2).
            if !matches!(packet, Ok(Packet::Error { .. })) {
                let code = ErrorCode::UNKNOWN_TID;
                self.send_error(from, code, code.meaning());
            }
            return None;
        }
        match packet {
            Ok(packet) => Some(packet),
            Err(reason) => {
                self.note_meaningless(MeaninglessAnswer::Malformed(reason));
                self.ignore(from, Ignored::Malformed(reason));
                None
            }
        }
    }

    /// Binds the transfer to this port.
    pub(super) fn lock(&mut self, tid: SocketAddr) {
        if self.peer.tid.is_none() {
            self.peer.tid = Some(tid);
            self.emit(Event::Locked(tid));
        }
    }

    fn agree(&mut self, terms: Terms, negotiated: bool) {
        (self.terms, self.negotiated) = (terms, negotiated);
        // The size of a text depends on who counts it, and 0 is the size of a file such as those of /proc.
        self.announced = terms.tsize.filter(|size| *size > 0 && self.mode == Mode::Octet);
        self.emit(Event::Agreed(terms));
    }

    /// Returns the announced size if a file of `bytes` cannot have it; `last` means that these are all.
    pub(super) fn misfit(&self, bytes: u64, last: bool) -> Option<u64> {
        self.announced.filter(|size| bytes > *size || last && bytes < *size)
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

    /// Ignores a first answer that makes no sense, but remembers it: the server is there.
    pub(super) fn ignore_answer(&mut self, from: SocketAddr, packet: &Packet<'_>, reason: Ignored) {
        match packet {
            Packet::Data { block, .. } => self.note_meaningless(MeaninglessAnswer::Data(*block)),
            Packet::Ack { block } => self.note_meaningless(MeaninglessAnswer::Ack(*block)),
            Packet::Request(_) => self.note_meaningless(MeaninglessAnswer::Request),
            Packet::Error { .. } | Packet::Oack(_) => {}
        }
        self.ignore(from, reason);
    }

    /// Ignores a second OACK or ACK 0, but remembers one that comes after block 1 was sent again.
    pub(super) fn ignore_wait_for_block_1(&mut self, from: SocketAddr) {
        if let Some(asked) = &mut self.asked {
            asked.misses_block_1 |= self.retry.attempt > 0;
        }
        self.ignore(from, Ignored::Duplicate);
    }

    fn note_meaningless(&mut self, answer: MeaninglessAnswer) {
        if let (None, Some(asked)) = (self.peer.tid, &mut self.asked) {
            asked.meaningless = Some(answer);
        }
    }

    /// Returns whether the last packet is due again; fails the transfer at its timeout, or earlier if a request that asks
    /// for less may get an answer.
    pub(super) fn must_resend(&mut self) -> bool {
        match self.retry.check(self.now) {
            None => false,
            Some(Demand::Again { attempt, after }) => {
                if let Some(failure) = self.asked_too_much() {
                    self.refuse(ErrorCode::UNDEFINED, failure);
                    return false;
                }
                self.emit(Event::Resending { attempt, after });
                true
            }
            Some(Demand::GiveUp) => {
                self.parting(ErrorCode::UNDEFINED, "timed out");
                let answered = self.peer.tid.is_some();
                self.fail(self.meaningless().unwrap_or(Failure::TimedOut { answered }));
                false
            }
        }
    }

    /// Returns the failure of a client whose request may ask for too much: the first packet after it, or after its OACK,
    /// was lost twice.
    fn asked_too_much(&self) -> Option<Failure> {
        let asked = self.asked.as_ref()?;
        if !self.retry.was_lost_twice(self.now, asked.patience(self.retry.policy.rexmt)) {
            return None;
        }
        let blksize = self.terms.blksize;
        match self.peer.tid {
            // A write without an answer may have created the file: it is not repeated.
            None => (asked.kind == RequestKind::Read && !asked.offer.is_empty())
                .then(|| self.meaningless().unwrap_or(Failure::NoAnswer)),
            Some(_) => {
                (self.stats.blocks == 0 && blksize > BlockSize::default()).then_some(Failure::BlocksLost { blksize })
            }
        }
    }

    /// Returns the failure of a request that got only answers without a meaning.
    fn meaningless(&self) -> Option<Failure> {
        let asked = self.asked.as_ref().filter(|_| self.peer.tid.is_none())?;
        let expected = match asked.kind {
            RequestKind::Read => "block 1",
            RequestKind::Write => "ACK 0",
        };
        asked.meaningless.map(|answer| Violation::Meaningless { answer, expected }.into())
    }

    /// Ends the transfer with a report: the file is safe at the peer.
    pub(super) fn complete(&mut self) {
        self.end.get_or_insert(End::Complete);
    }

    /// Ends the transfer with a report, and sends the peer the reason why it ends here.
    pub(super) fn complete_with_error(&mut self, reason: &str) {
        self.parting(ErrorCode::UNDEFINED, reason);
        self.complete();
    }

    pub(super) fn finish(&mut self) {
        self.end.get_or_insert(End::Done);
    }

    pub(super) fn fail(&mut self, failure: Failure) {
        self.end.get_or_insert(End::Failed(failure));
    }

    /// Fails the transfer and sends the peer the reason.
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

    /// Whether [`urgent`](Self::urgent) has an output.
    pub(super) fn is_urgent(&self) -> bool {
        self.is_over() || self.error_to.is_some() || !self.events.is_empty()
    }

    /// Sends the peer a last ERROR, if its transfer id is known and it may get one more packet.
    fn parting(&mut self, code: ErrorCode, reason: &str) {
        if self.peer.tid.is_some() && self.retry.may_send() {
            self.send_error(self.peer.address(), code, reason);
        }
    }

    fn send_error(&mut self, to: SocketAddr, code: ErrorCode, reason: &str) {
        (self.error_to, self.error) = (Some(to), emit_error(code, reason.as_bytes()));
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

    /// Returns what goes before any other output: events, then a waiting ERROR, then the end.
    pub(super) fn urgent(&mut self) -> Output<'_> {
        if let Some(event) = self.events.pop_front() {
            return Output::Event(event);
        }
        if let Some(to) = self.error_to.take() {
            return Output::Transmit { to, datagrams: &self.error, stride: self.error.len() };
        }
        match &self.end {
            Some(End::Complete) => {
                self.end = Some(End::Done);
                Output::Complete(self.report())
            }
            Some(End::Failed(failure)) => Output::Failed(failure.clone()),
            Some(End::Done) | None => Output::Done,
        }
    }

    /// Reports that a request asks for a smaller window than was wanted.
    pub(super) fn compare(&mut self, wanted: &Offer, asked: &Offer) {
        if let (Some(wanted), Some(asked)) = (wanted.windowsize, asked.windowsize)
            && asked < wanted
        {
            self.emit(Event::WindowReduced { wanted, asked });
        }
    }

    /// Accepts an OACK to `offer`, or refuses it with ERROR 8 (RFC 2347).
    pub(super) fn accept(&mut self, offer: &Offer, from: SocketAddr, oack: &OptionList<'_>) -> bool {
        self.lock(from);
        let accepted = offer.accept(oack).map(|terms| self.agree(terms, true));
        accepted.map_err(|bad| self.refuse(ErrorCode::OPTIONS, bad.into())).is_ok()
    }

    /// Accepts an answer without options: plain RFC 1350.
    pub(super) fn accept_plain(&mut self, from: SocketAddr) {
        self.lock(from);
        self.agree(Terms::default(), false);
    }

    /// Fails on an ERROR as first answer.
    pub(super) fn refused(&mut self, offer: &Offer, code: ErrorCode, message: &[u8]) {
        self.fail(if offer.is_empty() { Failure::remote(code, message) } else { Failure::of_request(code, message) });
    }
}
