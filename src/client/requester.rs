use std::io::{self, Read};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use super::offer::offer;
use super::{ClientError, Options, resolve};
use crate::bugs::{BuggyClient, ClientBug};
use crate::event::{Begin, Observers, Record, RecordKind};
use crate::fault::is_loopback;
use crate::files::{Digest, ReadFile, Source, WriteFile};
use crate::net::{Dally, FaultInjector, LastGet, SharedFaults, Socket, drive};
use crate::stop::Stop;
use crate::transfer::{Event, Failure, Receiver, Report, Request, RetryPolicy, Sender, Task};
use crate::wire::{BadRequest, Offer, Printable, RequestKind, emit_request};

/// A client of any server: transfers files one after the other, and repeats the last ACK of a finished get during
/// whatever comes next. [`Client`](super::Client) and the shell use it.
pub struct Requester {
    pub(super) stop: Stop,
    last_get: LastGet,
    /// The fault rules for the packets of this side, from the next transfer on.
    pub faults: SharedFaults,
}

/// A file on a server.
#[derive(Debug, Clone, Copy)]
pub struct FileRef<'a> {
    /// Name or address of the server, without brackets.
    pub host: &'a str,
    /// Port for requests.
    pub port: u16,
    /// Name of the file there.
    pub name: &'a [u8],
}

impl FileRef<'_> {
    /// Returns `switch1:69` or `[::1]:69`.
    fn server(&self) -> String {
        let host = Printable(self.host.as_bytes()).brief();
        if self.host.contains(':') { format!("[{host}]:{}", self.port) } else { format!("{host}:{}", self.port) }
    }
}

impl Requester {
    /// Makes a requester whose transfers end early when `stop` is raised.
    pub fn new(stop: Stop) -> Self {
        Self { stop, last_get: LastGet::default(), faults: SharedFaults::default() }
    }

    /// Fetches a file; success means that `target` was committed.
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

    /// Lets a thread repeat the last ACK of a get until the next transfer.
    pub fn idle(&mut self) {
        self.last_get.move_to_thread();
    }

    /// Waits before the program exits, if the last get saw a loss, for at most one retransmission interval.
    pub fn finish(&mut self) {
        self.last_get.finish(&self.stop);
    }

    /// Reports the packets of the last get after its end (RFC 1350 section 6), once and before the next transfer.
    pub fn notify_late(&mut self, observers: &mut Observers<'_>) {
        self.last_get.notify(observers);
    }

