use std::io;
use std::net::ToSocketAddrs;

use super::{Policy, Server};
use crate::event::Observer;
use crate::files::Store;
use crate::transfer::RetryPolicy;
use crate::wire::{BlockSize, WindowSize};

/// What a server will serve, and to whom; [`bind`](Self::bind) makes the [`Server`].
pub struct ServerBuilder {
    store: Box<dyn Store>,
    policy: Policy,
    observers: Vec<Box<dyn Observer + Send>>,
}

impl ServerBuilder {
    pub(super) fn new(store: Box<dyn Store>) -> Self {
        Self { store, policy: Policy::default(), observers: Vec::new() }
    }

    /// Replaces the whole policy.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Refuses all uploads.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.policy.read_only = read_only;
        self
    }

    /// Accepts uploads of new files, which is the default.
    pub fn create(mut self, create: bool) -> Self {
        self.policy.create = create;
        self
    }

    /// Lets an upload replace a file; by default none may.
    pub fn overwrite(mut self, overwrite: bool) -> Self {
        self.policy.overwrite = overwrite;
        self
    }

    /// Bounds the size of an upload, in bytes.
    pub fn max_upload(mut self, bytes: u64) -> Self {
        self.policy.max_upload = Some(bytes);
        self
    }

    /// Bounds the number of simultaneous transfers; 1,000 by default.
    pub fn max_transfers(mut self, transfers: usize) -> Self {
        self.policy.max_transfers = transfers;
        self
    }

    /// Bounds the number of simultaneous transfers with one address; 300 by default.
    pub fn max_per_source(mut self, transfers: usize) -> Self {
        self.policy.max_per_source = transfers;
        self
    }

    /// Bounds the block size that is granted (RFC 2348).
    pub fn max_blksize(mut self, blksize: BlockSize) -> Self {
        self.policy.limits.blksize = blksize;
        self
    }

    /// Bounds the window that is granted, in blocks (RFC 7440); 64 by default.
    pub fn max_windowsize(mut self, windowsize: WindowSize) -> Self {
        self.policy.limits.windowsize = windowsize;
        self
    }

    /// Answers options, which is the default; without them the server is one of RFC 1350.
    pub fn options(mut self, options: bool) -> Self {
        self.policy.limits.options = options;
        self
    }

    /// Sets when a packet is sent again and when a transfer fails, where the client does not ask for an interval.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.policy.retry = retry;
        self
    }

    /// Adds an observer of all packets and events, after those added before.
    pub fn observer(mut self, observer: impl Observer + Send + 'static) -> Self {
        self.observers.push(Box::new(observer));
        self
    }

    /// Listens at each of the addresses. Where their port is 0, all get the same free one.
    ///
    /// # Errors
    ///
    /// An address cannot be resolved, is not one of this computer, or is taken.
    pub fn bind(self, addresses: impl ToSocketAddrs) -> io::Result<Server> {
        let addresses = addresses.to_socket_addrs()?.collect::<Vec<_>>();
        Server::bind(&addresses, self.store, self.policy, self.observers)
    }
}
