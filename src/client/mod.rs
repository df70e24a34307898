//! Get and put.
//!
//! ```text
//! host --resolve--> addresses --each until one does not refuse--> socket + machine --drive--> Report
//!                                          |
//!                          options unwelcome: once more without
//! ```

mod offer;
mod resolve;

use std::fmt::{self, Display, Formatter};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use thiserror::Error;

pub use resolve::{UnknownHost, resolve};

use crate::bugs::{BuggyClient, ClientBug};
use crate::event::{Begin, Observers, Record, RecordKind};
use crate::fault::is_loopback;
use crate::files::{Digest, ReadFile, Source, WriteFile};
use crate::net::{Dally, FaultInjector, Linger, SharedFaults, Socket, Task, drive};
use crate::session::Settings;
use crate::stop::Stop;
use crate::transfer::{Abort, Cause, Event, Failure, Receiver, Report, Request, RetryPolicy, Sender, Stopped};
use crate::wire::{BadRequest, Offer, Printable, RequestKind, WindowSize, emit_request};

/// Transfers files, one after the other, and repeats the last ACK of a finished get beside whatever comes next.
pub struct Client {
    stop: Stop,
    linger: Linger,
    faults: SharedFaults,
}

/// Which file, and where it is or goes.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// Name or address of the server, without brackets.
    pub host: &'a str,
    /// Where requests go.
    pub port: u16,
    /// The file's name there.
    pub remote: &'a [u8],
}

/// Why a file was not transferred.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The name leads to no address.
    #[error(transparent)]
    UnknownHost(#[from] UnknownHost),
    /// No request can be made for such a file name.
    #[error(transparent)]
    Request(#[from] BadRequest),
    /// The server, or its silence.
    #[error("{}: {failure}", At(host, *port))]
    Transfer {
        /// Who was asked: name or address, without brackets.
        host: String,
        /// Where the request went.
        port: u16,
        /// What came of it.
        failure: Failure,
    },
    /// The way there: no route, no socket.
    #[error("{}: {error}", At(host, *port))]
    Network {
        /// Who was asked: name or address, without brackets.
        host: String,
        /// Where the request went.
        port: u16,
        /// What the system said.
        error: io::Error,
    },
    /// The file of this side.
    #[error(transparent)]
    Local(io::Error),
    /// The stop flag was raised; the server was told.
    #[error("interrupted")]
    Interrupted,
}

impl ClientError {
    /// What the user might look at, where the failure itself does not say.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Transfer { failure: Failure::TimedOut { answered: false }, .. } => {
                Some("a firewall may block the answer, which comes from another port than the one asked")
            }
            _ => None,
        }
    }
}

/// `switch1:69`, `[::1]:69`.
struct At<'a>(&'a str, u16);

impl Display for At<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let host = Printable(self.0.as_bytes());
        if self.0.contains(':') { write!(f, "[{host}]:{}", self.1) } else { write!(f, "{host}:{}", self.1) }
    }
}

impl Client {
    /// A client whose transfers end early when `stop` is raised.
    pub fn new(stop: Stop) -> Self {
        Self { stop, linger: Linger::default(), faults: SharedFaults::default() }
    }

    /// What goes wrong on purpose with the packets of this side, from the next transfer on.
    pub fn faults(&self) -> &SharedFaults {
        &self.faults
    }

    /// Fetches a file; success means that `target` was committed.
    pub fn get(
        &mut self,
        order: &Order<'_>,
        settings: &Settings,
        target: &mut dyn WriteFile,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        let job = Job { order, settings, kind: RequestKind::Read, size: None };
        self.transfer(&job, &mut File::Get(target), observers)
    }

    /// Sends a file; success means that the server acknowledged all of it.
    pub fn put(
        &mut self,
        order: &Order<'_>,
        settings: &Settings,
        source: &mut Source,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        let job = Job { order, settings, kind: RequestKind::Write, size: source.size() };
        self.transfer(&job, &mut File::Put(source), observers)
    }

    /// Tells that nothing is to be transferred until the user types something: the last ACK of a get is left to a
    /// thread meanwhile.
    pub fn idle(&mut self) {
        self.linger.leave_to_thread();
    }

    /// To be called before the program exits: waits for a lost last ACK, only where the last get saw a loss, and at most
    /// one retransmission interval.
    pub fn finish(&mut self) {
        self.linger.finish(&self.stop);
    }

    /// Tells the packets of the last get that came and went behind its end, while its last ACK was perhaps not heard
    /// (RFC 1350 section 6). They are told once, and not any more when the next transfer has begun.
    pub fn notify_late(&mut self, observers: &mut Observers<'_>) {
        self.linger.notify(observers);
    }

