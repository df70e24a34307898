use std::fmt::{self, Display, Formatter};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::ledger::Entry;
use super::{Policy, Server, first};
use crate::bugs::ServerBug;
use crate::event::{Observers, Record, RecordKind};
use crate::net::{SharedFaults, Wake};
use crate::stop::Stop;
use crate::transfer::{Failure, Report};

/// A server in a thread of its own. Dropping it stops the server, sends its clients an ERROR, and waits for the thread.
#[derive(Debug)]
pub struct RunningServer {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    stop: Stop,
    wake: Wake,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// What a server shares with its owner in another thread.
#[derive(Debug)]
pub(super) struct Shared {
    policy: Mutex<Policy>,
    pub(super) faults: SharedFaults,
    /// What the server counts; the rest is filled in when somebody asks.
    status: Mutex<Status>,
}

/// How a server in the background is doing; [`Display`] gives a line for `status`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Status {
    /// What is served: [`Policy::title`].
    pub title: String,
    /// Where requests are taken.
    pub addresses: Vec<SocketAddr>,
    /// Transfers under way.
    pub live: u64,
    /// Transfers that came to a good end.
    pub finished: u64,
    /// Transfers that broke off. Refused requests are not among them.
    pub failed: u64,
    /// Whether it still runs.
    pub running: bool,
    /// How the last transfer ended, as a [`Log`](super::Log) writes it.
    pub last: Option<String>,
    /// What it does wrong on purpose.
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

    /// The first address where requests are taken, with its real port.
    pub fn address(&self) -> SocketAddr {
        first(&self.addresses)
    }

    /// All addresses where requests are taken, with the real ports.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// How it is doing.
    pub fn status(&self) -> Status {
        let Policy { title, bug, .. } = self.policy();
        let running = self.thread.as_ref().is_some_and(|thread| !thread.is_finished());
        Status { title, bug, running, addresses: self.addresses.clone(), ..self.shared.status().clone() }
    }

    /// Returns what it allows at present.
    pub fn policy(&self) -> Policy {
        self.shared.policy()
    }

    /// What goes wrong on purpose with the packets of the server, from the next request on.
    #[doc(hidden)]
    pub fn faults(&self) -> &SharedFaults {
        &self.shared.faults
    }

    /// Changes what it allows, from the next request on; transfers under way keep what they agreed.
    pub fn set_policy(&self, policy: Policy) {
        *self.shared.policy.lock().unwrap_or_else(PoisonError::into_inner) = policy;
    }
}

impl Drop for RunningServer {
    fn drop(&mut self) {
        self.stop.request();
        self.wake.wake();
        if let Some(thread) = self.thread.take() {
            // The thread has reported its panic; it must not continue in the shell.
            let _ = thread.join();
        }
    }
}

impl Shared {
    pub(super) fn new(policy: Policy) -> Self {
        Self { policy: Mutex::new(policy), faults: SharedFaults::default(), status: Mutex::default() }
    }

    /// A transfer ended.
    pub(super) fn ended(&self, entry: &Entry, result: Result<&Report, &Failure>, observers: &mut Observers<'_>) {
        let (at, local) = (Instant::now(), entry.local);
        let mut status = self.status();
        status.last = Some(entry.logged.ended(at, result));
        *(if result.is_ok() { &mut status.finished } else { &mut status.failed }) += 1;
        drop(status);
        observers.notify(&Record { at, local, kind: RecordKind::End(result) });
    }

    pub(super) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn policy(&self) -> Policy {
        self.policy.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
