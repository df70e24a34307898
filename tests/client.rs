//! Get and put against servers that follow a script, datagram by datagram.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tftpsh::client::{Client, ClientError, Order};
use tftpsh::event::{Observer, Observers, Record, RecordKind};
use tftpsh::files::{Content, Source};
use tftpsh::session::{Options, Settings};
use tftpsh::stop::Stop;
use tftpsh::trace::{Classic, Notes};
use tftpsh::transfer::{Event, Failure, Report, Rexmt};
use tftpsh::wire::{ErrorCode, Mode, WindowSize, emit_ack, emit_data_header, emit_error};

const PLAIN_RRQ: &[u8] = b"\0\x01fw.bin\0octet\0";

/// One port of a scripted server, and whom it talks to.
struct Port {
    socket: UdpSocket,
    client: Option<SocketAddr>,
}

impl Port {
    fn open() -> Self {
        Self::open_at("127.0.0.1:0")
    }

    fn open_at(local: &str) -> Self {
        let socket = UdpSocket::bind(local).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self { socket, client: None }
    }

    /// Another port of the same host, towards the same client.
    fn another(&self) -> Self {
        let ip = self.socket.local_addr().unwrap().ip();
        Self { client: self.client, ..Self::open_at(&SocketAddr::new(ip, 0).to_string()) }
    }

    fn number(&self) -> u16 {
        self.socket.local_addr().unwrap().port()
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut buffer = vec![0; 65535];
        let (length, from) = self.socket.recv_from(&mut buffer).expect("the client sends something");
        self.client = Some(from);
        buffer.truncate(length);
        buffer
    }

    fn expect(&mut self, datagram: &[u8]) {
        let received = self.receive();
        assert!(received == datagram, "expected {}, received {}", datagram.escape_ascii(), received.escape_ascii());
    }

    fn send(&self, datagram: &[u8]) {
        self.socket.send_to(datagram, self.client.unwrap()).unwrap();
    }

    fn is_silent_for(&self, time: Duration) -> bool {
        self.socket.set_read_timeout(Some(time)).unwrap();
        self.socket.recv_from(&mut [0; 16]).is_err()
    }
}

fn data(block: u16, bytes: &[u8]) -> Vec<u8> {
    [&emit_data_header(block), bytes].concat()
}

/// Runs `script` on a fresh port; its end is awaited by `join`, which passes its panics on.
fn server(script: impl FnOnce(Port) + Send + 'static) -> (u16, JoinHandle<()>) {
    let port = Port::open();
    (port.number(), thread::spawn(move || script(port)))
}

/// A server that knows no options and gives a file of 600 bytes.
fn plain_read(mut port: Port) {
    port.expect(PLAIN_RRQ);
    let mut tid = port.another();
    tid.send(&data(1, &[b'a'; 512]));
    tid.expect(&emit_ack(1));
    tid.send(&data(2, &[b'b'; 88]));
    tid.expect(&emit_ack(2));
}

/// A file in memory, which may fail after some bytes.
struct Memory {
    bytes: Vec<u8>,
    committed: bool,
    room: usize,
}

impl Memory {
    fn new() -> Self {
        Self { bytes: Vec::new(), committed: false, room: usize::MAX }
    }
}

