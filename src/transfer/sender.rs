use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::link::Link;
use super::{Abort, Failure, Ignored, Machine, Output, Request, RetryPolicy, Sending, Stats, Unacknowledged};
use crate::wire::{
    Answer, BadRequest, DATA_HEADER, Offer, Packet, RequestKind, Terms, Wrap, emit_data_header, emit_oack, emit_request,
};

/// The least time before a write request is repeated: a device that erases its flash memory first would get two.
const WRITE_PAUSE: Duration = Duration::from_secs(2);

/// The machine that sends a file: a client's put, a server's read.
///
/// It holds at most one window, and sends blocks again only after silence or a gap. In lock-step, a second ACK is never the
/// reason (RFC 1123 section 4.2.3.1); in a window it may be, but never of two windows in a row.
#[derive(Debug)]
pub struct Sender {
    link: Link,
    phase: Phase,
    /// The request or the OACK.
    opening: Vec<u8>,
    send_opening: bool,
    /// Blocks `base` to `filled`, each with its header, `stride` apart: block n is in slot (n - 1) modulo the window.
    ring: Vec<u8>,
    /// First block that is not acknowledged.
    base: u64,
    /// First block that is yet to be sent, or to be sent again.
    next: u64,
    /// First block that was never sent.
    fresh: u64,
    /// First block that is not in the ring.
    filled: u64,
    /// The last block of the file and its length in bytes, once known.
    last: Option<(u64, usize)>,
    /// The last block that was sent twice, or 0. If it is not acknowledged, all from `base` to there were sent twice.
    repeated: u64,
    /// What was acknowledged last was sent twice, so its second ACK says nothing new.
    echoes: bool,
    /// A second ACK of the block before `base` was already taken for a gap.
    gap_heard: bool,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Requesting(Offer),
    /// The OACK waits for its ACK 0.
    Offering,
    Sending,
}

