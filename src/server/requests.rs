//! Requests: each becomes a transfer, or gets an ERROR.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Instant, SystemTime};

use super::ledger::{Capacity, Entry};
use super::log::LoggedRequest;
use super::policy::{self, File, Policy};
use super::request_faults::Asked;
use super::{BUFFER_SIZE, BURST, Server};
use crate::bugs::{BuggyServer, ServerBug};
use crate::event::{Begin, Crossing, Delivery, Direction, Observers, Origin, Record, RecordKind, Side};
use crate::fault::{InFlight, is_loopback};
use crate::files::Denied;
use crate::net::{Envelope, FaultInjector, Key, ServerTask, Socket};
use crate::transfer::{Abort, Failure, Receiver, Sender, Task};
use crate::wire::{Answer, ErrorCode, Mode, Packet, Printable, Request, RequestKind, Terms, WindowSize, emit_error};

/// A request that reached the server.
struct Incoming<'a> {
    asked: &'a Asked,
    datagram: &'a [u8],
    request: Request<'a>,
    /// With the bug, if it is active towards this client.
    policy: &'a Policy,
    /// The number of its transfer.
    number: u64,
    /// The injector for its transfer.
    injector: Option<Box<FaultInjector>>,
}

impl Server {
    pub(super) fn take_requests(&mut self, key: Key, observers: &mut Observers<'_>) {
        let Some(index) = self.listeners.iter().position(|(listener, _)| *listener == key) else { return };
        let mut buffer = [0; BUFFER_SIZE];
        for _ in 0..BURST {
            let Some((_, listener)) = self.listeners.get_mut(index) else { return };
            match listener.receive(&mut buffer) {
                Ok(Some(envelope)) => {
                    let datagram = buffer.get(..envelope.length).unwrap_or_default();
                    self.receive(index, &envelope, datagram, observers);
                    self.answer_requests(observers);
                }
                Ok(None) => return,
                // The next datagram may be fine.
                Err(_) => {}
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

    /// Takes a datagram from a listening socket.
    fn receive(&mut self, listener: usize, envelope: &Envelope, datagram: &[u8], observers: &mut Observers<'_>) {
        // Broadcasts are never answered (RFC 1123 section 4.2.3.4), and only requests are.
        let Ok(Packet::Request(request)) = Packet::parse(datagram) else { return };
        if envelope.to_many {
            return;
        }
        let policy = self.policy_towards(envelope.from);
        let doubled = self.ledger.doubled(envelope.from, datagram).filter(|_| !policy.answer_twice);
        let (at, local) = (Instant::now(), self.listening_address(listener, envelope));
        let Self { request_faults, transfers, .. } = self;
        request_faults.receive((listener, envelope), datagram, policy.bug, doubled, |packet, known| {
            // A copy that gets its own answer begins a transfer of its own.
            let known = known.filter(|_| packet.origin != Origin::Copy || !policy.answer_twice);
            let number = known.unwrap_or_else(|| {
                *transfers += 1;
                begin(packet.peer, &request, &policy, |begin| {
                    observers.notify(&Record { at, transfer: *transfers, local, kind: RecordKind::Begin(begin) });
                });
                *transfers
            });
            observers.notify(&Record { at, transfer: number, local, kind: RecordKind::Packet(packet.into()) });
            number
        });
    }

    /// Handles a request, unless a transfer already answers it: the machine repeats its answer itself.
    fn arrive(&mut self, mut asked: Asked, packet: &InFlight, observers: &mut Observers<'_>) {
        // A fault rule may have damaged it.
        let Ok(Packet::Request(request)) = Packet::parse(packet.bytes()) else { return };
        let (client, policy) = (asked.envelope.from, self.policy_towards(asked.envelope.from));
        self.request_faults.answered(asked.number);
        if !policy.answer_twice && self.ledger.doubled(client, packet.bytes()).is_some() {
            return;
        }
        // One transfer has one answer and one end, so another answer begins another transfer.
        let again = asked.is_answered;
        if again {
            self.transfers += 1;
        }
        let number = if again { self.transfers } else { asked.number };
        let local = self.asked_at(&asked);
        let logged = begin(client, &request, &policy, |begin| {
            let at = Instant::now();
            if again {
                observers.notify(&Record { at, transfer: number, local, kind: RecordKind::Begin(begin) });
            }
            LoggedRequest::new(at, &begin)
        });
        let injector = asked.injector.take();
        let (asked, datagram, policy) = (&asked, packet.bytes(), &policy);
        self.answer(Incoming { asked, datagram, request, policy, number, injector }, logged, observers);
    }

    /// Answers one request: with a transfer or with an ERROR.
    fn answer(&mut self, mut it: Incoming<'_>, logged: LoggedRequest, observers: &mut Observers<'_>) {
        if let Err(denied) = self.begin(&mut it, logged, observers) {
            let code = it.policy.bug.map_or(denied.code, |bug| bug.refusal(denied.code));
            let error = emit_error(code, denied.message.as_bytes());
            let (at, client) = (Instant::now(), it.asked.envelope.from);
            let (local, sent) = self.refuse(&it, &error);
            let message = Printable(denied.message.as_bytes()).to_string();
            let refused = Failure::Aborted(Abort::Refused { code, message });
            let error = Crossing::new(Direction::Sent, client, &error).lost(!sent);
            for kind in [RecordKind::Packet(error), RecordKind::End(Err(&refused))] {
                observers.notify(&Record { at, transfer: it.number, local, kind });
            }
        }
    }

    /// Sends an ERROR; returns its local address, and whether it was sent.
    fn refuse(&self, it: &Incoming<'_>, error: &[u8]) -> (SocketAddr, bool) {
        let Asked { listener, envelope, .. } = it.asked;
        let shares = it.policy.bug.is_some_and(ServerBug::shares_the_port);
        let sent = if shares { None } else { from_fresh_port(envelope, error).ok() };
        match (sent, self.listeners.get(*listener)) {
            (Some(local), _) => (local, true),
            (None, listener) => {
                // A failed send is a lost packet.
                let sent = listener.is_some_and(|(_, listener)| listener.reply(envelope, error).is_ok());
                (self.asked_at(it.asked), sent)
            }
        }
    }

    /// Returns the policy, with its bug only towards this computer.
    fn policy_towards(&self, client: SocketAddr) -> Policy {
        let mut policy = self.shared.policy();
        policy.bug = policy.bug.filter(|_| is_loopback(client.ip()));
        policy
    }

    /// Returns the address that a request was sent to.
    fn asked_at(&self, asked: &Asked) -> SocketAddr {
        self.listening_address(asked.listener, &asked.envelope)
    }

    fn listening_address(&self, listener: usize, envelope: &Envelope) -> SocketAddr {
        let port = self.listeners.get(listener).map_or(0, |(_, listener)| listener.local.port());
        SocketAddr::new(envelope.to.ip(), port)
    }

    /// Begins a transfer.
    fn begin(
        &mut self,
        it: &mut Incoming<'_>,
        logged: LoggedRequest,
        observers: &mut Observers<'_>,
    ) -> Result<(), Denied> {
        let Incoming { asked: Asked { envelope, .. }, datagram, request, policy, number, .. } = *it;
        match self.ledger.capacity(envelope.from.ip(), policy) {
            Capacity::Free => {}
            Capacity::InsteadOf(key) => {
                self.reactor.forget(key, observers);
                self.ledger.leave(key);
            }
            Capacity::Full => return Err(Denied::new(ErrorCode::UNDEFINED, "too many transfers, try again later")),
        }
        let mut granted = policy::grant(&request, datagram.len(), policy, &*self.store)?;
        granted.limits = self.ledger.afford(granted.limits);
        // Usually there are no file descriptors left: this client is refused, running transfers continue.
        let mut socket = self.socket(envelope, policy.bug)?;
        let Terms { blksize, windowsize, .. } = granted.answer(WindowSize::MOST).terms();
        let (answer, window) = match request.kind {
            RequestKind::Read => {
                socket.reserve_send(blksize, windowsize);
                (granted.answer(windowsize), usize::from(blksize.get()) * usize::from(windowsize.get()))
            }
            // An upload is written to its file block by block.
            RequestKind::Write => (granted.answer(socket.reserve_receive(blksize, windowsize)), 0),
        };
        let client = envelope.from;
        let task = task(granted.file, answer, client, policy);
        let key = self.reactor.start(number, socket, task, it.injector.take())?;
        self.ledger.enter(key, Entry { number, client, request: datagram.into(), logged, window, complete: None });
        Ok(())
    }

    /// Binds a new port, the transfer id (RFC 1350 section 4), unless a bug shares the listening port.
    fn socket(&self, envelope: &Envelope, bug: Option<ServerBug>) -> io::Result<Socket> {
        let shares = bug.is_some_and(ServerBug::shares_the_port);
        let listener = self.listeners.iter().map(|(_, listener)| listener).filter(|_| shares);
        match listener.into_iter().find(|listener| listener.local.is_ipv4() == envelope.to.is_ipv4()) {
            Some(listener) => listener.share(envelope),
            None => Socket::bind(envelope.to),
        }
    }
}

/// Passes the facts about a request on.
fn begin<T>(client: SocketAddr, request: &Request<'_>, policy: &Policy, take: impl FnOnce(Begin<'_>) -> T) -> T {
    take(Begin {
        side: Side::Server,
        wall: SystemTime::now(),
        host: &client.ip().to_string(),
        peer: client,
        kind: request.kind,
        filename: request.filename,
        mode: Mode::from_wire(request.mode),
        timeout: policy.retry.timeout,
        bug: None,
    })
}

/// Sends an ERROR from a new port, which it returns; there is no answer (RFC 1350 section 7).
fn from_fresh_port(envelope: &Envelope, datagram: &[u8]) -> io::Result<SocketAddr> {
    let socket = UdpSocket::bind(envelope.to)?;
    socket.send_to(datagram, envelope.from)?;
    socket.local_addr()
}

/// Makes the task that answers, with the active bug.
fn task(file: File, answer: Answer, client: SocketAddr, policy: &Policy) -> ServerTask {
    let now = Instant::now();
    match file {
        File::Read(source) => {
            let machine = Sender::answer(now, client, answer, policy.retry);
            match policy.bug {
                None => Task::send(machine, source),
                Some(bug) => Task::send(BuggyServer::new(machine, bug, now, client), source),
            }
        }
        File::Write(target) => {
            let machine = Receiver::answer(now, client, answer, policy.retry);
            match policy.bug {
                None => Task::receive(machine, target),
                Some(bug) => Task::receive(BuggyServer::new(machine, bug, now, client), target),
            }
        }
    }
}
