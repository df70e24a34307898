//! Machines that are wrong on purpose, against honest ones, with faults between them: all in virtual time.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tftpsh::bugs::{Bug, Buggy, Careless, ClientBug};
use tftpsh::event::Direction;
use tftpsh::fault::{Course, Faults, Line};
use tftpsh::transfer::{Ask, Failure, Machine, Output, Patience, Receiver, Rexmt, Sender};
use tftpsh::wire::{BlockSize, ErrorCode, Limits, Mode, Offer, Packet, RequestKind, WindowSize};

const CLIENT: &str = "127.0.0.1:40000";
const WELL_KNOWN: &str = "127.0.0.1:69";
const TID: &str = "127.0.0.1:50000";
const INTRUDER: &str = "127.0.0.1:50001";
const MS: Duration = Duration::from_millis(1);

/// What a class would set up: one transfer, one bug, some faults on the client's side.
struct Class {
    kind: RequestKind,
    size: usize,
    offer: Offer,
    bug: Option<Bug>,
    client_bug: Option<ClientBug>,
    faults: Faults,
}

/// One side of the transfer.
struct Side {
    machine: Box<dyn Machine>,
    given: Vec<u8>,
    position: usize,
    taken: Vec<u8>,
    committed: bool,
    wake: Option<Instant>,
    complete: bool,
    end: Option<Result<(), Failure>>,
}

/// What came of it. Packets are counted as the machines sent them, so a copy made on the way is none of them.
struct Outcome {
    client: Side,
    server: Side,
    packets: Vec<String>,
}

fn get(size: usize) -> Class {
    let (offer, faults) = (Offer::default(), Faults::default());
    Class { kind: RequestKind::Read, size, offer, bug: None, client_bug: None, faults }
}

fn put(size: usize) -> Class {
    Class { kind: RequestKind::Write, ..get(size) }
}

impl Class {
    fn bug(self, bug: Bug) -> Self {
        Self { bug: Some(bug), ..self }
    }

    fn client_bug(self, bug: ClientBug) -> Self {
        Self { client_bug: Some(bug), ..self }
    }

    fn fault(mut self, rule: &str) -> Self {
        self.faults.add(rule.parse().unwrap());
        self
    }

    fn blksize(mut self, size: u64) -> Self {
        self.offer.blksize = BlockSize::new(size);
        self
    }

    fn windowsize(mut self, size: u64) -> Self {
        self.offer.windowsize = WindowSize::new(size);
        self
    }

    fn run(mut self) -> Outcome {
        let now = Instant::now();
        let content: Vec<u8> = (0..self.size).map(|place| (place * 7 + place / 251) as u8).collect();
        let mut wire = Wire {
            now,
            course: self.faults.begin(),
            faults: self.faults.clone(),
            line: Line::default(),
            bug: self.bug,
            to_server: Vec::new(),
            packets: Vec::new(),
        };
        let (given, taken) = match self.kind {
            RequestKind::Read => (Vec::new(), content.clone()),
            RequestKind::Write => (content.clone(), Vec::new()),
        };
        let mut client = Side::new(self.client(now), given);
        let mut server = Side::new(self.server(now), taken);
        client.drain(&[], &mut wire, Direction::Sent);
        for _ in 0..2_000_000 {
            if !wire.step(&mut client, &mut server) {
                return Outcome { client, server, packets: wire.packets };
            }
        }
        panic!("never ends");
    }

    fn client(&self, now: Instant) -> Box<dyn Machine> {
        let ask = Ask { filename: b"f", mode: Mode::Octet, offer: self.offer };
        let patience = Patience { rexmt: Rexmt::Fixed(5000 * MS), timeout: 12_000 * MS };
        match (self.kind, self.client_bug) {
            (RequestKind::Write, _) => Box::new(Sender::request(now, at(WELL_KNOWN), &ask, patience).unwrap()),
            (RequestKind::Read, bug) => {
                let machine = Receiver::request(now, at(WELL_KNOWN), &ask, patience).unwrap();
                match bug {
                    Some(bug) => Box::new(Careless::new(machine, bug)),
                    None => Box::new(machine),
                }
            }
        }
    }

