//! What may come next: the one completer, for Tab at the prompt and for bash, zsh and fish.
//!
//! ```text
//!  prompt --Unfinished line--> words, part --line--------.
//!                                                         >--> candidates
//!  bash, zsh, fish --words, part--> command_line ---------'
//!                                   (options, HOST, PORT)
//! ```
//!
//! It knows the table of commands, the options of the command line and its [`Sources`], and touches nothing else.

use std::fs;
use std::path::Path;

use clap::CommandFactory;

use super::bookmarks;
use super::commands::{Arg, COMMANDS, Command, Found, MODES, begins, exact, find, names};
use super::folders::{self, Folders};
use super::memory::Memory;
use super::remote::split_host;
use super::topics::TOPICS;
use super::words::Word;
use crate::cli::Cli;
use crate::session::Bookmark;

/// What is known beside the tables.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Hosts, and the names seen there.
    pub memory: Memory,
    /// Servers by names of the user's own.
    pub bookmarks: Vec<Bookmark>,
    /// What lies in a local folder.
    pub list: fn(&Path) -> Vec<Entry>,
}

impl Sources {
    /// What the user's files say at this moment.
    pub(super) fn load(folders: Option<&Folders>) -> Self {
        let memory = folders.map(|folders| Memory::load(&folders.seen())).unwrap_or_default();
        let hosts = folders.and_then(|folders| folders::read(&folders.hosts()).ok()).unwrap_or_default();
        Self { memory, bookmarks: bookmarks::parse(&hosts), list }
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
    let mut found = fit(command.subwords.iter().filter(|_| args.is_empty()).map(|&word| plain(word, "")), part);
    found.extend(argument(command, &args, part, host, sources));
    found
}

/// What may stand at the end of the arguments of the program, behind these.
pub fn command_line(before: &[Word], part: &str, sources: &Sources) -> Vec<Candidate> {
    let mut options = Cli::command();
    options.build();
    let Place { words, value_of, only_words, named } = Place::after(&options, before);
    if let Some(option) = value_of {
        return values(option, part, sources);
    }
    let connected = named.is_some();
    let (host, command) = match words.split_first() {
        Some((first, rest)) if !connected && exact(first).is_none() => {
            let is_port = |word: &Word| word.bytes().iter().all(u8::is_ascii_digit);
            (first.text(), if rest.first().is_some_and(is_port) { &rest[1..] } else { rest })
        }
        _ => (named.as_ref().and_then(Word::text), words.as_slice()),
    };
    if !only_words && part.starts_with('-') {
        let mut found = option_or_value(&options, part, sources);
        if !command.is_empty() {
            found.extend(line(command, part, None, sources).into_iter().filter(|it| it.value.starts_with('-')));
        }
        return found;
    }
    let mut found = line(command, part, host.map(|host| sources.address(host)), sources);
    if words.is_empty() && !connected {
        found.extend(hosts(part, "", sources));
    }
    found
}

/// The command that stands among these arguments, as in `repeat 3 every 5 get fw.bin`.
fn inner_line<'a>(command: &Command, args: &'a [Word]) -> Option<&'a [Word]> {
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

/// What the argument behind `args` may be.
fn argument(command: &Command, args: &[Word], part: &str, host: Option<&str>, sources: &Sources) -> Vec<Candidate> {
    let Some(kind) = command.args.get(args.len()).or(command.args.last()) else { return Vec::new() };
    if args.len() >= *command.takes.end() {
        return Vec::new();
    }
    match kind {
        Arg::Remote => {
            let found = remote(part, host, sources);
            // `put a b c folder`: until the last word is there, each is a file of ours.
            let local = command.args.first() == Some(&Arg::Local);
            if found.is_empty() && local { paths(part, sources) } else { found }
        }
        Arg::Local => paths(part, sources),
        Arg::Host => hosts(part, "", sources),
        Arg::Choice(words) => fit(words.iter().map(|&word| plain(word, "")), part),
        Arg::Switch => fit(["on", "off"].into_iter().map(|word| plain(word, "")), part),
        Arg::Number(unit) => numbers(unit, part),
        Arg::Topic => {
            let topics = TOPICS.iter().map(|topic| plain(topic.name, topic.brief));
            let mut found = commands(part);
            found.extend(fit(topics, part).into_iter().filter(|topic| exact(&Word::new(&*topic.value)).is_none()));
            found
        }
        Arg::Line | Arg::Words => Vec::new(),
    }
}

/// Names of files on the server, and servers to put in front of one: `fw.bin`, `sw1:`, `sw1:fw.bin`.
fn remote(part: &str, host: Option<&str>, sources: &Sources) -> Vec<Candidate> {
    let on = |host, before: &str| {
        let names = sources.memory.names(host).map(|name| plain(&format!("{before}{name}"), "seen there"));
        names.filter(|candidate| candidate.value.starts_with(part)).collect::<Vec<_>>()
    };
    let mut found = host.map(|host| on(host, "")).unwrap_or_default();
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
    let seen = sources.memory.hosts().map(|host| (host, "used before"));
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
        "port" => &[("69", "the port of TFTP"), ("6969", "a port for everybody")],
        _ => &[],
    };
    fit(common.iter().map(|&(value, help)| plain(value, help)), part)
}

/// How far the arguments of the program have got.
struct Place<'a> {
    /// Those that are no options.
    words: Vec<Word>,
    /// The option that the next argument is the value of.
    value_of: Option<&'a clap::Arg>,
    /// What follows is no option, whatever it looks like.
    only_words: bool,
    /// The server of `-H`.
    named: Option<Word>,
}

