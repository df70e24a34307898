use std::collections::HashSet;
use std::io::{self, Write};
use std::time::Duration;

use super::elide::Run;
use super::fields::fields;
use super::figures::{delivered, failure, flag, millis, tint};
use super::fold::fold;
use super::silences::{Line, Silences};
use super::{Paint, Tint, View};
use crate::analysis::{Annotated, AnnotatedPacket, Annotation, Choice, Kind, Reason, State};
use crate::event::{Direction, Side};
use crate::units::size;

/// How much of each packet is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// The packet and the reason.
    Short,
    /// Every field of the first packet of each kind; of the others, the packet and the reason.
    #[default]
    First,
    /// Every field of every packet.
    Full,
}

/// The view of packets in words: kind, fields, what they answer, and why.
#[derive(Debug)]
pub struct Explain {
    detail: Detail,
    paint: Paint,
    xfer: Option<u32>,
    known: HashSet<Kind>,
    last: State,
    silences: Silences,
    /// The width at which lines are folded.
    columns: Option<usize>,
    /// Each line names its end.
    both: bool,
}

impl Explain {
    /// Creates a view with this much detail.
    pub fn new(detail: Detail, paint: Paint) -> Self {
        let (known, silences) = (HashSet::new(), Silences::default());
        Self { detail, paint, xfer: None, known, last: State::Idle, silences, columns: None, both: false }
    }

    /// Folds long lines for a screen of this many columns.
    pub fn folded(self, columns: Option<usize>) -> Self {
        Self { columns, ..self }
    }

    /// Names the end that each packet leaves and the end that it reaches.
    pub fn of_both_ends(self) -> Self {
        Self { both: true, ..self }
    }

    fn packet(
        &mut self,
        annotated: &Annotated<'_>,
        packet: &AnnotatedPacket<'_>,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        self.last = packet.after;
        // Any opcode is possible; a peer must not make us remember them all.
        let is_new = !matches!(packet.kind, Kind::Known(_)) || self.known.insert(packet.kind);
        let full = match self.detail {
            Detail::Short => false,
            Detail::First => is_new,
            Detail::Full => true,
        };
        writeln!(out, "{}", self.headline(annotated, packet))?;
        if full {
            for line in details(packet, self.columns) {
                writeln!(out, "{}", fold(&line, self.columns, 17))?;
            }
        }
        self.causes(packet, out)?;
        let arrival = annotated.arrival.as_deref();
        arrival.map_or(Ok(()), |arrival| self.arrival(arrival, arrival.t.saturating_sub(annotated.t), out))
    }

    /// Writes why a packet is as it is.
    fn causes(&self, packet: &AnnotatedPacket<'_>, out: &mut dyn Write) -> io::Result<()> {
        for hit in &packet.faults {
            let line = format!("      fault: {hit}");
            writeln!(out, "{}", fold(&line, self.columns, 13))?;
        }
        let why = format!("      why:   {}", reason(&packet.why));
        writeln!(out, "{}", fold(&why, self.columns, 13))
    }

    /// Writes what a packet means to the other end, where it arrived after some time.
    fn arrival(&self, annotated: &Annotated<'_>, after: Duration, out: &mut dyn Write) -> io::Result<()> {
        let Some(packet) = annotated.packet() else { return Ok(()) };
        let line = format!("{}  received {} ms later", self.place(annotated, packet), millis(after));
        writeln!(out, "{}", self.with_flags(line, 0, packet))?;
        self.causes(packet, out)
    }

    /// Names the packet at its end, and the time.
    fn place(&self, annotated: &Annotated<'_>, packet: &AnnotatedPacket<'_>) -> String {
        let (n, t) = (format!("#{}", packet.n), annotated.t.as_secs_f64());
        let end = if self.both { format!("{} ", annotated.side.name()) } else { String::new() };
        format!("{end}{n:<4}{t:>9.4} s")
    }

