//! One machine in virtual time, and what is said to it and by it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tftpsh::transfer::{Ask, Machine, Output, Receiver, RetryPolicy, Rexmt, Sender};
use tftpsh::wire::{BlockSize, Limits, Mode, Offer, Packet, WindowSize, emit_data_header};

pub(crate) const SERVER: &str = "192.0.2.2:69";
/// The port a server answers from.
pub(crate) const TID: &str = "192.0.2.2:50000";
pub(crate) const STRANGER: &str = "192.0.2.2:50001";
pub(crate) const CLIENT: &str = "192.0.2.1:40000";

/// One machine, a clock, and its outputs as short lines.
pub(crate) struct Talk {
    pub(crate) machine: Box<dyn Machine>,
    pub(crate) now: Instant,
    file: Vec<u8>,
    position: usize,
    deadline: Option<Instant>,
}

impl Talk {
    pub(crate) fn get(offer: Offer) -> Self {
        let now = Instant::now();
        Self::new(now, Box::new(Receiver::request(now, at(SERVER), &ask(offer), retry_policy()).unwrap()))
    }

    pub(crate) fn put(offer: Offer, size: usize) -> Self {
        let now = Instant::now();
        let mut talk = Self::new(now, Box::new(Sender::request(now, at(SERVER), &ask(offer), retry_policy()).unwrap()));
        talk.file = vec![b'x'; size];
        talk
    }

    pub(crate) fn serve_read(offer: Offer, size: usize) -> Self {
        let now = Instant::now();
        let answer = offer.answer(&Limits::default(), Some(size as u64));
        let mut talk = Self::new(now, Box::new(Sender::answer(now, at(CLIENT), answer, retry_policy())));
        talk.file = vec![b'x'; size];
        talk
    }

    pub(crate) fn serve_write(offer: Offer) -> Self {
        let now = Instant::now();
        let answer = offer.answer(&Limits::default(), offer.tsize);
        Self::new(now, Box::new(Receiver::answer(now, at(CLIENT), answer, retry_policy())))
    }

    pub(crate) fn new(now: Instant, machine: Box<dyn Machine>) -> Self {
        Self { machine, now, file: Vec::new(), position: 0, deadline: None }
    }

    pub(crate) fn hear(&mut self, from: &str, datagram: &[u8]) -> Vec<String> {
        self.now += Duration::from_millis(1);
        self.machine.datagram(self.now, at(from), datagram);
        self.drain()
    }

    pub(crate) fn silence(&mut self, milliseconds: u64) -> Vec<String> {
        self.now += Duration::from_millis(milliseconds);
        self.machine.tick(self.now);
        self.drain()
    }

    /// Lets every timer run out until the end; the outputs with the seconds at which they came.
    pub(crate) fn until_the_end(&mut self) -> Vec<String> {
        let start = self.now;
        let mut lines = Vec::new();
        while let Some(deadline) = self.deadline.take() {
            self.now = deadline;
            self.machine.tick(self.now);
            let second = (self.now - start).as_secs_f64();
            lines.extend(self.drain().into_iter().map(|line| format!("{second:.1} {line}")));
        }
        lines
    }

    pub(crate) fn drain(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        for _ in 0..1000 {
            match self.machine.poll() {
                Output::Transmit { to, datagrams, stride } => lines.extend(datagrams.chunks(stride).map(|datagram| {
                    let stranger = if to == at(STRANGER) { " to stranger" } else { "" };
                    format!("{}{stranger}", Packet::parse(datagram).unwrap())
                })),
                Output::Fill(room) => {
                    let length = room.len().min(self.file.len() - self.position);
                    self.position += length;
                    self.machine.filled(self.now, length);
                }
                Output::Deliver(range) => lines.push(format!("deliver {}", range.len())),
                Output::Commit => {
                    lines.push("commit".to_owned());
                    self.machine.committed(self.now);
                }
                Output::Event(_) => {}
                Output::Complete(report) => lines.push(format!("complete {}", report.stats.bytes)),
                Output::Wait(moment) => {
                    self.deadline = Some(moment);
                    return lines;
                }
                Output::Done => {
                    lines.push("done".to_owned());
                    return lines;
                }
                Output::Failed(failure) => {
                    lines.push(format!("failed: {failure}"));
                    return lines;
                }
            }
        }
        panic!("the machine never comes to rest: {lines:?}");
    }
}

pub(crate) fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn ask(offer: Offer) -> Ask<'static> {
    Ask { filename: b"f", mode: Mode::Octet, offer }
}

fn retry_policy() -> RetryPolicy {
    RetryPolicy { rexmt: Rexmt::Fixed(Duration::from_secs(5)), timeout: Duration::from_secs(25) }
}

pub(crate) fn window(windowsize: u64) -> Offer {
    Offer { blksize: BlockSize::new(8), windowsize: WindowSize::new(windowsize), ..Offer::default() }
}

pub(crate) fn data(block: u16, length: usize) -> Vec<u8> {
    [&emit_data_header(block)[..], &vec![b'x'; length]].concat()
}

pub(crate) fn oack(pairs: &str) -> Vec<u8> {
    [b"\0\x06", pairs.replace(['=', ','], "\0").as_bytes(), b"\0"].concat()
}
