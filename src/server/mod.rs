//! A server for the files of a [`Store`]; it uses the same machines as the client.
//!
//! ```text
//!   request --Listener--> policy: allowed? --Store--> file open --> Reactor: one more machine
//!                |           |                                         |
//!                '-- ERROR <-'                             notices --> ledger, observers
//! ```
//!
//! At the port of requests, only requests and unknown opcodes are answered, so that servers cannot answer each other for
//! ever. A refusal comes from a new port (RFC 1350 section 4), or from the listening socket if there are no file
//! descriptors left. With a [single port](ServerBuilder::single_port), everything comes from the listening socket.
//!
//! ```
//! use tftpsh::{Client, ClientError, ErrorCode, MemoryStore, Server};
//!
//! let store = MemoryStore::from([("motd", "hello")]);
//! let server = Server::builder(store.clone()).max_upload(1 << 20).bind("127.0.0.1:0")?.spawn()?;
//! let mut client = Client::to(server.address());
//! client.put("notes", &b"new files are accepted"[..])?;
//! assert!(store.get("notes").is_some());
//!
//! let error = client.put("motd", &b"and none is replaced"[..]).unwrap_err();
//! assert!(matches!(error, ClientError::Remote { code: ErrorCode::EXISTS, .. }));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A server that is left running needs a directory, limits and a [log](Log):
//!
//! ```no_run
//! use tftpsh::server::Log;
//! use tftpsh::{DirStore, Server, Stop};
//!
//! let server = Server::builder(DirStore::open("/srv/tftp")?)
//!     .read_only(true)
//!     .allow(["192.0.2.0/24".parse()?])
//!     .observer(Log::new(std::io::stderr()))
//!     .bind("0.0.0.0:69")?;
//! server.run(&Stop::new())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admission;
mod allowance;
mod builder;
mod ledger;
mod log;
mod policy;
mod ports;
mod practice;
mod refusals;
mod request_faults;
mod requests;
mod running;
mod status;
mod subject;
mod waiting;

use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

pub use builder::ServerBuilder;
pub use ipnet::IpNet;
pub use log::Log;
pub use policy::Policy;
pub use practice::{PRACTICE_NAMES, practice_files};
pub use running::RunningServer;
pub(crate) use status::listed;
pub use status::{RunningTransfer, Status};

use admission::Admission;
use ledger::Entry;
use ports::Ports;
use request_faults::RequestFaults;
use running::{Shared, Snapshot};

use crate::event::{Observer, Observers};
use crate::files::Store;
use crate::net::{Key, Notice, Reactor};
use crate::stop::Stop;
use crate::transfer::{Abort, Failure};

/// The longest sleep before the server checks the stop flag, which a signal to another thread may raise.
const NAP: Duration = Duration::from_millis(100);

/// Requests read from one socket before the transfers have their turn.
const BURST: usize = 32;

/// A server that listens; it answers when it [runs](Self::run).
pub struct Server {
    addresses: Vec<SocketAddr>,
    store: Box<dyn Store>,
    observers: Vec<Box<dyn Observer + Send>>,
    shared: Arc<Shared>,
    reactor: Reactor,
    admission: Admission,
    /// Transfers whose client answered in this turn for the first time.
    proven: Vec<Key>,
    request_faults: RequestFaults,
    ports: Ports,
    /// The number of transfers so far, with refused requests.
    transfers: u64,
    /// Asks for the status, and where it goes.
    report: Option<(Arc<AtomicBool>, mpsc::Sender<Status>)>,
}

impl Server {
    /// Makes a builder of a server for the files of `store`, with the default [`Policy`].
    pub fn builder(store: impl Store + 'static) -> ServerBuilder {
        ServerBuilder::new(Box::new(store))
    }

    /// Returns the first address that the server listens at, with its real port.
    pub fn address(&self) -> SocketAddr {
        first(&self.addresses)
    }

    /// Returns all addresses that the server listens at, with their real ports.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Serves in this thread until `stop` is raised. Running transfers then end with an ERROR, and leave no upload.
    ///
    /// # Errors
    ///
    /// The system cannot wait for packets any more. A failed transfer does not end the server.
    pub fn run(self, stop: &Stop) -> io::Result<()> {
        self.run_observed(stop, &mut Observers::none())
    }