    fn transfer(
        &mut self,
        file: &FileRef<'_>,
        options: &Options,
        local_file: &mut Local<'_>,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        let addresses = resolve(file.host, file.port, options.family, &self.stop)?;
        match &options.local_ports {
            // The last get and its thread may hold the only free ports.
            Some(ports) if ports.len() <= 2 => self.last_get.close(),
            _ => self.last_get.poll(),
        }
        self.last_get.begin();
        let state = self.faults.lock().begin();
        let mut run = Run {
            file,
            options,
            local_file,
            observers,
            requester: self,
            injector: FaultInjector::new(&self.faults, state),
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

/// The local file.
enum Local<'f> {
    Target(&'f mut dyn WriteFile),
    /// With its size, if known.
    Source(&'f mut dyn ReadFile, Option<u64>),
}

impl Local<'_> {
    fn kind_and_size(&self) -> (RequestKind, Option<u64>) {
        match self {
            Self::Target(_) => (RequestKind::Read, None),
            Self::Source(_, size) => (RequestKind::Write, *size),
        }
    }
}

/// A transfer: up to two attempts for each address.
struct Run<'a, 'f, 'o> {
    file: &'a FileRef<'a>,
    options: &'a Options,
    local_file: &'a mut Local<'f>,
    observers: &'a mut Observers<'o>,
    requester: &'a Requester,
    /// Used only if there are faults for the address that is tried.
    injector: FaultInjector,
    begun: Instant,
    attempts: u32,
    /// Address of the last socket.
    local: Option<SocketAddr>,
}

/// Whether an attempt asks for options.
enum Negotiate {
    Options,
    Nothing,
}

type Attempted = Result<(Report, Option<Dally>), ClientError>;

impl Run<'_, '_, '_> {
    /// Tries the next address if one refuses or cannot be reached (`localhost`: ::1, then 127.0.0.1).
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

    /// Tries again without options, from a new socket, if the server rejects them (RFC 2347).
    fn try_one(&mut self, server: SocketAddr) -> Attempted {
        match self.attempt(server, Negotiate::Options) {
            Err(ClientError::Protocol { failure: Failure::Options(rejected), .. }) => {
                notify(self.observers, self.local, RecordKind::Machine(&Event::Fallback(rejected)));
                self.attempt(server, Negotiate::Nothing)
            }
            attempted => attempted,
        }
    }

    fn attempt(&mut self, server: SocketAddr, negotiate: Negotiate) -> Attempted {
        if self.requester.stop.is_requested() {
            return Err(ClientError::Interrupted);
        }
        let socket = Socket::towards(server, self.options.local_ports.as_ref());
        let mut socket = socket.map_err(|error| self.network(error))?;
        self.local = Some(socket.local());
        let offer = match negotiate {
            Negotiate::Options => self.offer(server, &mut socket),
            Negotiate::Nothing => Offer::default(),
        };
        let request = Request { filename: self.file.name, mode: self.options.mode, offer };
        // A bug must not harm other computers.
        let bug = self.options.bug.filter(|_| is_loopback(server.ip()));
        let (kind, _) = self.local_file.kind_and_size();
        // Attempts share one timeout.
        let RetryPolicy { rexmt, timeout } = self.options.retry;
        let spent = if self.attempts == 0 { Duration::ZERO } else { self.begun.elapsed() };
        let retry_policy = RetryPolicy { rexmt, timeout: timeout.saturating_sub(spent) };
        let mut task = task(self.local_file, server, &request, retry_policy, bug)?;
        self.attempts += 1;
        if self.attempts == 1 {
            let begin = Begin {
                wall: SystemTime::now(),
                host: self.file.host,
                peer: server,
                kind,
                filename: self.file.name,
                mode: Some(self.options.mode),
                timeout,
            };
            notify(self.observers, self.local, RecordKind::Begin(begin));
        }
        let injects = self.requester.faults.lock().act_on(server.ip());
        let injector = injects.then(|| self.injector.start_over());
        let mut report = drive(&mut task, &mut socket, self.observers, injector, &self.requester.stop)
            .map_err(|stopped| ClientError::stopped(self.file.server(), stopped))?;
        if self.attempts > 1 {
            report.elapsed = self.begun.elapsed();
        }
        // A client that does not dally closes its port: its socket is dropped here.
        let dally = match task {
            Task::Receive { machine, .. } if bug != Some(ClientBug::NoDally) => {
                Some(Dally::new(machine, socket, rexmt))
            }
            _ => None,
        };
        Ok((report, dally))
    }

    fn offer(&self, server: SocketAddr, socket: &mut Socket) -> Offer {
        let (options, (kind, size)) = (self.options, self.local_file.kind_and_size());
        let chosen = offer(options, kind, size, Some(&mut || socket.route(server).blksize()));
        let request = emit_request(kind, self.file.name, options.mode, &chosen);
        if let Err(BadRequest::TooLong(_)) = request {
            // A long name leaves no space for automatic options.
            return offer(options, kind, size, None);
        }
        if kind == RequestKind::Write || chosen.is_empty() {
            return chosen;
        }
        // A window larger than the receive buffer would lose blocks every time.
        let window = socket.reserve_receive(chosen.blksize.unwrap_or_default(), chosen.windowsize.unwrap_or_default());
        Offer { windowsize: chosen.windowsize.and(Some(window)), ..chosen }.without_defaults()
    }

    fn network(&self, error: io::Error) -> ClientError {
        ClientError::Network { server: self.file.server(), error }
    }

    fn notify_end(&mut self, result: &Attempted) {
        // Nothing began before the first packet.
        if self.attempts == 0 {
            return;
        }
        let digest = match &self.local_file {
            Local::Target(file) => file.sha256(),
            Local::Source(file, _) => file.sha256(),
        };
        let mut notify = |kind: RecordKind<'_>| notify(self.observers, self.local, kind);
        if let (Ok(_), Some(digest)) = (result, digest) {
            notify(RecordKind::Digest(&Digest(digest).to_string()));
        }
        match result {
            Ok((report, _)) => notify(RecordKind::End(Ok(report))),
            Err(error) => notify(RecordKind::End(Err(&error.failure()))),
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
    local_file: &'a mut Local<'_>,
    server: SocketAddr,
    request: &Request<'_>,
    retry_policy: RetryPolicy,
    bug: Option<ClientBug>,
) -> Result<ClientTask<'a>, BadRequest> {
    let now = Instant::now();
    Ok(match local_file {
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
