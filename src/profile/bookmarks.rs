//! Bookmarks as text: one on each line, as `host` takes it. Comments and bad lines stay as the user wrote them.
//!
//! ```text
//! # the lab
//! sw1 192.0.2.1
//! old 192.0.2.9 6969 mode=netascii blksize=512
//! ```

use std::fmt::{self, Display, Formatter};
use std::net::IpAddr;

use thiserror::Error;

use crate::session::{Bookmark, parse_mode, parse_port};
use crate::shell::commands::exact;
use crate::shell::words::{Word, split};

/// Why words are not a bookmark.
#[derive(Debug, Error)]
#[error("{0}")]
pub(crate) struct BadBookmark(String);

/// Every bookmark of a text; of two with one name the first counts.
pub(crate) fn parse(text: &str) -> Vec<Bookmark> {
    text.lines().filter_map(line).collect()
}

/// The lines that are neither bookmarks nor comments: their numbers, and what is wrong with them.
pub(crate) fn mistakes(text: &str) -> impl Iterator<Item = (usize, String)> {
    (1..).zip(text.lines()).filter_map(|(number, line)| {
        let words = match split(line.as_bytes()) {
            Ok(line) => line.words,
            Err(unfinished) => return Some((number, unfinished.to_string())),
        };
        let bad = read(&words).err().filter(|_| !words.is_empty())?;
        Some((number, bad.to_string()))
    })
}

/// The text with this bookmark in the place of the one that had its name, else at the end.
pub(crate) fn with(text: &str, bookmark: &Bookmark) -> String {
    let mut new = Some(bookmark.to_string());
    let mut lines: Vec<String> = Vec::new();
    for old in text.lines() {
        if names(old, &bookmark.name) {
            lines.extend(new.take());
        } else {
            lines.push(old.to_owned());
        }
    }
    lines.extend(new);
    joined(&lines)
}

/// The text without the bookmark of this name; `None` if there is none.
pub(crate) fn without(text: &str, name: &str) -> Option<String> {
    let lines: Vec<_> = text.lines().filter(|line| !names(line, name)).map(str::to_owned).collect();
    (lines.len() < text.lines().count()).then(|| joined(&lines))
}

/// Reads `NAME ADDR [PORT] [mode=..] [blksize=..]`.
pub(crate) fn read(words: &[Word]) -> Result<Bookmark, BadBookmark> {
    let [name, host, rest @ ..] = words else { return Err(BadBookmark("a name and an address are needed".to_owned())) };
    let host = text(host)?;
    let host = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    let mut bookmark =
        Bookmark { name: self::name(name)?.to_owned(), host: host.to_owned(), port: None, mode: None, blksize: None };
    for word in rest {
        let bad = |why: &str| BadBookmark(format!("{word}: {why}"));
        match text(word)?.split_once('=') {
            Some(("mode", mode)) => {
                let mode = parse_mode(mode.as_bytes());
                bookmark.mode = Some(mode.ok_or_else(|| bad("a mode is ascii, netascii, binary, image or octet"))?);
            }
            Some(("blksize" | "blocksize", size)) => {
                let size = size.parse().map_err(|_| bad("a block size is a number of bytes from 8 to 65464"))?;
                bookmark.blksize = Some(size);
            }
            None if bookmark.port.is_none() => {
                let port = parse_port(word.bytes()).ok_or_else(|| bad("a port is a number from 1 to 65535"))?;
                bookmark.port = Some(port);
            }
            _ => return Err(bad("what may follow the address is a port, mode=MODE and blksize=BYTES")),
        }
    }
    Ok(bookmark)
}

/// A name that no line and no command line takes for something else.
fn name(word: &Word) -> Result<&str, BadBookmark> {
    let name = text(word)?;
    let bad = |why: &str| Err(BadBookmark(format!("{word}: no name for a host ({why})")));
    if exact(word).is_some() {
        return bad("it is a command");
    }
    if name.parse::<IpAddr>().is_ok() {
        return bad("it is an address");
    }
    if name.starts_with('-') || name.contains([':', '/', '[', '#', '=', '\'', '"', '\\', ' ']) {
        return bad("letters, digits, dots and dashes will do");
    }
    Ok(name)
}

fn text(word: &Word) -> Result<&str, BadBookmark> {
    let fit = word.text().filter(|text| !text.is_empty() && !text.contains(|it: char| it.is_control() || it == ' '));
    fit.ok_or_else(|| BadBookmark(format!("\"{word}\": no blanks, no control characters, and not empty")))
}

fn line(line: &str) -> Option<Bookmark> {
    read(&split(line.as_bytes()).ok()?.words).ok()
}

fn names(line: &str, name: &str) -> bool {
    self::line(line).is_some_and(|bookmark| bookmark.name.eq_ignore_ascii_case(name))
}

fn joined(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

impl Display for Bookmark {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.host)?;
        if let Some(port) = self.port {
            write!(f, " {port}")?;
        }
        if let Some(mode) = self.mode {
            write!(f, " mode={mode}")?;
        }
        if let Some(blksize) = self.blksize {
            write!(f, " blksize={blksize}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bookmark(line: &str) -> Result<String, String> {
        let words = split(line.as_bytes()).expect(line).words;
        read(&words).map(|bookmark| bookmark.to_string()).map_err(|bad| bad.to_string())
    }

    #[test]
    fn a_bookmark_is_written_as_it_is_read() {
        for line in ["sw1 192.0.2.1", "sw1 h 6969", "a ::1 6969 mode=netascii blksize=512", "a fe80::1%eth0 mode=octet"]
        {
            assert_eq!(bookmark(line).as_deref(), Ok(line));
        }
        assert_eq!(
            bookmark("a [::1] MODE=x"),
            Err("MODE=x: what may follow the address is a port, mode=MODE and blksize=BYTES".to_owned())
        );
        assert_eq!(bookmark("a [::1] mode=binary").as_deref(), Ok("a ::1 mode=octet"));
    }

    #[test]
    fn what_would_be_taken_for_something_else_is_no_name() {
        for line in ["get h", "GET h", "-v h", "a:b h", "a/b h", "'a b' h", "#a h", "'' h", "a ''", "192.0.2.1 h"] {
            assert!(bookmark(line).is_err(), "{line}");
        }
        for line in ["a h 0", "a h 70000", "a h mode=mail", "a h blksize=7", "a h colour=red", "a h 1 2"] {
            assert!(bookmark(line).is_err(), "{line}");
        }
    }

    #[test]
    fn comments_and_order_survive_a_change() {
        let text = "# lab\na 1.2.3.4\nnonsense\nb h # the old one\n";
        let changed = with(text, &parse("A ::1 69")[0]);
        assert_eq!(changed, "# lab\nA ::1 69\nnonsense\nb h # the old one\n");
        assert_eq!(with(text, &parse("c h")[0]), format!("{text}c h\n"));
        assert_eq!(without(text, "B").as_deref(), Some("# lab\na 1.2.3.4\nnonsense\n"));
        assert_eq!(without(text, "z"), None);
    }
}
