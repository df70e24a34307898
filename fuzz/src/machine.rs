//! Either machine in any role, fed datagrams and time.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tftpsh::transfer::{Ask, Machine, Output, Receiver, RetryPolicy, Rexmt, Sender};
use tftpsh::wire::{
    BlockSize, ErrorCode, Limits, Mode, Offer, Opcode, Packet, TimeoutSeconds, WindowSize, emit_ack, emit_data_header,
    emit_error,
};

const TIMEOUT: Duration = Duration::from_secs(25);
/// Octets of the file that a sender gives.
const FILE: usize = 700;

/// Whatever comes, the machine rests after bounded work, keeps its direction, sends what stands in the file, claims
/// nothing that it did not deliver, and ends in time.
pub fn run(input: &[u8]) {
    let Some((&[role, shape], mut script)) = input.split_first_chunk::<2>() else { return };
    let mut host = Host::new(role, shape);
    host.drain(&[]);
    while let Some(rest) = host.step(script) {
        script = rest;
    }
    host.run_out();
}

struct Host {
    machine: Box<dyn Machine>,
    sends: bool,
    /// A server's machine: its client may be forged.
    answers: bool,
    now: Instant,
    deadline: Option<Instant>,
    /// Octets of the file given.
    position: usize,
    /// Blocks of the file taken.
    delivered: u64,
    last_is_in: bool,
    committed: bool,
    complete: bool,
    over: bool,
    /// The peer said something that only who got our answer can say.
    acknowledged: bool,
    /// Packets and bytes to the peer.
    unproven: (u32, usize),
}

impl Host {
    fn new(role: u8, shape: u8) -> Self {
        let now = Instant::now();
        let asked = |bit: u8| shape & bit != 0;
        let offer = Offer {
            tsize: asked(1).then_some(0),
            timeout: TimeoutSeconds::new(2).filter(|_| asked(2)),
            blksize: BlockSize::new(if asked(16) { 8 } else { 100 }).filter(|_| asked(4)),
            windowsize: WindowSize::new(if asked(32) { 3 } else { 65535 }).filter(|_| asked(8)),
        };
        let rexmt = if asked(64) { Rexmt::Auto } else { Rexmt::Fixed(Duration::from_secs(3)) };
        let retry_policy = RetryPolicy { rexmt, timeout: TIMEOUT };
        let ask = Ask { filename: b"f", mode: Mode::Octet, offer };
        let answer = offer.answer(&Limits::default(), Some(FILE as u64));
        let machine: Box<dyn Machine> = match role % 4 {
            0 => Box::new(Receiver::request(now, peer(69), &ask, retry_policy).expect("a short name")),
            1 => Box::new(Sender::request(now, peer(69), &ask, retry_policy).expect("a short name")),
            2 => Box::new(Receiver::answer(now, peer(5000), answer, retry_policy)),
            _ => Box::new(Sender::answer(now, peer(5000), answer, retry_policy)),
        };
        Self {
            machine,
            sends: role % 2 == 1,
            answers: role % 4 > 1,
            now,
            deadline: None,
            position: 0,
            delivered: 0,
            last_is_in: false,
            committed: false,
            complete: false,
            over: false,
            acknowledged: false,
            unproven: (0, 0),
        }
    }

