use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::link::{Link, Opening};
use super::peer::Origin;
use super::{
    Abort, Delivery, Event, Failure, Ignored, Machine, OptionsRejected, Output, Receiving, Request, RetryPolicy, Stats,
    Violation,
};
use crate::wire::{
    Answer, BadRequest, DATA_HEADER, ErrorCode, Packet, RequestKind, Terms, Wrap, emit_ack, emit_oack, emit_request,
};

/// A lock-step receiver repeats its ACK no sooner: many senders answer each one with DATA.
const LOCK_STEP_PAUSE: Duration = Duration::from_millis(100);
/// How long the last ACK is dallied for: longer than the 5 s after which the slowest common peers send again.
const DALLY: Duration = Duration::from_secs(6);

/// Takes a file in: a client's get, a server's write.
///
/// Nothing is acknowledged before it was delivered, and the last block not before [`Delivery::Commit`] was answered.
/// Afterwards the machine dallies to repeat the last ACK (RFC 1350 section 6).
#[derive(Debug)]
pub struct Receiver {
    link: Link,
    phase: Phase,
    /// What is sent again on silence: the request, the OACK or an ACK.
    last: Vec<u8>,
    send: bool,
    deliver: Option<Range<usize>>,
    /// An OACK was accepted.
    agreed: bool,
    wrap: Wrap,
    /// The next block of the file.
    next: u64,
    /// Blocks delivered since the last ACK (RFC 7440 section 4).
    unacknowledged: u16,
    /// The gap before `next` was already answered: once is enough.
    gap_told: bool,
    /// The next block answers what was sent last, so it tells a round trip.
    timing: bool,
    /// A buffer for ERRORs, which must not overwrite what may have to be sent again.
    error: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Requesting(Opening),
    Receiving,
    /// The last block is delivered and waits for the file to be safe.
    Committing {
        asked: bool,
    },
    /// The file is safe; the report is still to be handed out, or not.
    Dallying {
        until: Instant,
        reported: bool,
    },
}

impl Receiver {
    /// A client's machine: sends the request first.
    ///
    /// # Errors
    ///
    /// The file name cannot be in a request.
    pub fn request(
        now: Instant,
        server: SocketAddr,
        request: &Request<'_>,
        retry_policy: RetryPolicy,
    ) -> Result<Self, BadRequest> {
        let datagram = emit_request(RequestKind::Read, request.filename, request.mode, &request.offer)?;
        let link = Link::asking(now, server, retry_policy);
        Ok(Self::new(link, Phase::Requesting(Opening { offer: request.offer }), datagram))
    }

    /// A server's machine: answers a request to write with an OACK, or with ACK 0 where nothing is granted.
    pub fn answer(now: Instant, client: SocketAddr, answer: Answer, retry_policy: RetryPolicy) -> Self {
        let first = if answer.is_empty() { emit_ack(0).to_vec() } else { emit_oack(&answer) };
        let mut receiver = Self::new(Link::answering(now, client, &answer, retry_policy), Phase::Receiving, first);
        receiver.set_pause();
        receiver
    }

    fn new(link: Link, phase: Phase, first: Vec<u8>) -> Self {
        Self {
            link,
            phase,
            last: first,
            send: true,
            deliver: None,
            agreed: false,
            wrap: Wrap::default(),
            next: 1,
            unacknowledged: 0,
            gap_told: false,
            timing: true,
            error: Vec::new(),
        }
    }

    fn set_pause(&mut self) {
        if self.window() == 1 {
            self.link.retry.no_sooner_than(LOCK_STEP_PAUSE);
        }
    }

    fn window(&self) -> u16 {
        self.link.terms.windowsize.get()
    }

    fn first_answer(&mut self, from: SocketAddr, opening: Opening, packet: Packet<'_>) {
        match packet {
            Packet::Oack(oack) => {
                if opening.accept(&mut self.link, from, &oack) {
                    self.agreed = true;
                    self.begin();
                    self.acknowledge();
                }
            }
            Packet::Data { block: 1, data } => {
                Opening::plain(&mut self.link, from);
                self.begin();
                self.data(from, 1, data.len());
            }
            Packet::Data { block: 0, .. } => {
                self.link.lock(from);
                self.refuse_block_zero();
            }
            Packet::Error { code, message } => self.link.fail(opening.refused(code, message)),
            Packet::Data { .. } => self.link.ignore(from, Ignored::OutOfPlace),
            Packet::Ack { .. } | Packet::Request(_) => self.link.ignore(from, Ignored::Unexpected),
        }
    }

