use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use super::{Hit, Judgement};
use crate::wire::Direction;

/// The packets between a machine and its socket, where each [`Judgement`] takes effect: packets get lost, are doubled,
/// wait, or overtake each other.
///
/// What is put in comes out when its time has come, in order of that time; what has the same time keeps its order.
#[derive(Debug, Default)]
pub struct DelayQueue {
    /// By the time of arrival, then by the order of departure.
    on_the_way: BTreeMap<(Instant, u64), InFlight>,
    /// Those that the next packet of their direction overtakes.
    overtaken: Vec<(Instant, InFlight)>,
    order: u64,
}

/// A packet that arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// To the peer or to this side.
    pub direction: Direction,
    /// The other side.
    pub peer: SocketAddr,
    /// It comes from another port: of this side where it is sent, of the peer where it is received.
    pub stranger: bool,
    /// Its octets.
    pub datagram: Vec<u8>,
    /// The rules that hit it, told with the first of its copies.
    pub hits: Vec<Hit>,
    /// It is a further copy.
    pub again: bool,
}

impl DelayQueue {
    /// Takes a packet in as it was judged.
    pub fn put(&mut self, now: Instant, direction: Direction, peer: SocketAddr, verdict: &Judgement<'_>) {
        if verdict.copies == 0 {
            return;
        }
        let at = now + verdict.delay;
        let ahead: Vec<_> = self.overtaken.extract_if(.., |(_, parcel)| parcel.direction == direction).collect();
        let mut hits = Some(verdict.hits.clone());
        let stranger = verdict.stranger.then_some((true, false));
        for (stranger, again) in stranger.into_iter().chain((0..verdict.copies).map(|copy| (false, copy > 0))) {
            let (datagram, hits) = (verdict.datagram.to_vec(), hits.take().unwrap_or_default());
            let parcel = InFlight { direction, peer, stranger, datagram, hits, again };
            // Of two in a row that are to be overtaken, the second is the one that overtakes.
            if verdict.overtaken && ahead.is_empty() {
                self.overtaken.push((at, parcel));
            } else {
                self.send(at, parcel);
            }
        }
        for (own, parcel) in ahead {
            self.send(own.max(at), parcel);
        }
    }

    /// When the next packet arrives, if any is on the way.
    pub fn due(&self) -> Option<Instant> {
        self.on_the_way.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next packet that has arrived by now.
    pub fn take(&mut self, now: Instant) -> Option<InFlight> {
        if self.due()? > now {
            return None;
        }
        self.on_the_way.pop_first().map(|(_, parcel)| parcel)
    }

    fn send(&mut self, at: Instant, parcel: InFlight) {
        self.order += 1;
        self.on_the_way.insert((at, self.order), parcel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Faults;
    use std::time::Duration;

    const MS: Duration = Duration::from_millis(1);

    /// Sends ACK 1 to 4, one a millisecond, and tells which arrive at which millisecond; `*` marks a stranger's.
    fn arrivals(rules: &[&str]) -> Vec<String> {
        let mut faults = Faults::default();
        for rule in rules {
            faults.add(rule.parse().unwrap());
        }
        let (mut course, mut line) = (faults.begin(), DelayQueue::default());
        let start = Instant::now();
        let peer = "127.0.0.1:69".parse().unwrap();
        let mut lines = Vec::new();
        for millisecond in 0..20u32 {
            let now = start + MS * millisecond;
            if (1..=4).contains(&millisecond) {
                let ack = crate::wire::emit_ack(millisecond as u16);
                let verdict = faults.judge(&mut course, Direction::Sent, &ack);
                line.put(now, Direction::Sent, peer, &verdict);
            }
            while let Some(parcel) = line.take(now) {
                let mark = if parcel.stranger { "*" } else { "" };
                lines.push(format!("{millisecond}: {}{mark}", parcel.datagram[3]));
            }
        }
        assert_eq!(line.due(), None);
        lines
    }

    #[test]
    fn verdicts_come_true_in_time_and_order() {
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
