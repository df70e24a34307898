//! What comes to the port of a server, over real sockets: requests of every kind, and what is none.

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::Duration;

use tempfile::{TempDir, tempdir};
use tftpsh::files::{DirStore, MemoryStore};
use tftpsh::server::{Policy, RunningServer, Server};
use tftpsh::wire::{Packet, emit_ack};

use crate::Random;
use crate::cases::unescape;

/// Request and first answer. A question that is answered with "not found" is sent after each, so that `nothing` needs
/// no waiting.
const REQUESTS: &str = include_str!("requests.cases");

fn directory() -> TempDir {
    let directory = tempdir().unwrap();
    let place = |name: &str| directory.path().join(name);
    fs::create_dir_all(place("served/sub")).unwrap();
    fs::write(place("secret"), "secret").unwrap();
    fs::write(place("served/f"), "file").unwrap();
    fs::write(place("served/sub/g"), "below").unwrap();
    symlink("../secret", place("served/out")).unwrap();
    symlink("f", place("served/in")).unwrap();
    symlink("loop", place("served/loop")).unwrap();
    symlink("/etc", place("served/etc")).unwrap();
    symlink("nowhere", place("served/dangling")).unwrap();
    nix::unistd::mkfifo(&place("served/fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    directory
}

fn serve(directory: &Path, policy: Policy) -> RunningServer {
    let root = DirStore::open(directory.join("served")).unwrap();
    Server::builder(root).policy(policy).bind("127.0.0.1:0").unwrap().spawn().unwrap()
}

fn client() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket
}

fn receive(client: &UdpSocket) -> Vec<u8> {
    let mut buffer = vec![0; 65_536];
    let length = client.recv(&mut buffer).expect("an answer");
    buffer.truncate(length);
    buffer
}

/// Whether the server still answers, as it does when nothing is wrong.
fn answers(server: &RunningServer) -> bool {
    let client = client();
    client.send_to(b"\0\x01in\0octet\0", server.address()).unwrap();
    receive(&client) == b"\0\x03\0\x01file"
}

#[test]
fn every_request_gets_the_answer_it_deserves() {
    let directory = directory();
    let server = serve(directory.path(), Policy::default());
    let cases: Vec<_> = REQUESTS.lines().filter_map(|line| line.split_once(" -> ")).collect();
    assert!(cases.len() >= 60, "{}", cases.len());
    for (request, expected) in cases {
        let client = client();
        client.send_to(&unescape(request.trim()), server.address()).unwrap();
        client.send_to(b"\0\x01no such file\0octet\0", server.address()).unwrap();
        let mut answers = [receive(&client), Vec::new()];
        if expected != "nothing" {
            answers[1] = receive(&client);
        }
        // The answer of a transfer and that of the port may overtake one another.
        let replies = answers.iter().filter_map(|answer| Packet::parse(answer).ok()).map(|it| it.to_string());
        let replies: Vec<_> =
            replies.filter(|replies| expected != "nothing" || !replies.contains("File not found")).collect();
        let found = match expected.strip_suffix("...") {
            _ if expected == "nothing" => replies.is_empty(),
            Some(beginning) => replies.iter().any(|replies| replies.starts_with(beginning)),
            None => replies.iter().any(|replies| replies == expected),
        };
        assert!(found, "{request}: {replies:?} instead of {expected}");
        assert!(answers.iter().all(|answer| answer.len() <= 516), "{request}: no answer is longer than a block");
    }
    assert_eq!(fs::read(directory.path().join("secret")).unwrap(), b"secret");
    assert_eq!(fs::read(directory.path().join("served/f")).unwrap(), b"file");
    assert!(answers(&server));
}

#[test]
fn a_name_may_hold_every_byte_and_none_leads_out() {
    let directory = directory();
    let server = serve(directory.path(), Policy::default());
    for byte in 1..=255u8 {
        for name in [vec![byte], vec![byte, byte], [&[byte][..], b"/../../secret"].concat(), vec![b'a', byte, b'b']] {
            let client = client();
            client.send_to(&[b"\0\x01", &name[..], b"\0octet\0"].concat(), server.address()).unwrap();
            let answer = receive(&client);
            let served = name == b"f" || name == b"/f";
            assert_eq!(answer.starts_with(b"\0\x03"), served, "{}: {}", name.escape_ascii(), answer.escape_ascii());
        }
    }
    assert!(answers(&server));
}

#[test]
fn random_datagrams_neither_stop_the_server_nor_make_it_talk() {
    let directory = directory();
    let server = serve(directory.path(), Policy::default());
    let (mut random, client) = (Random(7), client());
    for count in 1..=5_000 {
        let mut datagram = random.datagram();
        // No request by chance, and no whole one by design.
        if let [0, opcode @ (1 | 2), ..] = &mut datagram[..] {
            *opcode += 2;
        }
        client.send_to(&datagram, server.address()).unwrap();
        if count % 100 == 0 {
            assert!(answers(&server));
        }
    }
    client.set_nonblocking(true).unwrap();
    assert!(client.recv(&mut [0; 16]).is_err(), "only requests are answered");
}

#[test]
fn clients_that_vanish_and_clients_that_come_back_are_served_256_at_once() {
    let store = MemoryStore::new();
    store.insert(b"f", vec![b'x'; 1000]);
    let server = Server::builder(store).bind("127.0.0.1:0").unwrap();
    let server = server.spawn().unwrap();
    let clients: Vec<_> = (0..256).map(|_| client()).collect();
    for client in &clients {
        client.send_to(b"\0\x01f\0octet\0", server.address()).unwrap();
    }
    let mut peers = Vec::new();
    for client in &clients {
        let mut buffer = [0; 516];
        peers.push(client.recv_from(&mut buffer).expect("block 1").1);
    }
    assert_eq!(server.status().live, 256);
    let (stay, vanish) = (clients.iter().zip(&peers).step_by(2), clients.len() / 2);
    for (client, peer) in stay {
        client.send_to(&emit_ack(1), peer).unwrap();
        assert_eq!(receive(client).len(), 4 + 488);
        client.send_to(&emit_ack(2), peer).unwrap();
    }
    while server.status().finished < vanish as u64 {
        std::thread::sleep(Duration::from_millis(2));
    }
    drop(clients);
    assert_eq!(server.status().live, vanish as u64, "the others are still waited for");
}

#[test]
fn one_address_cannot_take_every_place() {
    let store = MemoryStore::new();
    store.insert(b"f", vec![b'x'; 1000]);
    let policy = Policy { max_per_source: 5, max_transfers: 8, ..Policy::default() };
    let server = Server::builder(store).policy(policy).bind("127.0.0.1:0").unwrap().spawn().unwrap();
    let ask = |from: &str| {
        let socket = UdpSocket::bind((from, 0)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket.send_to(b"\0\x01f\0octet\0", server.address()).unwrap();
        (receive(&socket)[1], socket)
    };
    let greedy: Vec<_> = (0..7).map(|_| ask("127.0.0.1")).collect();
    assert_eq!(greedy.iter().map(|(opcode, _)| *opcode).collect::<Vec<_>>(), [3, 3, 3, 3, 3, 5, 5]);
    let others: Vec<_> = (2..7).map(|host| ask(&format!("127.0.0.{host}"))).collect();
    assert_eq!(others.iter().map(|(opcode, _)| *opcode).collect::<Vec<_>>(), [3, 3, 3, 5, 5], "eight places in all");
}
