//! Kept transfers: in another view, packet by packet, and within their bounds.

use tftpsh::analysis::Annotated;
use tftpsh::trace::{self, Charset, Ladder, Limit, Tracer, View, plain, show};

use crate::story::{Story, ack, data, error, rrq};
use crate::{page, stories, views};

pub(crate) fn kept(stories: &[Story]) -> Tracer<'static> {
    let mut tracer = Tracer::new();
    tracer.keep();
    for story in stories {
        story.replay(&mut tracer);
    }
    tracer
}

#[test]
fn a_kept_transfer_in_another_view_looks_as_it_did_live() {
    let story = stories::lost_ack();
    let tracer = kept(std::slice::from_ref(&story));
    let ring = tracer.ring().expect("the ring");
    for (name, mut view) in views() {
        if name == "hex" {
            continue; // the ends of blocks are not kept
        }
        let mut again = Vec::new();
        for seen in ring.last().expect("kept").again(None) {
            view.render(seen, &mut again).expect("a Vec takes all");
        }
        let live = views().into_iter().find(|it| it.0 == name).expect("the same view").1;
        assert_eq!(String::from_utf8_lossy(&again), page(&story, live).text(), "{name}");
    }
}

#[test]
fn a_range_of_kept_packets_is_shown() {
    let tracer = kept(&[stories::lost_ack()]);
    let ring = tracer.ring().expect("the ring");
    let mut ladder = Ladder::new(40, Charset::Ascii, plain);
    let mut out = Vec::new();
    for seen in ring.last().expect("kept").again(Some(4..=6)) {
        ladder.render(seen, &mut out).expect("a Vec takes all");
    }
    assert_eq!(
        String::from_utf8_lossy(&out),
        "  0.0014 <-- DATA 2  512 B  :40001\n\
         \x20 0.0015 --X ACK 2\n\
         \x20        ... 1.00 s: the server's timer,\n\
         \x20        ... DATA 2 again\n\
         \x20 1.0021 <-- DATA 2  512 B  DUP of #4\n"
    );
}

#[test]
fn the_last_three_transfers_are_kept_and_no_more_than_20000_records_of_each() {
    let tracer = kept(&[stories::get(), stories::wrap(), stories::get(), stories::get()]);
    let ring = tracer.ring().expect("the ring");
    let xfers: Vec<_> = ring.transfers().map(|kept| kept.xfer()).collect();
    assert_eq!(xfers, [2, 3, 4]);
    let wrap = ring.transfers().next().expect("the oldest");
    assert_eq!(wrap.len(), 20_000);
    assert_eq!(wrap.len() as u64 + wrap.forgotten(), 131_079 + 2, "packets, the beginning and the end");
    assert!(wrap.packet(2).is_some() && wrap.packet(131_074).is_some() && wrap.packet(60_000).is_none());
    let longest =
        ring.transfers().flat_map(|kept| kept.again(None)).filter_map(Annotated::packet).map(|it| it.bytes.len());
    assert_eq!(longest.max(), Some(68), "four bytes and 64 of the block");
}

#[test]
fn a_hostile_peer_cannot_fill_the_memory_with_long_packets() {
    let longest = [&error(4, ""), &b"x".repeat(65_000)[..], b"\0"].concat();
    let mut story = Story::new().asks(rrq("f", Default::default(), Default::default()));
    for _ in 0..3000 {
        story = story.receives_from(41234, longest.clone());
    }
    let story = story.receives(data(1, 512)).sends(ack(1)).receives(data(2, 4)).sends(ack(2));
    let tracer = kept(&[story]);
    let last = tracer.ring().expect("the ring").last().expect("kept");
    let packets = || last.again(None).filter_map(Annotated::packet);
    let bytes: usize = packets().map(|packet| packet.bytes.len()).sum();
    assert!((2 << 20..=4 << 20).contains(&bytes), "{bytes}");
    assert_eq!(last.len() as u64 + last.forgotten(), 1 + 1 + 3000 + 4);
    assert_eq!(packets().map(|packet| packet.n).take(3).collect::<Vec<_>>(), [1, 2, 3], "the beginning");
    assert_eq!(packets().last().map(|packet| packet.n), Some(3005), "the latest");
}

