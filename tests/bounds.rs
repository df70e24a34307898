//! The bounds that are promised, measured: memory, time, and what an address gets that may be forged.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use support::{
    Client, Port, Process, ScriptedClient, ack, data, eventually, is_error, limited, memory as store, names,
    reader_and_writer, serve,
};
use tempfile::tempdir;
use tftpsh::client::{Negotiation, Options};
use tftpsh::files::WriteFile;
use tftpsh::server::Policy;
use tftpsh::transfer::{RetryPolicy, Rexmt};
use tftpsh::wire::Packet;

const MIB: usize = 1 << 20;

/// The usual limit of 1,024 descriptors is less than a thousand transfers need.
const DESCRIPTORS: &str = "ulimit -n 4096";

fn start(directory: &Path, arguments: &str) -> Process {
    Process::spawn(&mut limited(DESCRIPTORS, directory, arguments))
}

fn start_server(directory: &Path) -> (Process, SocketAddr) {
    Process::serving(start(directory, "serve . --port 0"))
}

/// A figure of the process, in bytes: `VmRSS` now, `VmHWM` at most so far.
#[cfg(target_os = "linux")]
fn memory(process: &Process, what: &str) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(what)).unwrap();
    1024 * line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap()
}

/// Sends a signal and waits for the end; how long it took, and the status.
fn end_by(process: &mut Process, signal: Signal) -> (Duration, Option<i32>) {
    let begun = Instant::now();
    let status = process.end_by(signal);
    (begun.elapsed(), status)
}

#[test]
#[cfg(target_os = "linux")]
fn a_transfer_takes_two_windows_whatever_the_size_of_its_file() {
    let directory = tempdir().unwrap();
    fs::create_dir(directory.path().join("served")).unwrap();
    fs::write(directory.path().join("served/small"), [7; 100]).unwrap();
    fs::write(directory.path().join("served/big"), vec![7; 48 * MIB]).unwrap();
    let (server, address) = start_server(&directory.path().join("served"));
    let mut client = start(directory.path(), "--blksize 8192 --windowsize 16");
    client.say(&format!("connect 127.0.0.1 {}", address.port()));
    let mut most = |command: &str| {
        client.say(command);
        while !client.line().contains(" bytes in ") {}
        memory(&client, "VmHWM")
    };
    let small = most("get small");
    let (got, put) = (most("get big"), most("put big again"));
    // Two windows of 128 KiB, 64 KiB, and what the allocator rounds up.
    assert!(got <= small + MIB, "a get: {} KiB more", (got - small) / 1024);
    assert!(put <= got + MIB, "a put: {} KiB more", (put - got) / 1024);
    assert!(memory(&server, "VmHWM") < 16 * MIB, "{} KiB", memory(&server, "VmHWM") / 1024);
    assert_eq!(fs::metadata(directory.path().join("served/again")).unwrap().len(), 48 * MIB as u64);
}

#[test]
#[cfg(target_os = "linux")]
fn a_thousand_transfers_at_once_fit_into_64_mib() {
    let largest: &[u8] = b"\0\x01f\0octet\0blksize\x0065464\0windowsize\x0064\0";
    let read_ahead: &[u8] = b"\0\x01f\0octet\0blksize\x001024\0windowsize\x0064\0";
    let converted: &[u8] = b"\0\x01f\0netascii\0blksize\x001024\0windowsize\x0064\0";
    for request in [largest, read_ahead, converted] {
        let memory = memory_of_a_thousand(request);
        println!("{} KiB: {}", memory / 1024, request.escape_ascii());
        assert!(memory < 64 * MIB, "{} KiB: {}", memory / 1024, request.escape_ascii());
    }
}

/// The most memory of a server with a thousand such requests, each with its window in flight.
#[cfg(target_os = "linux")]
fn memory_of_a_thousand(request: &[u8]) -> usize {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("f"), vec![7; MIB]).unwrap();
    let (server, address) = start_server(directory.path());
    let clients: Vec<_> = (0..1_000)
        .map(|index| {
            // Four addresses, since none gets all places. No answer is waited for by a socket of its own.
            let client = Port::open_at(format!("127.0.0.{}:0", 1 + index % 4));
            client.send(address, request);
            let (oack, peer) = client.receive();
            assert!(matches!(Packet::parse(&oack), Ok(Packet::Oack(_))), "{}: {}", index, oack.escape_ascii());
            client.send(peer, &ack(0));
            // The first block shows that the window is filled.
            let (block, _) = client.receive();
            assert!(matches!(Packet::parse(&block), Ok(Packet::Data { block: 1, .. })));
            client.send(peer, &ack(1));
            client
        })
        .collect();
    assert_eq!(clients.len(), 1_000);
    memory(&server, "VmHWM")
}

