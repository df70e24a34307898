use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use super::annotated::{AnnotatedPacket, Annotation, Choice, Kind, State};
use super::answers::Trip;
use super::flaws::trailing;
use super::get::{Incoming, Judgement};
use super::put::Outgoing;
use super::tally::Tally;
use super::{Flag, Reason};
use crate::event::{Begin, Direction, Record, RecordKind};
use crate::fault::Hit;
use crate::transfer::Event;
use crate::wire::{Offer, Opcode, Packet, Terms};

/// Rules that are noted of one packet.
const HITS: usize = 16;

/// One transfer.
#[derive(Debug)]
pub(super) struct Conversation {
    /// When `wall` was read.
    start: Instant,
    wall: SystemTime,
    timeout: Option<Duration>,
    /// When the request went out.
    origin: Option<Instant>,
    previous: Instant,
    pub(super) progressed: Instant,
    pub(super) n: u64,
    pub(super) asked: Option<SocketAddr>,
    pub(super) tid: Option<SocketAddr>,
    pub(super) request: Vec<u8>,
    pub(super) offer: Offer,
    pub(super) terms: Terms,
    pub(super) state: State,
    pub(super) blocks: Blocks,
    /// What was sent last and waits for its answer: the request or an ACK.
    pub(super) trip: Option<Trip>,
    /// The rules that meddle with the next packet.
    hits: Vec<Hit>,
    /// The timer ran out after this time; what is sent now is sent for that.
    pub(super) expired: Option<Duration>,
    tally: Tally,
    /// What a stranger sent last, in case this side takes it for its peer's.
    pub(super) foreign: Option<Foreign>,
}

#[derive(Debug)]
pub(super) enum Blocks {
    Unknown,
    Get(Incoming),
    Put(Outgoing),
}

impl Conversation {
    pub(super) fn new(start: Instant, begin: Option<Begin<'_>>) -> Self {
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
            foreign: None,
        }
    }

    /// Time since the request, and the same moment on the wall.
    pub(super) fn clock(&self, now: Instant) -> (Duration, SystemTime) {
        let passed = now.saturating_duration_since(self.start);
        let wall = self.wall.checked_add(passed).unwrap_or(self.wall);
        (now.saturating_duration_since(self.origin.unwrap_or(now)), wall)
    }

    pub(super) fn annotate<'a>(&mut self, record: &Record<'a>) -> Option<Annotation<'a>> {
        match record.kind {
            RecordKind::Begin(begin) => Some(Annotation::Begin { host: Cow::Borrowed(begin.host) }),
            RecordKind::Packet { direction, peer, datagram, lost } => {
                Some(Annotation::Packet(self.packet(record, direction, peer, datagram, lost)))
            }
            RecordKind::Fault(hit) => {
                if self.hits.len() < HITS {
                    self.hits.push(hit);
                }
                Some(Annotation::Fault { hit, n: self.n + 1 })
            }
            RecordKind::Machine(event) => self.event(record, event),
            RecordKind::Digest(sha256) => {
                self.tally.sha256 = Some(sha256.to_owned());
                None
            }
            RecordKind::End(result) => {
                let elapsed = record.at.saturating_duration_since(self.origin.unwrap_or(record.at));
                if self.state != State::Dallying || result.is_err() {
                    self.state = if result.is_ok() { State::Done } else { State::Failed };
                }
                let (bytes, blocks) = match &self.blocks {
                    Blocks::Unknown => (0, 0),
                    Blocks::Get(blocks) => (blocks.bytes, blocks.blocks()),
                    Blocks::Put(blocks) => (blocks.bytes(), blocks.blocks()),
                };
                Some(Annotation::End(Box::new(self.tally.summary(result, elapsed, bytes, blocks))))
            }
        }
    }

    fn timer<'a>(&mut self, now: Instant, after: Duration) -> Annotation<'a> {
        self.expired = Some(after);
        let waited = now.saturating_duration_since(self.progressed);
        let left = self.timeout.map(|timeout| timeout.saturating_sub(waited));
        Annotation::Timer { after, left, awaited: self.awaited(), why: Reason::ReqAgain { after } }
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
    fn event<'a>(&mut self, record: &Record<'_>, event: &Event) -> Option<Annotation<'a>> {
        let (choice, why) = match event {
            Event::Locked(peer) if self.asked.is_some_and(|asked| asked.port() == peer.port()) => {
                (Choice::Tid, Reason::TidSame { port: peer.port() })
            }
            Event::Locked(peer) => (Choice::Tid, Reason::TidNew { peer: *peer, local: record.local }),
            Event::Agreed(terms) => {
                let (blksize, windowsize) = (terms.blksize.get(), terms.windowsize.get());
                (Choice::Terms, Reason::Terms { blksize, windowsize })
            }
            Event::Fallback(_) => (Choice::Fallback, Reason::ReqPlain),
            Event::Resending { after, .. } => {
                return Some(self.timer(record.at, *after));
            }
            Event::Ignored { .. } | Event::Wrapped(_) => return None,
        };
        Some(Annotation::Choice { choice, why })
    }

    fn packet<'a>(
        &mut self,
        record: &Record<'_>,
        direction: Direction,
        peer: SocketAddr,
        datagram: &'a [u8],
        lost: bool,
    ) -> AnnotatedPacket<'a> {
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
        let judged = match direction {
            // The machine never saw it, so nothing follows from it.
            Direction::Received if lost => Judged::from(Judgement::new(Reason::TooLate)),
            Direction::Received => self.received(now, peer, parsed, before),
            Direction::Sent => self.sent(now, peer, datagram, parsed),
        };
        let mut verdict = judged.verdict;
        if lost {
            verdict.flags.insert(Flag::Lost);
            verdict.why = Reason::Lost { rule: faults.last().map(|hit| hit.rule) };
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
        let (answers, rtt) = judged.answer.unzip();
        let packet = AnnotatedPacket {
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

    /// An IPv6 flow label or scope is no part of a transfer id.
    pub(super) fn is_stranger(&self, peer: SocketAddr) -> bool {
        match (self.tid, self.asked) {
            (Some(tid), _) => (tid.ip(), tid.port()) != (peer.ip(), peer.port()),
            (None, Some(asked)) => asked.ip() != peer.ip(),
            (None, None) => false,
        }
    }
}

/// A verdict, and the packet that was answered, with its round trip.
pub(super) struct Judged {
    pub(super) verdict: Judgement,
    pub(super) answer: Option<(u64, Option<Duration>)>,
}

impl From<Judgement> for Judged {
    fn from(verdict: Judgement) -> Self {
        Self { verdict, answer: None }
    }
}

/// A packet that came from a port this transfer is not with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Foreign {
    pub(super) from: SocketAddr,
    pub(super) n: u64,
    pub(super) block: u16,
    /// Octets of the block, where it is DATA.
    pub(super) length: Option<usize>,
}
