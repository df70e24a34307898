//! One machine in virtual time, its inputs and its outputs.

#![allow(dead_code, reason = "each test uses a part")]

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tftpsh::transfer::{
    Abort, Event, Ignored, Input, Io, Machine, ReadFile, Receiver, Report, Request, RetryPolicy, Rexmt, Sender, Step,
    Task, WriteFile,
};
use tftpsh::wire::{BlockSize, Limits, Mode, Offer, Packet, WindowSize, emit_data_header};

pub(crate) const SERVER: &str = "192.0.2.2:69";
/// The port a server answers from.
pub(crate) const TID: &str = "192.0.2.2:50000";
pub(crate) const STRANGER: &str = "192.0.2.2:50001";
pub(crate) const CLIENT: &str = "192.0.2.1:40000";

/// One machine, a clock, and its outputs as short lines.
pub(crate) struct Talk {
    task: Task<File, File>,
    deadline: Option<Instant>,
    report: Option<Report>,
    pub(crate) world: World,
}

/// The time, and what the machine sends.
pub(crate) struct World {
    pub(crate) now: Instant,
    lines: Vec<String>,
    /// The reason to stop, once a file was read.
    pub(crate) stop: Option<Abort>,
    /// Why datagrams were ignored.
    pub(crate) ignored: Vec<(SocketAddr, Ignored)>,
}

/// A file with this many bytes left to send, or the count of bytes received.
#[derive(Default)]
pub(crate) struct File {
    pub(crate) left: usize,
    written: u64,
    commits: u32,
    /// The next block cannot be written.
    pub(crate) disk_full: bool,
}

impl Talk {
    pub(crate) fn get(offer: Offer) -> Self {
        Self::get_with(offer, retry_policy())
    }

    pub(crate) fn get_with(offer: Offer, retry_policy: RetryPolicy) -> Self {
        let now = Instant::now();
        let machine = Receiver::request(now, at(SERVER), &request(offer), retry_policy).unwrap();
        Self::new(now, Task::receive(machine, File::default()))
    }

    pub(crate) fn put(offer: Offer, size: usize) -> Self {
        Self::put_with(offer, size, retry_policy())
    }

    pub(crate) fn put_with(offer: Offer, size: usize, retry_policy: RetryPolicy) -> Self {
        let now = Instant::now();
        let machine = Sender::request(now, at(SERVER), &request(offer), retry_policy).unwrap();
        Self::new(now, Task::send(machine, File::of(size)))
    }

    pub(crate) fn serve_read(offer: Offer, size: usize) -> Self {
        let now = Instant::now();
        let answer = offer.answer(&Limits::default(), Some(size as u64));
        Self::new(now, Task::send(Sender::answer(now, at(CLIENT), answer, retry_policy()), File::of(size)))
    }

    pub(crate) fn serve_write(offer: Offer) -> Self {
        let now = Instant::now();
        let answer = offer.answer(&Limits::default(), offer.tsize);
        Self::new(now, Task::receive(Receiver::answer(now, at(CLIENT), answer, retry_policy()), File::default()))
    }

    pub(crate) fn new(now: Instant, task: Task<File, File>) -> Self {
        let world = World { now, lines: Vec::new(), stop: None, ignored: Vec::new() };
        Self { task, deadline: None, report: None, world }
    }

    pub(crate) fn machine(&self) -> &dyn Machine {
        self.task.machine()
    }

    pub(crate) fn file(&mut self) -> &mut File {
        match &mut self.task {
            Task::Send { file, .. } | Task::Receive { file, .. } => file,
        }
    }

    /// The report of a complete transfer.
    pub(crate) fn report(&self) -> Report {
        self.report.expect("the transfer is complete")
    }

    /// Returns the machine's first packet.
    pub(crate) fn start(&mut self) -> Vec<String> {
        self.input(Input::Start)
    }

    /// Delivers a datagram a millisecond later.
    pub(crate) fn hear(&mut self, from: &str, datagram: &[u8]) -> Vec<String> {
        self.world.now += Duration::from_millis(1);
        self.hear_now(from, datagram)
    }

    /// Delivers a datagram without a delay.
    pub(crate) fn hear_now(&mut self, from: &str, datagram: &[u8]) -> Vec<String> {
        self.input(Input::datagram(at(from), datagram))
    }

