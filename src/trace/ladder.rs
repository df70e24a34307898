use std::io::{self, Write};
use std::time::Duration;

use super::elide::{Run, WAITING};
use super::figures::{failure, flag, tint};
use super::fold::fold;
use super::units::size;
use super::{Paint, Tint, View};
use crate::analysis::{Annotated, AnnotatedPacket, Annotation, Flag, Kind, State};
use crate::event::Direction;
use crate::fault::Action;
use crate::wire::{Opcode, OptionList, Packet, Printable};

/// The view of packets as arrows between client and server, with time running down.
#[derive(Debug)]
pub struct Ladder {
    columns: usize,
    /// Columns between the two lines; none if the screen is too narrow for them.
    width: Option<usize>,
    glyphs: &'static Glyphs,
    paint: Paint,
    /// The transfer whose header was written.
    xfer: Option<u32>,
    /// The timer expired after the last packet.
    expired: bool,
    /// The transfer is over; later packets are late ones.
    ended: bool,
    last: State,
}

/// Columns below which arrows are drawn on the left.
const NARROW: usize = 66;
/// Columns before the client's line.
const MARGIN: usize = 10;

#[derive(Debug)]
struct Glyphs {
    bar: char,
    dots: char,
    line: char,
    right: char,
    left: char,
    lost: char,
}

/// The characters of drawings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charset {
    /// Box-drawing characters and arrows.
    Unicode,
    /// ASCII only.
    Ascii,
}

const UNICODE: Glyphs = Glyphs { bar: '│', dots: '┊', line: '─', right: '▶', left: '◀', lost: '✗' };
const ASCII: Glyphs = Glyphs { bar: '|', dots: ':', line: '-', right: '>', left: '<', lost: 'X' };

impl Ladder {
    /// Creates a view for a screen of this many columns.
    pub fn new(columns: usize, charset: Charset, paint: Paint) -> Self {
        // The notes need the rest.
        let width = (columns >= NARROW).then(|| columns.saturating_sub(42).clamp(26, 38));
        let glyphs = match charset {
            Charset::Unicode => &UNICODE,
            Charset::Ascii => &ASCII,
        };
        Self { columns, width, glyphs, paint, xfer: None, expired: false, ended: false, last: State::Idle }
    }

    fn packet(&mut self, t: Duration, packet: &AnnotatedPacket<'_>, out: &mut dyn Write) -> io::Result<()> {
        let seconds = packet.gap.as_secs_f64();
        let waited = std::mem::take(&mut self.expired) || packet.gap >= WAITING;
        if std::mem::take(&mut self.ended) {
            self.between(&format!("after the end, {seconds:.2} s later"), out)?;
        } else if waited && packet.n > 1 {
            self.between(&format!("waiting {seconds:.2} s"), out)?;
        }
        self.last = packet.after;
        let time = format!("{:.4}", t.as_secs_f64());
        match self.width {
            Some(width) => {
                let bar = self.glyphs.bar;
                let arrow = self.arrow(packet, width);
                let mut lines = self.fit(&self.notes(packet, true), self.columns - (MARGIN + width + 3)).into_iter();
                let line = format!("{time:>9} {bar}{arrow}{bar} {}", lines.next().unwrap_or_default());
                writeln!(out, "{}", line.trim_end())?;
                lines.try_for_each(|notes| writeln!(out, "{:MARGIN$}{bar}{:width$}{bar} {notes}", "", ""))
            }
            None => {
                let arrow = match (packet.direction, packet.flags.contains(Flag::Lost)) {
                    (Direction::Sent, false) => "-->",
                    (Direction::Sent, true) => "--X",
                    (Direction::Received, false) => "<--",
                    (Direction::Received, true) => "X--",
                };
                let space = self.columns.saturating_sub(13);
                let folded = fold(&label(packet), Some(space), 0);
                let mut lines: Vec<_> = folded.lines().map(|line| cut(line, space)).collect();
                let used = lines.last().map_or(0, |line| line.chars().count());
                for line in &mut lines {
                    *line = (self.paint)(tint(packet.kind), line);
                }
                let notes = self.notes(packet, false);
                match (lines.last_mut(), &self.fit(&notes, space.saturating_sub(used + 2))[..]) {
                    (Some(line), [notes]) => line.push_str(&format!("  {notes}")),
                    _ => lines.extend(self.fit(&notes, space)),
                }
                writeln!(out, "{time:>8} {arrow} {}", lines.join(&format!("\n{:13}", "")))
            }
        }
    }

    /// Draws the arrow with its label, `width` columns wide.
    fn arrow(&self, packet: &AnnotatedPacket<'_>, width: usize) -> String {
        let Glyphs { line, right, left, lost, .. } = *self.glyphs;
        // Two strokes and a space before the label; a space and at least the head after it.
        let label = cut(&label(packet), width.saturating_sub(5));
        let length = label.chars().count();
        let label = (self.paint)(tint(packet.kind), &label);
        let strokes = |count: usize| String::from(line).repeat(count);
        let is_lost = packet.flags.contains(Flag::Lost);
        let rest = width.saturating_sub(length + 4);
        // The arrow of a lost packet ends half way.
        let way = if is_lost { (width / 2 + 1).saturating_sub(length + 4).clamp(1, rest.max(2) - 1) } else { rest - 1 };
        let gap = " ".repeat(rest.saturating_sub(way + 1));
        let head = |head| if is_lost { lost } else { head };
        match packet.direction {
            Direction::Sent => format!("{} {label} {}{}{gap}", strokes(2), strokes(way), head(right)),
            Direction::Received => format!("{gap}{}{} {label} {}", head(left), strokes(way), strokes(2)),
        }
    }

