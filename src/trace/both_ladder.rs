use std::io::{self, Write};
use std::time::Duration;

use super::arrow::{AROUND, Arrow, Charset, Glyphs, Reach, label};
use super::columns::{cut, width};
use super::elide::Run;
use super::figures::{flag, tint};
use super::fold::parts;
use super::{Paint, Tint, View};
use crate::analysis::{Annotated, AnnotatedPacket, Annotation, Flag, Outcome, State};
use crate::event::{Direction, Side};
use crate::fault::{Action, Hit};
use crate::units::size;

/// The view of both ends: arrows between client and server, each end with its own times, states and timers.
///
/// It gets each packet once, with its arrival, from [`Paired`](super::Paired).
#[derive(Debug)]
pub struct BothLadder {
    columns: usize,
    layout: Layout,
    glyphs: &'static Glyphs,
    paint: Paint,
    /// The transfer whose header was written.
    xfer: Option<u32>,
    /// The port of the server that was shown last.
    port: Option<u16>,
    /// The transfers of the server that are not over. A request that came twice began two.
    serving: u32,
    /// The ends whose transfers are over.
    ended: Vec<Side>,
    /// The ends that a packet showed to have failed.
    failed: Vec<Side>,
    /// The latest packet of which a rule made a copy: its end, its number there, and the rule.
    copied: Option<(Side, u64, u32)>,
}

/// The columns of a line, from the middle to both edges.
#[derive(Debug, Clone, Copy)]
struct Layout {
    /// Between the two lines.
    arrow: usize,
    /// For a time; none on a narrow screen.
    time: usize,
    /// For a state; none on a narrow screen.
    state: usize,
}

/// What one end says in a line.
#[derive(Debug, Default)]
struct Cell {
    /// When a packet left or arrived here.
    time: Option<Duration>,
    text: String,
    is_important: bool,
    /// More, for lines of their own.
    notes: Vec<String>,
}

/// Columns that a time takes: `1001.1 ms`.
const TIME: usize = 9;
/// Columns that a state takes at least: `receiving 12`.
const STATE: usize = 12;
/// Columns below which states are left out.
const NARROW: usize = 76;
/// Columns below which times are left out too.
const VERY_NARROW: usize = 48;
/// Columns of one end in which notes can be read.
const READABLE: usize = 20;
/// The longest arrow.
const LONGEST: usize = 90;

impl Layout {
    fn new(columns: usize) -> Self {
        let more = columns.saturating_sub(80);
        let time = if columns < VERY_NARROW { 0 } else { TIME };
        let state = if columns < NARROW { 0 } else { STATE + (more / 4).min(8) };
        let layout = Self { arrow: 0, time, state };
        Self { arrow: columns.saturating_sub(2 * (layout.side() + 1)).clamp(8, LONGEST), ..layout }
    }

    /// Returns the columns of one end, with the spaces around them.
    fn side(self) -> usize {
        self.state + self.time + usize::from(self.state > 0) + usize::from(self.time > 0)
    }
}

impl BothLadder {
    /// Creates a view for a screen of this many columns.
    pub fn new(columns: usize, charset: Charset, paint: Paint) -> Self {
        let (layout, glyphs) = (Layout::new(columns), charset.glyphs());
        Self {
            columns,
            layout,
            glyphs,
            paint,
            xfer: None,
            port: None,
            serving: 0,
            ended: Vec::new(),
            failed: Vec::new(),
            copied: None,
        }
    }

    fn header(
        &mut self,
        annotated: &Annotated<'_>,
        packet: &AnnotatedPacket<'_>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let follows = self.xfer.replace(annotated.xfer);
        if follows == Some(annotated.xfer) {
            return Ok(());
        }
        if follows.is_some() {
            writeln!(out)?;
        }
        let (local, peer) = (packet.local.port(), packet.peer.port());
        let (client, server) = if annotated.side == Side::Client { (local, peer) } else { (peer, local) };
        self.port = Some(server);
        self.ended.clear();
        self.failed.clear();
        let (client, server) = (format!("client :{client}"), format!("server :{server}"));
        let Layout { arrow, .. } = self.layout;
        let side = self.layout.side();
        if side >= READABLE {
            return writeln!(out, "{client:>side$} {:arrow$}  {server}", "");
        }
        let gap = arrow.saturating_sub(server.len());
        writeln!(out, "{:side$} {client:<gap$}{server}", "")
    }

