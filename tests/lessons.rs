//! Every lesson, played from a pipe as a class would: what it says it shows, it shows, packet by packet.

#[allow(dead_code, reason = "sessions need more of it")]
mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use common::{NOWHERE, program};
use tftpsh::bugs::Bug;
use tftpsh::files::Digest;
use tftpsh::lessons::Lesson;
use tftpsh::server::practice_files;

/// What a lesson printed, command by command.
struct Played {
    commands: Vec<(String, Vec<String>)>,
    text: String,
    stderr: String,
    status: Option<i32>,
}

/// A packet as the ladder draws it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Drawn {
    sent: bool,
    lost: bool,
    label: String,
    notes: String,
}

fn play(number: usize) -> Played {
    let folder = tempfile::tempdir().expect("a folder");
    let played = run(folder.path(), &format!("lesson {number}\n"));
    let left = std::fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 0, "a lesson leaves nothing where it was started");
    played
}

/// Plays lines on standard input. ASCII, so that arrows are easily read.
fn run(folder: &Path, lines: &str) -> Played {
    let mut child = program(NOWHERE)
        .env("LC_ALL", "C")
        .current_dir(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    child.stdin.take().expect("stdin").write_all(lines.as_bytes()).expect("lines");
    let output = child.wait_with_output().expect("its output");
    let text = String::from_utf8(output.stdout).expect("text");
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix("tftp> "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
            (None, Some((_, lines))) => lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    Played { commands, text, stderr: String::from_utf8(output.stderr).expect("text"), status: output.status.code() }
}

impl Played {
    /// The outputs of a command, each time it was given.
    fn outputs(&self, command: &str) -> Vec<&[String]> {
        self.commands.iter().filter(|(given, _)| given == command).map(|(_, lines)| &lines[..]).collect()
    }

    /// The packets of every get and put, in order.
    fn transfers(&self) -> Vec<Vec<Drawn>> {
        let transfers = self.commands.iter().filter(|(given, _)| {
            let given = given.trim_start_matches('-');
            given.starts_with("get ") || given.starts_with("put ")
        });
        transfers.map(|(_, lines)| lines.iter().filter_map(|line| drawn(line)).collect()).collect()
    }

    /// It ended well; nothing was complained about but what `forgiven` names.
    fn went_well(&self, forgiven: &[&str]) {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        let complaints: Vec<_> = self.stderr.lines().filter(|line| !line.starts_with("Practice server at ")).collect();
        assert_eq!(complaints.len(), forgiven.len(), "{complaints:?}");
        for (complaint, expected) in complaints.iter().zip(forgiven) {
            assert!(complaint.contains(expected), "{complaint} is not about {expected}");
        }
    }
}

/// `   0.0015 |-- ACK 2 -----------X                 | lost`
fn drawn(line: &str) -> Option<Drawn> {
    let (time, rest) = line.trim_start().split_once(" |")?;
    time.parse::<f64>().ok()?;
    let (arrow, notes) = rest.split_once('|')?;
    let sent = arrow.starts_with("--");
    let label = arrow.trim_matches(|it: char| "<>-X ".contains(it)).to_owned();
    Some(Drawn { sent, lost: arrow.contains('X'), label, notes: notes.trim().to_owned() })
}

fn labels(packets: &[Drawn]) -> Vec<&str> {
    packets.iter().map(|packet| packet.label.as_str()).collect()
}

/// DATA 1 and ACK 1 to the last block of a file in blocks of 512, with the lengths of the blocks.
fn pairs(size: usize) -> Vec<String> {
    let blocks = size / 512 + 1;
    let length = |block: usize| if block == blocks { size % 512 } else { 512 };
    (1..=blocks).flat_map(|block| [format!("DATA {block}  {} B", length(block)), format!("ACK {block}")]).collect()
}

/// A get without a mishap.
fn plain_get(file: &str, size: usize) -> Vec<String> {
    [vec![format!("RRQ {file} octet")], pairs(size)].concat()
}

fn digest_of(file: &str) -> String {
    let bytes = practice_files().get(file.as_bytes()).expect(file);
    Digest::of(&bytes[..]).expect("memory can be read").to_string()
}

/// The digests that `sha256 FILE` told.
fn digests(played: &Played, file: &str) -> Vec<String> {
    let outputs = played.outputs(&format!("sha256 {file}"));
    outputs.iter().map(|lines| lines[0].split(' ').next().unwrap_or_default().to_owned()).collect()
}

fn waits(lines: &[String]) -> usize {
    lines.iter().filter(|line| line.contains(":  waiting ")).count()
}

#[test]
fn lesson_1_shows_who_answers_from_where() {
    let played = play(1);
    played.went_well(&[]);
    let explained = played.outputs("get text.txt")[0];
    let heads: Vec<_> = explained.iter().filter(|line| line.starts_with('#') && !line.starts_with("# ")).collect();
    let parts: Vec<Vec<&str>> = heads.iter().map(|line| line.split_whitespace().collect()).collect();
    let told: Vec<_> = parts.iter().map(|it| (it[4], it[5], it[9])).collect();
    let expected = [
        ("sent", "RRQ", "17"),
        ("received", "DATA", "516"),
        ("sent", "ACK", "4"),
        ("received", "DATA", "68"),
        ("sent", "ACK", "4"),
    ];
    assert_eq!(told, expected);
    let asked = parts[0][8];
    assert!(parts[1..].iter().all(|it| it[8] == parts[1][8] && it[8] != asked), "a new port answers: {heads:?}");
    assert!(heads[1].ends_with(&format!("[TID {}]", &parts[1][8][1..])), "{}", heads[1]);
    let reasons: Vec<_> = explained.iter().filter(|line| line.trim_start().starts_with("why:")).collect();
    assert!(reasons[3].contains("64 < 512, so it is the last.  [RFC 1350 s6]"), "{}", reasons[3]);
    let again: Vec<_> = played.outputs("trace again ladder")[0].iter().filter_map(|line| drawn(line)).collect();
    assert_eq!(labels(&again), plain_get("text.txt", 576));
}

#[test]
fn lesson_2_shows_line_ends_on_the_wire_and_what_a_deaf_server_does_to_them() {
    let played = play(2);
    played.went_well(&["exit status 1"]);
    let text = practice_files().get(b"text.txt").expect("it is there");
    let count = |byte: u8| text.iter().filter(|it| **it == byte).count();
    let wire = text.len() + count(b'\n') + count(b'\r');
    for (local, bytes) in [("a", wire), ("b", text.len()), ("c", text.len())] {
        let lines = played.outputs(&format!("get text.txt {local}"))[0];
        assert!(lines.iter().any(|line| line.starts_with(&format!("Received {bytes} bytes in "))), "{lines:?}");
    }
    let hex: Vec<_> = played.outputs("trace again hex 2").iter().map(|lines| lines.concat()).collect();
    assert!(hex[0].contains("0d 00 0d  0a") || hex[0].contains("0d 00 0d 0a"), "{}", hex[0]);
    assert!(!hex[1].contains("0d 00") && hex[1].contains("0d 0a"), "{}", hex[1]);
    assert!(played.outputs("!cmp a b")[0].iter().all(|line| line.is_empty()), "the same");
    // The client takes the CR of each CR LF for one that the server put there.
    let shrunk = text.len() - count(b'\r');
    assert!(played.outputs("!wc -c b c")[0].iter().any(|line| line.trim() == format!("{shrunk} c")));
}

#[test]
fn lesson_3_counts_packets_and_proves_it() {
    let played = play(3);
    played.went_well(&[]);
    let planned = |bytes: &str| played.outputs(&format!("plan {bytes}"))[0].concat();
    assert!(planned("2150").contains("5 DATA, the last with 102 bytes") && planned("2150").contains(" 11 packets"));
    assert!(planned("1024").contains("3 DATA, the last empty") && planned("1024").contains(" 7 packets"));
    let transfers = played.transfers();
    assert_eq!(labels(&transfers[0]), plain_get("exact2150.bin", 2150));
    assert_eq!(labels(&transfers[1]), plain_get("even.bin", 1024));
    assert_eq!((transfers[0].len(), transfers[1].len()), (11, 7));
    assert_eq!(transfers[1][5].label, "DATA 3  0 B");
}

#[test]
fn lesson_4_loses_one_ack_and_the_file_is_whole() {
    let played = play(4);
    played.went_well(&[]);
    let transfers = played.transfers();
    let mut expected = plain_get("fw.bin", 3000);
    expected.splice(5..5, ["DATA 2  512 B".to_owned(), "ACK 2".to_owned()]);
    assert_eq!(labels(&transfers[0]), expected);
    let (lost, again) = (&transfers[0][4], &transfers[0][5..7]);
    assert!(lost.lost && lost.sent && lost.label == "ACK 2", "{lost:?}");
    assert_eq!((again[0].notes.as_str(), again[1].notes.as_str()), ("DUP of #4", "REXMT of #5"));
    let gets = played.outputs("get fw.bin");
    assert_eq!((waits(gets[0]), waits(gets[1])), (1, 0));
    assert_eq!(
        played.outputs("fault")[0][0].split_whitespace().collect::<Vec<_>>().join(" "),
        "1 drop sent ack 2 hit 1 time"
    );
    assert_eq!(labels(&transfers[1]), plain_get("fw.bin", 3000));
    assert_eq!(digests(&played, "fw.bin"), [digest_of("fw.bin"), digest_of("fw.bin")]);
}

#[test]
fn lesson_5_shows_which_side_waits_for_what() {
    let played = play(5);
    played.went_well(&[]);
    let transfers = played.transfers();
    assert_eq!(labels(&transfers[0]), ["RRQ hello.txt octet", "RRQ hello.txt octet", "DATA 1  13 B", "ACK 1"]);
    assert!(transfers[0][0].lost && transfers[0][1].notes.contains("REXMT of #1"), "the client asks again");
    let lost = &transfers[1][5];
    assert!(lost.lost && !lost.sent && lost.label == "DATA 3  512 B", "{lost:?}");
    let mut expected = plain_get("fw.bin", 3000);
    expected.insert(5, "DATA 3  512 B".to_owned());
    assert_eq!(labels(&transfers[1]), expected, "the server sends again, the client sent nothing meanwhile");
    assert!(transfers[1].iter().all(|packet| !packet.notes.contains("REXMT")));
}

#[test]
fn lesson_6_repeats_the_last_ack_or_leaves_the_server_alone() {
    let played = play(6);
    played.went_well(&[]);
    let transfers = played.transfers();
    let whole = plain_get("fw.bin", 3000);
    let echo = ["DATA 6  440 B".to_owned(), "ACK 6".to_owned()];
    assert_eq!(labels(&transfers[0]), [&whole[..], &echo].concat(), "it dallies");
    assert!(transfers[0][12].lost && transfers[0][12].label == "ACK 6");
    assert_eq!((transfers[0][13].notes.as_str(), transfers[0][14].notes.as_str()), ("DUP of #12", "REXMT of #13"));
    assert_eq!(labels(&transfers[1]), whole, "it leaves");
    assert!(transfers[1][12].lost);
    let status = played.outputs("serve status");
    assert!(status[0][0].ends_with(": 0 transfers, 1 finished, 0 failed"), "{:?}", status[0]);
    assert!(status[0][1].contains("get fw.bin: 3000 bytes in "), "{:?}", status[0]);
    assert!(status[1][0].ends_with(": 0 transfers, 1 finished, 1 failed"), "{:?}", status[1]);
    assert!(status[1][1].contains("get fw.bin: failed after "), "{:?}", status[1]);
}

#[test]
fn lesson_7_tells_a_stranger_and_is_fooled_without_looking() {
    let played = play(7);
    played.went_well(&[]);
    let transfers = played.transfers();
    let ours = |packets: &[Drawn]| {
        let is_foreign = |it: &Drawn| it.notes.contains("WRONG TID") || it.notes.contains("TO-STRANGER");
        let ours: Vec<_> = packets.iter().filter(|it| !is_foreign(it)).map(|it| it.label.clone()).collect();
        let foreign: Vec<_> = packets.iter().filter(|it| is_foreign(it)).map(|it| it.label.clone()).collect();
        (ours, foreign)
    };
    let whole = plain_get("fw.bin", 3000);
    let told = "ERROR 5 Unknown transfer ID".to_owned();
    // The second server's answer: it is a real one, which serves the doubled request.
    assert_eq!(ours(&transfers[0]), (whole.clone(), vec!["DATA 1  512 B".to_owned(), told.clone()]));
    assert!(transfers[0][0].notes.contains("x2 fault rule 1"), "{:?}", transfers[0][0]);
    assert_eq!(ours(&transfers[1]), (whole.clone(), vec!["DATA 2  512 B".to_owned(), told]));
    // Without a look at the port the stranger's block is acknowledged, and the real one comes second.
    assert_eq!(ours(&transfers[2]), (whole, vec!["DATA 2  512 B".to_owned(), "ACK 2".to_owned()]));
    let real: Vec<_> = transfers[2].iter().filter(|it| it.label == "DATA 2  512 B").collect();
    assert!(real[0].notes.contains("WRONG TID") && real[1].notes.starts_with("DUP of #"), "{real:?}");
    let [first, second, third] = &digests(&played, "fw.bin")[..] else { panic!("three digests") };
    let good = digest_of("fw.bin");
    assert!(*first == good && *second == good && *third != good);
}

#[test]
fn lesson_8_costs_17_packets_or_29() {
    let played = play(8);
    played.went_well(&[]);
    let transfers = played.transfers();
    assert_eq!(labels(&transfers[0]), plain_get("eight.bin", 4000));
    assert_eq!((transfers[0].len(), transfers[1].len()), (17, 29));
    let mut counts = BTreeMap::new();
    for packet in &transfers[1][1..] {
        *counts.entry(packet.label.clone()).or_insert(0) += 1;
    }
    for (place, label) in pairs(4000).iter().enumerate() {
        // Blocks 1 and 2 go before the accident, each later one twice to the end.
        assert_eq!(counts[label], if place < 4 { 1 } else { 2 }, "{label}");
    }
}

#[test]
fn lesson_9_bargains() {
    let played = play(9);
    played.went_well(&["the server answered rollover=.., which was not asked for"]);
    let transfers = played.transfers();
    let first =
        ["OACK tsize=3000 blksize=1428 wi..", "ACK 0", "DATA 1  1428 B", "DATA 2  1428 B", "DATA 3  144 B", "ACK 3"];
    assert_eq!(labels(&transfers[0])[1..], first);
    assert!(labels(&transfers[1])[1].starts_with("OACK tsize=3000 blksize=1024"), "{:?}", transfers[1]);
    assert_eq!(labels(&transfers[1])[3..], ["DATA 1  1024 B", "DATA 2  1024 B", "DATA 3  952 B", "ACK 3"]);
    assert_eq!(labels(&transfers[2])[1..], pairs(3000), "DATA 1 comes at once");
    assert_eq!(transfers[3].len(), 3);
    assert!(transfers[3][1].label.starts_with("OACK ") && transfers[3][2].label.starts_with("ERROR 8 "));
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
    let stops = [(1, 8, ""), (2, 8, ""), (3, 8, ""), (65533, 8, ""), (65534, 8, ""), (65535, 8, "")];
    assert_eq!(data(&transfers[1]), of(&stops));
    let to_one = [(65533, 8, ""), (65534, 8, ""), (65535, 8, ""), (1, 8, "WRAP"), (2, 8, ""), (3, 4, "")];
    assert_eq!(data(&transfers[2]), of(&to_one));
    for (_, lines) in gets {
        let hidden: Vec<_> = lines.iter().filter(|line| line.contains(" blocks as expected ")).collect();
        assert!(hidden[0].contains("65,529 blocks as expected (#10-#131067)"), "{hidden:?}");
    }
    // RRQ, OACK, ACK 0, three pairs; those left out; and what is shown behind them.
    assert_eq!(9 + (131_067 - 9) + (transfers[0].len() - 9), 131_079);
    assert!(played.outputs("plan 524300 blksize 8")[0].concat().contains(" 131,079 packets"));
}

#[test]
fn lesson_11_pays_for_each_round_trip() {
    let played = play(11);
    played.went_well(&[]);
    let gets = played.outputs("get slow.bin");
    let expected = [
        (2.57, "(blksize 512, windowsize 1), 257 blocks"),
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

fn between<'a>(lines: &'a [String], before: &str, behind: &str) -> &'a str {
    let line = lines.iter().find(|line| line.contains(behind)).expect(behind);
    line.split(before).nth(1).and_then(|rest| rest.split(behind).next()).expect(before)
}

#[test]
fn lesson_12_hides_a_bug_and_names_it_at_the_end() {
    let lesson = Lesson::find(12).expect("there is a lesson 12");
    assert!(lesson.script.contains("fault seed 1\n"));
    let played = play(12);
    assert_eq!(played.status, Some(0), "{}", played.stderr);
    let status = played.outputs("serve status")[0];
    let named = format!("Server bug on purpose: {}, ", Bug::puzzle(1));
    assert!(status.iter().any(|line| line.starts_with(&named)), "{status:?}");
    let before: Vec<_> = played.commands.iter().take_while(|(given, _)| given != "serve status").collect();
    assert!(before.iter().all(|(_, lines)| lines.iter().all(|line| !line.starts_with(&named))), "no word before");
}

/// What the script of a lesson does when it is piped into the program is what the lesson does.
#[test]
fn a_script_does_alone_what_the_lesson_does() {
    for number in [7, 8] {
        let lesson = Lesson::find(number).expect("a lesson");
        let piped = program(NOWHERE).args(["lesson", &number.to_string(), "--script"]).output().expect("the program");
        assert_eq!(String::from_utf8_lossy(&piped.stdout), lesson.script);
        let folder = tempfile::tempdir().expect("a folder");
        let alone = run(folder.path(), lesson.script);
        assert_eq!(alone.status, Some(0), "{}", alone.stderr);
        let told = |text: &str| {
            let packets = text.lines().filter_map(drawn);
            packets.map(|it| (it.sent, it.lost, it.label)).collect::<Vec<_>>()
        };
        let (alone, given) = (told(&alone.text), told(&play(number).text));
        assert!(alone.len() > 20 && alone.len() == given.len(), "{number}: {} and {}", alone.len(), given.len());
    }
}

/// A riddle that cannot be solved is none: whatever bug lesson 12 may choose, some packet tells.
#[test]
fn every_bug_that_lesson_12_may_choose_shows_itself() {
    let bugs: BTreeSet<_> = (0..200).map(|seed| Bug::puzzle(seed).name()).collect();
    let script = Lesson::find(12).expect("there is a lesson 12").script;
    let shown = |bug: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let played = run(folder.path(), &script.replace("serve bug ?", &format!("serve bug {bug}")));
        assert_eq!(played.status, Some(0), "{bug}: {}", played.stderr);
        packets_in_words(&played.text)
    };
    let honest = shown("off");
    assert!(honest.len() > 40, "{honest:?}");
    std::thread::scope(|scope| {
        let shown = &shown;
        let all: Vec<_> = bugs.iter().map(|bug| (bug, scope.spawn(move || shown(bug)))).collect();
        for (bug, thread) in all {
            assert_ne!(thread.join().expect("a lesson"), honest, "{bug} looks like an honest server");
        }
    });
}

/// Way, kind, length and errors of each packet of the explain view, and whether it is about the port that was asked.
fn packets_in_words(text: &str) -> Vec<String> {
    let mut asked = String::new();
    let heads = text.lines().filter(|line| {
        line.starts_with("Error code")
            || line.starts_with('#') && line.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
    });
    heads
        .map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
            [_, _, _, _, way, kind, _, _, port, length, ..] => {
                if ["RRQ", "WRQ"].contains(&kind) {
                    asked = port.to_owned();
                }
                format!("{way} {kind} {length} {}", if port == asked { "asked" } else { "other" })
            }
            _ => line.to_owned(),
        })
        .collect()
}