    fn begin(&mut self) {
        // The request's round trip has the opening of the file in it; it is a fair start all the same.
        self.link.retry.progress(self.link.now, true);
        self.set_pause();
        self.phase = Phase::Receiving;
    }

    /// Taking such a server's next block for the first would lose one.
    fn refuse_block_zero(&mut self) {
        self.link.refuse(ErrorCode::ILLEGAL, Violation::BlockZero.into());
    }

    /// A block of `length` octets came.
    fn data(&mut self, from: SocketAddr, wire: u16, length: usize) {
        if wire == 0 && self.next == 1 {
            return self.refuse_block_zero();
        }
        let size = usize::from(self.link.terms.blksize.get());
        if length > size {
            let oversize = Violation::Oversize { block: wire, length, agreed: size };
            return self.link.refuse(ErrorCode::ILLEGAL, oversize.into());
        }
        if self.wraps_to_one(wire) {
            self.wrap = Wrap::ToOne;
            self.link.emit(Event::Wrapped(1));
        }
        match self.wrap.ahead(wire, self.next) {
            0 => self.expected(length, size),
            ahead if ahead < self.window().into() => self.gap(from),
            _ => self.old(from, wire),
        }
    }

    /// In lock-step a sender that goes on with 1 behind 65535 cannot be mistaken. In a window 1 may as well be the
    /// block behind a lost 0, so there it is never believed: a wrong guess would corrupt the file.
    fn wraps_to_one(&self, wire: u16) -> bool {
        wire == 1 && self.next == 65536 && self.window() == 1
    }

    fn expected(&mut self, length: usize, size: usize) {
        self.deliver = Some(DATA_HEADER..DATA_HEADER + length);
        if let Some(wait) = self.link.retry.outwaited(self.link.now) {
            self.link.stats.waits.count += 1;
            self.link.stats.waits.total += wait;
        }
        let timing = std::mem::take(&mut self.timing);
        self.link.retry.progress(self.link.now, timing);
        self.link.stats.bytes += length as u64;
        self.link.stats.blocks += 1;
        self.next += 1;
        self.unacknowledged = self.unacknowledged.saturating_add(1);
        self.gap_told = false;
        if length < size {
            self.phase = Phase::Committing { asked: false };
            self.link.retry.rest();
        } else if self.unacknowledged >= self.window() {
            self.acknowledge();
        } else {
            self.link.retry.sent(self.link.now);
        }
    }

    /// A block was lost: the last good one is acknowledged at once, so that the sender goes back (RFC 7440 section 4).
    fn gap(&mut self, from: SocketAddr) {
        self.link.ignore(from, Ignored::Gap);
        if !self.gap_told {
            self.gap_told = true;
            self.acknowledge();
        }
    }

    /// Seen before. Only the block acknowledged last is answered: the peer shows that it did not see that ACK.
    fn old(&mut self, from: SocketAddr, wire: u16) {
        if wire != self.wrap.wire(self.next - 1) {
            return self.link.ignore(from, Ignored::OutOfPlace);
        }
        self.link.ignore(from, Ignored::Duplicate);
        if self.unacknowledged == 0 {
            self.repeat();
        }
    }

    fn acknowledge(&mut self) {
        self.unacknowledged = 0;
        self.timing = true;
        self.last.clear();
        self.last.extend_from_slice(&emit_ack(self.wrap.wire(self.next - 1)));
        self.send = true;
    }

    /// The last packet once more; what answers it tells no round trip (Karn's rule).
    fn repeat(&mut self) {
        self.link.stats.resent += 1;
        self.timing = false;
        self.send = true;
    }

    fn resend(&mut self) {
        if let Phase::Requesting(opening) = self.phase {
            if opening.is_hopeless(self.link.retry.attempts()) {
                return self.link.fail(OptionsRejected::Silence.into());
            }
            return self.repeat();
        }
        // In the middle of a window the last ACK is older than what has arrived since.
        if self.unacknowledged > 0 {
            self.acknowledge();
        }
        self.gap_told = false;
        self.repeat();
    }

