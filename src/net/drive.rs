//! One machine, one socket, one file, until the file is safe or lost: the client's loop.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::blame;
use super::fault_injector::FaultInjector;
use super::gather::{Gather, Held};
use super::socket::{LARGEST_DATAGRAM, Received, Socket, datagrams};
use crate::event::{Direction, Observers, Record, RecordKind};
use crate::files::Content;
use crate::stop::Stop;
use crate::transfer::{Event, Failure, Machine, Output, Report};
use crate::wire::ErrorCode;

/// How long a transfer with faults listens on after its end.
const QUIET: Duration = Duration::from_millis(50);

/// Why a transfer ended without its file, told by where the cause lies.
#[derive(Debug, Error)]
pub enum DriveError {
    /// With the peer, or in its silence.
    #[error(transparent)]
    Transfer(Failure),
    /// In the way there: no route, or a socket that fails.
    #[error(transparent)]
    Network(io::Error),
    /// With the file of this side.
    #[error(transparent)]
    Local(io::Error),
    /// The stop flag was raised; the peer was told.
    #[error("interrupted")]
    Interrupted,
}

/// Runs a transfer and blocks until it is over; tells `observers` every datagram and event of the machine.
///
/// Success means that the file is safe and every packet that belongs to it is sent. A receiver's machine may then
/// still be dallying: keep it and the socket in a [`Dally`](super::Dally). A raised `stop` is noticed within
/// 100 ms, and the peer gets an ERROR.
///
/// A `injector` stands between machine and socket. Where it took the last ACK away, the transfer goes on until that was
/// repeated, so that those who watch see it; in any case it listens for another moment.
pub fn drive(
    machine: &mut dyn Machine,
    socket: &mut Socket,
    content: &mut dyn Content,
    observers: &mut Observers<'_>,
    injector: Option<&mut FaultInjector>,
    stop: &Stop,
) -> Result<Report, DriveError> {
    let local = socket.local();
    let mut drive = Drive {
        machine,
        socket,
        content,
        held: Held::default(),
        observers,
        injector,
        cause: None,
        asked: None,
        local,
        answered: false,
    };
    let result = drive.run(stop);
    if let Some(injector) = drive.injector {
        injector.flush(drive.socket);
    }
    result
}

struct Drive<'a, 'w> {
    machine: &'a mut dyn Machine,
    socket: &'a mut Socket,
    content: &'a mut dyn Content,
    /// File bytes not written yet.
    held: Held,
    observers: &'a mut Observers<'w>,
    injector: Option<&'a mut FaultInjector>,
    /// Why the machine was told to abort.
    cause: Option<DriveError>,
    /// Where the first packet went.
    asked: Option<SocketAddr>,
    /// This side, as those who watch are told.
    local: SocketAddr,
    /// The peer's transfer id is known, so the way to it exists.
    answered: bool,
}

/// Where a machine stands when it has nothing more to do.
enum Drained {
    Waiting(Instant),
    Complete(Report),
}

impl Drive<'_, '_> {
    fn run(&mut self, stop: &Stop) -> Result<Report, DriveError> {
        let mut buffer = vec![0; LARGEST_DATAGRAM];
        let mut drained = self.go_on()?;
        loop {
            let until = match drained {
                Drained::Waiting(until) => until,
                Drained::Complete(report) => {
                    self.see_off(&mut buffer, stop);
                    return Ok(report);
                }
            };
            if stop.is_requested() {
                self.give_up(ErrorCode::UNDEFINED, "transfer interrupted by the user", DriveError::Interrupted);
                drained = self.go_on()?;
                continue;
            }
            drained = self.turn(&mut buffer, until)?;
        }
    }

