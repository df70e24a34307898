use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use super::batch::{Blocks, WriteBatch};
use super::{Abort, Delivery, Event, Failure, Machine, Output, ReadFile, Receiving, Report, Sending, WriteFile};

/// What a machine needs from the world. Every loop, simulation and test implements it.
pub trait Io {
    /// The time. It never runs backwards.
    fn now(&mut self) -> Instant;

    /// Sends datagrams of `stride` bytes each, one after the other; only the last may be shorter.
    ///
    /// # Errors
    ///
    /// An error ends the transfer. An error that counts as loss, which the machine's timers repair, is not returned.
    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()>;

    /// Called for each datagram before the machine takes it.
    fn received(&mut self, from: SocketAddr, datagram: &[u8]) {
        let _ = (from, datagram);
    }

    /// Called for each event of the machine.
    fn event(&mut self, event: &Event) {
        let _ = event;
    }
}

/// What happened, for a machine to act on.
#[derive(Debug)]
pub enum Input<'a> {
    /// The transfer begins: a machine sends its first packet.
    Start,
    /// Datagrams of `stride` bytes each lie in `bytes`, one after the other; only the last may be shorter. No bytes are
    /// one empty datagram.
    Datagrams {
        /// Where they came from.
        from: SocketAddr,
        /// All of them.
        bytes: &'a [u8],
        /// Length of every datagram but the last, in bytes.
        stride: usize,
    },
    /// No socket is open at this address, where an earlier datagram went (ICMP port unreachable).
    Unreachable(SocketAddr),
    /// The moment of the last [`Step::Wait`] has come; harmless before.
    Tick,
    /// The network of this side failed.
    NetworkError(io::Error),
    /// This side ends the transfer.
    Abort(Abort),
}

impl<'a> Input<'a> {
    /// A single datagram.
    pub fn datagram(from: SocketAddr, datagram: &'a [u8]) -> Self {
        Self::Datagrams { from, bytes: datagram, stride: datagram.len() }
    }
}

/// Where a machine is after an input.
#[derive(Debug)]
pub enum Step {
    /// It waits for a datagram, or for [`Input::Tick`] at this moment.
    Wait(Instant),
    /// The file is safe, and every packet that belongs to it is sent.
    Complete {
        /// What the transfer cost.
        report: Report,
        /// A receiver repeats its last ACK, where it is asked to, until then at the latest (RFC 1350 section 6).
        dally: Option<Instant>,
    },
    /// It is over, some time after [`Step::Complete`].
    Over,
    /// It is over, without its file.
    Failed(Stopped),
}

/// A transfer that ended without its file.
#[derive(Debug)]
pub struct Stopped {
    /// Why, as the machine sees it.
    pub failure: Failure,
    /// The error of this side that ended it, if there was one.
    pub cause: Option<Cause>,
}

/// An error of this side.
#[derive(Debug)]
pub enum Cause {
    /// The file could not be read, written or put in place.
    File(io::Error),
    /// Sending failed.
    Network(io::Error),
}

impl Cause {
    fn abort(&self) -> Abort {
        match self {
            Self::File(error) => Abort::file(error),
            Self::Network(error) => Abort::Network(error.to_string()),
        }
    }
}

