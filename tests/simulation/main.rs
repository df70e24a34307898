//! Both machines in all four roles over a virtual, seeded network: every file arrives whole, or the failure is told.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

mod host;
mod network;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use host::{File, Host};
use network::{Network, Random, Weather};
use tftpsh::transfer::{Ask, Failure, Machine, Patience, Receiver, Rexmt, Sender};
use tftpsh::wire::{BlockSize, Limits, Mode, Offer, Packet, RequestKind, WindowSize};

const MS: Duration = Duration::from_millis(1);
const CLIENT: &str = "192.0.2.1:40000";
const WELL_KNOWN: &str = "192.0.2.2:69";

#[derive(Debug, Clone, Copy)]
struct Scenario {
    seed: u64,
    kind: RequestKind,
    size: usize,
    offer: Offer,
    limits: Limits,
    weather: Weather,
    rexmt: (Rexmt, Rexmt),
}

struct Outcome {
    client: Host,
    servers: Vec<Host>,
    elapsed: Duration,
}

/// A server that answers each request from a new port, as RFC 1350 section 4 wants it, and takes a request for doubled
/// while the first still lives.
fn run(scenario: &Scenario) -> Outcome {
    let mut random = Random(scenario.seed);
    let content: Vec<u8> = (0..scenario.size).map(|_| random.next() as u8).collect();
    let mut network = Network::new(scenario.weather, random);
    let start = Instant::now();
    let (client_address, well_known): (SocketAddr, SocketAddr) = (CLIENT.parse().unwrap(), WELL_KNOWN.parse().unwrap());
    let patience = |rexmt| Patience { rexmt, timeout: 25_000 * MS };
    let request = |now, offer| -> Box<dyn Machine> {
        let ask = Ask { filename: b"file", mode: Mode::Octet, offer };
        match scenario.kind {
            RequestKind::Read => {
                Box::new(Receiver::request(now, well_known, &ask, patience(scenario.rexmt.0)).unwrap())
            }
            RequestKind::Write => Box::new(Sender::request(now, well_known, &ask, patience(scenario.rexmt.0)).unwrap()),
        }
    };
    let file = match scenario.kind {
        RequestKind::Read => File::default(),
        RequestKind::Write => File::source(content.clone()),
    };
    let mut client = Host::new(client_address, request(start, scenario.offer), file);
    client.drain(start, &[], &mut network);
    let mut servers: Vec<Host> = Vec::new();
    let mut now = start;
    for _ in 0..3_000_000 {
        let again = matches!(client.end, Some(Err(Failure::Options(_)))).then_some(now);
        let wakes = servers.iter().filter_map(|it| it.wake).chain(client.wake).chain(again);
        let Some(next) = wakes.chain(network.next_arrival()).min() else {
            return Outcome { client, servers, elapsed: now - start };
        };
        now = now.max(next);
        if again.is_some() {
            // What the client does: once more without options, from a fresh port.
            let fresh = SocketAddr::new(client_address.ip(), client_address.port() + 1);
            client = Host::new(fresh, request(now, Offer::default()), client.file);
            client.drain(now, &[], &mut network);
            continue;
        }
        if network.next_arrival().is_some_and(|at| at <= now) {
            let Some(arrival) = network.receive() else { continue };
            if arrival.to == well_known {
                if let Some(server) =
                    answer(scenario, now, &arrival.datagram, arrival.from, &servers, &content, &patience)
                {
                    servers.push(server);
                    let last = servers.last_mut().unwrap();
                    last.drain(now, &[], &mut network);
                }
            } else if let Some(host) = servers.iter_mut().chain([&mut client]).find(|it| it.address == arrival.to) {
                host.receive(now, arrival.from, &arrival.datagram, &mut network);
            }
            continue;
        }
        for host in servers.iter_mut().chain([&mut client]) {
            if host.wake.is_some_and(|wake| wake <= now) {
                host.tick(now, &mut network);
            }
        }
    }
    panic!("never ends: {scenario:?}");
}

fn answer(
    scenario: &Scenario,
    now: Instant,
    datagram: &[u8],
    from: SocketAddr,
    servers: &[Host],
    content: &[u8],
    patience: &dyn Fn(Rexmt) -> Patience,
) -> Option<Host> {
    let Ok(Packet::Request(request)) = Packet::parse(datagram) else { panic!("only requests go to the port asked") };
    if servers.iter().any(|it| it.end.is_none() && it.report.is_none()) {
        return None;
    }
    let offer = Offer::parse(&request.options);
    let patience = patience(scenario.rexmt.1);
    let address = SocketAddr::new(WELL_KNOWN.parse::<SocketAddr>().unwrap().ip(), 50_000 + servers.len() as u16);
    Some(match request.kind {
        RequestKind::Read => {
            let answer = offer.answer(&scenario.limits, Some(content.len() as u64));
            let machine = Sender::answer(now, from, answer, patience);
            Host::new(address, Box::new(machine), File::source(content.to_vec()))
        }
        RequestKind::Write => {
            let answer = offer.answer(&scenario.limits, offer.tsize);
            Host::new(address, Box::new(Receiver::answer(now, from, answer, patience)), File::default())
        }
    })
}

