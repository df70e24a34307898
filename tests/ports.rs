//! Where the packets of a server's transfers leave: one port for all, or ports of a range.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use support::{
    Client, Port, Process, ScriptedClient, ack, data, directory_with, error_of, eventually, packets, patient,
};
use tftpsh::event::{Observer, Observers, Record, RecordKind};
use tftpsh::files::MemoryStore;
use tftpsh::server::{Policy, RunningServer, ServerBuilder};
use tftpsh::wire::{BlockSize, ErrorCode, WindowSize};
use tftpsh::{RetryPolicy, Rexmt, Server};

const LOOPBACK: &str = "127.0.0.1:0";

/// Offers `f` with 1,300 bytes and `g` with 3; it does not send anything again while a test runs.
fn builder() -> ServerBuilder {
    Server::builder(MemoryStore::from([("f", content()), ("g", b"abc".to_vec())])).policy(patient())
}

fn content() -> Vec<u8> {
    (0..1300).map(|it| it as u8).collect()
}

/// It sends again soon, so that a closed port shows.
fn impatient() -> RetryPolicy {
    RetryPolicy { rexmt: Rexmt::Fixed(Duration::from_millis(100)), ..RetryPolicy::default() }
}

fn single(at: &str) -> RunningServer {
    builder().single_port(true).bind(at).unwrap().spawn().unwrap()
}

/// Three ports that were free a moment ago, others for each caller.
fn free_ports() -> RangeInclusive<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        // Below the ephemeral ports of the system; another process of these tests begins elsewhere.
        let place = (std::process::id() * 32 + u32::from(NEXT.fetch_add(1, Ordering::Relaxed))) % 3000;
        let low = 20_000 + 4 * place as u16;
        let ports = low..=low + 2;
        if ports.clone().all(|port| UdpSocket::bind(("127.0.0.1", port)).is_ok()) {
            return ports;
        }
    }
}

#[test]
fn everything_comes_from_the_port_that_was_asked() {
    let server = single(LOOPBACK);
    let [one, two, other] = [(); 3].map(|()| ScriptedClient::to(server.address()));
    one.ask(b"\0\x01f\0octet\0");
    two.ask(b"\0\x02new\0octet\0");
    other.ask(b"\0\x01none\0octet\0");
    let first = one.receive();
    assert_eq!(first, (data(1, &content()[..512]), server.address()));
    assert_eq!(two.receive(), (ack(0), server.address()));
    let (refusal, from) = other.receive();
    assert_eq!((error_of(&refusal).0, from), (ErrorCode::NOT_FOUND, server.address()));
    // Each in turn: their peers tell them apart.
    one.ask(&ack(1));
    two.ask(&data(1, &[1; 512]));
    assert_eq!(two.receive(), (ack(1), server.address()));
    assert_eq!(one.receive(), (data(2, &content()[512..1024]), server.address()));
    two.ask(&data(2, b"end"));
    one.ask(&ack(2));
    assert_eq!(one.receive().0, data(3, &content()[1024..]));
    assert_eq!(two.receive().0, ack(2));
    one.ask(&ack(3));
    eventually("both are over", || server.status().finished == 2 && server.status().live == 0);
    assert_eq!(other.get(b"\0\x01new\0octet\0", 512).1.concat(), [&[1; 512][..], b"end"].concat());
}

#[test]
fn the_address_that_was_asked_answers_and_tells_transfers_apart() {
    let server = single("0.0.0.0:0");
    let asked = ["127.0.0.7", "127.0.0.8"].map(|ip| SocketAddr::new(ip.parse().unwrap(), server.address().port()));
    let client = Port::open();
    let content = content();
    let (first, second) = (data(1, &content[..512]), data(2, &content[512..1024]));
    for (address, request) in asked.into_iter().zip([b"\0\x01f\0octet\0", b"\0\x01f\0OCTET\0"]) {
        client.send(address, request);
        assert_eq!(client.receive(), (first.clone(), address));
    }
    for address in asked {
        client.send(address, &ack(1));
        assert_eq!(client.receive(), (second.clone(), address));
    }
    // Neither is a transfer of this address.
    client.send(SocketAddr::new("127.0.0.9".parse().unwrap(), server.address().port()), &ack(2));
    client.send(asked[0], &ack(2));
    assert_eq!(client.receive(), (data(3, &content[1024..]), asked[0]));
    assert_eq!(server.status().live, 2);
}

