use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::SystemTime;

use super::View;
use super::explain;
use super::figures::notable_flags;
use crate::analysis::{Annotated, AnnotatedPacket, Annotation, Flag, Reason};
use crate::event::Direction;
use crate::wire::{Packet, Printable};

mod block;
mod datagram;

/// The advice for a user whose Wireshark shows some packets as plain UDP.
pub const HINT: &str = "If some packets show as plain UDP: wireshark -d udp.port==1024-65535,tftp FILE";

/// The port by which every dissector knows the protocol (RFC 1350 section 4).
const WELL_KNOWN: u16 = 69;

const ABOUT: &str = "IP and UDP headers rebuilt by the client; TTL, IP id and checksums are not from the wire. If some \
                     packets show as plain UDP: `wireshark -d udp.port==1024-65535,tftp FILE`";

/// The view that is a capture file for Wireshark and similar tools: each packet with its number, direction and reason.
///
/// The link type is RAW: one interface carries IPv4 and IPv6, every tool reads it, and nothing below IP is invented.
/// Each packet is flushed, so a killed client leaves a complete file.
#[derive(Debug)]
pub struct Pcapng {
    /// Bytes kept of a DATA packet, with headers.
    snap: Option<usize>,
    /// Whether packets that were lost on the way here are written too.
    lost: bool,
    begun: bool,
    /// The name that the user gave, until the address is known.
    host: Option<String>,
    clock: u64,
    /// The address that the request went to.
    asked: Option<SocketAddr>,
    /// Wireshark may not recognise a packet as TFTP, so the user needs [`HINT`].
    obscure: bool,
    /// What the file says about itself.
    about: String,
}

impl Pcapng {
    /// Creates a capture; `snap` cuts DATA to this many bytes from the IP header on.
    pub fn new(snap: Option<usize>) -> Self {
        Self {
            snap,
            lost: false,
            begun: false,
            host: None,
            clock: 0,
            asked: None,
            obscure: false,
            about: ABOUT.to_owned(),
        }
    }

    /// Sets whether packets that never arrived here are written too.
    pub fn with_lost(self, lost: bool) -> Self {
        Self { lost, ..self }
    }

    /// Adds to what the file says about itself.
    pub fn noting(mut self, note: &str) -> Self {
        self.about.push(' ');
        self.about.push_str(note);
        self
    }

    /// Whether dissectors may miss the packet: another port than 69, a server with one port, a file name beyond ASCII.
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

    fn packet(&mut self, wall: SystemTime, packet: &AnnotatedPacket<'_>, out: &mut dyn Write) -> io::Result<()> {
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
        let (bytes, length) = packet.wire();
        let (bytes, headers) = datagram::rebuild(from, to, bytes, length);
        let bytes = match self.snap.filter(|_| packet.data_length().is_some()) {
            Some(snap) => bytes.get(..snap.max(headers + 4)).unwrap_or(&bytes),
            None => &bytes,
        };
        let nanos = wall.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |wall| wall.as_nanos());
        self.clock = self.clock.max(u64::try_from(nanos).unwrap_or(u64::MAX));
        out.write_all(&block::packet(self.clock, bytes, headers + length, packet, &comment(packet)))?;
        out.flush()
    }
}

impl View for Pcapng {
    fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.begun {
            return Ok(());
        }
        self.begun = true;
        out.write_all(&block::section(&self.about))?;
        out.write_all(&block::interface())?;
        out.flush()
    }

    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.begin(out)?;
        match &annotated.kind {
            Annotation::Packet(packet) => self.packet(annotated.wall, packet, out),
            Annotation::Begin { host } => {
                let host = Printable(host.as_bytes()).to_string();
                self.host = Some(host).filter(|host| !host.is_empty());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn hint(&self) -> Option<&'static str> {
        self.obscure.then_some(HINT)
    }
}

/// Formats the flags in capitals, then the reason.
fn comment(packet: &AnnotatedPacket<'_>) -> String {
    let mut comment = notable_flags(packet);
    if !comment.is_empty() {
        comment.push_str(": ");
    }
    comment.push_str(&explain::reason(&packet.why));
    for hit in packet.faults.iter().filter(|_| !matches!(packet.why, Reason::Lost { .. })) {
        comment.push_str(&format!(" Fault {hit}."));
    }
    comment
}
