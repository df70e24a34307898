//! A client, the network, and a server that answers each request from a new port.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tftpsh::event::{Direction, Side};
use tftpsh::transfer::{
    Abort, Attempt, FailedAttempt, Input, Receiver, Replay, Request, RetryPolicy, Rexmt, Sender, Task, WriteFile,
};
use tftpsh::wire::{Mode, Offer, Packet, RequestKind, WindowSize};

use crate::host::{File, Host};
use crate::network::{Network, Random, Weather};
use crate::scenario::{Scenario, Stopped};
use crate::witness::Witness;

const CLIENT: &str = "192.0.2.1:40000";
const WELL_KNOWN: &str = "192.0.2.2:69";
/// Time without progress after which everybody gives up.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(25);

pub(crate) struct Outcome {
    pub(crate) client: Host,
    /// The last attempt.
    pub(crate) attempt: Attempt,
    pub(crate) servers: Vec<Host>,
    pub(crate) elapsed: Duration,
}

/// The client's file.
enum Local {
    Source(Replay<File>),
    Target(File),
}

struct World<'a> {
    scenario: &'a Scenario,
    content: Vec<u8>,
    network: Network,
    client: Host,
    attempt: Attempt,
    /// What the client asks for.
    offer: Offer,
    servers: Vec<Host>,
    /// The ports that the servers answer.
    asking: Vec<SocketAddr>,
    now: Instant,
    /// When the user stops the client.
    stop: Option<Instant>,
}

/// Runs one transfer to its very end, dallying included.
pub(crate) fn run(scenario: &Scenario) -> Outcome {
    let start = Instant::now();
    let mut random = Random(scenario.seed);
    let content = content(scenario.length, &mut random);
    let file = match scenario.kind {
        RequestKind::Read => Local::Target(File::target(scenario.mode)),
        RequestKind::Write => {
            let mut file = File::source(content.clone(), scenario.mode);
            if let Some(Stopped::WithTheProducer(end)) = scenario.stopped {
                file.cut = Some(end);
            }
            Local::Source(Replay::new(file))
        }
    };
    let stop = match scenario.stopped {
        Some(Stopped::At(time)) => Some(start + time),
        Some(Stopped::WithTheProducer(_)) | None => None,
    };
    let witness = Witness::new(Side::Client, address(CLIENT), scenario, start);
    let client = Host::new(request(scenario, start, scenario.offer, file), witness);
    let network = Network::new(scenario.weather, random);
    let mut world = World {
        scenario,
        content,
        network,
        client,
        attempt: Attempt::Full,
        offer: scenario.offer,
        servers: Vec::new(),
        asking: Vec::new(),
        now: start,
        stop,
    };
    world.client.input(start, Input::Start, &mut world.network);
    for _ in 0..3_000_000 {
        if !world.step() {
            let World { client, attempt, servers, now, .. } = world;
            return Outcome { client, attempt, servers, elapsed: now - start };
        }
    }
    panic!("never ends: {scenario:?}");
}

