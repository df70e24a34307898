use std::io::{self, Write};

use super::elide::Run;
use super::figures::{flag, hex, thousands, tint, words};
use super::units::size;
use super::{Paint, View};
use crate::analysis::{Annotated, AnnotatedPacket, Annotation, Flag};
use crate::event::Direction;

/// Octets in a row.
const ROW: usize = 16;
/// Octets up to which a packet is shown whole.
const WHOLE: usize = 64;

/// Packets as their octets.
#[derive(Debug)]
pub struct Hex {
    paint: Paint,
}

impl Hex {
    /// Of long packets the beginning and the end.
    pub fn new(paint: Paint) -> Self {
        Self { paint }
    }
}

impl View for Hex {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        let Annotation::Packet(packet) = &annotated.kind else { return Ok(()) };
        let way = match packet.direction {
            Direction::Sent => "sent",
            Direction::Received => "received",
        };
        let words = words(packet).unwrap_or_else(|reason| format!("malformed <{reason}>"));
        let mut line = format!("{way} {}  ({} bytes)", (self.paint)(tint(packet.kind), &words), packet.length);
        let flags: Vec<_> = packet.flags.without(Flag::Tid).iter().map(|it| flag(packet, it)).collect();
        if !flags.is_empty() {
            line.push_str(&format!("  [{}]", flags.join(", ")));
        }
        writeln!(out, "{line}")?;
        dump(packet, packet.data_length().map_or(512, |_| WHOLE), out)
    }

    fn hidden(&self, run: &Run) -> Option<String> {
        let (blocks, bytes) = (thousands(run.blocks), size(run.bytes));
        Some(format!("... {blocks} blocks as expected (#{}-#{}), {bytes}", run.first, run.last))
    }
}

/// The octets in rows; beyond `whole` of them two rows and the last one.
pub(super) fn dump(packet: &AnnotatedPacket<'_>, whole: usize, out: &mut dyn Write) -> io::Result<()> {
    let bytes = &*packet.bytes;
    let row = |index: usize, bytes: &[u8], out: &mut dyn Write| {
        let (left, right) = bytes.split_at(bytes.len().min(ROW / 2));
        let text: String = bytes.iter().map(|&byte| readable(byte)).collect();
        writeln!(out, "  {:04x}  {:<23}  {:<23}  |{text}|", index * ROW, hex(left), hex(right))
    };
    let rows = bytes.chunks(ROW).enumerate();
    if packet.length <= whole || (whole == usize::MAX && bytes.len() == packet.length) {
        return rows.into_iter().try_for_each(|(index, bytes)| row(index, bytes, out));
    }
    let shown = if whole == usize::MAX { bytes.len() } else { 2 * ROW };
    for (index, bytes) in rows.clone().take(shown.div_ceil(ROW)) {
        row(index, bytes, out)?;
    }
    let tail = rows.clone().next_back().filter(|_| bytes.len() == packet.length && whole != usize::MAX);
    let hidden = packet.length.saturating_sub(shown + tail.map_or(0, |(_, bytes)| bytes.len()));
    writeln!(out, "  *     {hidden} bytes not shown")?;
    tail.map_or(Ok(()), |(index, bytes)| row(index, bytes, out))
}

fn readable(byte: u8) -> char {
    if byte.is_ascii_graphic() || byte == b' ' { byte.into() } else { '.' }
}
