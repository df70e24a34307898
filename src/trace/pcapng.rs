use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use super::View;
use super::figures::flag;
use crate::analysis::{Annotated, AnnotatedPacket, Annotation, Flag, Reason};
use crate::event::Direction;
use crate::wire::{Packet, Printable};

mod block;
mod datagram;

/// What to tell a user whose Wireshark shows some packets as plain UDP.
pub const HINT: &str = "If some packets show as plain UDP: wireshark -d udp.port==1024-65535,tftp FILE";

/// The port by which every dissector knows the protocol (RFC 1350 section 4).
const WELL_KNOWN: u16 = 69;

const ABOUT: &str = "IP and UDP headers rebuilt by the client; TTL, IP id and checksums are not from the wire. If some \
                     packets show as plain UDP: `wireshark -d udp.port==1024-65535,tftp FILE`";

/// A capture file for Wireshark and its kin: each packet with its number, direction and reason.
///
/// The link type is RAW: one interface carries IPv4 and IPv6, every tool reads it, and nothing below IP is invented.
/// Each packet is flushed, so that a killed client leaves a whole file.
#[derive(Debug)]
pub struct Pcapng {
    /// Octets kept of a DATA packet, headers included.
    snap: Option<usize>,
    /// Packets that were lost on the way here are written too.
    lost: bool,
    begun: bool,
    /// The name the user gave, until the address is known.
    host: Option<String>,
    clock: u64,
    /// Where the request went.
    asked: Option<SocketAddr>,
    obscure: bool,
}

impl Pcapng {
    /// `snap` cuts DATA to so many octets from the IP header on; `lost` also writes packets that never arrived here.
    pub fn new(snap: Option<usize>, lost: bool) -> Self {
        Self { snap, lost, begun: false, host: None, clock: 0, asked: None, obscure: false }
    }

    /// Whether a packet was written that Wireshark may not take for TFTP by itself, so that the user needs [`HINT`].
    pub fn needs_hint(&self) -> bool {
        self.obscure
    }

    /// Writes what stands before the first packet, so that a capture of nothing is a capture too.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        out.write_all(&block::section(ABOUT))?;
        out.write_all(&block::interface())?;
        out.flush()
    }

    /// Off port 69, from a server with a single port, or with a name of more than ASCII, dissectors may look away.
    fn is_obscure(&mut self, packet: &AnnotatedPacket<'_>) -> bool {
        match packet.parse() {
            Ok(Packet::Request(request)) => {
                self.asked = Some(packet.peer);
                let readable = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
                packet.peer.port() != WELL_KNOWN || !request.filename.iter().all(readable)
            }
            _ => packet.flags.contains(Flag::Tid) && self.asked == Some(packet.peer),
        }
    }

    fn packet(
        &mut self,
        annotated: &Annotated<'_>,
        packet: &AnnotatedPacket<'_>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let sent = packet.direction == Direction::Sent;
        if packet.flags.contains(Flag::Lost) && !sent && !self.lost {
            return Ok(());
        }
        self.obscure |= self.is_obscure(packet);
        if let Some(host) = self.host.take()
            && host.parse::<IpAddr>().is_err()
        {
            out.write_all(&block::name(packet.peer.ip().to_canonical(), &host))?;
        }
        let (from, to) = if sent { (packet.local, packet.peer) } else { (packet.peer, packet.local) };
        let bytes = datagram::rebuild(from, to, &packet.bytes);
        let headers = datagram::headers(from, to);
        let bytes = match self.snap.filter(|_| packet.data_length().is_some()) {
            Some(snap) => bytes.get(..snap.max(headers + 4)).unwrap_or(&bytes),
            None => &bytes,
        };
        let nanos = annotated.wall.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |wall| wall.as_nanos());
        self.clock = self.clock.max(u64::try_from(nanos).unwrap_or(u64::MAX));
        out.write_all(&block::packet(&block::Captured {
            nanos: self.clock,
            bytes,
            length: u32::try_from(headers + packet.length).unwrap_or(u32::MAX),
            comment: &comment(packet),
            outbound: sent,
            id: packet.n,
        }))?;
        out.flush()
    }
}

impl View for Pcapng {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        match &annotated.kind {
            Annotation::Packet(packet) => self.packet(annotated, packet, out),
            Annotation::Begin { host } => {
                let host = Printable(host.as_bytes()).to_string();
                self.host = Some(host).filter(|host| !host.is_empty());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn hint(&self) -> Option<&'static str> {
        self.needs_hint().then_some(HINT)
    }
}

/// What is out of the ordinary, in capitals, then why.
fn comment(packet: &AnnotatedPacket<'_>) -> String {
    let flags: Vec<_> = packet.flags.without(Flag::Tid).iter().map(|it| flag(packet, it)).collect();
    let mut comment = flags.join(", ");
    if !comment.is_empty() {
        comment.push_str(": ");
    }
    comment.push_str(&super::explain::reason(&packet.why));
    for hit in packet.faults.iter().filter(|_| !matches!(packet.why, Reason::Lost { .. })) {
        comment.push_str(&format!(" Fault rule {} {}.", hit.rule, hit.action.past()));
    }
    comment
}
