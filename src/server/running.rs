use std::fmt::{self, Display, Formatter};
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::{Config, Happening, Server};
use crate::bugs::ServerBug;
use crate::net::{SharedFaults, Wake};
use crate::stop::Stop;

/// A server in a thread of its own. Dropping it stops the server, tells its clients, and waits for the thread.
#[derive(Debug)]
pub struct Background {
    shared: Arc<Shared>,
    addresses: Vec<SocketAddr>,
    stop: Stop,
    wake: Wake,
    thread: Option<JoinHandle<io::Result<()>>>,
}

/// What a server shares with those who watch it from another thread.
#[derive(Debug)]
pub(super) struct Shared {
    config: Mutex<Config>,
    pub(super) faults: SharedFaults,
    /// How the last transfer ended.
    last: Mutex<Option<Happening>>,
    pub(super) live: AtomicU64,
    pub(super) finished: AtomicU64,
    pub(super) failed: AtomicU64,
}

/// How a server in the background is doing; [`Display`] gives a line for `status`.
#[derive(Debug, Clone, PartialEq)]
pub struct Status {
    /// What is served: [`Config::title`].
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
    /// How the last transfer ended.
    pub last: Option<Happening>,
    /// What it does wrong on purpose.
    pub bug: Option<ServerBug>,
}

impl Background {
    pub(super) fn start(server: Server) -> io::Result<Self> {
        let (shared, addresses) = (Arc::clone(&server.shared), server.addresses.clone());
        let (stop, wake) = (Stop::new(), server.reactor.wake());
        let flag = stop.clone();
        let thread = thread::Builder::new().name("server".to_owned()).spawn(move || server.run(&flag, &mut |_| {}))?;
        Ok(Self { shared, addresses, stop, wake, thread: Some(thread) })
    }

    /// Where requests are taken, with the real ports.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// How it is doing.
    pub fn status(&self) -> Status {
        let Config { title, bug, .. } = self.config();
        Status {
            title,
            bug,
            last: self.shared.last(),
            addresses: self.addresses.clone(),
            live: self.shared.live.load(Ordering::Relaxed),
            finished: self.shared.finished.load(Ordering::Relaxed),
            failed: self.shared.failed.load(Ordering::Relaxed),
            running: self.thread.as_ref().is_some_and(|thread| !thread.is_finished()),
        }
    }

    /// What it allows at present.
    pub fn config(&self) -> Config {
        self.shared.config()
    }

    /// What goes wrong on purpose with the packets of the server, from the next request on.
    pub fn faults(&self) -> &SharedFaults {
        &self.shared.faults
    }

    /// Changes what it allows, from the next request on.
    pub fn configure(&self, config: Config) {
        *self.shared.config.lock().unwrap_or_else(PoisonError::into_inner) = config;
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.stop.request();
        self.wake.wake();
        if let Some(thread) = self.thread.take() {
            // A panic in there was told when it happened; it must not go on to the shell.
            let _ = thread.join();
        }
    }
}

impl Shared {
    pub(super) fn new(config: Config) -> Self {
        let count = || AtomicU64::new(0);
        Self {
            config: Mutex::new(config),
            faults: SharedFaults::default(),
            last: Mutex::default(),
            live: count(),
            finished: count(),
            failed: count(),
        }
    }

    pub(super) fn ended(&self, how: Happening) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
    }

    fn last(&self) -> Option<Happening> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn config(&self) -> Config {
        self.config.lock().unwrap_or_else(PoisonError::into_inner).clone()
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
