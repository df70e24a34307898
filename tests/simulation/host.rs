//! One machine and its file.

use std::cell::Cell;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Instant;

use tftpsh::event::Direction;
use tftpsh::transfer::{Abort, Event, Failure, Input, Io, ReadFile, Replay, Report, Step, Task, WriteFile};
use tftpsh::wire::netascii::{Decoder, Encoder};
use tftpsh::wire::{Mode, Packet};

use crate::network::Network;
use crate::witness::Witness;

pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) task: Task<Replay<File>, File>,
    pub(crate) wake: Option<Instant>,
    pub(crate) report: Option<Report>,
    pub(crate) end: Option<Result<(), Failure>>,
    pub(crate) counts: Counts,
    pub(crate) witness: Witness,
}

/// What a machine did.
#[derive(Default)]
pub(crate) struct Counts {
    /// Copies sent of the DATA block with each wire number.
    pub(crate) copies: HashMap<u16, u32>,
    pub(crate) timeouts: u32,
    /// Calls since the last input: a machine must come to rest.
    calls: u32,
}

/// The bytes to send, or those received.
#[derive(Default)]
pub(crate) struct File {
    mode: Mode,
    pub(crate) given: Vec<u8>,
    position: usize,
    /// Where the producer of the file is stopped, and this side with it.
    pub(crate) cut: Option<usize>,
    /// Whether that has happened.
    stopped: Rc<Cell<bool>>,
    encoder: Encoder,
    pub(crate) taken: Vec<u8>,
    decoder: Decoder,
    pub(crate) committed: bool,
}

impl File {
    pub(crate) fn source(given: Vec<u8>, mode: Mode) -> Self {
        Self { given, mode, ..Self::default() }
    }

    pub(crate) fn target(mode: Mode) -> Self {
        Self { mode, ..Self::default() }
    }
}

impl ReadFile for File {
    fn fill(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let end = self.cut.unwrap_or(self.given.len());
        let rest = &self.given[self.position..end];
        let wanted = space.len();
        let (consumed, produced) = match self.mode {
            Mode::Octet => {
                let length = rest.len().min(space.len());
                space[..length].copy_from_slice(&rest[..length]);
                (length, length)
            }
            Mode::Netascii => {
                let progress = self.encoder.encode(rest, space);
                (progress.consumed, progress.produced)
            }
        };
        self.position += consumed;
        self.stopped.set(self.cut.is_some() && produced < wanted);
        Ok(produced)
    }
}

impl WriteFile for File {
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        assert!(!self.committed, "nothing is delivered after the end");
        match self.mode {
            Mode::Octet => self.taken.extend_from_slice(bytes),
            Mode::Netascii => self.decoder.decode(bytes, &mut self.taken),
        }
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        self.decoder.finish(&mut self.taken);
        assert!(!std::mem::replace(&mut self.committed, true), "one commit a file");
        Ok(())
    }

    fn can_start_over(&self) -> bool {
        !self.committed
    }

    fn start_over(&mut self) -> io::Result<()> {
        *self = Self::target(self.mode);
        Ok(())
    }
}

impl Host {
    pub(crate) fn new(task: Task<Replay<File>, File>, witness: Witness) -> Self {
        let address = witness.local;
        Self { address, task, wake: None, report: None, end: None, counts: Counts::default(), witness }
    }

    pub(crate) fn input(&mut self, now: Instant, input: Input<'_>, network: &mut Network) {
        if self.end.is_some() {
            // Its port is closed.
            return;
        }
        self.counts.calls = 0;
        if let Input::Datagrams { from, bytes, .. } = input {
            self.witness.packet(now, Direction::Received, from, bytes);
        }
        let stopped = Rc::clone(&self.file().stopped);
        let mut link =
            Link { now, address: self.address, stopped, counts: &mut self.counts, witness: &mut self.witness, network };
        match self.task.run(input, &mut link) {
            Step::Wait(until) => self.wake = Some(until),
            Step::Complete { report, dally } => {
                self.witness.end(now, Ok(&report), &self.task.machine().stats());
                assert!(self.report.replace(report).is_none(), "one report a transfer");
                self.wake = dally;
                if dally.is_none() {
                    self.end.get_or_insert(Ok(()));
                }
            }
            Step::Over => self.finish(Ok(())),
            Step::Failed(stopped) => {
                self.witness.end(now, Err(&stopped.failure), &self.task.machine().stats());
                self.finish(Err(stopped.failure));
            }
        }
    }

    pub(crate) fn file(&self) -> &File {
        match &self.task {
            Task::Send { file, .. } => file.file(),
            Task::Receive { file, .. } => file,
        }
    }

    fn finish(&mut self, end: Result<(), Failure>) {
        self.wake = None;
        self.witness.check_ignored();
        self.end.get_or_insert(end);
    }
}

/// A host's place in the network.
struct Link<'a> {
    now: Instant,
    address: SocketAddr,
    stopped: Rc<Cell<bool>>,
    counts: &'a mut Counts,
    witness: &'a mut Witness,
    network: &'a mut Network,
}

impl Io for Link<'_> {
    fn now(&mut self) -> Instant {
        self.counts.calls += 1;
        assert!(self.counts.calls < 1_000_000, "the machine never comes to rest");
        self.now
    }

    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        for datagram in datagrams.chunks(stride) {
            match Packet::parse(datagram) {
                Ok(Packet::Data { block, .. }) => *self.counts.copies.entry(block).or_default() += 1,
                Ok(_) => {}
                Err(reason) => panic!("the machine made a malformed packet: {reason}"),
            }
            self.witness.packet(self.now, Direction::Sent, to, datagram);
            self.network.send(self.now, self.address, to, datagram);
        }
        Ok(())
    }

    fn stop(&mut self) -> Option<Abort> {
        self.stopped.get().then_some(Abort::Interrupted)
    }

    fn event(&mut self, event: &Event) {
        self.witness.event(self.now, event);
        self.counts.timeouts += u32::from(matches!(event, Event::Resending { .. }));
    }
}
