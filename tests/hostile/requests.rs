//! What comes to the port of a server, over real sockets: requests of every kind, and what is none.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Instant;

use tempfile::{TempDir, tempdir};
use tftpsh::server::Policy;
use tftpsh::wire::{ErrorCode, Packet};

use crate::Random;
use crate::cases::unescape;
use crate::support::{
    Port, ScriptedClient, Server, ack, error_of, eventually, is_error, memory, prove_address, serve, serve_directory,
};

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

/// The part of the directory that is served.
fn served(directory: &TempDir) -> PathBuf {
    directory.path().join("served")
}

/// The first answer to a datagram from a new client.
fn answer(server: &Server, datagram: &[u8]) -> Vec<u8> {
    let client = ScriptedClient::of(server);
    client.ask(datagram);
    client.receive().0
}

/// Whether the server still answers, as it does when nothing is wrong.
fn answers(server: &Server) -> bool {
    answer(server, b"\0\x01in\0octet\0") == b"\0\x03\0\x01file"
}

#[test]
fn every_request_gets_the_answer_it_deserves() {
    let directory = directory();
    let server = serve_directory(&served(&directory), Policy::default());
    prove_address(&server, "f");
    let cases: Vec<_> = REQUESTS.lines().filter_map(|line| line.split_once(" -> ")).collect();
    assert!(cases.len() >= 60, "{}", cases.len());
    for (request, expected) in cases {
        let client = ScriptedClient::of(&server);
        client.ask(&unescape(request.trim()));
        client.ask(b"\0\x01no such file\0octet\0");
        let mut answers = [client.receive().0, Vec::new()];
        if expected != "nothing" {
            answers[1] = client.receive().0;
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
    assert_eq!(fs::read(served(&directory).join("f")).unwrap(), b"file");
    assert!(answers(&server));
}

#[test]
fn a_name_may_hold_every_byte_and_none_leads_out() {
    let directory = directory();
    let server = serve_directory(&served(&directory), Policy::default());
    for byte in 1..=255u8 {
        for name in [vec![byte], vec![byte, byte], [&[byte][..], b"/../../secret"].concat(), vec![b'a', byte, b'b']] {
            let answer = answer(&server, &[b"\0\x01", &name[..], b"\0octet\0"].concat());
            let served = name == b"f" || name == b"/f";
            assert_eq!(answer.starts_with(b"\0\x03"), served, "{}: {}", name.escape_ascii(), answer.escape_ascii());
        }
    }
    assert!(answers(&server));
}

#[test]
fn random_datagrams_neither_stop_the_server_nor_make_it_talk_much() {
    let directory = directory();
    let server = serve_directory(&served(&directory), Policy::default());
    prove_address(&server, "f");
    let (mut random, client, begun) = (Random(7), ScriptedClient::of(&server), Instant::now());
    for count in 1..=5_000 {
        let mut datagram = random.datagram();
        // No request by chance, and no whole one by design.
        if let [0, opcode @ (1 | 2), ..] = &mut datagram[..] {
            *opcode += 2;
        }
        client.ask(&datagram);
        if count % 100 == 0 {
            assert!(answers(&server));
        }
    }
    let answers = client.port.pending();
    // They have unknown opcodes, and their addresses may be forged.
    assert!(answers.iter().all(|answer| error_of(answer).0 == ErrorCode::ILLEGAL));
    let most = 50 * (2 + begun.elapsed().as_secs());
    assert!((1..=most).contains(&(answers.len() as u64)), "{}", answers.len());
}

#[test]
fn clients_that_vanish_and_clients_that_come_back_are_served_256_at_once() {
    let server = serve(memory("f", vec![b'x'; 1000]), Policy::default());
    prove_address(&server, "f");
    let clients: Vec<_> = (0..256).map(|_| ScriptedClient::of(&server)).collect();
    for client in &clients {
        client.ask(b"\0\x01f\0octet\0");
    }
    let peers: Vec<_> = clients.iter().map(|client| client.receive().1).collect();
    assert_eq!(server.status().live, 256);
    let (stay, vanish) = (clients.iter().zip(&peers).step_by(2), clients.len() / 2);
    for (client, peer) in stay {
        client.send(*peer, &ack(1));
        assert_eq!(client.receive().0.len(), 4 + 488);
        client.send(*peer, &ack(2));
    }
    eventually("those that stay are served", || server.status().finished > vanish as u64);
    drop(clients);
    assert_eq!(server.status().live, vanish as u64, "the others are still waited for");
}

#[test]
fn one_address_cannot_take_every_place() {
    let policy = Policy { max_per_source: 5, max_transfers: 8, ..Policy::default() };
    let server = serve(memory("f", vec![b'x'; 1000]), policy);
    let ask = |from: &str| {
        let port = Port::open_at((from, 0));
        port.send(server.address(), b"\0\x01f\0octet\0");
        let (answer, peer) = port.receive();
        if !is_error(&answer) {
            port.send(peer, &ack(1));
            assert_eq!(port.receive().0[..4], [0, 3, 0, 2]);
        }
        (answer[1], port)
    };
    let greedy: Vec<_> = (0..7).map(|_| ask("127.0.0.1")).collect();
    assert_eq!(greedy.iter().map(|(opcode, _)| *opcode).collect::<Vec<_>>(), [3, 3, 3, 3, 3, 5, 5]);
    let others: Vec<_> = (2..7).map(|host| ask(&format!("127.0.0.{host}"))).collect();
    assert_eq!(others.iter().map(|(opcode, _)| *opcode).collect::<Vec<_>>(), [3, 3, 3, 5, 5], "eight places in all");
}
