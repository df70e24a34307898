//! The server over real sockets, against a client that says only what a test makes it say.
#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod support;

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use support::{
    LOOPBACK, Port, ScriptedClient, Server, ack, bind, data, directory_with, error_of, eventually, is_error, names,
    prove_address, reader_and_writer, refusal, serve, serve_at, serve_directory, serve_practice,
};
use tftpsh::Stop;
use tftpsh::event::{Observer, Record, RecordKind};
use tftpsh::files::{Denied, MemoryStore, Source, Store, Target, WriteMode};
use tftpsh::server::{Log, Policy, practice_files};
use tftpsh::wire::{ErrorCode, Mode, Packet};

#[test]
fn a_file_is_read_block_by_block_from_a_fresh_port() {
    let content: Vec<u8> = (0..1300).map(|it| it as u8).collect();
    let directory = directory_with(&[("f.bin", &content)]);
    let server = serve_directory(directory.path(), Policy::default());
    let client = ScriptedClient::of(&server);
    client.ask(b"\0\x01f.bin\0octet\0");
    let (first, peer) = client.receive();
    assert_eq!(first, data(1, &content[..512]));
    assert!(peer.ip() == client.server.ip() && peer.port() != client.server.port());
    client.send(peer, &ack(1));
    assert_eq!(client.receive(), (data(2, &content[512..1024]), peer));
    client.send(peer, &ack(2));
    assert_eq!(client.receive(), (data(3, &content[1024..]), peer));
    client.send(peer, &ack(3));
    eventually("the transfer is over", || server.status().live == 0 && server.status().finished == 1);
}

#[test]
fn options_are_granted_within_the_limits_and_the_size_is_sent() {
    let server = serve_practice(Policy::default());
    let request = b"\0\x01fw.bin\0octet\0tsize\x000\0blksize\x001000\0timeout\x003\0unheard\x001\0";
    let (oack, blocks) = ScriptedClient::of(&server).get(request, 1000);
    assert_eq!(oack.unwrap(), "OACK <tsize=3000, timeout=3, blksize=1000>");
    assert_eq!(blocks.iter().map(Vec::len).collect::<Vec<_>>(), [1000, 1000, 1000, 0]);
}

#[test]
fn limits_can_be_changed_while_the_server_runs() {
    let server = serve_practice(Policy::default());
    let mut policy = server.policy();
    policy.limits.options = false;
    server.set_policy(policy);
    let (oack, blocks) = ScriptedClient::of(&server).get(b"\0\x01fw.bin\0octet\0blksize\x001000\0", 512);
    assert_eq!((oack, blocks.len()), (None, 6));
}

#[test]
fn a_window_goes_out_whole_before_its_acknowledgement() {
    let server = serve_practice(Policy::default());
    let client = ScriptedClient::of(&server);
    client.ask(b"\0\x01fw.bin\0octet\0windowsize\x004\0");
    let (oack, peer) = client.receive();
    assert_eq!(Packet::parse(&oack).unwrap().to_string(), "OACK <windowsize=4>");
    client.send(peer, &ack(0));
    for block in 1..=4u16 {
        assert_eq!(client.receive().0[..4], data(block, b""));
    }
    client.send(peer, &ack(4));
    assert_eq!(client.receive().0[..4], data(5, b""));
    assert_eq!(client.receive().0[..4], data(6, b""));
    client.send(peer, &ack(6));
    eventually("the transfer is over", || server.status().finished == 1);
}

#[test]
fn netascii_is_converted_on_the_way_out() {
    let server = serve_practice(Policy::default());
    let (oack, blocks) = ScriptedClient::of(&server).get(b"\0\x01test.txt\0netascii\0tsize\x000\0", 512);
    assert_eq!(oack, None, "the size of text on the wire is not known");
    assert_eq!(blocks.iter().map(Vec::len).collect::<Vec<_>>(), [512, 64]);
    let (_, blocks) = ScriptedClient::of(&server).get(b"\0\x01hello.txt\0NetASCII\0", 512);
    assert_eq!(blocks.concat(), b"Hello, TFTP!\r\n");
}

