//! The IP and UDP headers that a socket does not show, rebuilt.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

const UDP: u8 = 17;
const UDP_HEADER: usize = 8;
const TTL: u8 = 64;

/// The packet from its IP header on; `payload` longer than the lengths of IP and UDP can tell is cut.
pub(super) fn rebuild(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(source), IpAddr::V4(target)) => {
            let payload = most(payload, usize::from(u16::MAX) - 20 - UDP_HEADER);
            let (source, target) = (source.octets(), target.octets());
            let mut packet = Vec::with_capacity(20 + UDP_HEADER + payload.len());
            packet.extend_from_slice(&[0x45, 0]);
            packet.extend_from_slice(&length(20 + UDP_HEADER + payload.len()));
            packet.extend_from_slice(&[0, 0, 0x40, 0, TTL, UDP, 0, 0]); // id 0, don't fragment
            packet.extend_from_slice(&source);
            packet.extend_from_slice(&target);
            let checksum = fold(sum(&packet));
            if let Some(place) = packet.get_mut(10..12) {
                place.copy_from_slice(&checksum.to_be_bytes());
            }
            udp(&mut packet, sum(&source) + sum(&target), (from.port(), to.port()), payload);
            packet
        }
        (source, target) => {
            let payload = most(payload, usize::from(u16::MAX) - UDP_HEADER);
            let (source, target) = (six(source).octets(), six(target).octets());
            let mut packet = Vec::with_capacity(40 + UDP_HEADER + payload.len());
            packet.extend_from_slice(&[0x60, 0, 0, 0]);
            packet.extend_from_slice(&length(UDP_HEADER + payload.len()));
            packet.extend_from_slice(&[UDP, TTL]);
            packet.extend_from_slice(&source);
            packet.extend_from_slice(&target);
            udp(&mut packet, sum(&source) + sum(&target), (from.port(), to.port()), payload);
            packet
        }
    }
}

/// Octets of the headers in front of the payload.
pub(super) fn headers(from: SocketAddr, to: SocketAddr) -> usize {
    match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(_), IpAddr::V4(_)) => 20 + UDP_HEADER,
        _ => 40 + UDP_HEADER,
    }
}

/// Appends the UDP header and payload; `addresses` is their part of the pseudo header's sum (RFC 768).
fn udp(packet: &mut Vec<u8>, addresses: u64, (from, to): (u16, u16), payload: &[u8]) {
    let octets = length(UDP_HEADER + payload.len());
    let ports = [from.to_be_bytes(), to.to_be_bytes()].concat();
    let total = addresses + u64::from(UDP) + 2 * sum(&octets) + sum(&ports) + sum(payload);
    // 0 would mean that there is no checksum.
    let checksum = match fold(total) {
        0 => u16::MAX,
        other => other,
    };
    packet.extend_from_slice(&ports);
    packet.extend_from_slice(&octets);
    packet.extend_from_slice(&checksum.to_be_bytes());
    packet.extend_from_slice(payload);
}

fn most(payload: &[u8], most: usize) -> &[u8] {
    payload.get(..most).unwrap_or(payload)
}

fn six(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

fn length(octets: usize) -> [u8; 2] {
    u16::try_from(octets).unwrap_or(u16::MAX).to_be_bytes()
}

/// Big-endian words added up, an odd last octet as if a zero followed (RFC 1071).
fn sum(bytes: &[u8]) -> u64 {
    let (words, odd) = bytes.as_chunks::<2>();
    let words: u64 = words.iter().map(|word| u64::from(u16::from_be_bytes(*word))).sum();
    words + odd.first().map_or(0, |&byte| u64::from(byte) << 8)
}

/// The ones' complement of the ones' complement sum.
fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}
