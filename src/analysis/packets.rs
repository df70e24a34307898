//! Packets on their way between the machine and the socket.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::conversation::{Blocks, Conversation};
use super::judgement::{Judgement, has_trailing_bytes};
use super::moment::Moment;
use super::{Altered, AnnotatedPacket, Flag, Kind, Owner, Reason, Silence, State};
use crate::event::{Crossing, Delivery, Direction, Fate, Held, Origin, Record};
use crate::wire::{Opcode, Packet};

/// The most fault rules that are recorded for one packet.
const HITS: usize = 16;
/// The most packets that rules hold at the same time; the oldest is forgotten.
const HELD: usize = 4096;

impl Conversation {
    /// Annotates a packet that crosses the socket.
    pub(super) fn packet<'a>(&mut self, record: &Record<'_>, crossing: &Crossing<'a>) -> AnnotatedPacket<'a> {
        let Crossing { direction, peer, datagram, fate } = *crossing;
        self.n += 1;
        self.origin.get_or_insert(record.at);
        let gap = record.at.saturating_duration_since(self.previous.replace(record.at).unwrap_or(record.at));
        (self.active, self.has_fired) = (Some(record.at), false);
        let moment = Moment { n: self.n, at: record.at };
        let copy_of = match fate.origin {
            Origin::Machine => None,
            Origin::Copy | Origin::Stray => self.prints.latest(direction, datagram),
        };
        let rule = fate.hits.last().map(|hit| hit.rule);
        let before = self.state;
        if let (Direction::Received, Origin::Machine, Some(_)) = (direction, fate.origin, fate.altered) {
            self.doubt(moment, datagram);
        }
        let mut judgement = match (direction, fate.held, fate.origin) {
            (Direction::Received, ..) if fate.lost => self.missed(moment, datagram, Reason::Lost { rule }),
            (Direction::Received, Some(_), _) => {
                self.missed(moment, datagram, Reason::Held { rule: rule.unwrap_or(0) })
            }
            (Direction::Sent, _, Origin::Copy) => self.copied(datagram),
            (Direction::Sent, _, Origin::Stray) => Judgement::new(Reason::Stray { port: record.local.port() }),
            _ => self.judge(moment, direction, peer, crossing.seen()),
        };
        if let (Direction::Received, Some(Held::Waits(number))) = (direction, fate.held) {
            if self.held.len() >= HELD {
                self.held.pop_first();
            }
            self.held.insert(number, (self.n, rule.unwrap_or(0)));
        }
        if fate.lost {
            judgement.flags.insert(Flag::Lost);
            judgement.why = Reason::Lost { rule };
        }
        if let (Direction::Sent, Some(_), true) = (direction, fate.held, judgement.flags.contains(Flag::Rexmt)) {
            judgement.why = Reason::HeldUntilNow { rule: rule.unwrap_or(0) };
        }
        if fate.origin == Origin::Machine {
            self.prints.remember(direction, datagram, self.n);
        } else {
            judgement.flags.insert(Flag::Copy);
        }
        if self.tally.has_ended() {
            judgement.flags.insert(Flag::AfterEnd);
        }
        let packet = AnnotatedPacket { gap, copy_of, before, ..self.annotated(record, crossing, judgement) };
        self.tally.count(&packet);
        packet
    }

