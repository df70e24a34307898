//! Packets on their way between the machine and the socket.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::conversation::{Blocks, Conversation};
use super::judgement::{Judgement, has_trailing_bytes};
use super::moment::Moment;
use super::{Altered, AnnotatedPacket, Flag, Kind, Owner, Reason, Silence, State};
use crate::event::{Crossing, Delivery, Direction, Fate, Held, Origin, Record};
use crate::fault::{Action, Hit};
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
        let (dropper, holder) = (rule(fate.hits, is_drop), self.holder(fate));
        self.holder = holder;
        let before = self.state;
        if let (Direction::Received, Origin::Machine, Some(_)) = (direction, fate.origin, fate.altered) {
            self.doubt(moment, datagram);
        }
        let mut judgement = match (direction, fate.held, fate.origin) {
            (Direction::Received, ..) if fate.lost => self.missed(moment, datagram, Reason::Lost { rule: dropper }),
            (Direction::Received, Some(_), _) => self.missed(moment, datagram, Reason::Held { rule: holder }),
            (Direction::Sent, _, Origin::Copy) => self.copied(datagram),
            (Direction::Sent, _, Origin::Stray) => Judgement::new(Reason::Stray { port: record.local.port() }),
            _ => self.judge(moment, direction, peer, crossing.seen()),
        };
        if let (Direction::Received, Some(Held::Waits(number))) = (direction, fate.held) {
            if self.held.len() >= HELD {
                self.held.pop_first();
            }
            self.held.insert(number, (self.n, holder));
        }
        if fate.lost {
            judgement.flags.insert(Flag::Lost);
            judgement.why = Reason::Lost { rule: dropper };
        }
        if let (Direction::Sent, Some(_), true) = (direction, fate.held, judgement.flags.contains(Flag::Rexmt)) {
            // The machine made it before the packet that left first: that one is the repetition.
            (judgement.flags, judgement.dup_of) = (judgement.flags.without(Flag::Rexmt), None);
            judgement.why = Reason::HeldUntilNow { rule: holder };
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

    /// Returns the rule that holds a packet. Its copies come right after it, without a hit of their own.
    fn holder(&self, fate: Fate<'_>) -> u32 {
        let is_hold = |action| matches!(action, Action::Delay(_) | Action::Swap);
        rule(fate.hits, is_hold).unwrap_or(if fate.held.is_some() { self.holder } else { 0 })
    }

    /// Returns the silence that a packet ends, before it is annotated.
    pub(super) fn silence(&self, now: Instant, crossing: &Crossing<'_>) -> Option<Silence> {
        let Crossing { direction, datagram, fate, .. } = *crossing;
        let owner = match (direction, fate.held) {
            (Direction::Received, _) if self.comes_from_timer(datagram) => Owner::Timer(self.peer()),
            (Direction::Received, _) => Owner::Side(self.peer()),
            (Direction::Sent, Some(_)) => Owner::Rule(self.holder(fate)),
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

/// Returns the last rule that hit a packet and did such a thing to it.
fn rule(hits: &[Hit], is_it: impl Fn(Action) -> bool) -> Option<u32> {
    hits.iter().rfind(|hit| is_it(hit.action)).map(|hit| hit.rule)
}

fn is_drop(action: Action) -> bool {
    matches!(action, Action::Drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::analysis::{Analyser, Annotated, Annotation};
    use crate::event::RecordKind;
    use crate::wire::{Mode, Offer, RequestKind, emit_request};

    #[test]
    fn each_rule_is_named_for_what_it_did() {
        let (start, peer) = (Instant::now(), "127.0.0.1:69".parse().unwrap());
        let request = emit_request(RequestKind::Read, b"f", Mode::Octet, &Offer::default()).unwrap();
        let mut analyser = Analyser::new();
        let mut analyse = |millis, kind| {
            let record = Record {
                at: start + Duration::from_millis(millis),
                transfer: 1,
                local: "127.0.0.1:1".parse().unwrap(),
                kind,
            };
            let Annotated { silence, kind, .. } = analyser.analyse(&record).unwrap();
            match kind {
                Annotation::Packet(packet) | Annotation::Delivered { packet, .. } => (packet.why, silence),
                other => panic!("{other:?}"),
            }
        };
        let mut sent = Crossing::new(Direction::Sent, peer, &request).lost(true);
        let hits = [Hit { rule: 3, action: Action::Corrupt(Some(2)) }];
        sent.fate.hits = &hits;
        assert_eq!(analyse(0, RecordKind::Packet(sent)).0, Reason::Lost { rule: None }, "the network lost it");
        let mut received = Crossing::new(Direction::Received, peer, b"\0\x03\0\x01");
        let hits = [Hit { rule: 1, action: Action::Delay(300) }, Hit { rule: 2, action: Action::Dup }];
        (received.fate.hits, received.fate.held) = (&hits, Some(Held::Waits(1)));
        assert_eq!(analyse(1, RecordKind::Packet(received)).0, Reason::Held { rule: 1 });
        (received.fate.hits, received.fate.held) = (&[], Some(Held::Waits(2)));
        received.fate.origin = Origin::Copy;
        assert_eq!(analyse(1, RecordKind::Packet(received)).0, Reason::Held { rule: 1 }, "with its copy");
        let after = Duration::from_millis(300);
        let delivery = Delivery { number: 2, after, peer, datagram: received.datagram };
        let silence = Silence { length: after, owner: Owner::Rule(1) };
        assert_eq!(analyse(301, RecordKind::Delivered(delivery)).1, Some(silence));
    }
}
