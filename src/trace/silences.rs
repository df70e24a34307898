use std::time::Duration;

use super::figures::name;
use crate::analysis::{Annotated, AnnotatedPacket, Annotation, Flag, Kind, Owner, Silence};
use crate::event::{Direction, Side};
use crate::wire::Opcode;

/// The lines of text views about silences: who ended each.
///
/// A timer has its line when its packet is sent again, so that the line can name it. If no packet follows, the transfer is
/// still waiting.
#[derive(Debug, Default)]
pub(super) struct Silences {
    /// The timers that expired and sent no packet yet, one for each end at most.
    timers: Vec<Timer>,
}

/// A timer that expired, and no packet was sent yet.
#[derive(Debug)]
struct Timer {
    side: Side,
    t: Duration,
    after: Duration,
    left: Option<Duration>,
    awaited: String,
}

/// A line about a silence.
pub(super) struct Line {
    /// The end that it is about.
    pub(super) side: Side,
    /// When it ended.
    pub(super) t: Duration,
    /// `1.00 s: the server's timer, DATA 2 again`
    pub(super) text: String,
    /// What an expired timer of this side waited for, and what is left: `no DATA 2 came, 24 s left`.
    pub(super) more: Option<String>,
}

impl Silences {
    /// Returns the lines that go before a record.
    pub(super) fn before(&mut self, annotated: &Annotated<'_>) -> Vec<Line> {
        let side = annotated.side;
        let (t, packet) = match &annotated.kind {
            Annotation::Timer { after, left, awaited, .. } => {
                let before = self.take(side);
                let (after, left, awaited) = (*after, *left, awaited.clone());
                self.timers.push(Timer { side, t: annotated.t, after, left, awaited });
                return before.into_iter().map(Timer::line).collect();
            }
            Annotation::Packet(packet) | Annotation::Delivered { packet, .. } => (annotated.t, Some(packet)),
            Annotation::End(_) => (annotated.t, None),
            Annotation::Begin { .. } | Annotation::Choice { .. } | Annotation::Late(_) => return Vec::new(),
        };
        let timer = self.take(side);
        let Some(Silence { length, owner }) = annotated.silence else {
            return timer.into_iter().map(Timer::line).collect();
        };
        let text = format!("{:.2} s: {}", length.as_secs_f64(), cause(owner, side, packet));
        if owner == Owner::Timer(side) {
            let more = timer.map(|timer| format!("no {} came{}", timer.awaited, timer.left()));
            return vec![Line { side, t, text, more }];
        }
        timer.map(Timer::line).into_iter().chain([Line { side, t, text, more: None }]).collect()
    }

    fn take(&mut self, side: Side) -> Option<Timer> {
        let place = self.timers.iter().position(|timer| timer.side == side)?;
        Some(self.timers.swap_remove(place))
    }
}

impl Timer {
    fn line(self) -> Line {
        let text = format!("{:.2} s: still waiting{}", self.after.as_secs_f64(), self.left());
        Line { side: self.side, t: self.t, text, more: None }
    }

    fn left(&self) -> String {
        self.left.map(|left| format!(", {:.0} s left", left.as_secs_f64())).unwrap_or_default()
    }
}

/// Says who ended a silence, and with what.
fn cause(owner: Owner, side: Side, packet: Option<&AnnotatedPacket<'_>>) -> String {
    let peer = side.sender(Direction::Received).name();
    let packet_name = packet.map(name).unwrap_or_default();
    let is_repeated = |packet: &AnnotatedPacket<'_>| packet.flags.contains(Flag::Rexmt);
    let is_error = |packet: &AnnotatedPacket<'_>| packet.kind == Kind::Known(Opcode::Error);
    match owner {
        Owner::Timer(of) if of != side => format!("the {peer}'s timer, {packet_name} again"),
        Owner::Timer(_) if packet.is_some_and(is_repeated) => format!("our timer (rexmt), {packet_name} again"),
        Owner::Timer(_) => format!("our timer (rexmt), {packet_name}"),
        Owner::Timeout(_) => "our time is over (timeout)".to_owned(),
        Owner::Side(of) if of != side => format!("waiting for the {peer}"),
        Owner::Side(_) if packet.is_none_or(is_error) => "this side ends the transfer".to_owned(),
        Owner::Side(_) => "this side was busy".to_owned(),
        Owner::Rule(rule) => format!("rule {rule} held {packet_name}"),
    }
}