/// Hands one input to a sending machine, then does what the machine asks until it waits or ends.
pub fn run_sender<M, I, F>(machine: &mut M, input: Input<'_>, io: &mut I, file: &mut F) -> Step
where
    M: Sending + ?Sized,
    I: Io + ?Sized,
    F: ReadFile + ?Sized,
{
    run(machine, input, io, &mut Reading { file })
}

/// Hands one input to a receiving machine, then does what the machine asks until it waits or ends.
///
/// `batch` belongs to the machine and holds delivered bytes from one input to the next.
pub fn run_receiver<M, I, F>(
    machine: &mut M,
    batch: &mut WriteBatch,
    input: Input<'_>,
    io: &mut I,
    file: &mut F,
) -> Step
where
    M: Receiving + ?Sized,
    I: Io + ?Sized,
    F: WriteFile + ?Sized,
{
    run(machine, input, io, &mut Writing { blocks: Blocks::new(batch), file })
}

/// A machine of either direction, for a driver that can read a file and write one.
pub enum AnyMachine {
    /// It sends.
    Sending(Box<dyn Sending + Send>),
    /// It receives; the batch holds what is delivered and not written yet.
    Receiving(Box<dyn Receiving + Send>, WriteBatch),
}

impl AnyMachine {
    /// A sending machine.
    pub fn sending(machine: impl Sending + Send + 'static) -> Self {
        Self::Sending(Box::new(machine))
    }

    /// A receiving machine.
    pub fn receiving(machine: impl Receiving + Send + 'static) -> Self {
        Self::Receiving(Box::new(machine), WriteBatch::default())
    }

    /// Hands one input to the machine, then does what it asks until it waits or ends.
    pub fn run(&mut self, input: Input<'_>, io: &mut impl Io, file: &mut (impl ReadFile + WriteFile)) -> Step {
        match self {
            Self::Sending(machine) => run_sender(&mut **machine, input, io, file),
            Self::Receiving(machine, batch) => run_receiver(&mut **machine, batch, input, io, file),
        }
    }

    /// What both directions share.
    pub fn machine(&self) -> &dyn Machine {
        match self {
            Self::Sending(machine) => &**machine,
            Self::Receiving(machine, _) => &**machine,
        }
    }
}

/// Splits datagrams of one stride; no bytes are one empty datagram.
pub(crate) fn datagrams(bytes: &[u8], stride: usize) -> impl Iterator<Item = &[u8]> {
    let empty = bytes.is_empty().then_some(bytes);
    bytes.chunks(stride.max(1)).chain(empty)
}

/// The file's part in the loop, which is all that the two directions do not share.
trait FileWork<'d, M: ?Sized> {
    /// Does the next thing the machine asks of its file; `false` where there is none.
    fn work(&mut self, machine: &mut M, datagram: &'d [u8], now: &mut dyn FnMut() -> Instant) -> io::Result<bool>;

    /// Writes what is held.
    fn write(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Ends an input: what is held may wait for the next one.
    fn keep(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Reading<'a, F: ?Sized> {
    file: &'a mut F,
}

impl<M: Sending + ?Sized, F: ReadFile + ?Sized> FileWork<'_, M> for Reading<'_, F> {
    fn work(&mut self, machine: &mut M, _: &[u8], now: &mut dyn FnMut() -> Instant) -> io::Result<bool> {
        let Some(room) = machine.room() else { return Ok(false) };
        let length = self.file.fill(room)?;
        machine.filled(now(), length);
        Ok(true)
    }
}

struct Writing<'a, 'd, F: ?Sized> {
    blocks: Blocks<'a, 'd>,
    file: &'a mut F,
}

impl<'d, M: Receiving + ?Sized, F: WriteFile + ?Sized> FileWork<'d, M> for Writing<'_, 'd, F> {
    fn work(&mut self, machine: &mut M, datagram: &'d [u8], now: &mut dyn FnMut() -> Instant) -> io::Result<bool> {
        match machine.delivery() {
            None => return Ok(false),
            Some(Delivery::Block(range)) => self.blocks.add(datagram.get(range).unwrap_or_default(), self.file)?,
            Some(Delivery::Commit) => {
                self.blocks.write(self.file)?;
                self.file.commit()?;
                machine.committed(now());
            }
        }
        Ok(true)
    }

    fn write(&mut self) -> io::Result<()> {
        self.blocks.write(self.file)
    }

    fn keep(&mut self) -> io::Result<()> {
        self.blocks.keep(self.file)
    }
}

/// The one implementation of the contract in [`transfer`](super).
fn run<'d, M, I, F>(machine: &mut M, input: Input<'d>, io: &mut I, file: &mut F) -> Step
where
    M: Machine + ?Sized,
    I: Io + ?Sized,
    F: FileWork<'d, M>,
{
    let mut run = Run { machine, io, file, cause: None };
    match input {
        Input::Start => {}
        Input::Datagrams { from, bytes, stride } => return run.datagrams(from, bytes, stride),
        Input::Unreachable(to) => run.machine.unreachable(run.io.now(), to),
        Input::Tick => run.machine.tick(run.io.now()),
        Input::NetworkError(error) => run.fail(Cause::Network(error)),
        Input::Abort(reason) => run.machine.abort(run.io.now(), reason),
    }
    run.drain(&[])
}

struct Run<'a, M: ?Sized, I: ?Sized, F> {
    machine: &'a mut M,
    io: &'a mut I,
    file: &'a mut F,
    /// The first error of this side.
    cause: Option<Cause>,
}

impl<'d, M: Machine + ?Sized, I: Io + ?Sized, F: FileWork<'d, M>> Run<'_, M, I, F> {
    fn datagrams(&mut self, from: SocketAddr, bytes: &'d [u8], stride: usize) -> Step {
        if bytes.len() > stride {
            // Many blocks are written from where they lie, after what came before them.
            if let Err(error) = self.file.write() {
                self.fail(Cause::File(error));
            }
        }
        let mut step = None;
        for datagram in datagrams(bytes, stride) {
            self.io.received(from, datagram);
            self.machine.datagram(self.io.now(), from, datagram);
            let now = step.insert(self.drain(datagram));
            if !matches!(now, Step::Wait(_)) {
                break;
            }
        }
        match (self.file.keep(), step) {
            (Ok(()), Some(step)) => step,
            (kept, _) => {
                if let Err(error) = kept {
                    self.fail(Cause::File(error));
                }
                self.drain(&[])
            }
        }
    }

    /// Does what the machine asks until it waits or ends; `datagram` is the one just taken.
    fn drain(&mut self, datagram: &'d [u8]) -> Step {
        let mut complete = None;
        loop {
            match self.file.work(self.machine, datagram, &mut || self.io.now()) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    self.fail(Cause::File(error));
                    continue;
                }
            }
            match self.machine.poll() {
                Output::Transmit { to, datagrams, stride } => {
                    // Nothing is acknowledged unwritten.
                    let sent = match self.file.write() {
                        Ok(()) => self.io.transmit(to, datagrams, stride).map_err(Cause::Network),
                        Err(error) => Err(Cause::File(error)),
                    };
                    if let Err(cause) = sent {
                        self.fail(cause);
                    }
                }
                Output::Event(event) => self.io.event(&event),
                // What is still to be sent, the last ACK, goes out before the caller learns of it.
                Output::Complete(report) => complete = Some(report),
                Output::Wait(until) => {
                    return complete.map_or(Step::Wait(until), |report| Step::Complete { report, dally: Some(until) });
                }
                Output::Done => {
                    return complete.map_or(Step::Over, |report| Step::Complete { report, dally: None });
                }
                Output::Failed(failure) => {
                    return Step::Failed(Stopped { failure, cause: self.cause.take() });
                }
            }
        }
    }

    /// Aborts once; errors on the way out do not hide the first cause.
    fn fail(&mut self, cause: Cause) {
        if self.cause.is_none() {
            self.machine.abort(self.io.now(), cause.abort());
            self.cause = Some(cause);
        }
    }
}