    pub(crate) fn silence(&mut self, milliseconds: u64) -> Vec<String> {
        self.world.now += Duration::from_millis(milliseconds);
        self.input(Input::Tick)
    }

    pub(crate) fn abort(&mut self, reason: Abort) -> Vec<String> {
        self.input(Input::Abort(reason))
    }

    pub(crate) fn unreachable(&mut self, address: &str) -> Vec<String> {
        self.input(Input::Unreachable(at(address)))
    }

    /// Lets every timer expire until the end; returns the outputs with their times in seconds.
    pub(crate) fn until_the_end(&mut self) -> Vec<String> {
        let start = self.world.now;
        let mut lines = Vec::new();
        while let Some(deadline) = self.deadline.take() {
            self.world.now = deadline;
            let second = (self.world.now - start).as_secs_f64();
            lines.extend(self.input(Input::Tick).into_iter().map(|line| format!("{second:.1} {line}")));
        }
        lines
    }

    fn input(&mut self, input: Input<'_>) -> Vec<String> {
        let (before, commits) = (self.machine().stats(), self.file().commits);
        let step = self.task.run(input, &mut self.world);
        let after = self.machine().stats();
        let mut lines = std::mem::take(&mut self.world.lines);
        if let Task::Receive { file, .. } = &self.task
            && !file.disk_full
        {
            let acknowledges = lines.iter().any(|line| line.starts_with("ACK"));
            assert!(!acknowledges || file.written == after.bytes, "nothing is acknowledged unwritten");
            // The bytes that the machine took; they may be written later, with the next blocks of the window.
            let taken = after.blocks > before.blocks;
            let deliver = taken.then(|| format!("deliver {}", after.bytes - before.bytes));
            let commit = (file.commits > commits).then(|| "commit".to_owned());
            lines.splice(..0, deliver.into_iter().chain(commit));
        }
        self.deadline = match step {
            Step::Wait(until) => Some(until),
            Step::Complete { report, dally } => {
                self.report = Some(report);
                lines.push(format!("complete {}", report.stats.bytes));
                lines.extend(dally.is_none().then(|| "done".to_owned()));
                dally
            }
            Step::Over => {
                lines.push("done".to_owned());
                None
            }
            Step::Failed(stopped) => {
                lines.push(format!("failed: {}", stopped.failure));
                None
            }
        };
        lines
    }
}

impl Io for World {
    fn now(&mut self) -> Instant {
        self.now
    }

    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        self.lines.extend(datagrams.chunks(stride).map(|datagram| {
            let stranger = if to == at(STRANGER) { " to stranger" } else { "" };
            format!("{}{stranger}", Packet::parse(datagram).unwrap())
        }));
        Ok(())
    }

    fn stop(&mut self) -> Option<Abort> {
        self.stop.clone()
    }

    fn event(&mut self, event: &Event) {
        if let Event::Ignored { from, reason } = event {
            self.ignored.push((*from, *reason));
        }
    }
}

impl File {
    pub(crate) fn of(size: usize) -> Self {
        Self { left: size, ..Self::default() }
    }
}

impl ReadFile for File {
    fn fill(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let length = space.len().min(self.left);
        self.left -= length;
        Ok(length)
    }
}

impl WriteFile for File {
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.disk_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.written += bytes.len() as u64;
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        self.commits += 1;
        Ok(())
    }
}

pub(crate) fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn request(offer: Offer) -> Request<'static> {
    Request { filename: b"f", mode: Mode::Octet, offer }
}

fn retry_policy() -> RetryPolicy {
    RetryPolicy {
        rexmt: Rexmt::Fixed(Duration::from_secs(5)),
        timeout: Duration::from_secs(25),
        ..RetryPolicy::default()
    }
}

pub(crate) fn window(windowsize: u64) -> Offer {
    Offer { blksize: BlockSize::new(8), windowsize: WindowSize::new(windowsize), ..Offer::default() }
}

pub(crate) fn data(block: u16, length: usize) -> Vec<u8> {
    [&emit_data_header(block)[..], &vec![b'x'; length]].concat()
}

pub(crate) fn oack(pairs: &str) -> Vec<u8> {
    [b"\0\x06", pairs.replace(['=', ','], "\0").as_bytes(), b"\0"].concat()
}