#[test]
fn patience_ends_within_a_tenth_whatever_the_peer_sends() {
    /// What a peer sends for ever, from its own port or from another one.
    type Nuisance = (&'static str, Vec<u8>, bool);
    let first = data(1, &[7; 512]);
    let nuisances: [Nuisance; 5] = [
        ("silence", Vec::new(), false),
        ("the first block again and again", first.clone(), false),
        ("junk", b"\0\x09junk".to_vec(), false),
        ("blocks from the future", data(9, &[7; 512]), false),
        ("a stranger", first.clone(), true),
    ];
    let timeout = Duration::from_secs(2);
    thread::scope(|scope| {
        for (name, nuisance, stranger) in nuisances {
            let first = first.clone();
            scope.spawn(move || {
                let (server, other, over) = (Port::open(), Port::open(), Arc::new(AtomicBool::new(false)));
                let address = server.address();
                let stop = Arc::clone(&over);
                let peer = thread::spawn(move || {
                    let (_, client) = server.receive();
                    server.send(client, &first);
                    while !stop.load(Ordering::Relaxed) {
                        if !nuisance.is_empty() {
                            let socket = if stranger { &other } else { &server };
                            // Its port is closed as soon as it gives up.
                            let _ = socket.try_send(client, &nuisance);
                        }
                        thread::sleep(Duration::from_millis(1));
                    }
                });
                let settings = Options {
                    negotiation: Negotiation::Off,
                    retry: RetryPolicy { timeout, ..RetryPolicy::default() },
                    ..Options::default()
                };
                let mut client = Client::to(address).with(settings);
                let begun = Instant::now();
                let result = client.get("f", &mut Nowhere);
                let elapsed = begun.elapsed();
                over.store(true, Ordering::Relaxed);
                peer.join().unwrap();
                assert!(result.is_err_and(|error| error.to_string().ends_with("Transfer timed out.")), "{name}");
                assert!(elapsed >= timeout && elapsed < timeout.mul_f64(1.1), "{name}: {elapsed:?}");
            });
        }
    });
}

struct Nowhere;

impl WriteFile for Nowhere {
    fn deliver(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_signal_ends_a_get_and_a_put_within_200_ms_and_the_peer_is_told() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        for command in ["get", "put"] {
            let directory = tempdir().unwrap();
            fs::write(directory.path().join("f"), [7; 2000]).unwrap();
            let server = Port::open();
            let number = server.number();
            let mut program = start(directory.path(), &format!("--no-options 127.0.0.1 {number} {command} f"));
            let (_, client) = server.receive();
            if command == "get" {
                server.send(client, &data(1, &[7; 512]));
            } else {
                server.send(client, &ack(0));
            }
            server.receive();
            let (took, status) = end_by(&mut program, signal);
            assert!(took < Duration::from_millis(200), "{signal} {command}: {took:?}");
            assert_eq!(status, Some(130), "{signal} {command}");
            assert!(is_error(&server.receive().0), "{signal} {command}");
            assert_eq!(names(directory.path()), ["f"], "no partial file");
            assert_eq!(fs::read(directory.path().join("f")).unwrap(), [7; 2000], "the old file");
        }
    }
}

#[test]
fn a_signal_ends_a_server_within_200_ms_and_its_clients_are_told() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let directory = tempdir().unwrap();
        fs::write(directory.path().join("f"), [7; 2000]).unwrap();
        let (mut program, address) = start_server(directory.path());
        let clients = reader_and_writer(address);
        let (took, _) = end_by(&mut program, signal);
        assert!(took < Duration::from_millis(200), "{signal}: {took:?}");
        for client in clients {
            assert!(is_error(&client.receive().0), "{signal}");
        }
        assert_eq!(names(directory.path()), ["f"], "no part of the upload");
    }
}

#[test]
fn an_address_that_may_be_forged_gets_three_packets_and_1548_bytes() {
    let retry_policy = RetryPolicy {
        rexmt: Rexmt::Fixed(Duration::from_millis(40)),
        timeout: Duration::from_secs(1),
        ..RetryPolicy::default()
    };
    let policy = Policy { retry: retry_policy, ..Policy::default() };
    let server = serve(store("f", vec![7; 100_000]), policy);
    let requests: [&[u8]; 5] = [
        b"\0\x01f\0octet\0",
        b"\0\x01f\0octet\0blksize\x0065464\0windowsize\x0065535\0",
        b"\0\x01f\0octet\0tsize\x000\0unheard\x001\0",
        b"\0\x02new\0octet\0",
        b"\0\x02newer\0octet\0blksize\x0065464\0tsize\x00100000\0",
    ];
    let victims: Vec<_> = requests.iter().map(|request| (request, ScriptedClient::of(&server))).collect();
    for (request, victim) in &victims {
        victim.ask(request);
    }
    eventually("all are given up", || server.status().failed == requests.len() as u64);
    for (request, victim) in victims {
        let got: Vec<_> = victim.port.pending().iter().map(Vec::len).collect();
        assert_eq!(got.len(), 3, "{}", request.escape_ascii());
        assert!(got.iter().sum::<usize>() <= 1_548, "{}: {got:?}", request.escape_ascii());
    }
}
