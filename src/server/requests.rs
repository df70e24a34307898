//! Requests: each becomes a transfer, or gets an ERROR.

use std::io;
use std::mem;
use std::net::SocketAddr;
use std::time::Instant;

use super::admission::{Decision, Predecessors};
use super::ledger::{Entry, Stage};
use super::log::LoggedRequest;
use super::policy::{self, File, Policy};
use super::ports::Ports;
use super::refusals::{Unserved, report_refusal, understand};
use super::request_faults::Asked;
use super::subject::Subject;
use super::{BURST, Server};
use crate::bugs::{BuggyServer, ServerBug};
use crate::event::{Delivery, Observers, Origin, Record, RecordKind};
use crate::fault::InFlight;
use crate::files::Denied;
use crate::net::{Envelope, FaultInjector, Port, Reading, ServerTask, Socket};
use crate::transfer::{Abort, Receiver, Sender, Task};
use crate::wire::{Answer, ErrorCode, Packet, Request, RequestKind, Terms, WindowSize, emit_error};

/// A request that reached the server.
struct Incoming<'a> {
    asked: &'a Asked,
    datagram: &'a [u8],
    request: Request<'a>,
    policy: &'a Policy,
    /// The bug, if it is active towards this client.
    bug: Option<ServerBug>,
    /// The number of its transfer.
    number: u64,
    /// The injector for its transfer.
    injector: Option<Box<FaultInjector>>,
}

impl Server {
    /// Takes what has arrived at a listening socket, up to a burst.
    pub(super) fn take_requests(&mut self, listener: usize, observers: &mut Observers<'_>) {
        let (mut datagram, mut notices) = (Vec::new(), Vec::new());
        for _ in 0..BURST {
            let read = self.reactor.read(listener, &mut datagram, &mut notices, observers);
            // A client may ask again right after the end of its transfer. At one socket, the order of packets is known, so its
            // proofs count for the next request.
            let elsewhere = mem::take(&mut self.proven);
            notices.drain(..).for_each(|notice| self.note(notice, observers));
            self.believe_proofs(observers);
            self.proven = elsewhere;
            match read {
                Ok(Reading::Datagram(envelope)) => {
                    self.receive(listener, &envelope, &datagram, observers);
                    self.answer_requests(observers);
                }
                Ok(Reading::Nothing) => return,
                // The next datagram may be fine.
                Ok(Reading::Other) | Err(_) => {}
            }
        }
    }

    /// Answers the requests that have arrived; a fault rule may have held them.
    pub(super) fn answer_requests(&mut self, observers: &mut Observers<'_>) {
        while self.request_faults.due().is_some() {
            let now = Instant::now();
            let Some((asked, packet)) = self.request_faults.arrive(now) else { return };
            if let Some(delivery) = Delivery::of(&packet, now) {
                let local = self.asked_at(&asked);
                let kind = RecordKind::Delivered(delivery);
                observers.notify(&Record { at: now, transfer: asked.number, local, kind });
            }
            self.arrive(asked, &packet, observers);
        }
    }

    /// Answers the requests that have waited for a place.
    pub(super) fn answer_waiting(&mut self, observers: &mut Observers<'_>) {
        let policy = self.shared.policy();
        while let Some((waiting, decision)) = self.admission.next(Instant::now(), &policy) {
            self.settle(waiting.asked, &waiting.datagram, decision, &policy, observers);
        }
    }

