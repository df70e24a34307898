use std::io::{self, Read};
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use super::offer::{offer, user_offer};
use super::{ClientError, Options, resolve};
use crate::bugs::{BuggyClient, ClientBug};
use crate::event::{Begin, Observers, Record, RecordKind};
use crate::fault::is_loopback;
use crate::files::{Content, Source};
use crate::net::{Dally, DriveError, FaultInjector, Linger, SharedFaults, Socket, drive};
use crate::stop::Stop;
use crate::transfer::{Ask, Event, Failure, Machine, Receiver, Report, RetryPolicy, Sender};
use crate::wire::{BadRequest, Offer, RequestKind, WindowSize};

/// Makes requests to any server, one after the other, and repeats the last ACK of a finished get beside whatever comes
/// next. [`Client`](super::Client) and the shell are made of it.
pub(crate) struct Requester {
    stop: Stop,
    linger: Linger,
    faults: SharedFaults,
}

/// A file on a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileRef<'a> {
    /// Name or address of the server, without brackets.
    pub(crate) host: &'a str,
    /// Where requests go.
    pub(crate) port: u16,
    /// The file's name there.
    pub(crate) name: &'a [u8],
}

impl Requester {
    /// Makes a requester whose transfers end early when `stop` is raised.
    pub(crate) fn new(stop: Stop) -> Self {
        Self { stop, linger: Linger::default(), faults: SharedFaults::default() }
    }

    /// Replaces the stop flag.
    pub(super) fn set_stop(&mut self, stop: Stop) {
        self.stop = stop;
    }

    /// What goes wrong on purpose with the packets of this side, from the next transfer on.
    pub(crate) fn faults(&self) -> &SharedFaults {
        &self.faults
    }

    /// Fetches a file; success means that `target` was committed.
    pub(crate) fn get(
        &mut self,
        file: &FileRef<'_>,
        options: &Options,
        target: &mut dyn Content,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        self.transfer(file, options, RequestKind::Read, None, target, observers)
    }

    /// Sends a file; success means that the server acknowledged all of it.
    pub(crate) fn put<R: Read + Send>(
        &mut self,
        file: &FileRef<'_>,
        options: &Options,
        source: &mut Source<R>,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        self.transfer(file, options, RequestKind::Write, source.size(), source, observers)
    }

    /// Leaves the last ACK of a get to a thread until the next transfer, while the user thinks.
    pub(crate) fn idle(&mut self) {
        self.linger.leave_to_thread();
    }

    /// Waits for a lost last ACK before the program exits: only where the last get saw a loss, and at most one
    /// retransmission interval.
    pub(crate) fn finish(&mut self) {
        self.linger.finish(&self.stop);
    }

    /// Reports the packets of the last get that came and went after its end, while its last ACK was perhaps not heard
    /// (RFC 1350 section 6): once, and only until the next transfer begins.
    pub(crate) fn notify_late(&mut self, observers: &mut Observers<'_>) {
        self.linger.notify(observers);
    }

    fn transfer(
        &mut self,
        file: &FileRef<'_>,
        options: &Options,
        kind: RequestKind,
        size: Option<u64>,
        content: &mut dyn Content,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        let addresses = resolve(file.host, file.port, options.family)?;
        match &options.local_ports {
            // The last get may sit on the one port that is free, and a thread beside it on another.
            Some(ports) if ports.len() <= 2 => self.linger.let_go(),
            _ => self.linger.glance(),
        }
        self.linger.begin();
        let course = self.faults.lock().begin();
        let mut run = Run {
            file,
            options,
            kind,
            size,
            content,
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
        let (report, dally) = result.map_err(|halt| halt.explain(file))?;
        if let Some(dally) = dally {
            self.linger.keep(dally);
        }
        Ok(report)
    }
}

/// One transfer on its way: up to two attempts for each address.
struct Run<'a, 'w> {
    file: &'a FileRef<'a>,
    options: &'a Options,
    kind: RequestKind,
    /// Length of the file to be sent, where known.
    size: Option<u64>,
    content: &'a mut dyn Content,
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
    Drive(DriveError),
}

impl Run<'_, '_> {
    /// The next address is tried where one refuses or cannot be reached (`localhost`: ::1, then 127.0.0.1).
    fn try_each(&mut self, addresses: &[SocketAddr]) -> Attempted {
        let mut refused = Halt::Drive(DriveError::Network(io::ErrorKind::AddrNotAvailable.into()));
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
            Err(Halt::Drive(DriveError::Transfer(Failure::Options(why)))) => {
                self.notify(RecordKind::Machine(&Event::Fallback(why)));
                self.attempt(server, false)
            }
            attempted => attempted,
        }
    }