impl<'a> Place<'a> {
    fn after(options: &'a clap::Command, before: &[Word]) -> Self {
        let mut place = Self { words: Vec::new(), value_of: None, only_words: false, named: None };
        for word in before {
            let text = word.text().unwrap_or_default();
            if let Some(option) = place.value_of.take() {
                if option.get_id() == "host" {
                    place.named = Some(word.clone());
                }
            } else if place.only_words || !text.starts_with('-') || text == "-" {
                place.words.push(word.clone());
            } else if text == "--" {
                place.only_words = true;
            } else if let Some(host) = text.strip_prefix("--host=") {
                place.named = Some(Word::new(host));
            } else {
                place.value_of = options.get_arguments().find(|option| wants_value(option, text));
            }
        }
        place
    }
}

/// Whether the argument after `text` belongs to this option: `--mode octet`, `-m octet`, `-vm octet`.
fn wants_value(option: &clap::Arg, text: &str) -> bool {
    let named = match text.strip_prefix("--") {
        Some(long) => option.get_long() == Some(long),
        None => option.get_short().is_some_and(|short| text.ends_with(short)),
    };
    named && option.get_action().takes_values() && !option.is_require_equals_set()
}

/// Options, or the values behind `--option=`.
fn option_or_value(options: &clap::Command, part: &str, sources: &Sources) -> Vec<Candidate> {
    if let Some((name, value)) = part.split_once('=') {
        let of = |option: &&clap::Arg| option.get_long().is_some_and(|long| name.strip_prefix("--") == Some(long));
        let Some(option) = options.get_arguments().find(of) else { return Vec::new() };
        let mut found = values(option, value, sources);
        for candidate in &mut found {
            candidate.value.insert_str(0, &format!("{name}="));
        }
        return found;
    }
    let shown = options.get_arguments().filter(|option| !option.is_hide_set() && !option.is_positional());
    let spelled = shown.filter_map(|option| {
        let long = option.get_long().map(|long| format!("--{long}"));
        let short = option.get_short().map(|short| format!("-{short}"));
        // One spelling is enough, and the long one tells more.
        let value = if part == "-" { long.or(short) } else { long.filter(|_| part.starts_with("--")).or(short) }?;
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        Some(Candidate { value, help, goes_on: false })
    });
    fit(spelled, part)
}

/// The values of an option, told from what its help calls them.
fn values(option: &clap::Arg, part: &str, sources: &Sources) -> Vec<Candidate> {
    let possible = option.get_possible_values();
    if !possible.is_empty() {
        return fit(possible.iter().map(|value| plain(value.get_name(), "")), part);
    }
    match option.get_value_names().and_then(<[_]>::first).map(|name| name.to_ascii_lowercase()).as_deref() {
        Some("host") => hosts(part, "", sources),
        Some("file") => paths(part, sources),
        Some("when") => fit(["auto", "always", "never"].map(|when| plain(when, "")), part),
        Some("mode") => fit(MODES.iter().map(|&mode| plain(mode, "")), part),
        Some(unit) => numbers(unit, part),
        None => Vec::new(),
    }
}

fn plain(value: &str, help: &str) -> Candidate {
    Candidate { value: value.to_owned(), help: help.to_owned(), goes_on: false }
}

/// Those that the unfinished word begins, in any case.
fn fit(candidates: impl IntoIterator<Item = Candidate>, part: &str) -> Vec<Candidate> {
    candidates.into_iter().filter(|candidate| begins(&candidate.value, part.as_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::words::split;

    fn sources() -> Sources {
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
        let memory = "192.0.2.1\n\tfw.bin\n\timages/fw.bin\nrouter\n\trun.cfg\n::1\n\tsix\n";
        let bookmarks = bookmarks::parse("sw1 192.0.2.1\n");
        Sources { memory: Memory::parse(memory), bookmarks, list }
    }

    fn values(found: Vec<Candidate>) -> String {
        found.into_iter().map(|candidate| candidate.value).collect::<Vec<_>>().join(" | ")
    }

    /// The word before the bar is unfinished.
    fn at_prompt(text: &str) -> String {
        let (before, part) = text.rsplit_once(' ').unwrap_or(("", text));
        values(line(&split(before.as_bytes()).expect(text).words, part, Some("router"), &sources()))
    }

    fn outside(text: &str) -> String {
        let (before, part) = text.rsplit_once(' ').unwrap_or(("", text));
        values(command_line(&split(before.as_bytes()).expect(text).words, part, &sources()))
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
    fn the_command_line_has_options_too() {
        for (text, expected) in [
            ("--mo", "--mode"),
            ("-4", "-4"),
            ("--mode=n", "--mode=netascii"),
            ("-m o", "octet"),
            ("-vm o", "octet"),
            ("--blksize 65", "65464"),
            ("-H s", "sw1"),
            ("-f f", "fw.bin"),
            ("--trace=", "--trace=classic"),
            ("g", "get"),
            ("st", "status"),
            ("sw", "sw1"),
            ("--color a", "auto | always"),
            ("sw1 g", "get"),
            ("sw1 get ", "fw.bin | images/fw.bin"),
            ("get ", "sw1: | 192.0.2.1: | router: | [::1]:"),
            ("sw1 6969 get i", "images/fw.bin"),
            ("-v sw1 -c get i", "images/fw.bin"),
            ("-H router get ru", "run.cfg"),
            ("--host=router get ru", "run.cfg"),
            ("get router:", "router:run.cfg"),
            ("serve --re", "--rexmt | --read-only"),
            ("-- --mo", ""),
        ] {
            assert_eq!(outside(text), expected, "{text}");
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