impl Content for Memory {
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.bytes.len() + bytes.len() > self.room {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn commit(&mut self) -> io::Result<()> {
        self.committed = true;
        Ok(())
    }
}

/// Short waits, and no options.
fn plain() -> Settings {
    Settings { options: Options::Off, ..quick() }
}

fn quick() -> Settings {
    Settings { rexmt: Rexmt::Fixed(Duration::from_millis(200)), timeout: Duration::from_secs(5), ..Settings::default() }
}

fn get(port: u16, settings: &Settings, target: &mut Memory) -> Result<Report, ClientError> {
    get_from("127.0.0.1", port, settings, target, &mut Observers::none())
}

fn get_from(
    host: &str,
    port: u16,
    settings: &Settings,
    target: &mut Memory,
    watch: &mut Observers<'_>,
) -> Result<Report, ClientError> {
    Client::new(Stop::new()).get(&Order { host, port, remote: b"fw.bin" }, settings, target, watch)
}

#[test]
fn a_get_of_rfc_1350_and_its_classic_trace() {
    let (port, script) = server(plain_read);
    let mut target = Memory::new();
    let mut classic = Classic::new(Vec::new());
    let mut watch = Observers::none();
    watch.add(&mut classic);
    let report = get_from("127.0.0.1", port, &plain(), &mut target, &mut watch).unwrap();
    script.join().unwrap();
    assert_eq!((report.stats.bytes, report.stats.blocks), (600, 2));
    assert_eq!(target.bytes, [&[b'a'; 512][..], &[b'b'; 88]].concat());
    assert!(target.committed);
    assert_eq!(
        String::from_utf8(classic.into_inner()).unwrap(),
        "sent RRQ <file=fw.bin, mode=octet>\n\
         received DATA <block=1, 512 bytes>\nsent ACK <block=1>\n\
         received DATA <block=2, 88 bytes>\nsent ACK <block=2>\n"
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_get_asks_for_what_the_path_carries_and_takes_less() {
    let (port, script) = server(|mut port| {
        port.expect(b"\0\x01fw.bin\0octet\0tsize\x000\0blksize\x0065464\0");
        let mut tid = port.another();
        tid.send(b"\0\x06tsize\x001500\0blksize\x001024\0");
        tid.expect(&emit_ack(0));
        tid.send(&data(1, &[b'a'; 1024]));
        tid.expect(&emit_ack(1));
        tid.send(&data(2, &[b'b'; 476]));
        tid.expect(&emit_ack(2));
    });
    let mut target = Memory::new();
    let report = get(port, &quick(), &mut target).unwrap();
    script.join().unwrap();
    assert_eq!((report.stats.terms.blksize.get(), report.stats.terms.tsize), (1024, Some(1500)));
    assert_eq!(target.bytes.len(), 1500);
}

#[test]
#[cfg(target_os = "linux")]
fn a_put_tells_its_size_and_waits_for_the_last_ack() {
    let (port, script) = server(|mut port| {
        port.expect(b"\0\x02fw.bin\0octet\0tsize\x00600\0blksize\x0065464\0");
        let mut tid = port.another();
        tid.send(b"\0\x06tsize\x00600\0blksize\x00512\0");
        tid.expect(&data(1, &[7; 512]));
        tid.send(&emit_ack(1));
        tid.expect(&data(2, &[7; 88]));
        tid.send(&emit_ack(2));
    });
    let mut source = Source::bytes(Arc::from([7; 600]), Mode::Octet);
    let order = Order { host: "127.0.0.1", port, remote: b"fw.bin" };
    let report = Client::new(Stop::new()).put(&order, &quick(), &mut source, &mut Observers::none()).unwrap();
    script.join().unwrap();
    assert_eq!((report.stats.bytes, report.stats.resent), (600, 0));
}

#[test]
fn a_window_of_blocks_gets_one_ack() {
    let (port, script) = server(|mut port| {
        port.expect(b"\0\x01fw.bin\0octet\0windowsize\x004\0");
        let mut tid = port.another();
        tid.send(b"\0\x06windowsize\x004\0");
        tid.expect(&emit_ack(0));
        (1..=4).for_each(|block| tid.send(&data(block, &[0; 512])));
        tid.expect(&emit_ack(4));
        tid.send(&data(5, b""));
        tid.expect(&emit_ack(5));
    });
    let settings = Settings { options: Options::On, windowsize: WindowSize::new(4), ..quick() };
    let mut target = Memory::new();
    get(port, &settings, &mut target).unwrap();
    script.join().unwrap();
    assert_eq!(target.bytes.len(), 2048);
}

#[test]
fn a_get_works_over_ipv6() {
    let port = Port::open_at("[::1]:0");
    let number = port.number();
    let script = thread::spawn(move || plain_read(port));
    let mut target = Memory::new();
    get_from("::1", number, &plain(), &mut target, &mut Observers::none()).unwrap();
    script.join().unwrap();
    assert_eq!(target.bytes.len(), 600);
}

#[test]
#[cfg(target_os = "linux")]
fn a_refused_port_is_said_at_once() {
    for host in ["127.0.0.1", "::1"] {
        let address = if host == "::1" { "[::1]" } else { host };
        let port = Port::open_at(&format!("{address}:0")).number();
        let begun = Instant::now();
        let error = get_from(host, port, &plain(), &mut Memory::new(), &mut Observers::none()).unwrap_err();
        assert_eq!(error.to_string(), format!("{address}:{port}: connection refused (no TFTP server there)"));
        assert!(begun.elapsed() < Duration::from_millis(150), "before anything is sent again: {:?}", begun.elapsed());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_next_address_of_a_name_is_tried_without_a_word() {
    // Served on IPv4 only; localhost usually is ::1 first.
    let (port, script) = server(plain_read);
    let mut target = Memory::new();
    get_from("localhost", port, &plain(), &mut target, &mut Observers::none()).unwrap();
    script.join().unwrap();
    assert!(target.committed);
}

#[test]
fn a_stranger_gets_error_5_and_its_closed_port_harms_nothing() {
    let (port, script) = server(|mut port| {
        port.expect(PLAIN_RRQ);
        let mut tid = port.another();
        tid.send(&data(1, &[b'a'; 512]));
        tid.expect(&emit_ack(1));
        let mut stranger = tid.another();
        stranger.send(&data(2, b"not mine"));
        stranger.expect(&emit_error(ErrorCode::UNKNOWN_TID, b"Unknown transfer ID"));
        let gone = tid.another();
        gone.send(&data(2, b"not mine"));
        drop(gone);
        tid.send(&data(2, b"mine"));
        tid.expect(&emit_ack(2));
    });
    let mut target = Memory::new();
    let report = get(port, &plain(), &mut target).unwrap();
    script.join().unwrap();
    assert!(target.bytes.ends_with(b"amine"));
    assert_eq!(report.stats.strangers, 2);
}

#[test]
fn a_full_disk_is_told_to_both_sides_and_nothing_is_acknowledged() {
    let (port, script) = server(|mut port| {
        port.expect(PLAIN_RRQ);
        let mut tid = port.another();
        tid.send(&data(1, &[b'a'; 512]));
        tid.expect(&emit_ack(1));
        tid.send(&data(2, &[b'b'; 512]));
        tid.expect(&emit_error(ErrorCode::DISK_FULL, b"Disk full or allocation exceeded"));
    });
    let mut target = Memory { room: 600, ..Memory::new() };
    let error = get(port, &plain(), &mut target).unwrap_err();
    script.join().unwrap();
    assert!(matches!(error, ClientError::Local(error) if error.kind() == io::ErrorKind::StorageFull));
    assert!(!target.committed);
}

#[test]
fn a_source_that_fails_ends_the_put_with_its_own_reason() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("bad sector"))
        }
    }
    let (port, script) = server(|mut port| {
        port.receive();
        let mut tid = port.another();
        tid.send(&emit_ack(0));
        tid.expect(&emit_error(ErrorCode::UNDEFINED, b"bad sector"));
    });
    let mut source = Source::reader(Box::new(Broken), Mode::Octet);
    let order = Order { host: "127.0.0.1", port, remote: b"fw.bin" };
    let error = Client::new(Stop::new()).put(&order, &plain(), &mut source, &mut Observers::none()).unwrap_err();
    script.join().unwrap();
    assert_eq!(error.to_string(), "bad sector");
    assert!(matches!(error, ClientError::Local(_)));
}

#[test]
fn a_raised_stop_tells_the_peer_and_ends_soon() {
    let stop = Stop::new();
    let raise = stop.clone();
    let (port, script) = server(move |mut port| {
        port.expect(PLAIN_RRQ);
        let mut tid = port.another();
        tid.send(&data(1, &[b'a'; 512]));
        tid.expect(&emit_ack(1));
        raise.request();
        let begun = Instant::now();
        let error = tid.receive();
        assert_eq!(error[..4], [0, 5, 0, 0], "{}", error.escape_ascii());
        assert!(begun.elapsed() < Duration::from_millis(500));
    });
    // Nothing is sent again meanwhile.
    let settings = Settings { rexmt: Rexmt::Fixed(Duration::from_secs(5)), ..plain() };
    let order = Order { host: "127.0.0.1", port, remote: b"fw.bin" };
    let mut target = Memory::new();
    let result = Client::new(stop).get(&order, &settings, &mut target, &mut Observers::none());
    script.join().unwrap();
    assert!(matches!(result, Err(ClientError::Interrupted)));
    assert!(!target.committed);
}

/// Counts what a transfer tells beside its packets.
#[derive(Default)]
struct Story {
    begun: u32,
    ended: u32,
    fallbacks: u32,
}

impl Observer for Story {
    fn observe(&mut self, record: &Record<'_>) {
        match record.kind {
            RecordKind::Begin(_) => self.begun += 1,
            RecordKind::End(_) => self.ended += 1,
            RecordKind::Machine(Event::Fallback(_)) => self.fallbacks += 1,
            _ => {}
        }
    }
}

#[test]
fn a_server_that_refuses_options_is_asked_once_more_without() {
    let (port, script) = server(|mut port| {
        assert!(port.receive().len() > PLAIN_RRQ.len());
        let first = port.client;
        port.another().send(&emit_error(ErrorCode::OPTIONS, b"no options here"));
        port.expect(PLAIN_RRQ);
        assert_ne!(port.client, first, "a fresh socket");
        let mut tid = port.another();
        tid.send(&data(1, b"hello"));
        tid.expect(&emit_ack(1));
    });
    let (mut target, mut story, mut notes) = (Memory::new(), Story::default(), Vec::new());
    let mut note = Notes::new(&mut notes, "note: ");
    let mut watch = Observers::none();
    watch.add(&mut story);
    watch.add(&mut note);
    get_from("127.0.0.1", port, &quick(), &mut target, &mut watch).unwrap();
    script.join().unwrap();
    assert_eq!(target.bytes, b"hello");
    assert_eq!((story.begun, story.fallbacks, story.ended), (1, 1, 1));
    assert_eq!(
        String::from_utf8(notes).unwrap(),
        "note: the server answered a request with options with error 8: no options here: asking once more, without options\n"
    );
}

#[test]
fn a_server_that_drops_requests_with_options_is_asked_once_more_without() {
    let (port, script) = server(|mut port| {
        while port.receive() != PLAIN_RRQ {}
        let mut tid = port.another();
        tid.send(&data(1, b"hello"));
        tid.expect(&emit_ack(1));
    });
    let mut target = Memory::new();
    let settings = Settings { rexmt: Rexmt::Fixed(Duration::from_millis(30)), ..quick() };
    let report = get(port, &settings, &mut target).unwrap();
    script.join().unwrap();
    assert_eq!(target.bytes, b"hello");
    assert!(report.elapsed >= Duration::from_millis(60), "the first attempt's time counts: {:?}", report.elapsed);
}

#[test]
fn silence_ends_when_the_timeout_says_so_and_hints_at_firewalls() {
    let silent = Port::open();
    let settings = Settings {
        rexmt: Rexmt::Fixed(Duration::from_millis(60)),
        timeout: Duration::from_millis(400),
        ..Settings::default()
    };
    let begun = Instant::now();
    let error = get(silent.number(), &settings, &mut Memory::new()).unwrap_err();
    let elapsed = begun.elapsed();
    assert!(matches!(error, ClientError::Transfer { failure: Failure::TimedOut { answered: false }, .. }));
    assert!(error.hint().is_some_and(|hint| hint.contains("firewall")));
    // The fallback to no options shares the time: it is not granted twice.
    assert!((Duration::from_millis(380)..Duration::from_millis(700)).contains(&elapsed), "{elapsed:?}");
}

#[test]
fn an_error_of_the_server_is_a_failure_without_a_hint() {
    let (port, script) = server(|mut port| {
        port.receive();
        port.another().send(&emit_error(ErrorCode::NOT_FOUND, b""));
    });
    let error = get(port, &quick(), &mut Memory::new()).unwrap_err();
    script.join().unwrap();
    assert_eq!(error.to_string(), format!("127.0.0.1:{port}: File not found (code 1)"));
    assert_eq!(error.hint(), None);
}

#[test]
fn a_long_name_pushes_the_automatic_options_out_before_it_is_refused() {
    let ask = |length: usize| {
        let (port, script) = server(move |mut port| {
            let request = port.receive();
            // The last request is the test's own, to end the script.
            if request.len() > 1 {
                assert_eq!(request.len(), 2 + length + 1 + 6);
                port.another().send(&emit_error(ErrorCode::NOT_FOUND, b""));
            }
        });
        let name = vec![b'n'; length];
        let order = Order { host: "127.0.0.1", port, remote: &name };
        let client = &mut Client::new(Stop::new());
        let error = client.get(&order, &quick(), &mut Memory::new(), &mut Observers::none()).unwrap_err();
        let _ = UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"x", ("127.0.0.1", port));
        script.join().unwrap();
        error
    };
    assert!(matches!(ask(503), ClientError::Transfer { failure: Failure::Remote { .. }, .. }));
    assert!(matches!(ask(504), ClientError::Request(_)));
}

