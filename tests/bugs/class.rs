//! The setup of a class in virtual time: two machines, a link between them, faults and bugs.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tftpsh::event::Direction;
use tftpsh::fault::{Faults, FaultyLink};
use tftpsh::internals::{BuggyClient, BuggyServer, ClientBug, ServerBug};
use tftpsh::transfer::{
    Failure, Input, Io, ReadFile, Receiver, Request, RetryPolicy, Rexmt, Sender, Step, Task, WriteFile,
};
use tftpsh::wire::{BlockSize, Limits, Mode, Offer, Packet, RequestKind, WindowSize};

pub(crate) const CLIENT: &str = "127.0.0.1:40000";
pub(crate) const WELL_KNOWN: &str = "127.0.0.1:69";
pub(crate) const TID: &str = "127.0.0.1:50000";
pub(crate) const INTRUDER: &str = "127.0.0.1:50001";
pub(crate) const MS: Duration = Duration::from_millis(1);

/// The setup of a class: one transfer, one bug, some faults on the client's side.
pub(crate) struct Class {
    pub(crate) kind: RequestKind,
    pub(crate) size: usize,
    pub(crate) offer: Offer,
    pub(crate) bug: Option<ServerBug>,
    pub(crate) client_bug: Option<ClientBug>,
    pub(crate) faults: Faults,
}

/// One side of the transfer.
pub(crate) struct Side {
    task: Task<File, File>,
    pub(crate) wake: Option<Instant>,
    pub(crate) complete: bool,
    pub(crate) end: Option<Result<(), Failure>>,
}

/// The bytes to send, or the bytes received.
pub(crate) struct File {
    pub(crate) given: Vec<u8>,
    position: usize,
    pub(crate) taken: Vec<u8>,
    pub(crate) committed: bool,
}

/// The result. Packets are counted as the machines sent them, without copies made on the way.
pub(crate) struct Outcome {
    pub(crate) client: Side,
    pub(crate) server: Side,
    pub(crate) packets: Vec<String>,
}

pub(crate) fn get(size: usize) -> Class {
    let (offer, faults) = (Offer::default(), Faults::default());
    Class { kind: RequestKind::Read, size, offer, bug: None, client_bug: None, faults }
}

pub(crate) fn put(size: usize) -> Class {
    Class { kind: RequestKind::Write, ..get(size) }
}

impl Class {
    pub(crate) fn bug(self, bug: ServerBug) -> Self {
        Self { bug: Some(bug), ..self }
    }

    pub(crate) fn client_bug(self, bug: ClientBug) -> Self {
        Self { client_bug: Some(bug), ..self }
    }

    pub(crate) fn fault(mut self, rule: &str) -> Self {
        self.faults.add(rule.parse().unwrap());
        self
    }

    pub(crate) fn blksize(mut self, size: u64) -> Self {
        self.offer.blksize = BlockSize::new(size);
        self
    }

    pub(crate) fn windowsize(mut self, size: u64) -> Self {
        self.offer.windowsize = WindowSize::new(size);
        self
    }

    pub(crate) fn run(mut self) -> Outcome {
        let now = Instant::now();
        let content: Vec<u8> = (0..self.size).map(|place| (place * 7 + place / 251) as u8).collect();
        let mut wire = Wire {
            now,
            link: FaultyLink::new(self.faults.begin()),
            faults: self.faults.clone(),
            bug: self.bug,
            to_server: Vec::new(),
            packets: Vec::new(),
        };
        let (given, taken) = match self.kind {
            RequestKind::Read => (Vec::new(), content.clone()),
            RequestKind::Write => (content.clone(), Vec::new()),
        };
        let mut client = Side::new(self.client(now, File::of(given)));
        let mut server = Side::new(self.server(now, File::of(taken)));
        client.input(Input::Start, &mut wire, Direction::Sent);
        for _ in 0..2_000_000 {
            if !wire.step(&mut client, &mut server) {
                return Outcome { client, server, packets: wire.packets };
            }
        }
        panic!("never ends");
    }

    pub(crate) fn client(&self, now: Instant, file: File) -> Task<File, File> {
        let request = Request { filename: b"f", mode: Mode::Octet, offer: self.offer };
        let retry_policy =
            RetryPolicy { rexmt: Rexmt::Fixed(5000 * MS), timeout: 12_000 * MS, ..RetryPolicy::default() };
        match (self.kind, self.client_bug) {
            (RequestKind::Write, _) => {
                Task::send(Sender::request(now, at(WELL_KNOWN), &request, retry_policy).unwrap(), file)
            }
            (RequestKind::Read, bug) => {
                let machine = Receiver::request(now, at(WELL_KNOWN), &request, retry_policy).unwrap();
                match bug {
                    Some(bug) => Task::receive(BuggyClient::new(machine, bug), file),
                    None => Task::receive(machine, file),
                }
            }
        }
    }

    pub(crate) fn server(&self, now: Instant, file: File) -> Task<File, File> {
        let answer = self.offer.answer(&Limits::default(), None);
        let retry_policy =
            RetryPolicy { rexmt: Rexmt::Fixed(1000 * MS), timeout: 25_000 * MS, ..RetryPolicy::default() };
        match (self.kind, self.bug) {
            (RequestKind::Read, None) => Task::send(Sender::answer(now, at(CLIENT), answer, retry_policy), file),
            (RequestKind::Write, None) => Task::receive(Receiver::answer(now, at(CLIENT), answer, retry_policy), file),
            (RequestKind::Read, Some(bug)) => {
                let machine = Sender::answer(now, at(CLIENT), answer, retry_policy);
                Task::send(BuggyServer::new(machine, bug, now, at(CLIENT)), file)
            }
            (RequestKind::Write, Some(bug)) => {
                let machine = Receiver::answer(now, at(CLIENT), answer, retry_policy);
                Task::receive(BuggyServer::new(machine, bug, now, at(CLIENT)), file)
            }
        }
    }
}