#[test]
fn an_upload_is_there_once_the_last_block_is_acknowledged() {
    let directory = directory_with(&[]);
    let server = serve_directory(directory.path(), Policy::default());
    let bytes: Vec<u8> = (0..1024).map(|it| (it / 3) as u8).collect();
    let (first, last) = ScriptedClient::of(&server).put(b"\0\x02up\0octet\0", &bytes, 512);
    assert_eq!((first.as_str(), last.as_str()), ("ACK <block=0>", "all acknowledged"));
    assert_eq!(std::fs::read(directory.path().join("up")).unwrap(), bytes);
    assert_eq!(names(directory.path()), ["up"]);
    let request = b"\0\x02text\0netascii\0blksize\x0064\0tsize\x0014\0";
    let (first, _) = ScriptedClient::of(&server).put(request, b"a\r\nb\r\0c\r\n", 64);
    assert_eq!(first, "OACK <blksize=64>");
    assert_eq!(std::fs::read(directory.path().join("text")).unwrap(), b"a\nb\rc\n");
}

#[test]
fn an_upload_to_the_practice_server_stays_in_memory_and_can_be_read_back() {
    let store = practice_files();
    let server = serve(store.clone(), Policy::default());
    ScriptedClient::of(&server).put(b"\0\x02mine\0octet\0tsize\x004\0", b"four", 512);
    assert_eq!(&*store.get(b"mine").unwrap(), b"four");
    assert_eq!(ScriptedClient::of(&server).get(b"\0\x01mine\0octet\0", 512).1, [b"four"]);
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    let directory = directory_with(&[("old", b"old")]);
    let server = serve_directory(directory.path(), Policy { overwrite: true, ..Policy::default() });
    let client = ScriptedClient::of(&server);
    client.ask(b"\0\x02old\0octet\0");
    let (_, peer) = client.receive();
    client.send(peer, &data(1, &[7; 512]));
    assert_eq!(client.receive().0, ack(1));
    client.send(peer, b"\0\x05\0\0interrupted\0");
    eventually("the transfer failed", || server.status().failed == 1);
    assert_eq!(names(directory.path()), ["old"]);
    assert_eq!(std::fs::read(directory.path().join("old")).unwrap(), b"old");
}

#[test]
fn an_upload_whose_client_vanishes_fails_at_once_and_leaves_nothing() {
    let directory = directory_with(&[]);
    let server = serve_directory(directory.path(), Policy::default());
    let client = ScriptedClient::of(&server);
    client.ask(b"\0\x02up\0octet\0");
    let (_, peer) = client.receive();
    let last_words = client.port.again();
    drop(client);
    last_words.send(peer, &data(1, &[7; 512]));
    drop(last_words);
    eventually("the transfer failed", || server.status().failed == 1);
    assert_eq!(names(directory.path()), [""; 0]);
}

#[test]
fn refusals_carry_the_code_of_their_reason() {
    let directory = directory_with(&[("f", b"f")]);
    std::fs::create_dir(directory.path().join("sub")).unwrap();
    let policy = Policy { max_upload: Some(1000), ..Policy::default() };
    let server = serve_directory(directory.path(), policy.clone());
    for (request, code) in [
        (&b"\0\x01nosuch\0octet\0"[..], ErrorCode::NOT_FOUND),
        (b"\0\x02f\0octet\0", ErrorCode::EXISTS),
        (b"\0\x02big\0octet\0tsize\x001001\0", ErrorCode::DISK_FULL),
        (b"\0\x01f\0mail\0", ErrorCode::ILLEGAL),
        (b"\0\x01f\0image\0", ErrorCode::ILLEGAL),
    ] {
        assert_eq!(refusal(&server, request), code, "{}", Packet::parse(request).unwrap());
    }
    server.set_policy(Policy { read_only: true, ..policy });
    assert_eq!(refusal(&server, b"\0\x02new\0octet\0"), ErrorCode::ACCESS);
    assert_eq!(names(directory.path()), ["f", "sub"]);
    assert_eq!((server.status().failed, server.status().live), (0, 0));
}

#[test]
fn a_refusal_comes_from_a_port_of_its_own_as_every_answer_does() {
    let server = serve(MemoryStore::new(), Policy::default());
    let client = ScriptedClient::of(&server);
    client.ask(b"\0\x01nosuch\0octet\0");
    let (answer, from) = client.receive();
    assert_eq!(error_of(&answer).0, ErrorCode::NOT_FOUND);
    assert!(from.ip() == client.server.ip() && from.port() != client.server.port(), "RFC 1350 section 4: {from}");
}

