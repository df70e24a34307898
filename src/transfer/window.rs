use std::ops::RangeInclusive;

use crate::wire::{WindowSize, Wrap};

/// The window of a receiver: which block is due, and what any other block means (RFC 7440 section 4).
///
/// A *flight* is what the sender sends before it hears of a gap. If a block is missing, all later blocks of its flight show
/// the same gap, but each ACK makes the sender go back and begin another flight. So a flight gets one answer, even if the
/// missing block arrives late. Block numbers tell flights apart. Time does not: nobody knows how long an ACK travels.
#[derive(Debug)]
pub(super) struct Window {
    size: u16,
    wrap: Wrap,
    /// The next block of the file.
    next: u64,
    /// Blocks delivered since the last ACK.
    unacknowledged: u16,
    /// The last flight whose gap was answered, until a block of another flight arrives.
    answered: Option<Flight>,
}

/// A flight that lacks a block.
#[derive(Debug)]
struct Flight {
    /// Its blocks after the gap. All were discarded, so the sender must send them again.
    discarded: RangeInclusive<u64>,
    /// The last block that can belong to it: a window after the last ACK before the answer.
    end: u64,
}

/// Where a block belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the next one.
    Next,
    /// A block before it is missing; `answer` tells whether the sender must hear of it.
    AfterGap { answer: bool },
    /// In lock-step, it overtook the next one.
    Early,
    /// It is the one that was delivered last.
    Latest,
    /// It was delivered, and others after it.
    Old,
    /// It is another one.
    Elsewhere,
}

impl Window {
    pub(super) fn new(size: WindowSize) -> Self {
        Self { size: size.get(), wrap: Wrap::default(), next: 1, unacknowledged: 0, answered: None }
    }

    pub(super) fn is_lock_step(&self) -> bool {
        self.size == 1
    }

    /// Returns the next block of the file.
    pub(super) fn next(&self) -> u64 {
        self.next
    }

    /// Whether every block that was delivered is acknowledged.
    pub(super) fn is_acknowledged(&self) -> bool {
        self.unacknowledged == 0
    }

    /// Notes that numbers continue with 1 after 65535, if `wire` shows it. In a window, 1 may also be the block after a lost
    /// 0: a wrong guess would corrupt the file.
    pub(super) fn wraps_to_one(&mut self, wire: u16) -> bool {
        let wraps = wire == 1 && self.next == 65536 && self.is_lock_step();
        if wraps {
            self.wrap = Wrap::ToOne;
        }
        wraps
    }

    /// Finds the place of a block that arrives.
    pub(super) fn place(&mut self, wire: u16) -> Place {
        let ahead = self.wrap.ahead(wire, self.next);
        if ahead >= self.size.into() {
            return match ahead {
                1 => Place::Early,
                _ => self.behind(wire),
            };
        }
        let block = self.next + ahead;
        // A discarded block comes again, and a later block comes at all, only after the sender heard of the gap.
        self.answered.take_if(|flight| flight.discarded.contains(&block) || block > flight.end);
        match &mut self.answered {
            _ if ahead == 0 => Place::Next,
            Some(flight) => {
                flight.discarded = *flight.discarded.start().min(&block)..=*flight.discarded.end().max(&block);
                Place::AfterGap { answer: false }
            }
            None => {
                let end = self.next - 1 - u64::from(self.unacknowledged) + u64::from(self.size);
                self.answered = Some(Flight { discarded: block..=block, end });
                Place::AfterGap { answer: true }
            }
        }
    }

    /// Finds the place of a block that is not due any more. A number more than half of all numbers ahead is an earlier one.
    pub(super) fn behind(&self, wire: u16) -> Place {
        const HALF: u64 = 32768;
        match self.wrap.before(wire, self.next).filter(|block| *block > 0) {
            Some(block) if block == self.next - 1 => Place::Latest,
            Some(_) if self.wrap.ahead(wire, self.next) >= HALF => Place::Old,
            _ => Place::Elsewhere,
        }
    }

    /// Notes that the next block was delivered; returns whether the window is complete.
    pub(super) fn deliver(&mut self) -> bool {
        self.next += 1;
        self.unacknowledged = self.unacknowledged.saturating_add(1);
        self.unacknowledged >= self.size
    }

    /// Returns the number for an ACK of everything delivered.
    pub(super) fn acknowledge(&mut self) -> u16 {
        self.unacknowledged = 0;
        self.wrap.wire(self.next - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lets blocks arrive after the ACK of block 4, in windows of four; lists those that are answered, as `block>ACK`.
    fn answers(blocks: &[u16]) -> Vec<String> {
        let mut window = Window::new(WindowSize::new(4).unwrap_or_default());
        for _ in 1..=4 {
            window.deliver();
        }
        window.acknowledge();
        let mut answers = Vec::new();
        for &block in blocks {
            let is_answered = match window.place(block) {
                Place::Next => window.deliver(),
                Place::AfterGap { answer } => answer,
                Place::Latest => window.is_acknowledged(),
                Place::Early | Place::Old | Place::Elsewhere => false,
            };
            if is_answered {
                answers.push(format!("{block}>{}", window.acknowledge()));
            }
        }
        answers
    }

    #[test]
    fn a_flight_gets_one_answer_however_its_blocks_are_mixed_up() {
        for first in [[5, 7, 6, 8], [5, 7, 8, 6], [5, 8, 6, 7], [5, 8, 7, 6]] {
            let answer = format!("{}>5", first[1]);
            assert_eq!(answers(&[&first[..], &[6, 7, 8, 9]].concat()), [&answer, "9>9"], "{first:?}");
        }
        assert_eq!(answers(&[6, 5, 7, 8, 5, 6, 7, 8, 9]), ["6>4", "8>8"], "the first one of a window");
        assert_eq!(answers(&[6, 7, 8, 5, 5, 6, 7, 8, 9]), ["6>4", "8>8"]);
    }

    #[test]
    fn the_flight_after_an_answer_gets_its_own() {
        assert_eq!(answers(&[5, 7, 8, 7]), ["7>5", "7>5"], "6 is lost again");
        assert_eq!(answers(&[5, 7, 8, 8]), ["7>5", "8>5"], "6 again, and 7");
        assert_eq!(answers(&[5, 7, 8, 9]), ["7>5", "9>5"], "only ACK 5 permits block 9");
        assert_eq!(answers(&[5, 7, 8, 6, 7, 9]), ["7>5", "9>7"], "8");
        assert_eq!(answers(&[5, 7, 8, 6, 8]), ["7>5", "8>6"], "7");
        assert_eq!(answers(&[6, 7, 8, 5, 6, 7, 8, 10]), ["6>4", "8>8", "10>8"], "9, in the next window");
    }

    #[test]
    fn a_window_that_comes_again_is_acknowledged_again() {
        assert_eq!(answers(&[5, 6, 7, 8, 5, 6, 7, 8, 9]), ["8>8", "8>8"]);
        assert_eq!(answers(&[5, 6, 7, 7, 6, 8]), ["8>8"], "only its last block wants an answer");
    }
}