    fn attempt(&mut self, server: SocketAddr, with_options: bool) -> Attempted {
        if self.stop.is_requested() {
            return Err(Halt::Drive(DriveError::Interrupted));
        }
        let network = |error| Halt::Drive(DriveError::Network(error));
        let mut socket = Socket::towards(server, self.options.local_ports.as_ref()).map_err(network)?;
        self.local = Some(socket.local());
        let offer = if with_options { self.offer(server, &mut socket) } else { Offer::default() };
        let mut machine = self.machine(server, offer)?;
        self.attempts += 1;
        if self.attempts == 1 {
            self.notify(RecordKind::Begin(Begin {
                wall: SystemTime::now(),
                host: self.file.host,
                peer: server,
                kind: self.kind,
                filename: self.file.name,
                mode: Some(self.options.mode),
                timeout: self.options.retry.timeout,
            }));
        }
        let meddles = self.faults.lock().act_on(server.ip());
        let injector = meddles.then(|| self.injector.start_over());
        let mut report = drive(machine.as_mut(), &mut socket, self.content, self.observers, injector, self.stop)
            .map_err(Halt::Drive)?;
        if self.attempts > 1 {
            report.elapsed = self.begun.elapsed();
        }
        let rexmt = self.options.retry.rexmt;
        // Without the socket the port is closed, as that of a client in a hurry is.
        let stays = self.kind == RequestKind::Read && bug(self.options, server) != Some(ClientBug::NoDally);
        let dally = stays.then(|| Dally::new(machine, socket, rexmt));
        Ok((report, dally))
    }

    fn offer(&self, server: SocketAddr, socket: &mut Socket) -> Offer {
        let offer = offer(self.options, self.kind, self.size, || socket.route(server).blksize());
        if self.kind == RequestKind::Write || offer.is_empty() {
            return offer;
        }
        // A window that the receive buffer does not hold would lose blocks every time.
        let carried = socket.make_room(offer.blksize.unwrap_or_default(), offer.windowsize.unwrap_or_default());
        Offer { windowsize: offer.windowsize.map(|_| carried).filter(|it| *it != WindowSize::default()), ..offer }
    }

    fn machine(&self, server: SocketAddr, offer: Offer) -> Result<Box<dyn Machine + Send>, Halt> {
        match self.request(server, offer) {
            // A long name leaves no room for what nobody asked for by hand.
            Err(BadRequest::TooLong(_)) if !offer.is_empty() => {
                self.request(server, user_offer(self.options, self.kind, self.size))
            }
            made => made,
        }
        .map_err(Halt::Request)
    }

    fn request(&self, server: SocketAddr, offer: Offer) -> Result<Box<dyn Machine + Send>, BadRequest> {
        let ask = Ask { filename: self.file.name, mode: self.options.mode, offer };
        let (now, bug, retry_policy) = (Instant::now(), bug(self.options, server), self.retry_policy());
        Ok(match self.kind {
            RequestKind::Read => inject(bug, Receiver::request(now, server, &ask, retry_policy)?),
            RequestKind::Write => inject(bug, Sender::request(now, server, &ask, retry_policy)?),
        })
    }

    /// Attempts share one timeout.
    fn retry_policy(&self) -> RetryPolicy {
        let RetryPolicy { rexmt, timeout } = self.options.retry;
        let spent = if self.attempts == 0 { Duration::ZERO } else { self.begun.elapsed() };
        RetryPolicy { rexmt, timeout: timeout.saturating_sub(spent) }
    }

    fn notify(&mut self, kind: RecordKind<'_>) {
        if let Some(local) = self.local {
            self.observers.notify(&Record { at: Instant::now(), local, kind });
        }
    }

    fn notify_end(&mut self, result: &Attempted) {
        // Without a packet nothing began.
        if self.attempts == 0 {
            return;
        }
        if let (Ok(_), Some(sha256)) = (result, self.content.sha256()) {
            self.notify(RecordKind::Digest(&sha256));
        }
        match result {
            Ok((report, _)) => self.notify(RecordKind::End(Ok(report))),
            Err(Halt::Drive(DriveError::Transfer(failure))) => self.notify(RecordKind::End(Err(failure))),
            Err(Halt::Drive(error)) => self.notify(RecordKind::End(Err(&Failure::Aborted(error.to_string())))),
            Err(Halt::Request(bad)) => self.notify(RecordKind::End(Err(&Failure::Aborted(bad.to_string())))),
        }
    }
}

/// The bug the user wants, where it harms nobody else.
fn bug(options: &Options, server: SocketAddr) -> Option<ClientBug> {
    options.bug.filter(|_| is_loopback(server.ip()))
}

fn inject<M: Machine + Send + 'static>(bug: Option<ClientBug>, machine: M) -> Box<dyn Machine + Send> {
    match bug {
        None => Box::new(machine),
        Some(bug) => Box::new(BuggyClient::new(machine, bug)),
    }
}

impl Halt {
    fn is_refusal(&self) -> bool {
        matches!(self, Self::Drive(DriveError::Transfer(Failure::Refused) | DriveError::Network(_)))
    }

    fn explain(self, file: &FileRef<'_>) -> ClientError {
        match self {
            Self::Request(bad) => bad.into(),
            Self::Drive(error) => ClientError::new(file, error),
        }
    }
}
