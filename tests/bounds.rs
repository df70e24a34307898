//! The bounds that are promised, measured: memory, time, and what an address gets that may be forged.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "common/program.rs"]
mod program;

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use program::{NOWHERE, at_home};
use tempfile::tempdir;
use tftpsh::client::{Client, Order};
use tftpsh::event::Observers;
use tftpsh::files::{Content, MemoryStore};
use tftpsh::server::{Config, Server};
use tftpsh::session::{Options, Settings};
use tftpsh::stop::Stop;
use tftpsh::transfer::{RetryPolicy, Rexmt};
use tftpsh::wire::{Packet, emit_ack, emit_data_header};

const MIB: usize = 1 << 20;

fn port() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    socket
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = vec![0; 65_536];
    let (length, from) = socket.recv_from(&mut buffer).expect("an answer");
    buffer.truncate(length);
    (buffer, from)
}

/// The program with pipes; it ends with its value.
struct Program {
    child: Child,
    lines: BufReader<File>,
}

impl Program {
    fn start(folder: &Path, arguments: &str) -> Self {
        // The usual limit of 1,024 descriptors is less than a thousand transfers need.
        let command = format!("ulimit -n 4096; exec {} {arguments}", env!("CARGO_BIN_EXE_tftp"));
        let mut command_line = Command::new("sh");
        at_home(&mut command_line, NOWHERE).args(["-c", &command]).current_dir(folder);
        let mut child = command_line.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(OwnedFd::from(child.stdout.take().unwrap()).into());
        Self { child, lines }
    }

    fn serve(folder: &Path) -> (Self, SocketAddr) {
        let port = port().local_addr().unwrap().port();
        let mut server = Self::start(folder, &format!("serve . {port}"));
        assert!(server.line().starts_with("Serving"));
        let empty = BufReader::new(File::open("/dev/null").unwrap());
        // Its log would fill the pipe.
        let mut log = std::mem::replace(&mut server.lines, empty);
        thread::spawn(move || io::copy(&mut log, &mut io::sink()));
        (server, SocketAddr::from(([127, 0, 0, 1], port)))
    }

