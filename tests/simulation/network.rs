//! A virtual network and clock: every datagram, loss and delay follows from a seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use tftpsh::wire::{ErrorCode, Opcode, emit_ack, emit_data_header, emit_error};

/// What the network does to datagrams; all figures per mille.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    /// Lost.
    pub(crate) loss: u64,
    /// Delivered twice.
    pub(crate) duplication: u64,
    /// Followed by junk from the same port: cut below its header, or of no known kind.
    pub(crate) junk: u64,
    /// Followed by a packet of a stranger: the same bytes, or a forged answer.
    pub(crate) forgery: u64,
    /// The size that is announced to whoever receives the file, instead of the real one.
    pub(crate) lie: Option<u64>,
    /// The datagram of the sender of the file that the next one overtakes, by its place from 0.
    pub(crate) overtaken: Option<u64>,
    /// The longest datagram that gets through, in bytes; a longer one is lost without a word. `None` is any.
    pub(crate) longest: Option<usize>,
    /// Least delay.
    pub(crate) delay: Duration,
    /// Additional time at random, which also changes the order.
    pub(crate) jitter: Duration,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrival {
    pub(crate) at: Instant,
    order: u64,
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) datagram: Vec<u8>,
}

pub(crate) struct Network {
    weather: Weather,
    random: Random,
    on_the_way: BinaryHeap<Reverse<Arrival>>,
    sent: u64,
    /// Blocks seen so far, and one that the next is to overtake.
    blocks: u64,
    held: Option<(SocketAddr, SocketAddr, Vec<u8>)>,
}

impl Network {
    pub(crate) fn new(weather: Weather, random: Random) -> Self {
        Self { weather, random, on_the_way: BinaryHeap::new(), sent: 0, blocks: 0, held: None }
    }

    pub(crate) fn send(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        if self.weather.longest.is_some_and(|longest| datagram.len() > longest) {
            return;
        }
        let copies = if self.random.chance(self.weather.duplication) { 2 } else { 1 };
        let altered = self.weather.lie.and_then(|lie| announcing(datagram, lie));
        let datagram = altered.as_deref().unwrap_or(datagram);
        if datagram.starts_with(&Opcode::Data.to_wire()) {
            self.blocks += 1;
            if self.weather.overtaken == Some(self.blocks - 1) {
                self.held = Some((from, to, datagram.to_vec()));
                return;
            }
        }
        for _ in 0..copies {
            if !self.random.chance(self.weather.loss) {
                self.carry(now, from, to, datagram.to_vec());
            }
        }
        if let Some((from, to, overtaken)) = self.held.take_if(|_| datagram.starts_with(&Opcode::Data.to_wire())) {
            self.carry(now, from, to, overtaken);
        }
        if self.random.chance(self.weather.junk) {
            let junk = self.junk(datagram);
            self.carry(now, from, to, junk);
        }
        if self.random.chance(self.weather.forgery) {
            let forged = self.forged(datagram);
            // A stranger on the server's own address could be taken for its first answer, as RFC 1350 has it.
            let stranger = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7)), from.port());
            self.carry(now, stranger, to, forged);
        }
    }

    fn carry(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, datagram: Vec<u8>) {
        let jitter = self.random.below(self.weather.jitter.as_micros() as u64 + 1);
        let at = now + self.weather.delay + Duration::from_micros(jitter);
        self.sent += 1;
        self.on_the_way.push(Reverse(Arrival { at, order: self.sent, from, to, datagram }));
    }

    fn junk(&mut self, datagram: &[u8]) -> Vec<u8> {
        if self.random.chance(500) {
            // An OACK cut after its opcode is a whole one that grants nothing: some servers send it.
            let least = if datagram.starts_with(&Opcode::Oack.to_wire()) { 2 } else { 4 };
            return datagram[..self.random.below(least) as usize].to_vec();
        }
        let mut junk = datagram.to_vec();
        junk[0] = 1 + self.random.below(255) as u8;
        junk
    }

    fn forged(&mut self, datagram: &[u8]) -> Vec<u8> {
        let block = self.random.next() as u16;
        match self.random.below(5) {
            0 => datagram.to_vec(),
            1 => [&emit_data_header(block)[..], b"forged"].concat(),
            2 => emit_ack(block).to_vec(),
            3 => emit_error(ErrorCode(block % 10), b"forged"),
            _ => b"\0\x06blksize\x008\0".to_vec(),
        }
    }

    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.on_the_way.peek().map(|Reverse(arrival)| arrival.at)
    }

    pub(crate) fn receive(&mut self) -> Option<Arrival> {
        self.on_the_way.pop().map(|Reverse(arrival)| arrival)
    }
}

/// The WRQ or OACK with another size; `None` if it announces none.
fn announcing(datagram: &[u8], size: u64) -> Option<Vec<u8>> {
    const NAME: &[u8] = b"tsize\0";
    let announces = [Opcode::Wrq, Opcode::Oack].iter().any(|opcode| datagram.starts_with(&opcode.to_wire()));
    let value = datagram.windows(NAME.len()).position(|bytes| bytes == NAME).filter(|_| announces)? + NAME.len();
    let end = value + datagram[value..].iter().position(|byte| *byte == 0)?;
    Some([&datagram[..value], size.to_string().as_bytes(), &datagram[end..]].concat())
}

/// SplitMix64: small, and the same on every machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub(crate) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }
}
