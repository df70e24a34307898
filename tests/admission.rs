//! Who gets a transfer: devices that begin again, racks behind one address, and forged requests.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a helper that cannot go on fails its test")]

mod support;

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use support::{Client, Port, ScriptedClient, ack, data, error_of, eventually, memory, patient, serve, serve_practice};
use tftpsh::event::Observers;
use tftpsh::server::Policy;
use tftpsh::wire::{ErrorCode, Packet};

/// A read in progress, whose first block is acknowledged.
fn reader(server: &support::Server) -> (ScriptedClient, SocketAddr) {
    let client = ScriptedClient::of(server);
    client.ask(b"\0\x01fw.bin\0octet\0");
    let (first, peer) = client.receive();
    assert_eq!(first[..4], data(1, b""));
    client.send(peer, &ack(1));
    assert_eq!(client.receive().0[..4], data(2, b""));
    (client, peer)
}

#[test]
fn a_device_that_was_switched_off_and_on_is_answered_immediately() {
    // Nothing is sent twice: an answer is not a repetition.
    let server = serve_practice(patient());
    let (client, old) = reader(&server);
    let begun = Instant::now();
    client.ask(b"\0\x01fw.bin\0octet\0");
    let (first, new) = client.receive();
    println!("answered after {:?}", begun.elapsed());
    assert_eq!(first[..4], data(1, b""));
    assert_ne!(new, old, "from a new transfer id");
    assert_eq!(server.status().live, 2, "the device has not answered yet");
    client.send(new, &ack(1));
    let (second, peer) = client.receive();
    assert_eq!((&second[..4], peer), (&data(2, b"")[..], new));
}

#[test]
fn the_old_transfer_ends_without_a_word_when_the_device_goes_on_with_the_new_one() {
    let server = serve_practice(patient());
    let (client, _) = reader(&server);
    client.ask(b"\0\x01fw.bin\0octet\0");
    let (mut wanted, new) = (1, client.receive().1);
    client.send(new, &ack(1));
    eventually("the old transfer is over", || server.status().live == 1 && server.status().failed == 1);
    while wanted < 6 {
        wanted += 1;
        let (block, peer) = client.receive();
        assert_eq!((&block[..4], peer), (&data(wanted, b"")[..], new));
        client.send(new, &ack(wanted));
    }
    eventually("the new transfer is over", || server.status().finished == 1 && server.status().live == 0);
}

#[test]
fn a_device_that_begins_its_upload_again_is_answered_immediately() {
    let server = serve_practice(Policy { overwrite: true, ..patient() });
    let client = ScriptedClient::of(&server);
    client.ask(b"\0\x02new\0octet\0");
    let (_, old) = client.receive();
    client.send(old, &data(1, &[1; 512]));
    assert_eq!(client.receive().0, ack(1));
    client.ask(b"\0\x02new\0octet\0");
    let (answer, new) = client.receive();
    assert!(answer == ack(0) && new != old);
    client.send(new, &data(1, b"all"));
    assert_eq!(client.receive().0, ack(1));
    assert_eq!(ScriptedClient::of(&server).get(b"\0\x01new\0octet\0", 512).1, [b"all"]);
}

#[test]
fn a_late_copy_of_a_request_ends_no_transfer() {
    let server = serve_practice(patient());
    let (client, old) = reader(&server);
    client.ask(b"\0\x01fw.bin\0octet\0");
    let (_, new) = client.receive();
    // What a client does that runs a transfer (RFC 1350 section 4).
    client.send(new, b"\0\x05\0\x05Unknown transfer ID\0");
    eventually("the new transfer is over", || server.status().live == 1);
    client.send(old, &ack(2));
    assert_eq!(client.receive().0[..4], data(3, b""));
}