#[test]
fn an_upload_that_grows_beyond_the_bound_is_broken_off_and_leaves_nothing() {
    let directory = directory_with(&[]);
    let policy = Policy { max_upload: Some(1000), ..Policy::default() };
    let server = serve_directory(directory.path(), policy);
    let (_, last) = ScriptedClient::of(&server).put(b"\0\x02up\0octet\0", &[0; 2000], 512);
    assert!(last.starts_with("ERROR <code=3"), "{last}");
    eventually("the transfer failed", || server.status().failed == 1);
    assert_eq!(names(directory.path()), [""; 0]);
}

#[test]
fn no_name_leads_out_of_the_directory() {
    let outside = directory_with(&[("secret", b"secret")]);
    let inside = outside.path().join("served");
    std::fs::create_dir(&inside).unwrap();
    std::os::unix::fs::symlink("../secret", inside.join("link")).unwrap();
    let server = serve_directory(&inside, Policy { overwrite: true, ..Policy::default() });
    let absolute = outside.path().join("secret").into_os_string().into_string().unwrap();
    for name in ["../secret", "/../secret", "link", "./../secret", "served/../../secret", &absolute] {
        for kind in [1, 2] {
            let request = [&[0, kind], name.as_bytes(), b"\0octet\0"].concat();
            let client = ScriptedClient::of(&server);
            client.ask(&request);
            let answer = client.receive().0;
            if kind == 1 {
                assert!(is_error(&answer), "{name} was read");
            }
        }
    }
    drop(server);
    assert_eq!(std::fs::read(outside.path().join("secret")).unwrap(), b"secret");
    assert_eq!(names(outside.path()), ["secret", "served"]);
}

#[test]
fn what_is_not_a_request_is_never_answered() {
    let server = serve_practice(Policy::default());
    let client = ScriptedClient::of(&server);
    for datagram in [
        &b""[..],
        b"\0",
        b"\0\x01",
        b"\0\x01no end",
        b"\0\x03\0\x01data",
        b"\0\x04\0\x01",
        b"\0\x05\0\0error\0",
        b"\0\x06blksize\x008\0",
    ] {
        client.ask(datagram);
    }
    client.hears_nothing_before_the_next_answer();
}

#[test]
fn a_broadcast_request_is_never_answered() {
    let server = serve_at("0.0.0.0:0".parse().unwrap(), practice_files(), Policy::default());
    let client = ScriptedClient::to(SocketAddr::new(LOOPBACK.ip(), server.port()));
    client.port.allow_broadcast();
    let everybody = SocketAddr::new("127.255.255.255".parse().unwrap(), client.server.port());
    client.send(everybody, b"\0\x01hello.txt\0octet\0");
    client.hears_nothing_before_the_next_answer();
    assert_eq!(server.status().live, 0);
}

#[test]
fn a_doubled_request_is_answered_once() {
    let server = serve_practice(Policy::default());
    let client = ScriptedClient::of(&server);
    client.ask(b"\0\x01fw.bin\0octet\0");
    client.ask(b"\0\x01fw.bin\0octet\0");
    let (_, peer) = client.receive();
    client.hears_nothing_before_the_next_answer();
    client.send(peer, &ack(1));
    assert_eq!(client.receive().0[..4], data(2, b""));
    assert_eq!(server.status().live, 1);
}

#[test]
fn a_lost_acknowledgement_brings_the_block_again() {
    let server = serve_practice(Policy::default());
    let client = ScriptedClient::of(&server);
    client.ask(b"\0\x01hello.txt\0octet\0");
    let (first, peer) = client.receive();
    assert_eq!(client.receive(), (first, peer));
    client.send(peer, &ack(1));
    eventually("the transfer is over", || server.status().finished == 1);
}

#[test]
fn a_stranger_gets_error_5_and_the_transfer_goes_on() {
    let server = serve_practice(Policy::default());
    let (client, stranger) = (ScriptedClient::of(&server), ScriptedClient::of(&server));
    client.ask(b"\0\x01even.bin\0octet\0");
    let (_, peer) = client.receive();
    stranger.send(peer, &ack(1));
    assert_eq!(error_of(&stranger.receive().0).0, ErrorCode::UNKNOWN_TID);
    client.send(peer, &ack(1));
    assert_eq!(client.receive().0[..4], data(2, b""));
}

