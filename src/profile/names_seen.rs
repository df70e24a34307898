//! Hosts used before, and the names of files there, for Tab, since TFTP cannot list a directory.
//!
//! The file is text: a host, then its names, each after a tab, the latest first. A name that a terminal could not show is in
//! a dollar quote, as at the prompt: `$'caf\xe9'`.
//!
//! ```text
//! 192.0.2.1
//! <TAB>images/fw.bin
//! <TAB>startup.cfg
//! ```

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::Path;

use super::directories;
use crate::language::{Word, dollar_quoted, printable, split};

/// The most hosts.
const HOSTS: usize = 200;
/// The most names of each host.
const NAMES: usize = 500;
/// The most bytes of them all: each Tab reads the file.
const BYTES: usize = 1 << 20;

/// Hosts and names, the latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamesSeen {
    hosts: Vec<Host>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Host {
    host: String,
    names: Vec<String>,
}

impl NamesSeen {
    /// Reads what [`Display`] wrote, without the lines that make no sense.
    pub fn parse(text: &str) -> Self {
        let mut hosts: Vec<Host> = Vec::new();
        for line in text.lines() {
            match (line.strip_prefix('\t'), hosts.last_mut()) {
                (Some(name), Some(last)) if is_fit(name) && last.names.len() < NAMES => {
                    last.names.push(name.to_owned());
                }
                (None, _) if is_fit(line) => hosts.push(Host { host: line.to_owned(), names: Vec::new() }),
                _ => {}
            }
        }
        hosts.truncate(HOSTS);
        Self { hosts }
    }

    /// Reads a file; nothing if that fails, since no command depends on it.
    pub(crate) fn load(path: &Path) -> Self {
        Self::parse(&directories::read(path).unwrap_or_default())
    }

    /// Adds the name of a transferred file to what all sessions have seen.
    pub(crate) fn record(path: &Path, host: &str, name: &[u8]) -> io::Result<()> {
        let name = to_line(name);
        directories::revise(path, |text| {
            let mut names = Self::parse(text);
            names.add(host, &name).then(|| names.to_string())
        })
    }

    /// Moves a host and one of its names, as in the file, to the front; returns whether that changed anything. Names with
    /// control characters, which could upset a terminal, are ignored.
    pub(crate) fn add(&mut self, host: &str, name: &str) -> bool {
        let newest = self.hosts.first().filter(|newest| newest.host == host).and_then(|newest| newest.names.first());
        if !is_fit(host) || !is_fit(name) || newest.is_some_and(|newest| newest == name) {
            return false;
        }
        let known = self.hosts.iter().position(|known| known.host == host);
        let mut entry = known.map(|place| self.hosts.remove(place)).unwrap_or_default();
        entry.host = host.to_owned();
        entry.names.retain(|known| known != name);
        entry.names.insert(0, name.to_owned());
        entry.names.truncate(NAMES);
        self.hosts.insert(0, entry);
        self.hosts.truncate(HOSTS);
        let mut bytes = 0;
        self.hosts.retain(|host| {
            bytes += host.host.len() + host.names.iter().map(|name| name.len() + 2).sum::<usize>();
            bytes <= BYTES
        });
        true
    }

    /// Every host.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(|host| host.host.as_str())
    }

    /// The names seen on a host.
    pub(crate) fn names(&self, host: &str) -> impl Iterator<Item = Word> {
        let known = self.hosts.iter().filter(move |known| known.host.eq_ignore_ascii_case(host));
        known.flat_map(|known| &known.names).map(|name| of_line(name))
    }
}

impl Display for NamesSeen {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for Host { host, names } in &self.hosts {
            writeln!(f, "{host}")?;
            names.iter().try_for_each(|name| writeln!(f, "\t{name}"))?;
        }
        Ok(())
    }
}

/// A name as the file has it. One that looks like a quote needs a quote itself.
fn to_line(name: &[u8]) -> String {
    match printable(name).filter(|text| !text.starts_with(QUOTE)) {
        Some(text) => text.to_owned(),
        None => dollar_quoted(name),
    }
}

fn of_line(name: &str) -> Word {
    let quoted = Some(name).filter(|name| name.starts_with(QUOTE)).and_then(|name| split(name.as_bytes()).ok());
    let word = quoted.and_then(|line| <[Word; 1]>::try_from(line.words).ok());
    word.map_or_else(|| Word::new(name), |[word]| word)
}

/// The beginning of a dollar quote.
const QUOTE: &str = "$'";

fn is_fit(text: &str) -> bool {
    !text.is_empty() && text.len() <= 512 && !text.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_used_last_comes_first() {
        let mut names = NamesSeen::default();
        for (host, name) in [("a", "1"), ("b", "x"), ("a", "2"), ("a", "1")] {
            assert!(names.add(host, name));
        }
        assert!(!names.add("a", "1"), "nothing changes");
        assert_eq!(names.to_string(), "a\n\t1\n\t2\nb\n\tx\n");
        assert_eq!(NamesSeen::parse(&names.to_string()), names);
        assert_eq!(names.names("A").collect::<Vec<_>>(), ["1", "2"].map(Word::new));
    }

    #[test]
    fn a_name_of_any_bytes_is_a_line_of_printable_text() {
        for name in [&b"fw.bin"[..], b"caf\xe9", b"a\x1b[2J\n\tb", "a\u{202e}b".as_bytes(), b"$'x'", b"$", b"it's a b"]
        {
            let line = to_line(name);
            assert!(is_fit(&line), "{line:?}");
            assert_eq!(of_line(&line), Word::new(name), "{line}");
        }
        assert_eq!(of_line("$'not closed"), Word::new("$'not closed"));
    }

    #[test]
    fn what_could_upset_a_terminal_is_not_remembered() {
        let mut names = NamesSeen::default();
        for name in ["a\x1b[2Jb", "a\nb", "a\tb", "\u{85}", ""] {
            assert!(!names.add("h", name), "{name:?}");
        }
        assert!(!names.add("h\n", "f"));
        assert_eq!(NamesSeen::parse("h\n\ta\x1bb\n\tok\n\x07\n"), NamesSeen::parse("h\n\tok\n"));
    }

    #[test]
    fn it_is_bounded() {
        let mut names = NamesSeen::default();
        for number in 0..NAMES + 5 {
            names.add("h", &number.to_string());
        }
        assert_eq!(names.names("h").count(), NAMES);
        for number in 0..HOSTS + 5 {
            names.add(&format!("h{number}"), "f");
        }
        assert_eq!(names.hosts().count(), HOSTS);
        assert_eq!(names.names("h").count(), 0, "the oldest host is forgotten first");
        for (host, number) in (0..20).flat_map(|host| (0..NAMES).map(move |number| (host, number))) {
            names.add(&format!("h{host}"), &format!("{number:0512}"));
        }
        assert!(names.to_string().len() <= BYTES + 2 * HOSTS, "{}", names.to_string().len());
        assert_eq!(names.hosts().next(), Some("h19"));
    }
}
