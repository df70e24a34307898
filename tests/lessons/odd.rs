//! Lessons 7 to 11: strangers, copies, options, and numbers that run out.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;
use tftpsh::internals::Lesson;

use crate::played::{Drawn, digest_of, digests, labels, pairs, plain_get, play, run};
use crate::support::objects;

#[test]
fn lesson_7_tells_a_stranger_and_is_fooled_without_looking() {
    let played = play(7);
    played.went_well(&[]);
    let transfers = played.transfers();
    let ours = |packets: &[Drawn]| {
        let is_foreign = |it: &Drawn| it.notes.contains("WRONG TID") || it.notes.contains("TO-STRANGER");
        let is_ours = |it: &&Drawn| !is_foreign(it) && !it.notes.contains("COPY");
        let ours: Vec<_> = packets.iter().filter(is_ours).map(|it| it.label.clone()).collect();
        let foreign: Vec<_> = packets.iter().filter(|it| is_foreign(it)).map(|it| it.label.clone()).collect();
        (ours, foreign)
    };
    let whole = plain_get("fw.bin", 3000);
    let refusal = "ERROR 5 Unknown transfer ID".to_owned();
    // The second server's answer: it is a real one, which serves the doubled request.
    assert_eq!(ours(&transfers[0]), (whole.clone(), vec!["DATA 1  512 B".to_owned(), refusal.clone()]));
    assert!(transfers[0][0].notes.contains("duplicated: rule 1"), "{:?}", transfers[0][0]);
    assert!(transfers[0][1].notes.contains("COPY of #1"), "{:?}", transfers[0][1]);
    assert_eq!(ours(&transfers[1]), (whole.clone(), vec!["DATA 2  512 B".to_owned(), refusal]));
    // Without a look at the port the stranger's block is acknowledged, and the real one comes second.
    assert_eq!(ours(&transfers[2]), (whole, vec!["DATA 2  512 B".to_owned(), "ACK 2".to_owned()]));
    let real: Vec<_> = transfers[2].iter().filter(|it| it.label == "DATA 2  512 B").collect();
    assert!(real[0].notes.contains("WRONG TID") && real[1].notes.starts_with("DUP of #"), "{real:?}");
    let [first, second, third] = &digests(&played, "fw.bin")[..] else { panic!("three digests") };
    let good = digest_of("fw.bin");
    assert!(*first == good && *second == good && *third != good);
}

#[test]
fn lesson_8_costs_18_packets_or_30_with_the_copy() {
    let played = play(8);
    played.went_well(&[]);
    let transfers = played.transfers();
    let mut first = labels(&transfers[0]);
    assert_eq!(first.remove(5), "ACK 2", "the copy");
    assert_eq!(first, plain_get("eight.bin", 4000));
    assert_eq!((transfers[0].len(), transfers[1].len()), (18, 30));
    let script = Lesson::find(8).expect("there is a lesson 8").script;
    assert!(script.contains(" 18 packets for 8 blocks") && script.contains(" 30 packets."), "{script}");
    let mut counts = BTreeMap::new();
    for packet in &transfers[1][1..] {
        *counts.entry(packet.label.clone()).or_insert(0) += 1;
    }
    for (place, label) in pairs(4000).iter().enumerate() {
        // Blocks 1 and 2 go before the accident, ACK 2 is copied, and each later packet goes twice to the end.
        assert_eq!(counts[label], if place < 3 { 1 } else { 2 }, "{label}");
    }
}

/// The summary, the end in JSON and `status` count until the last ACK; what comes after it is counted as late.
#[test]
fn lesson_8_counts_the_same_in_every_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let script = Lesson::find(8).expect("there is a lesson 8").script;
    let script = script.replace("get eight.bin\n", "get eight.bin\nstatus\n");
    let played = run(folder.path(), &format!("verbose on\ntrace json to x.json\n{script}"));
    assert_eq!(played.status, Some(0), "{}", played.stderr);
    let records = objects(&fs::read_to_string(folder.path().join("x.json")).expect("a trace"));
    let lines =
        |part: &str| played.text.lines().filter(|line| line.contains(part)).map(str::to_owned).collect::<Vec<_>>();
    let (summaries, statuses) = (lines(", rtt "), lines("Last transfer: "));
    for (place, troubles, late) in [(0, "", 0), (1, ", 5 resent, 5 duplicates", 1)] {
        let summary = &summaries[place];
        assert!(summary.contains(&format!("no options, 8 blocks{troubles}, rtt ")), "{summary}");
        assert_eq!(statuses[place], format!("Last transfer: get eight.bin: 4000 bytes, no options{troubles}"));
        let xfer = place + 1;
        let of = |ev: &str| records.iter().filter(|it| it["xfer"] == xfer && it["ev"] == ev).collect::<Vec<_>>();
        let counts = |record: &Value| ["sent", "received", "resent", "duplicates"].map(|key| record[key].as_u64());
        let [resent, sent, received] = [5 * late, 9 + 5 * late + 1, 8 + 5 * late].map(Some);
        assert_eq!(counts(of("end")[0]), [sent, received, resent, resent], "the copy of ACK 2 is a packet of its own");
        let after = of("packet")
            .into_iter()
            .filter(|it| it["flags"].as_array().is_some_and(|it| it.contains(&"after-end".into())));
        assert_eq!(after.count() as u64, 2 * late, "DATA 8 and ACK 8 once more");
        let counted: Vec<_> = of("late").into_iter().map(counts).collect();
        assert_eq!(counted, vec![[Some(late); 4]; usize::from(late > 0)]);
    }
}

