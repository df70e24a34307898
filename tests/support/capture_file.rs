//! Capture files (pcapng), read back: those that the program writes and those of other programs.

use std::io::Read;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// Link types: IP without a header before it, and Ethernet.
const RAW: u16 = 101;
const ETHERNET: u16 = 1;
const ETHERNET_HEADER: usize = 14;
const UDP_HEADER: usize = 8;

/// One packet of a capture file.
#[derive(Debug, Clone)]
pub(crate) struct Captured {
    /// Since 1970.
    pub(crate) nanos: u64,
    /// What was kept of it, link header included.
    pub(crate) bytes: Vec<u8>,
    /// Its length on the wire.
    pub(crate) length: u32,
    pub(crate) comment: String,
    pub(crate) outbound: bool,
    pub(crate) id: u64,
    link: u16,
}

/// A UDP datagram of a capture file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Datagram {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) payload: Vec<u8>,
}

/// The blocks of a capture file, as they come; both lengths of each must agree.
pub(crate) struct Blocks<R>(R);

impl<R: Read> Blocks<R> {
    pub(crate) fn of(file: R) -> Self {
        Self(file)
    }

    /// The next block, complete; none where the file ends or breaks off.
    fn block(&mut self) -> Option<(u32, Vec<u8>)> {
        let mut head = [0; 8];
        self.0.read_exact(&mut head).ok()?;
        let length = word(&head, 4) as usize;
        let mut body = vec![0; length - head.len()];
        self.0.read_exact(&mut body).ok()?;
        let end = body.len() - 4;
        assert_eq!(word(&body, end) as usize, length);
        body.truncate(end);
        Some((word(&head, 0), body))
    }
}

impl<R: Read> Iterator for Blocks<R> {
    type Item = (u32, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        self.block()
    }
}

/// An entry of a capture file.
pub(crate) enum Entry {
    Packet(Captured),
    /// At the end: how many packets the program missed.
    Missed(u64),
}

/// The packets of a capture file, as they come.
pub(crate) fn packets<R: Read>(file: R) -> impl Iterator<Item = Captured> {
    entries(file).filter_map(|entry| if let Entry::Packet(packet) = entry { Some(packet) } else { None })
}

/// Likewise, with what else there is to know.
pub(crate) fn entries<R: Read>(file: R) -> impl Iterator<Item = Entry> {
    // Of the interface, of which there is one: its link type, and its units of time in a second.
    let (mut link, mut units) = (0, 1_000_000);
    Blocks::of(file).filter_map(move |(kind, body)| match kind {
        0x0a0d_0d0a => {
            units = 1_000_000;
            None
        }
        1 => {
            link = half(&body, 0);
            if let Some((_, value)) = options(&body[8..]).find(|(code, _)| *code == 9) {
                units = 10_u64.pow(value[0].into());
            }
            None
        }
        5 => {
            let missed = options(&body[12..]).filter(|(code, _)| [5, 7].contains(code));
            Some(Entry::Missed(missed.filter_map(|(_, count)| count.try_into().ok()).map(u64::from_le_bytes).sum()))
        }
        6 => Some(Entry::Packet(captured(&body, link, 1_000_000_000 / units))),
        _ => None,
    })
}

fn captured(body: &[u8], link: u16, nanos: u64) -> Captured {
    let kept = word(body, 12) as usize;
    let mut packet = Captured {
        nanos: (u64::from(word(body, 4)) << 32 | u64::from(word(body, 8))) * nanos,
        bytes: body[20..20 + kept].to_vec(),
        length: word(body, 16),
        comment: String::new(),
        outbound: false,
        id: 0,
        link,
    };
    for (code, value) in options(&body[20 + kept.next_multiple_of(4)..]) {
        match code {
            1 => packet.comment = String::from_utf8(value.to_vec()).expect("UTF-8"),
            2 => packet.outbound = value == [2, 0, 0, 0],
            5 => packet.id = u64::from_le_bytes(value.try_into().expect("eight bytes")),
            _ => {}
        }
    }
    packet
}

/// The options of a block: codes and values.
fn options(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (code, length) = (*rest.first_chunk::<2>()?, rest.get(2..4)?);
        let length = usize::from(half(length, 0));
        let value = &rest[4..4 + length];
        rest = &rest[4 + length.next_multiple_of(4)..];
        Some((u16::from_le_bytes(code), value)).filter(|(code, _)| *code != 0)
    })
}

impl Captured {
    /// The UDP datagram in it, if all of it was kept.
    pub(crate) fn datagram(&self) -> Option<Datagram> {
        let ip = match self.link {
            RAW => &self.bytes[..],
            ETHERNET => self.bytes.get(ETHERNET_HEADER..)?,
            _ => return None,
        };
        let address = |at: usize| ip.get(at..at + 4).and_then(|it| it.try_into().ok()).map(Ipv4Addr::from_octets);
        let wide = |at: usize| ip.get(at..at + 16).and_then(|it| it.try_into().ok()).map(Ipv6Addr::from_octets);
        let (from, to, protocol, header) = match ip.first()? >> 4 {
            4 => (address(12)?.into(), address(16)?.into(), ip[9], usize::from(ip[0] & 15) * 4),
            6 => (wide(8)?.into(), wide(24)?.into(), *ip.get(6)?, 40),
            _ => return None,
        };
        let udp = ip.get(header..)?;
        let port = |at: usize| udp.get(at..at + 2).map(|it| u16::from_be_bytes([it[0], it[1]]));
        let payload = udp.get(UDP_HEADER..usize::from(port(4)?))?.to_vec();
        let (from, to) = (SocketAddr::new(from, port(0)?), SocketAddr::new(to, port(2)?));
        (protocol == 17).then_some(Datagram { from, to, payload })
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn half(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}
