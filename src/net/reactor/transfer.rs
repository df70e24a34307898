use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use super::alarms::Alarms;
use super::{Key, Notice};
use crate::event::Direction;
use crate::files::Content;
use crate::net::blame;
use crate::net::fault_injector::FaultInjector;
use crate::net::gather::Gather;
use crate::net::socket::{Received, Socket, datagrams};
use crate::transfer::{Machine, Output};
use crate::wire::ErrorCode;

/// Reads from one socket before the others have their turn.
pub(super) const BURST: usize = 32;

/// One machine with its socket and its file.
pub(super) struct Transfer {
    socket: Socket,
    machine: Box<dyn Machine + Send>,
    content: Box<dyn Content>,
    injector: Option<Box<FaultInjector>>,
    /// Until when the machine waits; none before it ran first.
    due: Option<Instant>,
    /// The one entry among the alarms that counts.
    pub(super) alarm: Option<Instant>,
    /// Whether it stands among the ready ones.
    pub(super) queued: bool,
    complete: bool,
}

impl Transfer {
    /// Stands among the ready ones from the start.
    pub(super) fn new(
        socket: Socket,
        machine: Box<dyn Machine + Send>,
        content: Box<dyn Content>,
        injector: Option<Box<FaultInjector>>,
    ) -> Self {
        Self { socket, machine, content, injector, due: None, alarm: None, queued: true, complete: false }
    }

    /// Sends the first packet, unless it is sent. Tells whether the transfer goes on.
    pub(super) fn begin(&mut self, key: Key, notices: &mut Vec<Notice>) -> bool {
        self.due.is_some() || self.go_on(key, Instant::now(), notices)
    }

    /// Tells the peer why the transfer ends here, unless it is complete.
    pub(super) fn give_up(&mut self, key: Key, now: Instant, reason: &str, notices: &mut Vec<Notice>) {
        if !self.complete {
            self.machine.abort(now, ErrorCode::UNDEFINED, reason);
            self.go_on(key, now, notices);
        }
    }

    /// Hands in what has arrived, up to a burst. Tells whether the transfer goes on.
    pub(super) fn read(&mut self, key: Key, buffer: &mut [u8], notices: &mut Vec<Notice>) -> bool {
        for _ in 0..BURST {
            let going = match self.socket.receive(buffer, Instant::now()) {
                Ok(Received::Datagrams { from, length, stride }) => {
                    let datagrams = buffer.get(..length).unwrap_or_default();
                    self.datagrams(key, from, datagrams, stride, notices)
                }
                Ok(Received::Unreachable { to, error }) if error.kind() == io::ErrorKind::ConnectionRefused => {
                    let now = Instant::now();
                    self.machine.unreachable(now, to);
                    self.go_on(key, now, notices)
                }
                // A way that is blocked for a while is as good as losses; only silence ends a transfer.
                Ok(Received::Unreachable { .. } | Received::Interrupted) => true,
                Ok(Received::Elapsed) | Err(_) => return true,
            };
            if !going {
                return false;
            }
        }
        self.queued = true;
        true
    }

    fn datagrams(
        &mut self,
        key: Key,
        from: SocketAddr,
        bytes: &[u8],
        stride: usize,
        notices: &mut Vec<Notice>,
    ) -> bool {
        if let Some(injector) = &mut self.injector {
            injector.take_in(from, bytes, stride, &mut |_| {});
            return self.arrive(key, notices);
        }
        let mut gather = Gather::new();
        let mut now = Instant::now();
        for datagram in datagrams(bytes, stride) {
            self.machine.datagram(now, from, datagram);
            if !self.run(key, now, datagram, &mut gather, notices) {
                // Over: what is still held is of no use any more, or written.
                return false;
            }
            now = Instant::now();
        }
        match gather.write(&mut *self.content) {
            Ok(()) => true,
            Err(error) => {
                self.abort(now, &error);
                self.go_on(key, now, notices)
            }
        }
    }