/// The link between both, as the client sees it: its faults, and a millisecond in each direction.
pub(crate) struct Wire {
    pub(crate) now: Instant,
    pub(crate) faults: Faults,
    pub(crate) link: FaultyLink,
    pub(crate) bug: Option<ServerBug>,
    pub(crate) to_server: Vec<Vec<u8>>,
    pub(crate) packets: Vec<String>,
}

impl Wire {
    pub(crate) fn sent(&mut self, direction: Direction, to: SocketAddr, datagram: &[u8]) {
        self.packets.push(Packet::parse(datagram).unwrap().to_string());
        if direction == Direction::Received {
            if let Some(intruder) = self.bug.and_then(|bug| bug.intruder(datagram)) {
                self.pass(direction, at(INTRUDER), &intruder);
            }
            return self.pass(direction, at(TID), datagram);
        }
        self.pass(direction, to, datagram);
    }

    pub(crate) fn pass(&mut self, direction: Direction, peer: SocketAddr, datagram: &[u8]) {
        let judgement = self.link.judge(&mut self.faults, direction, datagram);
        match direction {
            Direction::Sent => self.link.send(self.now + MS, peer, datagram, judgement),
            Direction::Received => self.link.receive(self.now + MS, peer, datagram, judgement, |_| {}),
        }
    }

    /// Runs the next step, if there is one.
    pub(crate) fn step(&mut self, client: &mut Side, server: &mut Side) -> bool {
        let wakes = [self.link.due(), client.wake, server.wake];
        let Some(next) = wakes.into_iter().flatten().min() else { return false };
        self.now = self.now.max(next);
        if let Some(packet) = self.link.leave(self.now).or_else(|| self.link.arrive(self.now, |_| {})) {
            match packet.direction {
                _ if packet.is_lost() => {}
                Direction::Received if client.end.is_none() => {
                    client.input(Input::datagram(packet.peer, packet.bytes()), self, Direction::Sent);
                }
                // The client's port is closed, and the system reports it.
                Direction::Received => {
                    server.input(Input::Unreachable(at(CLIENT)), self, Direction::Received);
                }
                Direction::Sent if packet.peer == at(WELL_KNOWN) => {
                    // The machine is for the first request; another one counts as a duplicate.
                    if server.wake.is_none() && server.end.is_none() {
                        server.input(Input::Start, self, Direction::Received);
                    }
                }
                Direction::Sent if packet.peer == at(TID) => {
                    self.to_server.push(packet.bytes().to_vec());
                    server.input(Input::datagram(at(CLIENT), packet.bytes()), self, Direction::Received);
                }
                Direction::Sent => {}
            }
            return true;
        }
        for (side, direction) in [(client, Direction::Sent), (server, Direction::Received)] {
            if side.wake.is_some_and(|wake| wake <= self.now) {
                side.input(Input::Tick, self, direction);
            }
        }
        true
    }
}

impl Side {
    fn new(task: Task<File, File>) -> Self {
        Self { task, wake: None, complete: false, end: None }
    }

    pub(crate) fn file(&self) -> &File {
        match &self.task {
            Task::Send { file, .. } | Task::Receive { file, .. } => file,
        }
    }

    fn input(&mut self, input: Input<'_>, wire: &mut Wire, direction: Direction) {
        if self.end.is_some() {
            return;
        }
        self.wake = None;
        match self.task.run(input, &mut Link { wire, direction }) {
            Step::Wait(until) => self.wake = Some(until),
            Step::Complete { dally, .. } => {
                self.complete = true;
                self.wake = dally;
                self.end = dally.is_none().then_some(Ok(()));
            }
            Step::Over => self.end = Some(Ok(())),
            Step::Failed(stopped) => self.end = Some(Err(stopped.failure)),
        }
    }
}

/// The link as one side uses it.
struct Link<'a> {
    wire: &'a mut Wire,
    direction: Direction,
}

impl Io for Link<'_> {
    fn now(&mut self) -> Instant {
        self.wire.now
    }

    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        datagrams.chunks(stride).for_each(|datagram| self.wire.sent(self.direction, to, datagram));
        Ok(())
    }
}

impl File {
    fn of(given: Vec<u8>) -> Self {
        Self { given, position: 0, taken: Vec::new(), committed: false }
    }
}

impl ReadFile for File {
    fn fill(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let rest = &self.given[self.position..];
        let length = rest.len().min(room.len());
        room[..length].copy_from_slice(&rest[..length]);
        self.position += length;
        Ok(length)
    }
}

impl WriteFile for File {
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.taken.extend_from_slice(bytes);
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        self.committed = true;
        Ok(())
    }
}

impl Outcome {
    pub(crate) fn count(&self, packet: &str) -> usize {
        self.packets.iter().filter(|it| it.starts_with(packet)).count()
    }

    pub(crate) fn client_failure(&self) -> String {
        match &self.client.end {
            Some(Err(failure)) => failure.to_string(),
            other => panic!("{other:?}: {:?}", self.packets),
        }
    }

    /// The file came over whole, and the receiver keeps it.
    pub(crate) fn whole(&self) -> bool {
        let (client, server) = (self.client.file(), self.server.file());
        let (giver, taker) = if client.given.is_empty() { (server, client) } else { (client, server) };
        taker.committed && taker.taken == giver.given
    }
}

pub(crate) fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}
