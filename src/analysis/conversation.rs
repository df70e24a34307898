use std::borrow::Cow;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use super::answers::Trip;
use super::get::Incoming;
use super::judgement::{Judgement, has_trailing_bytes};
use super::put::Outgoing;
use super::tally::Tally;
use super::{Altered, AnnotatedPacket, Annotation, Choice, Flag, Kind, Reason, State};
use crate::event::{Begin, Crossing, Delivery, Direction, Fate, Held, Origin, Record, RecordKind, Side};
use crate::transfer::Event;
use crate::wire::{Offer, Opcode, Packet, Terms};

/// The most fault rules that are recorded for one packet.
const HITS: usize = 16;

/// One transfer, as its packets show it.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) side: Side,
    /// The first record, and the time of day of this moment.
    start: Option<(Instant, SystemTime)>,
    timeout: Option<Duration>,
    /// When the request was sent.
    origin: Option<Instant>,
    /// When the previous packet was sent or received.
    previous: Option<Instant>,
    /// When the transfer last made progress.
    progressed: Option<Instant>,
    pub(super) n: u64,
    pub(super) asked: Option<SocketAddr>,
    pub(super) tid: Option<SocketAddr>,
    pub(super) request: Vec<u8>,
    pub(super) offer: Offer,
    pub(super) terms: Terms,
    /// The OACK that agreed to them.
    pub(super) oack: Option<u64>,
    pub(super) state: State,
    pub(super) blocks: Blocks,
    /// The packet that was sent last and awaits its answer: the request or an ACK.
    pub(super) trip: Option<Trip>,
    /// The transfer ids of earlier transfers whose packets arrive here.
    earlier: Vec<SocketAddr>,
    /// The packets that fault rules hold, by the numbers of their deliveries: number and time of each.
    held: HashMap<u64, u64>,
    /// The number of the latest packet with the same bytes, of which a fault rule may make copies.
    copied: Option<(Direction, Vec<u8>, u64)>,
    /// The timer expired after this time, which is why packets are sent now.
    pub(super) expired: Option<Duration>,
    /// Why the next request follows a failed one.
    pub(super) again: Option<Reason>,
    tally: Tally,
    /// The last packet of a stranger, in case this side takes it for its peer's.
    pub(super) foreign: Option<Foreign>,
}

#[derive(Debug, Default)]
pub(super) enum Blocks {
    #[default]
    Unknown,
    Get(Incoming),
    Put(Outgoing),
}

impl Conversation {
    pub(super) fn new(start: Instant, begin: Option<Begin<'_>>) -> Self {
        let wall = begin.map_or(SystemTime::UNIX_EPOCH, |begin| begin.wall);
        let timeout = begin.map(|begin| begin.timeout);
        let side = begin.map(|begin| begin.side).unwrap_or_default();
        Self { side, start: Some((start, wall)), timeout, progressed: Some(start), ..Self::default() }
    }

    /// Returns the time since the request, and the time of day.
    pub(super) fn clock(&self, now: Instant) -> (Duration, SystemTime) {
        let (start, wall) = self.start.unwrap_or((now, SystemTime::UNIX_EPOCH));
        let wall = wall.checked_add(now.saturating_duration_since(start)).unwrap_or(wall);
        (now.saturating_duration_since(self.origin.unwrap_or(now)), wall)
    }

