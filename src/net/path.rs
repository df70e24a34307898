//! How large a block reaches a peer in one piece.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::wire::{BlockSize, DATA_HEADER};

/// The largest block that reaches `peer` in one unfragmented datagram: the MTU of the path less the headers of IP,
/// UDP and DATA, 1468 on Ethernet with IPv4. Nothing is sent to find out; Ethernet is assumed where the system
/// does not tell.
pub fn path_blksize(peer: SocketAddr) -> BlockSize {
    const ETHERNET_MTU: usize = 1500;
    let headers = if peer.is_ipv4() { 20 + 8 } else { 40 + 8 } + DATA_HEADER;
    let mtu = path_mtu(peer).unwrap_or(ETHERNET_MTU);
    let block = mtu.saturating_sub(headers).min(BlockSize::MOST.get().into());
    BlockSize::new(block as u64).unwrap_or_default()
}

/// Only a connected socket has a route; a throw-away one leaves the transfer's own open to every answer.
#[cfg(target_os = "linux")]
fn path_mtu(peer: SocketAddr) -> Option<usize> {
    use nix::sys::socket::{getsockopt, sockopt};

    let udp = std::net::UdpSocket::bind(any_port(peer)).ok()?;
    udp.connect(peer).ok()?;
    // Linux answers this question of IPv4 for IPv6 routes as well.
    getsockopt(&udp, sockopt::IpMtu).ok()?.try_into().ok()
}

#[cfg(not(target_os = "linux"))]
fn path_mtu(_: SocketAddr) -> Option<usize> {
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
    fn loopback_carries_the_largest_block() {
        for peer in ["127.0.0.1:69", "[::1]:69"] {
            assert_eq!(path_blksize(peer.parse().unwrap()), BlockSize::MOST, "{peer}");
        }
    }
}
