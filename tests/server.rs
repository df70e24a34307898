//! The server over real sockets, against a client that says only what a test makes it say.
#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::time::{Duration, Instant};

use tftpsh::files::{Denied, DirStore, MemoryStore, Source, Store, Target};
use tftpsh::server::{Background, Config, Happening, Server, What, practice_files};
use tftpsh::stop::Stop;
use tftpsh::wire::{ErrorCode, Mode, Packet};

const LOOPBACK: &str = "127.0.0.1:0";

fn serve(store: impl Store + 'static, config: Config) -> Background {
    serve_at(LOOPBACK, store, config)
}

fn serve_at(address: &str, store: impl Store + 'static, config: Config) -> Background {
    Server::bind(&[address.parse().unwrap()], Box::new(store), config).unwrap().spawn().unwrap()
}

fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    folder
}

fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Waits for what another thread does soon.
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < end, "never: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A client's port.
struct Client {
    socket: UdpSocket,
    server: SocketAddr,
}

impl Client {
    fn of(server: &Background) -> Self {
        Self::at(server.addresses()[0])
    }

    fn at(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind(if server.is_ipv4() { LOOPBACK } else { "[::1]:0" }).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self { socket, server }
    }

    fn ask(&self, request: &[u8]) {
        self.socket.send_to(request, self.server).unwrap();
    }

    fn send(&self, to: SocketAddr, datagram: &[u8]) {
        self.socket.send_to(datagram, to).unwrap();
    }

    fn receive(&self) -> (Vec<u8>, SocketAddr) {
        let mut buffer = vec![0; 65_536];
        let (length, from) = self.socket.recv_from(&mut buffer).expect("the server answers");
        buffer.truncate(length);
        (buffer, from)
    }

    /// Nothing comes: shown by a question behind it whose answer comes first.
    fn hears_nothing_before_the_next_answer(&self) {
        self.ask(b"\0\x01no such file\0octet\0");
        assert_eq!(error_of(&self.receive().0).0, ErrorCode::NOT_FOUND);
    }

