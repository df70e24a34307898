//! The number of a packet is the same in every view, in JSON and in the capture, whatever the rules did.

use std::thread;

use serde_json::Value;

use crate::transfer::{Transfer, get, put};

/// What a view says about a packet: its direction, its length and first bytes on the wire, and the packets it refers to.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    n: Option<u64>,
    sent: bool,
    length: Option<u64>,
    begin: Option<String>,
    refers: Vec<u64>,
}

/// The digits of the bytes that are compared: a row of the hex view.
const DIGITS: usize = 32;

const SETTINGS: &str = "rexmt 0.2\nserve rexmt 0.2\ntrace limit all\ntrace ascii on\ntrace explain short to explain.txt\n\
                        trace hex to hex.txt\ntrace ladder to ladder.txt";

/// One rule of each kind for packets that come, and one for packets that go.
fn rules(come: &str, go: &str) -> String {
    let rules = |way: &str, first: u32| {
        let actions = ["dup", "swap", "delay 20", "drop", "cut 3", "corrupt 3", "stranger"];
        let rule = |(action, block): (&str, u32)| format!("\nfault {action} {way} {block}");
        actions.into_iter().zip(first..).map(rule).collect::<String>()
    };
    rules(&format!("received {come}"), 1) + &rules(&format!("sent {go}"), 1)
}

#[test]
fn a_packet_has_one_number_in_every_view() {
    let [lock_step, windows] = ["options off", "options on\nblksize 512\nwindowsize 2"];
    thread::scope(|scope| {
        for options in [lock_step, windows] {
            scope.spawn(|| check(options, &rules("data", "ack"), &get()));
            scope.spawn(|| check(options, &rules("ack", "data"), &put()));
        }
    });
}

fn check(options: &str, rules: &str, command: &str) {
    let about = format!("{command}, {options}");
    let transfer = Transfer::run(&format!("{SETTINGS}\n{options}{rules}"), command);
    let hit = transfer.records.iter().filter(|record| record["rules"].is_array()).count();
    assert!(hit >= 7, "{about}: rules hit only {hit} packets");
    let json: Vec<_> = transfer.records.iter().map(of_json).collect();
    let numbers: Vec<_> = json.iter().filter_map(|seen| seen.n).collect();
    assert_eq!(numbers, (1..=json.len() as u64).collect::<Vec<_>>(), "{about}: in the order of crossing");
    let capture = transfer.captured.iter().map(|packet| Seen {
        n: Some(packet.id),
        sent: packet.outbound,
        length: Some(u64::from(packet.length) - 28),
        begin: Some(packet.bytes[28..].iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()),
        refers: references(packet.comment.split(": ").next().unwrap_or_default()),
    });
    agree(&about, "capture", &json, capture);
    // These show no number of a packet, except in references to it.
    let json: Vec<_> = json.into_iter().map(|seen| Seen { n: None, ..seen }).collect();
    let hex = transfer.text("hex.txt");
    agree(&about, "hex", &json, hex.lines().zip(hex.lines().skip(1)).filter_map(|(line, row)| dumped(line, row)));
    let numbered = json.into_iter().zip(1..).map(|(seen, n)| Seen { n: Some(n), begin: None, ..seen });
    let json: Vec<_> = numbered.collect();
    agree(&about, "explain", &json, transfer.text("explain.txt").lines().filter_map(explained));
    let json: Vec<_> = json.into_iter().map(|seen| Seen { n: None, length: None, ..seen }).collect();
    agree(&about, "ladder", &json, drawn(&transfer.text("ladder.txt")));
}

fn agree(about: &str, view: &str, json: &[Seen], seen: impl IntoIterator<Item = Seen>) {
    let seen: Vec<_> = seen.into_iter().collect();
    for (place, (json, seen)) in json.iter().zip(&seen).enumerate() {
        assert_eq!(seen, json, "{about}: {view} and JSON differ at packet {}", place + 1);
    }
    assert_eq!(seen.len(), json.len(), "{about}: {view} and JSON differ in the number of packets");
}

fn of_json(record: &Value) -> Seen {
    let mut refers: Vec<_> = ["copy_of", "dup_of"].iter().filter_map(|key| record[key].as_u64()).collect();
    refers.sort_unstable();
    refers.dedup();
    let begin = record["raw"].as_str().map(|raw| raw.chars().take(DIGITS).collect());
    Seen { n: record["n"].as_u64(), sent: record["dir"] == "sent", length: record["len"].as_u64(), begin, refers }
}

/// `#4     0.0010 s  +0.0002  received DATA  :60214 <-- :50729  516 bytes  [DUP of #3]`
fn explained(line: &str) -> Option<Seen> {
    let words: Vec<_> = line.split_whitespace().collect();
    let n = words.first()?.strip_prefix('#')?.parse().ok()?;
    let bytes = words.iter().position(|word| ["byte", "bytes"].contains(word))?;
    let length = words[bytes - 1].parse().ok();
    let refers = references(&words[bytes..].join(" "));
    Some(Seen { n: Some(n), sent: words[4] == "sent", length, begin: None, refers })
}

/// `received DATA <block=3, 512 bytes>  (516 bytes)  [DUP of #7]`, and the first row of its bytes.
fn dumped(line: &str, row: &str) -> Option<Seen> {
    let sent = line.starts_with("sent ");
    if !sent && !line.starts_with("received ") {
        return None;
    }
    let (_, behind) = line.rsplit_once("  (")?;
    let length = behind.split(' ').next()?.parse().ok();
    let digits = row.get(6..)?.split('|').next()?;
    let begin = Some(digits.split_whitespace().collect());
    Some(Seen { n: None, sent, length, begin, refers: references(behind) })
}

/// `   0.0011 |-- ACK 2 ----------->| REXMT of #5`, whose notes may take more lines.
fn drawn(ladder: &str) -> Vec<Seen> {
    let mut drawn: Vec<(bool, String)> = Vec::new();
    let mut in_packet = false;
    for line in ladder.lines() {
        let Some((time, rest)) = line.split_once('|') else {
            in_packet = false;
            continue;
        };
        let Some((arrow, notes)) = rest.split_once('|') else { continue };
        let continues = time.trim().is_empty() && arrow.trim().is_empty();
        if !continues {
            in_packet = arrow.starts_with("--") || arrow.ends_with("--");
            if in_packet {
                drawn.push((arrow.starts_with("--"), notes.to_owned()));
            }
        } else if let Some((_, text)) = drawn.last_mut().filter(|_| in_packet) {
            *text += notes;
        }
    }
    drawn
        .into_iter()
        .map(|(sent, notes)| Seen { n: None, sent, length: None, begin: None, refers: references(&notes) })
        .collect()
}

/// The numbers of `DUP of #5`, each once.
fn references(text: &str) -> Vec<u64> {
    let number = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let mut numbers: Vec<_> = text.split(" of #").skip(1).filter_map(number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}