    fn say(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    /// A figure of the process, in bytes: `VmRSS` now, `VmHWM` at most so far.
    fn memory(&self, what: &str) -> usize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap();
        1024 * line.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap()
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits for the end; how long it took, and the status.
    fn end(&mut self, since: Instant) -> (Duration, Option<i32>) {
        let status = self.child.wait().unwrap();
        (since.elapsed(), status.code())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It is gone already where all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_transfer_takes_two_windows_whatever_the_size_of_its_file() {
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("served")).unwrap();
    fs::write(folder.path().join("served/small"), [7; 100]).unwrap();
    fs::write(folder.path().join("served/big"), vec![7; 48 * MIB]).unwrap();
    let (server, address) = Program::serve(&folder.path().join("served"));
    let mut client = Program::start(folder.path(), "--blksize 8192 --windowsize 16");
    client.say(&format!("connect 127.0.0.1 {}", address.port()));
    let mut most = |command: &str| {
        client.say(command);
        while !client.line().contains(" bytes in ") {}
        client.memory("VmHWM")
    };
    let small = most("get small");
    let (got, put) = (most("get big"), most("put big again"));
    // Two windows of 128 KiB, 64 KiB, and what the allocator rounds up.
    assert!(got <= small + MIB, "a get: {} KiB more", (got - small) / 1024);
    assert!(put <= got + MIB, "a put: {} KiB more", (put - got) / 1024);
    assert!(server.memory("VmHWM") < 16 * MIB, "{} KiB", server.memory("VmHWM") / 1024);
    assert_eq!(fs::metadata(folder.path().join("served/again")).unwrap().len(), 48 * MIB as u64);
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

/// What a server takes at most that has a thousand such requests, each with its window on the way.
#[cfg(target_os = "linux")]
fn memory_of_a_thousand(request: &[u8]) -> usize {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("f"), vec![7; MIB]).unwrap();
    let (server, address) = Program::serve(folder.path());
    let clients: Vec<_> = (0..1_000)
        .map(|index| {
            // Four addresses, since none gets all places. No answer is waited for by a socket of its own.
            let client = UdpSocket::bind(format!("127.0.0.{}:0", 1 + index % 4)).unwrap();
            client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            client.send_to(request, address).unwrap();
            let (oack, peer) = receive(&client);
            assert!(matches!(Packet::parse(&oack), Ok(Packet::Oack(_))), "{}: {}", index, oack.escape_ascii());
            client.send_to(&emit_ack(0), peer).unwrap();
            // The first block shows that the window is filled.
            let (block, _) = receive(&client);
            assert!(matches!(Packet::parse(&block), Ok(Packet::Data { block: 1, .. })));
            client
        })
        .collect();
    assert_eq!(clients.len(), 1_000);
    server.memory("VmHWM")
}

#[test]
fn patience_ends_within_a_tenth_whatever_the_peer_sends() {
    /// What a peer sends for ever, from its own port or from another one.
    type Nuisance = (&'static str, Vec<u8>, bool);
    let first = [&emit_data_header(1)[..], &[7; 512]].concat();
    let nuisances: [Nuisance; 5] = [
        ("silence", Vec::new(), false),
        ("the first block again and again", first.clone(), false),
        ("junk", b"\0\x09junk".to_vec(), false),
        ("blocks from the future", [&emit_data_header(9)[..], &[7; 512]].concat(), false),
        ("a stranger", first.clone(), true),
    ];
    let timeout = Duration::from_secs(2);
    thread::scope(|scope| {
        for (name, nuisance, stranger) in nuisances {
            let first = first.clone();
            scope.spawn(move || {
                let (server, other, over) = (port(), port(), Arc::new(AtomicBool::new(false)));
                let number = server.local_addr().unwrap().port();
                let stop = Arc::clone(&over);
                let peer = thread::spawn(move || {
                    let (_, client) = receive(&server);
                    server.send_to(&first, client).unwrap();
                    while !stop.load(Ordering::Relaxed) {
                        if !nuisance.is_empty() {
                            let socket = if stranger { &other } else { &server };
                            // Its port is closed as soon as it gives up.
                            let _ = socket.send_to(&nuisance, client);
                        }
                        thread::sleep(Duration::from_millis(1));
                    }
                });
                let settings = Settings { options: Options::Off, timeout, ..Settings::default() };
                let order = Order { host: "127.0.0.1", port: number, remote: b"f" };
                let begun = Instant::now();
                let result = Client::new(Stop::new()).get(&order, &settings, &mut Nowhere, &mut Observers::none());
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

impl Content for Nowhere {
    fn deliver(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_signal_ends_a_get_and_a_put_within_200_ms_and_the_peer_is_told() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        for command in ["get", "put"] {
            let folder = tempdir().unwrap();
            fs::write(folder.path().join("f"), [7; 2000]).unwrap();
            let server = port();
            let number = server.local_addr().unwrap().port();
            let mut program = Program::start(folder.path(), &format!("--no-options 127.0.0.1 {number} {command} f"));
            let (_, client) = receive(&server);
            if command == "get" {
                server.send_to(&[&emit_data_header(1)[..], &[7; 512]].concat(), client).unwrap();
            } else {
                server.send_to(&emit_ack(0), client).unwrap();
            }
            receive(&server);
            let begun = Instant::now();
            program.signal(signal);
            let (took, status) = program.end(begun);
            assert!(took < Duration::from_millis(200), "{signal} {command}: {took:?}");
            assert_eq!(status, Some(130), "{signal} {command}");
            assert!(matches!(Packet::parse(&receive(&server).0), Ok(Packet::Error { .. })), "{signal} {command}");
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no partial file");
            assert_eq!(fs::read(folder.path().join("f")).unwrap(), [7; 2000], "the old file");
        }
    }
}

#[test]
fn a_signal_ends_a_server_within_200_ms_and_its_clients_are_told() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let folder = tempdir().unwrap();
        fs::write(folder.path().join("f"), [7; 2000]).unwrap();
        let (mut program, address) = Program::serve(folder.path());
        let (reader, writer) = (port(), port());
        reader.send_to(b"\0\x01f\0octet\0", address).unwrap();
        let (_, peer) = receive(&reader);
        reader.send_to(&emit_ack(1), peer).unwrap();
        receive(&reader);
        writer.send_to(b"\0\x02new\0octet\0", address).unwrap();
        let (_, peer) = receive(&writer);
        writer.send_to(&[&emit_data_header(1)[..], &[7; 512]].concat(), peer).unwrap();
        receive(&writer);
        let begun = Instant::now();
        program.signal(signal);
        let (took, _) = program.end(begun);
        assert!(took < Duration::from_millis(200), "{signal}: {took:?}");
        for client in [reader, writer] {
            assert!(matches!(Packet::parse(&receive(&client).0), Ok(Packet::Error { .. })), "{signal}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no part of the upload");
    }
}

#[test]
fn an_address_that_may_be_forged_gets_three_packets_and_1548_bytes() {
    let store = MemoryStore::new();
    store.insert(b"f", vec![7; 100_000]);
    let retry_policy = RetryPolicy { rexmt: Rexmt::Fixed(Duration::from_millis(40)), timeout: Duration::from_secs(1) };
    let config = Config { retry_policy, ..Config::default() };
    let server = Server::bind(&["127.0.0.1:0".parse().unwrap()], Box::new(store), config).unwrap().spawn().unwrap();
    let requests: [&[u8]; 5] = [
        b"\0\x01f\0octet\0",
        b"\0\x01f\0octet\0blksize\x0065464\0windowsize\x0065535\0",
        b"\0\x01f\0octet\0tsize\x000\0unheard\x001\0",
        b"\0\x02new\0octet\0",
        b"\0\x02newer\0octet\0blksize\x0065464\0tsize\x00100000\0",
    ];
    let victims: Vec<_> = requests.iter().map(|request| (request, port())).collect();
    for (request, victim) in &victims {
        victim.send_to(request, server.addresses()[0]).unwrap();
    }
    while server.status().failed < requests.len() as u64 {
        thread::sleep(Duration::from_millis(5));
    }
    for (request, victim) in victims {
        victim.set_nonblocking(true).unwrap();
        let mut buffer = [0; 65_536];
        let got: Vec<_> = std::iter::from_fn(|| victim.recv(&mut buffer).ok()).collect();
        assert_eq!(got.len(), 3, "{}", request.escape_ascii());
        assert!(got.iter().sum::<usize>() <= 1_548, "{}: {got:?}", request.escape_ascii());
    }
}
