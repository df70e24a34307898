//! The client and the server as another program uses them.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::cell::RefCell;
use std::fs;
use std::io::{self, Write};
use std::net::UdpSocket;
use std::rc::Rc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use support::{ack, data, directory_with, names, script};
use tftpsh::client::{ClientError, Negotiation};
use tftpsh::event::{Crossing, Direction, Observer, Record, RecordKind};
use tftpsh::server::ServerBuilder;
use tftpsh::{BlockSize, Client, DirStore, ErrorCode, MemoryStore, Mode, Rexmt, Server, Stop};

/// Offers one file, `f`.
fn builder() -> ServerBuilder {
    Server::builder(MemoryStore::from([("f", vec![7; 2000])]))
}

fn code(error: ClientError) -> ErrorCode {
    match error {
        ClientError::Remote { code, .. } => code,
        other => panic!("{other}"),
    }
}

#[test]
fn files_go_both_ways() {
    let served = directory_with(&[("f", b"there")]);
    let local = directory_with(&[("old", b"old"), ("new", b"new")]);
    let at = |name: &str| local.path().join(name);
    let server = Server::builder(DirStore::open(&served).unwrap()).bind("127.0.0.1:0").unwrap().spawn().unwrap();
    let mut client = Client::to(server.address());
    client.get_file("f", at("got")).unwrap();
    assert_eq!(fs::read(at("got")).unwrap(), b"there");
    client.put_file(at("new"), "n").unwrap();
    assert_eq!(fs::read(served.path().join("n")).unwrap(), b"new");
    assert!(matches!(client.get_file("none", at("old")), Err(ClientError::Remote { .. })));
    assert_eq!(fs::read(at("old")).unwrap(), b"old", "a failed get leaves the file alone");
    assert_eq!(names(local.path()), ["got", "new", "old"]);
    assert!(matches!(client.put_file(at("none"), "n"), Err(ClientError::Local(_))));
}

#[test]
fn a_writer_need_not_be_send() {
    struct Shared(Rc<RefCell<Vec<u8>>>);
    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let server = builder().bind("127.0.0.1:0").unwrap().spawn().unwrap();
    let bytes = Rc::default();
    Client::to(server.address()).get("f", Shared(Rc::clone(&bytes))).unwrap();
    assert_eq!(*bytes.borrow(), [7; 2000]);
}

#[test]
fn an_address_has_many_forms() {
    let server = builder().bind("127.0.0.1:0").unwrap().spawn().unwrap();
    let port = server.address().port();
    for mut client in [
        Client::to(server.address()),
        Client::to(("127.0.0.1", port)),
        Client::to(("localhost".to_owned(), port)),
        Client::to(server.address().to_string()),
        Client::to(format!("127.0.0.1:{port}").as_str()),
    ] {
        assert_eq!(client.get("f", io::sink()).unwrap().stats.bytes, 2000);
    }
}

#[test]
fn every_cause_has_its_error() {
    let get = |mut client: Client<'_>| client.get("f", io::sink()).unwrap_err();
    assert!(matches!(get(Client::to("127.0.0.1:tftp")), ClientError::UnknownHost(_)));
    assert!(matches!(get(Client::to("no..such host")), ClientError::UnknownHost(_)));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = socket.local_addr().unwrap();
    let quick = |address| Client::to(address).rexmt(Rexmt::Fixed(Duration::from_millis(20)));
    let error = get(quick(silent).timeout(Duration::from_millis(100)));
    assert!(matches!(error, ClientError::TimedOut { answered: false, .. }), "{error}");
    drop(socket);
    assert!(matches!(get(quick(silent)), ClientError::Refused { .. }));
    let stop = Stop::new();
    stop.request();
    assert!(matches!(get(quick(silent).stop(stop)), ClientError::Interrupted));
    let (address, played) = script(|mut server| {
        server.receive();
        server.another().send(&data(0, &[7; 512]));
    });
    let error = get(Client::to(address).options(Negotiation::Off));
    assert!(matches!(error, ClientError::Protocol { .. }), "{error}");
    played.join().unwrap();
    let server = builder().bind("127.0.0.1:0").unwrap().spawn().unwrap();
    let mut client = Client::to(server.address());
    assert!(matches!(client.get("", io::sink()), Err(ClientError::BadRequest(_))));
    assert!(matches!(client.get("f", &mut [0; 100][..]), Err(ClientError::Local(_))));
    assert_eq!(code(client.get("g", io::sink()).unwrap_err()), ErrorCode::NOT_FOUND);
}

