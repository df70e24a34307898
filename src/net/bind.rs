//! Binding of UDP sockets: with options, or to a port of a range.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, bind, socket};

/// Binds a UDP socket that never blocks, after setting its options.
pub(super) fn with_options(
    local: SocketAddr,
    set_options: impl FnOnce(&OwnedFd) -> nix::Result<()>,
) -> io::Result<UdpSocket> {
    let family = if local.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let socket = socket(family, SockType::Datagram, flags, None)?;
    set_options(&socket)?;
    bind(socket.as_raw_fd(), &SockaddrStorage::from(local))?;
    Ok(socket.into())
}

/// Binds a UDP socket that never blocks: for a loop that waits elsewhere, and must not wait for space to send.
pub(super) fn never_blocking(local: SocketAddr) -> io::Result<UdpSocket> {
    with_options(local, |_| Ok(()))
}

/// Calls `bind` for a free port at the address of `local`: one of `ports`, or without them the port of `local`, where 0 is
/// any.
pub(super) fn among(
    local: SocketAddr,
    ports: Option<&RangeInclusive<u16>>,
    bind: impl Fn(SocketAddr) -> io::Result<UdpSocket>,
) -> io::Result<UdpSocket> {
    let Some(ports) = ports else { return bind(local) };
    for port in rotated(ports) {
        let mut local = local;
        local.set_port(port);
        match bind(local) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            bound => return bound,
        }
    }
    let (low, high) = (ports.start(), ports.end());
    Err(io::Error::new(io::ErrorKind::AddrInUse, format!("none of the local ports {low} to {high} is free")))
}

/// Returns the unspecified address of the family of `peer`, with port 0.
pub(super) fn any_port(peer: SocketAddr) -> SocketAddr {
    match peer {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

/// Returns all ports of the range, from a random one on: a transfer id should be chosen at random (RFC 1350 section 4).
fn rotated(ports: &RangeInclusive<u16>) -> impl Iterator<Item = u16> {
    let (low, count) = (*ports.start(), ports.len() as u64);
    // The only source of randomness in the standard library.
    let start = RandomState::new().build_hasher().finish();
    (0..count).filter_map(move |at| u16::try_from(start.wrapping_add(at) % count).ok()?.checked_add(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ports_of_the_range_are_bound_until_none_is_free() {
        let held = UdpSocket::bind("127.0.0.1:0").unwrap();
        let local = held.local_addr().unwrap();
        // Below the ephemeral ports of the system.
        let range = 20_000..=20_999;
        assert!(
            range.contains(&among(any_port(local), Some(&range), never_blocking).unwrap().local_addr().unwrap().port())
        );
        let only = local.port()..=local.port();
        let refused = among(any_port(local), Some(&only), never_blocking).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn every_port_of_a_range_is_tried() {
        for range in [5..=5, 1..=7, 65_530..=65_535] {
            let mut tried: Vec<u16> = rotated(&range).collect();
            tried.sort_unstable();
            assert_eq!(tried, range.collect::<Vec<_>>());
        }
    }
}
