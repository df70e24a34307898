//! What may come next: the one completer, for Tab at the prompt and for bash, zsh and fish.
//!
//! ```text
//!  prompt --Unfinished line--> words, part --line--------.
//!                                                         >--> candidates
//!  bash, zsh, fish --words, part--> arguments ------------'
//!                                   (options, HOST, PORT)
//! ```
//!
//! It knows the table of commands, the options of the command line and its [`Sources`], and touches nothing else.

mod arguments;

use std::fs;
use std::path::Path;

pub use arguments::arguments;

use super::commands::{Arg, COMMANDS, Command, Found, begins, exact, find, names, next};
use super::remote::split_host;
use super::topics::TOPICS;
use super::words::Word;
use crate::lessons::LESSONS;
use crate::profile::{Directories, NamesSeen, bookmarks, directories};
use crate::session::Bookmark;

/// What is known beside the tables.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Hosts, and the names seen there.
    pub seen: NamesSeen,
    /// Servers by names of the user's own.
    pub bookmarks: Vec<Bookmark>,
    /// Names that the connected server is known to have, seen or not.
    pub offered: &'static [&'static str],
    /// What lies in a local folder.
    pub list: fn(&Path) -> Vec<Entry>,
}

impl Sources {
    /// What the user's files say at this moment.
    pub(crate) fn load(user: Option<&Directories>) -> Self {
        let seen = user.map(|user| NamesSeen::load(&user.names_seen())).unwrap_or_default();
        let hosts = user.and_then(|user| directories::read(&user.hosts()).ok()).unwrap_or_default();
        Self { seen, bookmarks: bookmarks::parse(&hosts), offered: &[], list }
    }

    /// The address behind a name that may be a bookmark.
    fn address<'a>(&'a self, host: &'a str) -> &'a str {
        let known = self.bookmarks.iter().find(|bookmark| bookmark.name.eq_ignore_ascii_case(host));
        known.map_or(host, |bookmark| bookmark.host.as_str())
    }
}

/// What lies in a folder; nothing where it cannot be read. Names that are no text cannot be typed.
fn list(folder: &Path) -> Vec<Entry> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let entry = |entry: fs::DirEntry| {
        let is_folder = entry.path().is_dir();
        Some(Entry { name: entry.file_name().into_string().ok()?, is_folder })
    };
    entries.filter_map(entry).collect()
}

/// A local file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name, without the folder.
    pub name: String,
    /// Whether more can lie in it.
    pub is_folder: bool,
}

/// What may stand in the place of the unfinished word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The whole word, without quotes.
    pub value: String,
    /// What it is, in a few words; may be empty.
    pub help: String,
    /// The word goes on: a folder, or a host in front of a file.
    pub goes_on: bool,
}

/// What may stand at the end of a line of the shell, behind these words; `host` is the connected server.
pub fn line(before: &[Word], part: &str, host: Option<&str>, sources: &Sources) -> Vec<Candidate> {
    let Some((name, args)) = before.split_first() else { return commands(part) };
    let Found::Command(command) = find(name) else { return Vec::new() };
    if let Some(inner) = inner_line(command, args) {
        return line(inner, part, host, sources);
    }
    if part.starts_with('-') && !command.switches.is_empty() {
        return fit(command.switches.iter().map(|&switch| plain(switch, "")), part);
    }
    let args: Vec<_> = args.iter().filter(|arg| !command.switches.iter().any(|it| arg.is(it))).cloned().collect();
    let mut found: Vec<Candidate> = Vec::new();
    for arg in next(command, &args) {
        let more = argument(arg, command, part, host, sources);
        found
            .extend(more.into_iter().filter(|new| !found.iter().any(|old| old.value == new.value)).collect::<Vec<_>>());
    }
    found
}

/// The command that stands among these arguments, as in `repeat 3 every 5 get fw.bin`.
pub(super) fn inner_line<'a>(command: &Command, args: &'a [Word]) -> Option<&'a [Word]> {
    let begin = command.args.iter().position(|arg| *arg == Arg::Line)?;
    let inner = args.get(begin..)?;
    match inner.first() {
        Some(word) if word.is("every") => inner.get(2..),
        _ => Some(inner),
    }
}

