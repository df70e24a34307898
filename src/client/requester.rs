use std::io::{self, Read};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use super::offer::{offer, user_offer};
use super::{ClientError, Options, resolve};
use crate::bugs::{BuggyClient, ClientBug};
use crate::event::{Begin, Observers, Record, RecordKind};
use crate::fault::is_loopback;
use crate::files::{Digest, ReadFile, Source, WriteFile};
use crate::net::{Dally, FaultInjector, LastGet, SharedFaults, Socket, drive};
use crate::stop::Stop;
use crate::transfer::{Event, Failure, Receiver, Report, Request, RetryPolicy, Sender, Task};
use crate::wire::{BadRequest, Offer, Printable, RequestKind, WindowSize, emit_request};

/// Makes requests to any server, one after the other, and repeats the last ACK of a finished get beside whatever comes
/// next. [`Client`](super::Client) and the shell are made of it.
pub struct Requester {
    stop: Stop,
    last_get: LastGet,
    faults: SharedFaults,
}

/// A file on a server.
#[derive(Debug, Clone, Copy)]
pub struct FileRef<'a> {
    /// Name or address of the server, without brackets.
    pub host: &'a str,
    /// Where requests go.
    pub port: u16,
    /// The file's name there.
    pub name: &'a [u8],
}

impl FileRef<'_> {
    /// `switch1:69`, `[::1]:69`.
    fn server(&self) -> String {
        let host = Printable(self.host.as_bytes());
        if self.host.contains(':') { format!("[{host}]:{}", self.port) } else { format!("{host}:{}", self.port) }
    }
}

impl Requester {
    /// Makes a requester whose transfers end early when `stop` is raised.
    pub fn new(stop: Stop) -> Self {
        Self { stop, last_get: LastGet::default(), faults: SharedFaults::default() }
    }

    /// Replaces the stop flag.
    pub(super) fn set_stop(&mut self, stop: Stop) {
        self.stop = stop;
    }

    /// What goes wrong on purpose with the packets of this side, from the next transfer on.
    pub fn faults(&self) -> &SharedFaults {
        &self.faults
    }

    /// Fetches a file; success means that `target` was committed.
    ///
    /// # Errors
    ///
    /// Every [`ClientError`] is possible; [`ClientError::Local`] is the error of `target`.
    pub fn get(
        &mut self,
        file: &FileRef<'_>,
        options: &Options,
        target: &mut dyn WriteFile,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        self.transfer(file, options, &mut Local::Target(target), observers)
    }

    /// Sends a file; success means that the server acknowledged all of it.
    ///
    /// # Errors
    ///
    /// Every [`ClientError`] is possible; [`ClientError::Local`] is the error of `source`.
    pub fn put<R: Read>(
        &mut self,
        file: &FileRef<'_>,
        options: &Options,
        source: &mut Source<R>,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        let size = source.size();
        self.transfer(file, options, &mut Local::Source(source, size), observers)
    }

    /// Leaves the last ACK of a get to a thread until the next transfer, while the user thinks.
    pub fn idle(&mut self) {
        self.last_get.move_to_thread();
    }

    /// Waits for a lost last ACK before the program exits: only where the last get saw a loss, and at most one
    /// retransmission interval.
    pub fn finish(&mut self) {
        self.last_get.finish(&self.stop);
    }

    /// Reports the packets of the last get that came and went after its end, while its last ACK was perhaps not heard
    /// (RFC 1350 section 6): once, and only until the next transfer begins.
    pub fn notify_late(&mut self, observers: &mut Observers<'_>) {
        self.last_get.notify(observers);
    }

