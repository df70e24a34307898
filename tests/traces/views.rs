//! Every view of every story, as snapshots.

use tftpsh::analysis::{Analyser, Annotated, Annotation};
use tftpsh::event::{Observer, Record};
use tftpsh::trace::{Charset, Classic, Detail, Elided, Explain, Hex, Ladder, Limit, Lines, Tint, Tracer, View, plain};

use tftpsh::fault::Action;
use tftpsh::transfer::Failure;
use tftpsh::wire::{BadOption, BadOptionKind, Mode, Offer, WindowSize};
use unicode_width::UnicodeWidthStr;

use crate::story::{Story, ack, data, oack, rrq, wrq};
use crate::{Page, capture, page, stories, views};

#[test]
fn every_view_shows_every_story_as_kept() {
    for (name, story) in stories::all() {
        // Thousands of lines add nothing.
        let many = name == "wrap";
        let views: Vec<_> = views().into_iter().filter(|it| !many || !["classic", "json"].contains(&it.0)).collect();
        let mut tracer = Tracer::new();
        let mut pages = Vec::new();
        for (view_name, view) in views {
            let page = Page::default();
            tracer.add(view, Box::new(page.clone()));
            pages.push((view_name, page));
        }
        story.replay(&mut tracer);
        let text: String = pages.iter().map(|(view, page)| format!("== {view}\n{}\n", page.text())).collect();
        let comments = if many { String::new() } else { format!("== pcap\n{}", capture::comments(&story)) };
        let text = text + &comments;
        insta::with_settings!({ snapshot_path => ".", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, text);
        });
    }
}

/// The columns of screens.
const SCREENS: [usize; 7] = [60, 65, 66, 80, 100, 140, 200];

fn assert_fits(name: &str, columns: usize, text: &str) {
    let widest = text.lines().max_by_key(|line| line.width()).unwrap_or_default();
    assert!(widest.width() <= columns, "{name}, {columns} columns: {widest}");
}

#[test]
fn no_line_is_wider_than_the_screen() {
    for (name, story) in stories::all().into_iter().filter(|it| it.0 != "wrap") {
        for columns in SCREENS {
            for limit in [Limit::default(), Limit::Pairs(0)] {
                let explain = |detail| -> Box<dyn View> {
                    Box::new(Elided::new(Explain::new(detail, plain).folded(Some(columns)), limit, None))
                };
                let hex = Box::new(Elided::new(Hex::new(plain).folded(Some(columns)), limit, None));
                for view in [explain(Detail::Full), explain(Detail::Short), hex] {
                    assert_fits(name, columns, &page(&story, view).text());
                }
            }
        }
    }
}

#[test]
fn no_line_of_a_ladder_is_wider_than_the_screen_even_with_long_names() {
    let long = "images/".repeat(30);
    let names = [long.as_str(), "\u{56fa}\u{4ef6}\u{56fa}\u{4ef6}/\u{56fa}\u{4ef6}\u{56fa}\u{4ef6}.bin"];
    let crowded = names.map(|name| ("crowded", stories::crowded(name)));
    for (name, story) in stories::all().into_iter().chain(crowded).filter(|it| it.0 != "wrap") {
        for columns in SCREENS {
            for charset in [Charset::Unicode, Charset::Ascii] {
                for limit in [Limit::default(), Limit::Pairs(0), Limit::All] {
                    let view = Elided::new(Ladder::new(columns, charset, plain), limit, None);
                    assert_fits(name, columns, &page(&story, Box::new(view)).text());
                }
            }
        }
    }
}

#[test]
fn a_wide_screen_shows_every_option_and_a_longer_name_leaves_them_their_space() {
    let ladder = |name: &str, columns| {
        page(&stories::crowded(name), Box::new(Ladder::new(columns, Charset::Ascii, plain))).text()
    };
    let options = "tsize=0 blksize=1428 windowsize=4";
    assert!(ladder("fw.bin", 100).contains(&format!("RRQ fw.bin octet {options} --->|")));
    let name = "images/boards/rev-c/release/2026-11/firmware.bin";
    assert!(ladder(name, 140).contains(&format!("RRQ {name:.39}.. octet {options} >|")));
    let between = |columns| ladder("fw.bin", columns).lines().next().map(str::len);
    assert_eq!([66, 80, 100, 132, 140, 200].map(between), [44, 56, 76, 108, 108, 108].map(Some), "client .. server");
}

#[test]
fn the_line_of_hidden_packets_keeps_a_space_on_both_sides() {
    for story in [stories::long(), stories::wrap()] {
        for columns in [66, 67, 74, 80, 86, 109] {
            let view = Elided::new(Ladder::new(columns, Charset::Ascii, plain), Limit::default(), None);
            let text = page(&story, Box::new(view)).text();
            let line = text.lines().find(|line| line.contains(" as expected ")).expect("hidden packets");
            let parts: Vec<_> = line.split(':').collect();
            let [_, inside, after] = parts[..] else { panic!("{line}") };
            assert!(inside.starts_with(' ') && inside.ends_with(' ') && inside.contains('#'), "{line}");
            assert!(after.starts_with("  ") && after.contains("kB"), "{line}");
        }
    }
}

