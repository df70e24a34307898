use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::arrow::{Charset, Glyphs, label};
use super::columns::{self, cut};
use super::elide::Run;
use super::figures::{deeds, delivered, failure, flag, tint};
use super::fold::{fold, parts};
use super::silences::{Line, Silences};
use super::{Paint, Tint, View};
use crate::analysis::{Annotated, AnnotatedPacket, Annotation, Flag, State};
use crate::event::Side;
use crate::units::size;

/// The view of packets as arrows between client and server, with time running down.
#[derive(Debug)]
pub struct Ladder {
    columns: usize,
    /// Columns between the two lines; none if the screen is too narrow for them.
    width: Option<usize>,
    glyphs: &'static Glyphs,
    paint: Paint,
    /// The end that is shown.
    side: Side,
    /// The transfer whose header was written.
    xfer: Option<u32>,
    /// The address that the request went to.
    asked: Option<IpAddr>,
    /// The server's address whose port was shown last.
    server: Option<SocketAddr>,
    silences: Silences,
    /// The transfer is over; later packets are late ones.
    ended: bool,
    last: State,
}

/// Columns below which arrows are drawn on the left.
const NARROW: usize = 66;
/// Columns before the client's line.
const MARGIN: usize = 10;
/// Columns for the notes: enough for a port and a flag with its packet.
const NOTES: usize = 29;
/// The shortest arrow.
const SHORTEST: usize = 26;
/// The longest arrow, which has space for a request with every option. A longer one separates packets from their notes.
const LONGEST: usize = 90;
/// Columns before the packet on a narrow screen: the time and an arrow.
const INDENT: usize = 13;
/// Lines of a narrow screen that one packet may take.
const LINES: usize = 3;

impl Ladder {
    /// Creates a view for a screen of this many columns.
    pub fn new(columns: usize, charset: Charset, paint: Paint) -> Self {
        let width = || columns.saturating_sub(MARGIN + 3 + NOTES).clamp(SHORTEST, LONGEST);
        Self {
            columns,
            width: (columns >= NARROW).then(width),
            glyphs: charset.glyphs(),
            paint,
            side: Side::Client,
            xfer: None,
            asked: None,
            server: None,
            silences: Silences::default(),
            ended: false,
            last: State::Idle,
        }
    }

    fn packet(&mut self, t: Duration, packet: &AnnotatedPacket<'_>, out: &mut dyn Write) -> io::Result<()> {
        self.last = packet.after;
        let notes = self.notes(packet);
        match self.width {
            Some(width) => self.wide(t, packet, width, &notes, out),
            None => self.narrow(t, packet, &notes, out),
        }
    }

    /// Draws a packet between the two lines, with its notes on the right.
    fn wide(
        &self,
        t: Duration,
        packet: &AnnotatedPacket<'_>,
        width: usize,
        notes: &[Note],
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let bar = self.glyphs.bar;
        let arrow = self.glyphs.packet(packet, self.goes_to_server(packet), width, self.paint);
        let mut lines = self.fit(notes, self.columns.saturating_sub(MARGIN + width + 3)).into_iter();
        let line = format!("{:>9} {bar}{arrow}{bar} {}", clock(t), lines.next().unwrap_or_default());
        writeln!(out, "{}", line.trim_end())?;
        lines.try_for_each(|notes| writeln!(out, "{:MARGIN$}{bar}{:width$}{bar} {notes}", "", ""))
    }

    /// Draws a packet after a short arrow, with its notes after it or below.
    fn narrow(&self, t: Duration, packet: &AnnotatedPacket<'_>, notes: &[Note], out: &mut dyn Write) -> io::Result<()> {
        let arrow = match (self.goes_to_server(packet), packet.flags.contains(Flag::Lost)) {
            (true, false) => "-->",
            (true, true) => "--X",
            (false, false) => "<--",
            (false, true) => "X--",
        };
        let space = self.columns.saturating_sub(INDENT).max(1);
        let folded = fold(&label(packet, LINES * space), Some(space), 0);
        let mut lines: Vec<_> = folded.lines().map(|line| cut(line, space)).collect();
        let used = lines.last().map_or(0, |line| columns::width(line));
        for line in &mut lines {
            *line = (self.paint)(tint(packet.kind), line);
        }
        let beside = self.fit(notes, space.saturating_sub(used + 2));
        match (lines.last_mut(), &beside[..]) {
            (Some(line), [notes]) => line.push_str(&format!("  {notes}")),
            _ => lines.extend(self.fit(notes, space)),
        }
        writeln!(out, "{:>8} {arrow} {}", clock(t), lines.join(&format!("\n{:INDENT$}", "")))
    }

    fn goes_to_server(&self, packet: &AnnotatedPacket<'_>) -> bool {
        self.side.sender(packet.direction) == Side::Client
    }

    /// Arranges the notes in lines of `space` columns and colours the important ones.
    fn fit(&self, notes: &[Note], space: usize) -> Vec<String> {
        let mut lines: Vec<(String, usize)> = Vec::new();
        for Note { text, is_important } in notes {
            for part in parts(text, space) {
                let length = columns::width(&part);
                let part = if *is_important { (self.paint)(Tint::Notice, &part) } else { part };
                match lines.last_mut().filter(|(_, used)| used + 1 + length <= space) {
                    Some((line, used)) => {
                        line.push_str(&format!(" {part}"));
                        *used += 1 + length;
                    }
                    None => lines.push((part, length)),
                }
            }
        }
        lines.into_iter().map(|(line, _)| line).collect()
    }