    fn transfer(
        &mut self,
        file: &FileRef<'_>,
        options: &Options,
        here: &mut Local<'_>,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        let addresses = resolve(file.host, file.port, options.family)?;
        match &options.local_ports {
            // The last get may sit on the one port that is free, and a thread beside it on another.
            Some(ports) if ports.len() <= 2 => self.last_get.close(),
            _ => self.last_get.poll(),
        }
        self.last_get.begin();
        let course = self.faults.lock().begin();
        let mut run = Run {
            file,
            options,
            here,
            observers,
            stop: &self.stop,
            faults: &self.faults,
            injector: FaultInjector::new(&self.faults, course),
            begun: Instant::now(),
            attempts: 0,
            local: None,
        };
        let result = run.try_each(&addresses);
        run.notify_end(&result);
        let (report, dally) = result?;
        if let Some(dally) = dally {
            self.last_get.keep(dally);
        }
        Ok(report)
    }
}

/// The file of this side.
enum Local<'f> {
    Target(&'f mut dyn WriteFile),
    /// With its size, where that is known.
    Source(&'f mut dyn ReadFile, Option<u64>),
}

impl Local<'_> {
    fn kind(&self) -> RequestKind {
        match self {
            Self::Target(_) => RequestKind::Read,
            Self::Source(..) => RequestKind::Write,
        }
    }

    fn size(&self) -> Option<u64> {
        match self {
            Self::Target(_) => None,
            Self::Source(_, size) => *size,
        }
    }
}

/// One transfer on its way: up to two attempts for each address.
struct Run<'a, 'f, 'o> {
    file: &'a FileRef<'a>,
    options: &'a Options,
    here: &'a mut Local<'f>,
    observers: &'a mut Observers<'o>,
    stop: &'a Stop,
    faults: &'a SharedFaults,
    /// Takes part where there are faults for the address that is tried.
    injector: FaultInjector,
    begun: Instant,
    attempts: u32,
    /// Address of the newest socket.
    local: Option<SocketAddr>,
}

type Attempted = Result<(Report, Option<Dally>), ClientError>;

