use std::io;
use std::net::SocketAddr;

use super::socket::Socket;

/// Where the packets of a transfer leave: its own socket, or one that it shares.
pub(crate) trait Outlet {
    /// Sends datagrams of `stride` bytes each, one after the other; only the last may be shorter.
    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()>;

    /// Returns the source address of packets to `peer`.
    fn address_towards(&mut self, peer: SocketAddr) -> SocketAddr;
}

impl Outlet for Socket {
    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        Self::transmit(self, to, datagrams, stride)
    }

    fn address_towards(&mut self, peer: SocketAddr) -> SocketAddr {
        Self::address_towards(self, peer)
    }
}

impl<T: Outlet> Outlet for &mut T {
    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        (**self).transmit(to, datagrams, stride)
    }

    fn address_towards(&mut self, peer: SocketAddr) -> SocketAddr {
        (**self).address_towards(peer)
    }
}
