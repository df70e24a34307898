//! The route to a peer.

use std::net::{IpAddr, SocketAddr, UdpSocket};

use super::bind::any_port;
use crate::wire::{BlockSize, DATA_HEADER};

/// The system's route to a peer. Nothing is sent to find it.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    peer: SocketAddr,
    source: Option<IpAddr>,
    mtu: Option<usize>,
}

impl Route {
    /// Asks the system. Only a connected socket has a route, and that of the transfer must accept answers from any
    /// port.
    pub fn to(peer: SocketAddr) -> Self {
        let connected = UdpSocket::bind(any_port(peer)).and_then(|udp| udp.connect(peer).map(|()| udp)).ok();
        let source = connected.as_ref().and_then(|udp| udp.local_addr().ok()).map(|local| local.ip());
        Self { peer, source, mtu: connected.as_ref().and_then(mtu) }
    }

    /// Whether it is the route to this peer; its port does not matter.
    pub(super) fn leads_to(&self, mut peer: SocketAddr) -> bool {
        peer.set_port(self.peer.port());
        peer == self.peer
    }

    /// Returns the source address of packets to the peer; `None` if there is no route.
    pub fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// Returns the largest block that fits into one unfragmented datagram: the path MTU less the headers, 1468 on
    /// Ethernet with IPv4. Ethernet is assumed if the system does not know the MTU.
    pub fn blksize(&self) -> BlockSize {
        const ETHERNET_MTU: usize = 1500;
        let headers = if self.peer.is_ipv4() { 20 + 8 } else { 40 + 8 } + DATA_HEADER;
        let mtu = self.mtu.unwrap_or(ETHERNET_MTU);
        let block = mtu.saturating_sub(headers).min(BlockSize::MOST.get().into());
        BlockSize::new(block as u64).unwrap_or_default()
    }
}

#[cfg(target_os = "linux")]
fn mtu(connected: &UdpSocket) -> Option<usize> {
    use nix::sys::socket::{getsockopt, sockopt};

    // On Linux this IPv4 option works for IPv6 routes as well.
    getsockopt(connected, sockopt::IpMtu).ok()?.try_into().ok()
}

#[cfg(not(target_os = "linux"))]
fn mtu(_: &UdpSocket) -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_largest_block_fits_on_loopback() {
        for peer in ["127.0.0.1:69", "[::1]:69"] {
            let peer: SocketAddr = peer.parse().unwrap();
            let route = Route::to(peer);
            assert_eq!((route.blksize(), route.source()), (BlockSize::MOST, Some(peer.ip())), "{peer}");
        }
    }

    #[test]
    fn a_route_leads_to_every_port_of_its_peer_and_to_no_other() {
        let route = Route::to("127.0.0.1:69".parse().unwrap());
        assert!(route.leads_to("127.0.0.1:50000".parse().unwrap()));
        assert!(!route.leads_to("127.0.0.2:69".parse().unwrap()));
    }
}
