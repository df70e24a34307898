use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use super::answers::Trip;
use super::get::Incoming;
use super::prints::Prints;
use super::put::Outgoing;
use super::tally::Tally;
use super::{Annotation, Choice, Owner, Reason, Silence, State};
use crate::bugs::ClientBug;
use crate::event::{Begin, Direction, Record, RecordKind, Side};
use crate::transfer::{Event, Failure, Report};
use crate::wire::{Offer, Terms};

/// One transfer, as its packets show it.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    pub(super) side: Side,
    /// The bug of this side, if it is a client with one.
    pub(super) bug: Option<ClientBug>,
    /// The first record, and the time of day of this moment.
    start: Option<(Instant, SystemTime)>,
    timeout: Option<Duration>,
    /// When the request was sent, or came.
    pub(super) origin: Option<Instant>,
    /// When the previous packet was sent or received.
    pub(super) previous: Option<Instant>,
    /// When a packet last crossed the socket or reached the machine.
    pub(super) active: Option<Instant>,
    /// When the transfer last made progress.
    pub(super) progressed: Option<Instant>,
    pub(super) n: u64,
    pub(super) asked: Option<SocketAddr>,
    pub(super) tid: Option<SocketAddr>,
    pub(super) request: Vec<u8>,
    /// The packet that is the request.
    pub(super) requested: u64,
    pub(super) offer: Offer,
    pub(super) terms: Terms,
    /// The size of the file in bytes that both sides know, if it counts bytes as they are on the wire.
    pub(super) announced: Option<u64>,
    /// The mode is octet.
    pub(super) is_octet: bool,
    /// The OACK that agreed to the terms.
    pub(super) oack: Option<u64>,
    pub(super) state: State,
    /// The machine takes no more packets, though the end has not come.
    pub(super) is_deaf: bool,
    pub(super) blocks: Blocks,
    /// The packet that was sent last and awaits its answer: the request, the OACK or an ACK.
    pub(super) trip: Option<Trip>,
    /// The transfer ids of earlier transfers whose packets arrive here.
    pub(super) earlier: Vec<SocketAddr>,
    /// The packets that fault rules hold, by the numbers of their deliveries: each with its number and the rule.
    pub(super) held: BTreeMap<u64, (u64, u32)>,
    /// The rule that held the latest packet, or 0.
    pub(super) holder: u32,
    pub(super) prints: Prints,
    /// The latest packet from the peer was malformed.
    pub(super) is_garbled: bool,
    /// The timer expired after this time, which is why packets are sent now.
    pub(super) expired: Option<Duration>,
    /// The timer expired, and no packet crossed the socket since.
    pub(super) has_fired: bool,
    /// Why the next request follows a failed one.
    pub(super) again: Option<Reason>,
    pub(super) tally: Tally,
}

#[derive(Debug, Default)]
pub(super) enum Blocks {
    #[default]
    Unknown,
    /// This side receives the file.
    Incoming(Incoming),
    /// This side sends it.
    Outgoing(Outgoing),
}

impl Conversation {
    pub(super) fn new(start: Instant, begin: Option<Begin<'_>>) -> Self {
        let wall = begin.map_or(SystemTime::UNIX_EPOCH, |begin| begin.wall);
        let (timeout, bug) = (begin.map(|begin| begin.timeout), begin.and_then(|begin| begin.bug));
        let side = begin.map(|begin| begin.side).unwrap_or_default();
        Self { side, bug, start: Some((start, wall)), timeout, progressed: Some(start), ..Self::default() }
    }

    /// Returns the time since the request, and the time of day.
    pub(super) fn clock(&self, now: Instant) -> (Duration, SystemTime) {
        let (start, wall) = self.start.unwrap_or((now, SystemTime::UNIX_EPOCH));
        let wall = wall.checked_add(now.saturating_duration_since(start)).unwrap_or(wall);
        (now.saturating_duration_since(self.origin.unwrap_or(now)), wall)
    }

