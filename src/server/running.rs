use std::fmt::{self, Display, Formatter};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::ledger::Entry;
use super::{Policy, Server, first};
use crate::bugs::ServerBug;
use crate::net::{SharedFaults, Wake};
use crate::stop::Stop;
use crate::transfer::{Failure, Report};

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
    /// The counters; [`RunningServer::status`] fills in the rest.
    status: Mutex<Status>,
}

/// The status of a running server; [`Display`] writes a line for `status`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status {
    /// What is served: [`Policy::title`].
    pub title: String,
    /// Where the server listens.
    pub addresses: Vec<SocketAddr>,
    /// Running transfers.
    pub live: u64,
    /// Transfers that succeeded.
    pub finished: u64,
    /// Transfers that failed; refused requests do not count.
    pub failed: u64,
    /// Whether it still runs.
    pub running: bool,
    /// The end of the last transfer, as a [`Log`](super::Log) writes it.
    pub last: Option<String>,
    /// Active server bug.
    pub bug: Option<ServerBug>,
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

    /// Returns its status.
    pub fn status(&self) -> Status {
        let policy = self.shared.policy();
        let (title, bug) = (policy.title.clone(), policy.bug);
        let running = self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        Status { title, bug, running, addresses: self.addresses.clone(), ..self.shared.status().clone() }
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
        *self.shared.policy.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(policy);
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
        Self { policy: Mutex::new(Arc::new(policy)), faults: SharedFaults::default(), status: Mutex::default() }
    }

    /// Counts the end of a transfer.
    pub(super) fn ended(&self, entry: &Entry, result: Result<&Report, &Failure>) {
        let mut status = self.status();
        status.last = Some(entry.logged.ended(Instant::now(), result));
        *(if result.is_ok() { &mut status.finished } else { &mut status.failed }) += 1;
    }

    pub(super) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn policy(&self) -> Arc<Policy> {
        Arc::clone(&self.policy.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Display for Status {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)?;
        for (index, address) in self.addresses.iter().enumerate() {
            write!(f, "{} {address}", if index == 0 { " at" } else { " and" })?;
        }
        let state = if self.running { "" } else { ", stopped" };
        let transfers = if self.live == 1 { "transfer" } else { "transfers" };
        write!(f, ": {} {transfers}, {} finished, {} failed{state}", self.live, self.finished, self.failed)
    }
}
