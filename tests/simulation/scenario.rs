//! What is transferred, how, and in which weather: all of it drawn from one seed.

use std::time::Duration;

use tftpsh::transfer::Rexmt;
use tftpsh::wire::{BlockSize, Limits, Mode, Offer, RequestKind, TimeoutSeconds, WindowSize};

use crate::network::{Random, Weather};

pub(crate) const MS: Duration = Duration::from_millis(1);

/// How the user stops the client.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Stopped {
    /// At this time.
    At(Duration),
    /// Together with the producer of the file, which ends after so many bytes.
    WithTheProducer(usize),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) kind: RequestKind,
    pub(crate) mode: Mode,
    /// Length of the file when it is announced, in bytes.
    pub(crate) size: usize,
    /// Its length when it is read.
    pub(crate) length: usize,
    pub(crate) stopped: Option<Stopped>,
    pub(crate) offer: Offer,
    pub(crate) limits: Limits,
    pub(crate) weather: Weather,
    pub(crate) client_rexmt: Rexmt,
    pub(crate) server_rexmt: Rexmt,
}

impl Scenario {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random(seed ^ 0x5eed);
        let blksize = random.pick(&[8, 512, 1428]);
        let windowsize = random.pick(&[1, 1, 4, 16]);
        let blocks = random.below(60) as usize;
        let tail = random.pick(&[0, 1, blksize / 2, blksize - 1]);
        let rare = |random: &mut Random, often| if random.chance(250) { often } else { 0 };
        let kind = random.pick(&[RequestKind::Read, RequestKind::Write]);
        let mode = random.pick(&[Mode::Octet, Mode::Octet, Mode::Octet, Mode::Netascii]);
        let size = blocks * blksize + tail;
        let other =
            |random: &mut Random| random.pick(&[0, 1, size / 2, size.saturating_sub(1), size + 1, size + blksize]);
        let length = if random.chance(80) { other(&mut random) } else { size };
        let lie = other(&mut random) as u64;
        let stopped = match random.below(25) {
            0 => Some(Stopped::At(Duration::from_micros(random.below(2_000_000)))),
            1 => Some(Stopped::WithTheProducer(random.below(length as u64 + 1) as usize)),
            _ => None,
        };
        // A client asks for the size, or announces it; that of a text is unknown.
        let tsize = if (kind, mode) == (RequestKind::Write, Mode::Octet) { size as u64 } else { 0 };
        Self {
            seed,
            kind,
            mode,
            size,
            length,
            stopped,
            offer: Offer {
                tsize: random.chance(800).then_some(tsize),
                timeout: TimeoutSeconds::new(1 + random.below(3)).filter(|_| random.chance(200)),
                blksize: BlockSize::new(blksize as u64).filter(|_| random.chance(800)),
                windowsize: WindowSize::new(windowsize).filter(|_| random.chance(800)),
            },
            limits: Limits {
                options: random.chance(900),
                blksize: random.pick(&[BlockSize::MOST, BlockSize::MOST, BlockSize::default()]),
                windowsize: random.pick(&[WindowSize::MOST, WindowSize::MOST, WindowSize::LEAST]),
                ..Limits::default()
            },
            weather: Weather {
                loss: random.pick(&[0, 5, 20, 50, 100, 200, 300]),
                duplication: random.pick(&[0, 0, 20, 200]),
                junk: rare(&mut random, 100),
                forgery: rare(&mut random, 100),
                lie: random.chance(60).then_some(lie),
                overtaken: random.chance(200).then(|| random.below(100)),
                longest: random.chance(100).then_some(600),
                delay: random.pick(&[MS / 10, 5 * MS, 40 * MS]),
                jitter: random.pick(&[Duration::ZERO, MS, 30 * MS]),
            },
            client_rexmt: random.pick(&[Rexmt::Auto, Rexmt::Auto, Rexmt::Fixed(1000 * MS)]),
            server_rexmt: random.pick(&[Rexmt::Auto, Rexmt::Auto, Rexmt::Fixed(2000 * MS)]),
        }
    }

    /// Whether the analysis follows the transfer, which takes as long again.
    pub(crate) fn is_watched(&self) -> bool {
        self.seed.is_multiple_of(8) || self.size > 65_536
    }

    /// Whether nothing but the network can make it fail.
    pub(crate) fn can_succeed(&self) -> bool {
        self.length == self.size && self.stopped.is_none() && self.weather.lie.is_none()
    }

    /// More blocks than wire numbers.
    pub(crate) fn wrapping(seed: u64, kind: RequestKind, windowsize: u64) -> Self {
        Self {
            size: 8 * 65_540 + 3,
            length: 8 * 65_540 + 3,
            stopped: None,
            kind,
            mode: Mode::Octet,
            offer: Offer { blksize: BlockSize::new(8), windowsize: WindowSize::new(windowsize), ..Offer::default() },
            limits: Limits::default(),
            weather: Weather { loss: 1, duplication: 1, delay: MS / 10, jitter: MS / 20, ..Weather::default() },
            client_rexmt: Rexmt::Auto,
            server_rexmt: Rexmt::Auto,
            seed,
        }
    }
}