    /// Waits for one thing to happen, until a moment at most, and lets the machine know.
    fn turn(&mut self, buffer: &mut [u8], until: Instant) -> Result<Drained, DriveError> {
        let due = self.injector.as_ref().and_then(|injector| injector.due());
        let mut drained = match self.socket.receive(buffer, due.map_or(until, |due| due.min(until))) {
            Ok(Received::Datagrams { from, length, stride }) => {
                let bytes = buffer.get(..length).unwrap_or_default();
                match &mut self.injector {
                    None => self.datagrams(from, bytes, stride)?,
                    Some(injector) => {
                        let (observers, at, local) = (&mut *self.observers, Instant::now(), self.local);
                        injector
                            .take_in(from, bytes, stride, &mut |kind| observers.notify(&Record { at, local, kind }));
                        Drained::Waiting(until)
                    }
                }
            }
            Ok(Received::Unreachable { to, error }) => self.unreachable(to, error)?,
            Ok(Received::Interrupted | Received::Elapsed) => Drained::Waiting(until),
            Err(error) => {
                self.fail_network(error);
                self.go_on()?
            }
        };
        if self.injector.is_some() {
            drained = self.arrive(drained)?;
        }
        // Only after what was there already: a datagram may lie behind a sleep of this process. And after each
        // datagram, so that a peer that never stops talking cannot hold the timers off.
        if let Drained::Waiting(until) = drained {
            let now = Instant::now();
            self.observers.pulse(now, self.machine);
            if now >= until {
                self.machine.tick(now);
                drained = self.go_on()?;
            }
        }
        Ok(drained)
    }

    /// What was on the way by the meddler's will, and has arrived by now.
    fn arrive(&mut self, mut drained: Drained) -> Result<Drained, DriveError> {
        while let (Some(injector), Drained::Waiting(_)) = (&mut self.injector, &drained) {
            let (observers, at, local) = (&mut *self.observers, Instant::now(), self.local);
            let Some(parcel) = injector.take(at, &mut |kind| observers.notify(&Record { at, local, kind })) else {
                break;
            };
            if parcel.direction == Direction::Received {
                let mut gather = Gather::new();
                let handed = self.hand_in(parcel.peer, &parcel.datagram, &mut gather);
                drained = self.write(gather, handed)?;
            } else if let Err(error) = injector.post(self.socket, &parcel) {
                self.fail_network(error);
                drained = self.go_on()?;
            }
        }
        Ok(drained)
    }

    /// Where there are faults, the end of a transfer is part of what is to be seen: a last ACK that was lost on purpose
    /// is repeated, and what was doubled still comes in. Whatever happens now, the file is safe.
    fn see_off(&mut self, buffer: &mut [u8], stop: &Stop) {
        let quiet = Instant::now() + QUIET;
        while let Some(injector) = &self.injector {
            let has_pending = injector.has_pending();
            if stop.is_requested() || !has_pending && Instant::now() >= quiet {
                return;
            }
            let Ok(Drained::Waiting(until)) = self.go_on() else { return };
            if self.turn(buffer, if has_pending { until } else { until.min(quiet) }).is_err() {
                return;
            }
        }
    }

    fn datagrams(&mut self, from: SocketAddr, bytes: &[u8], stride: usize) -> Result<Drained, DriveError> {
        let mut gather = Gather::new();
        if bytes.len() > stride {
            // Many pieces are written from where they lie, behind what came before them.
            if let Err(error) = self.held.write(&mut gather, self.content) {
                self.fail_local(error);
            }
        }
        let mut drained = Ok(Drained::Waiting(Instant::now()));
        for datagram in datagrams(bytes, stride) {
            self.notify(
                Instant::now(),
                RecordKind::Packet { direction: Direction::Received, peer: from, datagram, lost: false },
            );
            drained = self.hand_in(from, datagram, &mut gather);
            if !matches!(drained, Ok(Drained::Waiting(_))) {
                break;
            }
        }
        self.write(gather, drained)
    }

    /// What was held for later, which is now.
    fn write(&mut self, mut gather: Gather<'_>, drained: Result<Drained, DriveError>) -> Result<Drained, DriveError> {
        match self.held.keep(&mut gather, self.content) {
            Ok(()) => drained,
            Err(error) => {
                self.fail_local(error);
                self.go_on()
            }
        }
    }

