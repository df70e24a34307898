use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use super::ServerBug;
use crate::transfer::{Abort, Delivery, Event, Machine, Output, Receiving, Report, Sending, Stats, Unacknowledged};
use crate::wire::{DATA_HEADER, ErrorCode, Opcode, OptionList, Packet, Terms, Wrap, emit_ack, names};

/// The bytes of a header that the server counts as bytes of the block: 516 instead of 512.
const SURPLUS: usize = DATA_HEADER;

/// A server's machine with a bug, around a correct machine.
///
/// The machine inside is unaware of the bug: its input and output are changed, and a few outputs are dropped. Both sides
/// keep the law of [`transfer`](crate::transfer).
#[derive(Debug)]
pub struct BuggyServer<M> {
    machine: M,
    bug: ServerBug,
    client: SocketAddr,
    now: Instant,
    /// Bursts to send before the machine's next output.
    extra: VecDeque<Burst>,
    /// The datagrams of the last output, which it borrows.
    borrowed: Vec<u8>,
    /// The last DATA sent and the last ACK received: what the Sorcerer's Apprentice needs.
    data: Option<Burst>,
    last_ack: Option<u16>,
    /// Packets that the Apprentice sent again.
    repeated: u64,
    /// The machine resends after silence, and its output is dropped.
    mute: bool,
    /// An ACK that never came, for the machine when it waits.
    forged: Option<u16>,
}

/// Datagrams of equal length, except the last, as in [`Output::Transmit`].
#[derive(Debug, Clone)]
struct Burst {
    to: SocketAddr,
    datagrams: Vec<u8>,
    stride: usize,
}

impl<M: Machine> BuggyServer<M> {
    /// Adds the bug to a machine that is about to answer `client`.
    pub fn new(machine: M, bug: ServerBug, now: Instant, client: SocketAddr) -> Self {
        Self {
            machine,
            bug,
            client,
            now,
            extra: VecDeque::new(),
            borrowed: Vec::new(),
            data: None,
            last_ack: None,
            repeated: 0,
            mute: false,
            forged: None,
        }
    }

    /// Counts the blocks acknowledged or delivered so far.
    fn blocks(&self) -> u64 {
        self.machine.stats().blocks
    }

    /// Changes a datagram that comes in; `None` drops it.
    fn incoming(&mut self, datagram: &[u8]) -> Option<Vec<u8>> {
        let packet = Packet::parse(datagram);
        let number = match (self.bug, packet) {
            (ServerBug::FirstZero, Ok(Packet::Ack { block })) if self.data.is_some() => block.wrapping_add(1),
            (ServerBug::WrapToOne, Ok(Packet::Ack { block })) => {
                let acknowledged = self.blocks();
                Wrap::ToZero.wire(acknowledged + Wrap::ToOne.ahead(block, acknowledged))
            }
            (ServerBug::WrapToOne, Ok(Packet::Data { block, .. })) => {
                let next = self.blocks() + 1;
                if block == 0 {
                    return None;
                }
                Wrap::ToZero.wire(next + Wrap::ToOne.ahead(block, next))
            }
            (ServerBug::NoWrap, Ok(Packet::Data { block, .. }))
                if self.blocks() >= u16::MAX.into() && block != u16::MAX =>
            {
                return None;
            }
            _ => return Some(datagram.to_vec()),
        };
        let mut changed = datagram.to_vec();
        renumber(&mut changed, number);
        Some(changed)
    }

    /// Changes a datagram that is sent; `false` drops it.
    fn outgoing(&mut self, datagram: &mut Vec<u8>) -> bool {
        let terms = self.machine.terms();
        let blocks = self.blocks();
        match (self.bug, Packet::parse(datagram)) {
            (ServerBug::FirstZero, Ok(Packet::Data { block, .. })) => renumber(datagram, block.wrapping_sub(1)),
            (ServerBug::Oversize, Ok(Packet::Data { data, .. })) if data.len() == usize::from(terms.blksize.get()) => {
                datagram.extend_from_slice(&[0; SURPLUS]);
            }
            (ServerBug::NoEmpty, Ok(Packet::Data { block, data: [] })) => {
                // Such a server considers the file received when all earlier blocks are acknowledged.
                if block == Wrap::ToZero.wire(blocks + 1) {
                    self.forged = Some(block);
                }
                return false;
            }
            (ServerBug::WrapToOne, Ok(Packet::Data { block, .. })) => {
                let number = Wrap::ToOne.wire(blocks + Wrap::ToZero.ahead(block, blocks));
                renumber(datagram, number);
            }
            (ServerBug::WrapToOne, Ok(Packet::Ack { block })) => {
                let lag = u64::from(Wrap::ToZero.wire(blocks).wrapping_sub(block));
                renumber(datagram, Wrap::ToOne.wire(blocks.saturating_sub(lag)));
            }
            (ServerBug::NoWrap, Ok(Packet::Data { block, .. })) => {
                return blocks + Wrap::ToZero.ahead(block, blocks) <= u16::MAX.into();
            }
            (ServerBug::OackExtra, Ok(Packet::Oack(_))) => datagram.extend_from_slice(b"rollover\x000\0"),
            (ServerBug::OackRaise, Ok(Packet::Oack(options))) => *datagram = raised(&options),
            _ => {}
        }
        true
    }

