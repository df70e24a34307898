use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::link::Link;
use super::window::{Place, Window};
use super::{
    Abort, Delivery, Event, Failure, Ignored, Machine, Output, Receiving, Request, RetryPolicy, Stats, Violation,
};
use crate::wire::{
    Answer, BadRequest, DATA_HEADER, ErrorCode, Offer, Packet, RequestKind, Terms, emit_ack, emit_oack, emit_request,
};

/// The least time before a lock-step receiver repeats its ACK, and before it repeats it again: many senders answer each
/// ACK with DATA, and some begin their second of waiting anew at each ACK, so that more of them would only delay it.
const LOCK_STEP_PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(1500)];
/// How long a receiver dallies: longer than the 5 s after which the slowest common peers send again.
const DALLY: Duration = Duration::from_secs(6);
/// How much longer than an interval that the client asked for.
const DALLY_LONGER: Duration = Duration::from_secs(1);

/// The machine that receives a file: a client's get, a server's write.
///
/// It acknowledges only delivered blocks, and the last one only after [`Delivery::Commit`]. Afterwards it dallies.
#[derive(Debug)]
pub struct Receiver {
    link: Link,
    phase: Phase,
    /// Only the size of the file is wanted.
    only_size: bool,
    /// The block that arrived too early in lock-step, until it arrives in its place.
    overtaking: Option<u64>,
    /// The packet to send again after silence: the request, the OACK or an ACK.
    last: Vec<u8>,
    send: bool,
    deliver: Option<Range<usize>>,
    /// An OACK was accepted.
    agreed: bool,
    window: Window,
    /// The next block answers the last packet sent, so it measures a round trip.
    timing: bool,
    /// How long to wait for another copy of the last block.
    dally: Duration,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Requesting(Offer),
    Receiving,
    /// The last block is delivered; its ACK waits until the file is safe.
    Committing {
        asked: bool,
    },
    /// The file is safe; [`Machine::poll`] returned the report, or not yet.
    Dallying {
        until: Instant,
        reported: bool,
    },
}

impl Receiver {
    /// Makes a client's machine, which sends the request first.
    ///
    /// # Errors
    ///
    /// A request cannot carry the file name.
    pub fn request(
        now: Instant,
        server: SocketAddr,
        request: &Request<'_>,
        retry_policy: RetryPolicy,
    ) -> Result<Self, BadRequest> {
        let (wanted, request) = (request.offer, &request.bounded());
        let datagram = emit_request(RequestKind::Read, request.filename, request.mode, &request.offer)?;
        let mut link = Link::asking(now, server, RequestKind::Read, request, retry_policy);
        link.compare(&wanted, &request.offer);
        Ok(Self::new(link, Phase::Requesting(request.offer), datagram))
    }

    /// Asks only for the size of the file, which becomes `tsize` of the terms if the server says it (RFC 2349). The
    /// transfer is complete with the OACK, or with the first block if that is the whole file; the server gets an ERROR.
    pub fn only_size(self) -> Self {
        Self { only_size: true, ..self }
    }

    /// Makes a server's machine, which answers a write request with an OACK, or with ACK 0 if no option is granted.
    pub fn answer(now: Instant, client: SocketAddr, answer: Answer, retry_policy: RetryPolicy) -> Self {
        let first = if answer.is_empty() { emit_ack(0).to_vec() } else { emit_oack(&answer) };
        let mut receiver = Self::new(Link::answering(now, client, &answer, retry_policy), Phase::Receiving, first);
        if let Some(timeout) = answer.terms().timeout {
            // The client sends its last block again after this interval.
            receiver.dally = receiver.dally.max(Duration::from_secs(timeout.get().into()) + DALLY_LONGER);
        }
        receiver.set_pauses();
        receiver
    }

    fn new(link: Link, phase: Phase, first: Vec<u8>) -> Self {
        Self {
            window: Window::new(link.terms.windowsize),
            dally: DALLY.min(link.retry.policy.timeout),
            link,
            phase,
            only_size: false,
            overtaking: None,
            last: first,
            send: true,
            deliver: None,
            agreed: false,
            timing: true,
        }
    }