    /// Annotates a record, and says who ended the silence before it, if there was one.
    pub(super) fn annotate<'a>(&mut self, record: &Record<'a>) -> Option<(Annotation<'a>, Option<Silence>)> {
        let annotation = match record.kind {
            RecordKind::Begin(begin) => Annotation::Begin { host: Cow::Borrowed(begin.host) },
            RecordKind::Packet(crossing) => {
                let silence = self.silence(record.at, &crossing);
                return Some((Annotation::Packet(self.packet(record, &crossing)), silence));
            }
            RecordKind::Delivered(delivery) => {
                let (packet, rule) = self.delivered(record, &delivery)?;
                let silence = self.silence_until(record.at, Owner::Rule(rule));
                self.active = Some(record.at);
                return Some((Annotation::Delivered { after: delivery.after, packet }, silence));
            }
            RecordKind::Earlier(peer) => {
                if !self.earlier.contains(&peer) {
                    self.earlier.push(peer);
                }
                return None;
            }
            RecordKind::Machine(event) => self.event(record, event)?,
            RecordKind::Digest(sha256) => {
                self.tally.sha256 = Some(sha256.to_owned());
                return None;
            }
            // The records before say the same.
            RecordKind::Costs(_) => return None,
            RecordKind::End(result) => {
                let silence = result.err().and_then(|_| self.silence_until(record.at, self.giver_up(record.at)));
                return Some((self.end(record.at, result), silence));
            }
            RecordKind::Late => Annotation::Late(self.tally.late()),
        };
        Some((annotation, None))
    }

    fn end<'a>(&mut self, now: Instant, result: Result<&Report, &Failure>) -> Annotation<'a> {
        let elapsed = now.saturating_duration_since(self.origin.unwrap_or(now));
        self.state = match self.state {
            _ if result.is_err() => State::Failed,
            State::Dallying if self.bug != Some(ClientBug::NoDally) => State::Dallying,
            _ => State::Done,
        };
        let amount = match &self.blocks {
            Blocks::Unknown => (0, 0),
            Blocks::Incoming(blocks) => (blocks.bytes, blocks.have),
            Blocks::Outgoing(blocks) => (blocks.bytes(), blocks.acked),
        };
        let summary = self.tally.summary(result, elapsed, amount);
        self.tally.end();
        // A receiver dallies: it still answers.
        self.is_deaf = self.state.is_over();
        Annotation::End(Box::new(summary))
    }

    /// Names the packet that would be the next progress.
    fn awaited(&self) -> String {
        match (&self.blocks, self.state) {
            (Blocks::Outgoing(Outgoing { is_offering: true, .. }), _) => "ACK 0".to_owned(),
            (Blocks::Incoming(_), State::Dallying) => "DATA".to_owned(),
            (Blocks::Incoming(_), State::Requested) if self.side == Side::Server => "DATA 1".to_owned(),
            (_, State::Idle | State::Requested) | (Blocks::Unknown, _) => "answer".to_owned(),
            (Blocks::Incoming(blocks), _) => format!("DATA {}", blocks.have + 1),
            // A fault rule may hold the first block that is not acknowledged: it has no record yet.
            (Blocks::Outgoing(blocks), _) => format!("ACK {}", blocks.high.max(blocks.acked + 1)),
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
                if self.side == Side::Server {
                    // What its OACK says may be a bug.
                    self.agree(*terms);
                }
                let (blksize, windowsize) = (terms.blksize.get(), terms.windowsize.get());
                (Choice::Terms, Reason::Terms { blksize, windowsize })
            }
            Event::WindowReduced { wanted, asked } => {
                (Choice::Window, Reason::WindowReduced { wanted: wanted.get(), asked: asked.get() })
            }
            Event::Again { attempt, failure } => {
                let why = Reason::ReqLess { attempt: *attempt, failure: failure.to_string() };
                self.again = Some(why.clone());
                // The timer of the request that failed ends the silence.
                let is_silent =
                    matches!(failure, Failure::TimedOut { .. } | Failure::NoAnswer | Failure::BlocksLost { .. });
                self.has_fired |= is_silent;
                (Choice::Fallback, why)
            }
            Event::Resending { after, .. } => {
                (self.expired, self.has_fired) = (Some(*after), true);
                let waited = record.at.saturating_duration_since(self.progressed.unwrap_or(record.at));
                let left = self.timeout.map(|timeout| timeout.saturating_sub(waited));
                let (after, awaited) = (*after, self.awaited());
                let owner = Owner::Timer(self.side);
                return Some(Annotation::Timer { after, left, awaited, owner, why: Reason::ReqAgain { after } });
            }
            Event::Ignored { .. } | Event::Wrapped(_) => return None,
        };
        Some(Annotation::Choice { choice, why })
    }

    /// Puts terms in force.
    pub(super) fn agree(&mut self, terms: Terms) {
        self.terms = terms;
        let is_known = self.is_octet && !matches!(self.blocks, Blocks::Outgoing(_));
        self.announced = terms.tsize.filter(|size| *size > 0 && is_known);
    }

    /// The other side.
    pub(super) fn peer(&self) -> Side {
        self.side.sender(Direction::Received)
    }

    /// Returns who ends a transfer that fails now.
    pub(super) fn giver_up(&self, now: Instant) -> Owner {
        let waited = now.saturating_duration_since(self.progressed.unwrap_or(now));
        match self.timeout.is_some_and(|timeout| waited >= timeout) {
            true => Owner::Timeout(self.side),
            false => Owner::Side(self.side),
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