    /// Arranges the notes in lines of `space` columns and colours the important ones.
    fn fit(&self, notes: &[(String, bool)], space: usize) -> Vec<String> {
        let mut lines: Vec<(String, usize)> = Vec::new();
        for (note, important) in notes {
            let length = note.chars().count();
            let note = if *important { (self.paint)(Tint::Notice, note) } else { note.clone() };
            match lines.last_mut().filter(|(_, used)| used + 1 + length <= space) {
                Some((line, used)) => {
                    line.push_str(&format!(" {note}"));
                    *used += 1 + length;
                }
                None => lines.push((note, length)),
            }
        }
        lines.into_iter().map(|(line, _)| line).collect()
    }

    /// Lists the notes beside the arrow and whether they are important.
    fn notes(&self, packet: &AnnotatedPacket<'_>, ports: bool) -> Vec<(String, bool)> {
        let mut notes = Vec::new();
        let request = matches!(packet.kind, Kind::Known(Opcode::Rrq | Opcode::Wrq));
        let new_port = [Flag::Tid, Flag::WrongTid, Flag::ToStranger].iter().any(|it| packet.flags.contains(*it));
        if ports && (request || new_port) {
            notes.push((format!(":{}", packet.peer.port()), false));
        }
        for it in packet.flags.without(Flag::Tid).iter() {
            match it {
                // Without lines, the arrow shows it.
                Flag::Lost if ports => notes.push(("lost".to_owned(), true)),
                Flag::Lost => {}
                _ => notes.push((flag(packet, it), true)),
            }
        }
        for hit in packet.faults.iter().filter(|hit| hit.action != Action::Drop) {
            // Short, because the arrow leaves little space.
            notes.push(match hit.action {
                Action::Dup => (format!("x2 fault rule {}", hit.rule), false),
                action => (format!("fault rule {}: {action}", hit.rule), false),
            });
        }
        notes
    }

    /// Writes a line that is not about a packet.
    fn between(&self, note: &str, out: &mut dyn Write) -> io::Result<()> {
        let Some(width) = self.width else { return Ok(()) };
        let dots = self.glyphs.dots;
        let note = fold(note, Some(self.columns.saturating_sub(MARGIN + width + 4)), 0);
        note.lines().try_for_each(|note| writeln!(out, "{:MARGIN$}{dots}{:width$}{dots}  {note}", "", ""))
    }

    fn header(&mut self, xfer: u32, out: &mut dyn Write) -> io::Result<()> {
        let follows = self.xfer.replace(xfer);
        if follows == Some(xfer) {
            return Ok(());
        }
        (self.expired, self.ended) = (false, false);
        self.last = State::Idle;
        let Some(width) = self.width else { return Ok(()) };
        if follows.is_some() {
            writeln!(out)?;
        }
        writeln!(out, "{:MARGIN$}{:<columns$}server", "", "client", columns = width + 2)
    }
}

impl View for Ladder {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        match &annotated.kind {
            Annotation::Packet(packet) => {
                self.header(annotated.xfer, out)?;
                self.packet(annotated.t, packet, out)
            }
            Annotation::Timer { .. } => {
                self.expired = true;
                Ok(())
            }
            Annotation::End(summary) => {
                self.ended = true;
                failure(summary, self.last).map_or(Ok(()), |failure| self.between(&failure, out))
            }
            Annotation::Begin { .. }
            | Annotation::Choice { .. }
            | Annotation::Delivered { .. }
            | Annotation::Late(_) => Ok(()),
        }
    }

    fn hidden(&self, run: &Run) -> Option<String> {
        let dots = self.glyphs.dots;
        let Some(width) = self.width else { return Some(format!("{:8} ... {run}", "")) };
        let line = format!("{:MARGIN$}{dots}{:<width$}{dots}  {}", "", format!("  {run}"), size(run.bytes));
        let rtt = run.rtt().filter(|rtt| line.chars().count() + rtt.len() <= self.columns);
        Some(line + &rtt.unwrap_or_default())
    }
}

/// Returns the text on the arrow.
fn label(packet: &AnnotatedPacket<'_>) -> String {
    let name = packet.kind.name();
    match packet.parse() {
        Ok(Packet::Request(request)) => {
            let (file, mode) = (Printable(request.filename), Printable(request.mode));
            format!("{name} {file} {mode}{}", options(&request.options))
        }
        Ok(Packet::Data { block, .. }) => format!("{name} {block}  {} B", packet.data_length().unwrap_or_default()),
        Ok(Packet::Ack { block }) => format!("{name} {block}"),
        Ok(Packet::Error { code, message }) => format!("{name} {} {}", code.0, Printable(message)),
        Ok(Packet::Oack(list)) => format!("{name}{}", options(&list)),
        Err(_) => match packet.kind {
            Kind::Unknown(opcode) => format!("opcode {opcode}  {} B", packet.length),
            _ => format!("{name}  {} B", packet.length),
        },
    }
}

fn options(list: &OptionList<'_>) -> String {
    list.pairs().map(|(name, value)| format!(" {}={}", Printable(name), Printable(value))).collect()
}

/// Cuts the text to `most` characters.
fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(2)).chain("..".chars()).collect()
}