    fn hand_in<'d>(
        &mut self,
        from: SocketAddr,
        datagram: &'d [u8],
        gather: &mut Gather<'d>,
    ) -> Result<Drained, DriveError> {
        self.machine.datagram(Instant::now(), from, datagram);
        self.drain(datagram, gather)
    }

    fn unreachable(&mut self, to: SocketAddr, error: io::Error) -> Result<Drained, DriveError> {
        if error.kind() == io::ErrorKind::ConnectionRefused {
            self.machine.unreachable(Instant::now(), to);
        } else if self.asked == Some(to) {
            self.fail_network(error);
        }
        self.go_on()
    }

    /// After anything but a datagram.
    fn go_on(&mut self) -> Result<Drained, DriveError> {
        self.drain(&[], &mut Gather::new())
    }

    /// Carries out what the machine asks for until it waits or ends; `datagram` is the one just handed in.
    fn drain<'d>(&mut self, datagram: &'d [u8], gather: &mut Gather<'d>) -> Result<Drained, DriveError> {
        let mut complete = None;
        loop {
            match self.machine.poll() {
                Output::Transmit { to, datagrams, stride } => {
                    if let Err(error) = self.held.write(gather, self.content) {
                        self.fail_local(error);
                        continue;
                    }
                    if self.asked.is_none() {
                        self.asked = Some(to);
                        if self.observers.is_observed() {
                            self.local = self.socket.address_towards(to);
                        }
                    }
                    if let Some(injector) = &mut self.injector {
                        let (observers, at, local) = (&mut *self.observers, Instant::now(), self.local);
                        injector.send(to, datagrams, stride, &mut |kind| observers.notify(&Record { at, local, kind }));
                        continue;
                    }
                    let watched = self.observers.is_observed().then(Instant::now);
                    let sent = self.socket.transmit(to, datagrams, stride);
                    if let Some(at) = watched {
                        let lost = sent.is_err();
                        for datagram in datagrams.chunks(stride.max(1)) {
                            let kind = RecordKind::Packet { direction: Direction::Sent, peer: to, datagram, lost };
                            self.observers.notify(&Record { at, local: self.local, kind });
                        }
                    }
                    if let Err(error) = sent {
                        self.fail_network(error);
                    }
                }
                Output::Fill(room) => match self.content.fill(room) {
                    Ok(length) => self.machine.filled(Instant::now(), length),
                    Err(error) => self.fail_local(error),
                },
                Output::Deliver(range) => {
                    let bytes = datagram.get(range).unwrap_or_default();
                    if let Err(error) = gather.add(bytes, self.content) {
                        self.fail_local(error);
                    }
                }
                Output::Commit => match self.held.write(gather, self.content).and_then(|()| self.content.commit()) {
                    Ok(()) => self.machine.committed(Instant::now()),
                    Err(error) => self.fail_local(error),
                },
                Output::Event(event) => {
                    self.answered |= matches!(event, Event::Locked(_));
                    self.notify(Instant::now(), RecordKind::Machine(&event));
                }
                // What is still to be sent, the last ACK, goes out before the caller learns of it.
                Output::Complete(report) => complete = Some(report),
                Output::Wait(until) => return Ok(complete.map_or(Drained::Waiting(until), Drained::Complete)),
                Output::Done => {
                    let over = || DriveError::Transfer(Failure::Protocol("the transfer is over already".to_owned()));
                    return complete.map(Drained::Complete).ok_or_else(over);
                }
                Output::Failed(failure) => {
                    return Err(self.cause.take().unwrap_or(DriveError::Transfer(failure)));
                }
            }
        }
    }

    fn fail_local(&mut self, error: io::Error) {
        let (code, reason) = blame(&error);
        self.give_up(code, &reason, DriveError::Local(error));
    }

    /// A way that fails is fatal before the first answer; later it counts as loss, which the timers judge.
    fn fail_network(&mut self, error: io::Error) {
        use io::ErrorKind::{HostUnreachable, NetworkDown, NetworkUnreachable};
        let passing = matches!(error.kind(), HostUnreachable | NetworkUnreachable | NetworkDown);
        if !(passing && self.answered) {
            let reason = error.to_string();
            self.give_up(ErrorCode::UNDEFINED, &reason, DriveError::Network(error));
        }
    }

    /// Aborts once; errors on the way out do not hide the first cause.
    fn give_up(&mut self, code: ErrorCode, reason: &str, cause: DriveError) {
        if self.cause.is_none() {
            self.cause = Some(cause);
            self.machine.abort(Instant::now(), code, reason);
        }
    }

    fn notify(&mut self, at: Instant, kind: RecordKind<'_>) {
        if self.observers.is_observed() {
            self.observers.notify(&Record { at, local: self.local, kind });
        }
    }
}
