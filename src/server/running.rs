use std::io;
use std::mem;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::ledger::Entry;
use super::status::{RunningTransfer, Status};
use super::{Policy, Server, first};
use crate::net::{SharedFaults, Wake};
use crate::stop::Stop;
use crate::transfer::{Failure, Report};

/// How long the owner of a server waits for an answer.
const PATIENCE: Duration = Duration::from_millis(250);

/// The most questions that wait for an answer.
const MOST_INQUIRIES: usize = 64;

/// A server in its own thread. Dropping it stops the server, sends its clients an ERROR, and waits for the thread.
#[derive(Debug)]
pub struct RunningServer {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    stop: Stop,
    wake: Wake,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// The state that a server shares with its owner in another thread.
#[derive(Debug)]
pub(super) struct Shared {
    policy: Mutex<Arc<Policy>>,
    pub(super) faults: SharedFaults,
    counts: Mutex<Counts>,
    /// Those who wait for a snapshot.
    inquiries: Mutex<Vec<SyncSender<Snapshot>>>,
    /// Whether there are any, so that the server takes no lock when there are none.
    is_asked: AtomicBool,
}

/// The counters of a server.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) finished: u64,
    pub(super) failed: u64,
    pub(super) refused: u64,
    /// The end of the last transfer.
    last: Option<String>,
}

/// The transfers of a server at one moment.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    pub(super) live: u64,
    /// The oldest.
    pub(super) transfers: Vec<RunningTransfer>,
}

impl RunningServer {
    pub(super) fn start(server: Server) -> io::Result<Self> {
        let (shared, addresses) = (Arc::clone(&server.shared), server.addresses.clone());
        let (stop, wake) = (Stop::new(), server.reactor.wake());
        let flag = stop.clone();
        let thread = thread::Builder::new().name("server".to_owned()).spawn(move || server.run(&flag))?;
        Ok(Self { shared, addresses, stop, wake, thread: Some(thread) })
    }

    /// Returns the first address that the server listens at, with its real port.
    pub fn address(&self) -> SocketAddr {
        first(&self.addresses)
    }

    /// Returns all addresses that the server listens at, with their real ports.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Returns its status. The server itself says which transfers run; one that does not answer within a quarter of a
    /// second is stuck.
    pub fn status(&self) -> Status {
        let running = self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        let snapshot = if running { self.snapshot() } else { Some(Snapshot::default()) };
        Status { running, ..self.shared.status(&self.addresses, snapshot) }
    }

    /// Asks the server for a snapshot; `None` if it does not answer.
    fn snapshot(&self) -> Option<Snapshot> {
        let answer = self.shared.ask();
        self.wake.wake();
        answer.recv_timeout(PATIENCE).ok()
    }

    /// Returns its present policy.
    pub fn policy(&self) -> Policy {
        (*self.shared.policy()).clone()
    }

    /// Returns the fault rules for the packets of the server, from the next request on.
    #[doc(hidden)]
    pub fn faults(&self) -> &SharedFaults {
        &self.shared.faults
    }

    /// Sets the policy from the next request on; running transfers keep what they agreed.
    pub fn set_policy(&self, policy: Policy) {
        *lock(&self.shared.policy) = Arc::new(policy);
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.stop.request();
        self.wake.wake();
        if let Some(thread) = self.thread.take() {
            // The thread reported its panic already; it must not continue in the shell.
            let _ = thread.join();
        }
    }
}

impl Shared {
    pub(super) fn new(policy: Policy) -> Self {
        Self {
            policy: Mutex::new(Arc::new(policy)),
            faults: SharedFaults::default(),
            counts: Mutex::default(),
            inquiries: Mutex::default(),
            is_asked: AtomicBool::new(false),
        }
    }

    /// Counts the end of a transfer.
    pub(super) fn ended(&self, entry: &Entry, result: Result<&Report, &Failure>) {
        let mut counts = self.counts();
        counts.last = Some(entry.logged.ended(Instant::now(), result));
        *(if result.is_ok() { &mut counts.finished } else { &mut counts.failed }) += 1;
    }

    /// Counts a refused request.
    pub(super) fn refused(&self) {
        self.counts().refused += 1;
    }

    /// Asks for a snapshot.
    fn ask(&self) -> Receiver<Snapshot> {
        let (inquiry, answer) = mpsc::sync_channel(1);
        let mut inquiries = self.inquiries();
        // Nobody waits long for an answer: if the server is stuck, the first ones have given up.
        if inquiries.len() >= MOST_INQUIRIES {
            inquiries.remove(0);
        }
        inquiries.push(inquiry);
        self.is_asked.store(true, Ordering::SeqCst);
        answer
    }

    /// Gives a snapshot to those who wait for one.
    pub(super) fn answer(&self, snapshot: impl Fn() -> Snapshot) {
        if self.is_asked.load(Ordering::Relaxed) && self.is_asked.swap(false, Ordering::SeqCst) {
            for inquiry in mem::take(&mut *self.inquiries()) {
                // This fails if they wait no longer.
                let _ = inquiry.try_send(snapshot());
            }
        }
    }

    /// Returns the status of a running server that has given this snapshot; one that gave none is stuck.
    pub(super) fn status(&self, addresses: &[SocketAddr], snapshot: Option<Snapshot>) -> Status {
        let policy = self.policy();
        let (title, bug) = (policy.title.clone(), policy.bug);
        let is_stuck = snapshot.is_none();
        let Snapshot { live, transfers } = snapshot.unwrap_or_default();
        let counts = self.counts();
        let Counts { finished, failed, refused, ref last } = *counts;
        let (last, addresses) = (last.clone(), addresses.to_owned());
        Status { title, addresses, live, finished, failed, refused, running: true, is_stuck, transfers, last, bug }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        lock(&self.counts)
    }

    fn inquiries(&self) -> MutexGuard<'_, Vec<SyncSender<Snapshot>>> {
        lock(&self.inquiries)
    }

    pub(super) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&lock(&self.policy))
    }
}

/// A panic of the server, which its owner reports, leaves values that are whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
