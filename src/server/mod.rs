//! The same machines, answering: requests come in, files go out or come in.
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

mod background;
mod ledger;
mod log;
mod mischief;
mod policy;
mod practice;

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

pub use background::{Background, Status};
pub use log::{Happening, What};
pub use policy::Config;
pub use practice::{PRACTICE_NAMES, practice_files};

use background::Shared;
use ledger::{Entry, Ledger, Room};
use mischief::Mischief;
use policy::File;

use crate::bugs::{BuggyServer, ServerBug};
use crate::event::Observers;
use crate::fault::is_loopback;
use crate::files::{Denied, Store};
use crate::net::{Envelope, FaultInjector, Job, Key, Listener, Notice, Reactor, Socket, Task};
use crate::stop::Stop;
use crate::transfer::{Abort, Receiver, Sender};
use crate::wire::{Answer, ErrorCode, Packet, Printable, Request, RequestKind, Terms, WindowSize, emit_error};

/// How long the server sleeps at most before it looks at the stop flag, which a signal to another thread may raise.
const NAP: Duration = Duration::from_millis(100);

/// Requests taken from one socket before the transfers have their turn.
const BURST: usize = 32;

/// Room for a request and a little more, so that one that is too long is seen to be.
const ROOM: usize = 2048;

/// Answers requests for the files of a [`Store`].
///
/// It is bound from the beginning, so that [`addresses`](Self::addresses) are known before the first request.
pub struct Server {
    listeners: Vec<(Key, Listener)>,
    addresses: Vec<SocketAddr>,
    store: Box<dyn Store>,
    shared: Arc<Shared>,
    reactor: Reactor,
    ledger: Ledger,
    mischief: Mischief,
}

impl Server {
    /// Listens at each of the addresses. Where their port is 0, all get the same free one.
    pub fn bind(listen: &[SocketAddr], store: Box<dyn Store>, config: Config) -> io::Result<Self> {
        let mut reactor = Reactor::new()?;
        let mut listeners = Vec::new();
        for listener in bind_all(listen)? {
            listeners.push((reactor.watch(&listener)?, listener));
        }
        let addresses = listeners.iter().map(|(_, listener)| listener.local()).collect();
        let shared = Arc::new(Shared::new(config));
        let mischief = Mischief::new(shared.faults.clone());
        Ok(Self { listeners, addresses, store, shared, reactor, ledger: Ledger::default(), mischief })
    }

    /// Where requests are taken, with the real ports.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves in this thread until asked to stop. Then the clients of unfinished transfers get an ERROR, and no part of
    /// an upload is left.
    pub fn run(mut self, stop: &Stop, observer: &mut dyn FnMut(&Happening)) -> io::Result<()> {
        let mut notices = Vec::new();
        while !stop.is_requested() {
            self.reactor.turn(NAP, &mut notices, &mut Observers::none())?;
            for notice in notices.drain(..) {
                self.note(notice, observer);
            }
        }
        self.reactor.abort(&Abort::Stopping, &mut notices, &mut Observers::none());
        notices.into_iter().for_each(|notice| self.note(notice, observer));
        Ok(())
    }

    /// Serves in a thread of its own until the value is dropped.
    pub fn spawn(self) -> io::Result<Background> {
        Background::start(self)
    }

