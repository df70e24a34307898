use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;

use super::is_loopback;
use super::judgement::{Hit, Judgement, Rng};
use super::rule::Rule;
use super::rule_state::RuleState;
use crate::wire::Direction;

/// The active rules with their hits, and the seed of random numbers.
///
/// Every rule examines every packet, in the order in which the rules were added, and their effects add up. The rules after
/// one that drops a packet do not see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    rules: Vec<Entry>,
    /// The number of the last rule; numbers are used again only after all rules were removed.
    numbered: u32,
    seed: u64,
    transfers: u64,
    remote: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    number: u32,
    rule: Rule,
    hits: u64,
}

/// A packet of an earlier transfer, for [`Faults::test`].
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// Its direction.
    pub direction: Direction,
    /// Its bytes, at least the header.
    pub datagram: &'a [u8],
    /// Its length on the wire in bytes.
    pub length: usize,
}

impl Faults {
    /// Adds a rule and returns its number.
    pub fn add(&mut self, rule: Rule) -> u32 {
        self.numbered += 1;
        self.rules.push(Entry { number: self.numbered, rule, hits: 0 });
        self.numbered
    }

    /// Removes the rule with this number, if there is one.
    pub fn remove(&mut self, number: u32) -> Option<Rule> {
        let place = self.rules.iter().position(|entry| entry.number == number)?;
        Some(self.rules.remove(place).rule)
    }

    /// Removes all rules; the seed stays.
    pub fn clear(&mut self) {
        self.rules.clear();
        self.numbered = 0;
    }

    /// Lists the rules with their numbers and hits.
    pub fn rules(&self) -> impl Iterator<Item = (u32, &Rule, u64)> {
        self.rules.iter().map(|entry| (entry.number, &entry.rule, entry.hits))
    }

    /// Returns the seed of random numbers.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Restarts the random numbers: after the same seed, the same transfers get the same faults.
    pub fn set_seed(&mut self, seed: u64) {
        self.seed = seed;
        self.transfers = 0;
    }

    /// Sets whether rules act on peers beyond this computer, which needs the permission of the network's owner.
    pub fn allow_remote(&mut self, allowed: bool) {
        self.remote = allowed;
    }

    /// Whether any rule acts on packets from and to this peer.
    pub fn act_on(&self, peer: IpAddr) -> bool {
        !self.rules.is_empty() && (self.remote || is_loopback(peer))
    }

    /// Begins a transfer and returns its state, with which its packets are judged.
    pub fn begin(&mut self) -> RuleState {
        self.transfers += 1;
        RuleState { transfer: self.transfers, ..RuleState::default() }
    }

    /// Decides what happens to the next packet of a transfer.
    pub fn judge<'a>(&mut self, state: &mut RuleState, direction: Direction, datagram: &'a [u8]) -> Judgement<'a> {
        self.decide(state, &Recorded { direction, datagram, length: datagram.len() })
    }

    /// Finds the packets of the last transfer that a rule would have hit, by their place in `packets`. The rule is tested
    /// alone, as the next one to be added.
    pub fn test<'a>(&self, rule: Rule, packets: impl IntoIterator<Item = Recorded<'a>>) -> Vec<usize> {
        let mut alone = Self { rules: Vec::new(), ..self.clone() };
        alone.add(rule);
        let mut state = RuleState { transfer: self.transfers, ..RuleState::default() };
        let judgements = packets.into_iter().map(|packet| alone.decide(&mut state, &packet).passes());
        judgements.enumerate().filter_map(|(place, passes)| (!passes).then_some(place)).collect()
    }

    fn decide<'a>(&mut self, state: &mut RuleState, packet: &Recorded<'a>) -> Judgement<'a> {
        let subject = state.blocks.follow(packet.direction, packet.datagram, packet.length);
        let [sent, received] = &mut state.packets;
        let place = if packet.direction == Direction::Sent { sent } else { received };
        *place += 1;
        let mut judgement = Judgement::pass(packet.datagram);
        for entry in &mut self.rules {
            let Entry { number, rule, hits } = entry;
            let rng = Rng([self.seed, state.transfer, (*number).into(), packet.direction as u64, *place]);
            let length = if packet.length == packet.datagram.len() { judgement.datagram.len() } else { packet.length };
            if !rule.action.fits(length) || !state.counts.entry(*number).or_default().hit(rule, subject, rng) {
                continue;
            }
            *hits += 1;
            judgement.hits.push(Hit { rule: *number, action: rule.action });
            judgement.apply(rule.action, rng);
            if judgement.copies == 0 {
                break;
            }
        }
        judgement
    }
}

