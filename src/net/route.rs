//! The way to a peer, as the system would take it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::wire::{BlockSize, DATA_HEADER};

/// What the system knows of the way to a peer. Nothing is sent to find out.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    peer: SocketAddr,
    source: Option<IpAddr>,
    mtu: Option<usize>,
}

impl Route {
    /// Asks the system. Only a connected socket has a route; a throw-away one leaves the transfer's own open to every
    /// answer.
    pub fn to(peer: SocketAddr) -> Self {
        let connected = UdpSocket::bind(any_port(peer)).and_then(|udp| udp.connect(peer).map(|()| udp)).ok();
        let source = connected.as_ref().and_then(|udp| udp.local_addr().ok()).map(|local| local.ip());
        Self { peer, source, mtu: connected.as_ref().and_then(mtu) }
    }

    /// Whether it is the way to this peer; a port makes no difference.
    pub(super) fn leads_to(&self, mut peer: SocketAddr) -> bool {
        peer.set_port(self.peer.port());
        peer == self.peer
    }

    /// The address that packets to the peer carry; `None` where there is no way.
    pub fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// The largest block that reaches the peer in one unfragmented datagram: the MTU of the path less the headers of IP,
    /// UDP and DATA, 1468 on Ethernet with IPv4. Ethernet is assumed where the system does not tell.
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

    // Linux answers this question of IPv4 for IPv6 routes as well.
    getsockopt(connected, sockopt::IpMtu).ok()?.try_into().ok()
}

#[cfg(not(target_os = "linux"))]
fn mtu(_: &UdpSocket) -> Option<usize> {
    None
}

/// A free port of the family that reaches `peer`.
pub(super) fn any_port(peer: SocketAddr) -> SocketAddr {
    match peer {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn loopback_carries_the_largest_block_from_its_own_address() {
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
