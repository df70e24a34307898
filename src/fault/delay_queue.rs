use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use super::{Hit, Judgement};
use crate::wire::Direction;

/// The packets between a machine and its socket, where each [`Judgement`] takes effect: packets are lost, duplicated or
/// delayed, or they overtake each other.
///
/// Packets come out in order of their time of arrival; those of the same time keep their order.
#[derive(Debug, Default)]
pub struct DelayQueue {
    /// By the time of arrival, then by the order of departure.
    on_the_way: BTreeMap<(Instant, u64), InFlight>,
    /// The packets that the next one of their direction overtakes.
    overtaken: Vec<(Instant, InFlight)>,
    order: u64,
}

/// A packet that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// Whether it goes to the peer or to this side.
    pub direction: Direction,
    /// The other side.
    pub peer: SocketAddr,
    /// It comes from another port: of this side if it is sent, of the peer if it is received.
    pub stranger: bool,
    /// Its bytes.
    pub datagram: Vec<u8>,
    /// The rules that hit it; only its first copy has them.
    pub hits: Vec<Hit>,
    /// It is not the first copy.
    pub again: bool,
}

impl DelayQueue {
    /// Adds a packet with its judgement.
    pub fn put(&mut self, now: Instant, direction: Direction, peer: SocketAddr, judgement: &Judgement<'_>) {
        if judgement.copies == 0 {
            return;
        }
        let at = now + judgement.delay;
        let ahead: Vec<_> = self.overtaken.extract_if(.., |(_, packet)| packet.direction == direction).collect();
        let mut hits = Some(judgement.hits.clone());
        let stranger = judgement.stranger.then_some((true, false));
        for (stranger, again) in stranger.into_iter().chain((0..judgement.copies).map(|copy| (false, copy > 0))) {
            let (datagram, hits) = (judgement.datagram.to_vec(), hits.take().unwrap_or_default());
            let packet = InFlight { direction, peer, stranger, datagram, hits, again };
            // The second of two in a row that should be overtaken is the one that overtakes.
            if judgement.overtaken && ahead.is_empty() {
                self.overtaken.push((at, packet));
            } else {
                self.send(at, packet);
            }
        }
        for (own, packet) in ahead {
            self.send(own.max(at), packet);
        }
    }

    /// Returns when the next packet arrives, if any is on the way.
    pub fn due(&self) -> Option<Instant> {
        self.on_the_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// Returns the next packet that has arrived.
    pub fn take(&mut self, now: Instant) -> Option<InFlight> {
        if self.due()? > now {
            return None;
        }
        self.on_the_way.pop_first().map(|(_, packet)| packet)
    }

    fn send(&mut self, at: Instant, packet: InFlight) {
        self.order += 1;
        self.on_the_way.insert((at, self.order), packet);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Faults;
    use std::time::Duration;

    const MS: Duration = Duration::from_millis(1);

    /// Sends ACK 1 to 4, one per millisecond, and lists when each arrives; `*` marks one from a stranger.
    fn arrivals(rules: &[&str]) -> Vec<String> {
        let mut faults = Faults::default();
        for rule in rules {
            faults.add(rule.parse().unwrap());
        }
        let (mut state, mut queue) = (faults.begin(), DelayQueue::default());
        let start = Instant::now();
        let peer = "127.0.0.1:69".parse().unwrap();
        let mut lines = Vec::new();
        for millisecond in 0..20u32 {
            let now = start + MS * millisecond;
            if (1..=4).contains(&millisecond) {
                let ack = crate::wire::emit_ack(millisecond as u16);
                let judgement = faults.judge(&mut state, Direction::Sent, &ack);
                queue.put(now, Direction::Sent, peer, &judgement);
            }
            while let Some(packet) = queue.take(now) {
                let mark = if packet.stranger { "*" } else { "" };
                lines.push(format!("{millisecond}: {}{mark}", packet.datagram[3]));
            }
        }
        assert_eq!(queue.due(), None);
        lines
    }

    #[test]
    fn judgements_take_effect_in_time_and_order() {
        for (rules, expected) in [
            (&[][..], &["1: 1", "2: 2", "3: 3", "4: 4"][..]),
            (&["drop sent ack 2"], &["1: 1", "3: 3", "4: 4"]),
            (&["dup sent ack 2"], &["1: 1", "2: 2", "2: 2", "3: 3", "4: 4"]),
            (&["delay 5 sent ack"], &["6: 1", "7: 2", "8: 3", "9: 4"]),
            (&["delay 5 sent ack 2"], &["1: 1", "3: 3", "4: 4", "7: 2"]),
            (&["swap sent ack 2"], &["1: 1", "3: 3", "3: 2", "4: 4"]),
            (&["swap sent ack 2", "delay 5 sent ack"], &["6: 1", "8: 3", "8: 2", "9: 4"]),
            (&["swap sent ack 2", "drop sent ack 3"], &["1: 1", "4: 4", "4: 2"]),
            (&["swap sent ack"], &["2: 2", "2: 1", "4: 4", "4: 3"]),
            (&["swap sent ack 4"], &["1: 1", "2: 2", "3: 3"]),
            (&["stranger sent ack 2"], &["1: 1", "2: 2*", "2: 2", "3: 3", "4: 4"]),
        ] {
            assert_eq!(arrivals(rules), expected, "{rules:?}");
        }
    }
}
