use std::io::{self, Write};

use super::figures::words;
use super::{FailSoftWriter, View};
use crate::analysis::{Annotated, Annotation, Flag};
use crate::event::{Direction, Observer, Record, RecordKind};
use crate::transfer::Event;
use crate::wire::{BlockSize, Malformed, Packet, RequestKind};

/// The trace of BSD's tftp, one line for each packet: `sent RRQ <file=fw.bin, mode=octet>`.
///
/// It prints packets only, and every packet, except the final ACK of a get on request. After a write error it writes
/// nothing more.
pub struct Classic<W> {
    writer: FailSoftWriter<W>,
    omit_final_ack: bool,
    ending: Ending,
}

/// What distinguishes the final ACK of a get from the others.
#[derive(Default)]
struct Ending {
    reading: bool,
    blksize: BlockSize,
    /// Number of the block that was shorter than agreed.
    last: Option<u16>,
}

impl<W: Write> Classic<W> {
    /// Creates a trace to `writer`.
    pub fn new(writer: W) -> Self {
        Self { writer: FailSoftWriter::new(writer), omit_final_ack: false, ending: Ending::default() }
    }

    /// Omits the final ACK of a get, as BSD's tftp does.
    pub fn omit_final_ack(self, omit: bool) -> Self {
        Self { omit_final_ack: omit, ..self }
    }

    /// Flushes the writer.
    pub fn flush(&mut self) {
        self.writer.flush();
    }

    /// Returns the writer.
    pub fn into_inner(self) -> W {
        self.writer.writer
    }

    fn packet(&mut self, direction: Direction, datagram: &[u8]) {
        let packet = Packet::parse(datagram);
        let is_final_ack = packet.as_ref().is_ok_and(|packet| self.ending.follow(direction, packet));
        if !(is_final_ack && self.omit_final_ack) {
            self.writer.write(&line(direction, packet, datagram.len()));
        }
    }
}

impl Ending {
    /// Follows a packet and returns whether it is the final ACK of a get.
    fn follow(&mut self, direction: Direction, packet: &Packet<'_>) -> bool {
        match (direction, packet) {
            (Direction::Sent, Packet::Request(request)) => self.reading = request.kind == RequestKind::Read,
            (Direction::Received, Packet::Data { block, data }) if data.len() < self.blksize.get().into() => {
                self.last = Some(*block);
            }
            (Direction::Sent, Packet::Ack { block }) => return self.reading && self.last == Some(*block),
            _ => {}
        }
        false
    }
}

impl<W: Write> Observer for Classic<W> {
    fn observe(&mut self, record: &Record<'_>) {
        match record.kind {
            RecordKind::Begin(_) => self.ending = Ending::default(),
            // A fault dropped it on the way here, so this side never saw it.
            RecordKind::Packet(packet) if packet.direction == Direction::Received && packet.fate.lost => {}
            RecordKind::Packet(packet) => self.packet(packet.direction, packet.wire()),
            RecordKind::Machine(Event::Agreed(terms)) => self.ending.blksize = terms.blksize,
            RecordKind::Machine(_)
            | RecordKind::Earlier(_)
            | RecordKind::Delivered(_)
            | RecordKind::Digest(_)
            | RecordKind::Costs(_) => {}
            RecordKind::End(_) | RecordKind::Late => self.writer.flush(),
        }
    }
}

/// The lines of the [`Classic`] trace of a kept transfer, for `trace again`.
#[derive(Debug)]
pub struct Lines;

impl View for Lines {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        match &annotated.kind {
            Annotation::Packet(packet) if packet.direction == Direction::Sent || !packet.flags.contains(Flag::Lost) => {
                out.write_all(line(packet.direction, packet.parse(), packet.length).as_bytes())
            }
            _ => Ok(()),
        }
    }
}

