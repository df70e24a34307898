//! A server: the same machines as the client's, answering requests for the files of a [`Store`].
//!
//! ```text
//!   request --Listener--> policy: may it? --Store--> file open --> Reactor: one machine more
//!                |           |                                        |
//!                '-- ERROR <-'                            notices --> ledger --> Happening, for a log
//! ```
//!
//! What is not a request is never answered, so that no two servers can talk to each other for ever. A refusal comes
//! from a fresh port as every answer does (RFC 1350 section 4); it is sent from the listening socket where there are no
//! descriptors left, so that it can still be said.
//!
//! ```
//! use tftpsh::{Client, ClientError, ErrorCode, MemoryStore, Server};
//!
//! let store = MemoryStore::from([("motd", "hello")]);
//! let server = Server::builder(store.clone()).max_upload(1 << 20).bind("127.0.0.1:0")?.spawn()?;
//! let mut client = Client::to(server.address());
//! client.put("notes", &b"new files are accepted"[..])?;
//! assert!(store.get("notes").is_some());
//!
//! let error = client.put("motd", &b"and none is replaced"[..]).unwrap_err();
//! assert!(matches!(error, ClientError::Remote { code: ErrorCode::EXISTS, .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod builder;
mod ledger;
mod log;
mod mischief;
mod policy;
mod practice;
mod running;

use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

pub use builder::ServerBuilder;
pub use log::Log;
pub use policy::Policy;
pub use practice::{PRACTICE_NAMES, practice_files};
pub use running::{RunningServer, Status};

use ledger::{Entry, Ledger, Room};
use log::LoggedRequest;
use mischief::Mischief;
use policy::File;
use running::Shared;

use crate::bugs::{BuggyServer, ServerBug};
use crate::event::{Begin, Direction, Observer, Observers, Record, RecordKind};
use crate::fault::is_loopback;
use crate::files::{Denied, Store};
use crate::net::{Envelope, FaultInjector, Job, Key, Listener, Notice, Reactor, Socket, Task};
use crate::stop::Stop;
use crate::transfer::{Abort, Failure, Receiver, Sender};
use crate::wire::{Answer, ErrorCode, Mode, Packet, Printable, Request, RequestKind, Terms, WindowSize, emit_error};

/// How long the server sleeps at most before it looks at the stop flag, which a signal to another thread may raise.
const NAP: Duration = Duration::from_millis(100);

/// Requests taken from one socket before the transfers have their turn.
const BURST: usize = 32;

/// Room for a request and a little more, so that one that is too long is seen to be.
const ROOM: usize = 2048;

/// A server that listens, and answers when it [runs](Self::run).
pub struct Server {
    listeners: Vec<(Key, Listener)>,
    addresses: Vec<SocketAddr>,
    store: Box<dyn Store>,
    observers: Vec<Box<dyn Observer + Send>>,
    shared: Arc<Shared>,
    reactor: Reactor,
    ledger: Ledger,
    mischief: Mischief,
}

impl Server {
    /// Begins a server for the files of `store`, with the default [`Policy`].
    pub fn builder(store: impl Store + 'static) -> ServerBuilder {
        ServerBuilder::new(Box::new(store))
    }

