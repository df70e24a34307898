use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use super::offer::offer;
use super::{ClientError, FileRef, Options};
use crate::bugs::{BuggyClient, ClientBug};
use crate::event::{Begin, RecordKind, Side};
use crate::fault::is_loopback;
use crate::files::{ReadFile, WriteFile};
use crate::net::{Dally, Drive, Earlier, FaultInjector, Reporter, SharedFaults, Socket};
use crate::stop::Stop;
use crate::transfer::{
    Attempt, Event, FailedAttempt, Failure, Receiver, Replay, Report, Request, RetryPolicy, Sender, Stats, Stopped,
    Task,
};
use crate::wire::{BadRequest, Offer, RequestKind, emit_request};

/// The local file.
pub(super) enum Local<'f> {
    Target(&'f mut dyn WriteFile),
    /// Nothing but the size of the file is wanted. Nothing is written here.
    Size(&'f mut dyn WriteFile),
    /// With its size, if known.
    Source(Replay<&'f mut dyn ReadFile>, Option<u64>),
}

impl Local<'_> {
    fn kind_and_size(&self) -> (RequestKind, Option<u64>) {
        match self {
            Self::Target(_) | Self::Size(_) => (RequestKind::Read, None),
            Self::Source(_, size) => (RequestKind::Write, *size),
        }
    }
}

/// The attempts of one transfer: for each address, a request and those that ask for less.
pub(super) struct Attempts<'a, 'f, 'o> {
    file: &'a FileRef<'a>,
    options: &'a Options,
    local_file: &'a mut Local<'f>,
    reporter: Reporter<'a, 'o>,
    faults: &'a SharedFaults,
    earlier: &'a mut Earlier,
    stop: &'a Stop,
    /// Used only if there are faults for the address that is tried.
    injector: FaultInjector,
    begun: Instant,
    timeout: SharedTimeout,
    /// How many there were.
    count: u32,
    /// The costs of those that failed.
    spent: Stats,
}

/// The time without progress that all attempts share.
struct SharedTimeout {
    whole: Duration,
    /// When it began; `None` if nothing of it is spent.
    since: Option<Instant>,
}

impl SharedTimeout {
    /// Begins an attempt, and returns its timeout.
    fn begin(&mut self) -> Duration {
        let left = self.left();
        self.since.get_or_insert_with(Instant::now);
        left
    }

    fn left(&self) -> Duration {
        self.whole.saturating_sub(self.since.map_or(Duration::ZERO, |since| since.elapsed()))
    }
}

/// The report of a transfer, and what a get leaves to do.
type Transferred = Result<(Report, Option<Dally>), ClientError>;

/// How one attempt ended.
#[expect(clippy::large_enum_variant, reason = "a single value, on the stack")]
enum Ended {
    Complete(Report, Option<Dally>),
    /// With the attempt that follows.
    Failed(Stopped, Option<Attempt>),
}

impl<'a, 'f, 'o> Attempts<'a, 'f, 'o> {
    pub(super) fn new(
        file: &'a FileRef<'a>,
        options: &'a Options,
        local_file: &'a mut Local<'f>,
        reporter: Reporter<'a, 'o>,
        faults: &'a SharedFaults,
        earlier: &'a mut Earlier,
        stop: &'a Stop,
    ) -> Self {
        let state = faults.lock().begin();
        Self {
            file,
            options,
            local_file,
            reporter,
            faults,
            earlier,
            stop,
            injector: FaultInjector::new(faults, state),
            begun: Instant::now(),
            timeout: SharedTimeout { whole: options.retry.timeout, since: None },
            count: 0,
            spent: Stats::default(),
        }
    }

    /// Makes the attempts, and notifies the observers of the end.
    pub(super) fn run(mut self, addresses: &[SocketAddr]) -> Transferred {
        let result = self.try_each(addresses);
        match &result {
            // Nothing began before the first packet.
            Err(error) if self.count > 0 => self.reporter.end(Err(&error.failure())),
            _ => {}
        }
        result
    }

