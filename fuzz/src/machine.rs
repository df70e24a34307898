//! Either machine in any role, fed datagrams and time.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tftpsh::transfer::{
    Abort, Input, Io, ReadFile, Receiver, Request, RetryPolicy, Rexmt, Sender, Step, Task, WriteFile,
};
use tftpsh::wire::{
    BlockSize, ErrorCode, Limits, Mode, Offer, Opcode, Packet, TimeoutSeconds, WindowSize, emit_ack, emit_data_header,
    emit_error,
};

const TIMEOUT: Duration = Duration::from_secs(25);
/// Length of the file that a sender sends, in bytes.
const FILE: usize = 700;

/// Whatever arrives, the machine rests after bounded work, keeps its direction, sends the bytes of the file, acknowledges
/// nothing that it did not deliver, and ends in time.
pub fn run(input: &[u8]) {
    let Some((&[role, shape], mut script)) = input.split_first_chunk::<2>() else { return };
    let mut host = Host::new(role, shape);
    host.input(Input::Start);
    while let Some(rest) = host.step(script) {
        script = rest;
    }
    host.run_out();
}

struct Host {
    task: Task<Shared, Shared>,
    world: World,
    file: Shared,
    deadline: Option<Instant>,
    complete: bool,
    over: bool,
}

struct World {
    file: Shared,
    sends: bool,
    /// A server's machine: its client may be forged.
    answers: bool,
    now: Instant,
    /// Length of a full block, in bytes.
    blksize: usize,
    /// The peer sent a packet that only the receiver of our answer can send.
    acknowledged: bool,
    /// Packets and bytes to the peer.
    unproven: (u32, usize),
    /// Calls since the last input.
    calls: u32,
}

/// The file, which the world checks when the machine acknowledges.
#[derive(Default, Clone)]
struct Shared(Rc<RefCell<File>>);

/// How much of the file is read or written, in bytes.
#[derive(Default)]
struct File {
    position: usize,
    committed: bool,
}

impl Host {
    fn new(role: u8, shape: u8) -> Self {
        let now = Instant::now();
        let asked = |bit: u8| shape & bit != 0;
        let offer = Offer {
            tsize: asked(1).then_some(0),
            timeout: TimeoutSeconds::new(2).filter(|_| asked(2)),
            blksize: BlockSize::new(if asked(16) { 8 } else { 100 }).filter(|_| asked(4)),
            windowsize: WindowSize::new(if asked(32) { 3 } else { 65535 }).filter(|_| asked(8)),
        };
        let rexmt = if asked(64) { Rexmt::Auto } else { Rexmt::Fixed(Duration::from_secs(3)) };
        let policy = RetryPolicy { rexmt, timeout: TIMEOUT, ..RetryPolicy::default() };
        let request = Request { filename: b"f", mode: Mode::Octet, offer };
        let answer = offer.answer(&Limits::default(), Some(FILE as u64));
        let file = Shared::default();
        let own = file.clone();
        let task = match role % 4 {
            0 => Task::receive(Receiver::request(now, peer(69), &request, policy).expect("a short name"), own),
            1 => Task::send(Sender::request(now, peer(69), &request, policy).expect("a short name"), own),
            2 => Task::receive(Receiver::answer(now, peer(5000), answer, policy), own),
            _ => Task::send(Sender::answer(now, peer(5000), answer, policy), own),
        };
        let world = World {
            file: file.clone(),
            sends: role % 2 == 1,
            answers: role % 4 > 1,
            now,
            blksize: 512,
            acknowledged: false,
            unproven: (0, 0),
            calls: 0,
        };
        Self { task, world, file, deadline: None, complete: false, over: false }
    }