    /// Annotates a packet that a fault rule held, when it reaches the machine; returns the rule too.
    pub(super) fn delivered<'a>(
        &mut self,
        record: &Record<'_>,
        delivery: &Delivery<'a>,
    ) -> Option<(AnnotatedPacket<'a>, u32)> {
        let (n, rule) = self.held.remove(&delivery.number)?;
        let before = self.state;
        let crossing = Crossing::new(Direction::Received, delivery.peer, delivery.datagram);
        let moment = Moment { n, at: record.at };
        let mut judgement = self.judge(moment, Direction::Received, delivery.peer, delivery.datagram);
        if self.tally.has_ended() {
            judgement.flags.insert(Flag::AfterEnd);
        }
        let packet = AnnotatedPacket { n, gap: delivery.after, before, ..self.annotated(record, &crossing, judgement) };
        self.tally.count_judgement(&packet);
        Some((packet, rule))
    }

    /// Judges a received packet that the machine does not have, or not yet.
    fn missed(&mut self, moment: Moment, datagram: &[u8], why: Reason) -> Judgement {
        self.doubt(moment, datagram);
        let judgement = Judgement::new(why);
        if self.is_deaf { judgement.with(Flag::AfterEnd) } else { judgement }
    }

    /// Notes that a packet came which a fault rule keeps from the machine, or spoils: a later one like it came from a timer.
    fn doubt(&mut self, moment: Moment, datagram: &[u8]) {
        let is_first = matches!(self.state, State::Requested | State::Negotiated);
        match (&mut self.blocks, Packet::parse(datagram)) {
            (Blocks::Outgoing(blocks), Ok(Packet::Ack { block })) if !is_first || blocks.high > 0 => {
                blocks.doubt(block, moment.n);
            }
            (Blocks::Incoming(blocks), Ok(Packet::Data { block, .. })) if !blocks.is_next(block) => {}
            (_, Ok(Packet::Data { .. } | Packet::Ack { .. } | Packet::Oack(_))) => {
                if let Some(trip) = &mut self.trip {
                    trip.doubt(moment.n);
                }
            }
            _ => {}
        }
    }

    /// Judges a copy that a fault rule sends. The machine knows nothing of it.
    fn copied(&mut self, datagram: &[u8]) -> Judgement {
        if let (Blocks::Incoming(blocks), Kind::Known(Opcode::Ack)) = (&mut self.blocks, Kind::of(datagram)) {
            blocks.ack_copied();
        }
        Judgement::new(Reason::Copied)
    }

    /// Judges a packet that the machine sends or gets.
    fn judge(&mut self, moment: Moment, direction: Direction, peer: SocketAddr, datagram: &[u8]) -> Judgement {
        let parsed = Packet::parse(datagram);
        let mut judgement = match direction {
            Direction::Received if self.earlier.contains(&peer) => {
                Judgement::flagged(Flag::AfterEnd, Reason::TidEarlier { port: peer.port() })
            }
            Direction::Sent if self.earlier.contains(&peer) => Judgement::flagged(Flag::AfterEnd, Reason::DallyAgain),
            // The machine has all it needs, and takes no notice.
            Direction::Received if self.is_deaf => Judgement::flagged(Flag::AfterEnd, self.too_late(parsed)),
            Direction::Received => self.received(moment, peer, parsed),
            Direction::Sent => self.sent(moment, peer, datagram, parsed),
        };
        if has_trailing_bytes(parsed, datagram.len()) {
            judgement.flags.insert(Flag::Trailing);
        }
        if judgement.progress {
            self.progressed = Some(moment.at);
        }
        if let Some((_, rtt)) = &mut judgement.answer {
            *rtt = rtt.filter(|rtt| self.tally.allows(*rtt));
        }
        if direction == Direction::Received {
            // Until the file is safe, and the last ACK of it on its way, nothing else counts.
            let is_complete = matches!(&self.blocks, Blocks::Incoming(blocks) if blocks.complete);
            self.is_deaf |= judgement.is_last || is_complete && !self.tally.has_ended();
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
            ignored: judgement.ignored,
            faults: hits.iter().copied().take(HITS).collect(),
        }
    }

    /// Returns the silence that a packet ends, before it is annotated.
    pub(super) fn silence(&self, now: Instant, crossing: &Crossing<'_>) -> Option<Silence> {
        let Crossing { direction, datagram, fate, .. } = *crossing;
        let owner = match (direction, fate.held) {
            (Direction::Received, _) if self.comes_from_timer(datagram) => Owner::Timer(self.peer()),
            (Direction::Received, _) => Owner::Side(self.peer()),
            (Direction::Sent, Some(_)) => Owner::Rule(fate.hits.last().map_or(0, |hit| hit.rule)),
            (Direction::Sent, None) if self.has_fired => Owner::Timer(self.side),
            (Direction::Sent, None) => self.giver_up(now),
        };
        self.silence_until(now, owner)
    }

    /// Whether a received packet that ends a silence is one that the peer sends when its timer expires: it came before, or
    /// what came before was spoilt, or it acknowledges a part of the window because the rest does not come.
    fn comes_from_timer(&self, datagram: &[u8]) -> bool {
        let is_part = match (&self.blocks, Packet::parse(datagram)) {
            (Blocks::Outgoing(blocks), Ok(Packet::Ack { block })) => blocks.is_part(block),
            _ => false,
        };
        is_part || self.is_garbled || self.prints.latest(Direction::Received, datagram).is_some()
    }

    /// Returns the silence until now, if it was long enough to report. A timer of this side is always reported.
    pub(super) fn silence_until(&self, now: Instant, owner: Owner) -> Option<Silence> {
        let length = now.saturating_duration_since(self.active?);
        (length >= Silence::LEAST || owner == Owner::Timer(self.side)).then_some(Silence { length, owner })
    }
}
