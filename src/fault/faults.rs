use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;

use super::is_loopback;
use super::judgement::{Hit, Judgement, Rng};
use super::rule::Rule;
use super::rule_state::RuleState;
use crate::wire::Direction;

/// The rules in force, with their hits and the seed that chance comes from.
///
/// Every rule looks at every packet, in the order in which they were added; what they do adds up. A packet that one
/// rule drops is not seen by those behind it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    rules: Vec<Entry>,
    /// The number the last rule got; a number comes again only after all rules were taken away.
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
    /// Which way it went.
    pub direction: Direction,
    /// Its octets, the header at least.
    pub datagram: &'a [u8],
    /// Octets it had on the wire.
    pub length: usize,
}

impl Faults {
    /// Adds a rule and tells its number.
    pub fn add(&mut self, rule: Rule) -> u32 {
        self.numbered += 1;
        self.rules.push(Entry { number: self.numbered, rule, hits: 0 });
        self.numbered
    }

    /// Takes a rule away, if there is one with this number.
    pub fn remove(&mut self, number: u32) -> Option<Rule> {
        let place = self.rules.iter().position(|entry| entry.number == number)?;
        Some(self.rules.remove(place).rule)
    }

    /// Takes all rules away; the seed stays.
    pub fn clear(&mut self) {
        self.rules.clear();
        self.numbered = 0;
    }

    /// The rules with their numbers and hits.
    pub fn rules(&self) -> impl Iterator<Item = (u32, &Rule, u64)> {
        self.rules.iter().map(|entry| (entry.number, &entry.rule, entry.hits))
    }

    /// Where chance comes from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Begins chance anew: the transfers that follow have the same luck after each `set_seed` with the same number.
    pub fn set_seed(&mut self, seed: u64) {
        self.seed = seed;
        self.transfers = 0;
    }

    /// Whether rules act beyond this computer, which is nobody's business but that of whoever owns the network.
    pub fn allow_remote(&mut self, allowed: bool) {
        self.remote = allowed;
    }

    /// Whether there is any rule that acts on packets from and to this peer.
    pub fn act_on(&self, peer: IpAddr) -> bool {
        !self.rules.is_empty() && (self.remote || is_loopback(peer))
    }

    /// A transfer begins; its packets are judged with what is returned.
    pub fn begin(&mut self) -> RuleState {
        self.transfers += 1;
        RuleState::new(self.transfers)
    }

    /// Decides what becomes of the next packet of a transfer.
    pub fn judge<'a>(&mut self, course: &mut RuleState, direction: Direction, datagram: &'a [u8]) -> Judgement<'a> {
        self.decide(course, &Recorded { direction, datagram, length: datagram.len() })
    }

    /// Which packets of the last transfer a rule would have hit, by their place among `packets`. The rule is tried
    /// alone, as the one to be added next.
    pub fn test<'a>(&self, rule: Rule, packets: impl IntoIterator<Item = Recorded<'a>>) -> Vec<usize> {
        let mut alone = Self { rules: Vec::new(), ..self.clone() };
        alone.add(rule);
        let mut course = RuleState::new(self.transfers);
        let verdicts = packets.into_iter().map(|packet| alone.decide(&mut course, &packet).passes());
        verdicts.enumerate().filter_map(|(place, passes)| (!passes).then_some(place)).collect()
    }

    fn decide<'a>(&mut self, course: &mut RuleState, packet: &Recorded<'a>) -> Judgement<'a> {
        let seen = course.blocks.see(packet.direction, packet.datagram, packet.length);
        let [sent, received] = &mut course.packets;
        let place = if packet.direction == Direction::Sent { sent } else { received };
        *place += 1;
        let mut verdict = Judgement::pass(packet.datagram);
        for entry in &mut self.rules {
            let Entry { number, rule, hits } = entry;
            let dice = Rng([self.seed, course.transfer, (*number).into(), packet.direction as u64, *place]);
            let length = if packet.length == packet.datagram.len() { verdict.datagram.len() } else { packet.length };
            if !rule.action.fits(length) || !course.counts.entry(*number).or_default().hit(rule, seen, dice) {
                continue;
            }
            *hits += 1;
            verdict.hits.push(Hit { rule: *number, action: rule.action });
            verdict.apply(rule.action, dice);
            if verdict.copies == 0 {
                break;
            }
        }
        verdict
    }
}

impl Display for Faults {
    /// What `fault` lists: one line for each rule, then the seed.
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

