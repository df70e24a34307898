use std::collections::VecDeque;
use std::fmt::{self, Display, Formatter};
use std::io::{self, Write};
use std::time::Duration;

use super::View;
use super::figures::millis;
use crate::analysis::{Annotated, AnnotatedPacket, Annotation};
use crate::event::Side;
use crate::transfer::RttStats;
use crate::units::{plural, thousands};

/// How many ordinary pairs of DATA and ACK are shown at each end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// This many; the packets between become one line.
    Pairs(u32),
    /// All of them.
    All,
}

impl Default for Limit {
    fn default() -> Self {
        Self::Pairs(3)
    }
}

/// The interval at which a growing count is drawn again.
const REDRAW: Duration = Duration::from_millis(100);

/// A run of ordinary packets that are not shown.
#[derive(Debug, Default)]
pub struct Run {
    blocks: u64,
    first: u64,
    last: u64,
    pub(super) bytes: u64,
    rtt: RttStats,
}

impl Run {
    /// Adds a packet; of one that both ends have seen, what the client has seen.
    fn add(&mut self, annotated: &Annotated<'_>) {
        let arrival = annotated.arrival.as_deref().filter(|arrival| arrival.side == Side::Client);
        let Some(packet) = arrival.unwrap_or(annotated).packet() else { return };
        if self.first == 0 {
            self.first = packet.n;
        }
        self.last = packet.n;
        if let Some(length) = packet.data_length() {
            self.blocks += 1;
            self.bytes += length as u64;
        }
        if let Some(rtt) = packet.rtt {
            self.rtt.count(rtt);
        }
    }

    fn is_empty(&self) -> bool {
        self.first == 0
    }

    /// Describes the run in `space` columns, as far as that is possible.
    pub(super) fn within(&self, space: usize) -> String {
        let packets = format!("#{}-#{}", self.first, self.last);
        let brief = format!("{} as expected ({packets})", thousands(self.blocks));
        let texts = [self.to_string(), brief, format!("{packets} as expected")];
        texts.into_iter().find(|text| text.len() <= space).unwrap_or(packets)
    }

    /// Formats the round trips, shortest, median and longest, as a further part of a line.
    pub(super) fn rtt(&self) -> Option<String> {
        let [least, median, most] = self.rtt.value()?.map(millis);
        Some(format!(", rtt {least}/{median}/{most} ms"))
    }
}

impl Display for Run {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let blocks = plural(self.blocks, "block");
        write!(f, "{} {blocks} as expected (#{}-#{})", thousands(self.blocks), self.first, self.last)
    }
}

/// A view in which each long run of ordinary DATA and ACK becomes one line. Packets out of the ordinary are always shown,
/// with the packets right before them.
#[derive(Debug)]
pub struct Elided<V> {
    view: V,
    /// Packets shown at each end.
    most: usize,
    /// Columns of the terminal, if the line of a run is drawn while it grows.
    in_place: Option<usize>,
    /// Packets shown since the run began.
    shown: usize,
    run: Run,
    /// The packets that may be the end of the run.
    held: VecDeque<Annotated<'static>>,
    drawn: Option<Duration>,
}

impl<V: View> Elided<V> {
    /// Shortens `view`; on a terminal of `in_place` columns, the line of a run counts up while the run lasts.
    pub fn new(view: V, limit: Limit, in_place: Option<usize>) -> Self {
        let most = match limit {
            Limit::All => usize::MAX,
            Limit::Pairs(pairs) => usize::try_from(pairs).unwrap_or(usize::MAX).saturating_mul(2),
        };
        Self { view, most, in_place, shown: 0, run: Run::default(), held: VecDeque::new(), drawn: None }
    }

    fn ordinary(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        if self.shown < self.most {
            self.shown += 1;
            return self.view.render(annotated, out);
        }
        self.held.push_back(annotated.kept());
        if self.held.len() > self.most
            && let Some(annotated) = self.held.pop_front()
        {
            self.run.add(&annotated);
            self.draw(annotated.t, out)?;
        }
        Ok(())
    }

    fn draw(&mut self, now: Duration, out: &mut dyn Write) -> io::Result<()> {
        let Some(columns) = self.in_place else { return Ok(()) };
        if self.drawn.is_some_and(|drawn| now.saturating_sub(drawn) < REDRAW) {
            return Ok(());
        }
        self.drawn = Some(now);
        if let Some(line) = self.view.hidden(&self.run) {
            // A line that wraps cannot be drawn again.
            let width = columns.saturating_sub(1);
            write!(out, "\r{line:<width$.width$}")?;
            out.flush()?;
        }
        Ok(())
    }

    /// Ends the run: writes its line and the packets at its end.
    fn close(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.shown = 0;
        // The packets at the end begin with a block, not with the ACK of a hidden one.
        if !self.run.is_empty()
            && let Some(ack) = self.held.front()
            && ack.packet().is_some_and(|packet| packet.data_length().is_none())
        {
            self.run.add(ack);
            self.held.pop_front();
        }
        let run = std::mem::take(&mut self.run);
        if !run.is_empty()
            && let Some(line) = self.view.hidden(&run)
        {
            match self.in_place.filter(|_| self.drawn.take().is_some()) {
                // The line may be shorter than the last one drawn.
                Some(columns) => writeln!(out, "\r{line:<width$}", width = columns.saturating_sub(1))?,
                None => writeln!(out, "{line}")?,
            }
        }
        for annotated in std::mem::take(&mut self.held) {
            self.view.render(&annotated, out)?;
        }
        Ok(())
    }
}

impl<V: View> View for Elided<V> {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        match &annotated.kind {
            Annotation::Packet(packet) if is_ordinary(annotated, packet) => self.ordinary(annotated, out),
            // Packets show these too.
            Annotation::Choice { .. } => self.view.render(annotated, out),
            _ => {
                self.close(out)?;
                self.view.render(annotated, out)
            }
        }
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.close(out)?;
        self.view.finish(out)
    }
}

/// Whether a packet is ordinary at each end that has seen it.
fn is_ordinary(annotated: &Annotated<'_>, packet: &AnnotatedPacket<'_>) -> bool {
    let arrived = annotated.arrival.as_deref().is_none_or(|it| it.packet().is_some_and(AnnotatedPacket::is_ordinary));
    packet.is_ordinary() && annotated.silence.is_none() && arrived
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_hidden_block_is_no_plural() {
        let run = Run { blocks: 1, first: 10, last: 11, ..Run::default() };
        assert_eq!(run.to_string(), "1 block as expected (#10-#11)");
    }
}
