//! Requests: each becomes a transfer, or gets an ERROR.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Instant, SystemTime};

use super::ledger::{Capacity, Entry};
use super::log::LoggedRequest;
use super::policy::{self, File, Policy};
use super::{BUFFER_SIZE, BURST, Server};
use crate::bugs::{BuggyServer, ServerBug};
use crate::event::{Begin, Crossing, Direction, Observers, Record, RecordKind, Side};
use crate::fault::is_loopback;
use crate::files::Denied;
use crate::net::{Envelope, FaultInjector, Key, ServerTask, Socket};
use crate::transfer::{Abort, Failure, Receiver, Sender, Task};
use crate::wire::{Answer, ErrorCode, Mode, Packet, Printable, Request, RequestKind, Terms, WindowSize, emit_error};

/// A request that arrived.
struct Incoming<'a> {
    /// Index of the listening socket.
    listener: usize,
    envelope: &'a Envelope,
    datagram: &'a [u8],
    request: Request<'a>,
    /// With the bug, if it is active towards this client.
    policy: &'a Policy,
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
                }
                Ok(None) => return,
                // The next datagram may be fine.
                Err(_) => {}
            }
        }
        self.reactor.again(key);
    }

    /// Answers a request as often as it arrives.
    fn receive(&mut self, listener: usize, envelope: &Envelope, datagram: &[u8], observers: &mut Observers<'_>) {
        // Broadcasts are never answered (RFC 1123 section 4.2.3.4), and only requests are.
        if envelope.to_many || !matches!(Packet::parse(datagram), Ok(Packet::Request(_))) {
            return;
        }
        let mut policy = self.shared.policy();
        policy.bug = policy.bug.filter(|_| is_loopback(envelope.from.ip()));
        let (datagram, injectors) = self.request_faults.judge(envelope.from, datagram, policy.bug);
        let Ok(Packet::Request(request)) = Packet::parse(&datagram) else { return };
        for injector in injectors {
            // The machine of a repeated request repeats its answer itself.
            if policy.answer_twice || !self.ledger.is_doubled(envelope.from, &datagram) {
                let incoming = Incoming { listener, envelope, datagram: &datagram, request, policy: &policy };
                self.answer(&incoming, injector, observers);
            }
        }
    }

    /// Answers one request: with a transfer or with an ERROR.
    fn answer(&mut self, it: &Incoming<'_>, injector: Option<Box<FaultInjector>>, observers: &mut Observers<'_>) {
        let (at, client) = (Instant::now(), it.envelope.from);
        self.transfers += 1;
        let transfer = self.transfers;
        let begin = Begin {
            side: Side::Server,
            wall: SystemTime::now(),
            host: &client.ip().to_string(),
            peer: client,
            kind: it.request.kind,
            filename: it.request.filename,
            mode: Mode::from_wire(it.request.mode),
            timeout: it.policy.retry.timeout,
        };
        let packet = |direction, datagram| RecordKind::Packet(Crossing::new(direction, client, datagram));
        let received = [RecordKind::Begin(begin), packet(Direction::Received, it.datagram)];
        let result = self.begin(it, injector, LoggedRequest::new(at, &begin), observers);
        let mut notify = |local, kinds: [RecordKind<'_>; 2]| {
            for kind in kinds {
                observers.notify(&Record { at, transfer, local, kind });
            }
        };
        match result {
            Ok(local) => notify(local, received),
            Err(denied) => {
                let code = it.policy.bug.map_or(denied.code, |bug| bug.refusal(denied.code));
                let error = emit_error(code, denied.message.as_bytes());
                let local = self.refuse(it, &error);
                let message = Printable(denied.message.as_bytes()).to_string();
                let refused = Failure::Aborted(Abort::Refused { code, message });
                notify(local, received);
                notify(local, [packet(Direction::Sent, &error), RecordKind::End(Err(&refused))]);
            }
        }
    }

    /// Sends an ERROR, and returns its local address.
    fn refuse(&self, it: &Incoming<'_>, error: &[u8]) -> SocketAddr {
        let shares = it.policy.bug.is_some_and(ServerBug::shares_the_port);
        let sent = if shares { None } else { from_fresh_port(it.envelope, error).ok() };
        let listener = self.listeners.get(it.listener).map(|(_, listener)| listener);
        match (sent, listener) {
            (Some(local), _) => local,
            (None, Some(listener)) => {
                // A failed send is a lost packet.
                let _ = listener.reply(it.envelope, error);
                listener.local
            }
            (None, None) => it.envelope.to,
        }
    }

    /// Begins a transfer, and returns its local address.
    fn begin(
        &mut self,
        it: &Incoming<'_>,
        injector: Option<Box<FaultInjector>>,
        logged: LoggedRequest,
        observers: &mut Observers<'_>,
    ) -> Result<SocketAddr, Denied> {
        let Incoming { envelope, datagram, request, policy, .. } = it;
        match self.ledger.capacity(envelope.from.ip(), policy) {
            Capacity::Free => {}
            Capacity::InsteadOf(key) => {
                self.reactor.forget(key, observers);
                self.ledger.leave(key);
            }
            Capacity::Full => return Err(Denied::new(ErrorCode::UNDEFINED, "too many transfers, try again later")),
        }
        let unable = |error: io::Error| Denied::new(ErrorCode::UNDEFINED, error);
        let mut granted = policy::grant(request, datagram.len(), policy, &*self.store)?;
        granted.limits = self.ledger.afford(granted.limits);
        // Usually there are no file descriptors left: this client is refused, running transfers continue.
        let mut socket = self.socket(envelope, policy.bug).map_err(unable)?;
        let Terms { blksize, windowsize, .. } = granted.answer(WindowSize::MOST).terms();
        let (answer, window) = match request.kind {
            RequestKind::Read => {
                socket.reserve_send(blksize, windowsize);
                (granted.answer(windowsize), usize::from(blksize.get()) * usize::from(windowsize.get()))
            }
            // An upload is written to its file block by block.
            RequestKind::Write => (granted.answer(socket.reserve_receive(blksize, windowsize)), 0),
        };
        let (client, local) = (envelope.from, socket.local());
        let task = task(granted.file, answer, client, policy);
        let number = self.transfers;
        let key = self.reactor.start(number, socket, task, injector).map_err(unable)?;
        self.ledger.enter(key, Entry { client, request: (*datagram).into(), logged, window, complete: None });
        Ok(local)
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
