//! Fault rules at both ends of a simulated link: the records of each end are what crossed its socket.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tftpsh::event::{Crossing, Delivery, Direction, Held, Origin};
use tftpsh::fault::{Faults, FaultyLink, InFlight, Passage, Rule};
use tftpsh::transfer::{Input, Io, Receiver, Replay, Request, RetryPolicy, Rexmt, Sender, Step, Task};
use tftpsh::wire::{BlockSize, Limits, Mode, Offer, Packet, WindowSize};

use crate::host::File;
use crate::scenario::MS;

/// The ports of client and server, and those of their stray packets.
const TIDS: [&str; 2] = ["127.0.0.1:40000", "127.0.0.1:50000"];
const SPARE: [&str; 2] = ["127.0.0.1:40001", "127.0.0.1:50001"];
const LATENCY: Duration = MS;

/// A get, with the rules of both ends.
#[derive(Debug, Clone)]
struct Setup {
    blocks: usize,
    windowsize: u64,
    rules: [Vec<String>; 2],
    seed: u64,
}

/// One record of an end, with owned bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    Packet { direction: Direction, origin: Origin, lost: bool, held: Option<Held>, wire: Vec<u8>, seen: Vec<u8> },
    Delivered { number: u64, after: Duration, seen: Vec<u8> },
}

/// What an end's machine, socket and observers had.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Log {
    records: Vec<Entry>,
    /// The datagrams that left and came, at the socket.
    left: Vec<Vec<u8>>,
    came: Vec<Vec<u8>>,
    /// The datagrams that the machine sent and got.
    sent: Vec<Vec<u8>>,
    got: Vec<Vec<u8>>,
}

struct End {
    side: usize,
    task: Option<Task<Replay<File>, File>>,
    faults: Faults,
    link: FaultyLink,
    wake: Option<Instant>,
    log: Log,
}

/// A link on which every packet takes the same time.
#[derive(Default)]
struct Network {
    on_the_way: BTreeMap<(Instant, u64), (usize, SocketAddr, Vec<u8>)>,
    order: u64,
}

impl Network {
    /// The next packet that arrives by now.
    fn next(&mut self, now: Instant) -> Option<(usize, SocketAddr, Vec<u8>)> {
        self.on_the_way.first_key_value().filter(|((at, _), _)| *at <= now)?;
        self.on_the_way.pop_first().map(|(_, arrival)| arrival)
    }
}

impl Entry {
    fn of(packet: &InFlight) -> Self {
        let crossing = Crossing::from(packet);
        let (wire, seen, fate) = (crossing.wire().to_vec(), crossing.seen().to_vec(), crossing.fate);
        let (origin, lost, held) = (fate.origin, fate.lost, fate.held);
        Self::Packet { direction: crossing.direction, origin, lost, held, wire, seen }
    }
}

impl Entry {
    fn received(now: Instant, passage: Passage<'_>) -> Option<Self> {
        match passage {
            Passage::Crosses(packet) => Some(Self::of(packet)),
            Passage::Reaches(packet) => {
                let Delivery { number, after, datagram, .. } = Delivery::of(packet, now)?;
                Some(Self::Delivered { number, after, seen: datagram.to_vec() })
            }
        }
    }
}

impl End {
    fn new(side: usize, setup: &Setup) -> Self {
        let mut faults = Faults::default();
        faults.set_seed(setup.seed);
        for rule in &setup.rules[side] {
            faults.add(rule.parse().unwrap());
        }
        let link = FaultyLink::new(faults.begin());
        Self { side, task: None, faults, link, wake: None, log: Log::default() }
    }

    fn input(&mut self, now: Instant, input: Input<'_>, network: &mut Network) {
        let mut sent = Sent { now, datagrams: Vec::new() };
        let Some(task) = &mut self.task else { return };
        self.wake = match task.run(input, &mut sent) {
            Step::Wait(until) => Some(until),
            Step::Complete { dally, .. } => dally,
            Step::Over | Step::Failed(_) => None,
        };
        for (to, datagram) in sent.datagrams {
            let judgement = self.link.judge(&mut self.faults, Direction::Sent, &datagram);
            self.link.send(now, to, &datagram, judgement);
            self.log.sent.push(datagram);
        }
        self.leave(now, network);
    }

