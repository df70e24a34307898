//! The little-endian blocks of the pcapng files that we write (draft-ietf-opsawg-pcapng).

use std::net::IpAddr;

use crate::analysis::AnnotatedPacket;
use crate::event::Direction;

/// The link type of packets that begin with their IPv4 or IPv6 header.
const LINKTYPE_RAW: u16 = 101;

/// The options of all blocks.
const END: u16 = 0;
const COMMENT: u16 = 1;

/// A block under construction.
struct Block(Vec<u8>);

impl Block {
    fn new(kind: u32) -> Self {
        let mut block = Self(kind.to_le_bytes().to_vec());
        block.u32(0); // the length, written at the end
        block
    }

    fn u16(&mut self, value: u16) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Appends bytes, and zeros up to a multiple of four.
    fn padded(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
    }

    fn option(&mut self, code: u16, value: &[u8]) {
        let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
        self.u16(code);
        self.u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        self.padded(value);
    }

    /// Ends the options, and writes the length at both ends.
    fn finish(mut self) -> Vec<u8> {
        self.option(END, &[]);
        let length = (self.0.len() as u32 + 4).to_le_bytes();
        self.padded(&length);
        if let Some(place) = self.0.get_mut(4..8) {
            place.copy_from_slice(&length);
        }
        self.0
    }
}

/// Returns the section header, the beginning of a file.
pub(super) fn section(comment: &str) -> Vec<u8> {
    const HARDWARE_OS: u16 = 3;
    const APPLICATION: u16 = 4;
    let mut block = Block::new(0x0a0d_0d0a);
    block.u32(0x1a2b_3c4d);
    block.u16(1);
    block.u16(0);
    block.padded(&u64::MAX.to_le_bytes()); // the length of the section is unknown
    block.option(COMMENT, comment.as_bytes());
    block.option(HARDWARE_OS, std::env::consts::OS.as_bytes());
    block.option(APPLICATION, concat!("tftp ", env!("CARGO_PKG_VERSION")).as_bytes());
    block.finish()
}

/// Returns the only interface, with times in nanoseconds.
pub(super) fn interface() -> Vec<u8> {
    const NAME: u16 = 2;
    const DESCRIPTION: u16 = 3;
    const RESOLUTION: u16 = 9;
    let mut block = Block::new(1);
    block.u16(LINKTYPE_RAW);
    block.u16(0);
    block.u32(0); // no limit for packets
    block.option(NAME, b"tftp0");
    block.option(DESCRIPTION, b"packets as the tftp client's socket saw them");
    block.option(RESOLUTION, &[9]);
    block.finish()
}

/// Returns an enhanced packet of this time in nanoseconds since 1970. `captured` is its bytes from the IP header on, of
/// which there were `length`.
pub(super) fn packet(
    nanos: u64,
    captured: &[u8],
    length: usize,
    packet: &AnnotatedPacket<'_>,
    comment: &str,
) -> Vec<u8> {
    const FLAGS: u16 = 2;
    const PACKET_ID: u16 = 5;
    let mut block = Block::new(6);
    block.u32(0); // the first interface
    block.u32((nanos >> 32) as u32);
    block.u32(nanos as u32);
    block.u32(captured.len() as u32);
    block.u32(length as u32);
    block.padded(captured);
    block.option(COMMENT, comment.as_bytes());
    let way: u32 = if packet.direction == Direction::Received { 1 } else { 2 };
    block.option(FLAGS, &way.to_le_bytes());
    block.option(PACKET_ID, &packet.n.to_le_bytes());
    block.finish()
}

/// Returns a name resolution: the user's name for an address.
pub(super) fn name(address: IpAddr, name: &str) -> Vec<u8> {
    let (kind, mut record) = match address {
        IpAddr::V4(address) => (1, address.octets().to_vec()),
        IpAddr::V6(address) => (2, address.octets().to_vec()),
    };
    record.extend_from_slice(name.as_bytes());
    record.push(0);
    let mut block = Block::new(4);
    block.option(kind, &record);
    block.u32(0); // the end of the records
    block.finish()
}