impl World<'_> {
    /// The next thing that happens; nothing more will when this is `false`.
    fn step(&mut self) -> bool {
        if let Some(next) = self.next_attempt() {
            self.ask_again(next);
            return true;
        }
        let arrival = self.network.next_arrival();
        let stop = self.stop.filter(|_| self.client.end.is_none());
        let wakes = self.servers.iter().filter_map(|it| it.wake).chain(self.client.wake);
        let Some(next) = wakes.chain(arrival).chain(stop).min() else { return false };
        self.now = self.now.max(next);
        if stop.is_some_and(|at| at <= self.now) {
            self.stop = None;
            self.client.input(self.now, Input::Abort(Abort::Interrupted), &mut self.network);
            return true;
        }
        if arrival.is_some_and(|at| at <= self.now) {
            self.arrive();
            return true;
        }
        for host in self.servers.iter_mut().chain([&mut self.client]) {
            if host.wake.is_some_and(|wake| wake <= self.now) {
                host.input(self.now, Input::Tick, &mut self.network);
            }
        }
        true
    }

    /// The attempt that follows the client's, if it failed. Each has the whole timeout.
    fn next_attempt(&self) -> Option<Attempt> {
        let Some(Err(failure)) = &self.client.end else { return None };
        let blocks = self.client.task.machine().stats().blocks;
        let (attempt, kind, offer, left) = (self.attempt, self.scenario.kind, self.offer, TIMEOUT);
        FailedAttempt { attempt, kind, offer, failure, blocks, restartable: true, left }.next()
    }

    /// Requests again, from a fresh port, as a client does.
    fn ask_again(&mut self, next: Attempt) {
        (self.attempt, self.offer) = (next, next.reduce(self.offer));
        let fresh = SocketAddr::new(self.client.address.ip(), self.client.address.port() + 1);
        let file = match &mut self.client.task {
            Task::Send { machine, file } => {
                file.put_back(machine.unacknowledged());
                Local::Source(std::mem::take(file))
            }
            Task::Receive { file, .. } => {
                file.start_over().unwrap();
                Local::Target(std::mem::take(file))
            }
        };
        let witness = Witness::new(Side::Client, fresh, self.scenario, self.now);
        self.client = Host::new(request(self.scenario, self.now, self.offer, file), witness);
        self.client.input(self.now, Input::Start, &mut self.network);
    }

    fn arrive(&mut self) {
        let Some(arrival) = self.network.receive() else { return };
        if arrival.to == address(WELL_KNOWN) {
            self.answer(&arrival.datagram, arrival.from);
        } else if let Some(host) = self.servers.iter_mut().chain([&mut self.client]).find(|it| it.address == arrival.to)
        {
            host.input(self.now, Input::datagram(arrival.from, &arrival.datagram), &mut self.network);
        }
    }

    /// A server answers requests only, and takes one for doubled while the first from that port still lives.
    fn answer(&mut self, datagram: &[u8], from: SocketAddr) {
        let Ok(Packet::Request(request)) = Packet::parse(datagram) else { return };
        let forged = from.ip() != address(CLIENT).ip();
        let mut servers = self.servers.iter().zip(&self.asking);
        if forged || servers.any(|(it, asking)| *asking == from && it.end.is_none() && it.report.is_none()) {
            return;
        }
        let scenario = self.scenario;
        let offer = Offer::parse(&request.options);
        let retry_policy = retry_policy(scenario.server_rexmt);
        let task = match request.kind {
            RequestKind::Read => {
                // The size of a text is unknown.
                let size = (scenario.mode == Mode::Octet).then_some(scenario.size as u64);
                let answer = offer.answer(&scenario.limits, size);
                let file = File::source(self.content.clone(), scenario.mode);
                Task::send(Sender::answer(self.now, from, answer, retry_policy), Replay::new(file))
            }
            RequestKind::Write => {
                let answer = offer.answer(&scenario.limits, offer.tsize);
                let machine = Receiver::answer(self.now, from, answer, retry_policy);
                Task::receive(machine, File::target(scenario.mode))
            }
        };
        let tid = SocketAddr::new(address(WELL_KNOWN).ip(), 50_000 + self.servers.len() as u16);
        let mut witness = Witness::new(Side::Server, tid, scenario, self.now);
        witness.packet(self.now, Direction::Received, from, datagram);
        let mut server = Host::new(task, witness);
        server.input(self.now, Input::Start, &mut self.network);
        self.servers.push(server);
        self.asking.push(from);
    }
}

/// Few different bytes, so that netascii has something to convert.
fn content(length: usize, random: &mut Random) -> Vec<u8> {
    const BYTES: [u8; 16] = *b"\r\n\0ab\xffcdefgh\r\nij";
    let sixteen = |random: u64| (0..16).map(move |place| BYTES[(random >> (4 * place)) as usize % 16]);
    let mut content: Vec<u8> = (0..length.div_ceil(16)).flat_map(|_| sixteen(random.next())).collect();
    content.truncate(length);
    content
}

