//! A client with one port: the late packets of a transfer reach the next one.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use support::{Client, Port, ScriptedServer, ack, data};
use tftpsh::analysis::{Analyser, Annotation};
use tftpsh::client::{Negotiation, Options};
use tftpsh::event::{Observer, Observers, Record};

/// A server that asks nothing, and a client of it that has only one port.
fn with_one_port() -> (Client, ScriptedServer, SocketAddr) {
    let server = ScriptedServer::open();
    // Freed for the client.
    let port = Port::open().number();
    let options = Options { negotiation: Negotiation::Off, local_ports: Some(port..=port), ..Options::default() };
    (Client::to(server.address()).with(options), server, SocketAddr::from(([127, 0, 0, 1], port)))
}

/// Packets with their reasons.
#[derive(Default)]
struct Reasons(Analyser, Vec<String>);

impl Observer for Reasons {
    fn observe(&mut self, record: &Record<'_>) {
        if let Some(Annotation::Packet(packet)) = self.0.analyse(record).map(|annotated| annotated.kind) {
            self.1.push(format!("{:?} {} {}", packet.direction, packet.peer.port(), packet.why.code()));
        }
    }
}

#[test]
fn the_late_block_of_a_get_is_acknowledged_again_and_never_taken_for_the_next_file() {
    let (mut client, mut server, here) = with_one_port();
    let peer = thread::spawn(move || {
        server.receive();
        let (first, second) = (server.another(), Port::open());
        first.send(&data(1, b"the first file"));
        let mut first = first;
        first.expect(&ack(1));
        server.receive();
        // The ACK was lost: the first transfer goes on.
        first.send(&data(1, b"the first file"));
        first.expect(&ack(1));
        second.send(here, &data(1, b"the second file"));
        assert_eq!(second.receive().0, ack(1));
        (first.address().port(), second.number())
    });
    assert_eq!(client.get_bytes("a", &mut Observers::none()).unwrap().1, b"the first file");
    let mut reasons = Reasons::default();
    let mut observers = Observers::none();
    observers.add(&mut reasons);
    assert_eq!(client.get_bytes("b", &mut observers).unwrap().1, b"the second file");
    let (first, second) = peer.join().unwrap();
    let expected = [
        format!("Received {first} tid.earlier"),
        format!("Sent {first} dally.again"),
        format!("Received {second} data.last"),
        format!("Sent {second} ack.final"),
    ];
    assert_eq!(reasons.1[1..], expected);
}

#[test]
fn a_put_between_two_transfers_forgets_no_get() {
    let (mut client, mut server, _) = with_one_port();
    let peer = thread::spawn(move || {
        server.receive();
        let mut get = server.another();
        get.send(&data(1, b"the file"));
        get.expect(&ack(1));
        for late in [false, true] {
            server.receive();
            let mut put = server.another();
            if late {
                get.send(&data(1, b"the file"));
                get.expect(&ack(1));
            }
            put.send(&ack(0));
            put.expect(&data(1, b"up"));
            put.send(&ack(1));
        }
    });
    assert_eq!(client.get_bytes("a", &mut Observers::none()).unwrap().1, b"the file");
    client.put_bytes("b", b"up").unwrap();
    client.put_bytes("c", b"up").unwrap();
    peer.join().unwrap();
}

#[test]
fn the_late_packets_of_a_put_and_of_a_failed_get_are_ignored_without_an_error() {
    let (mut client, mut server, here) = with_one_port();
    let peer = thread::spawn(move || {
        server.receive();
        let mut put = server.another();
        put.send(&ack(0));
        put.expect(&data(1, b"up"));
        put.send(&ack(1));
        server.receive();
        let mut failed = server.another();
        failed.send(&data(1, &[7; 512]));
        failed.expect(&ack(1));
        failed.send(b"\0\x05\0\x01none\0");
        server.receive();
        put.send(&ack(1));
        failed.send(&data(1, b"not this one"));
        let third = Port::open();
        third.send(here, &data(1, b"the file"));
        assert_eq!(third.receive().0, ack(1));
        for silent in [put, failed] {
            assert!(silent.is_silent_for(Duration::from_millis(50)), "no ERROR");
        }
    });
    client.put_bytes("a", b"up").unwrap();
    client.get_nothing("b").unwrap_err();
    assert_eq!(client.get_bytes("c", &mut Observers::none()).unwrap().1, b"the file");
    peer.join().unwrap();
}

#[test]
fn a_server_with_one_port_for_everything_is_understood_at_once() {
    let (mut client, mut server, _) = with_one_port();
    let peer = thread::spawn(move || {
        for text in [b"the first file", b"another file.."] {
            server.receive();
            server.send(&data(1, text));
            server.expect(&ack(1));
        }
    });
    assert_eq!(client.get_bytes("a", &mut Observers::none()).unwrap().1, b"the first file");
    assert_eq!(client.get_bytes("b", &mut Observers::none()).unwrap().1, b"another file..");
    peer.join().unwrap();
}