impl Display for Faults {
    /// Formats the list of `fault`: one line for each rule, then the seed.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for Entry { number, rule, hits } in &self.rules {
            let times = if *hits == 1 { "time" } else { "times" };
            writeln!(f, "{number:>3}  {:<34}  hit {hits} {times}", rule.to_string())?;
        }
        let peers = if self.remote { "every peer" } else { "peers on this computer" };
        match self.rules.len() {
            0 => write!(f, "No faults. Seed {}.", self.seed),
            _ => write!(f, "Seed {}. Faults act on {peers}.", self.seed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::wire::{DATA_HEADER, emit_ack, emit_data_header};

    const RRQ: &[u8] = b"\0\x01f\0octet\0";

    /// A get of this many blocks without a fault: request, then DATA and ACK.
    fn get(blocks: u64) -> Vec<(Direction, Vec<u8>)> {
        let mut packets = vec![(Direction::Sent, RRQ.to_vec())];
        for block in 1..=blocks {
            let wire = (block % 65536) as u16;
            let length = if block == blocks { 100 } else { 512 };
            let data = [emit_data_header(wire).as_slice(), &vec![0; length]].concat();
            packets.push((Direction::Received, data));
            packets.push((Direction::Sent, emit_ack(wire).to_vec()));
        }
        packets
    }

    fn faults(rules: &[&str]) -> Faults {
        let mut faults = Faults::default();
        for rule in rules {
            faults.add(rule.parse().unwrap());
        }
        faults
    }

    /// Places of the packets that a rule hits in a get of five blocks: 0 RRQ, 1 DATA 1, 2 ACK 1, 3 DATA 2 ...
    fn hits(rule: &str, packets: &[(Direction, Vec<u8>)]) -> Vec<usize> {
        let mut faults = faults(&[rule]);
        let mut state = faults.begin();
        let mut judge =
            |(direction, datagram): &(Direction, Vec<u8>)| !faults.judge(&mut state, *direction, datagram).passes();
        (0..packets.len()).filter(|&place| judge(&packets[place])).collect()
    }

    #[test]
    fn a_rule_hits_by_way_kind_and_block_of_the_file() {
        let packets = get(5);
        for (rule, places) in [
            ("drop sent ack 2", &[4][..]),
            ("drop received ack 2", &[]),
            ("drop both any 2", &[3, 4]),
            ("drop received data 2-4", &[3, 5, 7]),
            ("drop both ack every 2", &[4, 8]),
            ("drop sent any first", &[0]),
            ("drop sent ack first", &[2]),
            ("drop received data first", &[1]),
            ("drop sent rrq first", &[0]),
            ("drop received data last", &[9]),
            ("drop sent ack last", &[10]),
            ("drop sent ack", &[2, 4, 6, 8, 10]),
            ("drop sent ack times 2", &[2, 4]),
            ("drop both error", &[]),
            ("drop both any rate 0%", &[]),
            ("cut 100 both data", &[1, 3, 5, 7, 9]),
            ("cut 200 both data", &[1, 3, 5, 7]),
            ("corrupt 4 both any", &[0, 1, 3, 5, 7, 9]),
        ] {
            assert_eq!(hits(rule, &packets), places, "{rule}");
        }
        assert_eq!(hits("drop both any rate 100%", &packets).len(), 11);
    }

    #[test]
    fn a_repetition_passes_unless_the_rule_names_it_too() {
        let mut packets = get(5);
        let (again, request) = (packets[4].clone(), packets[0].clone());
        packets.splice(5..5, [again.clone(), again]);
        assert_eq!(hits("drop sent ack 2", &packets), [4]);
        assert_eq!(hits("drop sent ack 2-3", &packets), [4, 8]);
        assert_eq!(hits("drop sent ack 2 times 2", &packets), [4, 5]);
        assert_eq!(hits("drop sent ack 2 rate 100%", &packets), [4, 5, 6]);
        let packets = [request.clone(), request];
        assert_eq!(hits("drop sent rrq first", &packets), [0]);
        assert_eq!(hits("drop sent rrq first times 2", &packets), [0, 1]);
        assert_eq!(hits("drop sent rrq", &packets), [0, 1]);
    }

    #[test]
    fn each_transfer_is_hit_anew() {
        let mut faults = faults(&["drop sent ack 2"]);
        for total in 1..=3 {
            let mut state = faults.begin();
            for (direction, datagram) in get(5) {
                faults.judge(&mut state, direction, &datagram);
            }
            assert_eq!(faults.rules().next().map(|(_, _, hits)| hits), Some(total));
        }
    }

    #[test]
    fn repeated_wire_numbers_are_not_hit_again() {
        let packets = get(65_540);
        assert_eq!(hits("drop sent ack 2", &packets), [4]);
        assert_eq!(hits("drop sent ack 65538", &packets), [2 * 65_538]);
        assert_eq!(hits("drop received data every 30000", &packets), [2 * 30_000 - 1, 2 * 60_000 - 1]);
        assert_eq!(hits("drop sent ack last", &packets), [2 * 65_540]);
    }

    #[test]
    fn the_same_seed_and_packets_get_the_same_faults() {
        let packets = get(200);
        let run = |faults: &mut Faults| -> Vec<bool> {
            let mut state = faults.begin();
            packets.iter().map(|(way, datagram)| faults.judge(&mut state, *way, datagram).passes()).collect()
        };
        let rules = &["drop both any rate 20%"];
        let (mut one, mut other) = (faults(rules), faults(rules));
        let first = run(&mut one);
        assert_eq!(first, run(&mut other));
        let lost = first.iter().filter(|passes| !**passes).count();
        assert!((50..=110).contains(&lost), "{lost} of 401 at 20 %");
        assert_ne!(first, run(&mut one), "the next transfer gets other faults");
        one.set_seed(1);
        assert_ne!(first, run(&mut one));
        one.set_seed(0);
        assert_eq!(first, run(&mut one), "the old seed gives the old faults again");
    }

    #[test]
    fn effects_of_rules_add_up_and_a_lost_packet_is_lost() {
        let ack = emit_ack(1);
        let judge = |rules: &[&str]| {
            let mut faults = faults(rules);
            let mut state = faults.begin();
            faults.judge(&mut state, Direction::Sent, &ack)
        };
        let judgement = judge(&["delay 5 both any", "dup sent ack", "delay 7 both any", "corrupt 3 sent any"]);
        assert_eq!((judgement.copies, judgement.delay), (2, Duration::from_millis(12)));
        assert_eq!(judgement.datagram.as_ref(), [0, 4, 0, 0xfe]);
        let words: Vec<String> = judgement.hits.iter().map(ToString::to_string).collect();
        assert_eq!(words, ["rule 1 delayed it", "rule 2 duplicated it", "rule 3 delayed it", "rule 4 corrupted it"]);
        let judgement = judge(&["drop sent ack", "dup sent ack"]);
        assert_eq!((judgement.copies, judgement.hits.len()), (0, 1));
        assert_eq!(judge(&["cut 2 sent ack"]).datagram.as_ref(), [0, 4]);
        assert!(judge(&["swap both any"]).overtaken && judge(&["stranger both any"]).stranger);
        assert_eq!(judge(&["drop received any"]), Judgement::pass(&ack));
    }

    #[test]
    fn corruption_without_an_offset_spares_the_header() {
        let mut faults = faults(&["corrupt received data"]);
        let mut state = faults.begin();
        for (direction, datagram) in get(50) {
            let judgement = faults.judge(&mut state, direction, &datagram);
            let changed: Vec<usize> =
                (0..datagram.len()).filter(|&at| judgement.datagram[at] != datagram[at]).collect();
            match direction {
                Direction::Sent => assert!(changed.is_empty()),
                Direction::Received => assert!(changed.len() == 1 && changed[0] >= DATA_HEADER, "{changed:?}"),
            }
        }
    }

    #[test]
    fn a_rule_is_tested_on_packets_of_the_past() {
        let packets = get(5);
        let recorded = || {
            packets.iter().map(|(direction, datagram)| {
                // As the ring keeps them: long blocks are cut.
                let kept = datagram.len().min(64);
                Recorded { direction: *direction, datagram: &datagram[..kept], length: datagram.len() }
            })
        };
        let mut faults = Faults::default();
        faults.begin();
        assert_eq!(faults.test("drop sent ack last".parse().unwrap(), recorded()), [10]);
        assert_eq!(faults.test("cut 200 received any".parse().unwrap(), recorded()), [1, 3, 5, 7]);
        let by_chance: Rule = "drop both any rate 30%".parse().unwrap();
        let mut real = Faults::default();
        real.add(by_chance);
        let mut state = real.begin();
        let hit: Vec<usize> =
            (0..packets.len()).filter(|&at| !real.judge(&mut state, packets[at].0, &packets[at].1).passes()).collect();
        assert_eq!(faults.test(by_chance, recorded()), hit);
    }

    #[test]
    fn faults_act_on_this_computer_unless_allowed_elsewhere() {
        let mut faults = faults(&["drop both any"]);
        let at = |peer: &str| peer.parse::<IpAddr>().unwrap();
        for peer in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(faults.act_on(at(peer)), "{peer}");
        }
        for peer in ["192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"] {
            assert!(!faults.act_on(at(peer)), "{peer}");
        }
        faults.allow_remote(true);
        assert!(faults.act_on(at("192.0.2.1")));
        faults.clear();
        assert!(!faults.act_on(at("127.0.0.1")), "without rules there is nothing to do");
    }

    #[test]
    fn the_list_shows_rules_by_numbers_that_stay() {
        let mut faults = faults(&["drop sent ack 2", "dup both any"]);
        faults.set_seed(7);
        let mut state = faults.begin();
        faults.judge(&mut state, Direction::Sent, &emit_ack(2));
        assert_eq!(
            faults.to_string(),
            "  1  drop sent ack 2                     hit 1 time\n  \
               2  dup both any                        hit 0 times\nSeed 7. Faults act on peers on this computer."
        );
        assert!(faults.remove(1).is_some() && faults.remove(1).is_none());
        assert_eq!(faults.add("drop sent rrq".parse().unwrap()), 3);
        faults.clear();
        assert_eq!(faults.to_string(), "No faults. Seed 7.");
    }
}