    fn leave(&mut self, now: Instant, network: &mut Network) {
        while let Some(packet) = self.link.leave(now) {
            self.log.records.push(Entry::of(&packet));
            if !packet.is_lost() {
                self.log.left.push(packet.bytes().to_vec());
                let from = if packet.origin == Origin::Stray { SPARE } else { TIDS }[self.side];
                network.order += 1;
                let arrival = (1 - self.side, address(from), packet.bytes().to_vec());
                network.on_the_way.insert((now + LATENCY, network.order), arrival);
            }
        }
    }

    /// Lets leave what waits for ever for a packet that overtakes it.
    fn close(mut self, now: Instant) -> Log {
        for packet in self.link.flush(now) {
            self.log.left.push(packet.bytes().to_vec());
            self.log.records.push(Entry::of(&packet));
        }
        self.log
    }

    fn receive(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        let judgement = self.link.judge(&mut self.faults, Direction::Received, datagram);
        self.log.came.push(datagram.to_vec());
        let (stray, records) = (address(SPARE[1 - self.side]), &mut self.log.records);
        self.link.receive(now, from, datagram, judgement, |mut passage| {
            if let Passage::Crosses(packet) = &mut passage
                && packet.origin == Origin::Stray
            {
                packet.peer = stray;
            }
            records.extend(Entry::received(now, passage));
        });
    }

    fn arrive(&mut self, now: Instant, content: &[u8], network: &mut Network) {
        loop {
            let records = &mut self.log.records;
            let next = self.link.arrive(now, |passage| records.extend(Entry::received(now, passage)));
            let Some(packet) = next else { return };
            self.log.got.push(packet.bytes().to_vec());
            match Packet::parse(packet.bytes()) {
                Ok(Packet::Request(request)) if self.task.is_none() => {
                    let answer = Offer::parse(&request.options).answer(&Limits::default(), None);
                    let file = Replay::new(File::source(content.to_vec(), Mode::Octet));
                    self.task = Some(Task::send(Sender::answer(now, address(TIDS[0]), answer, policy()), file));
                    self.input(now, Input::Start, network);
                }
                _ => self.input(now, Input::datagram(packet.peer, packet.bytes()), network),
            }
        }
    }
}

/// Runs the transfer, dallying included, and returns the logs of client and server.
fn run(setup: &Setup) -> [Log; 2] {
    let start = Instant::now();
    let content: Vec<u8> = (0..setup.blocks * 8 + 3).map(|index| (index % 251) as u8).collect();
    let windowsize = WindowSize::new(setup.windowsize);
    let offer = Offer { blksize: BlockSize::new(8), windowsize, ..Offer::default() };
    let request = Request { filename: b"file", mode: Mode::Octet, offer };
    let mut network = Network::default();
    let mut ends = [End::new(0, setup), End::new(1, setup)];
    let machine = Receiver::request(start, address(TIDS[1]), &request, policy()).unwrap();
    ends[0].task = Some(Task::receive(machine, File::target(Mode::Octet)));
    ends[0].input(start, Input::Start, &mut network);
    let mut ended = start;
    for _ in 0..200_000 {
        let arrival = network.on_the_way.first_key_value().map(|((at, _), _)| *at);
        let times = ends.iter().flat_map(|end| [end.wake, end.link.due()]);
        let Some(now) = times.chain([arrival]).flatten().min() else {
            return ends.map(|end| end.close(ended));
        };
        ended = now;
        if let Some((side, from, datagram)) = network.next(now) {
            ends[side].receive(now, from, &datagram);
        }
        for end in &mut ends {
            end.leave(now, &mut network);
            end.arrive(now, &content, &mut network);
            if end.wake.is_some_and(|wake| wake <= now) {
                end.input(now, Input::Tick, &mut network);
            }
        }
    }
    panic!("never ends: {setup:?}");
}

