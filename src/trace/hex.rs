use std::io::{self, Write};

use super::elide::Run;
use super::figures::{hex, notable_flags, tint, words};
use super::units::size;
use super::{Paint, View};
use crate::analysis::{Annotated, AnnotatedPacket, Annotation};

/// Bytes in a row.
const ROW: usize = 16;
/// The length up to which a DATA is shown completely.
const WHOLE: usize = 64;

/// The view of packets as hexadecimal bytes.
#[derive(Debug)]
pub struct Hex {
    paint: Paint,
}

impl Hex {
    /// Creates a view that shows the beginning and the end of long packets.
    pub fn new(paint: Paint) -> Self {
        Self { paint }
    }
}

impl View for Hex {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        let Annotation::Packet(packet) = &annotated.kind else { return Ok(()) };
        let words = match packet.parse() {
            Ok(parsed) => words(&parsed, packet.length),
            Err(reason) => format!("malformed <{reason}>"),
        };
        let words = (self.paint)(tint(packet.kind), &words);
        let flags = match notable_flags(packet) {
            none if none.is_empty() => none,
            flags => format!("  [{flags}]"),
        };
        writeln!(out, "{} {words}  ({} bytes){flags}", packet.direction, packet.length)?;
        dump(packet, packet.data_length().map_or(512, |_| WHOLE), out)
    }

    fn hidden(&self, run: &Run) -> Option<String> {
        Some(format!("... {run}, {}", size(run.bytes)))
    }
}

/// Writes the bytes in rows: all of up to `whole`, of more the first two rows and the last.
pub(super) fn dump(packet: &AnnotatedPacket<'_>, whole: usize, out: &mut dyn Write) -> io::Result<()> {
    let bytes = &*packet.bytes;
    let row = |index: usize, bytes: &[u8], out: &mut dyn Write| {
        let (left, right) = bytes.split_at(bytes.len().min(ROW / 2));
        let readable = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' };
        let text: String = bytes.iter().map(readable).collect();
        writeln!(out, "  {:04x}  {:<23}  {:<23}  |{text}|", index * ROW, hex(left, " "), hex(right, " "))
    };
    let rows = bytes.chunks(ROW).enumerate();
    if packet.length <= whole {
        return rows.into_iter().try_for_each(|(index, bytes)| row(index, bytes, out));
    }
    rows.clone().take(2).try_for_each(|(index, bytes)| row(index, bytes, out))?;
    let tail = rows.into_iter().next_back().filter(|_| bytes.len() == packet.length);
    let hidden = packet.length.saturating_sub(2 * ROW + tail.map_or(0, |(_, bytes)| bytes.len()));
    writeln!(out, "  *     {hidden} bytes not shown")?;
    tail.map_or(Ok(()), |(index, bytes)| row(index, bytes, out))
}