    /// A whole read in lock-step; the OACK, if any, and the bytes as they stood on the wire.
    fn get(&self, request: &[u8], blksize: usize) -> (Option<String>, Vec<Vec<u8>>) {
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
    fn put(&self, request: &[u8], bytes: &[u8], blksize: usize) -> (String, String) {
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

fn ack(block: u16) -> Vec<u8> {
    [&[0, 4], &block.to_be_bytes()[..]].concat()
}

fn data(block: u16, bytes: &[u8]) -> Vec<u8> {
    [&[0, 3], &block.to_be_bytes()[..], bytes].concat()
}

fn error_of(datagram: &[u8]) -> (ErrorCode, String) {
    match Packet::parse(datagram).unwrap() {
        Packet::Error { code, message } => (code, String::from_utf8(message.to_vec()).unwrap()),
        other => panic!("{other} is no ERROR"),
    }
}

fn refusal(server: &Background, request: &[u8]) -> ErrorCode {
    let client = Client::of(server);
    client.ask(request);
    error_of(&client.receive().0).0
}

#[test]
fn a_file_is_read_block_by_block_from_a_fresh_port() {
    let content: Vec<u8> = (0..1300).map(|it| it as u8).collect();
    let folder = folder(&[("f.bin", &content)]);
    let server = serve(DirStore::open(folder.path()).unwrap(), Config::default());
    let client = Client::of(&server);
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
fn options_are_granted_within_the_limits_and_the_size_is_told() {
    let server = serve(practice_files(), Config::default());
    let request = b"\0\x01fw.bin\0octet\0tsize\x000\0blksize\x001000\0timeout\x003\0unheard\x001\0";
    let (oack, blocks) = Client::of(&server).get(request, 1000);
    assert_eq!(oack.unwrap(), "OACK <tsize=3000, timeout=3, blksize=1000>");
    assert_eq!(blocks.iter().map(Vec::len).collect::<Vec<_>>(), [1000, 1000, 1000, 0]);
}

#[test]
fn limits_can_be_changed_while_the_server_runs() {
    let server = serve(practice_files(), Config::default());
    let mut config = server.config();
    config.limits.options = false;
    server.configure(config);
    let (oack, blocks) = Client::of(&server).get(b"\0\x01fw.bin\0octet\0blksize\x001000\0", 512);
    assert_eq!((oack, blocks.len()), (None, 6));
}

#[test]
fn a_window_goes_out_whole_before_its_acknowledgement() {
    let server = serve(practice_files(), Config::default());
    let client = Client::of(&server);
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
    let server = serve(practice_files(), Config::default());
    let (oack, blocks) = Client::of(&server).get(b"\0\x01test.txt\0netascii\0tsize\x000\0", 512);
    assert_eq!(oack, None, "the size of text on the wire is not known");
    assert_eq!(blocks.iter().map(Vec::len).collect::<Vec<_>>(), [512, 64]);
    let (_, blocks) = Client::of(&server).get(b"\0\x01hello.txt\0NetASCII\0", 512);
    assert_eq!(blocks.concat(), b"Hello, TFTP!\r\n");
}

#[test]
fn an_upload_is_there_once_the_last_block_is_acknowledged() {
    let folder = folder(&[]);
    let server = serve(DirStore::open(folder.path()).unwrap(), Config::default());
    let bytes: Vec<u8> = (0..1024).map(|it| (it / 3) as u8).collect();
    let (first, last) = Client::of(&server).put(b"\0\x02up\0octet\0", &bytes, 512);
    assert_eq!((first.as_str(), last.as_str()), ("ACK <block=0>", "all acknowledged"));
    assert_eq!(std::fs::read(folder.path().join("up")).unwrap(), bytes);
    assert_eq!(listing(folder.path()), ["up"]);
    let request = b"\0\x02text\0netascii\0blksize\x0064\0tsize\x0014\0";
    let (first, _) = Client::of(&server).put(request, b"a\r\nb\r\0c\r\n", 64);
    assert_eq!(first, "OACK <blksize=64>");
    assert_eq!(std::fs::read(folder.path().join("text")).unwrap(), b"a\nb\rc\n");
}

#[test]
fn an_upload_to_the_practice_server_stays_in_memory_and_can_be_read_back() {
    let store = practice_files();
    let server = serve(store.clone(), Config::default());
    Client::of(&server).put(b"\0\x02mine\0octet\0tsize\x004\0", b"four", 512);
    assert_eq!(&*store.get(b"mine").unwrap(), b"four");
    assert_eq!(Client::of(&server).get(b"\0\x01mine\0octet\0", 512).1, [b"four"]);
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    let folder = folder(&[("old", b"old")]);
    let server = serve(DirStore::open(folder.path()).unwrap(), Config { overwrite: true, ..Config::default() });
    let client = Client::of(&server);
    client.ask(b"\0\x02old\0octet\0");
    let (_, peer) = client.receive();
    client.send(peer, &data(1, &[7; 512]));
    assert_eq!(client.receive().0, ack(1));
    client.send(peer, b"\0\x05\0\0interrupted\0");
    eventually("the transfer failed", || server.status().failed == 1);
    assert_eq!(listing(folder.path()), ["old"]);
    assert_eq!(std::fs::read(folder.path().join("old")).unwrap(), b"old");
}

#[test]
fn an_upload_whose_client_vanishes_fails_at_once_and_leaves_nothing() {
    let folder = folder(&[]);
    let server = serve(DirStore::open(folder.path()).unwrap(), Config::default());
    let client = Client::of(&server);
    client.ask(b"\0\x02up\0octet\0");
    let (_, peer) = client.receive();
    let last_words = client.socket.try_clone().unwrap();
    drop(client);
    last_words.send_to(&data(1, &[7; 512]), peer).unwrap();
    drop(last_words);
    eventually("the transfer failed", || server.status().failed == 1);
    assert_eq!(listing(folder.path()), [""; 0]);
}

#[test]
fn refusals_carry_the_code_of_their_reason() {
    let folder = folder(&[("f", b"f")]);
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    let config = Config { largest_upload: Some(1000), ..Config::default() };
    let server = serve(DirStore::open(folder.path()).unwrap(), config.clone());
    for (request, code) in [
        (&b"\0\x01nosuch\0octet\0"[..], ErrorCode::NOT_FOUND),
        (b"\0\x02f\0octet\0", ErrorCode::EXISTS),
        (b"\0\x02big\0octet\0tsize\x001001\0", ErrorCode::DISK_FULL),
        (b"\0\x01f\0mail\0", ErrorCode::ILLEGAL),
        (b"\0\x01f\0image\0", ErrorCode::ILLEGAL),
    ] {
        assert_eq!(refusal(&server, request), code, "{}", Packet::parse(request).unwrap());
    }
    server.configure(Config { read_only: true, ..config });
    assert_eq!(refusal(&server, b"\0\x02new\0octet\0"), ErrorCode::ACCESS);
    assert_eq!(listing(folder.path()), ["f", "sub"]);
    assert_eq!((server.status().failed, server.status().live), (0, 0));
}

#[test]
fn a_refusal_comes_from_a_port_of_its_own_as_every_answer_does() {
    let server = serve(MemoryStore::new(), Config::default());
    let client = Client::of(&server);
    client.ask(b"\0\x01nosuch\0octet\0");
    let (answer, from) = client.receive();
    assert_eq!(error_of(&answer).0, ErrorCode::NOT_FOUND);
    assert!(from.ip() == client.server.ip() && from.port() != client.server.port(), "RFC 1350 section 4: {from}");
}

#[test]
fn an_upload_that_grows_beyond_the_bound_is_broken_off_and_leaves_nothing() {
    let folder = folder(&[]);
    let config = Config { largest_upload: Some(1000), ..Config::default() };
    let server = serve(DirStore::open(folder.path()).unwrap(), config);
    let (_, last) = Client::of(&server).put(b"\0\x02up\0octet\0", &[0; 2000], 512);
    assert!(last.starts_with("ERROR <code=3"), "{last}");
    eventually("the transfer failed", || server.status().failed == 1);
    assert_eq!(listing(folder.path()), [""; 0]);
}

#[test]
fn no_name_leads_out_of_the_folder() {
    let outside = folder(&[("secret", b"secret")]);
    let inside = outside.path().join("served");
    std::fs::create_dir(&inside).unwrap();
    std::os::unix::fs::symlink("../secret", inside.join("link")).unwrap();
    let server = serve(DirStore::open(&inside).unwrap(), Config { overwrite: true, ..Config::default() });
    let absolute = outside.path().join("secret").into_os_string().into_string().unwrap();
    for name in ["../secret", "/../secret", "link", "./../secret", "served/../../secret", &absolute] {
        for kind in [1, 2] {
            let request = [&[0, kind], name.as_bytes(), b"\0octet\0"].concat();
            let client = Client::of(&server);
            client.ask(&request);
            let answer = client.receive().0;
            if kind == 1 {
                assert!(matches!(Packet::parse(&answer), Ok(Packet::Error { .. })), "{name} was read");
            }
        }
    }
    drop(server);
    assert_eq!(std::fs::read(outside.path().join("secret")).unwrap(), b"secret");
    assert_eq!(listing(outside.path()), ["secret", "served"]);
}

#[test]
fn what_is_not_a_request_is_never_answered() {
    let server = serve(practice_files(), Config::default());
    let client = Client::of(&server);
    for datagram in [
        &b""[..],
        b"\0",
        b"\0\x01",
        b"\0\x01no end",
        b"\0\x01\0octet\0",
        b"\0\x03\0\x01data",
        b"\0\x04\0\x01",
        b"\0\x05\0\0error\0",
        b"\0\x06blksize\x008\0",
        b"\0\x09what\0octet\0",
        b"\xff\xff\xff\xff",
    ] {
        client.ask(datagram);
    }
    client.hears_nothing_before_the_next_answer();
}

#[test]
fn a_broadcast_request_is_never_answered() {
    let server = serve_at("0.0.0.0:0", practice_files(), Config::default());
    let client = Client::at(SocketAddr::new("127.0.0.1".parse().unwrap(), server.addresses()[0].port()));
    client.socket.set_broadcast(true).unwrap();
    let everybody = SocketAddr::new("127.255.255.255".parse().unwrap(), client.server.port());
    client.send(everybody, b"\0\x01hello.txt\0octet\0");
    client.hears_nothing_before_the_next_answer();
    assert_eq!(server.status().live, 0);
}

#[test]
fn a_doubled_request_is_answered_once() {
    let server = serve(practice_files(), Config::default());
    let client = Client::of(&server);
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
    let server = serve(practice_files(), Config::default());
    let client = Client::of(&server);
    client.ask(b"\0\x01hello.txt\0octet\0");
    let (first, peer) = client.receive();
    assert_eq!(client.receive(), (first, peer));
    client.send(peer, &ack(1));
    eventually("the transfer is over", || server.status().finished == 1);
}

#[test]
fn a_stranger_gets_error_5_and_the_transfer_goes_on() {
    let server = serve(practice_files(), Config::default());
    let (client, stranger) = (Client::of(&server), Client::of(&server));
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
    let server = serve(store.clone(), Config::default());
    let content = store.get(b"slow.bin").unwrap();
    // All requests first, then all transfers a block each in turn, so that every one of them is live all the time.
    let mut clients: Vec<_> = (0..256).map(|_| (Client::of(&server), Vec::new())).collect();
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
    eventually("all are over", || server.status().finished == 256 && server.status().live == 0);
}

#[test]
fn beyond_the_cap_requests_are_refused_and_transfers_that_only_dally_make_room() {
    for config in
        [Config { transfers_per_source: 1, ..Config::default() }, Config { transfers: 1, ..Config::default() }]
    {
        dallying_makes_room(&serve(practice_files(), config));
    }
}

fn dallying_makes_room(server: &Background) {
    let client = Client::of(server);
    client.ask(b"\0\x02up\0octet\0");
    let (_, peer) = client.receive();
    let (code, message) = {
        let other = Client::of(server);
        other.ask(b"\0\x01hello.txt\0octet\0");
        error_of(&other.receive().0)
    };
    assert!(code == ErrorCode::UNDEFINED && message.contains("too many transfers"), "{message}");
    client.send(peer, &data(1, b"short"));
    assert_eq!(client.receive().0, ack(1));
    assert_eq!(Client::of(server).get(b"\0\x01hello.txt\0octet\0", 512).1, [b"Hello, TFTP!\n"]);
}

#[test]
fn ipv6_is_served_too() {
    let server = serve_at("[::1]:0", practice_files(), Config::default());
    assert_eq!(Client::of(&server).get(b"\0\x01hello.txt\0octet\0", 512).1, [b"Hello, TFTP!\n"]);
}

#[test]
fn all_addresses_get_the_same_free_port_and_answer_from_where_they_were_asked() {
    let listen = ["0.0.0.0:0", "[::1]:0"].map(|it| it.parse().unwrap());
    let server = Server::bind(&listen, Box::new(practice_files()), Config::default()).unwrap();
    let [four, six] = server.addresses() else { panic!("two addresses") };
    assert_eq!(four.port(), six.port());
    let asked = SocketAddr::new("127.0.0.9".parse().unwrap(), four.port());
    let _server = server.spawn().unwrap();
    let client = Client::at(asked);
    client.ask(b"\0\x01hello.txt\0octet\0");
    assert_eq!(client.receive().1.ip(), asked.ip());
}

#[test]
fn an_address_in_use_is_an_error() {
    let taken = UdpSocket::bind(LOOPBACK).unwrap();
    let listen = [taken.local_addr().unwrap()];
    let error = Server::bind(&listen, Box::new(MemoryStore::new()), Config::default()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn a_server_that_stops_tells_its_clients_and_leaves_no_partial_upload() {
    let folder = folder(&[("f", &[1; 600])]);
    let server = serve(DirStore::open(folder.path()).unwrap(), Config::default());
    let (reader, writer) = (Client::of(&server), Client::of(&server));
    reader.ask(b"\0\x01f\0octet\0");
    let (_, from) = reader.receive();
    // The transfer is under way: the client has proved its address.
    reader.send(from, &ack(1));
    reader.receive();
    writer.ask(b"\0\x02up\0octet\0");
    let (_, to) = writer.receive();
    writer.send(to, &data(1, &[2; 512]));
    assert_eq!(writer.receive().0, ack(1));
    let begun = Instant::now();
    drop(server);
    assert!(begun.elapsed() < Duration::from_millis(200), "{:?}", begun.elapsed());
    for client in [reader, writer] {
        let (code, message) = error_of(&client.receive().0);
        assert!(code == ErrorCode::UNDEFINED && message.contains("stopping"), "{message}");
    }
    assert_eq!(listing(folder.path()), ["f"]);
}

/// A store with a mistake in it.
struct Faulty;

impl Store for Faulty {
    fn read(&self, _: &[u8], _: Mode) -> Result<Source, Denied> {
        panic!("a mistake in the server, shown on purpose")
    }

    fn create(&self, _: &[u8], _: Mode, _: bool) -> Result<Target, Denied> {
        panic!("a mistake in the server, shown on purpose")
    }
}

#[test]
fn a_panic_ends_the_server_and_nothing_else() {
    let server = serve(Faulty, Config { title: "faulty".to_owned(), ..Config::default() });
    assert!(server.status().running);
    Client::of(&server).ask(b"\0\x01f\0octet\0");
    eventually("the thread is gone", || !server.status().running);
    assert!(server.status().to_string().ends_with("0 failed, stopped"), "{}", server.status());
}

#[test]
fn what_happens_is_told_in_order() {
    let (stop, told) = (Stop::new(), std::sync::mpsc::channel());
    let server = Server::bind(&[LOOPBACK.parse().unwrap()], Box::new(practice_files()), Config::default()).unwrap();
    let client = Client::at(server.addresses()[0]);
    let flag = stop.clone();
    let thread = std::thread::spawn(move || {
        server.run(&flag, &mut |happening: &Happening| told.0.send(happening.clone()).unwrap()).unwrap();
    });
    client.get(b"\0\x01fw.bin\0octet\0blksize\x001024\0", 1024);
    let next = || told.1.recv_timeout(Duration::from_secs(10)).unwrap();
    let address = client.socket.local_addr().unwrap();
    assert_eq!(next().to_string(), format!("{address} get fw.bin [octet]: blksize=1024"));
    let end = next();
    assert!(matches!(end.what, What::Finished { stats, .. } if stats.bytes == 3000), "{end}");
    client.ask(b"\0\x01no\x1bsuch\0octet\0");
    let refused = next().to_string();
    assert!(refused.starts_with(&format!("{address} get no\\x1bsuch: refused with error 1: ")), "{refused}");
    stop.request();
    thread.join().unwrap();
}