    fn headline(&self, annotated: &Annotated<'_>, packet: &AnnotatedPacket<'_>) -> String {
        let (place, gap) = (self.place(annotated, packet), packet.gap.as_secs_f64());
        let (way, arrow) = (packet.direction.name(), if packet.direction == Direction::Sent { "-->" } else { "<--" });
        let kind = (self.paint)(tint(packet.kind), packet.kind.name());
        let pad = " ".repeat(6_usize.saturating_sub(packet.kind.name().len()));
        let (local, peer, length) = (packet.local.port(), packet.peer.port(), packet.wire().1);
        let line = format!("{place}  +{gap:.4}  {way:<8} {kind}{pad}:{local} {arrow} :{peer}  {length} bytes");
        // Colours take no space on a screen.
        let colour = kind.chars().count() - packet.kind.name().len();
        self.with_flags(line, colour, packet)
    }

    /// Folds a line, of which so many characters are colour, and adds the flags of the packet.
    fn with_flags(&self, line: String, colour: usize, packet: &AnnotatedPacket<'_>) -> String {
        let width = line.chars().count() - colour;
        let line = fold(&line, self.columns.map(|columns| columns + colour), 6);
        if packet.flags.is_empty() {
            return line;
        }
        let flags: Vec<_> = packet.flags.iter().map(|it| flag(packet, it)).collect();
        let flags = format!("[{}]", flags.join(", "));
        let fits = self.columns.is_none_or(|columns| width + 2 + flags.len() <= columns);
        let gap = if fits { "  " } else { "\n      " };
        format!("{line}{gap}{}", (self.paint)(Tint::Notice, &flags))
    }

    /// Writes a line that is not about a packet.
    fn line(&self, side: Side, t: Duration, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let end = if self.both { format!("{}: ", side.name()) } else { String::new() };
        let line = format!("{:>13.4} s  {end}{text}", t.as_secs_f64());
        writeln!(out, "{}", fold(&line, self.columns, 17))
    }
}

impl View for Explain {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        if self.xfer != Some(annotated.xfer) {
            if self.xfer.replace(annotated.xfer).is_some() {
                writeln!(out)?;
            }
            self.known.clear();
            self.last = State::Idle;
            self.silences = Silences::default();
        }
        for Line { side, t, mut text, more } in self.silences.before(annotated) {
            if let Some(more) = more {
                text.push_str(&format!("; {more}  [RFC 1123 s4.2.3.2]"));
            }
            self.line(side, t, &text, out)?;
        }
        let (side, t) = (annotated.side, annotated.t);
        match &annotated.kind {
            Annotation::Packet(packet) => self.packet(annotated, packet, out),
            Annotation::Delivered { after, packet } => {
                self.last = packet.after;
                self.line(side, t, &format!("{}. {}", delivered(*after, packet), reason(&packet.why)), out)
            }
            Annotation::Choice { choice: Choice::Fallback | Choice::Window, why }
            | Annotation::Choice { why: why @ Reason::TidSame { .. }, .. } => self.line(side, t, &reason(why), out),
            Annotation::End(summary) => {
                failure(summary, self.last).map_or(Ok(()), |failure| self.line(side, t, &failure, out))
            }
            // The packets show these.
            Annotation::Begin { .. } | Annotation::Choice { .. } | Annotation::Timer { .. } | Annotation::Late(_) => {
                Ok(())
            }
        }
    }

    fn hidden(&self, run: &Run) -> Option<String> {
        let line = format!("       ... {run}, {}", size(run.bytes));
        let fits = |rtt: &String| self.columns.is_none_or(|columns| line.len() + rtt.len() <= columns);
        let rtt = run.rtt().filter(fits).unwrap_or_default();
        Some(line + &rtt)
    }
}

/// Lists the fields, what is answered, and the state.
fn details(packet: &AnnotatedPacket<'_>, columns: Option<usize>) -> Vec<String> {
    let mut lines = fields(packet, columns);
    lines.extend(packet.answers.map(|n| match packet.rtt {
        Some(rtt) => format!("      answers #{n} after {} ms", millis(rtt)),
        None => format!("      answers #{n}"),
    }));
    lines.push(match (packet.before, packet.after) {
        (before, after) if before == after => format!("      state: {before} (no change)"),
        (before, after) => format!("      state: {before} -> {after}"),
    });
    lines
}

/// Formats the reason and its source.
pub(super) fn reason(why: &Reason) -> String {
    match why.source() {
        "" => why.to_string(),
        source => format!("{why}  [{source}]"),
    }
}
