//! A client that sends only what a test makes it send.

use std::net::SocketAddr;

use tftpsh::wire::{ErrorCode, Packet};

use super::packet::{ack, data, error_of};
use super::{Port, Server};

/// The port of such a client, and the server it asks.
pub(crate) struct ScriptedClient {
    pub(crate) port: Port,
    pub(crate) server: SocketAddr,
}

impl ScriptedClient {
    pub(crate) fn of(server: &Server) -> Self {
        Self::to(server.address())
    }

    pub(crate) fn to(server: SocketAddr) -> Self {
        Self { port: Port::open_at(if server.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" }), server }
    }

    /// Sends a datagram to where requests go.
    pub(crate) fn ask(&self, request: &[u8]) {
        self.port.send(self.server, request);
    }

    pub(crate) fn send(&self, to: SocketAddr, datagram: &[u8]) {
        self.port.send(to, datagram);
    }

    pub(crate) fn receive(&self) -> (Vec<u8>, SocketAddr) {
        self.port.receive()
    }

    /// Nothing comes: shown by a question behind it whose answer comes first.
    pub(crate) fn hears_nothing_before_the_next_answer(&self) {
        self.ask(b"\0\x01no such file\0octet\0");
        assert_eq!(error_of(&self.receive().0).0, ErrorCode::NOT_FOUND);
    }

    /// A whole read in lock-step; the OACK, if any, and the bytes as they came on the wire.
    pub(crate) fn get(&self, request: &[u8], blksize: usize) -> (Option<String>, Vec<Vec<u8>>) {
        self.ask(request);
        let (mut oack, mut blocks) = (None, Vec::new());
        loop {
            let (datagram, from) = self.receive();
            match Packet::parse(&datagram).unwrap() {
                Packet::Data { block, data } => {
                    self.send(from, &ack(block));
                    if block == (blocks.len() + 1) as u16 {
                        blocks.push(data.to_vec());
                        if data.len() < blksize {
                            return (oack, blocks);
                        }
                    }
                }
                packet @ Packet::Oack(_) => {
                    oack = Some(packet.to_string());
                    self.send(from, &ack(0));
                }
                other => panic!("{other}"),
            }
        }
    }

    /// A whole write in lock-step; the first answer and the last.
    pub(crate) fn put(&self, request: &[u8], bytes: &[u8], blksize: usize) -> (String, String) {
        self.ask(request);
        let (first, peer) = self.receive();
        let first = Packet::parse(&first).unwrap().to_string();
        if first.starts_with("ERROR") {
            return (first.clone(), first);
        }
        for block in 1..=bytes.len() / blksize + 1 {
            let start = (block - 1) * blksize;
            self.send(peer, &data(block as u16, &bytes[start..bytes.len().min(start + blksize)]));
            let (answer, from) = self.receive();
            assert_eq!(from, peer, "the transfer id stays");
            if answer != ack(block as u16) {
                return (first, Packet::parse(&answer).unwrap().to_string());
            }
        }
        (first, "all acknowledged".to_owned())
    }
}

/// Makes the address of most tests known: the server answers more than a few of its clients at a time from then on.
///
/// Its file is one that the server has.
pub(crate) fn prove_address(server: &Server, file: &str) {
    ScriptedClient::of(server).get(&[b"\0\x01", file.as_bytes(), b"\0octet\0"].concat(), 512);
}

/// A read of `f` whose first block is acknowledged, and a write of `new` with one block: both in progress.
pub(crate) fn reader_and_writer(server: SocketAddr) -> [ScriptedClient; 2] {
    let (reader, writer) = (ScriptedClient::to(server), ScriptedClient::to(server));
    reader.ask(b"\0\x01f\0octet\0");
    let (_, peer) = reader.receive();
    // The transfer has begun: the client has proved its address.
    reader.send(peer, &ack(1));
    reader.receive();
    writer.ask(b"\0\x02new\0octet\0");
    let (_, peer) = writer.receive();
    writer.send(peer, &data(1, &[2; 512]));
    assert_eq!(writer.receive().0, ack(1));
    [reader, writer]
}

/// The code with which a server refuses a request.
pub(crate) fn refusal(server: &Server, request: &[u8]) -> ErrorCode {
    let client = ScriptedClient::of(server);
    client.ask(request);
    error_of(&client.receive().0).0
}