    fn set_pauses(&mut self) {
        if self.window.is_lock_step() {
            self.link.retry.least = LOCK_STEP_PAUSES;
        }
    }

    fn first_answer(&mut self, from: SocketAddr, offer: Offer, packet: Packet<'_>) {
        match packet {
            Packet::Oack(oack) => {
                if self.link.accept(&offer, from, &oack) {
                    self.agreed = true;
                    self.begin();
                    // Some servers answer 0 whatever the size is. Then the first block decides.
                    match self.link.terms.tsize {
                        Some(1..) if self.only_size => self.end_with_size(),
                        _ => self.acknowledge(),
                    }
                }
            }
            Packet::Data { block: 1, data } => {
                self.link.accept_plain(from);
                self.begin();
                self.data(from, 1, data.len());
            }
            Packet::Data { block: 0, .. } => {
                self.link.lock(from);
                self.refuse_block_zero();
            }
            Packet::Error { code, message } => self.link.refused(&offer, code, message),
            Packet::Data { .. } => self.link.ignore_answer(from, &packet, Ignored::OutOfPlace),
            Packet::Ack { .. } | Packet::Request(_) => self.link.ignore_answer(from, &packet, Ignored::Unexpected),
        }
    }

    fn begin(&mut self) {
        // This round trip includes the time to open the file. It is still a good first estimate.
        self.link.retry.progress(self.link.now, true);
        self.window = Window::new(self.link.terms.windowsize);
        self.set_pauses();
        self.phase = Phase::Receiving;
    }

    fn end_with_size(&mut self) {
        self.link.complete_with_error("only the size of the file was wanted");
    }

    /// Refuses a server that numbers from 0: taking its next block for the first would lose one.
    fn refuse_block_zero(&mut self) {
        self.link.refuse(ErrorCode::ILLEGAL, Violation::BlockZero.into());
    }

    /// Handles a block of `length` bytes.
    fn data(&mut self, from: SocketAddr, wire: u16, length: usize) {
        if wire == 0 && self.window.next() == 1 {
            return self.refuse_block_zero();
        }
        let size = usize::from(self.link.terms.blksize.get());
        if length > size {
            let oversize = Violation::Oversize { block: wire, length, agreed: size };
            return self.link.refuse(ErrorCode::ILLEGAL, oversize.into());
        }
        if self.window.wraps_to_one(wire) {
            self.link.emit(Event::Wrapped(1));
        }
        match self.window.place(wire) {
            Place::Next => self.expected(length, size),
            Place::AfterGap { answer } => self.gap(from, answer),
            Place::Early => self.early(from),
            Place::Latest => self.again(from),
            Place::Old => self.link.ignore(from, Ignored::Duplicate),
            Place::Elsewhere => self.link.ignore(from, Ignored::OutOfPlace),
        }
    }

    fn expected(&mut self, length: usize, size: usize) {
        let (total, last) = (self.link.stats.bytes + length as u64, length < size);
        if let Some(announced) = self.link.misfit(total, last) {
            let blksize = self.link.terms.blksize.get();
            let wrong = Violation::WrongSize { received: total, announced, blksize };
            // Either part would pass for the whole file.
            return self.link.refuse(ErrorCode::UNDEFINED, wrong.into());
        }
        if self.only_size {
            self.link.terms.tsize = last.then_some(total);
            return self.end_with_size();
        }
        self.deliver = Some(DATA_HEADER..DATA_HEADER + length);
        if let Some(wait) = self.link.retry.outwaited(self.link.now) {
            self.link.stats.waits.count += 1;
            self.link.stats.waits.total += wait;
        }
        let timing = std::mem::take(&mut self.timing);
        self.link.retry.progress(self.link.now, timing);
        self.link.stats.bytes = total;
        self.link.stats.blocks += 1;
        let complete = self.window.deliver();
        if self.overtaking.take_if(|block| *block < self.window.next()).is_some() {
            self.set_pauses();
        }
        if last {
            self.phase = Phase::Committing { asked: false };
            self.link.retry.rest();
        } else if complete {
            self.acknowledge();
        } else {
            self.link.retry.sent(self.link.now);
        }
    }