/// The law: one record for each datagram at the socket, and for each copy, in order, with what the machine has of it.
fn check(setup: &Setup, log: &Log) {
    let (mut left, mut came, mut sent, mut got) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut waiting = BTreeMap::new();
    for record in &log.records {
        match record {
            Entry::Packet { direction: Direction::Sent, origin, lost, wire, seen, .. } => {
                left.extend((!lost).then(|| wire.clone()));
                sent.extend((*origin == Origin::Machine).then(|| seen.clone()));
            }
            Entry::Packet { direction: Direction::Received, origin, lost, held, wire, seen } => {
                came.extend((*origin == Origin::Machine).then(|| wire.clone()));
                match held {
                    Some(Held::Waits(number)) => assert!(waiting.insert(*number, seen).is_none() && !lost),
                    _ => got.extend((!lost).then(|| seen.clone())),
                }
            }
            Entry::Delivered { number, seen, .. } => {
                assert_eq!(waiting.remove(number), Some(seen), "{setup:?}");
                got.push(seen.clone());
            }
        }
    }
    assert_eq!(left, log.left, "{setup:?}");
    assert_eq!(came, log.came, "{setup:?}");
    assert_eq!(got, log.got, "{setup:?}");
    // Rules change the order.
    let sorted = |mut datagrams: Vec<Vec<u8>>| {
        datagrams.sort();
        datagrams
    };
    assert_eq!(sorted(sent), sorted(log.sent.clone()), "{setup:?}");
}

fn rule() -> impl Strategy<Value = String> {
    let action = prop_oneof![
        Just("drop".to_owned()),
        Just("dup".to_owned()),
        (1..300u32).prop_map(|time| format!("delay {time}")),
        Just("swap".to_owned()),
        Just("corrupt".to_owned()),
        (0..9u32).prop_map(|length| format!("cut {length}")),
        Just("stranger".to_owned()),
    ];
    let subject = (
        prop::sample::select(vec!["sent", "received", "both"]),
        prop::sample::select(vec!["any", "data", "ack", "rrq", "oack"]),
    );
    let which = prop_oneof![
        Just("first".to_owned()),
        (1..9u32).prop_map(|block| block.to_string()),
        (1..30u32).prop_map(|rate| format!("rate {rate}%")),
        Just("last".to_owned()),
    ];
    (action, subject, which)
        .prop_map(|(action, (way, kind), which)| format!("{action} {way} {kind} {which}"))
        .prop_filter("requests have no block number", |rule| rule.parse::<Rule>().is_ok())
}

fn setup() -> impl Strategy<Value = Setup> {
    let rules = || prop::collection::vec(rule(), 0..4);
    (0..20usize, prop::sample::select(vec![1, 1, 4, 8]), [rules(), rules()], any::<u64>())
        .prop_map(|(blocks, windowsize, rules, seed)| Setup { blocks, windowsize, rules, seed })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    #[test]
    fn the_records_of_an_end_are_what_crossed_its_socket(setup in setup()) {
        run(&setup).iter().for_each(|log| check(&setup, log));
    }

    #[test]
    fn the_same_seed_gives_the_same_records(setup in setup()) {
        prop_assert_eq!(run(&setup), run(&setup));
    }
}

/// What a machine sends.
struct Sent {
    now: Instant,
    datagrams: Vec<(SocketAddr, Vec<u8>)>,
}

impl Io for Sent {
    fn now(&mut self) -> Instant {
        self.now
    }

    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        self.datagrams.extend(datagrams.chunks(stride).map(|datagram| (to, datagram.to_vec())));
        Ok(())
    }
}

fn policy() -> RetryPolicy {
    RetryPolicy { rexmt: Rexmt::Fixed(100 * MS), timeout: Duration::from_secs(3), ..RetryPolicy::default() }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}