    fn server(&self, now: Instant) -> Box<dyn Machine> {
        let answer = self.offer.answer(&Limits::default(), None);
        let patience = Patience { rexmt: Rexmt::Fixed(1000 * MS), timeout: 25_000 * MS };
        match (self.kind, self.bug) {
            (RequestKind::Read, None) => Box::new(Sender::answer(now, at(CLIENT), answer, patience)),
            (RequestKind::Write, None) => Box::new(Receiver::answer(now, at(CLIENT), answer, patience)),
            (RequestKind::Read, Some(bug)) => {
                let machine = Sender::answer(now, at(CLIENT), answer, patience);
                Box::new(Buggy::new(machine, bug, now, at(CLIENT)))
            }
            (RequestKind::Write, Some(bug)) => {
                let machine = Receiver::answer(now, at(CLIENT), answer, patience);
                Box::new(Buggy::new(machine, bug, now, at(CLIENT)))
            }
        }
    }
}

/// The way between both, seen from the client: its faults, and a millisecond each way.
struct Wire {
    now: Instant,
    faults: Faults,
    course: Course,
    line: Line,
    bug: Option<Bug>,
    to_server: Vec<Vec<u8>>,
    packets: Vec<String>,
}

impl Wire {
    fn sent(&mut self, direction: Direction, to: SocketAddr, datagram: &[u8]) {
        self.packets.push(Packet::parse(datagram).unwrap().to_string());
        if direction == Direction::Received {
            if let Some(intruder) = self.bug.and_then(|bug| bug.intruder(datagram)) {
                self.pass(direction, at(INTRUDER), &intruder);
            }
            return self.pass(direction, at(TID), datagram);
        }
        self.pass(direction, to, datagram);
    }

    fn pass(&mut self, direction: Direction, peer: SocketAddr, datagram: &[u8]) {
        let verdict = self.faults.judge(&mut self.course, direction, datagram);
        self.line.put(self.now + MS, direction, peer, &verdict);
    }

    /// The next thing that happens, if anything does.
    fn step(&mut self, client: &mut Side, server: &mut Side) -> bool {
        let wakes = [self.line.due(), client.wake, server.wake];
        let Some(next) = wakes.into_iter().flatten().min() else { return false };
        self.now = self.now.max(next);
        if let Some(parcel) = self.line.take(self.now) {
            match parcel.direction {
                Direction::Received if client.end.is_none() => {
                    client.machine.datagram(self.now, parcel.peer, &parcel.datagram);
                    client.drain(&parcel.datagram, self, Direction::Sent);
                }
                // The client's port is closed, and the system says so.
                Direction::Received => {
                    server.machine.unreachable(self.now, at(CLIENT));
                    server.drain(&[], self, Direction::Received);
                }
                Direction::Sent if parcel.peer == at(WELL_KNOWN) => {
                    // The machine was made for the first request; another one is taken for doubled.
                    if server.wake.is_none() && server.end.is_none() {
                        server.drain(&[], self, Direction::Received);
                    }
                }
                Direction::Sent if parcel.peer == at(TID) => {
                    self.to_server.push(parcel.datagram.clone());
                    server.machine.datagram(self.now, at(CLIENT), &parcel.datagram);
                    server.drain(&parcel.datagram, self, Direction::Received);
                }
                Direction::Sent => {}
            }
            return true;
        }
        for (side, direction) in [(client, Direction::Sent), (server, Direction::Received)] {
            if side.wake.is_some_and(|wake| wake <= self.now) {
                side.machine.tick(self.now);
                side.drain(&[], self, direction);
            }
        }
        true
    }
}

impl Side {
    fn new(machine: Box<dyn Machine>, given: Vec<u8>) -> Self {
        Self {
            machine,
            given,
            position: 0,
            taken: Vec::new(),
            committed: false,
            wake: None,
            complete: false,
            end: None,
        }
    }

    fn drain(&mut self, datagram: &[u8], wire: &mut Wire, direction: Direction) {
        if self.end.is_some() {
            return;
        }
        let now = wire.now;
        for _ in 0..10_000 {
            match self.machine.poll() {
                Output::Transmit { to, datagrams, stride } => {
                    datagrams.chunks(stride).for_each(|datagram| wire.sent(direction, to, datagram));
                }
                Output::Fill(room) => {
                    let rest = &self.given[self.position..];
                    let length = rest.len().min(room.len());
                    room[..length].copy_from_slice(&rest[..length]);
                    self.position += length;
                    self.machine.filled(now, length);
                }
                Output::Deliver(range) => self.taken.extend_from_slice(&datagram[range]),
                Output::Commit => {
                    self.committed = true;
                    self.machine.committed(now);
                }
                Output::Event(_) => {}
                Output::Complete(_) => self.complete = true,
                Output::Wait(moment) => {
                    self.wake = Some(moment);
                    return;
                }
                Output::Done => return self.finish(Ok(())),
                Output::Failed(failure) => return self.finish(Err(failure)),
            }
        }
        panic!("the machine never comes to rest");
    }

