//! The IP and UDP headers that a socket does not show, rebuilt.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

const UDP: u8 = 17;
const UDP_HEADER: usize = 8;
const TTL: u8 = 64;

/// Returns the packet from its IP header on, and the length of its headers. `payload` may be the beginning of one of
/// `whole` bytes; one that the length fields of IP and UDP cannot express is cut.
pub(super) fn rebuild(from: SocketAddr, to: SocketAddr, payload: &[u8], whole: usize) -> (Vec<u8>, usize) {
    let (source, target) = (from.ip().to_canonical(), to.ip().to_canonical());
    let most = usize::from(u16::MAX) - UDP_HEADER - if source.is_ipv4() && target.is_ipv4() { 20 } else { 0 };
    let payload = payload.get(..most).unwrap_or(payload);
    let whole = whole.clamp(payload.len(), most);
    let mut packet = match (source, target) {
        (IpAddr::V4(source), IpAddr::V4(target)) => {
            let [high, low] = length(20 + UDP_HEADER + whole);
            // Id 0, don't fragment.
            let header = [0x45, 0, high, low, 0, 0, 0x40, 0, TTL, UDP];
            let addresses = [source.octets(), target.octets()].concat();
            let checksum = complement(sum(&header) + sum(&addresses)).to_be_bytes();
            [&header[..], &checksum, &addresses].concat()
        }
        (source, target) => {
            let [high, low] = length(UDP_HEADER + whole);
            let header = [0x60, 0, 0, 0, high, low, UDP, TTL];
            [&header[..], &six(source).octets(), &six(target).octets()].concat()
        }
    };
    // RFC 768: the addresses are a part of the sum, with the protocol and the length.
    let addresses = packet.get(if packet.len() == 20 { 12 } else { 8 }..).map_or(0, sum);
    let udp = [from.port().to_be_bytes(), to.port().to_be_bytes(), length(UDP_HEADER + whole)].concat();
    let udp_length = sum(&length(UDP_HEADER + whole));
    // 0 means that there is no checksum, which IPv6 forbids.
    let checksum = match complement(addresses + u64::from(UDP) + udp_length + sum(&udp) + sum(payload)) {
        _ if payload.len() < whole && packet.len() == 20 => 0,
        0 => u16::MAX,
        other => other,
    };
    packet.extend_from_slice(&udp);
    packet.extend_from_slice(&checksum.to_be_bytes());
    let headers = packet.len();
    packet.extend_from_slice(payload);
    (packet, headers)
}

fn six(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

fn length(bytes: usize) -> [u8; 2] {
    u16::try_from(bytes).unwrap_or(u16::MAX).to_be_bytes()
}

/// Adds up big-endian words, an odd last byte as if a zero followed (RFC 1071).
fn sum(bytes: &[u8]) -> u64 {
    let (words, odd) = bytes.as_chunks::<2>();
    let words: u64 = words.iter().map(|word| u64::from(u16::from_be_bytes(*word))).sum();
    words + odd.first().map_or(0, |&byte| u64::from(byte) << 8)
}

/// Returns the ones' complement of the ones' complement sum.
fn complement(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}