    /// The alarm rang. Tells whether the transfer goes on.
    pub(super) fn wake(&mut self, key: Key, now: Instant, notices: &mut Vec<Notice>) -> bool {
        if !self.arrive(key, notices) {
            return false;
        }
        if self.due.is_none_or(|due| due > now) {
            return true;
        }
        self.machine.tick(now);
        self.go_on(key, now, notices)
    }

    /// After anything but a datagram.
    fn go_on(&mut self, key: Key, now: Instant, notices: &mut Vec<Notice>) -> bool {
        self.run(key, now, &[], &mut Gather::new(), notices) && self.arrive(key, notices)
    }

    /// What was on the way by the meddler's will, and has arrived by now. Tells whether the transfer goes on.
    fn arrive(&mut self, key: Key, notices: &mut Vec<Notice>) -> bool {
        while let Some(injector) = &mut self.injector {
            let now = Instant::now();
            let Some(parcel) = injector.take(now, &mut |_| {}) else { break };
            if parcel.direction == Direction::Sent {
                let _ = injector.post(&mut self.socket, &parcel);
            } else {
                self.machine.datagram(now, parcel.peer, &parcel.datagram);
                let mut gather = Gather::new();
                if !self.run(key, now, &parcel.datagram, &mut gather, notices) {
                    return false;
                }
                if let Err(error) = gather.write(&mut *self.content) {
                    self.abort(now, &error);
                    return self.go_on(key, now, notices);
                }
            }
        }
        true
    }

    fn abort(&mut self, now: Instant, error: &io::Error) {
        let (code, reason) = blame(error);
        self.machine.abort(now, code, &reason);
    }

    /// Does what the machine asks for until it waits or is over. Tells whether the transfer goes on.
    fn run<'d>(
        &mut self,
        key: Key,
        now: Instant,
        datagram: &'d [u8],
        gather: &mut Gather<'d>,
        notices: &mut Vec<Notice>,
    ) -> bool {
        loop {
            let trouble = match self.machine.poll() {
                Output::Transmit { to, datagrams, stride } => {
                    let written = gather.write(&mut *self.content);
                    match &mut self.injector {
                        _ if written.is_err() => {}
                        Some(injector) => injector.send(to, datagrams, stride, &mut |_| {}),
                        // Lost in here is lost on the way: the machine sends again.
                        None => drop(self.socket.transmit(to, datagrams, stride)),
                    }
                    written.err()
                }
                Output::Fill(room) => match self.content.fill(room) {
                    Ok(length) => {
                        self.machine.filled(now, length);
                        None
                    }
                    Err(error) => Some(error),
                },
                Output::Deliver(range) => gather.add(datagram.get(range).unwrap_or_default(), &mut *self.content).err(),
                Output::Commit => match gather.write(&mut *self.content).and_then(|()| self.content.commit()) {
                    Ok(()) => {
                        self.machine.committed(now);
                        None
                    }
                    Err(error) => Some(error),
                },
                Output::Event(_) => None,
                Output::Complete(report) => {
                    self.complete = true;
                    notices.push(Notice::Complete(key, report));
                    None
                }
                Output::Wait(moment) => {
                    self.due = Some(moment);
                    return true;
                }
                Output::Failed(failure) if !self.complete => {
                    notices.push(Notice::Failed(key, failure));
                    return false;
                }
                Output::Done | Output::Failed(_) => {
                    notices.push(Notice::Gone(key));
                    return false;
                }
            };
            if let Some(error) = trouble {
                self.abort(now, &error);
            }
        }
    }

    /// When something is to be done at the latest.
    fn due(&self) -> Option<Instant> {
        let on_the_way = self.injector.as_ref().and_then(|injector| injector.due());
        self.due.into_iter().chain(on_the_way).min()
    }

    /// Makes sure that an alarm rings when the machine is due, or before. As a rule a deadline moves away with every
    /// packet; the alarm stays and is set anew when it rings, so that a packet costs nothing here.
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