#[test]
fn the_last_ack_is_repeated_while_the_user_thinks() {
    let (idle, waiting) = std::sync::mpsc::channel();
    let (port, script) = server(move |mut port| {
        port.expect(PLAIN_RRQ);
        let mut tid = port.another();
        tid.send(&data(1, b"hello"));
        tid.expect(&emit_ack(1));
        waiting.recv().unwrap();
        tid.send(&data(1, b"hello"));
        tid.expect(&emit_ack(1));
    });
    let mut client = Client::new(Stop::new());
    let order = Order { host: "127.0.0.1", port, remote: b"fw.bin" };
    client.get(&order, &plain(), &mut Memory::new(), &mut Observers::none()).unwrap();
    client.idle();
    idle.send(()).unwrap();
    script.join().unwrap();
}

#[test]
fn the_last_ack_is_repeated_beside_the_next_transfer() {
    let (sent, awaited) = std::sync::mpsc::channel();
    let (first, script) = server(move |mut port| {
        port.expect(PLAIN_RRQ);
        let mut tid = port.another();
        tid.send(&data(1, b"hello"));
        tid.expect(&emit_ack(1));
        tid.send(&data(1, b"hello"));
        sent.send(()).unwrap();
        tid.expect(&emit_ack(1));
    });
    let (second, other_script) = server(plain_read);
    let mut client = Client::new(Stop::new());
    let order = |port| Order { host: "127.0.0.1", port, remote: b"fw.bin" };
    client.get(&order(first), &plain(), &mut Memory::new(), &mut Observers::none()).unwrap();
    awaited.recv().unwrap();
    client.get(&order(second), &plain(), &mut Memory::new(), &mut Observers::none()).unwrap();
    script.join().unwrap();
    other_script.join().unwrap();
}

