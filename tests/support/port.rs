//! A UDP port of a test.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::time::Duration;

/// The longest a test waits for a datagram.
const PATIENCE: Duration = Duration::from_secs(20);

/// A port that sends what a test makes it send.
#[derive(Debug)]
pub(crate) struct Port(UdpSocket);

impl Port {
    /// Takes a free port.
    pub(crate) fn open() -> Self {
        Self::open_at("127.0.0.1:0")
    }

    /// Takes this port.
    pub(crate) fn open_at(local: impl ToSocketAddrs) -> Self {
        let socket = UdpSocket::bind(local).expect("a free port");
        socket.set_read_timeout(Some(PATIENCE)).expect("a time");
        Self(socket)
    }

    /// A free port of the same host.
    pub(crate) fn beside(&self) -> Self {
        Self::open_at(SocketAddr::new(self.address().ip(), 0))
    }

    /// Another handle of the same port.
    pub(crate) fn again(&self) -> Self {
        Self(self.0.try_clone().expect("another handle"))
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("a bound socket has an address")
    }

    pub(crate) fn number(&self) -> u16 {
        self.address().port()
    }

    /// Allows datagrams for everybody.
    pub(crate) fn allow_broadcast(&self) {
        self.0.set_broadcast(true).expect("an option of every system");
    }

    pub(crate) fn send(&self, to: SocketAddr, datagram: &[u8]) {
        self.try_send(to, datagram).expect("a datagram that leaves");
    }

    /// Likewise, where nothing may listen any more.
    pub(crate) fn try_send(&self, to: SocketAddr, datagram: &[u8]) -> io::Result<()> {
        self.0.send_to(datagram, to).map(drop)
    }

    /// Waits for a datagram; who sent it.
    pub(crate) fn receive(&self) -> (Vec<u8>, SocketAddr) {
        self.try_receive().expect("a datagram")
    }

    /// Likewise, where the test says what it waited for.
    pub(crate) fn try_receive(&self) -> io::Result<(Vec<u8>, SocketAddr)> {
        let mut buffer = vec![0; 65_536];
        let (length, from) = self.0.recv_from(&mut buffer)?;
        buffer.truncate(length);
        Ok((buffer, from))
    }

    /// Likewise, unless nothing comes in this time.
    pub(crate) fn receive_within(&self, time: Duration) -> Option<(Vec<u8>, SocketAddr)> {
        self.0.set_read_timeout(Some(time)).expect("a time");
        let received = self.try_receive().ok();
        self.0.set_read_timeout(Some(PATIENCE)).expect("a time");
        received
    }

    /// Likewise, however long nothing comes.
    pub(crate) fn receive_patiently(&self) -> (Vec<u8>, SocketAddr) {
        self.0.set_read_timeout(None).expect("a time");
        self.receive()
    }

    /// All that is there already.
    pub(crate) fn pending(&self) -> Vec<Vec<u8>> {
        self.0.set_nonblocking(true).expect("a mode of every socket");
        let mut buffer = vec![0; 65_536];
        let pending = std::iter::from_fn(|| self.0.recv(&mut buffer).ok().map(|length| buffer[..length].to_vec()));
        let pending = pending.collect();
        self.0.set_nonblocking(false).expect("a mode of every socket");
        pending
    }

    /// Whether nothing comes in this time.
    pub(crate) fn is_silent_for(&self, time: Duration) -> bool {
        self.0.set_read_timeout(Some(time)).expect("a time");
        let silent = self.0.recv_from(&mut [0; 16]).is_err();
        self.0.set_read_timeout(Some(PATIENCE)).expect("a time");
        silent
    }
}
