//! A virtual network and clock: every datagram, loss and delay follows from a seed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What the network does to datagrams.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    /// Per mille lost.
    pub(crate) loss: u64,
    /// Per mille delivered twice.
    pub(crate) duplication: u64,
    /// Least time on the way.
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
}

impl Network {
    pub(crate) fn new(weather: Weather, random: Random) -> Self {
        Self { weather, random, on_the_way: BinaryHeap::new(), sent: 0 }
    }

    pub(crate) fn send(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, datagram: &[u8]) {
        let copies = if self.random.chance(self.weather.duplication) { 2 } else { 1 };
        for _ in 0..copies {
            if self.random.chance(self.weather.loss) {
                continue;
            }
            let jitter = self.random.below(self.weather.jitter.as_micros() as u64 + 1);
            let at = now + self.weather.delay + Duration::from_micros(jitter);
            self.sent += 1;
            self.on_the_way.push(Reverse(Arrival { at, order: self.sent, from, to, datagram: datagram.to_vec() }));
        }
    }

    pub(crate) fn next_arrival(&self) -> Option<Instant> {
        self.on_the_way.peek().map(|Reverse(arrival)| arrival.at)
    }

    pub(crate) fn receive(&mut self) -> Option<Arrival> {
        self.on_the_way.pop().map(|Reverse(arrival)| arrival)
    }
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
