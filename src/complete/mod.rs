//! Completion, hints and the manual page. One completer serves Tab at the prompt, bash, zsh and fish.
//!
//! ```text
//!  prompt --PartialLine--> words, part --line--------.
//!                                                     >--following--> candidates
//!  bash, zsh, fish --words, part--> arguments --------'
//!                                   (options, HOST, PORT)
//! ```
//!
//! The parsers of the language report what they expect. This module adds the names outside the language: files, hosts
//! and options.

mod arguments;
mod hint;
mod manual;
mod protocol;

use std::env;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

pub(crate) use arguments::arguments;
pub use hint::hint;
pub(crate) use protocol::answer;

use crate::language::{
    Bookmark, Command, CommandOption, Expected, Source, TOPICS, Word, begins, commands, exact, following, split_host,
};
use crate::profile::{Directories, NamesSeen, bookmarks, directories};
use crate::wire::Printable;

/// The sources of names outside the language.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Hosts used before, and the names seen there.
    pub names: NamesSeen,
    /// The user's own names for servers.
    pub bookmarks: Vec<Bookmark>,
    /// Names that the connected server has, even if the user has not used them.
    pub offered: &'static [&'static str],
    /// Lists a local directory.
    pub list: fn(&Path) -> Vec<Entry>,
}

impl Sources {
    /// Reads the user's files.
    pub(crate) fn load(directories: Option<&Directories>) -> Self {
        let names = directories.map(|directories| NamesSeen::load(&directories.names_seen)).unwrap_or_default();
        let hosts = directories.and_then(|directories| directories::read(&directories.hosts).ok());
        Self { names, bookmarks: bookmarks::parse(&hosts.unwrap_or_default()), offered: &[], list }
    }

    /// The address of a host whose name may be a bookmark.
    fn address<'a>(&'a self, host: &'a str) -> &'a str {
        let known = self.bookmarks.iter().find(|bookmark| bookmark.is_named(host));
        known.map_or(host, |bookmark| bookmark.host.as_str())
    }
}

/// Lists a directory; an unreadable one is empty.
fn list(directory: &Path) -> Vec<Entry> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let entry = |entry: fs::DirEntry| {
        let is_directory = match entry.file_type() {
            Ok(kind) if !kind.is_symlink() => kind.is_dir(),
            _ => entry.path().is_dir(),
        };
        Entry { name: Word::new(entry.file_name().as_bytes()), is_directory }
    };
    entries.map(entry).collect()
}

/// A local file or directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without the directory.
    pub name: Word,
    /// Whether it can hold others.
    pub is_directory: bool,
}

/// A replacement of the unfinished word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The whole word, without quotes.
    pub value: Word,
    /// The kind or meaning, in a few words; may be empty.
    pub help: String,
    /// The word continues: a directory, or a host before a file.
    pub goes_on: bool,
}

impl Candidate {
    /// The last part of its path, as a list can show it.
    pub(crate) fn shown(&self) -> String {
        let path = self.value.bytes();
        let parents = path.strip_suffix(b"/").unwrap_or(path).iter().rposition(|&byte| byte == b'/');
        Printable(path.get(parents.map_or(0, |slash| slash + 1)..).unwrap_or_default()).to_string()
    }
}

/// Completes the last word of a line of the shell, after these words; `host` is the connected server.
pub fn line(before: &[Word], part: &Word, host: Option<&str>, sources: &Sources) -> Vec<Candidate> {
    let following = following(before);
    if part.bytes().starts_with(b"-") && !following.options.is_empty() {
        return options(&following.options, part);
    }
    let mut found: Vec<Candidate> = Vec::new();
    for expected in &following.expected {
        let mut more = candidates(*expected, part, host, sources);
        // A file whose name reads as a keyword is offered only after ./.
        let is_file = matches!(expected, Expected::Name(Source::Local, _));
        let is_remote = matches!(expected, Expected::Name(Source::Remote, _));
        more.retain(|new| {
            let is_keyword = is_file && following.expected.iter().any(|expected| expected.is_keyword(&new.value));
            let is_refused = is_remote && !new.goes_on && !accepts(before, &new.value);
            !is_keyword && !is_refused && found.iter().all(|old| old.value != new.value)
        });
        found.append(&mut more);
    }
    found
}

/// Completes an option, or its value after the sign of equality.
fn options(offered: &[&CommandOption], part: &Word) -> Vec<Candidate> {
    let (name, value) =
        part.bytes().split_at(part.bytes().iter().position(|&byte| byte == b'=').map_or(0, |at| at + 1));
    let named = offered.iter().find(|option| name.strip_suffix(b"=") == Some(option.name.as_bytes()));
    match named.map(|option| option.value) {
        Some(Some(Expected::Value(_, _, suggestions))) => {
            let mut found = fit(suggestions().into_iter().map(|(value, help)| plain(&value, help)), &Word::new(value));
            for candidate in &mut found {
                candidate.value = Word::new([name, candidate.value.bytes()].concat());
            }
            found
        }
        Some(_) => Vec::new(),
        None => fit(offered.iter().map(|option| plain(option.name, option.brief)), part),
    }
}

/// Whether a line may have this word after these; a name that is a keyword may be an error there.
fn accepts(before: &[Word], word: &Word) -> bool {
    let following = following(&[before, std::slice::from_ref(word)].concat());
    following.is_complete || !following.expected.is_empty() || !following.options.is_empty()
}