    /// Runs with more observers.
    pub(crate) fn run_observed(mut self, stop: &Stop, more: &mut Observers<'_>) -> io::Result<()> {
        let (mut owned, mut observers) = (mem::take(&mut self.observers), Observers::none());
        for observer in &mut owned {
            observers.add(&mut **observer);
        }
        observers.add(more);
        let mut notices = Vec::new();
        loop {
            // What had arrived by then still counts: the last ACK of a transfer, for example.
            let stopping = stop.is_requested();
            let due = self.request_faults.due().into_iter().chain(self.admission.due()).min();
            let rest = due.map_or(NAP, |due| due.saturating_duration_since(Instant::now()).min(NAP));
            let nap = if stopping { Duration::ZERO } else { rest };
            self.reactor.turn(nap, &mut notices, &mut observers)?;
            notices.drain(..).for_each(|notice| self.note(notice, &mut observers));
            self.believe_proofs(&mut observers);
            self.answer_requests(&mut observers);
            self.answer_waiting(&mut observers);
            self.shared.answer(|| self.snapshot());
            self.report();
            if stopping {
                break;
            }
        }
        self.reactor.abort(&Abort::Stopping, &mut notices, &mut observers);
        notices.into_iter().for_each(|notice| self.note(notice, &mut observers));
        observers.rest(Instant::now());
        Ok(())
    }

    /// Sends the status of the server each time the flag is raised, and lowers it.
    pub(crate) fn report_on(&mut self, asked: Arc<AtomicBool>) -> mpsc::Receiver<Status> {
        let (sender, reports) = mpsc::channel();
        self.report = Some((asked, sender));
        reports
    }

    fn report(&self) {
        if let Some((asked, sender)) = &self.report
            && asked.swap(false, Ordering::Relaxed)
        {
            // This fails if nobody wants to know any more.
            let _ = sender.send(self.shared.status(&self.addresses, Some(self.snapshot())));
        }
    }

    /// Serves in its own thread until the returned value is dropped.
    ///
    /// # Errors
    ///
    /// The system cannot start a thread.
    pub fn spawn(self) -> io::Result<RunningServer> {
        RunningServer::start(self)
    }

    /// Handles a result of the reactor.
    fn note(&mut self, notice: Notice, observers: &mut Observers<'_>) {
        match notice {
            Notice::Readable(listener) => self.take_requests(listener, observers),
            Notice::Proven(key) => self.proven.push(key),
            Notice::Complete(key, report) => {
                self.believe_proofs(observers);
                if let Some(entry) = self.admission.complete(Instant::now(), key) {
                    self.shared.ended(entry, Ok(&report));
                }
            }
            Notice::Failed(key, failure) => {
                self.believe_proofs(observers);
                if let Some(entry) = self.admission.leave(Instant::now(), key) {
                    self.shared.ended(&entry, Err(&failure));
                }
            }
            Notice::Gone(key) => {
                self.admission.leave(Instant::now(), key);
            }
        }
    }

    /// Notes that clients answer, after the requests that arrived meanwhile: the ACK is at another socket, and a copy of the
    /// request that the network made came before it. After the proof, the copy would be a restart.
    fn believe_proofs(&mut self, observers: &mut Observers<'_>) {
        for key in mem::take(&mut self.proven) {
            if let Some(old) = self.admission.prove(Instant::now(), key) {
                self.displace(old, Abort::Restarted, observers);
            }
        }
    }

    /// Ends a transfer that makes room; a complete one stays a success.
    fn displace(&mut self, key: Key, reason: Abort, observers: &mut Observers<'_>) {
        let failure = Failure::Aborted(reason);
        self.reactor.displace(key, &failure, observers);
        if let Some(entry) = self.admission.leave(Instant::now(), key).filter(Entry::is_live) {
            self.shared.ended(&entry, Err(&failure));
        }
    }

    /// Describes the transfers that run.
    fn snapshot(&self) -> Snapshot {
        let mut running: Vec<_> = self.admission.running().collect();
        running.sort_unstable_by_key(|(key, _)| *key);
        let live = u64::try_from(running.len()).unwrap_or(u64::MAX);
        let stats = |key| self.reactor.stats(key).unwrap_or_default();
        let oldest = running.into_iter().take(RunningTransfer::MOST);
        Snapshot { live, transfers: oldest.map(|(key, entry)| entry.logged.running(stats(key))).collect() }
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("addresses", &self.addresses).finish_non_exhaustive()
    }
}

/// A server has at least one address.
fn first(addresses: &[SocketAddr]) -> SocketAddr {
    addresses.first().copied().unwrap_or_else(|| (Ipv4Addr::UNSPECIFIED, 0).into())
}
