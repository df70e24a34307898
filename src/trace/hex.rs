use std::io::{self, Write};

use super::elide::Run;
use super::figures::{deeds, hex, notable_flags, tint, words};
use super::fold::fold;
use super::{Paint, View};
use crate::analysis::{Annotated, Annotation};
use crate::units::size;

/// Bytes at the beginning of a long packet that are shown.
const HEAD: usize = 32;
/// The length up to which a DATA is shown completely.
const WHOLE: usize = 64;

/// The view of packets as hexadecimal bytes.
#[derive(Debug)]
pub struct Hex {
    paint: Paint,
    /// The width at which lines are folded.
    columns: Option<usize>,
}

impl Hex {
    /// Creates a view that shows the beginning and the end of long packets.
    pub fn new(paint: Paint) -> Self {
        Self { paint, columns: None }
    }

    /// Makes lines fit a screen of this many columns.
    pub fn folded(self, columns: Option<usize>) -> Self {
        Self { columns, ..self }
    }
}

impl View for Hex {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        let Annotation::Packet(packet) = &annotated.kind else { return Ok(()) };
        let words = match packet.parse() {
            Ok(parsed) => words(&parsed, packet.length),
            Err(reason) => format!("malformed <{reason}>"),
        };
        let notes: Vec<_> = Some(notable_flags(packet)).filter(|flags| !flags.is_empty()).into_iter().collect();
        let notes = match [notes, deeds(packet)].concat() {
            none if none.is_empty() => String::new(),
            notes => format!("  [{}]", notes.join(", ")),
        };
        // A rule may have cut what the words name.
        let (bytes, length) = packet.wire();
        let line = format!("{} {words}  ({length} bytes){notes}", packet.direction);
        // Colour has no end at the edge of a screen.
        let line = match fold(&line, self.columns, 2) {
            folded if folded.contains('\n') => folded,
            line => line.replacen(&words, &(self.paint)(tint(packet.kind), &words), 1),
        };
        writeln!(out, "{line}")?;
        Dump::within(self.columns).write(bytes, length, packet.data_length().map_or(512, |_| WHOLE), out)
    }

    fn hidden(&self, run: &Run) -> Option<String> {
        Some(format!("... {run}, {}", size(run.bytes)))
    }
}

/// Rows of bytes, each with its place and with the letters that the bytes would be.
pub(super) struct Dump {
    /// Bytes in a row.
    row: usize,
}

impl Dump {
    /// Rows for a screen of this many columns, if there is one.
    pub(super) fn within(columns: Option<usize>) -> Self {
        const WIDE: usize = 76;
        Self { row: if columns.is_some_and(|columns| columns < WIDE) { 8 } else { 16 } }
    }

    /// Writes the bytes of a packet of this length: all of up to `whole`, of more the first 32 and the last row. Where bytes
    /// are left out, a row says how many.
    pub(super) fn write(&self, bytes: &[u8], length: usize, whole: usize, out: &mut dyn Write) -> io::Result<()> {
        let rows = || bytes.chunks(self.row).enumerate();
        let is_whole = bytes.len() == length;
        let (head, tail) = match (length <= whole, is_whole) {
            (true, _) => (usize::MAX, None),
            (false, true) => (HEAD / self.row, rows().next_back()),
            (false, false) => (HEAD / self.row, None),
        };
        rows().take(head).try_for_each(|(index, bytes)| self.write_row(index, bytes, out))?;
        let shown = bytes.len().min(head.saturating_mul(self.row)) + tail.map_or(0, |(_, bytes)| bytes.len());
        if shown < length {
            // Where all bytes are wanted, the reader learns why they are not here.
            let kept = if length > whole { "" } else { &format!(": the first {} are kept", bytes.len()) };
            writeln!(out, "  *     {} bytes not shown{kept}", length - shown)?;
        }
        tail.map_or(Ok(()), |(index, bytes)| self.write_row(index, bytes, out))
    }

    fn write_row(&self, index: usize, bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
        const GROUP: usize = 8;
        let readable = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '.' };
        let text: String = bytes.iter().map(readable).collect();
        write!(out, "  {:04x}", index * self.row)?;
        for place in (0..self.row).step_by(GROUP) {
            let group = bytes.get(place..).unwrap_or_default().iter().take(GROUP).copied().collect::<Vec<_>>();
            write!(out, "  {:<23}", hex(&group, " "))?;
        }
        writeln!(out, "  |{text}|")
    }
}