fn candidates(expected: Expected, part: &Word, host: Option<&str>, sources: &Sources) -> Vec<Candidate> {
    match expected {
        Expected::Keyword(name, help) => fit([plain(name, help)], part),
        // Among names, it is offered only after its first letter.
        Expected::WholeKeyword(_) if part.bytes().is_empty() => Vec::new(),
        Expected::WholeKeyword(name) => fit([plain(name, "")], part),
        Expected::Value(_, _, suggestions) => {
            fit(suggestions().into_iter().map(|(value, help)| plain(&value, help)), part)
        }
        Expected::Assignment(_, words) => fit(words.iter().map(|word| plain(word, "")), part),
        Expected::Name(source, _) => names(source, part, host, sources),
    }
}

fn names(source: Source, part: &Word, host: Option<&str>, sources: &Sources) -> Vec<Candidate> {
    match source {
        Source::Remote => remote(part, host, sources),
        Source::Destination => {
            Some(remote(part, host, sources)).filter(|found| !found.is_empty()).unwrap_or_else(|| paths(part, sources))
        }
        Source::Local => paths(part, sources),
        Source::Directory => paths(part, sources).into_iter().filter(|path| path.goes_on).collect(),
        Source::Host => hosts(part, "", sources),
        Source::Bookmark => fit(sources.bookmarks.iter().map(|it| plain(&it.name, "bookmark")), part),
        Source::Command => commands_named(part),
        Source::Topic => {
            let topics = TOPICS.iter().map(|topic| plain(topic.name, topic.brief));
            let mut found = commands_named(part);
            found.extend(fit(topics, part).into_iter().filter(|topic| exact(&topic.value).is_none()));
            found
        }
        Source::Anything => Vec::new(),
    }
}

/// Commands by their names, except ! and ?.
fn commands_named(part: &Word) -> Vec<Candidate> {
    let named = commands().flat_map(|command: &Command| command.names().map(|name| plain(name, command.brief)));
    fit(named.filter(|it| it.value.bytes().first().is_some_and(u8::is_ascii_alphabetic)), part)
}

/// Names of files on the server, and servers to write before one: `fw.bin`, `sw1:`, `sw1:fw.bin`.
fn remote(part: &Word, host: Option<&str>, sources: &Sources) -> Vec<Candidate> {
    let on = |host, before: &str| {
        let names = sources
            .names
            .names(host)
            .map(|name| named(Word::new([before.as_bytes(), name.bytes()].concat()), "seen there"));
        names.filter(|candidate| candidate.value.bytes().starts_with(part.bytes())).collect::<Vec<_>>()
    };
    let mut found = host.map(|host| on(host, "")).unwrap_or_default();
    for name in sources.offered.iter().filter(|name| name.as_bytes().starts_with(part.bytes())) {
        if found.iter().all(|seen| seen.value.bytes() != name.as_bytes()) {
            found.push(plain(name, "offered there"));
        }
    }
    match split_host(part.bytes()) {
        Some((host, file)) => {
            let before = part.text().and_then(|text| text.strip_suffix(str::from_utf8(file).ok()?)).unwrap_or_default();
            found.extend(on(sources.address(host), before));
        }
        // Without a letter, only files of the connected server are offered, if any are known.
        None if part.bytes().is_empty() && !found.is_empty() => {}
        None => found.extend(hosts(part, ":", sources)),
    }
    found
}

/// Bookmarks, then hosts used before. With a colon after it, the word continues.
fn hosts(part: &Word, colon: &str, sources: &Sources) -> Vec<Candidate> {
    let bookmarks = sources.bookmarks.iter().map(|bookmark| (bookmark.name.as_str(), "bookmark"));
    let seen = sources.names.hosts().map(|host| (host, "used before"));
    let named = bookmarks.chain(seen).map(|(host, help)| {
        let bare = colon.is_empty() || !host.contains(':');
        let value = if bare { format!("{host}{colon}") } else { format!("[{host}]{colon}") };
        Candidate { value: Word::new(value), help: help.to_owned(), goes_on: !colon.is_empty() }
    });
    fit(named, part)
}

/// Local files and directories. Hidden ones need their dot.
fn paths(part: &Word, sources: &Sources) -> Vec<Candidate> {
    let place = part.bytes().iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    let (directory, name) = part.bytes().split_at(place);
    let home = directory.strip_prefix(b"~/").filter(|_| part.is_wild(0)).zip(env::home_dir());
    let listed = match home {
        Some((inside, home)) => home.join(Word::new(inside).path()),
        None => Word::new(if directory.is_empty() { b"." } else { directory }).path().to_owned(),
    };
    let mut entries = (sources.list)(&listed);
    entries.sort_by(|a, b| a.name.bytes().cmp(b.name.bytes()));
    let fits = entries.into_iter().filter(|entry| {
        let hidden = entry.name.bytes().starts_with(b".") && name.is_empty();
        !hidden && entry.name.bytes().starts_with(name)
    });
    let candidate = |Entry { name, is_directory }: Entry| {
        let (slash, help) = if is_directory { (&b"/"[..], "directory") } else { (&b""[..], "file") };
        let value = part.continued(place, &[name.bytes(), slash].concat());
        Candidate { value, help: help.to_owned(), goes_on: is_directory }
    };
    fits.map(candidate).collect()
}

fn plain(value: &str, help: &str) -> Candidate {
    named(Word::new(value), help)
}

fn named(value: Word, help: &str) -> Candidate {
    Candidate { value, help: help.to_owned(), goes_on: false }
}

/// The candidates that begin with the unfinished word, in any letter case.
fn fit(candidates: impl IntoIterator<Item = Candidate>, part: &Word) -> Vec<Candidate> {
    candidates.into_iter().filter(|candidate| begins(candidate.value.bytes(), part.bytes())).collect()
}

#[cfg(test)]
mod tests;