impl Sender {
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
        let datagram = emit_request(RequestKind::Write, request.filename, request.mode, &request.offer)?;
        let mut link = Link::asking(now, server, RequestKind::Write, request, retry_policy);
        link.compare(&wanted, &request.offer);
        link.retry.least = [WRITE_PAUSE, Duration::ZERO];
        Ok(Self::new(link, Phase::Requesting(request.offer), datagram))
    }

    /// Makes a server's machine, which answers a read request with an OACK, or with block 1 if no option is granted.
    pub fn answer(now: Instant, client: SocketAddr, answer: Answer, retry_policy: RetryPolicy) -> Self {
        let link = Link::answering(now, client, &answer, retry_policy);
        if answer.is_empty() {
            Self::new(link, Phase::Sending, Vec::new())
        } else {
            Self::new(link, Phase::Offering, emit_oack(&answer))
        }
    }

    fn new(link: Link, phase: Phase, opening: Vec<u8>) -> Self {
        Self {
            link,
            phase,
            send_opening: !opening.is_empty(),
            opening,
            ring: Vec::new(),
            base: 1,
            next: 1,
            fresh: 1,
            filled: 1,
            last: None,
            repeated: 0,
            echoes: false,
            gap_heard: false,
        }
    }

    fn window(&self) -> u64 {
        self.link.terms.windowsize.get().into()
    }

    fn block_size(&self) -> usize {
        self.link.terms.blksize.get().into()
    }

    fn stride(&self) -> usize {
        DATA_HEADER + self.block_size()
    }

    fn first_answer(&mut self, from: SocketAddr, offer: Offer, packet: Packet<'_>) {
        match packet {
            Packet::Oack(oack) => {
                if self.link.accept(&offer, from, &oack) {
                    // This side announced the size, whatever the answer repeats.
                    self.link.announced = self.link.announced.and(offer.tsize).filter(|size| *size > 0);
                    self.begin();
                }
            }
            Packet::Ack { block: 0 } => {
                self.link.accept_plain(from);
                self.begin();
            }
            Packet::Error { code, message } => self.link.refused(&offer, code, message),
            Packet::Ack { .. } => self.link.ignore_answer(from, &packet, Ignored::OutOfPlace),
            Packet::Data { .. } | Packet::Request(_) => {
                self.link.ignore_answer(from, &packet, Ignored::Unexpected);
            }
        }
    }

    fn begin(&mut self) {
        self.link.retry.least = [Duration::ZERO; 2];
        if self.window() > 1 {
            // The ACK that a receiver repeats names the first block that it misses, so on a short path it comes first.
            let margin = &mut self.link.retry.policy.margin;
            *margin = margin.saturating_add(*margin / 4);
        }
        let first = self.link.retry.is_first_answer(self.link.now);
        self.link.retry.opened(self.link.now, first);
        self.phase = Phase::Sending;
    }

    fn in_transfer(&mut self, from: SocketAddr, packet: Packet<'_>) {
        match (self.phase, packet) {
            (Phase::Offering, Packet::Ack { block: 0 }) => {
                // ACK 0 answers the OACK.
                self.echoes = self.link.stats.resent > 0;
                self.begin();
            }
            (Phase::Sending, Packet::Ack { block }) => self.acknowledged(from, block),
            (_, Packet::Error { code, message }) => self.link.fail(Failure::remote(code, message)),
            // The peer did not get block 1 yet; the timer will send it again.
            (Phase::Sending, Packet::Oack(_)) => self.link.ignore_wait_for_block_1(from),
            (Phase::Offering, Packet::Ack { .. }) => self.link.ignore(from, Ignored::OutOfPlace),
            _ => self.link.ignore(from, Ignored::Unexpected),
        }
    }

    fn acknowledged(&mut self, from: SocketAddr, wire: u16) {
        let outstanding = self.fresh - self.base;
        match Wrap::ToZero.ahead(wire, self.base - 1) {
            0 => self.acknowledged_again(from),
            count if count <= outstanding => self.progress(count, outstanding),
            _ => self.link.ignore(from, Ignored::OutOfPlace),
        }
    }

    fn progress(&mut self, count: u64, outstanding: u64) {
        let whole = count == outstanding;
        // An ACK of blocks that were sent twice measures no round trip (Karn's rule).
        self.link.retry.progress(self.link.now, whole && self.base > self.repeated);
        self.base += count;
        self.echoes = self.base - 1 <= self.repeated;
        self.gap_heard = false;
        self.link.stats.blocks += count;
        self.link.stats.bytes = (self.base - 1) * self.block_size() as u64;
        // If more was sent, the peer has a gap after this block (RFC 7440 section 4).
        self.go_back();
        if let Some((last, length)) = self.last
            && self.base > last
        {
            self.link.stats.bytes = (last - 1) * self.block_size() as u64 + length as u64;
            self.link.retry.rest();
            self.link.complete();
        }
    }

    /// Handles a second ACK of the block before the window. In lock-step it is ignored: answering it would double
    /// every packet (the Sorcerer's Apprentice). In a window it may mean that the first block was lost (RFC 7440 section 4),
    /// so it is believed once. But if that block was sent twice, it was acknowledged twice: believing that would double each
    /// window because the one before was doubled. The time of the ACK tells nothing, as the peer may be slow.
    fn acknowledged_again(&mut self, from: SocketAddr) {
        if self.base == 1 {
            self.link.ignore_wait_for_block_1(from);
        } else {
            self.link.ignore(from, Ignored::Duplicate);
        }
        if self.window() > 1 && !self.echoes && !self.gap_heard && self.link.retry.may_send() {
            self.gap_heard = true;
            self.go_back();
        }
    }

    /// Continues after the block acknowledged last, so that what was sent after it is sent again.
    fn go_back(&mut self) {
        self.next = self.base;
        if self.fresh > self.base {
            self.repeated = self.fresh - 1;
        }
    }

    /// Returns the space for one more block, after its header.
    fn next_space(&mut self) -> &mut [u8] {
        let start = self.slot(self.filled);
        let end = start + self.stride();
        if self.ring.len() < end {
            self.ring.resize(end, 0);
        }
        let header = emit_data_header(Wrap::ToZero.wire(self.filled));
        let (head, body) = self.ring[start..end].split_at_mut(DATA_HEADER);
        head.copy_from_slice(&header);
        body
    }

    fn slot(&self, block: u64) -> usize {
        // The remainder is less than the window, which fits into 16 bits.
        usize::try_from((block - 1) % self.window()).unwrap_or(0) * self.stride()
    }

    /// Returns the range of blocks that are due and adjacent in the ring.
    fn burst(&mut self) -> Option<(usize, usize)> {
        if self.next >= self.filled {
            return None;
        }
        let start = self.slot(self.next);
        let until_end = self.window() - (self.next - 1) % self.window();
        let first = self.next;
        self.next = self.filled.min(first + until_end);
        self.link.stats.resent += self.fresh.min(self.next).saturating_sub(first);
        self.fresh = self.fresh.max(self.next);
        let mut length = usize::try_from(self.next - first).unwrap_or(0) * self.stride();
        if let Some((last, bytes)) = self.last
            && self.next > last
        {
            length -= self.block_size() - bytes;
        }
        Some((start, start + length))
    }
}