    /// Lists the notes on a packet.
    fn notes(&mut self, packet: &AnnotatedPacket<'_>) -> Vec<Note> {
        let mut notes: Vec<_> = self.port(packet).into_iter().map(Note::plain).collect();
        for it in packet.flags.without(Flag::Tid).iter() {
            match it {
                // Without lines, the arrow shows it.
                Flag::Lost if self.width.is_none() => {}
                Flag::Lost => notes.push(Note::important("lost")),
                _ => notes.push(Note::important(flag(packet, it))),
            }
        }
        notes.extend(deeds(packet).into_iter().map(Note::plain));
        notes
    }

    /// Returns the port of the server where it is news: of a request and of the first answer, even if it is lost. Of a
    /// stranger it is the stranger's, with the address of another host.
    fn port(&mut self, packet: &AnnotatedPacket<'_>) -> Option<String> {
        let is_request = packet.is_request();
        if is_request {
            self.asked = Some(packet.peer.ip());
        }
        if packet.is_foreign() {
            return Some(match self.asked {
                Some(asked) if asked != packet.peer.ip() => packet.peer.to_string(),
                _ => format!(":{}", packet.peer.port()),
            });
        }
        let server = packet.server(self.side);
        let is_new = self.server.replace(server) != Some(server);
        (is_request || is_new || packet.flags.contains(Flag::Tid)).then(|| format!(":{}", server.port()))
    }

    /// Writes who ended the silence before a record, and where the transfer ended.
    fn silence(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        let lines = self.silences.before(annotated);
        let is_packet = matches!(annotated.kind, Annotation::Packet(_) | Annotation::Delivered { .. });
        let is_after_end = is_packet && std::mem::take(&mut self.ended);
        if is_after_end && lines.is_empty() {
            return self.between("after the end", out);
        }
        let begin = if is_after_end { "after the end, " } else { "" };
        lines.into_iter().try_for_each(|Line { text, .. }| self.between(&format!("{begin}{text}"), out))
    }

    /// Writes a line that is not about a packet: on the right, or, if that is too narrow, between the two lines or across
    /// the right one.
    fn between(&self, note: &str, out: &mut dyn Write) -> io::Result<()> {
        let dots = self.glyphs.dots;
        let (begin, space) = match self.width {
            Some(width) => {
                let beside = self.columns.saturating_sub(MARGIN + width + 4);
                match columns::width(note) {
                    length if length > beside && length + 3 <= width => {
                        let rest = width - length - 2;
                        return writeln!(out, "{:MARGIN$}{dots}  {note}{:rest$}{dots}", "", "");
                    }
                    length if length > beside && length <= width + beside / 2 => {
                        (format!("{:MARGIN$}{dots}  ", ""), length)
                    }
                    _ => (format!("{:MARGIN$}{dots}{:width$}{dots}  ", "", ""), beside),
                }
            }
            None => (format!("{:9}... ", ""), self.columns.saturating_sub(INDENT)),
        };
        parts(note, space).into_iter().try_for_each(|note| writeln!(out, "{begin}{note}"))
    }

    fn header(&mut self, xfer: u32, out: &mut dyn Write) -> io::Result<()> {
        let follows = self.xfer.replace(xfer);
        if follows == Some(xfer) {
            return Ok(());
        }
        (self.silences, self.ended) = (Silences::default(), false);
        (self.asked, self.server) = (None, None);
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
        if let Annotation::Packet(_) = annotated.kind {
            self.side = annotated.side;
            self.header(annotated.xfer, out)?;
        }
        self.silence(annotated, out)?;
        match &annotated.kind {
            Annotation::Packet(packet) => self.packet(annotated.t, packet, out),
            Annotation::Delivered { after, packet } => {
                self.last = packet.after;
                self.between(&delivered(*after, packet), out)
            }
            Annotation::End(summary) => {
                self.ended = true;
                failure(summary, self.last).map_or(Ok(()), |failure| self.between(&failure, out))
            }
            Annotation::Begin { .. } | Annotation::Choice { .. } | Annotation::Timer { .. } | Annotation::Late(_) => {
                Ok(())
            }
        }
    }

    fn hidden(&self, run: &Run) -> Option<String> {
        let dots = self.glyphs.dots;
        let Some(width) = self.width else {
            return Some(format!("{:9}... {}", "", run.within(self.columns.saturating_sub(INDENT))));
        };
        let packets = run.within(width - 2);
        // Two spaces look better where there is space.
        let space = if packets.len() + 3 <= width { "  " } else { " " };
        let line = format!("{:MARGIN$}{dots}{:<width$}{dots}  {}", "", format!("{space}{packets}"), size(run.bytes));
        let rtt = run.rtt().filter(|rtt| line.chars().count() + rtt.len() <= self.columns);
        Some(line + &rtt.unwrap_or_default())
    }
}

/// A remark beside an arrow.
struct Note {
    text: String,
    is_important: bool,
}

impl Note {
    fn plain(text: String) -> Self {
        Self { text, is_important: false }
    }

    fn important(text: impl Into<String>) -> Self {
        Self { text: text.into(), is_important: true }
    }
}

/// Formats seconds with four decimals, or fewer if it would take more than eight columns.
fn clock(t: Duration) -> String {
    let seconds = t.as_secs_f64();
    let decimals = match seconds {
        ..1e3 => 4,
        ..1e4 => 3,
        ..1e5 => 2,
        _ => 0,
    };
    format!("{seconds:.decimals$}")
}
