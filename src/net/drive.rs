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
use crate::event::Direction;
use crate::files::{ReadFile, WriteFile};
use crate::stop::Stop;
use crate::transfer::{Failure, Input, Io, Report, Step, Stopped, Task, datagrams};

/// How long a transfer with faults listens after its end.
const QUIET: Duration = Duration::from_millis(50);

/// Runs a transfer and blocks until it is over; every datagram and event of the machine is a record.
///
/// After success the file is safe and every packet of it is sent. A receiver may still be dallying: keep its machine
/// and the socket in a [`Dally`](super::Dally). A raised `stop` is noticed within 100 ms, and the peer gets an ERROR.
///
/// A packet of an `earlier` transfer, which had the same port, is not an answer to this one. Its sender gets the last ACK
/// again if it asks for it, and never an ERROR.
///
/// An `injector` sits between machine and socket. The transfer then listens a little longer, and repeats a dropped
/// last ACK.
pub(crate) fn drive<R: ReadFile, W: WriteFile>(
    task: &mut Task<R, W>,
    socket: &mut Socket,
    reporter: &mut Reporter<'_, '_>,
    injector: Option<&mut FaultInjector>,
    earlier: &mut Earlier,
    stop: &Stop,
) -> Result<Report, Stopped> {
    let (local, errors) = (socket.local(), SendErrors::Fatal { asked: None, peer: None });
    let wire = Wire { socket, injector, reporter: reporter.lend(), errors, stop: Some(stop) };
    let mut drive = Drive { task, wire, overdue: Overdue::default(), local, earlier };
    let result = drive.run();
    if let Some(peer) = drive.wire.own_tid() {
        drive.earlier.note(local, peer);
    }
    let Wire { socket, injector, .. } = drive.wire;
    if let Some(injector) = injector {
        injector.flush(socket);
    }
    result
}

struct Drive<'a, 'o, R, W> {
    task: &'a mut Task<R, W>,
    wire: Wire<'a, 'o>,
    overdue: Overdue,
    local: SocketAddr,
    earlier: &'a mut Earlier,
}

impl<R: ReadFile, W: WriteFile> Drive<'_, '_, R, W> {
    fn run(&mut self) -> Result<Report, Stopped> {
        let mut buffer = vec![0; LARGEST_DATAGRAM];
        let mut step = self.input(Input::Start);
        loop {
            step = match step {
                Step::Wait(until) => match self.wire.stop() {
                    Some(reason) => self.input(Input::Abort(reason)),
                    None => self.turn(&mut buffer, until),
                },
                Step::Complete { report, dally } => {
                    self.settle_faults(&mut buffer, dally);
                    return Ok(report);
                }
                Step::Failed(stopped) => return Err(stopped),
                // A machine is complete before it is over.
                Step::Over => return Err(Stopped { failure: Failure::Vanished, cause: None }),
            };
        }
    }

    fn input(&mut self, input: Input<'_>) -> Step {
        self.task.run(input, &mut self.wire)
    }

    /// Waits for one input, no longer than until a time, and hands it to the machine.
    fn turn(&mut self, buffer: &mut [u8], until: Instant) -> Step {
        let due = self.wire.injector.as_ref().and_then(|injector| injector.due());
        let (mut read, mut nothing_left) = (0, false);
        let mut step = match self.wire.socket.receive(buffer, due.map_or(until, |due| due.min(until))) {
            Ok(Received::Datagrams { from, length, stride }) if self.earlier.owns(self.local, from) => {
                for datagram in datagrams(buffer.get(..length).unwrap_or_default(), stride) {
                    let answer = self.earlier.answer(from, datagram);
                    self.wire.late(from, datagram, answer);
                    read += 1;
                }
                Step::Wait(until)
            }
            Ok(Received::Datagrams { from, length, stride }) => {
                read = length.div_ceil(stride.max(1)).max(1);
                let bytes = buffer.get(..length).unwrap_or_default();
                if self.wire.injector.is_none() {
                    self.input(Input::Datagrams { from, bytes, stride })
                } else {
                    self.wire.inject(from, bytes, stride);
                    Step::Wait(until)
                }
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

    fn network_error(&mut self, error: io::Error, until: Instant) -> Step {
        if self.wire.is_fatal(&error) { self.input(Input::NetworkError(error)) } else { Step::Wait(until) }
    }

    /// Handles the packets of the injector that have arrived by now.
    fn arrive(&mut self, mut step: Step) -> Step {
        while let Step::Wait(until) = step {
            let Some(packet) = self.wire.take() else { break };
            if packet.direction == Direction::Received {
                step = self.input(Input::datagram(packet.peer, &packet.datagram));
            } else if let Err(error) = self.wire.post(&packet) {
                step = self.network_error(error, until);
            }
        }
        step
    }

    /// Repeats a last ACK that a fault dropped, and receives delayed packets, for observers. The file is safe already.
    fn settle_faults(&mut self, buffer: &mut [u8], mut dally: Option<Instant>) {
        let quiet = Instant::now() + QUIET;
        while let (Some(injector), Some(until)) = (&self.wire.injector, dally) {
            let pending = injector.has_pending();
            if self.wire.stop().is_some() || !pending && Instant::now() >= quiet {
                return;
            }
            dally = match self.turn(buffer, if pending { until } else { until.min(quiet) }) {
                Step::Wait(until) => Some(until),
                _ => None,
            };
        }
    }
}