impl Machine for Sender {
    fn datagram(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let Some(packet) = self.link.admit(now, from, datagram) else { return };
        match self.phase {
            Phase::Requesting(offer) => self.first_answer(from, offer, packet),
            Phase::Offering | Phase::Sending => self.in_transfer(from, packet),
        }
    }

    fn unreachable(&mut self, now: Instant, to: SocketAddr) {
        self.link.now = now;
        if self.link.peer.is_at(to) {
            self.link.fail(match self.phase {
                Phase::Requesting(_) => Failure::Refused,
                Phase::Offering | Phase::Sending => Failure::Vanished,
            });
        }
    }

    fn tick(&mut self, now: Instant) {
        self.link.now = now;
        if self.link.is_over() || !self.link.must_resend() {
            return;
        }
        match self.phase {
            Phase::Requesting(_) | Phase::Offering => {
                self.link.stats.resent += 1;
                self.send_opening = true;
            }
            Phase::Sending => {
                self.gap_heard = false;
                self.go_back();
            }
        }
    }

    fn abort(&mut self, now: Instant, reason: Abort) {
        self.link.now = now;
        self.link.abort(reason);
    }

    fn poll(&mut self) -> Output<'_> {
        if self.link.is_urgent() {
            return self.link.urgent();
        }
        let to = self.link.peer.address();
        if std::mem::take(&mut self.send_opening) {
            self.link.retry.sent(self.link.now);
            return Output::Transmit { to, datagrams: &self.opening, stride: self.opening.len() };
        }
        if !matches!(self.phase, Phase::Sending) {
            return Output::Wait(self.link.retry.deadline());
        }
        match self.burst() {
            Some((start, end)) => {
                self.link.retry.sent(self.link.now);
                let stride = self.stride();
                Output::Transmit { to, datagrams: &self.ring[start..end], stride }
            }
            None => Output::Wait(self.link.retry.deadline()),
        }
    }

    fn stats(&self) -> Stats {
        self.link.stats()
    }

    fn terms(&self) -> Terms {
        self.link.terms
    }
}

impl Sending for Sender {
    fn space(&mut self) -> Option<&mut [u8]> {
        let sending = matches!(self.phase, Phase::Sending) && !self.link.is_urgent();
        let wanted = self.last.is_none() && self.filled < self.base + self.window();
        (sending && wanted).then(|| self.next_space())
    }

    fn filled(&mut self, now: Instant, length: usize) {
        self.link.now = now;
        let last = length < self.block_size();
        let read = (self.filled - 1) * self.block_size() as u64 + length as u64;
        if let Some(announced) = self.link.misfit(read, last) {
            return self.link.abort(Abort::Resized { read, announced });
        }
        if last {
            self.last = Some((self.filled, length));
        }
        self.filled += 1;
    }

    fn unacknowledged(&self) -> Unacknowledged {
        let mut bytes = Vec::new();
        for block in self.base..self.filled {
            let length = self.last.filter(|(last, _)| *last == block).map_or(self.block_size(), |(_, length)| length);
            let start = self.slot(block) + DATA_HEADER;
            bytes.extend_from_slice(self.ring.get(start..start + length).unwrap_or_default());
        }
        Unacknowledged { bytes, ended: self.last.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{BlockSize, Limits, Offer, WindowSize, emit_ack};

    #[test]
    fn no_more_than_one_window_is_held_however_long_the_file() {
        let (now, client) = (Instant::now(), SocketAddr::from(([192, 0, 2, 1], 5000)));
        let offer = Offer { blksize: BlockSize::new(8), windowsize: WindowSize::new(4), ..Offer::default() };
        let answer = offer.answer(&Limits::default(), None);
        let mut sender = Sender::answer(now, client, answer, RetryPolicy::default());
        for window in 0..100 {
            sender.datagram(now, client, &emit_ack(4 * window));
            loop {
                while let Some(length) = sender.space().map(|space| space.len()) {
                    sender.filled(now, length);
                }
                if let Output::Wait(_) = sender.poll() {
                    break;
                }
            }
        }
        assert_eq!((sender.filled, sender.ring.len()), (401, 4 * (DATA_HEADER + 8)));
    }
}