#[test]
fn at_exit_only_a_get_that_saw_a_loss_is_waited_for() {
    let order = |port| Order { host: "127.0.0.1", port, remote: b"fw.bin" };
    let settings = Settings { rexmt: Rexmt::Fixed(Duration::from_millis(500)), ..plain() };
    let mut client = Client::new(Stop::new());

    let (port, script) = server(plain_read);
    client.get(&order(port), &settings, &mut Memory::new(), &mut Observers::none()).unwrap();
    let begun = Instant::now();
    client.finish();
    assert!(begun.elapsed() < Duration::from_millis(250), "nothing was lost: {:?}", begun.elapsed());
    script.join().unwrap();

    let (port, script) = server(|mut port| {
        port.expect(PLAIN_RRQ);
        let mut tid = port.another();
        tid.send(&data(1, &[b'a'; 512]));
        tid.expect(&emit_ack(1));
        tid.send(&data(1, &[b'a'; 512]));
        tid.expect(&emit_ack(1));
        tid.send(&data(2, b""));
        tid.expect(&emit_ack(2));
        tid.send(&data(2, b""));
        tid.expect(&emit_ack(2));
        assert!(tid.is_silent_for(Duration::from_millis(20)));
    });
    client.get(&order(port), &settings, &mut Memory::new(), &mut Observers::none()).unwrap();
    client.finish();
    script.join().unwrap();
}
