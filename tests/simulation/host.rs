//! One machine and its file, kept by the machine's law.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;

use tftpsh::transfer::{Event, Failure, Machine, Output, Report};
use tftpsh::wire::netascii::{Decoder, Encoder};
use tftpsh::wire::{Mode, Opcode, Packet};

use crate::network::Network;

pub(crate) struct Host {
    pub(crate) address: SocketAddr,
    pub(crate) machine: Box<dyn Machine>,
    pub(crate) file: File,
    pub(crate) wake: Option<Instant>,
    pub(crate) report: Option<Report>,
    pub(crate) end: Option<Result<(), Failure>>,
    /// Copies sent of the DATA block with each wire number.
    pub(crate) copies: HashMap<u16, u32>,
    pub(crate) timeouts: u32,
}

/// The bytes to give out, or those taken in.
#[derive(Default)]
pub(crate) struct File {
    mode: Mode,
    pub(crate) given: Vec<u8>,
    position: usize,
    encoder: Encoder,
    pub(crate) taken: Vec<u8>,
    decoder: Decoder,
    pub(crate) committed: bool,
}

impl File {
    pub(crate) fn source(given: Vec<u8>, mode: Mode) -> Self {
        Self { given, mode, ..Self::default() }
    }

    pub(crate) fn target(mode: Mode) -> Self {
        Self { mode, ..Self::default() }
    }

    fn fill(&mut self, room: &mut [u8]) -> usize {
        let rest = &self.given[self.position..];
        let (consumed, produced) = match self.mode {
            Mode::Octet => {
                let length = rest.len().min(room.len());
                room[..length].copy_from_slice(&rest[..length]);
                (length, length)
            }
            Mode::Netascii => {
                let progress = self.encoder.encode(rest, room);
                (progress.consumed, progress.produced)
            }
        };
        self.position += consumed;
        produced
    }

    fn deliver(&mut self, bytes: &[u8]) {
        assert!(!self.committed, "nothing is delivered behind the end");
        match self.mode {
            Mode::Octet => self.taken.extend_from_slice(bytes),
            Mode::Netascii => self.decoder.decode(bytes, &mut self.taken),
        }
    }

    fn commit(&mut self) {
        self.decoder.finish(&mut self.taken);
        assert!(!std::mem::replace(&mut self.committed, true), "one commit a file");
    }
}

impl Host {
    pub(crate) fn new(address: SocketAddr, machine: Box<dyn Machine>, file: File) -> Self {
        let copies = HashMap::new();
        Self { address, machine, file, wake: None, report: None, end: None, copies, timeouts: 0 }
    }

    pub(crate) fn receive(&mut self, now: Instant, from: SocketAddr, datagram: &[u8], network: &mut Network) {
        self.machine.datagram(now, from, datagram);
        self.drain(now, datagram, network);
    }

    pub(crate) fn tick(&mut self, now: Instant, network: &mut Network) {
        self.machine.tick(now);
        self.drain(now, &[], network);
    }

    /// Carries out the machine's outputs; a machine that never comes to rest is a defect.
    pub(crate) fn drain(&mut self, now: Instant, datagram: &[u8], network: &mut Network) {
        for _ in 0..1_000_000 {
            match self.machine.poll() {
                Output::Transmit { to, datagrams, stride } => {
                    for datagram in datagrams.chunks(stride) {
                        match Packet::parse(datagram) {
                            Ok(Packet::Data { block, .. }) => *self.copies.entry(block).or_default() += 1,
                            Ok(_) => {}
                            Err(reason) => panic!("the machine made a malformed packet: {reason}"),
                        }
                        network.send(now, self.address, to, datagram);
                    }
                }
                Output::Fill(room) => {
                    let length = self.file.fill(room);
                    self.machine.filled(now, length);
                }
                Output::Deliver(range) => {
                    assert!(datagram.starts_with(&Opcode::Data.to_wire()), "bytes come from DATA only");
                    self.file.deliver(&datagram[range]);
                }
                Output::Commit => {
                    self.file.commit();
                    self.machine.committed(now);
                }
                Output::Event(event) => self.timeouts += u32::from(matches!(event, Event::Resending { .. })),
                Output::Complete(report) => {
                    assert!(self.report.replace(report).is_none(), "one report a transfer");
                }
                Output::Wait(moment) => {
                    self.wake = Some(moment);
                    return;
                }
                Output::Done => return self.finish(Ok(())),
                Output::Failed(failure) => return self.finish(Err(failure)),
            }
        }
        panic!("the machine never comes to rest");
    }

    fn finish(&mut self, end: Result<(), Failure>) {
        self.wake = None;
        self.end.get_or_insert(end);
    }
}
