//! Reads a transfer in its packets alone, as somebody who watches the wire with the RFCs at hand.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use super::answers::Trip;
use super::flaws::{malformed, trailing};
use super::get::{Incoming, Verdict};
use super::put::Outgoing;
use super::seen::{Choice, Hit, Kind, Saw, Seen, SeenPacket, State};
use super::tally::Tally;
use super::{Begin, Direction, Flag, Flags, Record, Timer, Turn, What, Why, offer};
use crate::transfer::Event;
use crate::wire::{ErrorCode, Malformed, Offer, Opcode, Packet, Printable, Request, RequestKind, Terms};

/// Turns records into [`Seen`] records: one for each, but for machine events that packets tell already.
///
/// Takes any records in any order and any bytes in them; holds a window of packet numbers, never a file of them.
/// Works for the requesting side of a transfer.
#[derive(Debug, Default)]
pub struct Analyser {
    xfer: u32,
    current: Option<Conversation>,
}

impl Analyser {
    /// Knows nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// What this record means behind all those before it.
    pub fn analyse<'a>(&mut self, record: &Record<'a>) -> Option<Seen<'a>> {
        if let What::Begin(begin) = record.what {
            self.xfer = self.xfer.saturating_add(1);
            self.current = Some(Conversation::new(record.at, Some(begin)));
        }
        let conversation = self.current.get_or_insert_with(|| {
            self.xfer = self.xfer.saturating_add(1);
            Conversation::new(record.at, None)
        });
        let what = conversation.see(record)?;
        let passed = record.at.saturating_duration_since(conversation.start);
        let wall = conversation.wall.checked_add(passed).unwrap_or(conversation.wall);
        let t = record.at.saturating_duration_since(conversation.origin.unwrap_or(record.at));
        Some(Seen { xfer: self.xfer, t, wall, what })
    }
}

/// Rules that are noted of one packet.
const HITS: usize = 16;

/// One transfer.
#[derive(Debug)]
struct Conversation {
    /// When `wall` was read.
    start: Instant,
    wall: SystemTime,
    timeout: Option<Duration>,
    /// When the request went out.
    origin: Option<Instant>,
    previous: Instant,
    progressed: Instant,
    n: u64,
    asked: Option<SocketAddr>,
    tid: Option<SocketAddr>,
    request: Vec<u8>,
    offer: Offer,
    terms: Terms,
    state: State,
    blocks: Blocks,
    /// What was sent last and waits for its answer: the request or an ACK.
    trip: Option<Trip>,
    /// The rules that meddle with the next packet.
    hits: Vec<Hit>,
    /// The timer ran out after this time; what is sent now is sent for that.
    expired: Option<Duration>,
    tally: Tally,
}

#[derive(Debug)]
enum Blocks {
    Unknown,
    Get(Incoming),
    Put(Outgoing),
}

impl Conversation {
    fn new(start: Instant, begin: Option<Begin<'_>>) -> Self {
        Self {
            start,
            wall: begin.map_or(SystemTime::UNIX_EPOCH, |begin| begin.wall),
            timeout: begin.map(|begin| begin.timeout),
            origin: None,
            previous: start,
            progressed: start,
            n: 0,
            asked: None,
            tid: None,
            request: Vec::new(),
            offer: Offer::default(),
            terms: Terms::default(),
            state: State::Idle,
            blocks: Blocks::Unknown,
            trip: None,
            hits: Vec::new(),
            expired: None,
            tally: Tally::default(),
        }
    }