/// Commands by their names; those of one letter that is none are not worth a Tab.
fn commands(part: &str) -> Vec<Candidate> {
    let named = COMMANDS.iter().flat_map(|command| names(command).map(|name| plain(name, command.brief)));
    fit(named.filter(|candidate| candidate.value.starts_with(char::is_alphabetic)), part)
}

/// What an argument of this kind may be.
fn argument(kind: Arg, command: &Command, part: &str, host: Option<&str>, sources: &Sources) -> Vec<Candidate> {
    match kind {
        Arg::Remote => {
            let found = remote(part, host, sources);
            // `put a b c folder`: until the last word is there, each is a file of ours.
            let local = command.args.first() == Some(&Arg::Local);
            if found.is_empty() && local { paths(part, sources) } else { found }
        }
        Arg::Local => paths(part, sources),
        Arg::Folder => paths(part, sources).into_iter().filter(|path| path.goes_on).collect(),
        Arg::Host => hosts(part, "", sources),
        Arg::Word(word) => fit([plain(word, "")], part),
        Arg::Choice(words) => fit(words.iter().map(|&word| plain(word, "")), part),
        Arg::Switch => fit(["on", "off"].into_iter().map(|word| plain(word, "")), part),
        Arg::Number(unit) => numbers(unit, part),
        Arg::Topic => {
            let topics = TOPICS.iter().map(|topic| plain(topic.name, topic.brief));
            let mut found = commands(part);
            found.extend(fit(topics, part).into_iter().filter(|topic| exact(&Word::new(&*topic.value)).is_none()));
            found
        }
        Arg::Line | Arg::Words | Arg::Rest(_) => Vec::new(),
    }
}

/// Names of files on the server, and servers to put in front of one: `fw.bin`, `sw1:`, `sw1:fw.bin`.
fn remote(part: &str, host: Option<&str>, sources: &Sources) -> Vec<Candidate> {
    let on = |host, before: &str| {
        let names = sources.seen.names(host).map(|name| plain(&format!("{before}{name}"), "seen there"));
        names.filter(|candidate| candidate.value.starts_with(part)).collect::<Vec<_>>()
    };
    let mut found = host.map(|host| on(host, "")).unwrap_or_default();
    for name in sources.offered.iter().filter(|name| name.starts_with(part)) {
        if found.iter().all(|seen| seen.value != *name) {
            found.push(plain(name, "offered there"));
        }
    }
    match split_host(part.as_bytes()) {
        Some((host, file)) => found.extend(on(sources.address(host), &part[..part.len() - file.len()])),
        // Before a letter is typed, a file of the connected server is meant, where any is known.
        None if part.is_empty() && !found.is_empty() => {}
        None => found.extend(hosts(part, ":", sources)),
    }
    found
}

/// Bookmarks, then hosts used before; with a colon behind, the word goes on.
fn hosts(part: &str, colon: &str, sources: &Sources) -> Vec<Candidate> {
    let bookmarks = sources.bookmarks.iter().map(|bookmark| (bookmark.name.as_str(), "bookmark"));
    let seen = sources.seen.hosts().map(|host| (host, "used before"));
    let named = bookmarks.chain(seen).map(|(host, help)| {
        let bare = colon.is_empty() || !host.contains(':');
        let value = if bare { format!("{host}{colon}") } else { format!("[{host}]{colon}") };
        Candidate { value, help: help.to_owned(), goes_on: !colon.is_empty() }
    });
    fit(named, part)
}

/// Files and folders here. Hidden ones wait for their dot.
fn paths(part: &str, sources: &Sources) -> Vec<Candidate> {
    let (folder, name) = part.split_at(part.rfind('/').map_or(0, |slash| slash + 1));
    let mut entries = (sources.list)(Path::new(if folder.is_empty() { "." } else { folder }));
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let fits = entries.into_iter().filter(|entry| {
        let hidden = entry.name.starts_with('.') && name.is_empty();
        !hidden && entry.name.starts_with(name) && !entry.name.contains(char::is_control)
    });
    let candidate = |entry: Entry| {
        let slash = if entry.is_folder { "/" } else { "" };
        let help = if entry.is_folder { "folder" } else { "file" };
        Candidate { value: format!("{folder}{}{slash}", entry.name), help: help.to_owned(), goes_on: entry.is_folder }
    };
    fits.map(candidate).collect()
}