#[test]
fn a_line_between_packets_is_where_it_has_the_space() {
    let failed = |words: &str| {
        let story = Story::new().asks(rrq("f", Default::default(), Default::default()));
        let story = story.fails(Failure::BadOption(BadOption {
            name: words.to_owned(),
            value: "1".to_owned(),
            kind: BadOptionKind::Unasked,
        }));
        let text = page(&story, Box::new(Ladder::new(140, Charset::Ascii, plain))).text();
        text.lines().skip(2).map(|line| line.replace(&" ".repeat(88), "~")).collect::<Vec<_>>()
    };
    assert_eq!(
        failed("x"),
        ["          :  failed: the server answered x=1, which was not asked for                                :"]
    );
    assert_eq!(failed("x").len(), 1);
    let long = failed(&"word ".repeat(12));
    assert!(long.len() > 1 && long.iter().all(|line| line.starts_with("          :~  :  ")), "{long:?}");
}

#[test]
fn the_classic_trace_of_a_kept_transfer_is_the_same() {
    for (name, story) in stories::all() {
        let mut classic = Classic::new(Vec::new());
        story.replay(&mut classic);
        let live = String::from_utf8(classic.into_inner()).expect("text");
        let again: String = page(&story, Box::new(Lines)).text();
        assert!(live == again, "{name}:\n{live}\n{again}");
    }
}

/// Collects the annotated records of a story.
#[derive(Default)]
struct Notes {
    analyser: Analyser,
    seen: Vec<Annotated<'static>>,
}

impl Observer for Notes {
    fn observe(&mut self, record: &Record<'_>) {
        self.seen.extend(self.analyser.analyse(record).map(|seen| seen.kept()));
    }
}

pub(crate) fn analysed(story: &Story) -> Vec<Annotated<'static>> {
    let mut notes = Notes::default();
    story.replay(&mut notes);
    notes.seen
}

#[test]
fn the_ack_of_the_wrap_is_an_ordinary_one_and_not_that_of_an_oack() {
    let seen = analysed(&stories::wrap());
    let packets: Vec<_> = seen.iter().filter_map(Annotated::packet).collect();
    assert_eq!(packets.len(), 131_079, "RRQ, OACK, ACK 0 and 65538 pairs");
    let codes: Vec<_> = packets
        .iter()
        .filter(|packet| packet.block == Some(0))
        .map(|packet| (packet.n, packet.abs, packet.why.code()))
        .collect();
    assert_eq!(
        codes,
        [(3, Some(0), "oack.ack"), (131_074, Some(65536), "data.wrap0"), (131_075, Some(65536), "ack.send")]
    );
}

#[test]
fn a_round_trip_is_measured_on_packets_sent_once_and_never_with_strangers() {
    let rtts = |story: &Story| -> Vec<_> {
        analysed(story).iter().filter_map(Annotated::packet).filter(|it| it.rtt.is_some()).map(|it| it.n).collect()
    };
    assert_eq!(rtts(&stories::lost_ack()), [2, 4], "DATA 3 answers an ACK that was sent twice");
    assert_eq!(rtts(&stories::wrong_tid()), [2, 6], "the stranger's packet answers nothing");
    assert_eq!(rtts(&stories::window_gap()), [2, 4, 9, 13], "the first block of each window; ACK 5 was sent once");
}

#[test]
fn what_follows_a_spoilt_packet_or_acknowledges_a_part_comes_from_a_timer_and_measures_nothing() {
    let plain = Offer::default();
    let window = Offer { windowsize: WindowSize::new(2), ..plain };
    let get = Story::new().asks(rrq("f", Mode::Octet, plain)).at(0.001).receives(data(1, 512)).at(0.002).sends(ack(1));
    let altered = get.clone().at(0.003).alters(1, Action::Corrupt(Some(3)), data(253, 4)).receives(data(2, 4));
    let altered = altered.at(0.303).receives(data(2, 4)).at(0.304).sends(ack(2)).costs(0, 0, 0).ends(2, 516);
    let garbled = get.at(0.003).receives(vec![0, 251, 0, 2]).at(0.303).receives(data(2, 4));
    let garbled = garbled.at(0.304).sends(ack(2)).ends(2, 516);
    let put = Story::new().asks(wrq("f", Mode::Octet, window)).at(0.001).receives(oack(&[("windowsize", 2)]));
    let put = put.at(0.002).sends(data(1, 512)).fault(1, Action::Drop).loses(data(2, 4)).at(0.302).receives(ack(1));
    let put = put.at(0.303).sends(data(2, 4)).at(0.304).receives(ack(2)).costs(1, 0, 0).ends(2, 516);
    for (story, n) in [(altered, 5), (garbled, 5), (put, 5)] {
        let seen = analysed(&story);
        let is_it = |it: &&Annotated<'_>| it.packet().is_some_and(|packet| packet.n == n);
        let it = seen.iter().find(is_it).unwrap();
        assert_eq!(it.packet().unwrap().rtt, None, "{it:?}");
        assert_eq!(it.silence.map(|it| it.owner.to_string()).as_deref(), Some("server timer"), "{it:?}");
    }
}

