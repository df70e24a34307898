use std::io;
use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;

use super::*;
use crate::event::{Begin, Crossing};
use crate::transfer::Ignored;
use crate::wire::{BlockSize, ErrorCode, Mode};

/// A log whose time stands still, and the records of transfers of one get each.
struct Story {
    log: Log<Vec<u8>>,
    at: Instant,
}

impl Story {
    fn new(form: Form) -> Self {
        let now = || SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_901_446_123);
        Self { log: Log::of(Lines::new(Vec::new(), form, Clock::new(TimeZone::UTC, now))), at: Instant::now() }
    }

    fn client(transfer: u64) -> SocketAddr {
        ([192, 0, 2, 7], u16::try_from(transfer).unwrap()).into()
    }

    fn record(&mut self, transfer: u64, kind: RecordKind<'_>) {
        let local = "192.0.2.1:50000".parse().unwrap();
        self.log.observe(&Record { at: self.at, transfer, local, kind });
    }

    fn begin(&mut self, transfer: u64) {
        let begin = Begin { filename: b"fw\x1b.bin", mode: Some(Mode::Octet), ..Begin::served(Self::client(transfer)) };
        self.record(transfer, RecordKind::Begin(begin));
    }

    fn agree(&mut self, transfer: u64) {
        self.begin(transfer);
        let terms = Terms { blksize: BlockSize::new(1428).unwrap(), tsize: Some(3000), ..Terms::default() };
        self.record(transfer, RecordKind::Machine(&Event::Agreed(terms)));
    }

    fn receive(&mut self, transfer: u64, datagram: &[u8]) {
        let crossing = Crossing::new(Direction::Received, Self::client(transfer), datagram);
        self.record(transfer, RecordKind::Packet(crossing));
    }

    fn finish(&mut self, transfer: u64) {
        let terms = Terms { blksize: BlockSize::new(1428).unwrap(), tsize: Some(3000), ..Terms::default() };
        let stats = Stats { bytes: 3000, resent: 2, ..Stats::default() };
        let (elapsed, peer) = (Duration::from_micros(1_249_001), Self::client(transfer));
        let report = Report { stats, terms, negotiated: true, elapsed, peer };
        self.record(transfer, RecordKind::End(Ok(&report)));
    }

    fn fail(&mut self, transfer: u64) {
        self.at += Duration::from_secs(7);
        let stats = Stats { bytes: 1428, resent: 1, ..Stats::default() };
        self.record(transfer, RecordKind::Costs(&stats));
        self.record(transfer, RecordKind::End(Err(&Failure::TimedOut { answered: true })));
    }

    fn refuse(&mut self, transfer: u64) {
        self.begin(transfer);
        let refused = Abort::Refused { code: ErrorCode::NOT_FOUND, message: "File not found".to_owned() };
        self.record(transfer, RecordKind::End(Err(&Failure::Aborted(refused))));
    }

    /// A turn of the loop ends, a second after the last one; the lines that it wrote.
    fn rest(&mut self) -> Vec<String> {
        self.at += Duration::from_secs(1);
        self.log.rest(self.at);
        let text = String::from_utf8(mem::take(self.log.lines.out())).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

#[test]
fn every_request_and_every_end_is_a_line_with_its_time() {
    let mut story = Story::new(Form::Text);
    story.log.listening("fw", &["127.0.0.1:6969".parse().unwrap(), "[::1]:6969".parse().unwrap()]);
    story.agree(1);
    story.receive(1, b"\0\x04\0\x01");
    story.finish(1);
    story.agree(2);
    story.fail(2);
    story.refuse(3);
    assert_eq!(
        story.rest(),
        [
            "2026-11-28 21:30:46 Serving fw at 127.0.0.1:6969 and [::1]:6969",
            "2026-11-28 21:30:46 192.0.2.7:1 get fw\\x1b.bin [octet]: tsize=3000, blksize=1428",
            "2026-11-28 21:30:46 192.0.2.7:1 get fw\\x1b.bin: 3000 bytes in 1.2 seconds, 2 packets resent",
            "2026-11-28 21:30:46 192.0.2.7:2 get fw\\x1b.bin [octet]: tsize=3000, blksize=1428",
            "2026-11-28 21:30:46 192.0.2.7:2 get fw\\x1b.bin: failed after 7.0 seconds, 1428 bytes, 1 packet resent: \
             Transfer timed out.",
            "2026-11-28 21:30:46 192.0.2.7:3 get fw\\x1b.bin: refused with error 1: File not found",
        ]
    );
}

#[test]
fn for_programs_every_line_is_an_object() {
    let mut story = Story::new(Form::Json);
    story.log.listening("fw", &["127.0.0.1:6969".parse().unwrap(), "[::1]:6969".parse().unwrap()]);
    story.agree(1);
    story.finish(1);
    story.agree(2);
    story.fail(2);
    story.refuse(3);
    let of = |peer: u16| format!(r#""peer":"192.0.2.7:{peer}","request":"get","file":"fw\u001b.bin","mode":"octet""#);
    let options = r#""options":{"blksize":1428,"tsize":3000}"#;
    let expected = [
        r#""event":"listening","serves":"fw","addresses":["127.0.0.1:6969","[::1]:6969"]"#.to_owned(),
        format!(r#""event":"request",{},{options}"#, of(1)),
        format!(r#""event":"end",{},{options},"bytes":3000,"resent":2,"seconds":1.249001,"status":"ok""#, of(1)),
        format!(r#""event":"request",{},{options}"#, of(2)),
        format!(
            r#""event":"end",{},{options},"bytes":1428,"resent":1,"seconds":7.0,"status":"failed","reason":"Transfer timed out.""#,
            of(2)
        ),
        format!(r#""event":"refused",{},"status":"refused","code":1,"reason":"File not found""#, of(3)),
    ];
    let time = r#""time":"2026-11-28T21:30:46.123+00:00""#;
    assert_eq!(story.rest(), expected.map(|it| format!("{{{time},{it}}}")));
}

#[test]
fn a_flood_of_refused_requests_is_counted() {
    for (form, count) in [
        (Form::Text, "2026-11-28 21:30:46 ... and 1,204 more refused"),
        (Form::Json, r#"{"time":"2026-11-28T21:30:46.123+00:00","event":"refused","count":1204,"status":"refused"}"#),
    ] {
        let mut story = Story::new(form);
        (0..1_404).for_each(|transfer| story.refuse(transfer));
        let lines = story.rest();
        assert_eq!((lines.len(), lines.last().unwrap().as_str()), (201, count));
    }
}

#[test]
fn requests_whose_client_never_answers_are_counted_and_those_of_real_clients_never() {
    let mut story = Story::new(Form::Text);
    // Forged requests, which a rack of real clients follows, and more forged ones.
    for transfer in 0..1_500 {
        story.agree(transfer);
        if (500..1_000).contains(&transfer) {
            story.receive(transfer, b"\0\x04\0\x01");
        } else {
            // These prove nothing: a copy of the request, and a blind ACK.
            story.receive(transfer, b"\0\x01fw\x1b.bin\0octet\0");
            story.receive(transfer, b"\0\x04\0\0");
        }
    }
    let lines = story.rest();
    let of = |transfer: u64, lines: &[String]| {
        let client = format!("{} ", Story::client(transfer));
        lines.iter().filter(|line| line.contains(&client)).count()
    };
    assert!((500..1_000).all(|transfer| of(transfer, &lines) == 1), "{lines:#?}");
    assert_eq!(lines.len(), 200 + 500);

    (500..1_000).for_each(|transfer| story.finish(transfer));
    assert_eq!(story.rest().len(), 500);
    (0..500).chain(1_000..1_500).for_each(|transfer| story.fail(transfer));
    let lines = story.rest();
    assert_eq!((0..500).map(|transfer| of(transfer, &lines)).sum::<usize>(), 200, "those that had a line have two");
    assert_eq!(lines.last().unwrap(), "2026-11-28 21:30:46 ... and 800 more unanswered");
    assert_eq!(lines.len(), 201);
}

#[test]
fn a_packet_of_a_stranger_proves_no_client() {
    let mut story = Story::new(Form::Text);
    (0..201).for_each(|transfer| story.agree(transfer));
    assert_eq!(story.rest().len(), 200);
    let crossing = Crossing::new(Direction::Received, Story::client(7), b"\0\x04\0\x01");
    story.record(200, RecordKind::Packet(crossing));
    story.record(200, RecordKind::Machine(&Event::Ignored { from: Story::client(7), reason: Ignored::Stranger }));
    assert_eq!(story.rest(), [""; 0]);
    story.receive(200, b"\0\x04\0\x01");
    assert_eq!(story.rest().len(), 1);
}

#[test]
fn lines_that_were_lost_are_counted_where_they_are_missing() {
    /// A pipe that nobody reads yet.
    #[derive(Default)]
    struct Pipe {
        text: Vec<u8>,
        is_read: bool,
    }
    impl Write for &mut Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if !self.is_read {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.text.extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (mut pipe, at) = (Pipe::default(), Instant::now());
    let mut lines = Lines::new(&mut pipe, Form::Text, Clock::new(TimeZone::UTC, || SystemTime::UNIX_EPOCH));
    let entry = Entry::Unlisted { count: 1, refused: true };
    for _ in 0..10_000 {
        lines.add(&entry);
    }
    lines.rest(at);
    lines.out().is_read = true;
    lines.rest(at + Duration::from_secs(1));
    lines.add(&entry);
    lines.finish();
    let text = String::from_utf8(pipe.text).unwrap();
    let kept = text.matches("1 more refused").count();
    let lost = format!("1970-01-01 00:00:00 ... and {} lines lost\n", crate::units::thousands(10_001 - kept as u64));
    assert!(text.contains(&lost), "{text}");
    assert!(text.ends_with("1 more refused\n"), "{text}");
}
