use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::Duration;

use super::View;
use super::elide::Run;
use crate::analysis::{Annotated, AnnotatedPacket, Annotation, Flag, Reason};
use crate::event::Direction;

/// How long a packet may be on its way: after that it is lost.
const PATIENCE: Duration = Duration::from_millis(250);

/// A view of both ends, which gets each packet once: [with its arrival](Annotated::arrival), if it arrived.
///
/// Records come in the order of time from both ends. A packet that leaves waits for its arrival, and so do the records
/// after it. A packet that arrives but never left, such as a copy made by a fault rule on reception, comes alone.
#[derive(Debug)]
pub struct Paired<V> {
    view: V,
    /// Records on their way to the view, in order; the first one waits for its arrival.
    rows: VecDeque<Row>,
}

#[derive(Debug)]
struct Row {
    annotated: Annotated<'static>,
    /// Nothing more is expected.
    complete: bool,
}

impl<V: View> Paired<V> {
    /// Pairs the packets for `view`.
    pub fn new(view: V) -> Self {
        Self { view, rows: VecDeque::new() }
    }

    /// Adds the arrival to the packet that left; returns it if there is none.
    fn pair(&mut self, arrival: Annotated<'static>) -> Option<Annotated<'static>> {
        let Annotation::Packet(arrived) = &arrival.kind else { return Some(arrival) };
        let is_of_same_flow = |row: &Row| {
            row.annotated.side != arrival.side && row.annotated.packet().is_some_and(|left| is_flow(left, arrived))
        };
        let is_it = |row: &Row| {
            !row.complete && is_of_same_flow(row) && row.annotated.packet().is_some_and(|left| is_same(left, arrived))
        };
        let Some(place) = self.rows.iter().position(is_it) else { return Some(arrival) };
        // Packets between two sockets do not overtake each other here, so those before it are lost.
        for row in self.rows.iter_mut().take(place) {
            if !row.complete && is_of_same_flow(row) {
                row.lose();
            }
        }
        if let Some(row) = self.rows.get_mut(place) {
            row.annotated.arrival = Some(Box::new(arrival));
            row.complete = true;
        }
        None
    }

    fn write_complete(&mut self, out: &mut dyn Write) -> io::Result<()> {
        while self.rows.front().is_some_and(|row| row.complete) {
            if let Some(row) = self.rows.pop_front() {
                self.view.render(&row.annotated, out)?;
            }
        }
        Ok(())
    }
}

impl<V: View> View for Paired<V> {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        for row in self.rows.iter_mut().filter(|row| !row.complete) {
            if annotated.t.saturating_sub(row.annotated.t) > PATIENCE {
                row.lose();
            }
        }
        let packet = annotated.packet();
        let is_received = packet.is_some_and(|it| it.direction == Direction::Received);
        let is_copy = packet.is_some_and(|it| it.flags.contains(Flag::Copy));
        let alone = if is_received && !is_copy { self.pair(annotated.kept()) } else { Some(annotated.kept()) };
        if let Some(annotated) = alone {
            let complete = !annotated.packet().is_some_and(may_arrive);
            self.rows.push_back(Row { annotated, complete });
        }
        self.write_complete(out)
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        // They may still be on their way.
        self.rows.iter_mut().for_each(|row| row.complete = true);
        self.write_complete(out)?;
        self.view.finish(out)
    }

    fn hidden(&self, run: &Run) -> Option<String> {
        self.view.hidden(run)
    }
}

impl Row {
    /// Gives the packet up: it never arrived, or went to a stranger, whose end has no records here.
    fn lose(&mut self) {
        self.complete = true;
        if let Annotation::Packet(packet) = &mut self.annotated.kind
            && !packet.flags.contains(Flag::ToStranger)
        {
            packet.flags.insert(Flag::Lost);
            packet.why = Reason::Lost { rule: None };
        }
    }
}

/// Whether a packet leaves for the other end. A stranger may be there too: an earlier transfer of the server.
fn may_arrive(packet: &AnnotatedPacket<'_>) -> bool {
    packet.direction == Direction::Sent && !packet.flags.contains(Flag::Lost)
}

/// Whether both packets go from the same port to the same port. A request may reach a transfer that has another port.
fn is_flow(left: &AnnotatedPacket<'_>, arrived: &AnnotatedPacket<'_>) -> bool {
    left.local.port() == arrived.peer.port() && (left.is_request() || left.peer.port() == arrived.local.port())
}

/// Whether the bytes at both sockets are the same, as far as they are kept.
fn is_same(left: &AnnotatedPacket<'_>, arrived: &AnnotatedPacket<'_>) -> bool {
    let ((left, left_length), (arrived, arrived_length)) = (left.wire(), arrived.wire());
    left_length == arrived_length && left.iter().zip(arrived).all(|(left, arrived)| left == arrived)
}
