//! What Tab offers, with sources that a test defines.

use super::*;
use crate::language::split;

pub(super) fn sources() -> Sources {
    let list = |directory: &Path| {
        let entry = |name: &str, is_directory| Entry { name: Word::new(name), is_directory };
        match directory.to_str() {
            Some(".") => {
                vec![entry("my file", false), entry("fw.bin", false), entry("cfg", true), entry(".x", false)]
            }
            Some("cfg/") => vec![entry("a.cfg", false), entry("evil\x1b[2J", false)],
            _ => Vec::new(),
        }
    };
    let names = "192.0.2.1\n\tfw.bin\n\timages/fw.bin\nrouter\n\trun.cfg\n::1\n\tsix\n";
    let bookmarks = bookmarks::parse("sw1 192.0.2.1\n");
    Sources { names: NamesSeen::parse(names), bookmarks, offered: &[], list }
}

pub(super) fn values(found: Vec<Candidate>) -> String {
    found.into_iter().map(|candidate| candidate.value.to_string()).collect::<Vec<_>>().join(" | ")
}

/// The word before the bar is unfinished.
fn at_prompt(text: &str) -> String {
    let (before, part) = text.rsplit_once(' ').unwrap_or(("", text));
    values(line(&split(before.as_bytes()).expect(text).words, &Word::new(part), Some("router"), &sources()))
}

#[test]
fn tab_completes_every_kind_of_word_at_the_prompt() {
    for (text, expected) in [
        ("g", "get"),
        ("GE", "get"),
        ("bl", "blksize | blocksize"),
        ("zzz", ""),
        ("zzz a", ""),
        ("get ", "run.cfg"),
        ("g r", "run.cfg | router:"),
        ("get sw1:f", "sw1:fw.bin"),
        ("get [::1]:", "[::1]:six"),
        ("get a ", "cfg/ | fw.bin | my file"),
        ("put c", "cfg/"),
        ("put cfg/", "cfg/a.cfg | cfg/evil\\x1b[2J"),
        ("put .", ".x"),
        ("lcd ", "cfg/"),
        ("lcd cfg/", ""),
        ("serve f", "fault"),
        ("put a my", "my file"),
        ("put a r", "run.cfg | router:"),
        ("connect s", "sw1"),
        ("connect h ", "69 | 6969"),
        ("connect h 69 ", ""),
        ("mode n", "netascii"),
        ("verbose o", "on | off"),
        ("blksize ", "512 | 1428 | 8192 | 65464 | auto"),
        ("windowsize 1", "1 | 16"),
        ("rexmt a", "auto"),
        ("options o", "on | off"),
        ("serve st", "status | stop"),
        ("serve . --o", "--overwrite"),
        ("serve . --overwrite --r", ""),
        ("serve . --max-w", "--max-windowsize"),
        ("serve . --max-windowsize ", "1 | 4 | 16 | 64"),
        ("serve . --max-windowsize=1", "--max-windowsize=1 | --max-windowsize=16"),
        ("serve -H ", "0.0.0.0 | ::"),
        ("serve --single-port . --p", "--port | --per-host"),
        ("serve . 69 --p", "--port-range | --per-host"),
        ("serve . -- --p", ""),
        ("serve status --p", ""),
        ("serve --read-only . 6", "69 | 6969"),
        ("sha256 o", "on | off"),
        ("sha256 f", "fw.bin"),
        ("trace l", "ladder | limit"),
        ("trace ladder ", "both | to | off"),
        ("trace ladder to ", "cfg/ | fw.bin | my file"),
        ("tr ex ", "short | full | both | to | off"),
        ("trace explain full t", "to"),
        ("trace pcap o", "off"),
        ("trace pcap fw.bin ", "snap | lost"),
        ("trace again l", "ladder"),
        ("trace again ", "1 | 2 | 3 | classic | explain | ladder | hex | json | pcap | to"),
        ("trace again 2 ex", "explain"),
        ("trace again pcap ", "to"),
        ("trace again 3-5 ", "to"),
        ("trace again json to ", "cfg/ | fw.bin | my file"),
        ("trace again pcap to x ", "snap | lost"),
        ("trace show 2 ", ""),
        ("trace limit ", "3 | all"),
        ("trace off ", ""),
        ("fault d", "drop | dup | delay"),
        ("fault drop ", "sent | received | both"),
        ("fault delay 5 b", "both"),
        ("fault drop sent a", "any | ack"),
        ("fault drop sent ack ", "first | last | every | times | rate"),
        ("fault drop sent ack 2 ", "times | rate"),
        ("fault drop sent ack every 2 r", "rate"),
        ("fault drop both any rate ", "0 | 5 | 20"),
        ("fault test d", "drop | dup | delay"),
        ("fault remote ", "on | off"),
        ("serve fault drop re", "received"),
        ("serve bug no-", "no-resend | no-empty | no-wrap"),
        ("serve bug sorcerer ", ""),
        ("serve options ", "on | off"),
        ("serve rexmt ", "1 | 5 | 25 | auto"),
        ("client ", "bug"),
        ("client bug no-d", "no-dally"),
        ("plan 2150 ", "blksize | windowsize | rtt"),
        ("plan 2150 rtt 10ms b", "blksize"),
        ("lesson 1", "1 | 10 | 11 | 12"),
        ("packetdrop ", "0 | 5 | 20"),
        ("repeat u", "until-ok"),
        ("repeat 3 g", "get"),
        ("repeat 3 every 5 get ru", "run.cfg"),
        ("help opt", "options"),
        ("help ur", "uri"),
        ("status ", "settings"),
        ("hosts ", ""),
    ] {
        assert_eq!(at_prompt(text), expected, "{text}");
    }
}

#[test]
fn a_directory_continues_and_a_file_does_not() {
    let goes_on = |text: &str| line(&[Word::new("put")], &Word::new(text), None, &sources())[0].goes_on;
    assert!(goes_on("cfg") && !goes_on("fw"));
}