#[test]
fn a_rack_behind_one_address_gets_its_files_and_no_error() {
    let content = vec![b'x'; 10_000];
    let server = serve(memory("f", content.clone()), patient());
    thread::scope(|scope| {
        let clients: Vec<_> = (0..256)
            .map(|_| scope.spawn(|| Client::to(server.address()).get_bytes("f", &mut Observers::none())))
            .collect();
        for client in clients {
            assert!(client.join().unwrap().unwrap().1 == content);
        }
    });
    // A client is done before the server has its last ACK.
    eventually("every transfer is complete", || server.status().finished == 256);
    assert_eq!(server.status().failed, 0);
}

/// A get as a boot ROM does it: in lock-step, asking again each second. Whether it got the whole file.
fn boots(from: IpAddr, server: SocketAddr, blocks: u16) -> bool {
    let port = Port::open_at((from, 0));
    for _ in 0..10 {
        port.send(server, b"\0\x01f\0octet\0");
        let Some((mut block, peer)) = port.receive_within(Duration::from_secs(1)) else { continue };
        for wanted in 1..=blocks {
            assert_eq!(block[..4], data(wanted, b""), "no ERROR");
            port.send(peer, &ack(wanted));
            if wanted < blocks {
                block = port.receive().0;
            }
        }
        return true;
    }
    false
}

#[test]
fn real_clients_get_their_files_while_others_forge_requests() {
    let server = serve(memory("f", vec![b'x'; 1_000]), Policy::default());
    let (address, over) = (server.address(), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            // 300 in a second, from ports that are closed and from ports that are silent.
            let mut silent = Vec::new();
            for count in 0u32.. {
                let port = Port::open_at((IpAddr::from([127, 0, 0, 2 + (count % 5) as u8]), 0));
                port.send(address, b"\0\x01f\0octet\0blksize\x001400\0");
                if count % 2 == 0 {
                    silent.push(port);
                }
                thread::sleep(Duration::from_micros(3_333));
                if over.load(Ordering::Relaxed) || silent.len() > 800 {
                    break;
                }
            }
        });
        // The forger has all the openings of its addresses first.
        eventually("there are forged requests", || server.status().live >= 80);
        // From an address of their own, and from one that is forged too.
        let served = |host| (0..30).filter(|_| boots(IpAddr::from([127, 0, 0, host]), address, 2)).count();
        let served = [served(1), served(2)];
        over.store(true, Ordering::Relaxed);
        assert_eq!(served, [30, 30]);
    });
    eventually("every transfer is complete", || server.status().finished >= 60);
}

#[test]
fn an_address_that_acknowledges_nothing_gets_sixteen_answers_and_a_client_that_acknowledges_frees_the_others() {
    let server = serve(memory("f", vec![b'x'; 1_000]), patient());
    let clients: Vec<_> = (0..20).map(|_| ScriptedClient::of(&server)).collect();
    clients.iter().for_each(|client| client.ask(b"\0\x01f\0octet\0"));
    let peers: Vec<_> = clients[..16].iter().map(|client| client.receive().1).collect();
    assert!(clients[16..].iter().all(|client| client.port.pending().is_empty()));
    assert_eq!(server.status().live, 16);
    clients[9].send(peers[9], &ack(1));
    assert!(clients[16..].iter().all(|client| client.receive().0[..4] == data(1, b"")));
}

#[test]
fn others_than_the_networks_that_are_named_get_an_error() {
    let server = serve_practice(Policy { allow: vec!["127.0.0.8/30".parse().unwrap()], ..Policy::default() });
    for (host, served) in [(7, false), (8, true), (11, true), (12, false)] {
        let port = Port::open_at((IpAddr::from([127, 0, 0, host]), 0));
        port.send(server.address(), b"\0\x01hello.txt\0octet\0");
        let answer = port.receive().0;
        match Packet::parse(&answer).unwrap() {
            Packet::Data { .. } => assert!(served, "{host}"),
            _ => assert!(!served && error_of(&answer).0 == ErrorCode::ACCESS, "{host}"),
        }
    }
}