    /// Takes a datagram from a listening socket.
    fn receive(&mut self, listener: usize, envelope: &Envelope, datagram: &[u8], observers: &mut Observers<'_>) {
        // Broadcasts are never answered (RFC 1123 section 4.2.3.4).
        if envelope.to_many {
            return;
        }
        let policy = self.shared.policy();
        let request = match understand(datagram, envelope.from.ip(), &policy) {
            Ok(request) => request,
            Err(Unserved::Silently) => return,
            Err(Unserved::With(subject, denied)) => {
                return self.turn_away((listener, envelope), datagram, subject, denied, observers);
            }
        };
        self.catch_up(envelope.from, datagram, observers);
        let bug = policy.bug_towards(envelope.from);
        let doubled = self.admission.repeated(envelope.from, datagram).filter(|_| !policy.answer_twice);
        let (at, local) = (Instant::now(), self.listening_address(listener, envelope));
        let Self { request_faults, transfers, .. } = self;
        request_faults.receive((listener, envelope), datagram, bug, doubled, |packet, known| {
            // A copy that gets its own answer begins a transfer of its own.
            let known = known.filter(|_| packet.origin != Origin::Copy || !policy.answer_twice);
            let number = known.unwrap_or_else(|| {
                *transfers += 1;
                Subject::from(request).begin(packet.peer, &policy, |begin| {
                    observers.notify(&Record { at, transfer: *transfers, local, kind: RecordKind::Begin(begin) });
                });
                *transfers
            });
            observers.notify(&Record { at, transfer: number, local, kind: RecordKind::Packet(packet.into()) });
            number
        });
    }

    /// Reads what has arrived for the transfers that answer this same request. A client that asks again from the same port,
    /// because it has the file, acknowledged it before; only that ACK is at another socket.
    fn catch_up(&mut self, client: SocketAddr, datagram: &[u8], observers: &mut Observers<'_>) {
        let mut notices = Vec::new();
        for key in self.admission.answering(client, datagram) {
            self.reactor.catch_up(key, &mut notices, observers);
        }
        notices.into_iter().for_each(|notice| self.note(notice, observers));
    }

    /// Handles a request that reaches the server.
    fn arrive(&mut self, asked: Asked, packet: &InFlight, observers: &mut Observers<'_>) {
        let (now, client, datagram) = (Instant::now(), asked.envelope.from, packet.bytes());
        // A fault rule may have damaged it.
        if !matches!(Packet::parse(datagram), Ok(Packet::Request(_))) {
            return;
        }
        let policy = self.shared.policy();
        self.request_faults.answered(asked.number);
        match self.admission.decide(now, client, datagram, &policy) {
            // The machine repeats its answer itself.
            Decision::Repeated => {}
            Decision::Wait => self.admission.wait(now, asked, datagram),
            decision => self.settle(asked, datagram, decision, &policy, observers),
        }
    }

    /// Answers a request that need not wait: with a transfer or with an ERROR.
    fn settle(
        &mut self,
        mut asked: Asked,
        datagram: &[u8],
        decision: Decision,
        policy: &Policy,
        observers: &mut Observers<'_>,
    ) {
        let Ok(Packet::Request(request)) = Packet::parse(datagram) else { return };
        let client = asked.envelope.from;
        // One transfer has one answer and one end, so another answer begins another transfer.
        let again = asked.is_answered;
        if again {
            self.transfers += 1;
        }
        let number = if again { self.transfers } else { asked.number };
        let local = self.asked_at(&asked);
        let logged = Subject::from(request).begin(client, policy, |begin| {
            let at = Instant::now();
            if again {
                observers.notify(&Record { at, transfer: number, local, kind: RecordKind::Begin(begin) });
            }
            LoggedRequest::new(at, &begin)
        });
        let (injector, bug) = (asked.injector.take(), policy.bug_towards(client));
        let mut it = Incoming { asked: &asked, datagram, request, policy, bug, number, injector };
        let begun = match decision {
            Decision::Begin(predecessors) => self.begin(&mut it, predecessors, logged, observers),
            _ => Err(Denied::new(ErrorCode::UNDEFINED, "too many transfers, try again later")),
        };
        if let Err(denied) = begun {
            let code = bug.map_or(denied.code, |bug| bug.refusal(denied.code));
            let error = emit_error(code, denied.message.as_bytes());
            let at = Instant::now();
            let (local, sent) = self.refuse((asked.listener, &asked.envelope), bug, &error);
            self.shared.refused();
            report_refusal(at, (number, local), client, Denied { code, ..denied }, Some((&error, sent)), observers);
        }
    }

    /// Returns the address that a request was sent to.
    fn asked_at(&self, asked: &Asked) -> SocketAddr {
        self.listening_address(asked.listener, &asked.envelope)
    }