    /// Tries the next address if one refuses or cannot be reached (`localhost`: ::1, then 127.0.0.1).
    fn try_each(&mut self, addresses: &[SocketAddr]) -> Transferred {
        let mut refused = self.network(io::ErrorKind::AddrNotAvailable.into());
        for &server in addresses {
            match self.try_one(server) {
                Err(error) if error.is_refusal() => refused = error,
                transferred => return transferred,
            }
        }
        Err(refused)
    }

    /// Asks for less, from a new socket, as long as this may help.
    fn try_one(&mut self, server: SocketAddr) -> Transferred {
        let (kind, _) = self.local_file.kind_and_size();
        let (mut attempt, mut earlier) = (Attempt::default(), None::<Failure>);
        loop {
            let (Stopped { failure, cause }, next) = match self.attempt(server, attempt)? {
                Ended::Complete(report, dally) => return Ok((report, dally)),
                Ended::Failed(stopped, next) => (stopped, next),
            };
            let reported = earlier.map_or(failure.clone(), |earlier| earlier.or_of_last_attempt(failure.clone(), kind));
            let Some(next) = next else {
                return Err(ClientError::stopped(self.file.server(), Stopped { failure: reported, cause }));
            };
            self.reporter.notify(RecordKind::Machine(&Event::Again { attempt: next, failure }));
            (attempt, earlier) = (next, Some(reported));
        }
    }

    fn attempt(&mut self, server: SocketAddr, attempt: Attempt) -> Result<Ended, ClientError> {
        if self.stop.is_requested() {
            return Err(ClientError::Interrupted);
        }
        let socket = Socket::towards(server, self.options.local_ports.as_ref());
        let mut socket = socket.map_err(|error| self.network(error))?;
        self.reporter.subject.local = socket.local();
        let offer = self.offer(attempt, server, &mut socket);
        let request = Request { filename: self.file.name, mode: self.options.mode, offer };
        // A bug must not harm other computers.
        let bug = self.options.bug.filter(|_| is_loopback(server.ip()));
        let (kind, _) = self.local_file.kind_and_size();
        let injects = self.faults.lock().act_on(server.ip());
        let margin = if injects { RetryPolicy::PATIENT } else { self.options.retry.margin };
        let retry_policy = RetryPolicy { timeout: self.timeout.begin(), margin, ..self.options.retry };
        let dallies = matches!(self.local_file, Local::Target(_)) && bug != Some(ClientBug::NoDally);
        let mut task = task(self.local_file, server, &request, retry_policy, bug)?;
        self.count += 1;
        if self.count == 1 {
            let begin = Begin {
                side: Side::Client,
                wall: SystemTime::now(),
                host: self.file.host,
                peer: server,
                kind,
                filename: self.file.name,
                mode: Some(self.options.mode),
                timeout: self.options.retry.timeout,
                bug,
            };
            self.reporter.notify(RecordKind::Begin(begin));
            if let Some(reduced) = reduced(self.options, &offer) {
                self.reporter.notify(RecordKind::Machine(&reduced));
            }
        }
        let injector = injects.then(|| self.injector.start_over());
        let reporter = self.reporter.lend();
        let mut drive = Drive::new(&mut task, &mut socket, reporter, injector, self.earlier, self.stop);
        let report = match drive.run() {
            Ok(mut report) => {
                if self.count > 1 {
                    report.elapsed = self.begun.elapsed();
                    report.stats.add_packets(&self.spent);
                }
                drive.end(&report);
                report
            }
            Err(stopped) => {
                let stats = task.machine().stats();
                self.spent.add_packets(&stats);
                let blocks = stats.blocks;
                if blocks > 0 {
                    self.timeout.since = None;
                }
                let restartable = matches!(&task, Task::Receive { file, .. } if file.can_start_over());
                let (failure, left) = (&stopped.failure, self.timeout.left());
                let next = FailedAttempt { attempt, kind, offer, failure, blocks, restartable, left }.next();
                if next.is_some() {
                    begin_again(&mut task, blocks).map_err(ClientError::Local)?;
                }
                return Ok(Ended::Failed(stopped, next));
            }
        };
        // A client that does not dally closes its port: its socket is dropped here.
        let dally = match task {
            Task::Receive { machine, .. } if dallies => Some(Dally::new(
                self.reporter.subject.transfer(),
                machine,
                socket,
                report.peer,
                self.options.retry.rexmt,
            )),
            _ => None,
        };
        Ok(Ended::Complete(report, dally))
    }

