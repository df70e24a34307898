//! The words of the commands that have many, explained one by one for `help`.

use crate::bugs::{ClientBug, ServerBug};

/// A word with its arguments, and what it does.
pub(crate) type Explained = (String, &'static str);

fn all(words: &[(&str, &'static str)]) -> Vec<Explained> {
    words.iter().map(|&(word, meaning)| (word.to_owned(), meaning)).collect()
}

pub(super) fn trace() -> Vec<Explained> {
    all(&[
        ("on, off", "the view on the screen"),
        ("classic", "one line for each packet, as BSD prints it"),
        ("explain", "each packet and why; the first ones with fields"),
        ("explain short", "each packet and why, no fields"),
        ("explain full", "each packet and why, all fields"),
        ("ladder", "arrows between client and server"),
        ("ladder both", "the same with the times and states of both ends"),
        ("explain both, json both", "both ends, where the server is ours too"),
        ("hex", "the bytes of each packet"),
        ("json", "an object for each packet, for programs"),
        ("VIEW to FILE", "this view also goes to a file"),
        ("VIEW off", "ends this view, and its file"),
        ("pcap FILE", "a capture for Wireshark"),
        ("  snap BYTES", "keeps only so many bytes of each packet"),
        ("  lost", "includes packets lost on the way here"),
        ("pcap off", "ends the capture"),
        ("again [VIEW]", "shows the last transfer again"),
        ("again 2 [VIEW]", "shows the one before it; 3 the one before that"),
        ("again [VIEW] 3-5", "shows only these packets; #3 is one packet"),
        ("again VIEW to FILE", "writes it to a file; also pcap to FILE"),
        ("show 3", "shows all about packet 3 of the last transfer"),
        ("show 2 3", "shows packet 3 of the transfer before it"),
        ("limit PAIRS", "shortens long runs to so many pairs at each end"),
        ("limit all", "shows all packets of long runs"),
        ("ascii on | off | auto", "draws with ASCII; auto depends on the locale"),
        ("status", "what is on, and where it goes"),
        ("?", "the forms, and the status"),
    ])
}

pub(super) fn serve() -> Vec<Explained> {
    let mut words = all(&[
        ("DIRECTORY [PORT]", "serves this directory instead of practice files"),
        ("status", "the address, running transfers, and what was changed"),
        ("stop", "ends the server"),
        ("rexmt SECONDS | auto", "when it sends a packet again"),
        ("blksize BYTES | auto", "the largest blocks that it grants"),
        ("options on | off", "whether it grants options"),
        ("fault ...", "network faults at the server; see \"help fault\""),
        ("bug off", "corrects the server again"),
        ("bug ?", "lists the bugs"),
        ("bug random", "one of them, for you to find"),
    ]);
    words.extend(ServerBug::ALL.map(|bug| (format!("bug {}", bug.name()), bug.brief())));
    words
}

pub(super) fn fault() -> Vec<Explained> {
    all(&[
        ("drop", "action: the packet is lost"),
        ("dup", "action: it arrives twice"),
        ("delay MS", "action: it arrives so many milliseconds later"),
        ("swap", "action: the next packet overtakes it"),
        ("corrupt [OFFSET]", "action: one byte of it is inverted"),
        ("cut BYTES", "action: only its first bytes arrive"),
        ("stranger", "action: a copy comes from another port"),
        ("sent, received, both", "direction, as seen from this side"),
        ("rrq, wrq", "kind: a request to read, to write"),
        ("data, ack", "kind: a block, an acknowledgement"),
        ("oack, error", "kind: accepted options, an error"),
        ("any", "kind: all of them"),
        ("2, 2-5", "which: the block, or these blocks"),
        ("first, last", "which: the first such packet, the last one"),
        ("every N", "which: each Nth such packet"),
        ("times N", "how: at most N times"),
        ("rate 5%", "how: by chance"),
        ("off [RULE]", "removes the rule with this number, or all"),
        ("seed NUMBER", "the same packets are hit by chance again"),
        ("test RULE", "which packets of the last transfer it would hit"),
        ("remote on | off", "also act on servers beyond this computer"),
    ])
}

pub(super) fn client() -> Vec<Explained> {
    let mut words: Vec<_> = ClientBug::ALL.map(|bug| (format!("bug {}", bug.name()), bug.brief())).into();
    words.extend(all(&[
        ("bug off", "corrects the client again"),
        ("bug ?", "lists the bugs"),
        ("bug", "shows which bug is active"),
    ]));
    words
}

pub(super) fn repeat() -> Vec<Explained> {
    all(&[
        ("NUMBER", "so many times, whether the command succeeds or not"),
        ("until-ok", "until the command succeeds"),
        ("until-ok NUMBER", "the same, but at most so many times"),
        ("every SECONDS", "the time from one start to the next"),
        ("COMMAND", "any command with its arguments"),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::{Expected, Word, commands, following};

    /// Every keyword and switch that can follow these words, at any depth.
    fn keywords(before: &[Word], depth: usize, found: &mut Vec<&'static str>) {
        let following = following(before);
        for expected in following.expected {
            let word = match expected {
                Expected::Keyword(name, _) => {
                    found.push(name);
                    name
                }
                Expected::Value(..) => "8",
                _ => continue,
            };
            if depth > 0 {
                keywords(&[before, &[Word::new(word)]].concat(), depth - 1, found);
            }
        }
    }

    #[test]
    fn every_word_is_explained_in_a_line_that_fits() {
        for command in commands().filter(|command| !(command.words)().is_empty()) {
            let words = (command.words)();
            let column = words.iter().map(|(word, _)| word.chars().count()).max().unwrap_or_default();
            for (word, meaning) in &words {
                assert!(4 + column + meaning.chars().count() <= 78, "{}: {word}", command.name);
            }
            let explained = words.iter().flat_map(|(word, _)| word.split([' ', ',', '|'])).collect::<Vec<_>>();
            let mut found = Vec::new();
            keywords(&[Word::new(command.name)], 3, &mut found);
            for keyword in found {
                // The forms of `serve fault` are those of `fault`.
                let of_fault = super::fault();
                let elsewhere = command.name == "serve" && of_fault.iter().any(|(word, _)| word.contains(keyword));
                assert!(explained.contains(&keyword) || elsewhere, "{}: {keyword}", command.name);
            }
        }
        let explained: Vec<_> = commands().filter(|it| !(it.words)().is_empty()).map(|it| it.name).collect();
        assert_eq!(explained, ["trace", "serve", "repeat", "fault", "client"]);
    }
}
