use std::io;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::Arc;

use ipnet::IpNet;

use super::admission::Admission;
use super::ports::Ports;
use super::request_faults::RequestFaults;
use super::running::Shared;
use super::{Policy, Server};
use crate::event::Observer;
use crate::files::Store;
use crate::macros::setters;
use crate::net::{Listener, Reactor};
use crate::transfer::RetryPolicy;
use crate::wire::{BlockSize, WindowSize};

/// The settings of a server; [`bind`](Self::bind) makes the [`Server`].
pub struct ServerBuilder {
    store: Box<dyn Store>,
    policy: Policy,
    observers: Vec<Box<dyn Observer + Send>>,
    /// Bound by others.
    sockets: Vec<UdpSocket>,
    single_port: bool,
    port_range: Option<RangeInclusive<u16>>,
}

impl ServerBuilder {
    pub(super) fn new(store: Box<dyn Store>) -> Self {
        let (policy, observers, sockets) = (Policy::default(), Vec::new(), Vec::new());
        Self { store, policy, observers, sockets, single_port: false, port_range: None }
    }

    setters! {
        /// Replaces the whole policy.
        policy(policy: Policy) => policy = policy;
        /// Refuses all uploads.
        read_only(read_only: bool) => policy.read_only = read_only;
        /// Accepts uploads of new files, which is the default.
        create(create: bool) => policy.create = create;
        /// Lets an upload replace a file; refused by default.
        overwrite(overwrite: bool) => policy.overwrite = overwrite;
        /// Limits the size of an upload, in bytes.
        max_upload(bytes: u64) => policy.max_upload = Some(bytes);
        /// Limits the number of simultaneous transfers; 1,000 by default.
        max_transfers(transfers: usize) => policy.max_transfers = transfers;
        /// Limits the number of simultaneous transfers with one address; 300 by default.
        max_per_source(transfers: usize) => policy.max_per_source = transfers;
        /// Serves only the clients of these networks; others get ERROR 2. By default, and without any network, all are served.
        ///
        /// ```
        /// # use tftpsh::{MemoryStore, Server};
        /// let networks = ["192.0.2.0/24".parse()?, "2001:db8::/32".parse()?];
        /// let server = Server::builder(MemoryStore::new()).allow(networks).bind("127.0.0.1:0")?;
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        allow(networks: impl IntoIterator<Item = IpNet>) => policy.allow = networks.into_iter().collect();
        /// Limits the block size that is granted (RFC 2348).
        max_blksize(blksize: BlockSize) => policy.limits.blksize = blksize;
        /// Limits the window that is granted, in blocks (RFC 7440); 64 by default.
        max_windowsize(windowsize: WindowSize) => policy.limits.windowsize = windowsize;
        /// Answers options, which is the default; without them the server is one of RFC 1350.
        options(options: bool) => policy.limits.options = options;
        /// Answers everything from the port that receives requests, for networks that let no other through: containers, address
        /// translation, firewalls.
        ///
        /// By default each transfer has a port of its own (RFC 1350 section 4), which keeps packets of other transfers away.
        /// With one port, a client can have one transfer from each of its ports: if it asks for another file, the first
        /// transfer ends.
        ///
        /// ```
        /// # use tftpsh::{Client, MemoryStore, Server};
        /// let store = MemoryStore::from([("motd", "hello")]);
        /// let server = Server::builder(store).single_port(true).bind("127.0.0.1:0")?.spawn()?;
        /// Client::to(server.address()).get("motd", std::io::sink())?;
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        single_port(single_port: bool) => single_port = single_port;
        /// Takes the ports of transfers from this range, for a firewall that lets only them through.
        ///
        /// Each transfer needs one: there are never more transfers than ports. It excludes a
        /// [single port](Self::single_port).
        port_range(ports: RangeInclusive<u16>) => port_range = Some(ports);
        /// Sets when a packet is retransmitted and when a transfer fails, unless the client asks for an interval.
        retry(retry: RetryPolicy) => policy.retry = retry;
    }

    /// Adds an observer of all packets and events, after those added before.
    pub fn observer(mut self, observer: impl Observer + Send + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Listens also at this bound socket, which another program may have bound: then a server needs no privileges for its
    /// port.
    ///
    /// The addresses of such sockets come first in [`Server::addresses`]. [`bind`](Self::bind) needs no other address.
    ///
    /// ```
    /// # use std::net::UdpSocket;
    /// # use tftpsh::{Client, MemoryStore, Server};
    /// let socket = UdpSocket::bind("127.0.0.1:0")?;
    /// let server = Server::builder(MemoryStore::from([("motd", "hello")])).listen_on(socket).bind(&[][..])?.spawn()?;
    /// Client::to(server.address()).get("motd", std::io::sink())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn listen_on(mut self, socket: UdpSocket) -> Self {
        self.sockets.push(socket);
        self
    }

    /// Listens at each of the addresses. If their port is 0, all get the same free one.
    ///
    /// # Errors
    ///
    /// An address cannot be resolved, is not one of this computer, or is taken, and the error names it; or there is neither
    /// an address nor a [socket](Self::listen_on). A [port range](Self::port_range) is empty, or excluded by a single port.
    pub fn bind(self, addresses: impl ToSocketAddrs) -> io::Result<Server> {
        let Self { store, mut policy, observers, sockets, single_port, port_range } = self;
        let ports = Ports::new(single_port, port_range)?;
        policy.max_transfers = policy.max_transfers.min(ports.most());
        // Two answers take two ports.
        policy.answer_twice &= ports != Ports::Single;
        let mut listeners = sockets.into_iter().map(Listener::over).collect::<io::Result<Vec<_>>>()?;
        listeners.extend(bind_all(&addresses.to_socket_addrs()?.collect::<Vec<_>>())?);
        if listeners.is_empty() {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        let addresses = listeners.iter().map(|listener| listener.local).collect();
        let mut reactor = Reactor::new()?;
        for listener in listeners {
            reactor.listen(listener)?;
        }
        let shared = Arc::new(Shared::new(policy));
        let (admission, request_faults) = (Admission::new(), RequestFaults::new(shared.faults.clone()));
        Ok(Server {
            addresses,
            store,
            observers,
            shared,
            reactor,
            admission,
            proven: Vec::new(),
            request_faults,
            ports,
            transfers: 0,
            report: None,
        })
    }
}

/// Binds every address; a port 0 becomes the port of the first one.
fn bind_all(listen: &[SocketAddr]) -> io::Result<Vec<Listener>> {
    // The free port of the first address may be taken at the next one.
    let mut tries = if listen.iter().any(|address| address.port() == 0) { 16 } else { 1 };
    loop {
        tries -= 1;
        match try_bind_all(listen) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            bound => return bound,
        }
    }
}

fn try_bind_all(listen: &[SocketAddr]) -> io::Result<Vec<Listener>> {
    let mut listeners: Vec<Listener> = Vec::new();
    for &(mut address) in listen {
        if let (0, Some(first)) = (address.port(), listeners.first()) {
            address.set_port(first.local.port());
        }
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{address}: {error}"));
        listeners.push(Listener::bind(address).map_err(named)?);
    }
    Ok(listeners)
}
