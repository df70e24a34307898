use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::rule::Action;
use crate::wire::DATA_HEADER;

/// What happens to one packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement<'a> {
    /// The bytes that arrive, perhaps changed.
    pub datagram: Cow<'a, [u8]>,
    /// The number of copies that arrive; 0 means that the packet is lost.
    pub copies: u32,
    /// The delay of its arrival.
    pub delay: Duration,
    /// The next packet of its direction arrives before it.
    pub overtaken: bool,
    /// A copy arrives before it, from another port.
    pub stranger: bool,
    /// The rules that hit it, usually none.
    pub hits: Vec<Hit>,
}

/// One rule that hit a packet: `rule 1 dropped it`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// The number of the rule in the list of `fault`.
    pub rule: u32,
    /// What the rule did.
    pub action: Action,
}

impl<'a> Judgement<'a> {
    /// Lets the packet pass unchanged.
    pub fn pass(datagram: &'a [u8]) -> Self {
        let (datagram, delay) = (Cow::Borrowed(datagram), Duration::ZERO);
        Self { datagram, copies: 1, delay, overtaken: false, stranger: false, hits: Vec::new() }
    }

    /// Whether no rule hit the packet.
    pub fn passes(&self) -> bool {
        self.hits.is_empty()
    }

    pub(super) fn apply(&mut self, action: Action, rng: Rng) {
        match action {
            Action::Drop => self.copies = 0,
            Action::Dup => self.copies += 1,
            Action::Delay(milliseconds) => self.delay += Duration::from_millis(milliseconds.into()),
            Action::Swap => self.overtaken = true,
            Action::Corrupt(offset) => {
                let datagram = self.datagram.to_mut();
                let header = if datagram.len() > DATA_HEADER { DATA_HEADER } else { 0 };
                let random = || header + rng.below(datagram.len() - header);
                let offset = offset.map_or_else(random, usize::from);
                if let Some(byte) = datagram.get_mut(offset) {
                    *byte = !*byte;
                }
            }
            Action::Cut(length) => self.datagram.to_mut().truncate(length.into()),
            Action::Stranger => self.stranger = true,
        }
    }
}

/// The random numbers for one rule and one packet: SplitMix64 over the seed, the transfer, the rule's number, the direction
/// and the packet's number in that direction, so they do not depend on time or on the other direction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rng(pub(super) [u64; 5]);

impl Rng {
    pub(super) fn roll(self, draw: u64) -> u64 {
        self.0.into_iter().chain([draw]).fold(0, |state, number| {
            let mixed = (state ^ number).wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        })
    }

    fn below(self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.roll(1) % bound).unwrap_or(0)
    }
}

impl Display for Hit {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "rule {} {}", self.rule, self.action.past())
    }
}