#[test]
fn one_port_serves_ipv6_too() {
    let server = single("[::1]:0");
    let (_, blocks) = ScriptedClient::to(server.address()).get(b"\0\x01f\0octet\0", 512);
    assert_eq!(blocks.concat(), content());
}

#[test]
#[cfg(target_os = "linux")]
fn one_port_of_a_service_manager_serves_ipv4_and_ipv6() {
    // As systemd binds it: for both.
    let socket = UdpSocket::bind("[::]:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let builder = builder().retry(impatient()).single_port(true).listen_on(socket);
    let server = builder.bind(&[][..]).unwrap().spawn().unwrap();
    for (number, ip) in ["127.0.0.7", "::1"].into_iter().enumerate() {
        let asked = SocketAddr::new(ip.parse().unwrap(), port);
        let client = ScriptedClient::to(asked);
        client.ask(b"\0\x01f\0octet\0");
        assert_eq!(client.receive(), (data(1, &content()[..512]), asked));
        client.ask(&ack(1));
        while client.receive() != (data(2, &content()[512..1024]), asked) {}
        drop(client);
        eventually("its closed port is reported", || server.status().failed == number as u64 + 1);
    }
}

#[test]
fn a_request_for_another_file_from_the_same_port_ends_the_transfer_before() {
    let server = single(LOOPBACK);
    let client = ScriptedClient::to(server.address());
    client.ask(b"\0\x01f\0octet\0");
    assert_eq!(client.receive().0, data(1, &content()[..512]));
    client.ask(&ack(1));
    assert_eq!(client.receive().0, data(2, &content()[512..1024]));
    // One that is refused ends nothing.
    client.ask(b"\0\x01none\0octet\0");
    assert_eq!(error_of(&client.receive().0).0, ErrorCode::NOT_FOUND);
    client.ask(&ack(2));
    assert_eq!(client.receive().0, data(3, &content()[1024..]));
    client.ask(b"\0\x01g\0octet\0");
    assert_eq!(client.receive().0, data(1, b"abc"));
    client.ask(&ack(1));
    eventually("the second is over", || server.status().finished == 1 && server.status().live == 0);
    assert_eq!(server.status().failed, 1, "the first one counts");
}

#[test]
fn a_client_that_begins_again_is_answered_at_once_whatever_port_it_had() {
    let ports = free_ports();
    let only = *ports.start()..=*ports.start();
    for builder in [builder().single_port(true), builder().port_range(only)] {
        let server = builder.bind(LOOPBACK).unwrap().spawn().unwrap();
        let client = ScriptedClient::to(server.address());
        for _ in 0..2 {
            client.ask(b"\0\x01f\0octet\0");
            let (block, peer) = client.receive();
            assert_eq!(block, data(1, &content()[..512]));
            client.send(peer, &ack(1));
            assert_eq!(client.receive(), (data(2, &content()[512..1024]), peer));
        }
        // The first transfer is over, and nothing came from it meanwhile.
        eventually("it is over", || server.status().failed == 1 && server.status().live == 1);
    }
}

#[test]
fn a_request_that_comes_twice_has_one_answer_from_a_single_port() {
    let policy = Policy { answer_twice: true, ..patient() };
    let server = builder().policy(policy).single_port(true).bind(LOOPBACK).unwrap().spawn().unwrap();
    let client = ScriptedClient::to(server.address());
    for _ in 0..2 {
        client.ask(b"\0\x01f\0octet\0");
    }
    assert_eq!(client.receive().0, data(1, &content()[..512]));
    client.ask(&ack(1));
    assert_eq!(client.receive().0, data(2, &content()[512..1024]));
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_that_closed_its_port_ends_its_own_transfer_only() {
    let server = builder().retry(impatient()).single_port(true).bind("0.0.0.0:0").unwrap().spawn().unwrap();
    let address = SocketAddr::new("127.0.0.1".parse().unwrap(), server.address().port());
    let [gone, here] = [(); 2].map(|()| ScriptedClient::to(address));
    for client in [&gone, &here] {
        client.ask(b"\0\x01f\0octet\0");
        client.receive();
        client.ask(&ack(1));
        while client.receive().0 != data(2, &content()[512..1024]) {}
    }
    drop(gone);
    eventually("the system reports it", || server.status().failed == 1);
    here.ask(&ack(2));
    while here.receive().0 != data(3, &content()[1024..]) {}
    assert_eq!(server.status().live, 1);
}

#[test]
fn nothing_but_a_request_of_a_stranger_is_answered() {
    let server = single(LOOPBACK);
    let client = ScriptedClient::to(server.address());
    for datagram in [&data(1, b"abc")[..], &ack(0), &ack(1), b"\0\x05\0\0no\0", b"\0\x06tsize\x001\0", b""] {
        client.ask(datagram);
    }
    client.hears_nothing_before_the_next_answer();
}

#[test]
fn two_servers_that_are_forged_requests_of_each_other_fall_silent() {
    // A server whose one port asks the other one: their answers meet the transfers of each other.
    let (rexmt, timeout) = (Rexmt::Fixed(Duration::from_millis(10)), Duration::from_millis(100));
    let retry = RetryPolicy { rexmt, timeout, ..RetryPolicy::default() };
    let packets: Arc<Mutex<usize>> = Arc::default();
    let counted = Arc::clone(&packets);
    let count = move |record: &Record<'_>| {
        if let RecordKind::Packet(_) = record.kind {
            *counted.lock().unwrap() += 1;
        }
    };
    let one = UdpSocket::bind(LOOPBACK).unwrap();
    let address = one.local_addr().unwrap();
    let two = builder().retry(retry).single_port(true).observer(Counter(Box::new(count))).bind(LOOPBACK).unwrap();
    let two = two.spawn().unwrap();
    for request in [&b"\0\x01f\0octet\0"[..], b"\0\x02new\0octet\0", b"\0\x01none\0octet\0"] {
        one.send_to(request, two.address()).unwrap();
    }
    let one = builder().retry(retry).single_port(true).listen_on(one).bind(&[][..]).unwrap().spawn().unwrap();
    assert_eq!(one.address(), address);
    eventually("both are idle", || one.status().live == 0 && two.status().live == 0 && two.status().failed > 0);
    assert!(*packets.lock().unwrap() < 40, "{packets:?}");
}

/// An observer of a closure.
struct Counter(Box<dyn FnMut(&Record<'_>) + Send>);

impl Observer for Counter {
    fn observe(&mut self, record: &Record<'_>) {
        (self.0)(record);
    }
}

#[test]
fn windows_of_many_clients_go_both_ways_through_one_port() {
    let content: Vec<u8> = (0..400_000_u32).map(|it| (it / 7) as u8).collect();
    let store = MemoryStore::from([("big", content.clone())]);
    let server = Server::builder(store.clone()).single_port(true).bind("0.0.0.0:0").unwrap().spawn().unwrap();
    let address = SocketAddr::new("127.0.0.1".parse().unwrap(), server.address().port());
    thread::scope(|scope| {
        for number in 0..8 {
            let content = &content;
            scope.spawn(move || {
                let mut client = Client::to(address);
                client.options.blksize = BlockSize::new([1428, 8192][number % 2]);
                client.options.windowsize = WindowSize::new(16);
                let (_, bytes) = client.get_bytes("big", &mut Observers::none()).unwrap();
                assert!(bytes == *content);
                client.put_bytes(format!("up{number}"), content).unwrap();
            });
        }
    });
    for number in 0..8 {
        assert!(*store.get(format!("up{number}")).unwrap() == content[..], "{number}");
    }
}

#[test]
fn transfers_have_ports_of_the_range_and_refusals_too() {
    let ports = free_ports();
    let server = builder().port_range(ports.clone()).bind(LOOPBACK).unwrap().spawn().unwrap();
    let clients = [(); 3].map(|()| ScriptedClient::to(server.address()));
    let mut taken = Vec::new();
    for client in &clients {
        let refused = ScriptedClient::to(server.address());
        refused.ask(b"\0\x01none\0octet\0");
        assert!(ports.contains(&refused.receive().1.port()));
        client.ask(b"\0\x01f\0octet\0");
        let (block, peer) = client.receive();
        assert_eq!(block, data(1, &content()[..512]));
        client.send(peer, &ack(1));
        assert_eq!(client.receive().0, data(2, &content()[512..1024]));
        taken.push(peer.port());
    }
    taken.sort_unstable();
    assert_eq!(taken, ports.collect::<Vec<_>>());
}

#[test]
fn a_request_that_finds_no_free_port_of_the_range_is_told_so() {
    let ports = free_ports();
    let held: Vec<_> = ports.clone().map(|port| UdpSocket::bind(("127.0.0.1", port)).unwrap()).collect();
    let server = builder().port_range(ports.clone()).bind(LOOPBACK).unwrap().spawn().unwrap();
    let client = ScriptedClient::to(server.address());
    client.ask(b"\0\x01g\0octet\0");
    let (refusal, from) = client.receive();
    let (code, message) = error_of(&refusal);
    assert_eq!((code, from), (ErrorCode::UNDEFINED, server.address()));
    assert_eq!(message, "the server is busy: no port is free, try again later");
    drop(held);
    client.ask(b"\0\x01g\0octet\0");
    let (block, peer) = client.receive();
    assert!(block == data(1, b"abc") && ports.contains(&peer.port()));
}

#[test]
fn a_server_has_a_single_port_or_a_range() {
    let error = builder().single_port(true).port_range(7400..=7402).bind(LOOPBACK).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{error}");
}

#[test]
fn the_program_serves_and_traces_through_one_port() {
    let directory = directory_with(&[("f", &content())]);
    let (mut server, address) = Process::serve(directory.path(), &["--single-port", "--trace=pcap=x.pcapng"]);
    let mut client = Client::to(address);
    assert_eq!(client.get_bytes("f", &mut Observers::none()).unwrap().1, content());
    client.put_bytes("up", &content()).unwrap();
    assert_eq!(fs::read(directory.path().join("up")).unwrap(), content());
    assert_eq!(server.end_by(Signal::SIGINT), Some(0));
    let capture = fs::read(directory.path().join("x.pcapng")).unwrap();
    let ends: Vec<_> =
        packets(&capture[..]).filter_map(|packet| packet.datagram()).map(|it| [it.from, it.to]).collect();
    assert!(ends.len() > 6 && ends.iter().all(|ends| ends.contains(&address)), "{ends:?}");
}

#[test]
fn the_program_takes_ports_of_the_range() {
    let directory = directory_with(&[("f", &content())]);
    let ports = free_ports();
    let range = format!("{}:{}", ports.start(), ports.end());
    let (mut server, address) = Process::serve(directory.path(), &["--port-range", &range]);
    let client = ScriptedClient::to(address);
    client.ask(b"\0\x01f\0octet\0");
    assert!(ports.contains(&client.receive().1.port()));
    assert_eq!(server.end_by(Signal::SIGINT), Some(0));
}