    fn finish(&mut self, end: Result<(), Failure>) {
        self.wake = None;
        self.end = Some(end);
    }
}

impl Outcome {
    fn count(&self, packet: &str) -> usize {
        self.packets.iter().filter(|it| it.starts_with(packet)).count()
    }

    fn client_failure(&self) -> String {
        match &self.client.end {
            Some(Err(failure)) => failure.to_string(),
            other => panic!("{other:?}: {:?}", self.packets),
        }
    }

    /// The file came over whole, and the receiver keeps it.
    fn whole(&self) -> bool {
        let (giver, taker) =
            if self.client.given.is_empty() { (&self.server, &self.client) } else { (&self.client, &self.server) };
        taker.committed && taker.taken == giver.given
    }
}

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

#[test]
fn sorcerers_apprentice_costs_29_packets_instead_of_17() {
    let good = get(4000).fault("dup sent ack 2").run();
    let bad = get(4000).fault("dup sent ack 2").bug(Bug::Sorcerer).run();
    assert_eq!((good.packets.len(), bad.packets.len()), (17, 29));
    assert!(good.whole() && bad.whole());
    for (block, copies) in [(1, 1), (2, 1), (3, 2), (5, 2), (8, 2)] {
        assert_eq!(bad.count(&format!("DATA <block={block},")), copies, "{:?}", bad.packets);
        assert_eq!(bad.count(&format!("ACK <block={block}>")), copies);
    }
    assert_eq!(get(512_000 - 1).fault("dup sent ack 2").bug(Bug::Sorcerer).run().count("DATA"), 1998);
    assert_eq!(get(4000).bug(Bug::Sorcerer).run().packets.len(), 17, "without the accident nobody sees it");
}

#[test]
fn a_lost_ack_shows_block_2_twice_on_the_wire_and_once_in_the_file() {
    let outcome = get(3000).fault("drop sent ack 2").run();
    assert_eq!((outcome.count("DATA <block=2,"), outcome.count("ACK <block=2>")), (2, 2));
    assert!(outcome.whole());
}

#[test]
fn blocks_from_zero_are_refused() {
    let outcome = get(3000).bug(Bug::FirstZero).run();
    assert!(outcome.packets[1].starts_with("DATA <block=0,"));
    assert_eq!(outcome.client_failure(), "the peer's first block is number 0, but blocks begin with 1");
}

#[test]
fn blocks_too_large_are_refused() {
    let outcome = get(3000).bug(Bug::Oversize).run();
    assert_eq!(outcome.client_failure(), "block 1 has 516 bytes, but 512 were agreed");
    assert_eq!(get(100).bug(Bug::Oversize).run().packets[1], "DATA <block=1, 100 bytes>", "only full blocks are wrong");
}

#[test]
fn a_server_that_never_resends_loses_the_file_with_one_packet() {
    let lossy = |class: Class| class.fault("drop received data 3").run();
    assert!(lossy(get(3000)).whole());
    let outcome = lossy(get(3000).bug(Bug::NoResend));
    assert_eq!(outcome.client_failure(), "Transfer timed out.");
    assert_eq!(outcome.count("DATA <block=3,"), 1);
    assert!(get(3000).bug(Bug::NoResend).run().whole(), "without a loss nobody sees it");
}

#[test]
fn without_its_empty_block_a_file_never_ends() {
    for class in [get(1024), get(1024).windowsize(8), get(0)] {
        let outcome = class.bug(Bug::NoEmpty).run();
        assert_eq!(outcome.client_failure(), "Transfer timed out.");
        assert_eq!(outcome.count("DATA <block=3,"), 0);
        assert!(outcome.server.complete, "the server thinks that all is well");
    }
    assert!(get(1023).bug(Bug::NoEmpty).run().whole());
    let lossy = get(1024).windowsize(8).fault("drop received data 1").bug(Bug::NoEmpty).run();
    assert_eq!(lossy.client.taken, lossy.server.given, "what is lost is still repeated");
}

#[test]
fn a_wrap_to_one_is_understood_and_a_stop_at_65535_is_a_stop() {
    let wrap = |class: Class| class.blksize(8).run();
    assert_eq!(wrap(get(524_300)).packets.len(), 131_079);
    let to_one = wrap(get(524_300).bug(Bug::WrapToOne));
    assert!(to_one.whole());
    assert_eq!((to_one.packets.len(), to_one.count("DATA <block=0,"), to_one.count("DATA <block=3,")), (131_079, 0, 2));
    let stop = wrap(get(524_300).bug(Bug::NoWrap));
    assert_eq!(stop.client_failure(), "Transfer timed out.");
    assert_eq!((stop.client.taken.len(), stop.count("DATA <block=0,")), (65_535 * 8, 0));
    assert!(get(524_300).bug(Bug::NoWrap).run().whole(), "at 512 there are numbers enough");
}