    fn packet(
        &mut self,
        annotated: &Annotated<'_>,
        packet: &AnnotatedPacket<'_>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.header(annotated, packet, out)?;
        let arrives_late = annotated.arrival.as_deref().is_some_and(|arrival| self.ended.contains(&arrival.side));
        if self.ended.contains(&annotated.side) || arrives_late {
            self.ended.clear();
            self.between("after the end", "", out)?;
        }
        for (side, seen) in [Some(annotated), annotated.arrival.as_deref()]
            .into_iter()
            .flatten()
            .filter_map(|it| Some((it.side, it.packet()?)))
        {
            if seen.after == State::Failed {
                self.failed.push(side);
            }
            if let Some(hit) = seen.faults.iter().find(|hit| hit.action == Action::Dup) {
                self.copied = Some((side, seen.n, hit.rule));
            }
        }
        let sender = annotated.side.sender(packet.direction);
        let to_server = sender == Side::Client;
        let reach = match (packet.direction, annotated.arrival.as_deref().and_then(Annotated::packet)) {
            (Direction::Sent, None) if !packet.flags.contains(Flag::ToStranger) => Reach::Half,
            (Direction::Sent, Some(arrived)) if arrived.flags.contains(Flag::Lost) => Reach::Dropped,
            // What a stranger gets is not seen.
            (Direction::Sent, _) => Reach::Whole,
            // It never left the other end.
            (Direction::Received, _) => Reach::Inside,
        };
        let mut here = self.cell(annotated, packet);
        let there = match annotated.arrival.as_deref() {
            Some(arrival) => arrival.packet().map(|arrived| self.cell(arrival, arrived)).unwrap_or_default(),
            None if reach == Reach::Half => self.lost(annotated.side, packet),
            None => Cell::default(),
        };
        // An arrow that begins in the middle shows that it does.
        let apart = if reach == Reach::Inside { 4 } else { 0 };
        let most = self.layout.arrow.saturating_sub(AROUND + apart);
        let mut label = label(packet, most);
        if let Some(port) = self.news(annotated, packet) {
            let longer = format!("{label}  {port}");
            if width(&longer) <= most { label = longer } else { here.notes.insert(0, port) }
        }
        let arrow = self.glyphs.arrow(
            Arrow { label: &label, tint: tint(packet.kind), to_server, reach },
            self.layout.arrow,
            self.paint,
        );
        let (client, server) = if annotated.side == Side::Client { (here, there) } else { (there, here) };
        self.line(&client, &arrow, &server, out)
    }

    /// Returns the port of the server where it is not the one that was shown last.
    fn news(&mut self, annotated: &Annotated<'_>, packet: &AnnotatedPacket<'_>) -> Option<String> {
        let side = annotated.side;
        let arrived = annotated.arrival.as_deref().and_then(Annotated::packet);
        let is_foreign = packet.is_foreign() || arrived.is_some_and(AnnotatedPacket::is_foreign);
        let port = packet.server(side).port();
        let is_news = !packet.is_request() && self.port != Some(port);
        let word = if side.sender(packet.direction) == Side::Server { "from" } else { "to" };
        is_news.then(|| {
            if !is_foreign {
                self.port = Some(port);
            }
            format!("{word} :{port}")
        })
    }

    /// Describes what a packet means to the end where it crosses the socket.
    fn cell(&self, annotated: &Annotated<'_>, packet: &AnnotatedPacket<'_>) -> Cell {
        let state = packet.after.to_string();
        let mut notes = Vec::new();
        for it in packet.flags.without(Flag::Tid).iter() {
            match it {
                // The other end has the space to say so.
                Flag::Lost if packet.direction == Direction::Sent => {}
                Flag::Lost => notes.push(lost(packet, None)),
                Flag::Copy => notes.push(self.copy(annotated.side, packet)),
                Flag::Dup | Flag::Rexmt if packet.flags.contains(Flag::Copy) => {}
                Flag::Rexmt => notes.push(again(&state, self.layout.state)),
                _ => notes.push(flag(packet, it)),
            }
        }
        notes.extend(packet.faults.iter().filter_map(|Hit { rule, action }| match (action, packet.held) {
            // The loss and the copy say so.
            (Action::Drop | Action::Dup, _) => None,
            (Action::Delay(_), Some(held)) => Some(format!("held {} ms: rule {rule}", held.as_millis())),
            (Action::Delay(_) | Action::Swap, None) => Some(format!("held: rule {rule}")),
            (Action::Swap, Some(_)) => Some(format!("overtaken: rule {rule}")),
            _ => Some(format!("{action}: rule {rule}")),
        }));
        let time = Some(annotated.t);
        if packet.before != packet.after && !packet.flags.contains(Flag::Rexmt) || notes.is_empty() {
            return Cell { time, text: state, is_important: false, notes };
        }
        let text = notes.remove(0);
        Cell { time, text, is_important: true, notes }
    }

