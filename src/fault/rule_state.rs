use std::collections::BTreeMap;

use super::blocks::{Blocks, Seen};
use super::judgement::Rng;
use super::rule::{How, Rule, Which};

/// Packets of one rule and one transfer whose hits are remembered one by one; of more, the oldest blocks are forgotten.
const REMEMBERED: usize = 4096;

/// What rules must know of one transfer: its blocks, and what was hit already.
#[derive(Debug, Clone)]
pub struct RuleState {
    pub(super) transfer: u64,
    pub(super) blocks: Blocks,
    /// Packets seen, sent and received.
    pub(super) packets: [u64; 2],
    /// By number of the rule.
    pub(super) counts: BTreeMap<u32, HitCounts>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct HitCounts {
    /// The first packet that fitted the rule's way and kind.
    first: Option<Seen>,
    /// Hits of each packet; of all together under `None`.
    hits: BTreeMap<Option<Seen>, u32>,
}

impl RuleState {
    pub(super) fn new(transfer: u64) -> Self {
        Self { transfer, blocks: Blocks::default(), packets: [0; 2], counts: BTreeMap::new() }
    }
}

impl HitCounts {
    /// Whether a rule hits this packet.
    pub(super) fn hit(&mut self, rule: &Rule, seen: Seen, dice: Rng) -> bool {
        if !rule.way.covers(seen.direction()) || !rule.kind.is_none_or(|kind| seen.is(kind)) {
            return false;
        }
        let first = *self.first.get_or_insert(seen);
        let named = match (rule.which, seen.block) {
            (None, _) => true,
            (Some(Which::First), _) => first == seen,
            (Some(Which::Last), _) => seen.last,
            (Some(_), None) => false,
            (Some(Which::Block(one)), Some(block)) => one == block,
            (Some(Which::Blocks(from, to)), Some(block)) => (from..=to).contains(&block),
            (Some(Which::Every(step)), Some(block)) => block > 0 && block % step == 0,
        };
        let most = match rule.how {
            _ if !named => return false,
            Some(How::Rate(rate)) => return dice.roll(0) % 10_000 < rate.hundredths().into(),
            None if rule.which.is_none() => return true,
            None => 1,
            Some(How::Times(times)) => times.get(),
        };
        let hits = self.hits.entry(rule.which.map(|_| seen)).or_default();
        let more = *hits < most;
        *hits += u32::from(more);
        if self.hits.len() > REMEMBERED {
            self.hits.pop_first();
        }
        more
    }
}
