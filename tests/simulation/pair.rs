//! A client and a server on a path that keeps the order of its packets, but for one fault. Each host reads and answers at
//! its own pace: several datagrams at a time, and only after some work.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tftpsh::transfer::{Event, Input, Io, Receiver, Replay, Request, RetryPolicy, Rexmt, Sender, Step, Task};
use tftpsh::wire::{BlockSize, Limits, Mode, Offer, Opcode, Packet, RequestKind, WindowSize};

use crate::host::File;
use crate::network::Random;

const SERVER: &str = "192.0.2.2:69";
const TIDS: [&str; 2] = ["192.0.2.1:40000", "192.0.2.2:50000"];
const BLKSIZE: u64 = 8;

/// One transfer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup {
    pub(crate) kind: RequestKind,
    pub(crate) windowsize: u64,
    /// Length of the file in bytes; a block has 8.
    pub(crate) size: usize,
    pub(crate) rexmt: Rexmt,
    /// The hosts and the path: of the client, and of the server.
    pub(crate) paces: [Pace; 2],
    /// Decides every random time, and every loss.
    pub(crate) seed: u64,
    pub(crate) fault: Option<Fault>,
    /// Packets lost, per mille.
    pub(crate) loss: u64,
}

/// The speed of a host, and of the path to its peer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// The least time that a packet is on its way.
    pub(crate) latency: Duration,
    /// At most so much more.
    pub(crate) jitter: Duration,
    /// At most so many datagrams are read before an answer to any of them leaves.
    pub(crate) batch: u64,
    /// An answer leaves at most so long after the reading, and nothing is read before.
    pub(crate) work: Duration,
}

/// What happens to one packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    /// Whether the server sends it.
    pub(crate) from_server: bool,
    /// How many packets its sender sends before it.
    pub(crate) place: u64,
    pub(crate) action: Action,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Action {
    /// It never arrives.
    Lose,
    /// It arrives twice, the second time so much later.
    Duplicate(Duration),
    /// It arrives so much later.
    Delay(Duration),
    /// It arrives after so many packets that were sent after it; never, if they are not sent.
    Overtake(u64),
}

/// What the hosts have done.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Costs {
    /// DATA packets sent.
    pub(crate) blocks: u64,
    /// Other packets sent.
    pub(crate) others: u64,
    /// Retransmissions because of a timer.
    pub(crate) timeouts: u64,
    /// The time that the client needed.
    pub(crate) elapsed: Duration,
}

impl Costs {
    /// DATA packets, and others.
    pub(crate) fn packets(&self) -> (u64, u64) {
        (self.blocks, self.others)
    }
}

struct Host {
    task: Option<Task<Replay<File>, File>>,
    pace: Pace,
    random: Random,
    /// What is on its way to this host, by the time of arrival, then by the order.
    arriving: BinaryHeap<Reverse<(Instant, u64, Vec<u8>)>>,
    /// Nothing is read before.
    free: Instant,
    wake: Option<Instant>,
    /// The last packet of this host that keeps the order arrives then.
    last_arrival: Instant,
    sent: u64,
    /// The packet that is overtaken, and by how many others yet.
    held: Option<(u64, Vec<u8>)>,
}

struct Pair {
    setup: Setup,
    hosts: [Host; 2],
    content: Vec<u8>,
    losses: Random,
    order: u64,
    costs: Costs,
}

/// Runs a transfer to its end, dallying included; the file must arrive whole.
pub(crate) fn run(setup: &Setup) -> Costs {
    let start = Instant::now();
    let content: Vec<u8> = (0..setup.size).map(|index| (index % 251) as u8).collect();
    let request = Request { filename: b"file", mode: Mode::Octet, offer: offer(setup) };
    let (to, policy) = (address(SERVER), retry_policy(setup));
    let client = match setup.kind {
        RequestKind::Read => {
            let machine = Receiver::request(start, to, &request, policy).unwrap();
            Task::receive(machine, File::target(Mode::Octet))
        }
        RequestKind::Write => {
            let machine = Sender::request(start, to, &request, policy).unwrap();
            Task::send(machine, Replay::new(File::source(content.clone(), Mode::Octet)))
        }
    };
    let host = |task, side: usize| Host {
        task,
        pace: setup.paces[side],
        random: Random(setup.seed ^ (side as u64 + 1)),
        arriving: BinaryHeap::new(),
        free: start,
        wake: None,
        last_arrival: start,
        sent: 0,
        held: None,
    };
    let (hosts, losses) = ([host(Some(client), 0), host(None, 1)], Random(setup.seed ^ 0x1055));
    let mut pair = Pair { setup: *setup, hosts, content, losses, order: 0, costs: Costs::default() };
    let mut sent = Vec::new();
    pair.input(0, start, Input::Start, &mut sent);
    for datagram in sent {
        pair.send(0, start, datagram);
    }
    for _ in 0..1_000_000 {
        let Some((at, side)) = (0..2).filter_map(|side| Some((pair.hosts[side].next()?, side))).min() else {
            pair.check();
            return pair.costs;
        };
        pair.step(side, at);
    }
    panic!("never ends: {setup:?}");
}

impl Host {
    /// When this host does something next.
    fn next(&self) -> Option<Instant> {
        let arrival = self.arriving.peek().map(|Reverse((at, ..))| *at);
        [arrival, self.wake].into_iter().flatten().min().map(|at| at.max(self.free))
    }

    /// The next datagram that has arrived.
    fn read(&mut self, now: Instant) -> Option<Vec<u8>> {
        self.arriving.peek().filter(|Reverse((at, ..))| *at <= now)?;
        self.arriving.pop().map(|Reverse((.., datagram))| datagram)
    }

