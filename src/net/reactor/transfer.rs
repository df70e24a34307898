use std::net::SocketAddr;
use std::time::Instant;

use super::alarms::Alarms;
use super::notice::{Key, Notice, ServerTask};
use crate::event::{Observers, RecordKind};
use crate::net::fault_injector::FaultInjector;
use crate::net::overdue::Overdue;
use crate::net::reporter::{Reporter, Subject};
use crate::net::socket::{Received, Socket};
use crate::net::wire::{SendErrors, Wire};
use crate::transfer::{Abort, Input, Step};

/// Reads from one socket before the others have their turn.
pub(super) const BURST: usize = 32;

/// What follows a burst of datagrams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Burst {
    /// Nothing: the transfer is over.
    Over,
    /// Nothing that has arrived yet.
    Last,
    /// More may have arrived already.
    More,
}

/// A task with its socket.
pub(super) struct Transfer {
    subject: Subject,
    socket: Socket,
    task: ServerTask,
    injector: Option<Box<FaultInjector>>,
    /// When the machine wants its next tick; `None` before its first input.
    due: Option<Instant>,
    /// The only alarm that counts.
    pub(super) alarm: Option<Instant>,
    overdue: Overdue,
    /// It has sent something since the last read.
    answered: bool,
    complete: bool,
}

/// The receivers of a transfer's reports.
pub(super) struct Reports<'a, 'o> {
    pub(super) key: Key,
    pub(super) notices: &'a mut Vec<Notice>,
    pub(super) observers: &'a mut Observers<'o>,
}

impl Transfer {
    /// Makes a transfer that is ready from the start.
    pub(super) fn new(number: u64, socket: Socket, task: ServerTask, injector: Option<Box<FaultInjector>>) -> Self {
        let (subject, overdue) = (Subject::new(number, socket.local()), Overdue::default());
        Self { subject, socket, task, injector, due: None, alarm: None, overdue, answered: false, complete: false }
    }

    /// Sends the first packet, once. Returns whether the transfer continues.
    pub(super) fn begin(&mut self, reports: &mut Reports<'_, '_>) -> bool {
        self.due.is_some() || self.input(Input::Start, reports) && self.arrive(reports)
    }

    /// Ends the transfer with an ERROR to the peer, unless it is complete.
    pub(super) fn give_up(&mut self, reason: Abort, reports: &mut Reports<'_, '_>) {
        if !self.complete {
            self.input(Input::Abort(reason), reports);
        }
    }

    /// Handles what has arrived until it is the peer's turn, up to a burst.
    pub(super) fn read(&mut self, buffer: &mut [u8], reports: &mut Reports<'_, '_>) -> Burst {
        self.read_until(buffer, reports, |transfer| transfer.answered)
    }

