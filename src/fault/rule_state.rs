use std::collections::BTreeMap;

use super::blocks::{Blocks, Subject};
use super::judgement::Rng;
use super::rule::{How, Rule, Which};

/// The number of packets whose hits are counted separately, for each rule and transfer; the oldest blocks are forgotten.
const REMEMBERED: usize = 4096;

/// What rules must know about one transfer: its blocks, and the hits so far.
#[derive(Debug, Clone, Default)]
pub struct RuleState {
    pub(super) transfer: u64,
    pub(super) blocks: Blocks,
    /// The number of packets sent and received.
    pub(super) packets: [u64; 2],
    /// The hits of each rule, by its number.
    pub(super) counts: BTreeMap<u32, HitCounts>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct HitCounts {
    /// The first packet that matched the rule's way and kind.
    first: Option<Subject>,
    /// The hits of each packet, or of all packets together under `None`.
    hits: BTreeMap<Option<Subject>, u32>,
}

impl HitCounts {
    /// Whether a rule hits this packet, and counts the hit.
    pub(super) fn hit(&mut self, rule: &Rule, subject: Subject, rng: Rng) -> bool {
        if !rule.way.covers(subject.direction) || (rule.kind.is_some() && rule.kind != subject.kind) {
            return false;
        }
        let first = *self.first.get_or_insert(subject);
        let named = match (rule.which, subject.block) {
            (None, _) => true,
            (Some(Which::First), _) => first == subject,
            (Some(Which::Last), _) => subject.last,
            (Some(_), None) => false,
            (Some(Which::Block(one)), Some(block)) => one == block,
            (Some(Which::Blocks(from, to)), Some(block)) => (from..=to).contains(&block),
            (Some(Which::Every(step)), Some(block)) => block > 0 && block % step == 0,
        };
        let most = match rule.how {
            _ if !named => return false,
            Some(How::Rate(rate)) => return rng.roll(0) % 10_000 < rate.hundredths().into(),
            None if rule.which.is_none() => return true,
            None => 1,
            Some(How::Times(times)) => times.get(),
        };
        let hits = self.hits.entry(rule.which.map(|_| subject)).or_default();
        let more = *hits < most;
        *hits += u32::from(more);
        if self.hits.len() > REMEMBERED {
            self.hits.pop_first();
        }
        more
    }
}
