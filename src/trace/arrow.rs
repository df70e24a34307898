use super::Paint;
use super::columns::{self, cut};
use super::figures::tint;
use crate::analysis::{AnnotatedPacket, Flag, Kind};
use crate::event::Direction;
use crate::wire::{OptionList, Packet, Printable};

/// The characters of drawings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Box-drawing characters and arrows.
    Unicode,
    /// ASCII only.
    Ascii,
}

#[derive(Debug)]
pub(super) struct Glyphs {
    pub(super) bar: char,
    pub(super) dots: char,
    line: char,
    right: char,
    left: char,
    lost: char,
}

const UNICODE: Glyphs = Glyphs { bar: '│', dots: '┊', line: '─', right: '▶', left: '◀', lost: '✗' };
const ASCII: Glyphs = Glyphs { bar: '|', dots: ':', line: '-', right: '>', left: '<', lost: 'X' };

/// The columns that a file name keeps when a label is too long.
const LEAST_NAME: usize = 12;

impl Charset {
    pub(super) fn glyphs(self) -> &'static Glyphs {
        match self {
            Self::Unicode => &UNICODE,
            Self::Ascii => &ASCII,
        }
    }
}

impl Glyphs {
    /// Draws a packet as an arrow with its label, `width` columns wide.
    pub(super) fn arrow(&self, packet: &AnnotatedPacket<'_>, width: usize, paint: Paint) -> String {
        let Self { line, right, left, lost, .. } = *self;
        // Two strokes and a space before the label; a space and at least the head after it.
        let label = label(packet, width.saturating_sub(5));
        let length = columns::width(&label);
        let label = paint(tint(packet.kind), &label);
        let strokes = |count: usize| String::from(line).repeat(count);
        let is_lost = packet.flags.contains(Flag::Lost);
        let rest = width.saturating_sub(length + 4);
        // The arrow of a lost packet ends half way.
        let whole = rest.saturating_sub(1);
        let half = (width / 2 + 1).saturating_sub(length + 4);
        let way = if is_lost { half.clamp(whole.min(1), whole) } else { whole };
        let gap = " ".repeat(whole - way);
        let head = |head| if is_lost { lost } else { head };
        match packet.direction {
            Direction::Sent => format!("{} {label} {}{}{gap}", strokes(2), strokes(way), head(right)),
            Direction::Received => format!("{gap}{}{} {label} {}", head(left), strokes(way), strokes(2)),
        }
    }
}

/// Returns the text on an arrow, at most `most` columns of it. The name of a file is shortened first, because what
/// follows it says more.
pub(super) fn label(packet: &AnnotatedPacket<'_>, most: usize) -> String {
    let name = packet.kind.name();
    let text = match packet.parse() {
        Ok(Packet::Request(request)) => {
            let rest = format!(" {}{}", Printable(request.mode), options(&request.options));
            let taken = name.len() + 1 + columns::width(&rest);
            let file = cut(&Printable(request.filename).to_string(), most.saturating_sub(taken).max(LEAST_NAME));
            format!("{name} {file}{rest}")
        }
        Ok(Packet::Data { block, .. }) => format!("{name} {block}  {} B", packet.data_length().unwrap_or_default()),
        Ok(Packet::Ack { block }) => format!("{name} {block}"),
        Ok(Packet::Error { code, message }) => format!("{name} {} {}", code.0, Printable(message)),
        Ok(Packet::Oack(list)) => format!("{name}{}", options(&list)),
        Err(_) => match packet.kind {
            Kind::Unknown(opcode) => format!("opcode {opcode}  {} B", packet.length),
            _ => format!("{name}  {} B", packet.length),
        },
    };
    cut(&text, most)
}

fn options(list: &OptionList<'_>) -> String {
    list.pairs().map(|(name, value)| format!(" {}={}", Printable(name), Printable(value))).collect()
}
