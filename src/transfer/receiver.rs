use std::net::SocketAddr;
use std::time::Instant;

use super::{Ask, Machine, Output, Patience, Stats};
use crate::wire::{Answer, BadRequest, ErrorCode};

/// Stub.
#[derive(Debug)]
pub struct Receiver {}

impl Receiver {
    /// A client's machine: sends the request first.
    pub fn request(
        _now: Instant,
        _server: SocketAddr,
        _ask: &Ask<'_>,
        _patience: Patience,
    ) -> Result<Self, BadRequest> {
        todo!()
    }

    /// A server's machine: answers a request.
    pub fn answer(_now: Instant, _client: SocketAddr, _answer: Answer, _patience: Patience) -> Self {
        todo!()
    }
}

impl Machine for Receiver {
    fn datagram(&mut self, _now: Instant, _from: SocketAddr, _datagram: &[u8]) {
        todo!()
    }
    fn unreachable(&mut self, _now: Instant, _to: SocketAddr) {
        todo!()
    }
    fn tick(&mut self, _now: Instant) {
        todo!()
    }
    fn filled(&mut self, _now: Instant, _length: usize) {
        todo!()
    }
    fn committed(&mut self, _now: Instant) {
        todo!()
    }
    fn abort(&mut self, _now: Instant, _code: ErrorCode, _reason: &str) {
        todo!()
    }
    fn poll(&mut self) -> Output<'_> {
        todo!()
    }
    fn stats(&self) -> Stats {
        todo!()
    }
}
