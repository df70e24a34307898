use super::columns::{self, cut};
use super::figures::tint;
use super::{Paint, Tint};
use crate::analysis::{AnnotatedPacket, Flag, Kind};
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
    /// The line of a side that a packet leaves or reaches.
    pub(super) joined: [char; 2],
    line: char,
    right: char,
    left: char,
    lost: char,
}

const UNICODE: Glyphs =
    Glyphs { bar: '│', dots: '┊', joined: ['├', '┤'], line: '─', right: '▶', left: '◀', lost: '✗' };
const ASCII: Glyphs = Glyphs { bar: '|', dots: ':', joined: ['+', '+'], line: '-', right: '>', left: '<', lost: 'X' };

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

/// How far an arrow goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// From one line to the other.
    Whole,
    /// To the middle: the packet was lost on its way.
    Half,
    /// To the other line, where the packet is lost.
    Dropped,
    /// From the middle: the packet was made there, or was held there.
    Inside,
}

/// An arrow between two lines.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arrow<'a> {
    pub(super) label: &'a str,
    pub(super) tint: Tint,
    /// From left to right.
    pub(super) to_server: bool,
    pub(super) reach: Reach,
}

/// Columns of an arrow around its label: two strokes and a space before it; a space and at least the head after it.
pub(super) const AROUND: usize = 5;

impl Glyphs {
    /// Draws a packet as an arrow with its label, `width` columns wide.
    pub(super) fn packet(&self, packet: &AnnotatedPacket<'_>, to_server: bool, width: usize, paint: Paint) -> String {
        let reach = if packet.flags.contains(Flag::Lost) { Reach::Half } else { Reach::Whole };
        let label = label(packet, width.saturating_sub(AROUND));
        self.arrow(Arrow { label: &label, tint: tint(packet.kind), to_server, reach }, width, paint)
    }

    /// Draws an arrow, `width` columns wide.
    pub(super) fn arrow(&self, arrow: Arrow<'_>, width: usize, paint: Paint) -> String {
        let Self { line, right, left, lost, .. } = *self;
        let label = cut(arrow.label, width.saturating_sub(AROUND));
        let length = columns::width(&label);
        let label = paint(arrow.tint, &label);
        let strokes = |count: usize| String::from(line).repeat(count);
        let whole = width.saturating_sub(length + AROUND);
        // The arrow of a lost packet ends half way, unless its label is longer.
        let half = (width / 2 + 1).saturating_sub(length + AROUND - 1).clamp(whole.min(1), whole);
        let (way, before, after) = match arrow.reach {
            Reach::Whole | Reach::Dropped => (whole, 0, 0),
            Reach::Half => (half, 0, whole - half),
            Reach::Inside => (whole.min(2), whole - whole.min(2), 0),
        };
        let (before, after) = (" ".repeat(before), " ".repeat(after));
        let head = |head| if matches!(arrow.reach, Reach::Half | Reach::Dropped) { lost } else { head };
        if arrow.to_server {
            format!("{before}{} {label} {}{}{after}", strokes(2), strokes(way), head(right))
        } else {
            format!("{after}{}{} {label} {}{before}", head(left), strokes(way), strokes(2))
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