/// Returns what `trace show` says of a packet.
fn shown(story: &Story, n: u64) -> String {
    let tracer = kept(std::slice::from_ref(story));
    let last = tracer.ring().expect("the ring").last().expect("kept");
    let mut out = Vec::new();
    assert!(show(last, n, &trace::Page::file(Charset::Ascii, Limit::All), &mut out).expect("a Vec takes all"));
    assert!(!show(last, 99, &trace::Page::file(Charset::Ascii, Limit::All), &mut Vec::new()).expect("a Vec takes all"));
    String::from_utf8(out).expect("text")
}

#[test]
fn what_is_shown_of_one_packet_fits_the_screen() {
    let story = stories::crowded("fw.bin");
    let tracer = kept(std::slice::from_ref(&story));
    let last = tracer.ring().expect("the ring").last().expect("kept");
    for columns in [60, 75, 76, 80] {
        let screen = trace::Page { columns, folds: true, ..trace::Page::file(Charset::Ascii, Limit::All) };
        let mut out = Vec::new();
        let shown = (1..99).take_while(|n| show(last, *n, &screen, &mut out).expect("a Vec takes all")).count();
        let text = String::from_utf8(out).expect("text");
        assert_eq!(shown, 13, "{text}");
        let widest = text.lines().max_by_key(|line| line.len()).expect("lines");
        assert!(widest.len() <= columns, "{columns}: {widest}");
        let rows = text.lines().filter(|line| line.starts_with("  0000  00 06 74 73 69 7a 65 00  ")).count();
        assert_eq!(rows, 3, "three OACKs: {text}");
    }
}

#[test]
fn one_packet_is_shown_with_every_byte_and_its_answer() {
    assert_eq!(
        shown(&stories::get(), 3),
        "#3     0.0012 s  +0.0001  sent     ACK   :50617 --> :40001  4 bytes\n         \
         0 +2     00 04                   opcode    4 ACK\n         \
         2 +2     00 01                   block     1\n      \
         state: received 1 -> receiving 2\n      \
         why:   Block 1 is safe; this asks for block 2.  [RFC 1350 s2]\n      \
         answers #2\n      \
         answered by #4\n  \
         0000  00 04 00 01                                       |....|\n"
    );
}

#[test]
fn of_a_long_block_the_bytes_that_are_not_kept_are_counted() {
    let shown = shown(&stories::get(), 2);
    let rows: Vec<_> = shown.lines().filter(|line| line.starts_with("  0") || line.starts_with("  *")).collect();
    assert_eq!(rows.len(), 6, "{rows:?}");
    assert!(rows[4].starts_with("  0040  49 4a 4b 4c  "), "{rows:?}");
    assert_eq!(rows[5], "  *     448 bytes not shown: the first 68 are kept");
}

#[test]
fn a_packet_is_shown_with_those_that_repeat_it() {
    let has = |story: &Story, n, lines: &[&str]| {
        let shown = shown(story, n);
        let relations: Vec<_> = ["answers", "answered by", "repeated by", "copied"].into();
        let found = shown.lines().map(str::trim).filter(|line| relations.iter().any(|it| line.starts_with(it)));
        assert_eq!(found.collect::<Vec<_>>(), lines, "#{n}: {shown}");
        shown
    };
    let lost = stories::lost_ack();
    has(&lost, 4, &["answers #3 after 0.4 ms", "answered by #5", "repeated by #6"]);
    let again = has(&lost, 6, &["answered by #7"]);
    assert!(again.contains("[DUP of #4]"), "{again}");
    has(&lost, 7, &["answers #6", "answered by #8"]);
    let request = stories::lost_request();
    has(&request, 1, &["repeated by #2"]);
    has(&request, 5, &[]);
    has(&request, 6, &["answered by #7"]);
    let window = stories::put_window_gap();
    has(&window, 3, &["answers #2", "answered by #7"]);
    has(&window, 5, &["answers #2", "answered by #11", "repeated by #8"]);
    has(&window, 8, &["answers #7"]);
}