/// A client's transfer: from a file, or into one.
fn request(scenario: &Scenario, now: Instant, offer: Offer, file: Local) -> Task<Replay<File>, File> {
    let request = Request { filename: b"file", mode: scenario.mode, offer };
    let (server, retry_policy) = (address(WELL_KNOWN), retry_policy(scenario.client_rexmt));
    match file {
        Local::Target(target) => Task::receive(Receiver::request(now, server, &request, retry_policy).unwrap(), target),
        Local::Source(source) => Task::send(Sender::request(now, server, &request, retry_policy).unwrap(), source),
    }
}

fn retry_policy(rexmt: Rexmt) -> RetryPolicy {
    RetryPolicy { rexmt, timeout: TIMEOUT, ..RetryPolicy::default() }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

impl Outcome {
    /// The promise: whoever keeps a file has it whole, whoever is told that it is safe is told the truth, and
    /// everybody comes to an end.
    pub(crate) fn check(&self, scenario: &Scenario) {
        let takers: Vec<&Host> = match scenario.kind {
            RequestKind::Read => vec![&self.client],
            RequestKind::Write => self.servers.iter().collect(),
        };
        let givers: Vec<&Host> = match scenario.kind {
            RequestKind::Read => self.servers.iter().collect(),
            RequestKind::Write => vec![&self.client],
        };
        let kept: Vec<&&Host> = takers.iter().filter(|it| it.file().committed).collect();
        for taker in &kept {
            assert!(
                givers.iter().all(|it| it.file().given == taker.file().taken),
                "a wrong file was kept: {scenario:?}"
            );
        }
        for host in takers.iter().chain(&givers) {
            host.check_size(scenario);
        }
        for taker in &takers {
            assert_eq!(taker.report.is_some(), taker.file().committed, "{scenario:?}");
        }
        if givers.iter().any(|it| it.report.is_some()) {
            assert!(!kept.is_empty(), "told that the file is safe, but it is not: {scenario:?}");
        }
        let Weather { loss, longest, overtaken, .. } = scenario.weather;
        // A first block that waits for the timer of its sender counts as lost.
        let is_harmless = scenario.can_succeed() && (loss, longest, overtaken) == (0, None, None);
        assert!(self.attempt != Attempt::SmallBlocks || !is_harmless, "asked again without need: {scenario:?}");
        for host in takers.iter().chain(&givers) {
            assert!(host.end.is_some(), "no end: {scenario:?}");
            host.check_copies(scenario);
        }
        // A put may be asked twice and each side dallies; nothing takes longer than progress each 25 s would.
        let blocks = 1 + scenario.size as u32 / 8;
        assert!(self.elapsed < TIMEOUT * (4 + blocks), "{:?}: {scenario:?}", self.elapsed);
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.client.report.is_some()
    }
}

impl Host {
    /// Nobody reports success with another size than was agreed.
    fn check_size(&self, scenario: &Scenario) {
        let Some(report) = self.report.filter(|_| scenario.mode == Mode::Octet) else { return };
        // To whoever sends the file, the lie is an answer that it ignores.
        let is_told = self.file().committed || scenario.weather.lie.is_none();
        let agreed = report.terms.tsize.filter(|size| *size > 0 && is_told);
        assert!(agreed.is_none_or(|size| size == report.stats.bytes), "{} bytes: {scenario:?}", report.stats.bytes);
    }

    /// At most one copy of a block for each timeout, whatever arrives (RFC 1123 section 4.2.3.1).
    fn check_copies(&self, scenario: &Scenario) {
        if self.task.machine().terms().windowsize > WindowSize::LEAST {
            return;
        }
        // A file with more blocks than there are numbers uses them again by right.
        let rounds = 1 + scenario.size as u32 * 2 / (8 * 65536);
        let most = self.counts.copies.values().max().copied().unwrap_or(0);
        assert!(
            most <= rounds + self.counts.timeouts,
            "{most} copies of a block, {} timeouts: {scenario:?}",
            self.counts.timeouts
        );
    }
}
