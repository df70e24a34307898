//! The address of this computer that a datagram came to or leaves from (`IP_PKTINFO`: ip(7), RFC 3542).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::AsFd;

use nix::libc;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, getsockopt, setsockopt, sockopt};

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

/// Makes the system report the destination of each datagram.
pub(super) fn enable(socket: &impl AsFd, is_ipv6: bool) -> nix::Result<()> {
    // An IPv6 socket of others may receive IPv4 too.
    let is_ipv4 = !is_ipv6 || !getsockopt(socket, sockopt::Ipv6V6Only)?;
    if is_ipv4 {
        setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?;
    }
    if is_ipv6 { setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true) } else { Ok(()) }
}

impl Destination {
    pub(super) fn of(control: &ControlMessageOwned) -> Option<Self> {
        match control {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                let [asked, answer] =
                    [info.ipi_addr, info.ipi_spec_dst].map(|it| Ipv4Addr::from(it.s_addr.to_ne_bytes()));
                // They differ for a broadcast: the answer comes from an address of this computer. The system does not
                // know it for a datagram that came before the socket was ours.
                let unknown = answer.is_unspecified();
                let to_many = asked.is_broadcast() || asked.is_multicast() || asked != answer && !unknown;
                Some(Self { address: SocketAddr::new(if unknown { asked } else { answer }.into(), 0), to_many })
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                let address = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                // The other message says more about an IPv4 datagram.
                if address.to_ipv4_mapped().is_some() {
                    return None;
                }
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
