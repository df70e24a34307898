//! Any records in any order: nothing panics, and no output controls the terminal.

use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use proptest::prelude::*;
use tftpsh::analysis::Ring;
use tftpsh::event::{Begin, Crossing, Delivery, Direction, Fate, Held, Observer, Origin, Record, RecordKind, Side};
use tftpsh::fault::{Action, Hit};
use tftpsh::trace::{self, Limit, Pcapng, Tracer, show};
use tftpsh::transfer::{Abort, Event, Failure};
use tftpsh::wire::RequestKind;

use crate::{Page, views};

#[derive(Debug, Clone)]
enum Any {
    Begin(String),
    Packet { sent: bool, port: u16, datagram: Vec<u8>, fate: AnyFate },
    Delivered { number: u64, datagram: Vec<u8> },
    Late,
    Silence(u64),
    Locked(u16),
    Fail(String),
}

fn datagram() -> impl Strategy<Value = Vec<u8>> {
    let near = prop_oneof![0..6_u16, 65530..=65535_u16, any::<u16>()];
    let text = prop::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        4 => (3..5_u8, near.clone(), 0..20_usize).prop_map(|(opcode, block, length)| {
            let mut datagram = vec![0, opcode];
            datagram.extend_from_slice(&block.to_be_bytes());
            datagram.resize(4 + length, b'x');
            datagram
        }),
        2 => (1..7_u8, text.clone()).prop_map(|(opcode, text)| [vec![0, opcode], text].concat()),
        1 => ("[a-z\u{1b}]{1,9}", 0..9_u32).prop_map(|(file, value)| {
            format!("\0\u{1}{file}\0octet\0blksize\0{value}\0windowsize\0{value}\0").into_bytes()
        }),
        1 => (8..20_u32, 1..9_u32).prop_map(|(size, window)| {
            format!("\0\u{6}blksize\0{size}\0windowsize\0{window}\0").into_bytes()
        }),
        1 => (near, "\\PC{0,20}\u{1b}\\[2J").prop_map(|(code, message)| {
            [&[0, 5], &code.to_be_bytes()[..], message.as_bytes(), &[0]].concat()
        }),
        1 => prop::collection::vec(any::<u8>(), 0..600),
    ]
}

/// What may happen to a packet.
#[derive(Debug, Clone)]
struct AnyFate {
    lost: bool,
    origin: Origin,
    held: Option<Held>,
    altered: Option<Vec<u8>>,
    hits: Vec<Hit>,
}

fn fate() -> impl Strategy<Value = AnyFate> {
    let hit = (any::<u32>(), any::<u32>(), any::<u16>(), 0..7_usize).prop_map(|(rule, time, place, action)| {
        let (corrupt, cut) = (Action::Corrupt(Some(place)), Action::Cut(place));
        let actions = [Action::Drop, Action::Dup, Action::Delay(time), Action::Swap, corrupt, cut, Action::Stranger];
        Hit { rule, action: actions[action] }
    });
    let origin = prop_oneof![8 => Just(Origin::Machine), 1 => Just(Origin::Copy), 1 => Just(Origin::Stray)];
    let held = prop_oneof![
        8 => Just(None),
        1 => any::<u32>().prop_map(|millis| Some(Held::Left(Duration::from_millis(millis.into())))),
        2 => (0..4_u64).prop_map(|number| Some(Held::Waits(number))),
    ];
    let altered = prop::option::weighted(0.1, datagram());
    (prop::bool::weighted(0.1), origin, held, altered, prop::collection::vec(hit, 0..3))
        .prop_map(|(lost, origin, held, altered, hits)| AnyFate { lost, origin, held, altered, hits })
}

fn anything() -> impl Strategy<Value = Any> {
    prop_oneof![
        1 => any::<String>().prop_map(Any::Begin),
        20 => (any::<bool>(), 1..4_u16, datagram(), fate())
            .prop_map(|(sent, port, datagram, fate)| Any::Packet { sent, port, datagram, fate }),
        2 => (0..4_u64, datagram()).prop_map(|(number, datagram)| Any::Delivered { number, datagram }),
        1 => Just(Any::Late),
        1 => any::<u64>().prop_map(Any::Silence),
        1 => any::<u16>().prop_map(Any::Locked),
        1 => any::<String>().prop_map(Any::Fail),
    ]
}

fn replay(all: &[(u32, Any)], observer: &mut dyn Observer) {
    let start = Instant::now();
    let local = SocketAddr::from(([127, 0, 0, 1], 50617));
    for (passed, any) in all {
        // Even times are out of order.
        let at = start + Duration::from_micros(u64::from(*passed));
        let peer = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let (event, failure);
        let what = match any {
            Any::Begin(host) => RecordKind::Begin(Begin {
                side: if host.len().is_multiple_of(2) { Side::Client } else { Side::Server },
                wall: SystemTime::UNIX_EPOCH,
                host,
                peer: peer(69),
                kind: RequestKind::Read,
                filename: b"f",
                mode: None,
                timeout: Duration::from_secs(25),
                bug: None,
            }),
            Any::Packet { sent, port, datagram, fate } => {
                let direction = if *sent { Direction::Sent } else { Direction::Received };
                let AnyFate { lost, origin, held, altered, hits } = fate;
                let fate = Fate { lost: *lost, origin: *origin, held: *held, altered: altered.as_deref(), hits };
                RecordKind::Packet(Crossing { direction, peer: peer(*port), datagram, fate })
            }
            Any::Delivered { number, datagram } => {
                let after = Duration::from_millis(*number);
                RecordKind::Delivered(Delivery { number: *number, after, peer: peer(2), datagram })
            }
            Any::Late => RecordKind::Late,
            Any::Silence(millis) => {
                event = Event::Resending { attempt: 1, after: Duration::from_millis(*millis) };
                RecordKind::Machine(&event)
            }
            Any::Locked(port) => {
                event = Event::Locked(peer(*port));
                RecordKind::Machine(&event)
            }
            Any::Fail(words) => {
                // The text of a failure is made safe when it is created.
                failure = Failure::Aborted(Abort::Network(words.chars().filter(char::is_ascii_graphic).collect()));
                RecordKind::End(Err(&failure))
            }
        };
        observer.observe(&Record { at, transfer: 1, local, kind: what });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn no_bytes_in_any_order_break_the_analyser_or_a_view(all in prop::collection::vec((any::<u32>(), anything()), 0..60)) {
        let mut pages = Vec::new();
        let mut tracer = Tracer::new();
        tracer.keep();
        for (_, view) in views() {
            let page = Page::default();
            tracer.add(view, Box::new(page.clone()));
            pages.push(page);
        }
        tracer.add(Box::new(Pcapng::new(Some(64)).with_lost(true)), Box::new(Page::default()));
        replay(&all, &mut tracer);
        prop_assert!(tracer.failed().is_empty());
        let mut shown = Vec::new();
        for kept in tracer.ring().into_iter().flat_map(Ring::transfers) {
            for n in 0..=60 {
                show(kept, n, &trace::Page::file(trace::Charset::Ascii, Limit::All), &mut shown).expect("a Vec takes all");
            }
        }
        let shown = String::from_utf8(shown).expect("views write UTF-8");
        for text in pages.iter().map(Page::text).chain([shown]) {
            let steering = text.chars().find(|it| it.is_control() && *it != '\n');
            prop_assert_eq!(steering, None, "{}", text);
        }
    }
}