    fn see<'a>(&mut self, record: &Record<'a>) -> Option<Saw<'a>> {
        match record.what {
            What::Begin(begin) => Some(Saw::Begin { host: Cow::Borrowed(begin.host) }),
            What::Packet { direction, peer, datagram, lost } => {
                Some(Saw::Packet(self.packet(record, direction, peer, datagram, lost)))
            }
            What::Fault { rule, action, deed } => {
                let words = |words: &str| Printable(words.as_bytes()).to_string();
                let hit = Hit { rule, action: words(action), deed: words(deed) };
                if self.hits.len() < HITS {
                    self.hits.push(hit.clone());
                }
                Some(Saw::Fault { hit, n: self.n + 1 })
            }
            What::Timer { timer, turn, after } => Some(self.timer(record.at, timer, turn, after)),
            What::Machine(event) => self.event(record, event),
            What::End(result) => {
                let elapsed = record.at.saturating_duration_since(self.origin.unwrap_or(record.at));
                if self.state != State::Dallying || result.is_err() {
                    self.state = if result.is_ok() { State::Done } else { State::Failed };
                }
                let (bytes, blocks) = match &self.blocks {
                    Blocks::Unknown => (0, 0),
                    Blocks::Get(blocks) => (blocks.bytes, blocks.blocks()),
                    Blocks::Put(blocks) => (blocks.bytes(), blocks.blocks()),
                };
                Some(Saw::End(Box::new(self.tally.summary(result, elapsed, bytes, blocks))))
            }
        }
    }

    fn timer<'a>(&mut self, now: Instant, timer: Timer, turn: Turn, after: Duration) -> Saw<'a> {
        let why = if timer == Timer::Dally { Why::DallyEnd } else { Why::ReqAgain { after } };
        if (timer, turn) == (Timer::Rexmt, Turn::Expired) {
            self.expired = Some(after);
        }
        let waited = now.saturating_duration_since(self.progressed);
        let left = self.timeout.filter(|_| timer != Timer::Dally).map(|timeout| timeout.saturating_sub(waited));
        Saw::Timer { timer, turn, after, left, awaited: self.awaited(), why }
    }

    /// What would be the next progress.
    fn awaited(&self) -> String {
        match (&self.blocks, self.state) {
            (Blocks::Get(_), State::Dallying) => "DATA".to_owned(),
            (_, State::Idle | State::Requested) | (Blocks::Unknown, _) => "answer".to_owned(),
            (Blocks::Get(blocks), _) => format!("DATA {}", blocks.blocks() + 1),
            (Blocks::Put(blocks), _) => format!("ACK {}", blocks.awaited()),
        }
    }

    /// Machine events that no packet tells.
    fn event<'a>(&mut self, record: &Record<'_>, event: &Event) -> Option<Saw<'a>> {
        let (choice, why) = match event {
            Event::Locked(peer) if self.asked.is_some_and(|asked| asked.port() == peer.port()) => {
                (Choice::Tid, Why::TidSame { port: peer.port() })
            }
            Event::Locked(peer) => (Choice::Tid, Why::TidNew { peer: *peer, local: record.local }),
            Event::Agreed(terms) => {
                let (blksize, windowsize) = (terms.blksize.get(), terms.windowsize.get());
                (Choice::Terms, Why::Terms { blksize, windowsize })
            }
            Event::Fallback(_) => (Choice::Fallback, Why::ReqPlain),
            Event::Resending { after, .. } => {
                return Some(self.timer(record.at, Timer::Rexmt, Turn::Expired, *after));
            }
            Event::Ignored { .. } | Event::Wrapped(_) => return None,
        };
        Some(Saw::Choice { choice, why })
    }

    fn packet<'a>(
        &mut self,
        record: &Record<'_>,
        direction: Direction,
        peer: SocketAddr,
        datagram: &'a [u8],
        lost: bool,
    ) -> SeenPacket<'a> {
        let now = record.at;
        self.n += 1;
        self.origin.get_or_insert(now);
        let gap = if self.n == 1 { Duration::ZERO } else { now.saturating_duration_since(self.previous) };
        self.previous = now;
        let faults = std::mem::take(&mut self.hits);
        let parsed = Packet::parse(datagram);
        let kind = Kind::of(datagram);
        let block = match (kind, datagram) {
            (Kind::Known(Opcode::Data | Opcode::Ack), [_, _, high, low, ..]) => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        };
        let before = self.state;
        let told = match direction {
            // The machine never saw it, so nothing follows from it.
            Direction::Received if lost => Told::from(Verdict::new(Why::TooLate)),
            Direction::Received => self.received(now, peer, parsed, before),
            Direction::Sent => self.sent(now, peer, datagram, parsed),
        };
        let mut verdict = told.verdict;
        if lost {
            verdict.flags.insert(Flag::Lost);
            verdict.why = Why::Lost { rule: faults.last().map(|hit| hit.rule) };
        }
        if trailing(datagram) {
            verdict.flags.insert(Flag::Trailing);
        }
        if let Some(after) = verdict.after {
            self.state = after;
        }
        if verdict.progress {
            self.progressed = now;
        }
        let (answers, rtt) = told.answer.unzip();
        let packet = SeenPacket {
            n: self.n,
            gap,
            direction,
            local: record.local,
            peer,
            length: datagram.len(),
            bytes: Cow::Borrowed(datagram),
            kind,
            block,
            abs: verdict.abs,
            blksize: self.terms.blksize.get(),
            flags: verdict.flags,
            dup_of: verdict.dup_of,
            answers,
            rtt: rtt.flatten(),
            before,
            after: self.state,
            why: verdict.why,
            faults,
        };
        self.tally.count(&packet);
        packet
    }

    fn sent(&mut self, now: Instant, peer: SocketAddr, datagram: &[u8], parsed: Result<Packet<'_>, Malformed>) -> Told {
        let verdict = match parsed {
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
        self.because_of_silence(verdict).into()
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

    /// An IPv6 flow label or scope is no part of a transfer id.
    fn is_stranger(&self, peer: SocketAddr) -> bool {
        match (self.tid, self.asked) {
            (Some(tid), _) => (tid.ip(), tid.port()) != (peer.ip(), peer.port()),
            (None, Some(asked)) => asked.ip() != peer.ip(),
            (None, None) => false,
        }
    }

    fn received(
        &mut self,
        now: Instant,
        peer: SocketAddr,
        parsed: Result<Packet<'_>, Malformed>,
        state: State,
    ) -> Told {
        if let (true, Some(ours)) = (self.is_stranger(peer), self.tid.or(self.asked)) {
            let why = Why::TidWrong { from: peer, ours };
            return Verdict { flags: Flag::WrongTid.into(), ..Verdict::new(why) }.into();
        }
        let packet = match parsed {
            Ok(packet) => packet,
            Err(reason) => return malformed(reason).into(),
        };
        self.expired = None;
        if state.is_over() || state == State::Idle {
            let why = if state == State::Idle { Why::BadKind } else { Why::TooLate };
            let flags = if state.is_over() { Flag::AfterEnd.into() } else { Flags::default() };
            return Verdict { flags, ..Verdict::new(why) }.into();
        }
        if state == State::Requested {
            return self.first_answer(now, peer, packet);
        }
        match packet {
            Packet::Error { .. } => {
                let answer = self.trip.as_mut().map(|trip| trip.answer(now));
                let answer = answer.map(|(n, _)| (n, None));
                Told { verdict: Verdict { after: Some(State::Failed), ..Verdict::new(Why::ErrIn) }, answer }
            }
            Packet::Data { block, data } => self.data(now, block, data.len()),
            Packet::Ack { block } => self.acknowledged(now, block),
            Packet::Oack(_) => Verdict { flags: Flag::Dup.into(), ..Verdict::new(Why::OackAgain) }.into(),
            Packet::Request(_) => Verdict::new(Why::ReqIn).into(),
        }
    }

    fn first_answer(&mut self, now: Instant, peer: SocketAddr, packet: Packet<'_>) -> Told {
        let verdict = match (packet, &mut self.blocks) {
            (Packet::Oack(oack), _) => {
                let (why, terms) = offer::judge(&self.offer, &oack);
                let accepted = terms.is_some();
                self.terms = terms.unwrap_or_default();
                Verdict { after: accepted.then_some(State::Negotiated), progress: accepted, ..Verdict::new(why) }
            }
            (Packet::Data { block: 0, .. }, Blocks::Get(_)) => Verdict::new(Why::DataFirstZero),
            (Packet::Data { block: 1, data }, Blocks::Get(blocks)) => {
                let verdict = blocks.data(self.n, now, 1, data.len(), &self.terms);
                if self.offer.is_empty() {
                    verdict
                } else {
                    Verdict { why: Why::NoOptions { got: "DATA 1" }, ..verdict }
                }
            }
            (Packet::Ack { block: 0 }, Blocks::Put(blocks)) => {
                blocks.accepted(self.n);
                let plain = self.offer.is_empty();
                let why = if plain { Why::WrqReady } else { Why::NoOptions { got: "ACK 0" } };
                Verdict { abs: Some(0), after: Some(State::Accepted), progress: true, ..Verdict::new(why) }
            }
            (Packet::Error { code, .. }, _) => {
                let mismatch = code == ErrorCode::UNKNOWN_TID;
                let why = if mismatch { Why::ErrMismatch } else { Why::ErrIn };
                Verdict { after: Some(State::Failed), ..Verdict::new(why) }
            }
            // Nothing is fixed by what makes no sense as an answer.
            (Packet::Data { block, .. }, Blocks::Get(_)) => {
                let why = Why::DataAhead { block: block.into(), before: 1 };
                return Verdict { flags: Flag::Early.into(), ..Verdict::new(why) }.into();
            }
            (Packet::Ack { block }, Blocks::Put(_)) => {
                let why = Why::AckFuture { block: block.into() };
                return Verdict { flags: Flag::Early.into(), ..Verdict::new(why) }.into();
            }
            (Packet::Request(_), _) => return Verdict::new(Why::ReqIn).into(),
            (Packet::Data { .. } | Packet::Ack { .. }, _) => return Verdict::new(Why::BadKind).into(),
        };
        self.tid = Some(peer);
        let answer = self.trip.as_mut().map(|trip| trip.answer(now));
        Told { verdict: Verdict { flags: verdict.flags.with(Flag::Tid), ..verdict }, answer }
    }

    fn data(&mut self, now: Instant, wire: u16, length: usize) -> Told {
        let Blocks::Get(blocks) = &mut self.blocks else { return Verdict::new(Why::BadKind).into() };
        let verdict = blocks.data(self.n, now, wire, length, &self.terms);
        let answer = if verdict.progress { self.trip.as_mut().map(|trip| trip.answer(now)) } else { None };
        Told { verdict, answer }
    }

    fn acknowledged(&mut self, now: Instant, wire: u16) -> Told {
        let Blocks::Put(blocks) = &mut self.blocks else { return Verdict::new(Why::BadKind).into() };
        let verdict = blocks.ack(self.n, wire, &self.terms);
        let block = verdict.abs.filter(|_| verdict.progress);
        let answer = block.and_then(|block| blocks.answered(block, now));
        Told { verdict, answer }
    }
}

/// A verdict, and the packet that was answered, with its round trip.
struct Told {
    verdict: Verdict,
    answer: Option<(u64, Option<Duration>)>,
}

impl From<Verdict> for Told {
    fn from(verdict: Verdict) -> Self {
        Self { verdict, answer: None }
    }
}