    fn random_time(&mut self, most: Duration) -> Duration {
        Duration::from_nanos(self.random.below(most.as_nanos() as u64 + 1))
    }
}

impl Pair {
    /// Lets a host read what has arrived, or its timer expire, and sends its answers when it is ready.
    fn step(&mut self, side: usize, now: Instant) {
        let host = &mut self.hosts[side];
        let batch = 1 + host.random.below(host.pace.batch);
        let read: Vec<_> = std::iter::from_fn(|| host.read(now)).take(batch as usize).collect();
        let mut sent = Vec::new();
        for datagram in &read {
            self.datagram(side, now, datagram, &mut sent);
        }
        if read.is_empty() {
            self.input(side, now, Input::Tick, &mut sent);
        }
        let host = &mut self.hosts[side];
        host.free = now + host.random_time(host.pace.work);
        let leaving = host.free;
        for datagram in sent {
            self.send(side, leaving, datagram);
        }
    }

    fn datagram(&mut self, side: usize, now: Instant, datagram: &[u8], sent: &mut Vec<Vec<u8>>) {
        let from = address(TIDS[1 - side]);
        let Ok(Packet::Request(request)) = Packet::parse(datagram) else {
            return self.input(side, now, Input::datagram(from, datagram), sent);
        };
        // The second request from a port is a doubled one.
        if self.hosts[side].task.is_none() {
            let (offer, policy) = (Offer::parse(&request.options), retry_policy(&self.setup));
            let answer = offer.answer(&Limits::default(), None);
            self.hosts[side].task = Some(match request.kind {
                RequestKind::Read => {
                    let file = File::source(self.content.clone(), Mode::Octet);
                    Task::send(Sender::answer(now, from, answer, policy), Replay::new(file))
                }
                RequestKind::Write => {
                    Task::receive(Receiver::answer(now, from, answer, policy), File::target(Mode::Octet))
                }
            });
            self.input(side, now, Input::Start, sent);
        }
    }

    fn input(&mut self, side: usize, now: Instant, input: Input<'_>, sent: &mut Vec<Vec<u8>>) {
        let host = &mut self.hosts[side];
        let Some(task) = &mut host.task else { return };
        host.wake = match task.run(input, &mut Place { now, sent, costs: &mut self.costs }) {
            Step::Wait(until) => Some(until),
            Step::Complete { report, dally } => {
                if side == 0 {
                    self.costs.elapsed = report.elapsed;
                }
                dally
            }
            Step::Over => None,
            Step::Failed(stopped) => panic!("{}: {:?}", stopped.failure, self.setup),
        };
    }

    /// Puts a packet on its way.
    fn send(&mut self, side: usize, now: Instant, datagram: Vec<u8>) {
        let sender = &mut self.hosts[side];
        let place = sender.sent;
        sender.sent += 1;
        let jitter = sender.random_time(sender.pace.jitter);
        let at = (now + sender.pace.latency + jitter).max(sender.last_arrival);
        // A lost OACK would cost a second and hide what is to be measured.
        if self.losses.chance(self.setup.loss) && place >= 3 {
            return;
        }
        let fault = self.setup.fault.filter(|fault| usize::from(fault.from_server) == side && fault.place == place);
        let mut arriving = Vec::new();
        match fault.map(|fault| fault.action) {
            Some(Action::Lose) => {}
            Some(Action::Overtake(count)) => sender.held = Some((count, datagram)),
            Some(Action::Delay(time)) => arriving.push((at + time, datagram)),
            action => {
                sender.last_arrival = at;
                arriving.push((at, datagram.clone()));
                if let Some(Action::Duplicate(time)) = action {
                    arriving.push((at + time, datagram));
                }
                if let Some((count, _)) = &mut sender.held {
                    *count -= 1;
                }
                arriving.extend(sender.held.take_if(|(count, _)| *count == 0).map(|(_, overtaken)| (at, overtaken)));
            }
        }
        for (at, datagram) in arriving {
            self.order += 1;
            self.hosts[1 - side].arriving.push(Reverse((at, self.order, datagram)));
        }
    }

    fn check(&self) {
        let received = self.hosts.iter().find_map(|host| match &host.task {
            Some(Task::Receive { file, .. }) => Some(file),
            _ => None,
        });
        assert!(received.is_some_and(|file| file.committed && file.taken == self.content), "{:?}", self.setup);
    }
}

/// A host's place in the network.
struct Place<'a> {
    now: Instant,
    sent: &'a mut Vec<Vec<u8>>,
    costs: &'a mut Costs,
}

impl Io for Place<'_> {
    fn now(&mut self) -> Instant {
        self.now
    }

    fn transmit(&mut self, _: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        for datagram in datagrams.chunks(stride) {
            let is_data = datagram.starts_with(&Opcode::Data.to_wire());
            *(if is_data { &mut self.costs.blocks } else { &mut self.costs.others }) += 1;
            self.sent.push(datagram.to_vec());
        }
        Ok(())
    }

    fn event(&mut self, event: &Event) {
        self.costs.timeouts += u64::from(matches!(event, Event::Resending { .. }));
    }
}

fn offer(setup: &Setup) -> Offer {
    Offer { blksize: BlockSize::new(BLKSIZE), windowsize: WindowSize::new(setup.windowsize), ..Offer::default() }
}

fn retry_policy(setup: &Setup) -> RetryPolicy {
    RetryPolicy { rexmt: setup.rexmt, timeout: Duration::from_secs(25), ..RetryPolicy::default() }
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}