impl Run<'_, '_, '_> {
    /// The next address is tried where one refuses or cannot be reached (`localhost`: ::1, then 127.0.0.1).
    fn try_each(&mut self, addresses: &[SocketAddr]) -> Attempted {
        let mut refused = self.network(io::ErrorKind::AddrNotAvailable.into());
        for &server in addresses {
            match self.try_one(server) {
                Err(error) if error.is_refusal() => refused = error,
                attempted => return attempted,
            }
        }
        Err(refused)
    }

    /// Once more without options, from a fresh socket, where the server does not like them (RFC 2347).
    fn try_one(&mut self, server: SocketAddr) -> Attempted {
        match self.attempt(server, true) {
            Err(ClientError::Protocol { failure: Failure::Options(why), .. }) => {
                self.notify(RecordKind::Machine(&Event::Fallback(why)));
                self.attempt(server, false)
            }
            attempted => attempted,
        }
    }

    fn attempt(&mut self, server: SocketAddr, with_options: bool) -> Attempted {
        if self.stop.is_requested() {
            return Err(ClientError::Interrupted);
        }
        let socket = Socket::towards(server, self.options.local_ports.as_ref());
        let mut socket = socket.map_err(|error| self.network(error))?;
        self.local = Some(socket.local());
        let offer = if with_options { self.offer(server, &mut socket) } else { Offer::default() };
        let request = Request { filename: self.file.name, mode: self.options.mode, offer };
        let (kind, retry_policy, bug) = (self.here.kind(), self.retry_policy(), self.bug(server));
        let mut task = task(self.here, server, &request, retry_policy, bug)?;
        self.attempts += 1;
        if self.attempts == 1 {
            let begin = Begin {
                wall: SystemTime::now(),
                host: self.file.host,
                peer: server,
                kind,
                filename: self.file.name,
                mode: Some(self.options.mode),
                timeout: self.options.retry.timeout,
            };
            notify(self.observers, self.local, RecordKind::Begin(begin));
        }
        let injects = self.faults.lock().act_on(server.ip());
        let injector = injects.then(|| self.injector.start_over());
        let mut report = drive(&mut task, &mut socket, self.observers, injector, self.stop)
            .map_err(|stopped| ClientError::stopped(self.file.server(), stopped))?;
        if self.attempts > 1 {
            report.elapsed = self.begun.elapsed();
        }
        // Without the socket the port is closed, as that of a client in a hurry is.
        let dally = match task {
            Task::Receive { machine, .. } if bug != Some(ClientBug::NoDally) => {
                Some(Dally::new(machine, socket, self.options.retry.rexmt))
            }
            _ => None,
        };
        Ok((report, dally))
    }

    fn offer(&self, server: SocketAddr, socket: &mut Socket) -> Offer {
        let (options, kind, size) = (self.options, self.here.kind(), self.here.size());
        let offer = offer(options, kind, size, || socket.route(server).blksize());
        let request = emit_request(kind, self.file.name, options.mode, &offer);
        if let Err(BadRequest::TooLong(_)) = request {
            // A long name leaves no space for automatic options.
            return user_offer(options, kind, size);
        }
        if kind == RequestKind::Write || offer.is_empty() {
            return offer;
        }
        // A window that the receive buffer does not hold would lose blocks every time.
        let carried = socket.reserve_receive(offer.blksize.unwrap_or_default(), offer.windowsize.unwrap_or_default());
        Offer { windowsize: offer.windowsize.map(|_| carried).filter(|it| *it != WindowSize::default()), ..offer }
    }

    /// Attempts share one timeout.
    fn retry_policy(&self) -> RetryPolicy {
        let RetryPolicy { rexmt, timeout } = self.options.retry;
        let spent = if self.attempts == 0 { Duration::ZERO } else { self.begun.elapsed() };
        RetryPolicy { rexmt, timeout: timeout.saturating_sub(spent) }
    }

    /// The bug the user wants, where it harms nobody else.
    fn bug(&self, server: SocketAddr) -> Option<ClientBug> {
        self.options.bug.filter(|_| is_loopback(server.ip()))
    }

    fn network(&self, error: io::Error) -> ClientError {
        ClientError::Network { server: self.file.server(), error }
    }

    fn notify(&mut self, kind: RecordKind<'_>) {
        notify(self.observers, self.local, kind);
    }

    fn notify_end(&mut self, result: &Attempted) {
        // Without a packet nothing began.
        if self.attempts == 0 {
            return;
        }
        let digest = match &self.here {
            Local::Target(file) => file.sha256(),
            Local::Source(file, _) => file.sha256(),
        };
        if let (Ok(_), Some(digest)) = (result, digest) {
            self.notify(RecordKind::Digest(&Digest(digest).to_string()));
        }
        match result {
            Ok((report, _)) => self.notify(RecordKind::End(Ok(report))),
            Err(error) => self.notify(RecordKind::End(Err(&error.failure()))),
        }
    }
}

fn notify(observers: &mut Observers<'_>, local: Option<SocketAddr>, kind: RecordKind<'_>) {
    if let Some(local) = local {
        observers.notify(&Record { at: Instant::now(), local, kind });
    }
}

type ClientTask<'a> = Task<&'a mut dyn ReadFile, &'a mut dyn WriteFile>;

fn task<'a>(
    here: &'a mut Local<'_>,
    server: SocketAddr,
    request: &Request<'_>,
    retry_policy: RetryPolicy,
    bug: Option<ClientBug>,
) -> Result<ClientTask<'a>, BadRequest> {
    let now = Instant::now();
    Ok(match here {
        Local::Target(file) => {
            let machine = Receiver::request(now, server, request, retry_policy)?;
            match bug {
                None => Task::receive(machine, &mut **file),
                Some(bug) => Task::receive(BuggyClient::new(machine, bug), &mut **file),
            }
        }
        Local::Source(file, _) => {
            let machine = Sender::request(now, server, request, retry_policy)?;
            match bug {
                None => Task::send(machine, &mut **file),
                Some(bug) => Task::send(BuggyClient::new(machine, bug), &mut **file),
            }
        }
    })
}
