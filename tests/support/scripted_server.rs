//! A server that follows a script, datagram by datagram.

use std::net::{SocketAddr, ToSocketAddrs};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::Port;

/// One port of such a server, and the client it last heard.
pub(crate) struct ScriptedServer {
    port: Port,
    pub(crate) client: Option<SocketAddr>,
}

impl ScriptedServer {
    pub(crate) fn open() -> Self {
        Self { port: Port::open(), client: None }
    }

    pub(crate) fn open_at(local: impl ToSocketAddrs) -> Self {
        Self { port: Port::open_at(local), client: None }
    }

    /// Another port of the same host, towards the same client.
    pub(crate) fn another(&self) -> Self {
        Self { client: self.client, port: self.port.beside() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.port.address()
    }

    pub(crate) fn receive(&mut self) -> Vec<u8> {
        let (datagram, from) = self.port.receive();
        self.client = Some(from);
        datagram
    }

    pub(crate) fn expect(&mut self, datagram: &[u8]) {
        let received = self.receive();
        assert!(received == datagram, "expected {}, received {}", datagram.escape_ascii(), received.escape_ascii());
    }

    pub(crate) fn send(&self, datagram: &[u8]) {
        self.port.send(self.client.expect("a client that was heard"), datagram);
    }

    pub(crate) fn is_silent_for(&self, time: Duration) -> bool {
        self.port.is_silent_for(time)
    }
}

/// Runs `script` on a fresh port; `join` waits for its end and passes its panics on.
pub(crate) fn script<T: Send + 'static>(
    script: impl FnOnce(ScriptedServer) -> T + Send + 'static,
) -> (SocketAddr, JoinHandle<T>) {
    let server = ScriptedServer::open();
    (server.address(), thread::spawn(move || script(server)))
}