    /// Changes a burst; `None` if nothing of it is left.
    fn distort(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> Option<Burst> {
        let mut burst = Burst { to, datagrams: Vec::with_capacity(datagrams.len()), stride: 0 };
        for datagram in datagrams.chunks(stride.max(1)) {
            let mut datagram = datagram.to_vec();
            if self.outgoing(&mut datagram) {
                burst.stride = burst.stride.max(datagram.len());
                burst.datagrams.extend_from_slice(&datagram);
            }
        }
        if burst.datagrams.starts_with(&Opcode::Data.to_wire()) {
            self.data = Some(burst.clone());
        }
        (!burst.datagrams.is_empty()).then_some(burst)
    }

    /// Returns the machine's next output, changed; a [`Burst`] instead of a transmission.
    fn next(&mut self) -> Result<Output<'static>, Burst> {
        loop {
            if let Some(burst) = self.extra.pop_front() {
                return Err(burst);
            }
            let (to, datagrams, stride) = match self.machine.poll() {
                Output::Transmit { to, datagrams, stride } => (to, datagrams.to_vec(), stride),
                Output::Event(Event::Resending { .. }) if self.bug == ServerBug::NoResend => {
                    self.mute = true;
                    continue;
                }
                Output::Wait(moment) => {
                    self.mute = false;
                    let Some(block) = self.forged.take() else { return Ok(Output::Wait(moment)) };
                    self.machine.datagram(self.now, self.client, &emit_ack(block));
                    continue;
                }
                Output::Event(event) => return Ok(Output::Event(event)),
                Output::Complete(report) => {
                    return Ok(Output::Complete(Report { stats: self.stats(), ..report }));
                }
                Output::Done => return Ok(Output::Done),
                Output::Failed(failure) => return Ok(Output::Failed(failure)),
            };
            if self.mute {
                continue;
            }
            if let Some(burst) = self.distort(to, &datagrams, stride) {
                return Err(burst);
            }
        }
    }
}

impl<M: Machine> Machine for BuggyServer<M> {
    fn datagram(&mut self, now: Instant, from: SocketAddr, datagram: &[u8]) {
        self.now = now;
        if let Some(datagram) = self.incoming(datagram) {
            self.machine.datagram(now, from, &datagram);
        }
        if let (ServerBug::Sorcerer, Ok(Packet::Ack { block })) = (self.bug, Packet::parse(datagram)) {
            let again = self.last_ack.replace(block) == Some(block);
            if let Some(burst) = self.data.clone().filter(|_| again) {
                self.repeated += burst.datagrams.len().div_ceil(burst.stride.max(1)) as u64;
                self.extra.push_back(burst);
            }
        }
    }

    fn unreachable(&mut self, now: Instant, to: SocketAddr) {
        self.now = now;
        self.machine.unreachable(now, to);
    }

    fn tick(&mut self, now: Instant) {
        self.now = now;
        self.machine.tick(now);
    }

    fn abort(&mut self, now: Instant, reason: Abort) {
        self.now = now;
        self.machine.abort(now, reason);
    }

    fn poll(&mut self) -> Output<'_> {
        match self.next() {
            Ok(output) => output,
            Err(Burst { to, datagrams, stride }) => {
                self.borrowed = datagrams;
                Output::Transmit { to, datagrams: &self.borrowed, stride }
            }
        }
    }

    fn stats(&self) -> Stats {
        let stats = self.machine.stats();
        Stats { resent: stats.resent + self.repeated, ..stats }
    }

    fn terms(&self) -> Terms {
        self.machine.terms()
    }
}

impl<M: Sending> Sending for BuggyServer<M> {
    fn space(&mut self) -> Option<&mut [u8]> {
        self.machine.space()
    }

    fn filled(&mut self, now: Instant, length: usize) {
        self.now = now;
        self.machine.filled(now, length);
    }

    fn unacknowledged(&self) -> Unacknowledged {
        self.machine.unacknowledged()
    }
}

impl<M: Receiving> Receiving for BuggyServer<M> {
    fn delivery(&mut self) -> Option<Delivery> {
        match self.machine.delivery() {
            Some(Delivery::Commit) if self.bug == ServerBug::AckEarly => {
                let ack = emit_ack(Wrap::ToZero.wire(self.blocks())).to_vec();
                self.extra.push_back(Burst { to: self.client, stride: ack.len(), datagrams: ack });
                let message = "the file could not be stored".to_owned();
                self.machine.abort(self.now, Abort::File { code: ErrorCode::DISK_FULL, message });
                None
            }
            delivery => delivery,
        }
    }

    fn committed(&mut self, now: Instant) {
        self.now = now;
        self.machine.committed(now);
    }
}

/// Writes another block number into a DATA or an ACK.
fn renumber(datagram: &mut [u8], number: u16) {
    if let Some(field) = datagram.get_mut(2..4) {
        field.copy_from_slice(&number.to_be_bytes());
    }
}

/// Returns the OACK with larger blocks.
fn raised(options: &OptionList<'_>) -> Vec<u8> {
    let mut oack = Opcode::Oack.to_wire().to_vec();
    for (name, value) in options.pairs() {
        let size = str::from_utf8(value).ok().and_then(|value| value.parse::<u32>().ok());
        let more = size.filter(|_| name.eq_ignore_ascii_case(names::BLKSIZE.as_bytes())).map(|size| size + 512);
        oack.extend_from_slice(name);
        oack.push(0);
        oack.extend_from_slice(&more.map_or_else(|| value.to_vec(), |size| size.to_string().into_bytes()));
        oack.push(0);
    }
    oack
}