    /// Handles what has arrived, up to a burst, or until something is so after a datagram.
    fn read_until(&mut self, buffer: &mut [u8], reports: &mut Reports<'_, '_>, is_so: impl Fn(&Self) -> bool) -> Burst {
        self.answered = false;
        for _ in 0..BURST {
            let continues = match self.socket.take(buffer) {
                Ok(Received::Datagrams { from, length, stride }) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    self.datagrams(from, bytes, stride, reports)
                }
                Ok(Received::Refused(to)) => self.input(Input::Unreachable(to), reports) && self.arrive(reports),
                // A route that fails for some time is like losses; only silence ends a transfer.
                Ok(Received::Unreachable { .. } | Received::Interrupted) => true,
                Ok(Received::Elapsed) | Err(_) => return Burst::Last,
            };
            if !continues {
                return Burst::Over;
            }
            if is_so(self) && !self.socket.has_reports() {
                break;
            }
        }
        Burst::More
    }

    fn datagrams(&mut self, from: SocketAddr, bytes: &[u8], stride: usize, reports: &mut Reports<'_, '_>) -> bool {
        if self.wire(reports.observers).1.received(from, bytes, stride) {
            self.input(Input::Datagrams { from, bytes, stride }, reports)
        } else {
            self.arrive(reports)
        }
    }

    /// Handles an alarm, after what has arrived. While more is there to read, the tick waits, for a while.
    pub(super) fn wake(&mut self, now: Instant, buffer: &mut [u8], reports: &mut Reports<'_, '_>) -> Burst {
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        if !self.arrive(reports) {
            return Burst::Over;
        }
        if !is_due(self.due) {
            return Burst::Last;
        }
        let burst = self.read_until(buffer, reports, |_| false);
        let ticks = burst != Burst::Over && self.overdue.ticks(is_due(self.due), BURST, burst == Burst::Last);
        if ticks && !(self.input(Input::Tick, reports) && self.arrive(reports)) {
            return Burst::Over;
        }
        burst
    }

    /// Handles the packets of the injector that leave or arrive by now. Returns whether the transfer continues.
    fn arrive(&mut self, reports: &mut Reports<'_, '_>) -> bool {
        // A failed send is a lost packet: the machine sends again.
        let _ = self.wire(reports.observers).1.leave();
        while let Some(packet) = self.wire(reports.observers).1.arrive() {
            if !self.input(Input::datagram(packet.peer, packet.bytes()), reports) {
                return false;
            }
        }
        true
    }

    /// Hands one input to the machine. Returns whether the transfer continues.
    fn input(&mut self, input: Input<'_>, reports: &mut Reports<'_, '_>) -> bool {
        let (task, mut wire) = self.wire(reports.observers);
        let step = task.run(input, &mut wire);
        self.answered |= wire.has_sent;
        match step {
            Step::Wait(until) => self.due = Some(until),
            Step::Complete { report, dally } => {
                self.complete = true;
                self.wire(reports.observers).1.reporter.end(Ok(&report));
                reports.notices.push(Notice::Complete(reports.key, report));
                if dally.is_none() {
                    reports.notices.push(Notice::Gone(reports.key));
                    return false;
                }
                self.due = dally;
            }
            Step::Failed(stopped) if !self.complete => {
                let stats = self.task.machine().stats();
                let (_, mut wire) = self.wire(reports.observers);
                wire.flush();
                wire.reporter.notify(RecordKind::Costs(&stats));
                wire.reporter.end(Err(&stopped.failure));
                reports.notices.push(Notice::Failed(reports.key, stopped.failure));
                return false;
            }
            Step::Over | Step::Failed(_) => {
                reports.notices.push(Notice::Gone(reports.key));
                return false;
            }
        }
        true
    }

    fn wire<'a, 'o>(&'a mut self, observers: &'a mut Observers<'o>) -> (&'a mut ServerTask, Wire<'a, 'o>) {
        let Self { subject, socket, task, injector, .. } = self;
        let reporter = Reporter { observers, subject };
        (
            task,
            Wire {
                socket,
                injector: injector.as_deref_mut(),
                reporter,
                errors: SendErrors::Loss,
                stop: None,
                has_sent: false,
            },
        )
    }

    /// Sends what the injector holds: the transfer is over.
    pub(super) fn close(&mut self, observers: &mut Observers<'_>) {
        let (_, mut wire) = self.wire(observers);
        wire.flush();
        wire.reporter.settled();
    }

    /// Returns when the machine or the injector is due.
    fn due(&self) -> Option<Instant> {
        let in_flight = self.injector.as_ref().and_then(|injector| injector.due());
        self.due.into_iter().chain(in_flight).min()
    }

    /// Ensures that an alarm wakes the machine when it is due. Usually every packet moves the deadline away; the alarm
    /// stays, and is set again when it rings, so that a packet costs nothing here.
    pub(super) fn set_alarm(&mut self, key: Key, alarms: &mut Alarms) {
        let Some(due) = self.due() else { return };
        if self.alarm.is_none_or(|alarm| due < alarm) {
            alarms.set(due, key);
            self.alarm = Some(due);
        }
    }
}