    /// Carries out one instruction of the script and returns the rest of it.
    fn step<'a>(&mut self, script: &'a [u8]) -> Option<&'a [u8]> {
        let (&[operation, argument], rest) = script.split_first_chunk::<2>()?;
        let small = usize::from(argument);
        match operation % 10 {
            0 => self.pass(Duration::from_millis(40 * u64::from(argument))),
            1 => {
                let (raw, rest) = rest.split_at(small.min(rest.len()));
                self.hear(peer(5000), raw);
                return Some(rest);
            }
            2 => {
                let (pairs, rest) = rest.split_at(small.min(rest.len()));
                self.hear(peer(5000), &[b"\0\x06", pairs].concat());
                return Some(rest);
            }
            3 | 4 => self.hear(peer(5000), &self.block(u64::from(argument & 7), small)),
            5 | 6 => self.hear(peer(5000), &emit_ack(argument.into())),
            7 => self.hear(peer(5001), &emit_ack(argument.into())),
            8 if argument < 9 => self.hear(peer(5000), &emit_error(ErrorCode(argument.into()), b"no")),
            8 => {
                self.machine.unreachable(self.now, peer(if argument & 1 == 0 { 5000 } else { 5001 }));
                self.drain(&[]);
            }
            _ if argument == 0 => {
                self.machine.abort(self.now, ErrorCode::UNDEFINED, "enough");
                self.drain(&[]);
            }
            _ => self.pass(Duration::from_secs(argument.into())),
        }
        Some(rest)
    }

    /// A block near the one that is due.
    fn block(&self, offset: u64, length: usize) -> Vec<u8> {
        let number = (self.delivered + offset).wrapping_sub(2) as u16;
        let size = self.machine.stats().terms.blksize.get().into();
        let length = if length & 8 == 0 { size } else { length };
        [&emit_data_header(number)[..], &vec![7; length]].concat()
    }

    fn hear(&mut self, from: SocketAddr, datagram: &[u8]) {
        self.now += Duration::from_micros(100);
        // Only who got our answer knows the port to which this came.
        let answers = [Opcode::Ack, Opcode::Data].iter().any(|opcode| datagram.starts_with(&opcode.to_wire()));
        self.acknowledged |= answers && from == peer(5000);
        self.machine.datagram(self.now, from, datagram);
        self.drain(datagram);
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.machine.tick(self.now);
        self.drain(&[]);
    }

    /// Silence to the end, which must come in time.
    fn run_out(&mut self) {
        let start = self.now;
        for _ in 0..10_000 {
            let Some(deadline) = self.deadline.filter(|_| !self.over) else { return };
            assert!(deadline <= start + TIMEOUT, "silence ends");
            self.now = self.now.max(deadline);
            self.machine.tick(self.now);
            self.drain(&[]);
        }
        panic!("silence never ends");
    }

    fn drain(&mut self, datagram: &[u8]) {
        for _ in 0..400_000 {
            match self.machine.poll() {
                Output::Transmit { to, datagrams, stride } => {
                    assert!(stride > 0 && !datagrams.is_empty());
                    let first = &datagrams[..stride.min(datagrams.len())];
                    match Packet::parse(first).expect("a packet of ours") {
                        Packet::Data { .. } => assert!(self.sends, "a receiver sends no DATA"),
                        Packet::Ack { block } => {
                            assert!(!self.sends && block == self.delivered as u16, "only what is delivered");
                            assert!(!self.last_is_in || self.committed, "the last ACK waits for the commit");
                        }
                        _ => {}
                    }
                    for datagram in datagrams.chunks(stride).filter(|_| to == peer(5000)) {
                        self.unproven.0 += 1;
                        self.unproven.1 += datagram.len();
                    }
                }
                Output::Fill(room) => {
                    assert!(self.sends, "a receiver reads no file");
                    let length = room.len().min(FILE - self.position);
                    self.position += length;
                    self.machine.filled(self.now, length);
                }
                Output::Deliver(range) => {
                    assert!(!self.sends && !self.last_is_in, "a sender delivers nothing, and nobody behind the end");
                    assert!(datagram.starts_with(&Opcode::Data.to_wire()), "bytes come from DATA only");
                    let size = self.machine.stats().terms.blksize.get().into();
                    assert_eq!(datagram[range.clone()].len(), datagram.len() - 4, "all of the block");
                    self.last_is_in = range.len() < size;
                    self.delivered += 1;
                }
                Output::Commit => {
                    assert!(self.last_is_in && !self.committed, "one commit, behind the last block");
                    self.committed = true;
                    self.machine.committed(self.now);
                }
                Output::Complete(report) => {
                    assert!(!self.complete && (self.sends || self.committed), "one report, for a file that is safe");
                    assert!(!self.sends || report.stats.bytes == FILE as u64);
                    self.complete = true;
                }
                Output::Event(_) => {}
                Output::Wait(moment) => {
                    assert!(!self.over, "what is over stays over");
                    self.deadline = Some(moment);
                    return self.check_unproven();
                }
                Output::Done | Output::Failed(_) => {
                    self.over = true;
                    return self.check_unproven();
                }
            }
        }
        panic!("the machine never comes to rest");
    }

    /// To an address that acknowledged nothing go at most three packets and 1,548 bytes.
    fn check_unproven(&self) {
        let (packets, bytes) = self.unproven;
        assert!(
            !self.answers || self.acknowledged || (packets <= 3 && bytes <= 1548),
            "{packets} packets, {bytes} bytes"
        );
    }
}

fn peer(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}
