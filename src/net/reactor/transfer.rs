use std::net::SocketAddr;
use std::time::Instant;

use super::alarms::Alarms;
use super::listeners::Listeners;
use super::notice::{Key, Notice, ServerTask};
use super::port::{Opened, Port};
use crate::event::{Observers, RecordKind};
use crate::net::fault_injector::FaultInjector;
use crate::net::overdue::Overdue;
use crate::net::reporter::{Reporter, Subject};
use crate::net::socket::Received;
use crate::net::wire::{SendErrors, Wire};
use crate::transfer::{Abort, Failure, Input, Stats, Step};

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

/// A task with its port.
pub(super) struct Transfer {
    subject: Subject,
    pub(super) port: Port,
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
    /// The peer answers: a server got an ACK of DATA, or DATA.
    proven: bool,
}

/// What surrounds a transfer: the sockets that it may share, and the receivers of its reports.
pub(super) struct Context<'a, 'o> {
    pub(super) key: Key,
    pub(super) listeners: &'a mut Listeners,
    pub(super) notices: &'a mut Vec<Notice>,
    pub(super) observers: &'a mut Observers<'o>,
}

impl Transfer {
    /// Makes a transfer that is ready from the start.
    pub(super) fn new(number: u64, port: Port, task: ServerTask, injector: Option<Box<FaultInjector>>) -> Self {
        let (subject, overdue) = (Subject::new(number, port.local()), Overdue::default());
        Self {
            subject,
            port,
            task,
            injector,
            due: None,
            alarm: None,
            overdue,
            answered: false,
            complete: false,
            proven: false,
        }
    }

    /// Returns what it has cost so far.
    pub(super) fn stats(&self) -> Stats {
        self.task.machine().stats()
    }

    /// Sends the first packet, once. Returns whether the transfer continues.
    pub(super) fn begin(&mut self, context: &mut Context<'_, '_>) -> bool {
        self.due.is_some() || self.input(Input::Start, context) && self.arrive(context)
    }

    /// Ends the transfer with an ERROR to the peer, unless it is complete.
    pub(super) fn give_up(&mut self, reason: Abort, context: &mut Context<'_, '_>) {
        if !self.complete {
            self.input(Input::Abort(reason), context);
        }
    }

    /// Ends the transfer without a word to the peer, unless it is complete.
    pub(super) fn displace(&mut self, failure: &Failure, context: &mut Context<'_, '_>) {
        if !self.complete {
            let stats = self.task.machine().stats();
            let (_, mut wire) = self.wire(context);
            wire.reporter.notify(RecordKind::Costs(&stats));
            wire.reporter.end(Err(failure));
        }
    }

    /// Handles what has arrived until it is the peer's turn, up to a burst.
    pub(super) fn read(&mut self, buffer: &mut [u8], context: &mut Context<'_, '_>) -> Burst {
        self.read_until(buffer, context, |transfer| transfer.answered)
    }