    /// Names the rule that made a copy, which the latest packet with a copy knows.
    fn copy(&self, side: Side, packet: &AnnotatedPacket<'_>) -> String {
        match (self.copied, packet.copy_of) {
            (Some((end, n, rule)), Some(of)) if (end, n) == (side, of) => format!("copy: rule {rule}"),
            (_, Some(of)) => format!("copy of #{of}"),
            (_, None) => "copy".to_owned(),
        }
    }

    /// Describes a packet to the end that it never reached.
    fn lost(&self, sender: Side, packet: &AnnotatedPacket<'_>) -> Cell {
        Cell { text: lost(packet, Some(sender)), is_important: true, ..Cell::default() }
    }

    /// Writes a line about a packet, and the notes that it has no space for.
    fn line(&self, client: &Cell, arrow: &str, server: &Cell, out: &mut dyn Write) -> io::Result<()> {
        let Layout { state, time, .. } = self.layout;
        let side = self.layout.side();
        let joint = |cell: &Cell, joined| if cell.time.is_some() { joined } else { self.glyphs.bar };
        let [left, right] = self.glyphs.joined;
        let mut notes = [Vec::new(), Vec::new()];
        let mut cells = [String::new(), String::new()];
        for (place, cell) in [client, server].into_iter().enumerate() {
            // Where there is no time, the text has its space.
            let space = if cell.time.is_some() { state } else { side.saturating_sub(1) };
            let fits = width(&cell.text) <= space;
            if !fits && cell.is_important {
                notes[place].push(cell.text.clone());
            }
            let text = if fits || !cell.is_important { cut(&cell.text, space) } else { String::new() };
            let pad = " ".repeat(space - width(&text));
            let text = self.important(cell.is_important, &text);
            let clock = cell.time.map(clock).filter(|_| time > 0);
            cells[place] = match (place, clock) {
                (0, Some(clock)) if state > 0 => format!("{text}{pad} {clock:>time$} "),
                (0, Some(clock)) => format!("{clock:>time$} "),
                (0, None) => format!("{pad}{text}{}", " ".repeat(side - space)),
                (_, Some(clock)) if state > 0 => format!(" {clock:<time$} {text}"),
                (_, Some(clock)) => format!(" {clock}"),
                (_, None) => format!(" {text}"),
            };
            notes[place].extend(cell.notes.iter().cloned());
        }
        let [before, after] = &cells;
        let line = format!("{before}{}{arrow}{}{after}", joint(client, left), joint(server, right));
        writeln!(out, "{}", line.trim_end())?;
        let [of_client, of_server] = &notes;
        of_client.iter().try_for_each(|note| self.note(Side::Client, self.glyphs.bar, note, out))?;
        of_server.iter().try_for_each(|note| self.note(Side::Server, self.glyphs.bar, note, out))
    }

    /// Writes a note of one end, beside its line or between the lines.
    fn note(&self, end: Side, bar: char, note: &str, out: &mut dyn Write) -> io::Result<()> {
        let (side, arrow) = (self.layout.side(), self.layout.arrow);
        let is_beside = side >= READABLE;
        let space = if is_beside { side - 1 } else { arrow - 2 };
        for part in parts(note, space) {
            let pad = " ".repeat(space - width(&part));
            let part = self.important(true, &part);
            let line = match (end, is_beside) {
                (Side::Client, true) => format!("{pad}{part} {bar}{:arrow$}{bar}", ""),
                (Side::Server, true) => format!("{:side$}{bar}{:arrow$}{bar} {part}", "", ""),
                (Side::Client, false) => format!("{:side$}{bar} {part}{pad} {bar}", ""),
                (Side::Server, false) => format!("{:side$}{bar} {pad}{part} {bar}", ""),
            };
            writeln!(out, "{line}")?;
        }
        Ok(())
    }