#[test]
fn two_hundred_and_fifty_six_downloads_at_once_all_get_every_byte() {
    let store = practice_files();
    let server = serve(store.clone(), Policy::default());
    prove_address(&server, "hello.txt");
    let content = store.get(b"slow.bin").unwrap();
    // All requests first, then all transfers a block each in turn, so that every one of them is live all the time.
    let mut clients: Vec<_> = (0..256).map(|_| (ScriptedClient::of(&server), Vec::new())).collect();
    for (client, _) in &clients {
        client.ask(b"\0\x01slow.bin\0octet\0blksize\x008192\0");
    }
    for (client, _) in &clients {
        let (oack, peer) = client.receive();
        assert_eq!(Packet::parse(&oack).unwrap().to_string(), "OACK <blksize=8192>");
        client.send(peer, &ack(0));
    }
    assert_eq!(server.status().live, 256);
    for wanted in 1..=17u16 {
        for (client, bytes) in &mut clients {
            // A slow machine may see a block twice.
            let (data, peer) = loop {
                let (datagram, peer) = client.receive();
                match Packet::parse(&datagram).unwrap() {
                    Packet::Data { block, data } if block == wanted => break (data.to_vec(), peer),
                    Packet::Data { .. } | Packet::Oack(_) => {}
                    other => panic!("{other}"),
                }
            };
            bytes.extend_from_slice(&data);
            client.send(peer, &ack(wanted));
        }
    }
    assert!(clients.iter().all(|(_, bytes)| **bytes == *content));
    eventually("all are over", || server.status().finished == 257 && server.status().live == 0);
}

#[test]
fn beyond_the_cap_requests_are_refused_and_transfers_that_only_dally_reserve_receive() {
    for config in [Policy { max_per_source: 1, ..Policy::default() }, Policy { max_transfers: 1, ..Policy::default() }]
    {
        dallying_makes_room(&serve_practice(config));
    }
}

fn dallying_makes_room(server: &Server) {
    let client = ScriptedClient::of(server);
    client.ask(b"\0\x02up\0octet\0");
    let (_, peer) = client.receive();
    client.send(peer, &data(1, &[7; 512]));
    assert_eq!(client.receive().0, ack(1));
    let (code, message) = {
        let other = ScriptedClient::of(server);
        other.ask(b"\0\x01hello.txt\0octet\0");
        error_of(&other.receive().0)
    };
    assert!(code == ErrorCode::UNDEFINED && message.contains("too many transfers"), "{message}");
    client.send(peer, &data(2, b"short"));
    assert_eq!(client.receive().0, ack(2));
    let refused = ScriptedClient::of(server);
    refused.ask(b"\0\x01no such file\0octet\0");
    assert_eq!(error_of(&refused.receive().0).0, ErrorCode::NOT_FOUND);
    client.send(peer, &data(2, b"short"));
    assert_eq!(client.receive().0, ack(2), "what is refused takes no place");
    assert_eq!(ScriptedClient::of(server).get(b"\0\x01hello.txt\0octet\0", 512).1, [b"Hello, TFTP!\n"]);
}

#[test]
fn ipv6_is_served_too() {
    let server = serve_at("[::1]:0".parse().unwrap(), practice_files(), Policy::default());
    assert_eq!(ScriptedClient::of(&server).get(b"\0\x01hello.txt\0octet\0", 512).1, [b"Hello, TFTP!\n"]);
}

#[test]
fn all_addresses_get_the_same_free_port_and_answer_from_where_they_were_asked() {
    let listen = ["0.0.0.0:0", "[::1]:0"].map(|it| it.parse().unwrap());
    let server = bind(&listen, practice_files(), Policy::default()).unwrap();
    let [four, six] = server.addresses() else { panic!("two addresses") };
    assert_eq!(four.port(), six.port());
    let asked = SocketAddr::new("127.0.0.9".parse().unwrap(), four.port());
    let _server = server.spawn().unwrap();
    let client = ScriptedClient::to(asked);
    client.ask(b"\0\x01hello.txt\0octet\0");
    assert_eq!(client.receive().1.ip(), asked.ip());
}

