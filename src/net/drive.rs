//! The loop of the client: runs one transfer to its end.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::earlier::Earlier;
use super::fault_injector::FaultInjector;
use super::overdue::Overdue;
use super::reporter::Reporter;
use super::socket::{LARGEST_DATAGRAM, Received, Socket};
use super::wire::{SendErrors, Wire};
use crate::event::RecordKind;
use crate::files::{Digest, ReadFile, WriteFile};
use crate::stop::Stop;
use crate::transfer::{Failure, Input, Io, Report, Step, Stopped, Task, datagrams};

/// How long a transfer with faults listens after its end.
const QUIET: Duration = Duration::from_millis(50);

/// A transfer of the client.
///
/// Every datagram and event of the machine is a record. A packet of an `earlier` transfer, which had the same port, is
/// not an answer to this one. Its sender gets the last ACK again if it asks for it, and never an ERROR.
pub(crate) struct Drive<'a, 'o, R, W> {
    task: &'a mut Task<R, W>,
    wire: Wire<'a, 'o, &'a mut Socket>,
    overdue: Overdue,
    local: SocketAddr,
    earlier: &'a mut Earlier,
    /// Until when the machine repeats the last ACK, after the end.
    dally: Option<Instant>,
    buffer: Vec<u8>,
}

impl<'a, 'o, R: ReadFile, W: WriteFile> Drive<'a, 'o, R, W> {
    /// Prepares a transfer, with an `injector` if there are faults.
    pub(crate) fn new(
        task: &'a mut Task<R, W>,
        socket: &'a mut Socket,
        reporter: Reporter<'a, 'o>,
        injector: Option<&'a mut FaultInjector>,
        earlier: &'a mut Earlier,
        stop: &'a Stop,
    ) -> Self {
        let (local, errors) = (socket.local(), SendErrors::Fatal { asked: None, peer: None });
        let wire = Wire { socket, injector, reporter, errors, stop: Some(stop), has_sent: false };
        let (overdue, buffer) = (Overdue::default(), vec![0; LARGEST_DATAGRAM]);
        Self { task, wire, overdue, local, earlier, dally: None, buffer }
    }

    /// Runs the transfer and blocks until the file is safe and the last packet was sent, or until it failed. A raised
    /// `stop` is noticed within 100 ms, and the peer gets an ERROR.
    ///
    /// [`end`](Self::end) must follow success. A failed transfer is over, but its end has no record yet.
    pub(crate) fn run(&mut self) -> Result<Report, Stopped> {
        let mut step = self.input(Input::Start);
        let stopped = loop {
            step = match step {
                Step::Wait(until) => match self.wire.stop() {
                    Some(reason) => self.input(Input::Abort(reason)),
                    None => self.turn(until),
                },
                Step::Complete { report, dally } => {
                    self.dally = dally;
                    return Ok(report);
                }
                Step::Failed(stopped) => break stopped,
                // A machine is complete before it is over.
                Step::Over => break Stopped { failure: Failure::Vanished, cause: None },
            };
        };
        self.close();
        Err(stopped)
    }

    /// Notifies of the end, and then settles the faults: with an injector, the transfer listens a little longer, and
    /// repeats a dropped last ACK. The packets of this time are late ones.
    ///
    /// A receiver may still be dallying: keep its machine and the socket in a [`Dally`](super::Dally).
    pub(crate) fn end(mut self, report: &Report) {
        if let Some(digest) = self.task.sha256() {
            self.wire.reporter.notify(RecordKind::Digest(&Digest(digest).to_string()));
        }
        self.wire.reporter.end(Ok(report));
        self.settle_faults();
        self.close();
        self.wire.reporter.settled();
    }

    fn close(&mut self) {
        if let Some(peer) = self.wire.own_tid() {
            self.earlier.note(self.local, peer);
        }
        self.wire.flush();
    }

    fn input(&mut self, input: Input<'_>) -> Step {
        self.task.run(input, &mut self.wire)
    }

    /// Waits for one input, no longer than until a time, and hands it to the machine.
    fn turn(&mut self, until: Instant) -> Step {
        let wakes = self.wire.due().map_or(until, |due| due.min(until));
        let (mut read, mut nothing_left) = (0, false);
        let mut step = match self.wire.socket.receive(&mut self.buffer, wakes) {
            Ok(Received::Datagrams { from, length, stride }) => {
                read = length.div_ceil(stride.max(1)).max(1);
                self.datagrams(from, length, stride).unwrap_or(Step::Wait(until))
            }
            Ok(Received::Refused(to)) => self.input(Input::Unreachable(to)),
            Ok(Received::Unreachable { to, error }) if self.wire.has_asked(to) => self.network_error(error, until),
            Ok(Received::Unreachable { .. } | Received::Interrupted) => Step::Wait(until),
            Ok(Received::Elapsed) => {
                nothing_left = true;
                Step::Wait(until)
            }
            Err(error) => self.network_error(error, until),
        };
        step = self.arrive(step);
        if let Step::Wait(until) = step {
            let now = Instant::now();
            self.wire.reporter.observers.pulse(now, self.task.machine());
            if self.overdue.ticks(now >= until, read, nothing_left) {
                step = self.input(Input::Tick);
            }
        }
        step
    }

    /// Handles datagrams in the buffer, unless the injector has them now.
    fn datagrams(&mut self, from: SocketAddr, length: usize, stride: usize) -> Option<Step> {
        let Self { task, wire, local, earlier, buffer, .. } = self;
        let bytes = buffer.get(..length).unwrap_or_default();
        if earlier.owns(*local, from) {
            wire.received_late(from, bytes, stride);
            for answer in datagrams(bytes, stride).filter_map(|datagram| earlier.answer(from, datagram)) {
                wire.answer_late(from, &answer);
            }
            return None;
        }
        wire.received(from, bytes, stride).then(|| task.run(Input::Datagrams { from, bytes, stride }, wire))
    }

    fn network_error(&mut self, error: io::Error, until: Instant) -> Step {
        if self.wire.is_fatal(&error) { self.input(Input::NetworkError(error)) } else { Step::Wait(until) }
    }

    /// Handles the packets of the injector that leave or arrive by now.
    fn arrive(&mut self, mut step: Step) -> Step {
        if let (Step::Wait(until), Err(error)) = (&step, self.wire.leave()) {
            step = self.network_error(error, *until);
        }
        while let Step::Wait(_) = step {
            let Some(packet) = self.wire.arrive() else { break };
            step = self.input(Input::datagram(packet.peer, packet.bytes()));
        }
        step
    }

    /// Repeats a last ACK that a fault dropped, and receives delayed packets, for observers. The file is safe already.
    fn settle_faults(&mut self) {
        let quiet = Instant::now() + QUIET;
        while let (Some(injector), Some(until)) = (&self.wire.injector, self.dally) {
            let pending = injector.has_pending();
            if self.wire.stop().is_some() || !pending && Instant::now() >= quiet {
                return;
            }
            self.dally = match self.turn(if pending { until } else { until.min(quiet) }) {
                Step::Wait(until) => Some(until),
                _ => None,
            };
        }
    }
}