    fn transfer(
        &mut self,
        job: &Job<'_>,
        file: &mut File<'_>,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        let addresses = resolve(job.order.host, job.order.port, job.settings.family)?;
        match &job.settings.local_ports {
            // The last get may sit on the one port that is free, and a thread beside it on another.
            Some(ports) if ports.len() <= 2 => self.linger.let_go(),
            _ => self.linger.glance(),
        }
        self.linger.begin();
        let course = self.faults.lock().begin();
        let mut run = Run {
            job,
            file,
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
        let (report, dally) = result.map_err(|halt| halt.explain(job.order))?;
        if let Some(dally) = dally {
            self.linger.keep(dally);
        }
        Ok(report)
    }
}

/// What is to be done, whatever way it takes.
struct Job<'a> {
    order: &'a Order<'a>,
    settings: &'a Settings,
    kind: RequestKind,
    /// Length of the file to be sent, where known.
    size: Option<u64>,
}

/// The file of this side.
enum File<'f> {
    Get(&'f mut dyn WriteFile),
    Put(&'f mut dyn ReadFile),
}

/// One job on its way: up to two attempts for each address.
struct Run<'a, 'f, 'w> {
    job: &'a Job<'a>,
    file: &'a mut File<'f>,
    observers: &'a mut Observers<'w>,
    stop: &'a Stop,
    faults: &'a SharedFaults,
    /// Takes part where there are faults for the address that is tried.
    injector: FaultInjector,
    begun: Instant,
    attempts: u32,
    /// Address of the newest socket.
    local: Option<SocketAddr>,
}

type Attempted = Result<(Report, Option<Dally>), Halt>;

/// Why an attempt ended early.
enum Halt {
    Request(BadRequest),
    Stopped(Stopped),
    Network(io::Error),
    Interrupted,
}

