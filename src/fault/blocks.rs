use crate::wire::{DATA_HEADER, Direction, Offer, Opcode, Packet, Terms, nearest};

/// The progress of one transfer, which gives each packet its block of the file: 64 bits, across every wrap.
#[derive(Debug, Clone, Default)]
pub(super) struct Blocks {
    terms: Terms,
    /// The highest block seen, in the file and on the wire.
    highest: u64,
    highest_wire: u16,
    /// The last block of the file, after its short DATA.
    last: Option<u64>,
}

/// A packet as fault rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    /// The block of the file that a DATA has or an ACK names.
    pub(super) block: Option<u64>,
    /// The opcode; `None` if malformed.
    pub(super) kind: Option<Opcode>,
    pub(super) direction: Direction,
    /// It has the last block of the file or acknowledges it; a packet without a block is its own last.
    pub(super) last: bool,
}

impl Blocks {
    /// Follows the next packet; `length` is its length on the wire, as the datagram may be cut.
    pub(super) fn follow(&mut self, direction: Direction, datagram: &[u8], length: usize) -> Subject {
        let packet = Packet::parse(datagram).ok();
        let (kind, block) = match packet {
            None => (None, None),
            Some(Packet::Request(request)) => {
                // A request starts again, even if it is the second attempt.
                *self = Self::default();
                (Some(request.kind.opcode()), None)
            }
            Some(Packet::Oack(options)) => {
                let Offer { blksize, windowsize, .. } = Offer::parse(&options);
                self.terms.blksize = blksize.unwrap_or_default();
                self.terms.windowsize = windowsize.unwrap_or_default();
                (Some(Opcode::Oack), None)
            }
            Some(Packet::Data { block, .. }) => {
                let number = self.data(block);
                if length.saturating_sub(DATA_HEADER) < usize::from(self.terms.blksize.get()) {
                    self.last = Some(number);
                }
                (Some(Opcode::Data), Some(number))
            }
            Some(Packet::Ack { block }) => (Some(Opcode::Ack), Some(self.nearest(block))),
            Some(Packet::Error { .. }) => (Some(Opcode::Error), None),
        };
        let last = block.is_none() || block == self.last;
        Subject { block, kind, direction, last }
    }

    fn data(&mut self, wire: u16) -> u64 {
        // In lock-step, 1 after 65535 can only mean a sender that skips 0.
        let to_one = wire == 1 && self.highest_wire == u16::MAX && self.terms.windowsize.get() == 1;
        let block = if to_one { self.highest.saturating_add(1) } else { self.nearest(wire) };
        if block > self.highest {
            (self.highest, self.highest_wire) = (block, wire);
        }
        block
    }

    /// Returns the block with this wire number that is nearest to the highest block seen.
    fn nearest(&self, wire: u16) -> u64 {
        nearest(wire, self.highest, self.highest_wire)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{emit_ack, emit_data_header};

    fn data(blocks: &mut Blocks, wire: u16, length: usize) -> Subject {
        blocks.follow(Direction::Received, &emit_data_header(wire), DATA_HEADER + length)
    }

    fn ack(blocks: &mut Blocks, wire: u16) -> Subject {
        blocks.follow(Direction::Sent, &emit_ack(wire), 4)
    }

    #[test]
    fn blocks_count_on_across_two_wraps() {
        let mut blocks = Blocks::default();
        for block in 1..=140_000u64 {
            let wire = (block % 65536) as u16;
            assert_eq!(data(&mut blocks, wire, 512).block, Some(block));
            assert_eq!(ack(&mut blocks, wire).block, Some(block));
        }
        assert_eq!(data(&mut blocks, 8927, 512).block, Some(139_999), "a repetition of an old block");
    }

    #[test]
    fn a_lock_step_sender_that_wraps_to_one_is_understood() {
        let mut blocks = Blocks::default();
        for block in 1..=65535u16 {
            data(&mut blocks, block, 512);
        }
        assert_eq!(data(&mut blocks, 1, 512).block, Some(65536));
        assert_eq!(ack(&mut blocks, 1).block, Some(65536));
    }

    #[test]
    fn the_last_block_is_the_one_shorter_than_agreed() {
        let mut blocks = Blocks::default();
        assert!(!data(&mut blocks, 1, 512).last && !ack(&mut blocks, 1).last);
        assert!(data(&mut blocks, 2, 511).last && ack(&mut blocks, 2).last);
        let mut blocks = Blocks::default();
        blocks.follow(Direction::Received, b"\0\x06blksize\x001024\0", 15);
        assert!(!ack(&mut blocks, 0).last);
        assert!(!data(&mut blocks, 1, 1024).last && data(&mut blocks, 2, 0).last);
    }
}