#[test]
fn in_a_window_an_ack_of_no_block_is_not_ignored() {
    let window = Offer { windowsize: WindowSize::new(4), ..Offer::default() };
    let story = Story::new().asks(wrq("f", Mode::Octet, window)).at(0.001).receives(oack(&[("windowsize", 4)]));
    let story = story.at(0.002).sends(data(2, 4)).at(0.003).receives(ack(0)).at(0.004).sends(data(1, 512));
    let seen = analysed(&story);
    let reason = seen.iter().filter_map(Annotated::packet).find(|it| it.n == 4).unwrap().why.to_string();
    assert_eq!(reason, "ACK 0 acknowledges no block: the first block of the window may be lost.");
}

#[test]
fn a_block_that_comes_again_after_a_gap_is_no_duplicate() {
    let seen = analysed(&stories::window_gap());
    let codes: Vec<_> = seen.iter().filter_map(Annotated::packet).skip(8).map(|it| it.why.code()).collect();
    assert_eq!(
        codes,
        [
            "data.expected",
            "data.ahead",
            "ack.gap",
            "data.ahead",
            "data.expected",
            "data.expected",
            "data.expected",
            "data.last",
            "ack.final"
        ]
    );
}

#[test]
fn the_summary_counts_packets_of_each_sort() {
    let seen = analysed(&stories::lost_ack());
    let Some(Annotation::End(summary)) = seen.last().map(|last| last.kind.clone()) else {
        panic!("a story has an end")
    };
    let packets = summary.packets;
    assert_eq!((packets.sent, packets.received, packets.resent, packets.duplicates), (5, 4, 1, 1));
    assert_eq!((packets.faults, packets.lost, packets.strangers), (1, 1, 0));
}

#[test]
fn times_begin_with_the_request_even_if_it_is_late() {
    let seen = analysed(
        &Story::new().at(3.0).asks(rrq("f", Default::default(), Default::default())).at(3.5).receives(data(1, 4)),
    );
    let times: Vec<_> = seen.iter().filter(|it| it.packet().is_some()).map(|it| it.t.as_secs_f64()).collect();
    assert_eq!(times, [0.0, 0.5]);
}

#[test]
fn the_limit_shortens_a_run() {
    let lines = |limit| {
        let view = Elided::new(Ladder::new(80, Charset::Unicode, plain), limit, None);
        page(&stories::long(), Box::new(view)).text().lines().count()
    };
    assert_eq!(lines(Limit::All), 1 + 1 + 82 + 1, "header, request, all packets, a pause");
    assert!(lines(Limit::Pairs(1)) < lines(Limit::Pairs(3)));
    assert!(lines(Limit::Pairs(3)) < 40);
}

#[test]
fn on_a_terminal_the_count_grows_in_place() {
    let mut story = Story::new().asks(rrq("f", Default::default(), Default::default()));
    for block in 1..100 {
        story = story.at(f64::from(block) * 0.02).receives(data(block, 512)).sends(ack(block));
    }
    let view = Elided::new(Ladder::new(80, Charset::Unicode, plain), Limit::default(), Some(80));
    let text = page(&story.ends(99, 0), Box::new(view)).text();
    let counts = text.matches('\r').count();
    assert!((10..30).contains(&counts), "at most ten times a second: {counts}");
    let last = text.rsplit('\r').next().expect("the last part");
    assert!(last.contains("93 blocks as expected (#8-#193)"), "{last}");
}

#[test]
fn colour_adds_to_the_words_and_never_replaces_them() {
    fn marked(tint: Tint, text: &str) -> String {
        format!("<{tint:?}>{text}</>")
    }
    for (_, story) in stories::all().into_iter().filter(|it| it.0 != "wrap") {
        let pages = |paint: fn(Tint, &str) -> String| -> [Page; 2] {
            [
                page(&story, Box::new(Ladder::new(80, Charset::Unicode, paint))),
                page(&story, Box::new(Explain::new(Detail::Full, paint))),
            ]
        };
        for (coloured, bare) in pages(marked).into_iter().zip(pages(plain)) {
            let mut stripped = coloured.text();
            assert!(stripped.contains("</>"));
            for tint in [Tint::Request, Tint::Data, Tint::Ack, Tint::Oack, Tint::Error, Tint::Notice] {
                stripped = stripped.replace(&format!("<{tint:?}>"), "");
            }
            assert_eq!(stripped.replace("</>", ""), bare.text());
        }
    }
}

/// Shows a story to a view that the test examines later, and discards its output.
pub(crate) fn replay(story: &Story, view: &mut dyn View) {
    for seen in analysed(story) {
        view.render(&seen, &mut std::io::sink()).expect("a sink takes all");
    }
}