#[test]
fn an_address_in_use_is_an_error() {
    let taken = Port::open();
    let error = bind(&[taken.address()], MemoryStore::new(), Policy::default()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[test]
fn a_server_that_stops_tells_its_clients_and_leaves_no_partial_upload() {
    let directory = directory_with(&[("f", &[1; 600])]);
    let server = serve_directory(directory.path(), Policy::default());
    let clients = reader_and_writer(server.address());
    let begun = Instant::now();
    drop(server);
    assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
    for client in clients {
        let (code, message) = error_of(&client.receive().0);
        assert!(code == ErrorCode::UNDEFINED && message.contains("stopping"), "{message}");
    }
    assert_eq!(names(directory.path()), ["f"]);
}

/// A store with a mistake in it.
struct Faulty;

impl Store for Faulty {
    fn read(&self, _: &[u8], _: Mode) -> Result<Source, Denied> {
        panic!("a deliberate panic of the server")
    }

    fn create(&self, _: &[u8], _: Mode, _: WriteMode) -> Result<Target, Denied> {
        panic!("a deliberate panic of the server")
    }
}

#[test]
fn a_panic_ends_the_server_and_nothing_else() {
    let server = serve(Faulty, Policy { title: "faulty".to_owned(), ..Policy::default() });
    assert!(server.status().running);
    ScriptedClient::of(&server).ask(b"\0\x01f\0octet\0");
    eventually("the thread is gone", || !server.status().running);
    assert!(server.status().to_string().ends_with("0 refused, stopped"), "{}", server.status());
}

/// A writer that sends each write.
struct Channel(Sender<String>);

impl io::Write for Channel {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.send(String::from_utf8(bytes.to_owned()).unwrap()).unwrap();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn events_are_logged_in_order() {
    let (stop, (sender, writes)) = (Stop::new(), std::sync::mpsc::channel());
    let log = Log::new(Channel(sender));
    let server = tftpsh::Server::builder(practice_files()).observer(log).bind(LOOPBACK).unwrap();
    let client = ScriptedClient::to(server.address());
    let flag = stop.clone();
    let thread = std::thread::spawn(move || {
        server.run(&flag).unwrap();
    });
    client.get(b"\0\x01fw.bin\0octet\0blksize\x001024\0", 1024);
    let mut lines = VecDeque::new();
    // Without the time.
    let mut next = || {
        if lines.is_empty() {
            lines.extend(writes.recv_timeout(Duration::from_secs(10)).unwrap().lines().map(str::to_owned));
        }
        lines.pop_front().unwrap().split_off("2026-11-28 21:30:46 ".len())
    };
    let address = client.port.address();
    assert_eq!(next(), format!("{address} get fw.bin [octet]: blksize=1024"));
    let end = next();
    assert!(end.starts_with(&format!("{address} get fw.bin: 3000 bytes in ")), "{end}");
    client.ask(b"\0\x01no\x1bsuch\0octet\0");
    let refused = next();
    assert!(refused.starts_with(&format!("{address} get no\\x1bsuch: refused with error 1: ")), "{refused}");
    stop.request();
    thread.join().unwrap();
}

/// A client that, while the server begins to answer another one, acknowledges its file and asks for it again.
struct Hasty {
    socket: UdpSocket,
    server: SocketAddr,
    /// Where its file comes from, once it is known.
    tid: Arc<Mutex<Option<SocketAddr>>>,
}

impl Observer for Hasty {
    fn observe(&mut self, record: &Record<'_>) {
        if matches!(record.kind, RecordKind::Begin(begin) if begin.filename == b"other")
            && let Some(tid) = *self.tid.lock().unwrap()
        {
            self.socket.send_to(b"\0\x04\0\x01", tid).unwrap();
            self.socket.send_to(b"\0\x01small\0octet\0", self.server).unwrap();
        }
    }
}

#[test]
fn a_client_that_asks_again_right_after_its_last_acknowledgement_gets_an_answer() {
    let (client, other) = (UdpSocket::bind(LOOPBACK).unwrap(), UdpSocket::bind(LOOPBACK).unwrap());
    client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    let listener = UdpSocket::bind(LOOPBACK).unwrap();
    let (server, tid) = (listener.local_addr().unwrap(), Arc::<Mutex<Option<SocketAddr>>>::default());
    let hasty = Hasty { socket: client.try_clone().unwrap(), server, tid: Arc::clone(&tid) };
    let store = MemoryStore::from([("small", "1"), ("other", "2")]);
    let _running =
        tftpsh::Server::builder(store).observer(hasty).listen_on(listener).bind(&[][..]).unwrap().spawn().unwrap();
    client.send_to(b"\0\x01small\0octet\0", server).unwrap();
    let (_, first) = client.recv_from(&mut [0; 99]).unwrap();
    *tid.lock().unwrap() = Some(first);
    other.send_to(b"\0\x01other\0octet\0", server).unwrap();
    let (length, second) = client.recv_from(&mut [0; 99]).expect("an answer");
    assert_eq!(length, 5);
    assert_ne!(second, first, "a new transfer");
}