    fn bind(
        listen: &[SocketAddr],
        store: Box<dyn Store>,
        policy: Policy,
        observers: Vec<Box<dyn Observer + Send>>,
    ) -> io::Result<Self> {
        if listen.is_empty() {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let mut reactor = Reactor::new()?;
        let mut listeners = Vec::new();
        for listener in bind_all(listen)? {
            listeners.push((reactor.watch(&listener)?, listener));
        }
        let addresses = listeners.iter().map(|(_, listener)| listener.local()).collect();
        let shared = Arc::new(Shared::new(policy));
        let mischief = Mischief::new(shared.faults.clone());
        Ok(Self { listeners, addresses, store, observers, shared, reactor, ledger: Ledger::default(), mischief })
    }

    /// The first address where requests are taken, with its real port.
    pub fn address(&self) -> SocketAddr {
        first(&self.addresses)
    }

    /// All addresses where requests are taken, with the real ports.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves in this thread until `stop` is raised. Then the clients of unfinished transfers get an ERROR, and no part
    /// of an upload is left.
    ///
    /// # Errors
    ///
    /// The system cannot wait for packets any longer. No transfer alone ends the server.
    pub fn run(self, stop: &Stop) -> io::Result<()> {
        self.run_observed(stop, None)
    }

    /// Runs with one more observer.
    pub(crate) fn run_observed(mut self, stop: &Stop, observer: Option<&mut dyn Observer>) -> io::Result<()> {
        let (mut owned, mut observers) = (mem::take(&mut self.observers), Observers::none());
        for observer in owned.iter_mut().map(|owned| &mut **owned as &mut dyn Observer).chain(observer) {
            observers.add(observer);
        }
        let mut notices = Vec::new();
        while !stop.is_requested() {
            self.reactor.turn(NAP, &mut notices, &mut observers)?;
            for notice in notices.drain(..) {
                self.note(notice, &mut observers);
            }
        }
        self.reactor.abort(&Abort::Stopping, &mut notices, &mut observers);
        notices.into_iter().for_each(|notice| self.note(notice, &mut observers));
        Ok(())
    }

    /// Serves in a thread of its own until the value is dropped.
    ///
    /// # Errors
    ///
    /// The system has no thread for it.
    pub fn spawn(self) -> io::Result<RunningServer> {
        RunningServer::start(self)
    }

    fn note(&mut self, notice: Notice, observers: &mut Observers<'_>) {
        match notice {
            Notice::Readable(key) => self.take_requests(key, observers),
            Notice::Complete(key, report) => {
                if let Some(entry) = self.ledger.complete(key) {
                    self.shared.finished.fetch_add(1, Ordering::Relaxed);
                    self.shared.ended(entry, Ok(&report), observers);
                }
            }
            Notice::Failed(key, failure) => {
                if let Some(entry) = self.ledger.leave(key) {
                    self.shared.failed.fetch_add(1, Ordering::Relaxed);
                    self.shared.ended(&entry, Err(&failure), observers);
                }
            }
            Notice::Gone(key) => {
                self.ledger.leave(key);
            }
        }
        self.count();
    }

    fn count(&self) {
        let live = u64::try_from(self.ledger.live().count()).unwrap_or(u64::MAX);
        self.shared.live.store(live, Ordering::Relaxed);
    }

    fn take_requests(&mut self, key: Key, observers: &mut Observers<'_>) {
        let Some(index) = self.listeners.iter().position(|(listener, _)| *listener == key) else { return };
        let mut buffer = [0; ROOM];
        for _ in 0..BURST {
            let Some((_, listener)) = self.listeners.get_mut(index) else { return };
            match listener.receive(&mut buffer) {
                Ok(Some(envelope)) => {
                    let datagram = buffer.get(..envelope.length).unwrap_or_default();
                    self.receive(index, &envelope, datagram, observers);
                }
                Ok(None) => return,
                // One broken datagram says nothing about the next.
                Err(_) => {}
            }
        }
        self.reactor.again(key);
    }

    /// Answers a request as often as it arrives.
    fn receive(&mut self, listener: usize, envelope: &Envelope, datagram: &[u8], observers: &mut Observers<'_>) {
        // What goes out to many is never answered (RFC 1123 section 4.2.3.4), nor is what is no request.
        if envelope.to_many || !matches!(Packet::parse(datagram), Ok(Packet::Request(_))) {
            return;
        }
        let (datagram, meddlers) = self.mischief.judge(envelope.from, datagram, self.bug(envelope.from));
        for injector in meddlers {
            self.take(listener, envelope, &datagram, injector, observers);
        }
    }

    /// What is done wrong on purpose, to nobody but clients on this computer.
    fn bug(&self, client: SocketAddr) -> Option<ServerBug> {
        self.shared.policy().bug.filter(|_| is_loopback(client.ip()))
    }

    /// Answers one request: with a transfer, with an ERROR, or not at all.
    fn take(
        &mut self,
        listener: usize,
        envelope: &Envelope,
        datagram: &[u8],
        injector: Option<Box<FaultInjector>>,
        observers: &mut Observers<'_>,
    ) {
        let Ok(Packet::Request(request)) = Packet::parse(datagram) else { return };
        let (client, bug) = (envelope.from, self.bug(envelope.from));
        let policy = Policy { bug, ..self.shared.policy() };
        // The machine that answers it already repeats its answer by itself.
        if !policy.answer_twice && self.ledger.is_doubled(client, datagram) {
            return;
        }
        let begin = Begin {
            wall: SystemTime::now(),
            host: &client.ip().to_string(),
            peer: client,
            kind: request.kind,
            filename: request.filename,
            mode: Mode::from_wire(request.mode),
            timeout: policy.retry.timeout,
        };
        let received = RecordKind::Packet { direction: Direction::Received, peer: client, datagram, lost: false };
        let mut notify = |local, kind| observers.notify(&Record { at: Instant::now(), local, kind });
        match self.begin(&request, envelope, datagram, &policy, injector, &begin) {
            Ok(local) => {
                notify(local, RecordKind::Begin(begin));
                notify(local, received);
            }
            Err(Denied { code, message }) => {
                let code = bug.map_or(code, |bug| bug.refusal(code));
                let error = emit_error(code, message.as_bytes());
                let fresh = if bug.is_some_and(ServerBug::shares_the_port) {
                    None
                } else {
                    from_fresh_port(envelope, &error).ok()
                };
                let Some(local) = fresh.or_else(|| {
                    let (_, listener) = self.listeners.get(listener)?;
                    // A refusal that cannot be sent is as lost as one on the way.
                    let _ = listener.reply(envelope, &error);
                    Some(listener.local())
                }) else {
                    return;
                };
                let refused =
                    Failure::Aborted(Abort::Refused { code, message: Printable(message.as_bytes()).to_string() });
                notify(local, RecordKind::Begin(begin));
                notify(local, received);
                notify(
                    local,
                    RecordKind::Packet { direction: Direction::Sent, peer: client, datagram: &error, lost: false },
                );
                notify(local, RecordKind::End(Err(&refused)));
            }
        }
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        envelope: &Envelope,
        datagram: &[u8],
        policy: &Policy,
        injector: Option<Box<FaultInjector>>,
        begin: &Begin<'_>,
    ) -> Result<SocketAddr, Denied> {
        match self.ledger.room(envelope.from.ip(), policy) {
            Room::Free => {}
            Room::InsteadOf(key) => {
                self.reactor.forget(key);
                self.ledger.leave(key);
            }
            Room::Full => return Err(unable("too many transfers, try again later")),
        }
        let mut granted = policy::grant(request, datagram.len(), policy, &*self.store)?;
        granted.limits = self.ledger.afford(granted.limits);
        // Out of descriptors, as a rule: this client is refused, those under way go on.
        let mut socket = self.socket(envelope, policy.bug).map_err(unable)?;
        let Terms { blksize, windowsize, .. } = granted.answer(WindowSize::MOST).terms();
        let (now, client) = (Instant::now(), envelope.from);
        let answer = match request.kind {
            RequestKind::Read => {
                socket.make_room_to_send(blksize, windowsize);
                granted.answer(windowsize)
            }
            RequestKind::Write => granted.answer(socket.make_room(blksize, windowsize)),
        };
        let local = socket.local();
        let job = job(granted.file, answer, now, client, policy);
        let key = self.reactor.start(socket, job, injector).map_err(unable)?;
        let Terms { blksize, windowsize, .. } = answer.terms();
        let window = match request.kind {
            RequestKind::Read => usize::from(blksize.get()) * usize::from(windowsize.get()),
            // What is written goes to its file block by block.
            RequestKind::Write => 0,
        };
        let entry = Entry {
            window,
            client,
            request: datagram.into(),
            logged: LoggedRequest::new(now, begin),
            local,
            complete: None,
        };
        self.ledger.enter(key, entry);
        Ok(local)
    }

    /// A transfer id of its own for a transfer (RFC 1350 section 4), unless a bug wants none.
    fn socket(&self, envelope: &Envelope, bug: Option<ServerBug>) -> io::Result<Socket> {
        let shares = bug.is_some_and(ServerBug::shares_the_port);
        let listener = self.listeners.iter().map(|(_, listener)| listener).filter(|_| shares);
        match listener.into_iter().find(|listener| listener.local().is_ipv4() == envelope.to.is_ipv4()) {
            Some(listener) => listener.share(envelope),
            None => Socket::bind(envelope.to),
        }
    }
}

/// Sends what ends a transfer before it began, and returns from where; no answer is awaited (RFC 1350 section 7).
fn from_fresh_port(envelope: &Envelope, datagram: &[u8]) -> io::Result<SocketAddr> {
    let socket = UdpSocket::bind(envelope.to)?;
    socket.send_to(datagram, envelope.from)?;
    socket.local_addr()
}

/// The machine that answers, wrong in the way the bug wants.
fn job(file: File, answer: Answer, now: Instant, client: SocketAddr, policy: &Policy) -> Job {
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

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// A server has at least one address.
fn first(addresses: &[SocketAddr]) -> SocketAddr {
    addresses.first().copied().unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, 0).into())
}

fn unable(reason: impl ToString) -> Denied {
    Denied { code: ErrorCode::UNDEFINED, message: reason.to_string() }
}

/// Binds every address; a port 0 becomes the port of the first one.
fn bind_all(listen: &[SocketAddr]) -> io::Result<Vec<Listener>> {
    // The port the system chose for the first address may be taken at the next one.
    const TRIES: usize = 16;
    let mut tries = 0;
    loop {
        tries += 1;
        match try_bind_all(listen) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries < TRIES => {
                if listen.iter().all(|address| address.port() != 0) {
                    return Err(error);
                }
            }
            done => return done,
        }
    }
}

fn try_bind_all(listen: &[SocketAddr]) -> io::Result<Vec<Listener>> {
    let mut listeners: Vec<Listener> = Vec::new();
    for &(mut address) in listen {
        if let (0, Some(first)) = (address.port(), listeners.first()) {
            address.set_port(first.local().port());
        }
        listeners.push(Listener::bind(address)?);
    }
    Ok(listeners)
}