/// Numbers that are worth a Tab.
fn numbers(unit: &str, part: &str) -> Vec<Candidate> {
    let common: &[(&str, &str)] = match unit {
        "bytes" => &[
            ("512", "as in RFC 1350"),
            ("1428", "fits Ethernet through tunnels"),
            ("8192", "for fast links"),
            ("65464", "the most"),
            ("auto", "what the path carries"),
        ],
        "blocks" => &[("1", "as in RFC 1350"), ("4", ""), ("16", ""), ("64", ""), ("auto", "what fits the blocks")],
        "seconds" => &[("1", ""), ("5", ""), ("25", ""), ("auto", "the default")],
        "times" => &[("until-ok", "until it succeeds"), ("2", ""), ("10", "")],
        "pairs" => &[("3", "as usual")],
        "percent" => &[("0", "none"), ("5", ""), ("20", "")],
        "lesson" => return fit(LESSONS.iter().map(|it| plain(&it.number.to_string(), it.title)), part),
        "port" => &[("69", "the port of TFTP"), ("6969", "a port for everybody")],
        _ => &[],
    };
    fit(common.iter().map(|&(value, help)| plain(value, help)), part)
}

fn plain(value: &str, help: &str) -> Candidate {
    Candidate { value: value.to_owned(), help: help.to_owned(), goes_on: false }
}

/// Those that the unfinished word begins, in any case.
fn fit(candidates: impl IntoIterator<Item = Candidate>, part: &str) -> Vec<Candidate> {
    candidates.into_iter().filter(|candidate| begins(&candidate.value, part.as_bytes())).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::shell::words::split;

    pub(super) fn sources() -> Sources {
        let list = |folder: &Path| {
            let entry = |name: &str, is_folder| Entry { name: name.to_owned(), is_folder };
            match folder.to_str() {
                Some(".") => {
                    vec![entry("my file", false), entry("fw.bin", false), entry("cfg", true), entry(".x", false)]
                }
                Some("cfg/") => vec![entry("a.cfg", false), entry("evil\x1b[2J", false)],
                _ => Vec::new(),
            }
        };
        let seen = "192.0.2.1\n\tfw.bin\n\timages/fw.bin\nrouter\n\trun.cfg\n::1\n\tsix\n";
        let bookmarks = bookmarks::parse("sw1 192.0.2.1\n");
        Sources { seen: NamesSeen::parse(seen), bookmarks, offered: &[], list }
    }

    pub(super) fn values(found: Vec<Candidate>) -> String {
        found.into_iter().map(|candidate| candidate.value).collect::<Vec<_>>().join(" | ")
    }

    /// The word before the bar is unfinished.
    fn at_prompt(text: &str) -> String {
        let (before, part) = text.rsplit_once(' ').unwrap_or(("", text));
        values(line(&split(before.as_bytes()).expect(text).words, part, Some("router"), &sources()))
    }

    #[test]
    fn at_the_prompt_everything_typed_has_an_end() {
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
            ("put cfg/", "cfg/a.cfg"),
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
            ("serve . --", "--read-only | --overwrite"),
            ("serve --read-only . 6", "69 | 6969"),
            ("sha256 o", "on | off"),
            ("sha256 f", "fw.bin"),
            ("trace l", "ladder | limit"),
            ("trace ladder ", "to | off"),
            ("trace ladder to ", "cfg/ | fw.bin | my file"),
            ("tr ex ", "short | full | to | off"),
            ("trace explain full t", "to"),
            ("trace pcap o", "off"),
            ("trace pcap fw.bin ", "snap | lost"),
            ("trace again l", "ladder"),
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
            ("status ", ""),
        ] {
            assert_eq!(at_prompt(text), expected, "{text}");
        }
    }

    #[test]
    fn what_could_upset_a_terminal_is_not_offered() {
        assert!(!at_prompt("put cfg/").contains('\x1b'));
    }

    #[test]
    fn a_word_that_goes_on_says_so() {
        let goes_on = |text: &str| line(&[Word::new("put")], text, None, &sources())[0].goes_on;
        assert!(goes_on("cfg") && !goes_on("fw"));
    }
}