#[test]
fn a_server_keeps_to_its_policy() {
    let put = |builder: ServerBuilder, name: &str| {
        let server = builder.bind("127.0.0.1:0").unwrap().spawn().unwrap();
        Client::to(server.address()).put(name, &[1; 100][..]).map_err(code).err()
    };
    assert_eq!(put(builder(), "new"), None);
    assert_eq!(put(builder(), "f"), Some(ErrorCode::EXISTS));
    assert_eq!(put(builder().overwrite(true), "f"), None);
    assert_eq!(put(builder().create(false).overwrite(true), "f"), None);
    assert_eq!(put(builder().create(false).overwrite(true), "new"), Some(ErrorCode::NOT_FOUND));
    assert_eq!(put(builder().create(false), "new"), Some(ErrorCode::ACCESS));
    assert_eq!(put(builder().read_only(true), "new"), Some(ErrorCode::ACCESS));
    assert_eq!(put(builder().max_upload(99), "new"), Some(ErrorCode::DISK_FULL));
    let terms = |builder: ServerBuilder| {
        let server = builder.bind("127.0.0.1:0").unwrap().spawn().unwrap();
        let blksize = BlockSize::new(1024).unwrap();
        Client::to(server.address()).blksize(blksize).get("f", io::sink()).unwrap().terms.blksize.get()
    };
    assert_eq!(terms(builder()), 1024);
    assert_eq!(terms(builder().max_blksize(BlockSize::new(600).unwrap())), 600);
    assert_eq!(terms(builder().options(false)), 512);
}

/// Sends what each record is.
struct Recording(Sender<String>);

impl Observer for Recording {
    fn observe(&mut self, record: &Record<'_>) {
        let what = match record.kind {
            RecordKind::Begin(begin) => format!("begin {}", begin.filename.escape_ascii()),
            RecordKind::Packet(Crossing { direction, datagram, .. }) => {
                let way = if direction == Direction::Sent { "sent" } else { "received" };
                format!("{way} {}", datagram.get(..4).unwrap_or_default().escape_ascii())
            }
            RecordKind::End(result) => format!("end {}", result.is_ok()),
            _ => return,
        };
        self.0.send(what).expect("a receiver");
    }
}

#[test]
fn observers_of_both_ends_see_the_same_transfer() {
    let (at_server, of_server) = channel();
    let server = builder().observer(Recording(at_server)).bind("127.0.0.1:0").unwrap().spawn().unwrap();
    let (at_client, of_client) = channel();
    let mut recording = Recording(at_client);
    let mut client = Client::to(server.address()).options(Negotiation::Off).observer(&mut recording);
    client.get("f", io::sink()).unwrap();
    client.get("g", io::sink()).unwrap_err();
    drop(client);
    drop((recording, server));
    let swapped = |line: String| match line.strip_prefix("sent") {
        Some(rest) => format!("received{rest}"),
        None => line.replace("received", "sent"),
    };
    let of_client: Vec<_> = of_client.iter().map(swapped).collect();
    let of_server: Vec<_> = of_server.iter().collect();
    assert_eq!(of_server, of_client);
    assert_eq!(of_server.iter().filter(|line| line.starts_with("begin")).count(), 2);
    assert!(of_server.contains(&format!("sent {}", data(4, b"").escape_ascii())));
    assert!(of_server.contains(&format!("received {}", ack(4).escape_ascii())));
}

#[test]
fn the_size_of_a_file_is_known_without_a_download() {
    let store = MemoryStore::from([("large", vec![7; 100_000]), ("empty", Vec::new())]);
    let server = Server::builder(store).bind("127.0.0.1:0").expect("a port").spawn().expect("a server");
    let mut client = Client::to(server.address()).mode(Mode::Netascii);
    assert_eq!(client.size("large").expect("a size"), Some(100_000));
    assert_eq!(client.size("empty").expect("a size"), Some(0));
    assert!(matches!(client.size("nothing"), Err(ClientError::Remote { code: ErrorCode::NOT_FOUND, .. })));
    let mut plain = Client::to(server.address()).options(Negotiation::Off);
    assert_eq!(plain.size("large").expect("an answer"), None);
    assert_eq!(plain.size("empty").expect("a size"), Some(0));
}