/// The line for a packet; `length` is that of the whole packet, whose data may be cut.
fn line(direction: Direction, packet: Result<Packet<'_>, Malformed>, length: usize) -> String {
    match packet {
        Ok(packet) => format!("{direction} {}\n", words(&packet, length)),
        Err(Malformed::UnknownOpcode(opcode)) => format!("{direction} opcode={opcode}\n"),
        Err(reason) => format!("{direction} malformed packet: {reason}, {length} bytes\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    use crate::event::{Begin, Crossing};
    use crate::wire::{ErrorCode, Terms, emit_ack, emit_data_header, emit_error};

    fn observe(classic: &mut Classic<impl Write>, kind: RecordKind<'_>) {
        let local = "127.0.0.1:50617".parse().unwrap();
        classic.observe(&Record { at: Instant::now(), transfer: 1, local, kind });
    }

    fn packet(direction: Direction, datagram: &[u8]) -> RecordKind<'_> {
        RecordKind::Packet(Crossing::new(direction, "127.0.0.1:40001".parse().unwrap(), datagram))
    }

    fn data(block: u16, length: usize) -> Vec<u8> {
        [&emit_data_header(block)[..], &vec![b'x'; length]].concat()
    }

    fn lines(classic: Classic<Vec<u8>>) -> Vec<String> {
        String::from_utf8(classic.into_inner()).unwrap().lines().map(str::to_owned).collect()
    }

    /// A get of 600 bytes, as BSD's trace shows it.
    fn get(classic: &mut Classic<Vec<u8>>) {
        observe(classic, RecordKind::Begin(Begin::served("127.0.0.1:69".parse().unwrap())));
        observe(classic, packet(Direction::Sent, b"\0\x01fw.bin\0octet\0"));
        observe(classic, packet(Direction::Received, &data(1, 512)));
        observe(classic, RecordKind::Machine(&Event::Agreed(Terms::default())));
        observe(classic, packet(Direction::Sent, &emit_ack(1)));
        observe(classic, packet(Direction::Received, &data(2, 88)));
        observe(classic, packet(Direction::Sent, &emit_ack(2)));
    }

    #[test]
    fn every_packet_is_a_line() {
        let mut classic = Classic::new(Vec::new());
        get(&mut classic);
        assert_eq!(
            lines(classic),
            [
                "sent RRQ <file=fw.bin, mode=octet>",
                "received DATA <block=1, 512 bytes>",
                "sent ACK <block=1>",
                "received DATA <block=2, 88 bytes>",
                "sent ACK <block=2>",
            ]
        );
    }

    #[test]
    fn the_final_ack_of_a_get_can_be_left_out_as_bsd_does() {
        let mut classic = Classic::new(Vec::new()).omit_final_ack(true);
        get(&mut classic);
        get(&mut classic);
        let lines = lines(classic);
        assert_eq!(lines.iter().filter(|line| *line == "sent ACK <block=1>").count(), 2);
        assert_eq!(lines.iter().filter(|line| *line == "sent ACK <block=2>").count(), 0);
    }

    #[test]
    fn a_malformed_packet_is_reported_as_such() {
        let mut classic = Classic::new(Vec::new());
        observe(&mut classic, packet(Direction::Received, b"\0\x09abc"));
        observe(&mut classic, packet(Direction::Received, b"\0\x03\0"));
        observe(&mut classic, packet(Direction::Received, b""));
        assert_eq!(
            lines(classic),
            [
                "received opcode=9",
                "received malformed packet: 3 bytes are too short: 4 at least, 3 bytes",
                "received malformed packet: 0 bytes are too short: 2 at least, 0 bytes",
            ]
        );
    }

    #[test]
    fn text_from_the_network_cannot_steer_the_terminal() {
        let mut classic = Classic::new(Vec::new());
        observe(&mut classic, packet(Direction::Received, &emit_error(ErrorCode(1), b"\x1b[2Jgone\n")));
        assert_eq!(lines(classic), ["received ERROR <code=1, msg=\\x1b[2Jgone\\x0a>"]);
    }

    #[test]
    fn a_closed_pipe_ends_the_trace_and_nothing_else() {
        struct Closed(usize);
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                self.0 += 1;
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mut classic = Classic::new(Closed(0));
        observe(&mut classic, packet(Direction::Sent, &emit_ack(1)));
        observe(&mut classic, packet(Direction::Sent, &emit_ack(2)));
        assert_eq!(classic.into_inner().0, 1);
    }
}