    pub(super) fn annotate<'a>(&mut self, record: &Record<'a>) -> Option<Annotation<'a>> {
        match record.kind {
            RecordKind::Begin(begin) => Some(Annotation::Begin { host: Cow::Borrowed(begin.host) }),
            RecordKind::Packet(crossing) => Some(Annotation::Packet(self.packet(record, &crossing))),
            RecordKind::Delivered(delivery) => {
                let packet = self.delivered(record, &delivery)?;
                Some(Annotation::Delivered { after: delivery.after, packet })
            }
            RecordKind::Earlier(peer) => {
                if !self.earlier.contains(&peer) {
                    self.earlier.push(peer);
                }
                None
            }
            RecordKind::Machine(event) => self.event(record, event),
            RecordKind::Digest(sha256) => {
                self.tally.sha256 = Some(sha256.to_owned());
                None
            }
            RecordKind::End(result) => {
                let elapsed = record.at.saturating_duration_since(self.origin.unwrap_or(record.at));
                self.state = match self.state {
                    _ if result.is_err() => State::Failed,
                    State::Dallying => State::Dallying,
                    _ => State::Done,
                };
                let amount = match &self.blocks {
                    Blocks::Unknown => (0, 0),
                    Blocks::Get(blocks) => (blocks.bytes, blocks.have),
                    Blocks::Put(blocks) => (blocks.bytes(), blocks.acked),
                };
                let summary = self.tally.summary(result, elapsed, amount);
                self.tally.end();
                Some(Annotation::End(Box::new(summary)))
            }
            RecordKind::Late => Some(Annotation::Late(self.tally.late())),
        }
    }

    /// Names the packet that would be the next progress.
    fn awaited(&self) -> String {
        match (&self.blocks, self.state) {
            (Blocks::Get(_), State::Dallying) => "DATA".to_owned(),
            (_, State::Idle | State::Requested) | (Blocks::Unknown, _) => "answer".to_owned(),
            (Blocks::Get(blocks), _) => format!("DATA {}", blocks.have + 1),
            (Blocks::Put(blocks), _) => format!("ACK {}", blocks.high),
        }
    }

    /// Annotates a machine event that no packet shows.
    fn event<'a>(&mut self, record: &Record<'_>, event: &Event) -> Option<Annotation<'a>> {
        let (choice, why) = match event {
            Event::Locked(peer) if self.asked.is_some_and(|asked| asked.port() == peer.port()) => {
                (Choice::Tid, Reason::TidSame { port: peer.port() })
            }
            Event::Locked(peer) => (Choice::Tid, Reason::TidNew { peer: peer.port(), local: record.local.port() }),
            Event::Agreed(terms) => {
                let (blksize, windowsize) = (terms.blksize.get(), terms.windowsize.get());
                (Choice::Terms, Reason::Terms { blksize, windowsize })
            }
            Event::WindowReduced { wanted, asked } => {
                (Choice::Window, Reason::WindowReduced { wanted: wanted.get(), asked: asked.get() })
            }
            Event::Again { attempt, failure } => {
                let why = Reason::ReqLess { attempt: *attempt, failure: failure.to_string() };
                self.again = Some(why.clone());
                (Choice::Fallback, why)
            }
            Event::Resending { after, .. } => {
                self.expired = Some(*after);
                let waited = record.at.saturating_duration_since(self.progressed.unwrap_or(record.at));
                let left = self.timeout.map(|timeout| timeout.saturating_sub(waited));
                let (after, awaited) = (*after, self.awaited());
                return Some(Annotation::Timer { after, left, awaited, why: Reason::ReqAgain { after } });
            }
            Event::Ignored { .. } | Event::Wrapped(_) => return None,
        };
        Some(Annotation::Choice { choice, why })
    }

    /// Annotates a packet that crosses the socket.
    fn packet<'a>(&mut self, record: &Record<'_>, crossing: &Crossing<'a>) -> AnnotatedPacket<'a> {
        let Crossing { direction, datagram, fate, .. } = *crossing;
        self.n += 1;
        self.origin.get_or_insert(record.at);
        let gap = record.at.saturating_duration_since(self.previous.replace(record.at).unwrap_or(record.at));
        let copy_of = self.copy_of(direction, datagram, fate.origin);
        if let Some(Held::Waits(number)) = fate.held {
            self.held.insert(number, self.n);
        }
        let before = self.state;
        let mut judgement = match (direction, fate.held) {
            // The machine never saw it, so nothing follows from it.
            (Direction::Received, _) if fate.lost => Judgement::new(Reason::TooLate),
            (Direction::Received, Some(_)) => {
                Judgement::new(Reason::Held { rule: fate.hits.last().map_or(0, |hit| hit.rule) })
            }
            _ => self.judge(record.at, direction, crossing.peer, crossing.seen()),
        };
        if fate.lost {
            judgement.flags.insert(Flag::Lost);
            judgement.why = Reason::Lost { rule: fate.hits.last().map(|hit| hit.rule) };
        }
        if fate.origin != Origin::Machine {
            judgement.flags.insert(Flag::Copy);
        }
        let packet = AnnotatedPacket { gap, copy_of, before, ..self.annotated(record, crossing, judgement) };
        self.tally.count(&packet);
        packet
    }

    /// Annotates a packet that a fault rule held, when it reaches the machine.
    fn delivered<'a>(&mut self, record: &Record<'_>, delivery: &Delivery<'a>) -> Option<AnnotatedPacket<'a>> {
        let n = self.held.remove(&delivery.number)?;
        let before = self.state;
        let crossing = Crossing::new(Direction::Received, delivery.peer, delivery.datagram);
        let judgement = self.judge(record.at, Direction::Received, delivery.peer, delivery.datagram);
        let packet = AnnotatedPacket { n, gap: delivery.after, before, ..self.annotated(record, &crossing, judgement) };
        self.tally.count_delivered(&packet);
        Some(packet)
    }

    /// Returns the packet that a copy was made of, and remembers the latest packet.
    fn copy_of(&mut self, direction: Direction, datagram: &[u8], origin: Origin) -> Option<u64> {
        let latest = self.copied.as_ref().filter(|(way, bytes, _)| *way == direction && bytes == datagram);
        match origin {
            Origin::Machine => {
                self.copied = Some((direction, datagram.to_vec(), self.n));
                None
            }
            Origin::Copy | Origin::Stray => latest.map(|(.., n)| *n),
        }
    }

    /// Judges a packet that the machine sends or gets.
    fn judge(&mut self, now: Instant, direction: Direction, peer: SocketAddr, datagram: &[u8]) -> Judgement {
        let parsed = Packet::parse(datagram);
        let mut judgement = match direction {
            Direction::Received if self.earlier.contains(&peer) => {
                Judgement::flagged(Flag::AfterEnd, Reason::TidEarlier { port: peer.port() })
            }
            Direction::Sent if self.earlier.contains(&peer) => Judgement::flagged(Flag::AfterEnd, Reason::DallyAgain),
            Direction::Received => self.received(now, peer, parsed, self.state),
            Direction::Sent => self.sent(now, peer, datagram, parsed),
        };
        if has_trailing_bytes(parsed, datagram.len()) {
            judgement.flags.insert(Flag::Trailing);
        }
        if judgement.progress {
            self.progressed = Some(now);
        }
        self.state = judgement.after.unwrap_or(self.state);
        judgement
    }

    /// Puts together what is known of a packet.
    fn annotated<'a>(&self, record: &Record<'_>, crossing: &Crossing<'a>, judgement: Judgement) -> AnnotatedPacket<'a> {
        let Crossing { direction, peer, datagram, fate: Fate { held, altered, hits, .. } } = *crossing;
        let kind = Kind::of(datagram);
        let block = match (kind, datagram) {
            (Kind::Known(Opcode::Data | Opcode::Ack), [_, _, high, low, ..]) => Some(u16::from_be_bytes([*high, *low])),
            _ => None,
        };
        let (answers, rtt) = judgement.answer.unzip();
        AnnotatedPacket {
            n: self.n,
            gap: Duration::ZERO,
            direction,
            local: record.local,
            peer,
            length: datagram.len(),
            bytes: Cow::Borrowed(datagram),
            altered: altered.map(|bytes| Altered { length: bytes.len(), bytes: Cow::Borrowed(bytes) }),
            kind,
            block,
            abs: judgement.abs,
            blksize: self.terms.blksize.get(),
            flags: judgement.flags,
            dup_of: judgement.dup_of,
            copy_of: None,
            held: if let Some(Held::Left(after)) = held { Some(after) } else { None },
            answers,
            rtt: rtt.flatten(),
            before: self.state,
            after: self.state,
            why: judgement.why,
            faults: hits.iter().copied().take(HITS).collect(),
        }
    }

    /// Whether a packet is not from the peer. An IPv6 flow label or scope is not a part of a transfer id.
    pub(super) fn is_stranger(&self, peer: SocketAddr) -> bool {
        match (self.tid, self.asked) {
            (Some(tid), _) => (tid.ip(), tid.port()) != (peer.ip(), peer.port()),
            (None, Some(asked)) => asked.ip() != peer.ip(),
            (None, None) => false,
        }
    }
}

/// A packet that came from a port that is not the peer's.
#[derive(Debug, Clone, Copy)]
pub(super) struct Foreign {
    pub(super) from: SocketAddr,
    pub(super) n: u64,
    pub(super) block: u16,
    /// Bytes of the block, if it is DATA.
    pub(super) length: Option<usize>,
}