    /// A get of so many blocks without a mishap: request, then DATA and ACK.
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
        let mut course = faults.begin();
        let mut judge =
            |(direction, datagram): &(Direction, Vec<u8>)| !faults.judge(&mut course, *direction, datagram).passes();
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
    fn a_repetition_gets_through_where_it_is_not_named_too() {
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
            let mut course = faults.begin();
            for (direction, datagram) in get(5) {
                faults.judge(&mut course, direction, &datagram);
            }
            assert_eq!(faults.rules().next().map(|(_, _, hits)| hits), Some(total));
        }
    }

    #[test]
    fn wire_numbers_that_come_again_are_not_hit_again() {
        let packets = get(65_540);
        assert_eq!(hits("drop sent ack 2", &packets), [4]);
        assert_eq!(hits("drop sent ack 65538", &packets), [2 * 65_538]);
        assert_eq!(hits("drop received data every 30000", &packets), [2 * 30_000 - 1, 2 * 60_000 - 1]);
        assert_eq!(hits("drop sent ack last", &packets), [2 * 65_540]);
    }

    #[test]
    fn the_same_seed_and_packets_have_the_same_luck() {
        let packets = get(200);
        let run = |faults: &mut Faults| -> Vec<bool> {
            let mut course = faults.begin();
            packets.iter().map(|(way, datagram)| faults.judge(&mut course, *way, datagram).passes()).collect()
        };
        let rules = &["drop both any rate 20%"];
        let (mut one, mut other) = (faults(rules), faults(rules));
        let first = run(&mut one);
        assert_eq!(first, run(&mut other));
        let lost = first.iter().filter(|passes| !**passes).count();
        assert!((50..=110).contains(&lost), "{lost} of 401 at 20 %");
        assert_ne!(first, run(&mut one), "the next transfer has other luck");
        one.set_seed(1);
        assert_ne!(first, run(&mut one));
        one.set_seed(0);
        assert_eq!(first, run(&mut one), "the old seed brings the old luck back");
    }

    #[test]
    fn what_rules_do_adds_up_and_a_lost_packet_is_lost() {
        let ack = emit_ack(1);
        let judge = |rules: &[&str]| {
            let mut faults = faults(rules);
            let mut course = faults.begin();
            faults.judge(&mut course, Direction::Sent, &ack)
        };
        let verdict = judge(&["delay 5 both any", "dup sent ack", "delay 7 both any", "corrupt 3 sent any"]);
        assert_eq!((verdict.copies, verdict.delay), (2, Duration::from_millis(12)));
        assert_eq!(verdict.datagram.as_ref(), [0, 4, 0, 0xfe]);
        let words: Vec<String> = verdict.hits.iter().map(ToString::to_string).collect();
        assert_eq!(words, ["rule 1 delayed it", "rule 2 duplicated it", "rule 3 delayed it", "rule 4 corrupted it"]);
        let verdict = judge(&["drop sent ack", "dup sent ack"]);
        assert_eq!((verdict.copies, verdict.hits.len()), (0, 1));
        assert_eq!(judge(&["cut 2 sent ack"]).datagram.as_ref(), [0, 4]);
        assert!(judge(&["swap both any"]).overtaken && judge(&["stranger both any"]).stranger);
        assert_eq!(judge(&["drop received any"]), Judgement::pass(&ack));
    }

    #[test]
    fn corruption_without_an_offset_spares_the_header() {
        let mut faults = faults(&["corrupt received data"]);
        let mut course = faults.begin();
        for (direction, datagram) in get(50) {
            let verdict = faults.judge(&mut course, direction, &datagram);
            let changed: Vec<usize> = (0..datagram.len()).filter(|&at| verdict.datagram[at] != datagram[at]).collect();
            match direction {
                Direction::Sent => assert!(changed.is_empty()),
                Direction::Received => assert!(changed.len() == 1 && changed[0] >= DATA_HEADER, "{changed:?}"),
            }
        }
    }

    #[test]
    fn a_rule_is_tried_on_packets_of_the_past() {
        let packets = get(5);
        let recorded = || {
            packets.iter().map(|(direction, datagram)| {
                // As they are kept: long bodies are cut.
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
        let mut course = real.begin();
        let hit: Vec<usize> =
            (0..packets.len()).filter(|&at| !real.judge(&mut course, packets[at].0, &packets[at].1).passes()).collect();
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
        assert!(!faults.act_on(at("127.0.0.1")), "without rules nothing is to be done");
    }

    #[test]
    fn the_list_tells_rules_by_numbers_that_stay() {
        let mut faults = faults(&["drop sent ack 2", "dup both any"]);
        faults.set_seed(7);
        let mut course = faults.begin();
        faults.judge(&mut course, Direction::Sent, &emit_ack(2));
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