    pub(super) fn listening_address(&self, listener: usize, envelope: &Envelope) -> SocketAddr {
        let port = self.addresses.get(listener).map_or(0, SocketAddr::port);
        SocketAddr::new(envelope.to.ip(), port)
    }

    /// Begins a transfer.
    fn begin(
        &mut self,
        it: &mut Incoming<'_>,
        predecessors: Predecessors,
        logged: LoggedRequest,
        observers: &mut Observers<'_>,
    ) -> Result<(), Denied> {
        let Incoming { asked: Asked { envelope, .. }, datagram, request, policy, bug, number, .. } = *it;
        let mut granted = policy::grant(&request, policy, bug, &*self.store)?;
        granted.limits = self.admission.afford(granted.limits);
        // Usually there are no file descriptors left: this client is refused, running transfers continue.
        let restarted = predecessors.restarts.map(|key| (key, Abort::Restarted));
        let ends_soon = predecessors.instead_of.map(|key| (key, Abort::Displaced)).or(restarted);
        let mut port = match (self.port(it.asked, bug), ends_soon) {
            (Err(_), Some((other, reason))) => {
                // It may have the port or the file descriptor that is missing.
                self.displace(other, reason, observers);
                self.port(it.asked, bug)?
            }
            (port, _) => port?,
        };
        let Terms { blksize, windowsize, .. } = granted.answer(WindowSize::MOST).terms();
        let mut socket = self.reactor.open(&mut port);
        let (answer, window) = match request.kind {
            RequestKind::Read => {
                socket.reserve_send(blksize, windowsize);
                (granted.answer(windowsize), usize::from(blksize.get()) * usize::from(windowsize.get()))
            }
            // An upload is written to its file block by block.
            RequestKind::Write => (granted.answer(socket.reserve_receive(blksize, windowsize)), 0),
        };
        let client = envelope.from;
        let logged = logged.sized(granted.size);
        let task = task(granted.file, answer, client, policy, bug);
        // Only now: a request that is refused costs nobody anything.
        if let Some(other) = self.reactor.replaced_by(&port) {
            // Its packets look like those of the new one: the client has one port, and so has the server.
            self.displace(other, Abort::Restarted, observers);
        } else if let Some(other) = predecessors.instead_of {
            self.displace(other, Abort::Displaced, observers);
        }
        let key = self.reactor.start(number, port, task, it.injector.take())?;
        let (request, stage) = (datagram.into(), Stage::Opening { restarts: predecessors.restarts });
        let begun = Instant::now();
        self.admission.enter(key, Entry { number, client, request, logged, window, begun, stage });
        Ok(())
    }

    /// Returns the port of a new transfer.
    fn port(&mut self, asked: &Asked, bug: Option<ServerBug>) -> Result<Port, Denied> {
        if self.shares_the_port(bug) {
            return Ok(self.reactor.share(asked.listener, &asked.envelope)?);
        }
        let socket = Socket::bind_among(asked.envelope.to, self.ports.range()).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => {
                Denied::new(ErrorCode::UNDEFINED, "the server is busy: no port is free, try again later")
            }
            _ => error.into(),
        })?;
        Ok(Port::Own(socket))
    }

    /// Whether answers come from the port that receives requests.
    pub(super) fn shares_the_port(&self, bug: Option<ServerBug>) -> bool {
        self.ports == Ports::Single || bug.is_some_and(ServerBug::shares_the_port)
    }
}

/// Makes the task that answers, with the active bug.
fn task(file: File, answer: Answer, client: SocketAddr, policy: &Policy, bug: Option<ServerBug>) -> ServerTask {
    let now = Instant::now();
    match file {
        File::Read(source) => {
            let machine = Sender::answer(now, client, answer, policy.retry);
            match bug {
                None => Task::send(machine, source),
                Some(bug) => Task::send(BuggyServer::new(machine, bug, now, client), source),
            }
        }
        File::Write(target) => {
            let machine = Receiver::answer(now, client, answer, policy.retry);
            match bug {
                None => Task::receive(machine, target),
                Some(bug) => Task::receive(BuggyServer::new(machine, bug, now, client), target),
            }
        }
    }
}
