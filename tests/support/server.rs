//! The library's server, on ports of this machine that no other test uses.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use tftpsh::files::{DirStore, MemoryStore, Store};
use tftpsh::server::{self, Background, Config, practice_files};
use tftpsh::transfer::{RetryPolicy, Rexmt};

/// Any free port.
pub(crate) const LOOPBACK: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// A server that runs until it is dropped.
pub(crate) struct Server(Background);

impl Server {
    /// Where it answers.
    pub(crate) fn address(&self) -> SocketAddr {
        self.0.addresses()[0]
    }

    /// The number of its port.
    pub(crate) fn port(&self) -> u16 {
        self.address().port()
    }
}

impl Deref for Server {
    type Target = Background;

    fn deref(&self) -> &Background {
        &self.0
    }
}

/// Serves `store` on a free port.
pub(crate) fn serve(store: impl Store + 'static, config: Config) -> Server {
    serve_at(LOOPBACK, store, config)
}

/// Serves `store` at `address`.
pub(crate) fn serve_at(address: SocketAddr, store: impl Store + 'static, config: Config) -> Server {
    Server(bind(&[address], store, config).unwrap().spawn().unwrap())
}

/// A server that does not run yet.
pub(crate) fn bind(listen: &[SocketAddr], store: impl Store + 'static, config: Config) -> io::Result<server::Server> {
    server::Server::bind(listen, Box::new(store), config)
}

/// Serves a directory.
pub(crate) fn serve_directory(directory: &Path, config: Config) -> Server {
    serve(DirStore::open(directory).unwrap(), config)
}

/// Serves the practice files.
pub(crate) fn serve_practice(config: Config) -> Server {
    serve(practice_files(), config)
}

/// A store with one file.
pub(crate) fn memory(name: &str, bytes: Vec<u8>) -> MemoryStore {
    let store = MemoryStore::new();
    store.insert(name.as_bytes(), bytes);
    store
}

/// For a server that sends nothing twice only because this machine has much to do.
pub(crate) fn patient() -> Config {
    let rexmt = Rexmt::Fixed(Duration::from_secs(5));
    Config { retry_policy: RetryPolicy { rexmt, ..RetryPolicy::default() }, ..Config::default() }
}
