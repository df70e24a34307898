//! A lesson played from a pipe, and what it printed.

use std::path::Path;

use tftpsh::files::Digest;
use tftpsh::server::practice_files;

use crate::support::{NOWHERE, feed, names, program};

/// What a lesson printed, command by command.
pub(crate) struct Played {
    pub(crate) commands: Vec<(String, Vec<String>)>,
    pub(crate) text: String,
    pub(crate) stderr: String,
    pub(crate) status: Option<i32>,
}

/// A packet as the ladder draws it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub(crate) sent: bool,
    pub(crate) lost: bool,
    pub(crate) label: String,
    pub(crate) notes: String,
}

pub(crate) fn play(number: usize) -> Played {
    let folder = tempfile::tempdir().expect("a folder");
    let played = run(folder.path(), &format!("lesson {number}\n"));
    assert_eq!(names(folder.path()), [""; 0], "a lesson leaves nothing where it was started");
    played
}

/// Plays lines on standard input. ASCII, so that arrows are easily read.
pub(crate) fn run(folder: &Path, lines: &str) -> Played {
    let output = feed(program(NOWHERE).env("LC_ALL", "C"), folder, lines.as_bytes());
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
    pub(crate) fn outputs(&self, command: &str) -> Vec<&[String]> {
        self.commands.iter().filter(|(given, _)| given == command).map(|(_, lines)| &lines[..]).collect()
    }

    /// The packets of every get and put, in order.
    pub(crate) fn transfers(&self) -> Vec<Vec<Drawn>> {
        let transfers = self.commands.iter().filter(|(given, _)| {
            let given = given.trim_start_matches('-');
            given.starts_with("get ") || given.starts_with("put ")
        });
        transfers.map(|(_, lines)| lines.iter().filter_map(|line| drawn(line)).collect()).collect()
    }

    /// It ended well; nothing was complained about but what `forgiven` names.
    pub(crate) fn went_well(&self, forgiven: &[&str]) {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        let complaints: Vec<_> = self.stderr.lines().filter(|line| !line.starts_with("Practice server at ")).collect();
        assert_eq!(complaints.len(), forgiven.len(), "{complaints:?}");
        for (complaint, expected) in complaints.iter().zip(forgiven) {
            assert!(complaint.contains(expected), "{complaint} is not about {expected}");
        }
    }
}

/// `   0.0015 |-- ACK 2 -----------X                 | lost`
pub(crate) fn drawn(line: &str) -> Option<Drawn> {
    let (time, rest) = line.trim_start().split_once(" |")?;
    time.parse::<f64>().ok()?;
    let (arrow, notes) = rest.split_once('|')?;
    let sent = arrow.starts_with("--");
    let label = arrow.trim_matches(|it: char| "<>-X ".contains(it)).to_owned();
    Some(Drawn { sent, lost: arrow.contains('X'), label, notes: notes.trim().to_owned() })
}

pub(crate) fn labels(packets: &[Drawn]) -> Vec<&str> {
    packets.iter().map(|packet| packet.label.as_str()).collect()
}

/// DATA 1 and ACK 1 to the last block of a file in blocks of 512, with the lengths of the blocks.
pub(crate) fn pairs(size: usize) -> Vec<String> {
    let blocks = size / 512 + 1;
    let length = |block: usize| if block == blocks { size % 512 } else { 512 };
    (1..=blocks).flat_map(|block| [format!("DATA {block}  {} B", length(block)), format!("ACK {block}")]).collect()
}

/// A get without a mishap.
pub(crate) fn plain_get(file: &str, size: usize) -> Vec<String> {
    [vec![format!("RRQ {file} octet")], pairs(size)].concat()
}

pub(crate) fn digest_of(file: &str) -> String {
    let bytes = practice_files().get(file.as_bytes()).expect(file);
    Digest::of(&bytes[..]).expect("memory can be read").to_string()
}

/// The digests that `sha256 FILE` printed.
pub(crate) fn digests(played: &Played, file: &str) -> Vec<String> {
    let outputs = played.outputs(&format!("sha256 {file}"));
    outputs.iter().map(|lines| lines[0].split(' ').next().unwrap_or_default().to_owned()).collect()
}

/// The silences that the server's timer ended.
pub(crate) fn waits(lines: &[String]) -> usize {
    lines.iter().filter(|line| line.contains(" s: the server's timer, ")).count()
}
