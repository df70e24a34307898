use std::io::{self, Write};

use super::elide::Run;
use super::figures::{hex, notable_flags, tint, words};
use super::units::size;
use super::{Paint, View};
use crate::analysis::{Annotated, Annotation};

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
        dump(&packet.bytes, packet.length, packet.data_length().map_or(512, |_| WHOLE), out)
    }

    fn hidden(&self, run: &Run) -> Option<String> {
        Some(format!("... {run}, {}", size(run.bytes)))
    }
}

/// Writes the bytes of a packet of this length in rows: all of up to `whole`, of more the first two rows and the last.
/// Where bytes are left out, a row says how many.
pub(super) fn dump(bytes: &[u8], length: usize, whole: usize, out: &mut dyn Write) -> io::Result<()> {
    let rows = || bytes.chunks(ROW).enumerate();
    let is_whole = bytes.len() == length;
    let (head, tail) = match (length <= whole, is_whole) {
        (true, _) => (usize::MAX, None),
        (false, true) => (2, rows().next_back()),
        (false, false) => (2, None),
    };
    rows().take(head).try_for_each(|(index, bytes)| row(index, bytes, out))?;
    let shown = bytes.len().min(head.saturating_mul(ROW)) + tail.map_or(0, |(_, bytes)| bytes.len());
    if shown < length {
        // Where all bytes are wanted, the reader learns why they are not here.
        let kept = if length > whole { "" } else { &format!(": the first {} are kept", bytes.len()) };
        writeln!(out, "  *     {} bytes not shown{kept}", length - shown)?;
    }
    tail.map_or(Ok(()), |(index, bytes)| row(index, bytes, out))
}

fn row(index: usize, bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
    let (left, right) = bytes.split_at(bytes.len().min(ROW / 2));
    let readable = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' };
    let text: String = bytes.iter().map(readable).collect();
    writeln!(out, "  {:04x}  {:<23}  {:<23}  |{text}|", index * ROW, hex(left, " "), hex(right, " "))
}
