//! Get and put against servers that follow a script, datagram by datagram.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use support::{Client, Port, ScriptedServer, ack, data, script};
use tftpsh::Stop;
use tftpsh::client::{ClientError, Negotiation, Options};
use tftpsh::event::{Observer, Observers, Record, RecordKind};
use tftpsh::files::{Source, WriteFile};
use tftpsh::trace::{Classic, Notes};
use tftpsh::transfer::{Event, RetryPolicy, Rexmt};
use tftpsh::wire::{ErrorCode, Mode, WindowSize, emit_error};

const NAME: &str = "fw.bin";

const PLAIN_RRQ: &[u8] = b"\0\x01fw.bin\0octet\0";

/// A server that knows no options and gives a file of 600 bytes.
fn plain_read(mut port: ScriptedServer) {
    port.expect(PLAIN_RRQ);
    let mut tid = port.another();
    tid.send(&data(1, &[b'a'; 512]));
    tid.expect(&ack(1));
    tid.send(&data(2, &[b'b'; 88]));
    tid.expect(&ack(2));
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

impl WriteFile for Memory {
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
fn plain() -> Options {
    Options { negotiation: Negotiation::Off, ..quick() }
}

fn quick() -> Options {
    sending_again_after(200)
}

fn sending_again_after(milliseconds: u64) -> Options {
    let rexmt = Rexmt::Fixed(Duration::from_millis(milliseconds));
    Options {
        retry: RetryPolicy { rexmt, timeout: Duration::from_secs(5), ..RetryPolicy::default() },
        ..Options::default()
    }
}

#[test]
fn a_get_of_rfc_1350_and_its_classic_trace() {
    let (server, played) = script(plain_read);
    let mut target = Memory::new();
    let mut classic = Classic::new(Vec::new());
    let mut watch = Observers::none();
    watch.add(&mut classic);
    let report = Client::to(server).with(plain()).get_observed(NAME, &mut target, &mut watch).unwrap();
    played.join().unwrap();
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
    let (server, played) = script(|mut port| {
        port.expect(b"\0\x01fw.bin\0octet\0tsize\x000\0blksize\x0065464\0");
        let mut tid = port.another();
        tid.send(b"\0\x06tsize\x001500\0blksize\x001024\0");
        tid.expect(&ack(0));
        tid.send(&data(1, &[b'a'; 1024]));
        tid.expect(&ack(1));
        tid.send(&data(2, &[b'b'; 476]));
        tid.expect(&ack(2));
    });
    let mut target = Memory::new();
    let report = Client::to(server).with(quick()).get(NAME, &mut target).unwrap();
    played.join().unwrap();
    assert_eq!((report.terms.blksize.get(), report.terms.tsize), (1024, Some(1500)));
    assert_eq!(target.bytes.len(), 1500);
}

#[test]
#[cfg(target_os = "linux")]
fn a_put_tells_its_size_and_waits_for_the_last_ack() {
    let (server, played) = script(|mut port| {
        port.expect(b"\0\x02fw.bin\0octet\0tsize\x00600\0blksize\x001468\0windowsize\x0016\0");
        let mut tid = port.another();
        tid.send(b"\0\x06tsize\x00600\0blksize\x00512\0");
        tid.expect(&data(1, &[7; 512]));
        tid.send(&ack(1));
        tid.expect(&data(2, &[7; 88]));
        tid.send(&ack(2));
    });
    let report = Client::to(server).with(quick()).put_bytes(NAME, &[7; 600]).unwrap();
    played.join().unwrap();
    assert_eq!((report.stats.bytes, report.stats.resent), (600, 0));
}

#[test]
fn a_window_of_blocks_gets_one_ack() {
    let (server, played) = script(|mut port| {
        port.expect(b"\0\x01fw.bin\0octet\0windowsize\x004\0");
        let mut tid = port.another();
        tid.send(b"\0\x06windowsize\x004\0");
        tid.expect(&ack(0));
        (1..=4).for_each(|block| tid.send(&data(block, &[0; 512])));
        tid.expect(&ack(4));
        tid.send(&data(5, b""));
        tid.expect(&ack(5));
    });
    let settings = Options { negotiation: Negotiation::On, windowsize: WindowSize::new(4), ..quick() };
    let mut target = Memory::new();
    Client::to(server).with(settings).get(NAME, &mut target).unwrap();
    played.join().unwrap();
    assert_eq!(target.bytes.len(), 2048);
}

#[test]
fn a_get_works_over_ipv6() {
    let port = ScriptedServer::open_at("[::1]:0");
    let server = port.address();
    let played = thread::spawn(move || plain_read(port));
    let mut target = Memory::new();
    Client::to(server).with(plain()).get(NAME, &mut target).unwrap();
    played.join().unwrap();
    assert_eq!(target.bytes.len(), 600);
}

#[test]
#[cfg(target_os = "linux")]
fn a_refused_port_is_said_at_once() {
    for host in ["127.0.0.1", "::1"] {
        let closed = Port::open_at((host, 0)).address();
        let begun = Instant::now();
        let error = Client::to(closed).with(plain()).get(NAME, &mut Memory::new()).unwrap_err();
        assert_eq!(error.to_string(), format!("{closed}: connection refused (no TFTP server there)"));
        assert!(begun.elapsed() < Duration::from_millis(150), "before anything is sent again: {:?}", begun.elapsed());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_next_address_of_a_name_is_tried_without_a_word() {
    // Served on IPv4 only; localhost usually is ::1 first.
    let (server, played) = script(plain_read);
    let mut target = Memory::new();
    Client::to_host("localhost", server.port()).with(plain()).get(NAME, &mut target).unwrap();
    played.join().unwrap();
    assert!(target.committed);
}

#[test]
fn a_stranger_gets_error_5_and_its_closed_port_harms_nothing() {
    let (server, played) = script(|mut port| {
        port.expect(PLAIN_RRQ);
        let mut tid = port.another();
        tid.send(&data(1, &[b'a'; 512]));
        tid.expect(&ack(1));
        let mut stranger = tid.another();
        stranger.send(&data(2, b"not mine"));
        stranger.expect(&emit_error(ErrorCode::UNKNOWN_TID, b"Unknown transfer ID"));
        let gone = tid.another();
        gone.send(&data(2, b"not mine"));
        drop(gone);
        tid.send(&data(2, b"mine"));
        tid.expect(&ack(2));
    });
    let mut target = Memory::new();
    let report = Client::to(server).with(plain()).get(NAME, &mut target).unwrap();
    played.join().unwrap();
    assert!(target.bytes.ends_with(b"amine"));
    assert_eq!(report.stats.strangers, 2);
}

#[test]
fn a_full_disk_is_told_to_both_sides_and_nothing_is_acknowledged() {
    let (server, played) = script(|mut port| {
        port.expect(PLAIN_RRQ);
        let mut tid = port.another();
        tid.send(&data(1, &[b'a'; 512]));
        tid.expect(&ack(1));
        tid.send(&data(2, &[b'b'; 512]));
        tid.expect(&emit_error(ErrorCode::DISK_FULL, b"Disk full or allocation exceeded"));
    });
    let mut target = Memory { room: 600, ..Memory::new() };
    let error = Client::to(server).with(plain()).get(NAME, &mut target).unwrap_err();
    played.join().unwrap();
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
    let (server, played) = script(|mut port| {
        port.receive();
        let mut tid = port.another();
        tid.send(&ack(0));
        tid.expect(&emit_error(ErrorCode::UNDEFINED, b"bad sector"));
    });
    let mut source = Source::reader(Box::new(Broken), Mode::Octet);
    let error = Client::to(server).with(plain()).put(NAME, &mut source).unwrap_err();
    played.join().unwrap();
    assert_eq!(error.to_string(), "bad sector");
    assert!(matches!(error, ClientError::Local(_)));
}

#[test]
fn a_raised_stop_tells_the_peer_and_ends_soon() {
    let stop = Stop::new();
    let raise = stop.clone();
    let (server, played) = script(move |mut port| {
        port.expect(PLAIN_RRQ);
        let mut tid = port.another();
        tid.send(&data(1, &[b'a'; 512]));
        tid.expect(&ack(1));
        raise.request();
        let begun = Instant::now();
        let error = tid.receive();
        assert_eq!(error[..4], [0, 5, 0, 0], "{}", error.escape_ascii());
        assert!(begun.elapsed() < Duration::from_millis(500));
    });
    // Nothing is sent again meanwhile.
    let settings = Options { retry: sending_again_after(5000).retry, ..plain() };
    let mut target = Memory::new();
    let result = Client::to(server).with(settings).stopped_by(stop).get(NAME, &mut target);
    played.join().unwrap();
    assert!(matches!(result, Err(ClientError::Interrupted)));
    assert!(!target.committed);
}

/// Counts the events of a transfer.
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
            RecordKind::Machine(Event::Again { .. }) => self.fallbacks += 1,
            _ => {}
        }
    }
}

#[test]
fn a_server_that_refuses_options_is_asked_once_more_without() {
    let (server, played) = script(|mut port| {
        assert!(port.receive().len() > PLAIN_RRQ.len());
        let first = port.client;
        port.another().send(&emit_error(ErrorCode::OPTIONS, b"no options here"));
        port.expect(PLAIN_RRQ);
        assert_ne!(port.client, first, "a fresh socket");
        let mut tid = port.another();
        tid.send(&data(1, b"hello"));
        tid.expect(&ack(1));
    });
    let (mut target, mut story, mut notes) = (Memory::new(), Story::default(), Vec::new());
    let mut note = Notes::new(&mut notes, "note: ");
    let mut watch = Observers::none();
    watch.add(&mut story);
    watch.add(&mut note);
    Client::to(server).with(quick()).get_observed(NAME, &mut target, &mut watch).unwrap();
    played.join().unwrap();
    assert_eq!(target.bytes, b"hello");
    assert_eq!((story.begun, story.fallbacks, story.ended), (1, 1, 1));
    assert_eq!(
        String::from_utf8(notes).unwrap(),
        "note: the server answered a request with options with error 8: no options here: asking again without options\n"
    );
}

#[test]
fn a_server_that_drops_requests_with_options_is_asked_once_more_without() {
    let (server, played) = script(|mut port| {
        while port.receive() != PLAIN_RRQ {}
        let mut tid = port.another();
        tid.send(&data(1, b"hello"));
        tid.expect(&ack(1));
    });
    let mut target = Memory::new();
    let settings = sending_again_after(30);
    let report = Client::to(server).with(settings).get(NAME, &mut target).unwrap();
    played.join().unwrap();
    assert_eq!(target.bytes, b"hello");
    assert!(report.elapsed >= Duration::from_millis(60), "the first attempt's time counts: {:?}", report.elapsed);
}

#[test]
fn silence_ends_when_the_timeout_says_so_and_hints_at_firewalls() {
    let silent = Port::open();
    let retry = RetryPolicy {
        rexmt: Rexmt::Fixed(Duration::from_millis(60)),
        timeout: Duration::from_millis(400),
        ..RetryPolicy::default()
    };
    let settings = Options { retry, ..Options::default() };
    let begun = Instant::now();
    let error = Client::to(silent.address()).with(settings).get(NAME, &mut Memory::new()).unwrap_err();
    let elapsed = begun.elapsed();
    assert!(matches!(error, ClientError::TimedOut { answered: false, .. }));
    assert!(error.hint().is_some_and(|hint| hint.contains("firewall")));
    // The fallback to no options shares the time: it is not granted twice.
    assert!((Duration::from_millis(380)..Duration::from_millis(700)).contains(&elapsed), "{elapsed:?}");
}

#[test]
fn an_error_of_the_server_is_a_failure_without_a_hint() {
    let (server, played) = script(|mut port| {
        port.receive();
        port.another().send(&emit_error(ErrorCode::NOT_FOUND, b""));
    });
    let error = Client::to(server).with(quick()).get(NAME, &mut Memory::new()).unwrap_err();
    played.join().unwrap();
    assert_eq!(error.to_string(), format!("{server}: File not found (code 1)"));
    assert_eq!(error.hint(), None);
}

#[test]
fn a_long_name_pushes_the_automatic_options_out_before_it_is_refused() {
    let ask = |length: usize| {
        let (server, played) = script(move |mut port| {
            let request = port.receive();
            // The last request is the test's own, to end the script.
            if request.len() > 1 {
                assert_eq!(request.len(), 2 + length + 1 + 6);
                port.another().send(&emit_error(ErrorCode::NOT_FOUND, b""));
            }
        });
        let error = Client::to(server).with(quick()).get(vec![b'n'; length], &mut Memory::new()).unwrap_err();
        Port::open().send(server, b"x");
        played.join().unwrap();
        error
    };
    assert!(matches!(ask(503), ClientError::Remote { .. }));
    assert!(matches!(ask(504), ClientError::BadRequest(_)));
}

#[test]
fn the_last_ack_is_repeated_while_the_user_thinks() {
    let (idle, waiting) = std::sync::mpsc::channel();
    let (server, played) = script(move |mut port| {
        port.expect(PLAIN_RRQ);
        let mut tid = port.another();
        tid.send(&data(1, b"hello"));
        tid.expect(&ack(1));
        waiting.recv().unwrap();
        tid.send(&data(1, b"hello"));
        tid.expect(&ack(1));
    });
    let mut client = Client::to(server).with(plain());
    client.get(NAME, &mut Memory::new()).unwrap();
    client.idle();
    idle.send(()).unwrap();
    played.join().unwrap();
}

#[test]
fn the_last_ack_is_repeated_beside_the_next_transfer() {
    let (sent, awaited) = std::sync::mpsc::channel();
    let (first, played) = script(move |mut port| {
        port.expect(PLAIN_RRQ);
        let mut tid = port.another();
        tid.send(&data(1, b"hello"));
        tid.expect(&ack(1));
        tid.send(&data(1, b"hello"));
        sent.send(()).unwrap();
        tid.expect(&ack(1));
    });
    let (second, other_played) = script(plain_read);
    let mut client = Client::to(first).with(plain());
    client.get(NAME, &mut Memory::new()).unwrap();
    awaited.recv().unwrap();
    client.turn_to(second);
    client.get(NAME, &mut Memory::new()).unwrap();
    played.join().unwrap();
    other_played.join().unwrap();
}

#[test]
fn at_exit_only_a_get_that_saw_a_loss_is_waited_for() {
    let settings = Options { retry: sending_again_after(500).retry, ..plain() };
    let (server, played) = script(plain_read);
    let mut client = Client::to(server).with(settings);
    client.get(NAME, &mut Memory::new()).unwrap();
    let begun = Instant::now();
    client.finish();
    assert!(begun.elapsed() < Duration::from_millis(250), "nothing was lost: {:?}", begun.elapsed());
    played.join().unwrap();

    let (server, played) = script(|mut port| {
        port.expect(PLAIN_RRQ);
        let mut tid = port.another();
        tid.send(&data(1, &[b'a'; 512]));
        tid.expect(&ack(1));
        tid.send(&data(1, &[b'a'; 512]));
        tid.expect(&ack(1));
        tid.send(&data(2, b""));
        tid.expect(&ack(2));
        tid.send(&data(2, b""));
        tid.expect(&ack(2));
        assert!(tid.is_silent_for(Duration::from_millis(20)));
    });
    client.turn_to(server);
    client.get(NAME, &mut Memory::new()).unwrap();
    client.finish();
    played.join().unwrap();
}