    fn in_transfer(&mut self, from: SocketAddr, packet: Packet<'_>) {
        match packet {
            Packet::Data { block, data } => self.data(from, block, data.len()),
            Packet::Error { code, message } => self.link.fail(Failure::remote(code, message)),
            // Our ACK 0 was lost, or the OACK came twice. A block would show that the ACK arrived.
            Packet::Oack(_) if self.agreed && self.next == 1 => {
                self.link.ignore(from, Ignored::Duplicate);
                self.repeat();
            }
            Packet::Oack(_) if self.agreed => self.link.ignore(from, Ignored::Duplicate),
            Packet::Oack(_) | Packet::Ack { .. } | Packet::Request(_) => self.link.ignore(from, Ignored::Unexpected),
        }
    }

    fn dallying(&mut self, from: SocketAddr, packet: Packet<'_>) {
        match packet {
            Packet::Data { block, .. } => self.old(from, block),
            _ => self.link.ignore(from, Ignored::Unexpected),
        }
    }
}

impl Machine for Receiver {
    fn datagram(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.link.now = now;
        if self.link.is_over() {
            return;
        }
        let Some((origin, packet)) = self.link.admit(from, datagram) else { return };
        match (self.phase, origin) {
            (Phase::Requesting(opening), _) => self.first_answer(from, opening, packet),
            (_, Origin::FirstAnswer | Origin::Stranger) => {}
            (Phase::Receiving, _) => self.in_transfer(from, packet),
            (Phase::Committing { .. }, _) => self.link.ignore(from, Ignored::OutOfPlace),
            (Phase::Dallying { .. }, _) => self.dallying(from, packet),
        }
    }

    fn unreachable(&mut self, now: Instant, to: SocketAddr) {
        self.link.now = now;
        if !self.link.peer.is_at(to) {
            return;
        }
        match self.phase {
            Phase::Requesting(_) => self.link.fail(Failure::Refused),
            Phase::Receiving | Phase::Committing { .. } => self.link.fail(Failure::Vanished),
            // The peer saw the last ACK and closed.
            Phase::Dallying { .. } => self.link.finish(),
        }
    }

    fn tick(&mut self, now: Instant) {
        self.link.now = now;
        if self.link.is_over() {
            return;
        }
        match self.phase {
            Phase::Dallying { until, .. } => {
                if now >= until {
                    self.link.finish();
                }
            }
            Phase::Committing { .. } => {}
            Phase::Requesting(_) | Phase::Receiving => {
                if self.link.must_resend() {
                    self.resend();
                }
            }
        }
    }

    fn abort(&mut self, now: Instant, reason: Abort) {
        self.link.now = now;
        // The file is safe: an ERROR now would tell the peer otherwise.
        match self.phase {
            Phase::Dallying { .. } => self.link.finish(),
            _ => self.link.abort(reason),
        }
    }

    fn poll(&mut self) -> Output<'_> {
        if let Some(urgent) = self.link.poll(&mut self.error) {
            return urgent.output(&self.error);
        }
        if std::mem::take(&mut self.send) {
            self.link.retry.sent(self.link.now);
            let to = self.link.peer.address();
            return Output::Transmit { to, datagrams: &self.last, stride: self.last.len() };
        }
        match &mut self.phase {
            Phase::Dallying { reported: reported @ false, .. } => {
                *reported = true;
                Output::Complete(self.link.report())
            }
            Phase::Dallying { until, .. } => Output::Wait(*until),
            _ => Output::Wait(self.link.retry.deadline()),
        }
    }

    fn stats(&self) -> Stats {
        self.link.stats()
    }

    fn terms(&self) -> Terms {
        self.link.terms
    }
}

impl Receiving for Receiver {
    fn delivery(&mut self) -> Option<Delivery> {
        if let Some(range) = self.deliver.take() {
            return Some(Delivery::Block(range));
        }
        match &mut self.phase {
            Phase::Committing { asked: asked @ false } if !self.link.is_urgent() => {
                *asked = true;
                Some(Delivery::Commit)
            }
            _ => None,
        }
    }

    fn committed(&mut self, now: Instant) {
        self.link.now = now;
        if let Phase::Committing { .. } = self.phase {
            self.acknowledge();
            self.phase = Phase::Dallying { until: now + DALLY.min(self.link.retry.timeout()), reported: false };
        }
    }
}