#[test]
fn lesson_9_bargains() {
    let played = play(9);
    played.went_well(&["the server answered rollover=0, which was not asked for: asking again without options"]);
    let transfers = played.transfers();
    let first =
        ["OACK tsize=3000 blksize=1428 wi..", "ACK 0", "DATA 1  1428 B", "DATA 2  1428 B", "DATA 3  144 B", "ACK 3"];
    assert_eq!(labels(&transfers[0])[1..], first);
    assert!(labels(&transfers[1])[1].starts_with("OACK tsize=3000 blksize=1024"), "{:?}", transfers[1]);
    assert_eq!(labels(&transfers[1])[3..], ["DATA 1  1024 B", "DATA 2  1024 B", "DATA 3  952 B", "ACK 3"]);
    assert_eq!(labels(&transfers[2])[1..], pairs(3000), "DATA 1 comes at once");
    let refused = labels(&transfers[3]);
    assert!(refused[1].starts_with("OACK ") && refused[2].starts_with("ERROR 8 "), "{refused:?}");
    assert_eq!(refused[4..], pairs(3000), "the second request asks for nothing");
    let words = played.outputs("trace again explain full 1-3")[0].concat();
    for option in ["\"tsize\" + NUL", "\"blksize\" + NUL", "\"windowsize\" + NUL", "\"1428\" + NUL"] {
        assert_eq!(words.matches(option).count(), 2, "{option} in request and answer");
    }
}

#[test]
fn lesson_10_rolls_over_three_ways() {
    let played = play(10);
    played.went_well(&["Transfer timed out."]);
    let gets: Vec<_> = played.commands.iter().filter(|(given, _)| given.ends_with("get wrap.bin")).collect();
    let transfers = played.transfers();
    let data = |packets: &[Drawn]| {
        let data = packets.iter().filter(|it| it.label.starts_with("DATA"));
        data.rev()
            .take(6)
            .map(|it| (it.label.clone(), it.notes.clone()))
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect::<Vec<_>>()
    };
    let of = |blocks: &[(u16, u16, &str)]| {
        let text = |(block, length, note): &(u16, u16, &str)| (format!("DATA {block}  {length} B"), (*note).to_owned());
        blocks.iter().map(text).collect::<Vec<_>>()
    };
    let to_zero = [(65533, 8, ""), (65534, 8, ""), (65535, 8, ""), (0, 8, "WRAP"), (1, 8, ""), (2, 4, "")];
    assert_eq!(data(&transfers[0]), of(&to_zero));
    let stops = [(65533, 8, ""), (65534, 8, ""), (65535, 8, "")];
    assert_eq!(data(&transfers[1])[3..], of(&stops));
    let to_one = [(65533, 8, ""), (65534, 8, ""), (65535, 8, ""), (1, 8, "WRAP"), (2, 8, ""), (3, 4, "")];
    assert_eq!(data(&transfers[2]), of(&to_one));
    // RRQ, OACK, ACK 0 and three pairs; what is left out; and what is shown after that. A machine with much to do may have
    // been silent for a moment in between, which is shown too.
    for place in [0, 2] {
        let (lines, shown) = (&gets[place].1, &transfers[place]);
        let ranges = lines.iter().filter_map(|line| line.split(" as expected (#").nth(1)?.split_once(')'));
        let hidden: Vec<(usize, usize)> = ranges.map(|(range, _)| numbers(range)).collect();
        assert_eq!((hidden[0].0, hidden[hidden.len() - 1].1), (10, 131_067), "{hidden:?}");
        assert_eq!(shown.len() + hidden.iter().map(|(first, last)| last - first + 1).sum::<usize>(), 131_079);
    }
    assert!(played.outputs("plan 524300 blksize 8")[0].concat().contains(" 131,079 packets"));
}

#[test]
fn lesson_11_pays_for_each_round_trip() {
    let played = play(11);
    played.went_well(&[]);
    let gets = played.outputs("get slow.bin");
    let expected = [
        (2.57, "no options, 257 blocks"),
        (0.93, "blksize 1428, windowsize 1, 92 blocks"),
        (0.13, "blksize 1428, windowsize 8, 92 blocks"),
        (0.03, "blksize 1428, windowsize 64, 92 blocks"),
    ];
    let plans: Vec<_> = played.commands.iter().filter(|(given, _)| given.starts_with("plan ")).collect();
    for (((lines, (least, costs)), plan), place) in gets.iter().zip(expected).zip(plans).zip(0..) {
        let summary = lines.iter().find(|line| line.contains(", rtt ")).expect("a summary");
        assert!(summary.contains(costs), "{summary}");
        // No faster than it was predicted: each round trip really takes ten milliseconds.
        let bits: f64 = between(lines, "[", " bits/sec]").parse().expect("a rate");
        assert!(131_072.0 * 8.0 / bits >= least, "get {place} took {} s", 131_072.0 * 8.0 / bits);
        assert!(plan.1.concat().contains(&format!("{least:.3} s")), "{plan:?}");
    }
}

/// `10-#131067`
fn numbers(range: &str) -> (usize, usize) {
    let (first, last) = range.split_once("-#").expect("a range");
    (first.parse().expect("a number"), last.parse().expect("a number"))
}

fn between<'a>(lines: &'a [String], before: &str, behind: &str) -> &'a str {
    let line = lines.iter().find(|line| line.contains(behind)).expect(behind);
    line.split(before).nth(1).and_then(|rest| rest.split(behind).next()).expect(before)
}
