use std::collections::VecDeque;

use crate::wire::Direction;

/// The packets that are remembered: a window twice, in the usual cases, and those that rules hold.
const REMEMBERED: usize = 256;

/// The latest packets by their first bytes, which tell packets of one transfer apart: the kind and the block, and the length.
#[derive(Debug, Default)]
pub(super) struct Prints(VecDeque<(Print, u64)>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Print {
    direction: Direction,
    length: usize,
    beginning: [u8; 4],
}

impl Prints {
    /// Returns the number of the latest packet like this one.
    pub(super) fn latest(&self, direction: Direction, datagram: &[u8]) -> Option<u64> {
        let print = Print::of(direction, datagram);
        self.0.iter().rev().find(|(other, _)| *other == print).map(|(_, n)| *n)
    }

    /// Remembers packet `n`.
    pub(super) fn remember(&mut self, direction: Direction, datagram: &[u8], n: u64) {
        if self.0.len() >= REMEMBERED {
            self.0.pop_front();
        }
        self.0.push_back((Print::of(direction, datagram), n));
    }
}

impl Print {
    fn of(direction: Direction, datagram: &[u8]) -> Self {
        let mut beginning = [0; 4];
        for (place, byte) in beginning.iter_mut().zip(datagram) {
            *place = *byte;
        }
        Self { direction, length: datagram.len(), beginning }
    }
}
