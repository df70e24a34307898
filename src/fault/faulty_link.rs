use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::delay_queue::{DelayQueue, Hold};
use super::in_flight::InFlight;
use super::{Faults, Held, Judgement, RuleState};
use crate::wire::Direction;

/// The link between a machine and its socket, where the [judgements](Judgement) of fault rules take effect: packets are
/// lost, duplicated, changed or delayed, or they overtake each other.
///
/// ```text
///   machine --send--> (delayed, overtaken) --leave--> socket      a record for each that leaves, or is lost
///   machine <-arrive- (delayed, overtaken) <-receive- socket      a record for each that is received, and its copies
/// ```
///
/// It knows no socket and no clock, so that a simulated link has the same faults.
#[derive(Debug, Default)]
pub struct FaultyLink {
    state: RuleState,
    departures: DelayQueue,
    arrivals: DelayQueue,
    /// What has arrived, with the times, in the order of its records: the machine takes it next.
    arrived: VecDeque<(Instant, InFlight)>,
    /// The packets received so far, with copies.
    received: u64,
    /// The last packet sent was lost, or waits for one to overtake it.
    has_pending: bool,
}

/// A received packet on its way, for its records.
#[derive(Debug)]
pub enum Passage<'a> {
    /// It crosses the socket, or a fault rule makes it there. Its peer may be changed.
    Crosses(&'a mut InFlight),
    /// A rule held it until now.
    Reaches(&'a InFlight),
}

impl FaultyLink {
    /// Makes the link of a transfer with this rule state.
    pub fn new(state: RuleState) -> Self {
        Self { state, ..Self::default() }
    }

    /// Drops all packets on the way: another attempt begins, with a new socket.
    pub fn start_over(&mut self) {
        (self.departures, self.arrivals, self.has_pending) = (DelayQueue::default(), DelayQueue::default(), false);
        self.arrived.clear();
    }

    /// Decides what happens to the next packet of this direction.
    pub fn judge<'a>(&mut self, faults: &mut Faults, direction: Direction, datagram: &'a [u8]) -> Judgement<'a> {
        faults.judge(&mut self.state, direction, datagram)
    }

    /// Takes a packet from the machine; [`leave`](Self::leave) returns what becomes of it.
    pub fn send(&mut self, now: Instant, to: SocketAddr, datagram: &[u8], judgement: Judgement<'_>) {
        let hold = Hold { delay: judgement.delay, overtaken: judgement.overtaken };
        let mut packets = InFlight::list(now, Direction::Sent, to, datagram, judgement);
        let lost = packets.iter().any(InFlight::is_lost);
        if lost {
            // It goes nowhere, so it overtakes none.
            packets.into_iter().for_each(|packet| self.departures.push(now, packet));
        } else {
            let held = self.departures.holds(hold).then_some(Held::Left(Duration::ZERO));
            packets.iter_mut().for_each(|packet| packet.held = held);
            self.departures.put(now, hold, packets);
        }
        self.has_pending = lost || hold.overtaken;
    }

    /// Adds a packet that a bug sends from another port.
    pub fn stray(&mut self, now: Instant, to: SocketAddr, datagram: Vec<u8>) {
        self.departures.push(now, InFlight::stray(now, to, datagram));
    }

    /// Returns the next packet that leaves by now, or is lost.
    pub fn leave(&mut self, now: Instant) -> Option<InFlight> {
        let mut packet = self.departures.take(now)?;
        packet.held = packet.held.map(|_| Held::Left(now.saturating_duration_since(packet.since)));
        Some(packet)
    }

    /// Takes a packet from the socket; [`arrive`](Self::arrive) returns those that reach the machine.
    ///
    /// Calls `record` for the packet and each of its copies, even if they are lost or must wait, and for packets that
    /// waited until now. The machine gets them in the order of these calls, though it may first get a call for every
    /// packet of one read.
    pub fn receive(
        &mut self,
        now: Instant,
        from: SocketAddr,
        datagram: &[u8],
        judgement: Judgement<'_>,
        mut record: impl FnMut(Passage<'_>),
    ) {
        self.ripen(now, &mut record);
        let hold = Hold { delay: judgement.delay, overtaken: judgement.overtaken };
        let mut packets = InFlight::list(now, Direction::Received, from, datagram, judgement);
        for packet in &mut packets {
            self.received += 1;
            packet.id = self.received;
            if !packet.lost && self.arrivals.holds(hold) {
                packet.held = Some(Held::Waits(packet.id));
            }
            record(Passage::Crosses(packet));
        }
        packets.retain(|packet| !packet.lost);
        if !packets.is_empty() {
            self.arrivals.put(now, hold, packets);
            self.ripen(now, &mut record);
        }
    }

    /// Returns the next packet that reaches the machine by now, after the calls of `record` for packets that waited.
    pub fn arrive(&mut self, now: Instant, mut record: impl FnMut(Passage<'_>)) -> Option<InFlight> {
        self.ripen(now, &mut record);
        self.arrived.pop_front().map(|(_, packet)| packet)
    }

    fn ripen(&mut self, now: Instant, record: &mut impl FnMut(Passage<'_>)) {
        while let Some(packet) = self.arrivals.take(now) {
            if packet.waited(now).is_some() {
                record(Passage::Reaches(&packet));
            }
            self.arrived.push_back((now, packet));
        }
    }

    /// Returns the packets that have not left yet, in order, since the link ends. Those on the way here are dropped.
    pub fn flush(&mut self, now: Instant) -> Vec<InFlight> {
        let left = |mut packet: InFlight| {
            packet.held = packet.held.map(|_| Held::Left(now.saturating_duration_since(packet.since)));
            packet
        };
        self.departures.empty().map(left).collect()
    }

    /// Returns when the next packet leaves or arrives, if one is on the way.
    pub fn due(&self) -> Option<Instant> {
        let arrived = self.arrived.front().map(|(at, _)| *at);
        [self.departures.due(), self.arrivals.due(), arrived].into_iter().flatten().min()
    }

    /// Whether the peer may still wait for the last packet sent, or this side for one.
    pub fn has_pending(&self) -> bool {
        self.has_pending || self.due().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Origin;
    use crate::wire::emit_ack;

    const MS: Duration = Duration::from_millis(1);

    fn link(rules: &[&str]) -> (Faults, FaultyLink) {
        let mut faults = Faults::default();
        for rule in rules {
            faults.add(rule.parse().unwrap());
        }
        let state = faults.begin();
        (faults, FaultyLink::new(state))
    }

    /// The number of an ACK: `*` marks one from a stranger, `=` a copy, `x` a lost one, `/` one that is held.
    fn marked(packet: &InFlight) -> String {
        let origin = match packet.origin {
            Origin::Machine => "",
            Origin::Copy => "=",
            Origin::Stray => "*",
        };
        let lost = if packet.is_lost() { "x" } else { "" };
        let held = if packet.fate().held.is_some() { "/" } else { "" };
        format!("{}{origin}{lost}{held}", packet.bytes()[3])
    }

    /// Notes a record: `+` marks that of a packet that waited.
    fn record(note: &mut impl FnMut(usize, &str, &InFlight), passage: Passage<'_>) {
        match passage {
            Passage::Crosses(packet) => note(0, "", packet),
            Passage::Reaches(packet) => note(0, "+", packet),
        }
    }

    /// Passes ACK 1 to 4, one per millisecond, and lists the records at the socket and then the arrivals at the machine.
    fn passages(rules: &[&str], direction: Direction) -> [Vec<String>; 2] {
        let (mut faults, mut link) = link(rules);
        let start = Instant::now();
        let peer = "127.0.0.1:69".parse().unwrap();
        let mut lines = [Vec::new(), Vec::new()];
        for millisecond in 0..20u32 {
            let now = start + MS * millisecond;
            let mut note = |place: usize, mark: &str, packet: &InFlight| {
                lines[place].push(format!("{millisecond}: {mark}{}", marked(packet)));
            };
            if (1..=4).contains(&millisecond) {
                let ack = emit_ack(millisecond as u16);
                let judgement = link.judge(&mut faults, direction, &ack);
                match direction {
                    Direction::Sent => link.send(now, peer, &ack, judgement),
                    Direction::Received => {
                        link.receive(now, peer, &ack, judgement, |passage| record(&mut note, passage))
                    }
                }
            }
            while let Some(packet) = link.leave(now) {
                note(0, "", &packet);
            }
            while let Some(packet) = link.arrive(now, |passage| record(&mut note, passage)) {
                note(1, "", &packet);
            }
        }
        assert_eq!(link.due(), None);
        lines
    }

    #[test]
    fn a_sent_packet_is_recorded_when_it_leaves() {
        for (rules, expected) in [
            (&[][..], &["1: 1", "2: 2", "3: 3", "4: 4"][..]),
            (&["drop sent ack 2"], &["1: 1", "2: 2x", "3: 3", "4: 4"]),
            (&["dup sent ack 2"], &["1: 1", "2: 2", "2: 2=", "3: 3", "4: 4"]),
            (&["delay 5 sent ack"], &["6: 1/", "7: 2/", "8: 3/", "9: 4/"]),
            (&["delay 5 sent ack 2"], &["1: 1", "3: 3", "4: 4", "7: 2/"]),
            (&["swap sent ack 2"], &["1: 1", "3: 3", "3: 2/", "4: 4"]),
            (&["swap sent ack 2", "delay 5 sent ack"], &["6: 1/", "8: 3/", "8: 2/", "9: 4/"]),
            (&["swap sent ack 2", "drop sent ack 3"], &["1: 1", "3: 3x", "4: 4", "4: 2/"]),
            (&["swap sent ack"], &["2: 2", "2: 1/", "4: 4", "4: 3/"]),
            (&["swap sent ack 4"], &["1: 1", "2: 2", "3: 3"]),
            (&["stranger sent ack 2"], &["1: 1", "2: 2*", "2: 2", "3: 3", "4: 4"]),
        ] {
            assert_eq!(passages(rules, Direction::Sent), [expected, &[]], "{rules:?}");
        }
    }

    #[test]
    fn a_received_packet_is_recorded_when_it_comes_and_reaches_the_machine_when_its_rules_let_it() {
        for (rules, records, arrivals) in [
            (&[][..], &["1: 1", "2: 2", "3: 3", "4: 4"][..], &["1: 1", "2: 2", "3: 3", "4: 4"][..]),
            (&["drop received ack 2"], &["1: 1", "2: 2x", "3: 3", "4: 4"], &["1: 1", "3: 3", "4: 4"]),
            (
                &["dup received ack 2"],
                &["1: 1", "2: 2", "2: 2=", "3: 3", "4: 4"],
                &["1: 1", "2: 2", "2: 2=", "3: 3", "4: 4"],
            ),
            (
                &["delay 5 received ack 2"],
                &["1: 1", "2: 2/", "3: 3", "4: 4", "7: +2/"],
                &["1: 1", "3: 3", "4: 4", "7: 2/"],
            ),
            (
                &["swap received ack 2"],
                &["1: 1", "2: 2/", "3: 3", "3: +2/", "4: 4"],
                &["1: 1", "3: 3", "3: 2/", "4: 4"],
            ),
            (
                &["swap received ack 2", "drop received ack 3"],
                &["1: 1", "2: 2/", "3: 3x", "4: 4", "4: +2/"],
                &["1: 1", "4: 4", "4: 2/"],
            ),
            (
                &["stranger received ack 2"],
                &["1: 1", "2: 2*", "2: 2", "3: 3", "4: 4"],
                &["1: 1", "2: 2*", "2: 2", "3: 3", "4: 4"],
            ),
        ] {
            assert_eq!(passages(rules, Direction::Received), [records, arrivals], "{rules:?}");
        }
    }

    #[test]
    fn each_hit_is_in_one_record() {
        let (mut faults, mut link) = link(&["stranger sent ack", "dup sent ack", "corrupt 3 sent ack"]);
        let (now, peer, ack) = (Instant::now(), "127.0.0.1:69".parse().unwrap(), emit_ack(2));
        let judgement = link.judge(&mut faults, Direction::Sent, &ack);
        link.send(now, peer, &ack, judgement);
        let packets: Vec<_> = std::iter::from_fn(|| link.leave(now)).collect();
        let rules = |packet: &InFlight| packet.fate().hits.iter().map(|hit| hit.rule).collect::<Vec<_>>();
        assert_eq!(packets.iter().map(rules).collect::<Vec<_>>(), [vec![1], vec![2, 3], vec![]]);
        assert!(packets.iter().all(|it| it.datagram == ack && it.fate().altered == Some(&[0, 4, 0, !2])));
    }

    #[test]
    fn a_link_that_ends_lets_everything_leave_in_order() {
        let (mut faults, mut link) = link(&["delay 9 sent ack 1", "delay 5 sent ack 2", "swap sent ack 3"]);
        let (now, peer) = (Instant::now(), "127.0.0.1:69".parse().unwrap());
        for block in 1..=3 {
            let ack = emit_ack(block);
            let judgement = link.judge(&mut faults, Direction::Sent, &ack);
            link.send(now, peer, &ack, judgement);
        }
        assert!(link.has_pending() && link.leave(now).is_none());
        let packets = link.flush(now + MS);
        assert_eq!(packets.iter().map(marked).collect::<Vec<_>>(), ["2/", "1/", "3/"]);
        assert!(packets.iter().all(|it| it.fate().held == Some(Held::Left(MS))));
        assert_eq!(link.due(), None);
    }
}
