//! The sessions together leave nothing out.

use std::collections::BTreeSet;

use tftpsh::internals::{Word, commands, exact, find, split};

use crate::paths;
use crate::session::{Session, bytes};

/// Every line that tells of a failure, or what all of its kind have in common.
const ERRORS: &[&str] = &[
    // Of BSD, on standard output.
    "?Ambiguous command",
    "?Invalid command",
    "?Invalid help command ",
    "?Ambiguous help command ",
    ": bad port number",
    ": unknown host (",
    ": unknown mode",
    "usage: mode [ ascii | netascii | binary | image | octet ]",
    "mail: obsolete mode, not supported (RFC 1350 section 1)",
    ": bad value",
    "usage: rexmt value",
    "Error code 1: File not found",
    "Transfer timed out.",
    "No target machine specified.",
    // Of ours, on standard error.
    "connection refused (no TFTP server there)",
    "Hint: a firewall may block the answer",
    "Did you mean \"get\"?",
    "a single quote is not closed",
    "a double quote is not closed",
    "the line ends in a backslash",
    "The backslash was removed; quotes keep it",
    "no command \"gett\"; did you mean \"get\"? (a host named gett: tftp -H gett)",
    "asking again without options",
    "do not arrive: asking again with blksize 512",
    "announced: asking again with blksize 512",
    "Hint: try blksize 512.",
    "the server answered with DATA 7 instead of block 1",
    "has a NUL in it and was transferred as text (netascii)",
    "which was not asked for",
    "which is not what was asked for",
    "but blocks begin with 1",
    "bytes, but 512 were agreed",
    ": interrupted",
    "No such file or directory",
    "Is a directory",
    "its directory does not exist",
    "does not name a file; give a local name",
    "no server is running",
    "a server is running already",
    ": exit status 3",
    "tftp: inner:3: get nosuch",
    "more than 16 scripts and repetitions in each other",
    "usage: repeat number [every seconds] command",
    "as expected",
    "is not a SHA-256 of 64 digits",
    "verify is for one file",
    "names no file: tftp://HOST/FILE",
    "names no host",
    "an IPv6 address needs brackets",
    "TFTP has no users",
    "% must come before two hexadecimal digits",
    "? has no meaning here",
    "; can only come before mode=netascii or mode=octet",
    "standard input has the commands",
    "put - needs a remote name",
    "--read-only belongs to serve",
    "SHA-256 is ",
];

const STATUSES: &[&str] = &["", "1", "2", "3", "4", "5", "10", "11", "12", "13", "14", "15", "16", "17", "18", "130"];

fn sessions() -> Vec<Session> {
    paths().iter().map(|path| Session::read(path)).collect()
}

#[test]
fn there_are_many() {
    assert!(sessions().len() >= 60, "only {}", sessions().len());
}

#[test]
fn every_command_of_the_table_is_used() {
    let mut used = BTreeSet::new();
    for session in sessions() {
        for line in bytes(session.part("stdin")).split(|&byte| byte == b'\n') {
            let line = line.strip_prefix(b"-").unwrap_or(line);
            let words = split(line).map(|line| line.words).unwrap_or_default();
            if let Some(Ok(command)) = words.first().map(find) {
                used.insert(command.name);
            }
        }
        used.extend(session.part("args").lines().filter_map(|arg| exact(&Word::new(arg))).map(|command| command.name));
    }
    let unused: Vec<_> = commands().map(|command| command.name).filter(|name| !used.contains(name)).collect();
    assert!(unused.is_empty(), "no session uses {unused:?}");
}

#[test]
fn every_failure_is_shown_in_some_session() {
    let output: String =
        sessions().iter().map(|session| [session.part("stdout"), session.part("stderr")].concat()).collect();
    let unseen: Vec<_> = ERRORS.iter().filter(|error| !output.contains(**error)).collect();
    assert!(unseen.is_empty(), "no session shows {unseen:?}");
}

#[test]
fn every_status_is_the_end_of_some_session() {
    let ends: BTreeSet<_> = sessions().iter().map(|session| session.part("status").trim().to_owned()).collect();
    let never: Vec<_> = STATUSES.iter().filter(|status| !ends.contains(**status)).collect();
    assert!(never.is_empty(), "no session ends with {never:?}");
}
