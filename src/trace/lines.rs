use std::io::{self, Write};

use super::View;
use super::figures::words;
use crate::analysis::{Annotated, Annotation, Flag};
use crate::event::Direction;
use crate::wire::Malformed;

/// The lines of the [`Classic`](super::Classic) trace, made from what the analysis kept: to see a transfer again as BSD
/// would have shown it.
#[derive(Debug, Default)]
pub struct Lines;

impl Lines {
    /// Holds nothing.
    pub fn new() -> Self {
        Self
    }
}

impl View for Lines {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        let Annotation::Packet(packet) = &annotated.kind else { return Ok(()) };
        let way = match packet.direction {
            Direction::Sent => "sent",
            // A fault took it on the way here, so this side never saw it.
            Direction::Received if packet.flags.contains(Flag::Lost) => return Ok(()),
            Direction::Received => "received",
        };
        let words = words(packet).unwrap_or_else(|reason| match reason {
            Malformed::UnknownOpcode(opcode) => format!("opcode={opcode}"),
            _ => format!("malformed packet: {reason}, {} bytes", packet.length),
        });
        writeln!(out, "{way} {words}")
    }
}