    /// Handles what has arrived at its own port, up to a burst, or until something is so after a datagram. What arrives at
    /// a shared port is [handed over](Self::datagrams).
    fn read_until(&mut self, buffer: &mut [u8], context: &mut Context<'_, '_>, is_so: impl Fn(&Self) -> bool) -> Burst {
        self.answered = false;
        for _ in 0..BURST {
            let socket = match &mut self.port {
                Port::Own(socket) => socket,
                Port::Shared(shared) if context.listeners.is_read(shared.flow.listener) => return Burst::Last,
                Port::Shared(_) => return Burst::More,
            };
            let continues = match socket.take(buffer) {
                Ok(Received::Datagrams { from, length, stride }) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    self.datagrams(from, bytes, stride, context)
                }
                Ok(Received::Refused(to)) => self.refused(to, context),
                // A route that fails for some time is like losses; only silence ends a transfer.
                Ok(Received::Unreachable { .. } | Received::Interrupted) => true,
                Ok(Received::Elapsed) | Err(_) => return Burst::Last,
            };
            if !continues {
                return Burst::Over;
            }
            if is_so(self) && !self.port.has_reports() {
                break;
            }
        }
        Burst::More
    }

    /// Handles the report that a datagram was refused. Returns whether the transfer continues.
    pub(super) fn refused(&mut self, to: SocketAddr, context: &mut Context<'_, '_>) -> bool {
        self.input(Input::Unreachable(to), context) && self.arrive(context)
    }

    /// Handles datagrams of one stride. Returns whether the transfer continues.
    pub(super) fn datagrams(
        &mut self,
        from: SocketAddr,
        bytes: &[u8],
        stride: usize,
        context: &mut Context<'_, '_>,
    ) -> bool {
        if self.wire(context).1.received(from, bytes, stride) {
            self.input(Input::Datagrams { from, bytes, stride }, context)
        } else {
            self.arrive(context)
        }
    }

    /// Handles an alarm, after what has arrived. While more is there to read, the tick waits, for a while.
    pub(super) fn wake(&mut self, now: Instant, buffer: &mut [u8], context: &mut Context<'_, '_>) -> Burst {
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        if !self.arrive(context) {
            return Burst::Over;
        }
        if !is_due(self.due) {
            return Burst::Last;
        }
        let burst = self.read_until(buffer, context, |_| false);
        let ticks = burst != Burst::Over && self.overdue.ticks(is_due(self.due), BURST, burst == Burst::Last);
        if ticks && !(self.input(Input::Tick, context) && self.arrive(context)) {
            return Burst::Over;
        }
        burst
    }

    /// Handles the packets of the injector that leave or arrive by now. Returns whether the transfer continues.
    fn arrive(&mut self, context: &mut Context<'_, '_>) -> bool {
        // A failed send is a lost packet: the machine sends again.
        let _ = self.wire(context).1.leave();
        while let Some(packet) = self.wire(context).1.arrive() {
            if !self.input(Input::datagram(packet.peer, packet.bytes()), context) {
                return false;
            }
        }
        true
    }

    /// Hands one input to the machine. Returns whether the transfer continues.
    fn input(&mut self, input: Input<'_>, context: &mut Context<'_, '_>) -> bool {
        let (task, mut wire) = self.wire(context);
        let step = task.run(input, &mut wire);
        self.answered |= wire.has_sent;
        if !self.proven && self.task.machine().stats().blocks > 0 {
            self.proven = true;
            context.notices.push(Notice::Proven(context.key));
        }
        match step {
            Step::Wait(until) => self.due = Some(until),
            Step::Complete { report, dally } => {
                self.complete = true;
                self.wire(context).1.reporter.end(Ok(&report));
                context.notices.push(Notice::Complete(context.key, report));
                if dally.is_none() {
                    context.notices.push(Notice::Gone(context.key));
                    return false;
                }
                self.due = dally;
            }
            Step::Failed(stopped) if !self.complete => {
                let stats = self.stats();
                let (_, mut wire) = self.wire(context);
                wire.flush();
                wire.reporter.notify(RecordKind::Costs(&stats));
                wire.reporter.end(Err(&stopped.failure));
                context.notices.push(Notice::Failed(context.key, stopped.failure));
                return false;
            }
            Step::Over | Step::Failed(_) => {
                context.notices.push(Notice::Gone(context.key));
                return false;
            }
        }
        true
    }

    fn wire<'a, 'o>(&'a mut self, context: &'a mut Context<'_, 'o>) -> (&'a mut ServerTask, Wire<'a, 'o, Opened<'a>>) {
        let Self { subject, port, task, injector, .. } = self;
        let reporter = Reporter { observers: context.observers, subject };
        let (socket, injector) = (port.open(context.listeners), injector.as_deref_mut());
        (task, Wire { socket, injector, reporter, errors: SendErrors::Loss, stop: None, has_sent: false })
    }

    /// Sends what the injector holds: the transfer is over.
    pub(super) fn close(&mut self, context: &mut Context<'_, '_>) {
        let (_, mut wire) = self.wire(context);
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