    /// Writes a line between packets.
    fn between(&self, text: &str, beside: &str, out: &mut dyn Write) -> io::Result<()> {
        let (side, arrow, dots) = (self.layout.side(), self.layout.arrow, self.glyphs.dots);
        let text = cut(text, arrow - 1);
        let pad = " ".repeat(arrow - 1 - width(&text));
        let beside = if side >= READABLE { beside } else { "" };
        writeln!(out, "{}", format!("{:side$}{dots} {text}{pad}{dots} {beside}", "").trim_end())
    }

    /// Writes that the transfer failed at one end.
    fn failure(&self, end: Side, reason: &str, out: &mut dyn Write) -> io::Result<()> {
        let line = format!("{}: failed: {reason}", end.name());
        parts(&line, self.columns).into_iter().try_for_each(|part| writeln!(out, "{part}"))
    }

    fn important(&self, is_important: bool, text: &str) -> String {
        if is_important && !text.is_empty() { (self.paint)(Tint::Notice, text) } else { text.to_owned() }
    }
}

impl View for BothLadder {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        match &annotated.kind {
            Annotation::Packet(packet) => self.packet(annotated, packet, out),
            Annotation::Delivered { after, packet } => {
                let to_server = annotated.side == Side::Server;
                let block = packet.block.map(|block| format!(" {block}")).unwrap_or_default();
                let label = format!("{}{block} after {} ms", packet.kind.name(), after.as_millis());
                let arrow = Arrow { label: &label, tint: tint(packet.kind), to_server, reach: Reach::Inside };
                let arrow = self.glyphs.arrow(arrow, self.layout.arrow, self.paint);
                let (here, there) = (self.cell(annotated, packet), Cell::default());
                let (client, server) = if to_server { (there, here) } else { (here, there) };
                self.line(&client, &arrow, &server, out)
            }
            Annotation::Timer { after, .. } => {
                let end = annotated.side.name();
                let note = format!("{:.2} s: the {end}'s timer", after.as_secs_f64());
                let note = if width(&note) < self.layout.side() { note } else { note.replacen("the ", "", 1) };
                self.note(annotated.side, self.glyphs.dots, &note, out)
            }
            Annotation::End(summary) => {
                if annotated.side == Side::Server {
                    self.serving = self.serving.saturating_sub(1);
                }
                if annotated.side == Side::Client || self.serving == 0 {
                    self.ended.push(annotated.side);
                }
                match &summary.outcome {
                    Outcome::Failed(_) if self.failed.contains(&annotated.side) => Ok(()),
                    Outcome::Failed(reason) => self.failure(annotated.side, reason, out),
                    Outcome::Complete => Ok(()),
                }
            }
            Annotation::Begin { .. } => {
                self.serving = if annotated.side == Side::Server { self.serving + 1 } else { 0 };
                Ok(())
            }
            Annotation::Choice { .. } | Annotation::Late(_) => Ok(()),
        }
    }

    fn hidden(&self, run: &Run) -> Option<String> {
        let mut line = Vec::new();
        // A vector takes all bytes.
        self.between(&run.within(self.layout.arrow - 2), &size(run.bytes), &mut line).ok()?;
        Some(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

/// Says that a packet was sent again, in `space` columns.
fn again(state: &str, space: usize) -> String {
    let whole = format!("{state} again");
    if whole.len() <= space { whole } else { "again".to_owned() }
}

/// Names the cause of a loss; `sender` is the end that lost it, where the other end says so.
fn lost(packet: &AnnotatedPacket<'_>, sender: Option<Side>) -> String {
    match (packet.faults.iter().rfind(|hit| hit.action == Action::Drop), sender) {
        (Some(hit), Some(sender)) => format!("lost: {} rule {}", sender.name(), hit.rule),
        (Some(hit), None) => format!("lost: rule {}", hit.rule),
        (None, _) if packet.flags.contains(Flag::Lost) => "lost: network".to_owned(),
        (None, _) => "not read".to_owned(),
    }
}

/// Formats a time in milliseconds, after ten seconds in seconds.
fn clock(t: Duration) -> String {
    let seconds = t.as_secs_f64();
    if seconds < 10.0 { format!("{:.1} ms", seconds * 1000.0) } else { format!("{seconds:.2} s") }
}
