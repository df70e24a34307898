//! The library's server, on ports of this machine that no other test uses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use tftpsh::files::{DirStore, MemoryStore, Store};
use tftpsh::server::{self, Policy, RunningServer, practice_files};
use tftpsh::transfer::{RetryPolicy, Rexmt};

/// Any free port.
pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A server that runs until it is dropped.
pub(crate) struct Server(RunningServer);

impl Server {
    /// Where it answers.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// The number of its port.
    pub(crate) fn port(&self) -> u16 {
        self.address().port()
    }
}

impl Deref for Server {
    type Target = RunningServer;

    fn deref(&self) -> &RunningServer {
        &self.0
    }
}

/// Serves `store` on a free port.
pub(crate) fn serve(store: impl Store + 'static, policy: Policy) -> Server {
    serve_at(LOOPBACK, store, policy)
}

/// Serves `store` at `address`.
pub(crate) fn serve_at(address: SocketAddr, store: impl Store + 'static, policy: Policy) -> Server {
    Server(bind(&[address], store, policy).unwrap().spawn().unwrap())
}

/// A server that does not run yet.
pub(crate) fn bind(listen: &[SocketAddr], store: impl Store + 'static, policy: Policy) -> io::Result<server::Server> {
    server::Server::builder(store).policy(policy).bind(listen)
}

/// Serves a directory.
pub(crate) fn serve_directory(directory: &Path, policy: Policy) -> Server {
    serve(DirStore::open(directory).unwrap(), policy)
}

/// Serves the practice files.
pub(crate) fn serve_practice(policy: Policy) -> Server {
    serve(practice_files(), policy)
}

/// A store with one file.
pub(crate) fn memory(name: &str, bytes: Vec<u8>) -> MemoryStore {
    let store = MemoryStore::new();
    store.insert(name, bytes);
    store
}

/// For a server that sends nothing twice only because this machine has much to do.
pub(crate) fn patient() -> Policy {
    let rexmt = Rexmt::Fixed(Duration::from_secs(5));
    Policy { retry: RetryPolicy { rexmt, ..RetryPolicy::default() }, ..Policy::default() }
}
