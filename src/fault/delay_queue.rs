use std::collections::BTreeMap;
use std::mem;
use std::time::{Duration, Instant};

use super::in_flight::InFlight;

/// Packets of one direction that are delayed or overtaken.
///
/// They come out in order of their times; those of the same time keep their order.
#[derive(Debug, Default)]
pub(super) struct DelayQueue {
    /// By the time, then by the order in which they came.
    on_the_way: BTreeMap<(Instant, u64), InFlight>,
    /// The packets that the next one overtakes.
    overtaken: Vec<(Instant, InFlight)>,
    order: u64,
}

/// How long a packet and its copies are held.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hold {
    pub(super) delay: Duration,
    pub(super) overtaken: bool,
}

impl DelayQueue {
    /// Whether a packet that comes now would be held.
    pub(super) fn holds(&self, hold: Hold) -> bool {
        !hold.delay.is_zero() || self.parks(hold)
    }

    /// Adds packets that came together.
    pub(super) fn put(&mut self, now: Instant, hold: Hold, packets: Vec<InFlight>) {
        let at = now + hold.delay;
        if self.parks(hold) {
            self.overtaken.extend(packets.into_iter().map(|packet| (at, packet)));
            return;
        }
        let ahead = mem::take(&mut self.overtaken);
        packets.into_iter().for_each(|packet| self.push(at, packet));
        ahead.into_iter().for_each(|(own, packet)| self.push(own.max(at), packet));
    }

    /// Adds a packet that overtakes none.
    pub(super) fn push(&mut self, at: Instant, packet: InFlight) {
        self.order += 1;
        self.on_the_way.insert((at, self.order), packet);
    }

    /// Returns when the next packet comes out, if one does without another.
    pub(super) fn due(&self) -> Option<Instant> {
        self.on_the_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// Returns the next packet that has come out by now.
    pub(super) fn take(&mut self, now: Instant) -> Option<InFlight> {
        if self.due()? > now {
            return None;
        }
        self.on_the_way.pop_first().map(|(_, packet)| packet)
    }

    /// Takes all packets, in the order in which they would come out.
    pub(super) fn empty(&mut self) -> impl Iterator<Item = InFlight> {
        let overtaken = mem::take(&mut self.overtaken).into_iter().map(|(_, packet)| packet);
        mem::take(&mut self.on_the_way).into_values().chain(overtaken)
    }

    /// The second of two in a row that should be overtaken is the one that overtakes.
    fn parks(&self, hold: Hold) -> bool {
        hold.overtaken && self.overtaken.is_empty()
    }
}