impl Run<'_, '_, '_> {
    /// The next address is tried where one refuses or cannot be reached (`localhost`: ::1, then 127.0.0.1).
    fn try_each(&mut self, addresses: &[SocketAddr]) -> Attempted {
        let mut refused = Halt::Network(io::ErrorKind::AddrNotAvailable.into());
        for &server in addresses {
            match self.try_one(server) {
                Err(halt) if halt.is_refusal() => refused = halt,
                attempted => return attempted,
            }
        }
        Err(refused)
    }

    /// Once more without options, from a fresh socket, where the server does not like them (RFC 2347).
    fn try_one(&mut self, server: SocketAddr) -> Attempted {
        match self.attempt(server, true) {
            Err(Halt::Stopped(Stopped { failure: Failure::Options(why), .. })) => {
                self.notify(RecordKind::Machine(&Event::Fallback(why)));
                self.attempt(server, false)
            }
            attempted => attempted,
        }
    }

    fn attempt(&mut self, server: SocketAddr, with_options: bool) -> Attempted {
        if self.stop.is_requested() {
            return Err(Halt::Interrupted);
        }
        let mut socket = Socket::towards(server, self.job.settings.local_ports.as_ref()).map_err(Halt::Network)?;
        self.local = Some(socket.local());
        let offer = if with_options { self.offer(server, &mut socket) } else { Offer::default() };
        let retry_policy = self.retry_policy();
        let mut task = task(self.job, self.file, server, offer, retry_policy).map_err(Halt::Request)?;
        self.attempts += 1;
        if self.attempts == 1 {
            let Job { settings, order, .. } = *self.job;
            let begin = Begin { wall: SystemTime::now(), host: order.host, timeout: settings.timeout };
            notify(self.observers, self.local, RecordKind::Begin(begin));
        }
        let injects = self.faults.lock().act_on(server.ip());
        let injector = injects.then(|| self.injector.start_over());
        let mut report = drive(&mut task, &mut socket, self.observers, injector, self.stop).map_err(Halt::Stopped)?;
        if self.attempts > 1 {
            report.elapsed = self.begun.elapsed();
        }
        // Without the socket the port is closed, as that of a client in a hurry is.
        let stays = bug(self.job.settings, server) != Some(ClientBug::NoDally);
        let dally = task.into_receiver().filter(|_| stays);
        Ok((report, dally.map(|machine| Dally::new(machine, socket, self.job.settings.rexmt))))
    }

    fn offer(&self, server: SocketAddr, socket: &mut Socket) -> Offer {
        let Job { settings, kind, size, order } = *self.job;
        let offer = offer::offer(settings, kind, size, || socket.route(server).blksize());
        let too_long = emit_request(kind, order.remote, settings.mode, &offer);
        if let Err(BadRequest::TooLong(_)) = too_long {
            // A long name leaves no room for what nobody asked for by hand.
            return offer::user_offer(settings, kind, size);
        }
        if kind == RequestKind::Write || offer.is_empty() {
            return offer;
        }
        // A window that the receive buffer does not hold would lose blocks every time.
        let carried = socket.make_room(offer.blksize.unwrap_or_default(), offer.windowsize.unwrap_or_default());
        Offer { windowsize: offer.windowsize.map(|_| carried).filter(|it| *it != WindowSize::default()), ..offer }
    }

    /// Attempts share one timeout.
    fn retry_policy(&self) -> RetryPolicy {
        let RetryPolicy { rexmt, timeout } = self.job.settings.retry_policy();
        let spent = if self.attempts == 0 { Duration::ZERO } else { self.begun.elapsed() };
        RetryPolicy { rexmt, timeout: timeout.saturating_sub(spent) }
    }

    fn notify(&mut self, kind: RecordKind<'_>) {
        notify(self.observers, self.local, kind);
    }

    fn notify_end(&mut self, result: &Attempted) {
        // Without a packet nothing began.
        if self.attempts == 0 {
            return;
        }
        let digest = match &self.file {
            File::Get(file) => file.sha256(),
            File::Put(file) => file.sha256(),
        };
        if let (Ok(_), Some(digest)) = (result, digest) {
            self.notify(RecordKind::Digest(&Digest(digest).to_string()));
        }
        let aborted = |error: &dyn Display| Failure::Aborted(Abort::Network(error.to_string()));
        match result {
            Ok((report, _)) => self.notify(RecordKind::End(Ok(report))),
            Err(
                Halt::Stopped(Stopped { cause: Some(Cause::File(error) | Cause::Network(error)), .. })
                | Halt::Network(error),
            ) => {
                self.notify(RecordKind::End(Err(&aborted(error))));
            }
            Err(Halt::Stopped(Stopped { failure: Failure::Aborted(_), .. }) | Halt::Interrupted) => {
                self.notify(RecordKind::End(Err(&aborted(&"interrupted"))));
            }
            Err(Halt::Stopped(Stopped { failure, .. })) => self.notify(RecordKind::End(Err(failure))),
            Err(Halt::Request(bad)) => self.notify(RecordKind::End(Err(&aborted(bad)))),
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
    job: &Job<'_>,
    file: &'a mut File<'_>,
    server: SocketAddr,
    offer: Offer,
    retry_policy: RetryPolicy,
) -> Result<ClientTask<'a>, BadRequest> {
    let request = Request { filename: job.order.remote, mode: job.settings.mode, offer };
    let (now, bug) = (Instant::now(), bug(job.settings, server));
    Ok(match file {
        File::Get(file) => {
            let machine = Receiver::request(now, server, &request, retry_policy)?;
            match bug {
                None => Task::receive(machine, &mut **file),
                Some(bug) => Task::receive(BuggyClient::new(machine, bug), &mut **file),
            }
        }
        File::Put(file) => {
            let machine = Sender::request(now, server, &request, retry_policy)?;
            match bug {
                None => Task::send(machine, &mut **file),
                Some(bug) => Task::send(BuggyClient::new(machine, bug), &mut **file),
            }
        }
    })
}

/// The bug the user wants, where it harms nobody else.
fn bug(settings: &Settings, server: SocketAddr) -> Option<ClientBug> {
    settings.bug.filter(|_| is_loopback(server.ip()))
}

impl Halt {
    fn is_refusal(&self) -> bool {
        match self {
            Self::Network(_) => true,
            Self::Stopped(Stopped { cause: None, failure }) => *failure == Failure::Refused,
            Self::Stopped(Stopped { cause, .. }) => matches!(cause, Some(Cause::Network(_))),
            Self::Request(_) | Self::Interrupted => false,
        }
    }

    fn explain(self, order: &Order<'_>) -> ClientError {
        let (host, port) = (order.host.to_owned(), order.port);
        match self {
            Self::Request(bad) => ClientError::Request(bad),
            Self::Network(error) | Self::Stopped(Stopped { cause: Some(Cause::Network(error)), .. }) => {
                ClientError::Network { host, port, error }
            }
            Self::Stopped(Stopped { cause: Some(Cause::File(error)), .. }) => ClientError::Local(error),
            Self::Interrupted | Self::Stopped(Stopped { failure: Failure::Aborted(_), .. }) => ClientError::Interrupted,
            Self::Stopped(Stopped { failure, .. }) => ClientError::Transfer { host, port, failure },
        }
    }
}