    /// Acknowledges the last good block immediately, so that the sender goes back (RFC 7440 section 4).
    fn gap(&mut self, from: SocketAddr, answer: bool) {
        self.link.ignore(from, Ignored::Gap);
        if answer {
            self.acknowledge();
        }
    }

    /// Ignores a block that overtook the one before it, in lock-step. Its sender is ahead, so its own timer sends it again,
    /// and a repeated ACK would not.
    fn early(&mut self, from: SocketAddr) {
        self.link.ignore(from, Ignored::OutOfPlace);
        self.link.retry.least = [LOCK_STEP_PAUSES[1]; 2];
        self.overtaking = Some(self.window.next() + 1);
    }

    /// Handles the latest block, which came again. If it is acknowledged, its sender did not get that ACK.
    fn again(&mut self, from: SocketAddr) {
        self.link.ignore(from, Ignored::Duplicate);
        if self.window.is_acknowledged() {
            self.repeat();
        }
    }

    fn acknowledge(&mut self) {
        let ack = emit_ack(self.window.acknowledge());
        if self.last == ack {
            return self.repeat();
        }
        self.timing = true;
        self.last.clear();
        self.last.extend_from_slice(&ack);
        self.send = true;
    }

    /// Sends the last packet again; its answer measures no round trip (Karn's rule).
    fn repeat(&mut self) {
        self.link.stats.resent += 1;
        self.timing = false;
        self.send = true;
    }

    fn resend(&mut self) {
        if let Phase::Requesting(_) = self.phase {
            return self.repeat();
        }
        // In the middle of a window the last ACK is older than the blocks that arrived since.
        if self.window.is_acknowledged() { self.repeat() } else { self.acknowledge() }
    }

    fn in_transfer(&mut self, from: SocketAddr, packet: Packet<'_>) {
        match packet {
            Packet::Data { block, data } => self.data(from, block, data.len()),
            Packet::Error { code, message } => self.link.fail(Failure::remote(code, message)),
            // Our ACK 0 was lost, or the OACK arrived twice. A block would show that the ACK arrived.
            Packet::Oack(_) if self.agreed && self.window.next() == 1 => {
                self.link.ignore(from, Ignored::Duplicate);
                self.repeat();
            }
            Packet::Oack(_) if self.agreed => self.link.ignore(from, Ignored::Duplicate),
            Packet::Oack(_) | Packet::Ack { .. } | Packet::Request(_) => self.link.ignore(from, Ignored::Unexpected),
        }
    }
}

impl Machine for Receiver {
    fn datagram(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let Some(packet) = self.link.admit(now, from, datagram) else { return };
        match self.phase {
            Phase::Requesting(offer) => self.first_answer(from, offer, packet),
            Phase::Receiving => self.in_transfer(from, packet),
            Phase::Committing { .. } => self.link.ignore(from, Ignored::OutOfPlace),
            Phase::Dallying { .. } => match packet {
                Packet::Data { block, .. } => match self.window.behind(block) {
                    Place::Latest => self.again(from),
                    Place::Old => self.link.ignore(from, Ignored::Duplicate),
                    _ => self.link.ignore(from, Ignored::OutOfPlace),
                },
                _ => self.link.ignore(from, Ignored::Unexpected),
            },
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
            // The peer got the last ACK and closed.
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
        // The file is safe: an ERROR now would be wrong.
        match self.phase {
            Phase::Dallying { .. } => self.link.finish(),
            _ => self.link.abort(reason),
        }
    }

    fn poll(&mut self) -> Output<'_> {
        if self.link.is_urgent() {
            return self.link.urgent();
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
            self.phase = Phase::Dallying { until: now + self.dally, reported: false };
        }
    }
}
