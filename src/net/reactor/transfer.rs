use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use super::alarms::Alarms;
use super::notice::{Job, Key, Notice};
use crate::event::{Direction, Observers};
use crate::net::fault_injector::FaultInjector;
use crate::net::socket::{Received, Socket};
use crate::net::wire::{SendErrors, Wire};
use crate::transfer::{Abort, Input, Step};

/// Reads from one socket before the others have their turn.
pub(super) const BURST: usize = 32;

/// One machine with its socket and its file.
pub(super) struct Transfer {
    socket: Socket,
    job: Job,
    injector: Option<Box<FaultInjector>>,
    /// Until when the machine waits; none before it ran first.
    due: Option<Instant>,
    /// The one entry among the alarms that counts.
    pub(super) alarm: Option<Instant>,
    /// Whether it is among the ready ones.
    pub(super) queued: bool,
    complete: bool,
}

/// Where a transfer reports to.
pub(super) struct Reports<'a, 'o> {
    pub(super) key: Key,
    pub(super) notices: &'a mut Vec<Notice>,
    pub(super) observers: &'a mut Observers<'o>,
}

impl Transfer {
    /// Is among the ready ones from the start.
    pub(super) fn new(socket: Socket, job: Job, injector: Option<Box<FaultInjector>>) -> Self {
        Self { socket, job, injector, due: None, alarm: None, queued: true, complete: false }
    }

    /// Sends the first packet, unless it is sent. Returns whether the transfer continues.
    pub(super) fn begin(&mut self, reports: &mut Reports<'_, '_>) -> bool {
        self.due.is_some() || self.input(Input::Start, reports) && self.arrive(reports)
    }

    /// Ends the transfer with an ERROR to the peer, unless it is complete.
    pub(super) fn give_up(&mut self, reason: Abort, reports: &mut Reports<'_, '_>) {
        if !self.complete {
            self.input(Input::Abort(reason), reports);
        }
    }

    /// Hands in what has arrived, up to a burst. Returns whether the transfer continues.
    pub(super) fn read(&mut self, buffer: &mut [u8], reports: &mut Reports<'_, '_>) -> bool {
        for _ in 0..BURST {
            let continues = match self.socket.receive(buffer, Instant::now()) {
                Ok(Received::Datagrams { from, length, stride }) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    self.datagrams(from, bytes, stride, reports)
                }
                Ok(Received::Unreachable { to, error }) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    self.input(Input::Unreachable(to), reports) && self.arrive(reports)
                }
                // A way that is blocked for a while is as good as losses; only silence ends a transfer.
                Ok(Received::Unreachable { .. } | Received::Interrupted) => true,
                Ok(Received::Elapsed) | Err(_) => return true,
            };
            if !continues {
                return false;
            }
        }
        self.queued = true;
        true
    }

    fn datagrams(&mut self, from: SocketAddr, bytes: &[u8], stride: usize, reports: &mut Reports<'_, '_>) -> bool {
        if self.injector.is_none() {
            return self.input(Input::Datagrams { from, bytes, stride }, reports);
        }
        self.wire(reports.observers).1.inject(from, bytes, stride);
        self.arrive(reports)
    }

    /// Lets the time of an alarm come. Returns whether the transfer continues.
    pub(super) fn wake(&mut self, now: Instant, reports: &mut Reports<'_, '_>) -> bool {
        if !self.arrive(reports) {
            return false;
        }
        if self.due.is_none_or(|due| due > now) {
            return true;
        }
        self.input(Input::Tick, reports) && self.arrive(reports)
    }

    /// What the injector had on the way, and has arrived by now. Returns whether the transfer continues.
    fn arrive(&mut self, reports: &mut Reports<'_, '_>) -> bool {
        while let Some(packet) = self.wire(reports.observers).1.take() {
            if packet.direction == Direction::Sent {
                // Lost in here is lost on the way: the machine sends again.
                let _ = self.wire(reports.observers).1.post(&packet);
            } else if !self.input(Input::datagram(packet.peer, &packet.datagram), reports) {
                return false;
            }
        }
        true
    }

    /// Hands one input to the machine. Returns whether the transfer continues.
    fn input(&mut self, input: Input<'_>, reports: &mut Reports<'_, '_>) -> bool {
        let (job, mut wire) = self.wire(reports.observers);
        match job.run(input, &mut wire) {
            Step::Wait(until) => self.due = Some(until),
            Step::Complete { report, dally } => {
                self.complete = true;
                reports.notices.push(Notice::Complete(reports.key, report));
                if dally.is_none() {
                    reports.notices.push(Notice::Gone(reports.key));
                    return false;
                }
                self.due = dally;
            }
            Step::Failed(stopped) if !self.complete => {
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

    fn wire<'a, 'o>(&'a mut self, observers: &'a mut Observers<'o>) -> (&'a mut Job, Wire<'a, 'o>) {
        let Self { socket, job, injector, .. } = self;
        let (local, injector, errors) = (socket.local(), injector.as_deref_mut(), SendErrors::Loss);
        (job, Wire { socket, injector, observers, local, errors })
    }

    /// When something is to be done at the latest.
    fn due(&self) -> Option<Instant> {
        let on_the_way = self.injector.as_ref().and_then(|injector| injector.due());
        self.due.into_iter().chain(on_the_way).min()
    }

    /// Makes sure that an alarm wakes the machine when it is due, or before. As a rule a deadline moves away with every
    /// packet; the alarm stays and is set anew when its time comes, so that a packet costs nothing here.
    pub(super) fn set_alarm(&mut self, key: Key, alarms: &mut Alarms) {
        let Some(due) = self.due() else { return };
        if self.alarm.is_none_or(|alarm| due < alarm) {
            alarms.set(due, key);
            self.alarm = Some(due);
        }
    }
}

impl Drop for Transfer {
    fn drop(&mut self) {
        if let Some(injector) = &mut self.injector {
            injector.flush(&mut self.socket);
        }
    }
}

impl std::fmt::Debug for Transfer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transfer").field("socket", &self.socket).field("due", &self.due).finish_non_exhaustive()
    }
}