    /// Follows one instruction of the script and returns the rest of it.
    fn step<'a>(&mut self, script: &'a [u8]) -> Option<&'a [u8]> {
        let (&[operation, argument], rest) = script.split_first_chunk::<2>()?;
        let small = usize::from(argument);
        match operation % 10 {
            0 => self.pass(Duration::from_millis(40 * u64::from(argument))),
            1 => {
                let (raw, rest) = rest.split_at(small.min(rest.len()));
                self.hear(peer(5000), raw);
                return Some(rest);
            }
            2 => {
                let (pairs, rest) = rest.split_at(small.min(rest.len()));
                self.hear(peer(5000), &[b"\0\x06", pairs].concat());
                return Some(rest);
            }
            3 | 4 => self.hear(peer(5000), &self.block(u64::from(argument & 7), small)),
            5 | 6 => self.hear(peer(5000), &emit_ack(argument.into())),
            7 => self.hear(peer(5001), &emit_ack(argument.into())),
            8 if argument < 9 => self.hear(peer(5000), &emit_error(ErrorCode(argument.into()), b"no")),
            8 => self.input(Input::Unreachable(peer(if argument & 1 == 0 { 5000 } else { 5001 }))),
            _ if argument == 0 => self.input(Input::Abort(Abort::Interrupted)),
            _ => self.pass(Duration::from_secs(argument.into())),
        }
        Some(rest)
    }

    /// A block near the one that is due.
    fn block(&self, offset: u64, length: usize) -> Vec<u8> {
        let number = (self.task.machine().stats().blocks + offset).wrapping_sub(2) as u16;
        let length = if length & 8 == 0 { self.blksize() } else { length };
        [&emit_data_header(number)[..], &vec![7; length]].concat()
    }

    fn blksize(&self) -> usize {
        self.task.machine().terms().blksize.get().into()
    }

    fn hear(&mut self, from: SocketAddr, datagram: &[u8]) {
        self.world.now += Duration::from_micros(100);
        // Only the receiver of our answer knows this port.
        let answers = [Opcode::Ack, Opcode::Data].iter().any(|opcode| datagram.starts_with(&opcode.to_wire()));
        self.world.acknowledged |= answers && from == peer(5000);
        self.input(Input::datagram(from, datagram));
    }

    fn pass(&mut self, time: Duration) {
        self.world.now += time;
        self.input(Input::Tick);
    }

    /// Lets silence end the transfer, which must happen in time.
    fn run_out(&mut self) {
        let start = self.world.now;
        for _ in 0..10_000 {
            let Some(deadline) = self.deadline.filter(|_| !self.over) else { return };
            assert!(deadline <= start + TIMEOUT, "silence ends");
            self.world.now = self.world.now.max(deadline);
            self.input(Input::Tick);
        }
        panic!("silence never ends");
    }

    fn input(&mut self, input: Input<'_>) {
        (self.world.calls, self.world.blksize) = (0, self.blksize());
        match self.task.run(input, &mut self.world) {
            Step::Wait(until) => {
                assert!(!self.over, "what is over stays over");
                self.deadline = Some(until);
            }
            Step::Complete { report, dally } => {
                assert!(!self.complete, "one report");
                let file = self.file.0.borrow();
                assert!(self.world.sends || file.committed, "for a file that is safe");
                assert_eq!(report.stats.bytes, file.position as u64);
                drop(file);
                (self.complete, self.deadline, self.over) = (true, dally, dally.is_none());
            }
            Step::Over | Step::Failed(_) => self.over = true,
        }
        self.world.check_unproven();
    }
}

impl Io for World {
    fn now(&mut self) -> Instant {
        self.calls += 1;
        assert!(self.calls < 400_000, "the machine never comes to rest");
        self.now
    }

    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        assert!(stride > 0 && !datagrams.is_empty());
        let first = &datagrams[..stride.min(datagrams.len())];
        match Packet::parse(first).expect("a packet of ours") {
            Packet::Data { .. } => assert!(self.sends, "a receiver sends no DATA"),
            Packet::Ack { block } => {
                let file = self.file.0.borrow();
                let blocks = file.position / self.blksize + usize::from(file.committed);
                assert!(!self.sends && block == blocks as u16, "only what is written");
            }
            _ => {}
        }
        for datagram in datagrams.chunks(stride).filter(|_| to == peer(5000)) {
            self.unproven.0 += 1;
            self.unproven.1 += datagram.len();
        }
        Ok(())
    }
}

impl ReadFile for Shared {
    fn fill(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let mut file = self.0.borrow_mut();
        let length = space.len().min(FILE - file.position);
        file.position += length;
        Ok(length)
    }
}

impl WriteFile for Shared {
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.0.borrow_mut();
        assert!(!file.committed, "nothing after the end");
        file.position += bytes.len();
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        assert!(!std::mem::replace(&mut self.0.borrow_mut().committed, true), "one commit");
        Ok(())
    }
}

impl World {
    /// Checks that an address that acknowledged nothing gets at most three packets and 1,548 bytes.
    fn check_unproven(&self) {
        let (packets, bytes) = self.unproven;
        assert!(
            !self.answers || self.acknowledged || (packets <= 3 && bytes <= 1548),
            "{packets} packets, {bytes} bytes"
        );
    }
}

fn peer(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}
