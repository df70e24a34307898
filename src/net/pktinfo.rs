//! The address of this computer that a datagram came to or leaves from (`IP_PKTINFO`: ip(7), RFC 3542).

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};

use nix::libc;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, setsockopt, sockopt};

/// Where a datagram came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Destination {
    /// The address to answer from, with port 0.
    pub(super) address: SocketAddr,
    /// Whether it was sent to a broadcast or multicast address.
    pub(super) to_many: bool,
}

/// The address that a datagram leaves from.
pub(super) enum Source {
    V4(libc::in_pktinfo),
    V6(libc::in6_pktinfo),
}

/// Asks for the destination of each datagram.
pub(super) fn enable(udp: &UdpSocket, local: SocketAddr) -> io::Result<()> {
    match local {
        SocketAddr::V4(_) => setsockopt(udp, sockopt::Ipv4PacketInfo, &true)?,
        SocketAddr::V6(_) => setsockopt(udp, sockopt::Ipv6RecvPacketInfo, &true)?,
    }
    Ok(())
}

impl Destination {
    pub(super) fn of(control: &ControlMessageOwned) -> Option<Self> {
        match control {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                let [asked, answer] =
                    [info.ipi_addr, info.ipi_spec_dst].map(|it| IpAddr::from(it.s_addr.to_ne_bytes()));
                // They differ for a broadcast: the answer comes from an address of this computer.
                Some(Self { address: SocketAddr::new(answer, 0), to_many: asked != answer })
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                let address = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                let scope = if address.is_unicast_link_local() { info.ipi6_ifindex } else { 0 };
                let to_many = address.is_multicast();
                Some(Self { address: SocketAddrV6::new(address, 0, 0, scope).into(), to_many })
            }
            _ => None,
        }
    }
}

impl Source {
    pub(super) fn new(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(address) => {
                let ipi_spec_dst = libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) };
                let ipi_addr = libc::in_addr { s_addr: 0 };
                Self::V4(libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst, ipi_addr })
            }
            SocketAddr::V6(address) => {
                let ipi6_addr = libc::in6_addr { s6_addr: address.ip().octets() };
                Self::V6(libc::in6_pktinfo { ipi6_addr, ipi6_ifindex: address.scope_id() })
            }
        }
    }

    pub(super) fn control(&self) -> ControlMessage<'_> {
        match self {
            Self::V4(info) => ControlMessage::Ipv4PacketInfo(info),
            Self::V6(info) => ControlMessage::Ipv6PacketInfo(info),
        }
    }
}