    fn offer(&self, attempt: Attempt, server: SocketAddr, socket: &mut Socket) -> Offer {
        let (options, (kind, size)) = (self.options, self.local_file.kind_and_size());
        let chosen = attempt.reduce(offer(options, kind, size, Some(&mut || socket.route(server).blksize())));
        let request = emit_request(kind, self.file.name, options.mode, &chosen);
        if let Err(BadRequest::TooLong(_)) = request {
            // A long name leaves no space for automatic options.
            return attempt.reduce(offer(options, kind, size, None));
        }
        if kind == RequestKind::Write || chosen.is_empty() {
            return chosen;
        }
        // A window larger than the receive buffer would lose blocks every time.
        let chosen = chosen.bounded();
        let window = socket.reserve_receive(chosen.blksize.unwrap_or_default(), chosen.windowsize.unwrap_or_default());
        Offer { windowsize: chosen.windowsize.and(Some(window)), ..chosen }.without_defaults()
    }

    fn network(&self, error: io::Error) -> ClientError {
        ClientError::Network { server: self.file.server(), error }
    }
}

/// Returns the report of a window smaller than the user set.
fn reduced(options: &Options, offer: &Offer) -> Option<Event> {
    let asked = offer.windowsize.unwrap_or_default();
    let wanted = options.windowsize.filter(|wanted| *wanted > asked && !offer.is_empty())?;
    Some(Event::WindowReduced { wanted, asked })
}

type ClientTask<'a, 'f> = Task<&'a mut Replay<&'f mut dyn ReadFile>, &'a mut dyn WriteFile>;

/// Makes the local file ready for another request.
fn begin_again(task: &mut ClientTask<'_, '_>, blocks: u64) -> io::Result<()> {
    match task {
        Task::Send { machine, file } => file.put_back(machine.unacknowledged()),
        Task::Receive { file, .. } if blocks > 0 => file.start_over()?,
        // Nothing was delivered.
        Task::Receive { .. } => {}
    }
    Ok(())
}

fn task<'a, 'f>(
    local_file: &'a mut Local<'f>,
    server: SocketAddr,
    request: &Request<'_>,
    retry_policy: RetryPolicy,
    bug: Option<ClientBug>,
) -> Result<ClientTask<'a, 'f>, BadRequest> {
    let now = Instant::now();
    Ok(match local_file {
        Local::Size(file) => {
            let machine = Receiver::request(now, server, request, retry_policy)?.only_size();
            Task::receive(machine, &mut **file)
        }
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
                None => Task::send(machine, file),
                Some(bug) => Task::send(BuggyClient::new(machine, bug), file),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::WindowSize;

    #[test]
    fn only_a_window_that_the_user_set_is_reported_as_reduced() {
        let window = |blocks| WindowSize::new(blocks);
        let set = Options { windowsize: window(65535), ..Options::default() };
        let asked = Offer { tsize: Some(0), windowsize: window(78), ..Offer::default() };
        let reduced_to = |options: &Options, offer: &Offer| match reduced(options, offer) {
            Some(Event::WindowReduced { wanted, asked }) => Some((wanted.get(), asked.get())),
            _ => None,
        };
        assert_eq!(reduced_to(&set, &asked), Some((65535, 78)));
        assert_eq!(reduced_to(&set, &Offer { windowsize: None, ..asked }), Some((65535, 1)));
        assert_eq!(reduced_to(&set, &Offer::default()), None, "without options, nothing is asked for");
        assert_eq!(reduced_to(&Options::default(), &asked), None);
        assert_eq!(reduced_to(&Options { windowsize: window(78), ..set.clone() }, &asked), None);
    }
}