impl Outcome {
    /// The promise: whoever says the file is safe has it whole, and whoever gave it out and was told so is right.
    fn check(&self, scenario: &Scenario) {
        let senders_receivers = |given: &Host, takers: &mut dyn Iterator<Item = &Host>| {
            for taker in takers {
                if taker.file.committed {
                    assert!(taker.file.taken == given.file.given, "a wrong file was kept: {scenario:?}");
                }
            }
        };
        match scenario.kind {
            RequestKind::Read => {
                assert_eq!(self.client.report.is_some(), self.client.file.committed, "{scenario:?}");
                self.servers.iter().for_each(|given| senders_receivers(given, &mut [&self.client].into_iter()));
            }
            RequestKind::Write => {
                senders_receivers(&self.client, &mut self.servers.iter());
                let stored = self.servers.iter().any(|it| it.file.committed);
                assert!(self.client.report.is_none() || stored, "told stored, but is not: {scenario:?}");
            }
        }
        for host in self.servers.iter().chain([&self.client]) {
            assert!(host.end.is_some(), "an end for everybody: {scenario:?}");
            // A file of more blocks than numbers uses each of them again by right.
            let rounds = 1 + scenario.size as u32 / (8 * 65536);
            if host.machine.stats().terms.windowsize == WindowSize::LEAST {
                let most = host.copies.values().max().copied().unwrap_or(0);
                assert!(
                    most <= rounds + host.timeouts,
                    "a block went out {most} times in {} timeouts: {scenario:?}",
                    host.timeouts
                );
            }
        }
        assert!(self.elapsed < Duration::from_secs(3600), "{scenario:?}");
    }

    fn succeeded(&self) -> bool {
        self.client.report.is_some()
    }
}

fn scenario(seed: u64) -> Scenario {
    let mut random = Random(seed ^ 0x5eed);
    let blksize = random.pick(&[8, 512, 1428]);
    let windowsize = random.pick(&[1, 1, 4, 16]);
    let blocks = random.below(60) as usize;
    let tail = random.pick(&[0, 1, blksize / 2, blksize - 1]);
    let offer = Offer {
        tsize: random.chance(800).then_some(0),
        timeout: None,
        blksize: BlockSize::new(blksize as u64).filter(|_| random.chance(800)),
        windowsize: WindowSize::new(windowsize).filter(|_| random.chance(800)),
    };
    let loss = random.pick(&[0, 5, 20, 50, 100, 200, 300]);
    Scenario {
        seed,
        kind: random.pick(&[RequestKind::Read, RequestKind::Write]),
        size: blocks * blksize + tail,
        offer,
        limits: Limits { options: random.chance(900), ..Limits::default() },
        weather: Weather {
            loss,
            duplication: random.pick(&[0, 0, 20, 200]),
            delay: random.pick(&[MS / 10, 5 * MS, 40 * MS]),
            jitter: random.pick(&[Duration::ZERO, MS, 30 * MS]),
        },
        rexmt: (
            random.pick(&[Rexmt::Auto, Rexmt::Auto, Rexmt::Fixed(1000 * MS)]),
            random.pick(&[Rexmt::Auto, Rexmt::Auto, Rexmt::Fixed(2000 * MS)]),
        ),
    }
}

#[test]
fn every_file_arrives_whole_or_the_failure_is_told() {
    let mut failed = Vec::new();
    for seed in 0..3000 {
        let scenario = scenario(seed);
        let outcome = run(&scenario);
        outcome.check(&scenario);
        if !outcome.succeeded() {
            failed.push((seed, scenario.weather.loss, outcome.client.end));
        }
    }
    // On a network that loses at most one packet in twenty, patience of 25 s is always enough.
    let early: Vec<_> = failed.iter().filter(|(_, loss, _)| *loss <= 50).collect();
    assert!(early.is_empty(), "{early:?}");
    assert!(failed.len() < 60, "{} of 3000 gave up: {failed:?}", failed.len());
}

#[test]
fn more_blocks_than_numbers_wrap_in_every_role() {
    for (seed, kind, windowsize) in
        [(1, RequestKind::Read, 1), (2, RequestKind::Write, 1), (3, RequestKind::Read, 16), (4, RequestKind::Write, 16)]
    {
        let scenario = Scenario {
            size: 8 * 65_540 + 3,
            kind,
            offer: Offer { blksize: BlockSize::new(8), windowsize: WindowSize::new(windowsize), ..Offer::default() },
            limits: Limits::default(),
            weather: Weather { loss: 1, duplication: 1, delay: MS / 10, jitter: MS / 20 },
            rexmt: (Rexmt::Auto, Rexmt::Auto),
            seed,
        };
        let outcome = run(&scenario);
        outcome.check(&scenario);
        assert!(outcome.succeeded(), "{scenario:?}: {:?}", outcome.client.end);
    }
}

#[test]
fn a_clear_day_costs_no_packet_twice() {
    for seed in 0..200 {
        let mut scenario = scenario(seed);
        scenario.weather = Weather { delay: 5 * MS, ..Weather::default() };
        let outcome = run(&scenario);
        outcome.check(&scenario);
        let (client, server) = (outcome.client.machine.stats(), outcome.servers[0].machine.stats());
        assert_eq!((client.resent, server.resent, client.duplicates, server.duplicates), (0, 0, 0, 0), "{scenario:?}");
        assert!(outcome.succeeded() && outcome.servers.len() == 1);
    }
}

#[test]
fn nobody_there_ends_with_the_timeout() {
    let mut scenario = scenario(7);
    scenario.weather.loss = 1000;
    scenario.offer = Offer::default();
    let outcome = run(&scenario);
    assert_eq!(outcome.client.end, Some(Err(Failure::TimedOut { answered: false })));
    assert_eq!(outcome.elapsed, 25_000 * MS);
}