    fn note(&mut self, notice: Notice, observer: &mut dyn FnMut(&Happening)) {
        match notice {
            Notice::Readable(key) => self.take_requests(key, observer),
            Notice::Complete(key, report) => {
                if let Some(entry) = self.ledger.complete(key) {
                    let what = What::Finished { stats: report.stats, elapsed: entry.begun.elapsed() };
                    self.shared.finished.fetch_add(1, Ordering::Relaxed);
                    self.shared.ended(entry.tells(what.clone()));
                    observer(&entry.tells(what));
                }
            }
            Notice::Failed(key, failure) => {
                if let Some(entry) = self.ledger.leave(key) {
                    let what = What::Failed { reason: failure.to_string(), elapsed: entry.begun.elapsed() };
                    self.shared.failed.fetch_add(1, Ordering::Relaxed);
                    self.shared.ended(entry.tells(what.clone()));
                    observer(&entry.tells(what));
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

    fn take_requests(&mut self, key: Key, observer: &mut dyn FnMut(&Happening)) {
        let Some(index) = self.listeners.iter().position(|(listener, _)| *listener == key) else { return };
        let mut buffer = [0; ROOM];
        for _ in 0..BURST {
            let Some((_, listener)) = self.listeners.get_mut(index) else { return };
            match listener.receive(&mut buffer) {
                Ok(Some(envelope)) => {
                    let datagram = buffer.get(..envelope.length).unwrap_or_default();
                    self.receive(index, &envelope, datagram, observer);
                }
                Ok(None) => return,
                // One broken datagram says nothing about the next.
                Err(_) => {}
            }
        }
        self.reactor.again(key);
    }

    /// Answers a request as often as it arrives.
    fn receive(&mut self, listener: usize, envelope: &Envelope, datagram: &[u8], observer: &mut dyn FnMut(&Happening)) {
        // What goes out to many is never answered (RFC 1123 section 4.2.3.4), nor is what is no request.
        if envelope.to_many || !matches!(Packet::parse(datagram), Ok(Packet::Request(_))) {
            return;
        }
        let (datagram, meddlers) = self.mischief.judge(envelope.from, datagram, self.bug(envelope.from));
        for injector in meddlers {
            if let Some(happening) = self.take(listener, envelope, &datagram, injector) {
                observer(&happening);
            }
        }
    }

    /// What is done wrong on purpose, to nobody but clients on this computer.
    fn bug(&self, client: SocketAddr) -> Option<ServerBug> {
        self.shared.config().bug.filter(|_| is_loopback(client.ip()))
    }

    /// Answers one request: with a transfer, with an ERROR, or not at all.
    fn take(
        &mut self,
        listener: usize,
        envelope: &Envelope,
        datagram: &[u8],
        injector: Option<Box<FaultInjector>>,
    ) -> Option<Happening> {
        let Ok(Packet::Request(request)) = Packet::parse(datagram) else { return None };
        let bug = self.bug(envelope.from);
        let config = Config { bug, ..self.shared.config() };
        // The machine that answers it already repeats its answer by itself.
        if !config.answer_twice && self.ledger.is_doubled(envelope.from, datagram) {
            return None;
        }
        let (client, kind) = (envelope.from, request.kind);
        let filename = Printable(request.filename).to_string();
        let what = match self.begin(&request, envelope, datagram, &config, injector) {
            Ok(begun) => begun,
            Err(Denied { code, message }) => {
                let code = bug.map_or(code, |bug| bug.refusal(code));
                let error = emit_error(code, message.as_bytes());
                let shares = bug.is_some_and(ServerBug::shares_the_port);
                if shares || from_fresh_port(envelope, &error).is_err() {
                    let (_, listener) = self.listeners.get(listener)?;
                    // A refusal that cannot be sent is as lost as one on the way.
                    let _ = listener.reply(envelope, &error);
                }
                What::Refused { code, message: Printable(message.as_bytes()).to_string() }
            }
        };
        Some(Happening { client, kind, filename, what })
    }

    fn begin(
        &mut self,
        request: &Request<'_>,
        envelope: &Envelope,
        datagram: &[u8],
        config: &Config,
        injector: Option<Box<FaultInjector>>,
    ) -> Result<What, Denied> {
        match self.ledger.room(envelope.from.ip(), config) {
            Room::Free => {}
            Room::InsteadOf(key) => {
                self.reactor.forget(key);
                self.ledger.leave(key);
            }
            Room::Full => return Err(unable("too many transfers, try again later")),
        }
        let mut granted = policy::grant(request, datagram.len(), config, &*self.store)?;
        granted.limits = self.ledger.afford(granted.limits);
        // Out of descriptors, as a rule: this client is refused, those under way go on.
        let mut socket = self.socket(envelope, config.bug).map_err(unable)?;
        let Terms { blksize, windowsize, .. } = granted.answer(WindowSize::MOST).terms();
        let (now, client) = (Instant::now(), envelope.from);
        let answer = match request.kind {
            RequestKind::Read => {
                socket.make_room_to_send(blksize, windowsize);
                granted.answer(windowsize)
            }
            RequestKind::Write => granted.answer(socket.make_room(blksize, windowsize)),
        };
        let mode = granted.mode;
        let job = job(granted.file, answer, now, client, config);
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
            kind: request.kind,
            filename: Printable(request.filename).to_string(),
            begun: now,
            complete: None,
        };
        self.ledger.enter(key, entry);
        Ok(What::Begun { mode, terms: answer.terms() })
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

/// Sends what ends a transfer before it began; no answer to it is awaited (RFC 1350 section 7).
fn from_fresh_port(envelope: &Envelope, datagram: &[u8]) -> io::Result<()> {
    UdpSocket::bind(envelope.to)?.send_to(datagram, envelope.from).map(drop)
}

/// The machine that answers, wrong in the way the bug wants.
fn job(file: File, answer: Answer, now: Instant, client: SocketAddr, config: &Config) -> Job {
    let policy = config.retry_policy;
    match file {
        File::Read(source) => {
            let machine = Sender::answer(now, client, answer, policy);
            match config.bug {
                None => Task::send(machine, source),
                Some(bug) => Task::send(BuggyServer::new(machine, bug, now, client), source),
            }
        }
        File::Write(target) => {
            let machine = Receiver::answer(now, client, answer, policy);
            match config.bug {
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
