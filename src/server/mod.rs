//! A server for the files of a [`Store`]; it uses the same machines as the client.
//!
//! ```text
//!   request --Listener--> policy: allowed? --Store--> file open --> Reactor: one more machine
//!                |           |                                         |
//!                '-- ERROR <-'                             notices --> ledger, observers
//! ```
//!
//! Only requests are answered, so that servers cannot answer each other for ever. A refusal comes from a new port (RFC
//! 1350 section 4), or from the listening socket if there are no file descriptors left.
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

mod builder;
mod ledger;
mod log;
mod policy;
mod practice;
mod request_faults;
mod requests;
mod running;

use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use builder::ServerBuilder;
pub use log::Log;
pub use policy::Policy;
pub use practice::{PRACTICE_NAMES, practice_files};
pub use running::{RunningServer, Status};

use ledger::Ledger;
use request_faults::RequestFaults;
use running::Shared;

use crate::event::{Observer, Observers};
use crate::files::Store;
use crate::net::{Key, Listener, Notice, Reactor};
use crate::stop::Stop;
use crate::transfer::Abort;

/// The longest sleep before the server checks the stop flag, which a signal to another thread may raise.
const NAP: Duration = Duration::from_millis(100);

/// Requests read from one socket before the transfers have their turn.
const BURST: usize = 32;

/// Size of the request buffer in bytes: more than a request may have, to notice one that is too long.
const BUFFER_SIZE: usize = 2048;

/// A server that listens; it answers when it [runs](Self::run).
pub struct Server {
    listeners: Vec<(Key, Listener)>,
    addresses: Vec<SocketAddr>,
    store: Box<dyn Store>,
    observers: Vec<Box<dyn Observer + Send>>,
    shared: Arc<Shared>,
    reactor: Reactor,
    ledger: Ledger,
    request_faults: RequestFaults,
    /// The number of transfers so far, with refused requests.
    transfers: u64,
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
        while !stop.is_requested() {
            let held = self.request_faults.due().map(|due| due.saturating_duration_since(Instant::now()));
            self.reactor.turn(held.map_or(NAP, |held| held.min(NAP)), &mut notices, &mut observers)?;
            for notice in notices.drain(..) {
                self.note(notice, &mut observers);
            }
            self.answer_requests(&mut observers);
        }
        self.reactor.abort(&Abort::Stopping, &mut notices, &mut observers);
        notices.into_iter().for_each(|notice| self.note(notice, &mut observers));
        observers.rest(Instant::now());
        Ok(())
    }

    /// Serves in its own thread until the returned value is dropped.
    ///
    /// # Errors
    ///
    /// The system cannot start a thread.
    pub fn spawn(self) -> io::Result<RunningServer> {
        RunningServer::start(self)
    }

    fn note(&mut self, notice: Notice, observers: &mut Observers<'_>) {
        match notice {
            Notice::Readable(key) => self.take_requests(key, observers),
            Notice::Complete(key, report) => {
                if let Some(entry) = self.ledger.complete(key) {
                    self.shared.ended(entry, Ok(&report));
                }
            }
            Notice::Failed(key, failure) => {
                if let Some(entry) = self.ledger.leave(key) {
                    self.shared.ended(&entry, Err(&failure));
                }
            }
            Notice::Gone(key) => {
                self.ledger.leave(key);
            }
        }
        self.shared.status().live = u64::try_from(self.ledger.live().count()).unwrap_or(u64::MAX);
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