#[test]
fn an_upload_meets_the_wrap_bugs_too() {
    for bug in [Bug::WrapToOne, Bug::NoWrap] {
        let outcome = put(524_300).blksize(8).bug(bug).run();
        assert!(!outcome.whole() && outcome.server.taken.len() == 65_535 * 8, "{bug}");
        assert!(put(5000).blksize(8).bug(bug).run().whole(), "{bug}");
    }
}

#[test]
fn an_early_ack_leaves_the_client_with_a_file_that_is_not_there() {
    let outcome = put(3000).bug(Bug::AckEarly).run();
    assert_eq!(outcome.client.end, Some(Ok(())), "the client was told that all is well");
    assert!(outcome.client.complete && !outcome.server.committed && outcome.server.end.is_some());
    assert_eq!(outcome.count("ACK <block=6>"), 1);
    assert_eq!(outcome.packets.last().map(String::as_str), Some("ERROR <code=3, msg=the file could not be stored>"));
}

#[test]
fn options_unasked_or_raised_are_refused_with_error_8() {
    for (bug, oack) in [(Bug::OackExtra, "OACK <blksize=1024, rollover=0>"), (Bug::OackRaise, "OACK <blksize=1536>")] {
        for class in [get(3000), put(3000)] {
            let outcome = class.blksize(1024).bug(bug).run();
            assert_eq!(outcome.packets[1], oack);
            assert!(matches!(outcome.client.end, Some(Err(Failure::BadOption(_)))));
            assert_eq!(outcome.count(&format!("ERROR <code={}", ErrorCode::OPTIONS.0)), 1);
        }
        assert!(get(3000).bug(bug).run().whole(), "without options nobody sees it");
    }
}

#[test]
fn a_stranger_is_told_off_and_only_a_client_without_tid_believes_it() {
    let good = get(3000).bug(Bug::Stranger).run();
    assert!(good.whole() && good.count("ERROR <code=5") == 1);
    let bad = get(3000).bug(Bug::Stranger).client_bug(ClientBug::NoTid).run();
    assert!(bad.client.complete && !bad.whole() && bad.count("ERROR") == 0);
    let wrong: Vec<usize> = (0..3000).filter(|&place| bad.client.taken[place] != bad.server.given[place]).collect();
    assert_eq!(wrong, (512..1024).collect::<Vec<_>>(), "the stranger's block 2 is in the file");
    assert!(get(3000).client_bug(ClientBug::NoTid).run().whole(), "without a stranger nobody sees it");
}

#[test]
fn a_server_on_one_port_is_borne() {
    assert!(get(3000).bug(Bug::OnePort).run().whole());
}

#[test]
fn without_a_dally_a_lost_last_ack_leaves_the_server_in_doubt() {
    let polite = get(3000).fault("drop sent ack last").run();
    assert!(polite.whole() && polite.server.complete);
    assert_eq!((polite.count("DATA <block=6,"), polite.count("ACK <block=6>")), (2, 2));
    let hasty = get(3000).fault("drop sent ack last").client_bug(ClientBug::NoDally).run();
    assert!(hasty.whole() && !hasty.server.complete, "the file is whole, but the server cannot know");
    assert_eq!(hasty.server.end, Some(Err(Failure::Vanished)));
    assert_eq!((hasty.count("DATA <block=6,"), hasty.count("ACK <block=6>")), (2, 1));
}

#[test]
fn bugs_of_one_direction_leave_the_other_alone() {
    for bug in [Bug::Sorcerer, Bug::FirstZero, Bug::Oversize, Bug::NoResend, Bug::NoEmpty] {
        assert!(put(3000).bug(bug).run().whole(), "{bug}");
    }
    assert!(get(3000).bug(Bug::AckEarly).run().whole());
}

#[test]
fn a_lost_request_is_repeated_by_the_client_and_lost_data_by_the_server() {
    let request = get(13).fault("drop sent rrq first").run();
    assert!(request.whole() && request.count("RRQ") == 2 && request.count("DATA") == 1);
    let data = get(3000).fault("drop received data 3").run();
    assert!(data.whole() && data.count("DATA <block=3,") == 2 && data.count("ACK <block=2>") == 1);
}

#[test]
fn the_same_faults_give_the_same_packets() {
    let run = |seed| {
        let mut class = get(20_000).fault("drop both any rate 10%").fault("dup both any rate 10%");
        class.faults.set_seed(seed);
        class.run().packets
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
