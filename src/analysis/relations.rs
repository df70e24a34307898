use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;

use super::{Annotated, AnnotatedPacket, Annotation, Flag, Kind, Reason};
use crate::wire::{Direction, Opcode};

/// What one packet has to do with the other packets of its transfer, by their numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Relations {
    /// The packet that it answers.
    pub answers: Option<u64>,
    /// The packet that answers it: of a block in a window, the first ACK that includes it.
    pub answered_by: Option<u64>,
    /// The packets that repeat it.
    pub repeated_by: Vec<u64>,
    /// The copies of it that fault rules made.
    pub copied_as: Vec<u64>,
}

impl Relations {
    /// Finds those of packet `n` in the records of its transfer.
    pub(super) fn of<'a>(n: u64, records: impl Iterator<Item = &'a Annotated<'static>>) -> Self {
        let mut found = Self::default();
        let mut open = Open::default();
        let mut block = None;
        for annotated in records {
            if let Annotation::Delivered { packet, .. } = &annotated.kind {
                open.arrived(packet);
            }
            let Annotation::Packet(packet) = &annotated.kind else { continue };
            let answers = open.answered(packet);
            if packet.n == n {
                found.answers = answers;
                block = packet.abs.filter(|_| is_data(packet) && packet.flags.without(Flag::Tid).is_empty());
                block = block.filter(|_| packet.direction == Direction::Sent || !packet.flags.contains(Flag::Lost));
            } else if packet.n > n {
                let is_answer =
                    answers == Some(n) || (is_ack(packet) && block.is_some_and(|it| packet.abs >= Some(it)));
                found.answered_by = found.answered_by.or(is_answer.then_some(packet.n));
                found.repeated_by.extend((packet.dup_of == Some(n)).then_some(packet.n));
                found.copied_as.extend((packet.copy_of == Some(n)).then_some(packet.n));
            }
        }
        found
    }
}

/// The packets that wait for an answer of this side, in the order in which they reached its machine.
#[derive(Debug, Default)]
struct Open {
    /// A request or an OACK.
    openings: VecDeque<u64>,
    /// DATA by its block of the file.
    blocks: HashMap<u64, VecDeque<u64>>,
    /// The latest ACK, or what counts as ACK 0, and the last block that was sent since.
    ack: Option<(u64, u64)>,
    latest: Option<(u64, SocketAddr)>,
}

impl Open {
    /// Notes the packet, and returns what it answers.
    fn answered(&mut self, packet: &AnnotatedPacket<'_>) -> Option<u64> {
        match packet.direction {
            Direction::Received => {
                // One that a rule holds has reached the socket only.
                let is_here = !packet.flags.contains(Flag::Lost) && !matches!(packet.why, Reason::Held { .. });
                if is_here {
                    self.arrived(packet);
                }
                packet.answers
            }
            Direction::Sent if packet.copy_of.is_some() => None,
            Direction::Sent => packet.answers.or_else(|| self.caused(packet)),
        }
    }

    fn arrived(&mut self, packet: &AnnotatedPacket<'_>) {
        self.latest = Some((packet.n, packet.peer));
        match (packet.kind, packet.abs) {
            (Kind::Known(Opcode::Rrq | Opcode::Wrq | Opcode::Oack), _) => {
                self.openings.push_back(packet.n);
                self.ack = Some((packet.n, 0));
            }
            (Kind::Known(Opcode::Data), Some(block)) => self.blocks.entry(block).or_default().push_back(packet.n),
            (Kind::Known(Opcode::Ack), Some(block)) => self.ack = Some((packet.n, block)),
            _ => {}
        }
    }

    fn caused(&mut self, packet: &AnnotatedPacket<'_>) -> Option<u64> {
        match (packet.kind, packet.abs) {
            (Kind::Known(Opcode::Oack), _) | (Kind::Known(Opcode::Ack), Some(0)) => self.openings.pop_front(),
            (Kind::Known(Opcode::Ack), Some(block)) => self.blocks.get_mut(&block)?.pop_front(),
            (Kind::Known(Opcode::Data), Some(block)) => {
                let (n, sent) = self.ack.as_mut().filter(|(_, sent)| block > *sent)?;
                *sent = block;
                Some(*n)
            }
            (Kind::Known(Opcode::Error), _) => self.latest.filter(|(_, peer)| *peer == packet.peer).map(|(n, _)| n),
            _ => None,
        }
    }
}

fn is_data(packet: &AnnotatedPacket<'_>) -> bool {
    packet.kind == Kind::Known(Opcode::Data)
}

fn is_ack(packet: &AnnotatedPacket<'_>) -> bool {
    packet.kind == Kind::Known(Opcode::Ack) && !packet.flags.contains(Flag::Lost)
}
