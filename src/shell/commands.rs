//! The one table of commands. Dispatch, abbreviations, usage lines and help read it.

use std::ops::RangeInclusive;

use super::handlers::{escape, faults, lessons, lines, local, server, settings, trace, transfer};
use super::words::Word;
use super::{Next, Shell};

/// A row of the table.
pub struct Command {
    /// What `?` lists.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
    /// One of 4.3BSD's thirteen, which own every abbreviation they owned there.
    pub classic: bool,
    /// What its arguments are, the last for all that follow.
    pub args: &'static [Arg],
    /// How many there may be.
    pub takes: RangeInclusive<usize>,
    /// Words that stand anywhere among its arguments, each beginning with `--`.
    pub switches: &'static [&'static str],
    /// How it is written, one form a line.
    pub usage: &'static [&'static str],
    /// The prompt that asks for missing arguments on a terminal.
    pub ask: Option<&'static str>,
    /// What it does, in a few words.
    pub brief: &'static str,
    /// Lines that work.
    pub examples: &'static [&'static str],
    /// Does it.
    pub run: Handler,
}

/// Carries a command out. A [`Complaint`](super::complaint::Complaint) inside the error is a failed command; any other
/// error ends the shell.
pub type Handler = fn(&mut Shell, &[Word]) -> anyhow::Result<Next>;

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg {
    /// A file on the server.
    Remote,
    /// A file or folder here.
    Local,
    /// A server.
    Host,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A number of these, or `auto`.
    Number(&'static str),
    /// `on` or `off`.
    Switch,
    /// Any words.
    Words,
}

const MANY: usize = usize::MAX;

/// What most rows have in common.
const ROW: Command = Command {
    name: "",
    aliases: &[],
    classic: false,
    args: &[],
    takes: 0..=0,
    switches: &[],
    usage: &[],
    ask: None,
    brief: "",
    examples: &[],
    run: local::quit,
};

const CLASSIC: Command = Command { classic: true, ..ROW };

/// Every command, in the order that `?` lists them.
pub static COMMANDS: &[Command] = &[
    Command {
        name: "connect",
        args: &[Arg::Host, Arg::Number("port")],
        takes: 1..=2,
        usage: &["connect host-name [port]"],
        ask: Some("(to) "),
        brief: "connect to remote tftp",
        examples: &["connect 192.0.2.1", "connect switch1 6969"],
        run: settings::connect,
        ..CLASSIC
    },
    Command {
        name: "mode",
        args: &[Arg::Choice(&["ascii", "netascii", "binary", "image", "octet"])],
        takes: 0..=1,
        usage: &["mode [ ascii | netascii | binary | image | octet ]"],
        brief: "set file transfer mode",
        examples: &["mode", "mode octet"],
        run: settings::mode,
        ..CLASSIC
    },
    Command {
        name: "put",
        args: &[Arg::Local, Arg::Remote],
        takes: 1..=MANY,
        usage: &["put file", "put localname remotename", "put file file ... remote-directory"],
        ask: Some("(file) "),
        brief: "send file",
        examples: &["put fw.bin", "put fw.bin switch1:images/fw.bin", "put a.cfg b.cfg configs"],
        run: transfer::put,
        ..CLASSIC
    },
    Command {
        name: "get",
        args: &[Arg::Remote, Arg::Local, Arg::Remote],
        takes: 1..=MANY,
        usage: &[
            "get file",
            "get remotename localname",
            "get file file file ...",
            "get file [localname] verify sha256-digest",
        ],
        ask: Some("(files) "),
        brief: "receive file",
        examples: &["get fw.bin", "get switch1:fw.bin new.bin", "get a.cfg b.cfg c.cfg"],
        run: transfer::get,
        ..CLASSIC
    },
    Command {
        name: "quit",
        aliases: &["exit", "bye"],
        usage: &["quit"],
        brief: "exit tftp",
        examples: &["quit"],
        run: local::quit,
        ..CLASSIC
    },
    Command {
        name: "verbose",
        args: &[Arg::Switch],
        takes: 0..=1,
        usage: &["verbose [ on | off ]"],
        brief: "toggle verbose mode",
        examples: &["verbose", "verbose on"],
        run: settings::verbose,
        ..CLASSIC
    },
    Command {
        name: "trace",
        args: &[Arg::Words],
        takes: 0..=MANY,
        usage: &[
            "trace [ on | off ]",
            "trace classic | explain [ short | full ] | ladder | hex | json",
            "trace view to file",
            "trace view off",
            "trace pcap file [ snap bytes ] [ lost ]",
            "trace pcap off",
            "trace again [view] [first-last]",
            "trace show packet",
            "trace limit pairs | all",
            "trace ascii on | off | auto",
            "trace status",
            "trace ?",
        ],
        brief: "toggle packet tracing",
        examples: &[
            "trace",
            "trace ladder",
            "trace json to packets.json",
            "trace pcap fw.pcapng",
            "trace again explain 1-5",
        ],
        run: trace::trace,
        ..CLASSIC
    },
    Command {
        name: "status",
        usage: &["status"],
        brief: "show current status",
        examples: &["status"],
        run: settings::status,
        ..CLASSIC
    },
    Command {
        name: "binary",
        usage: &["binary"],
        brief: "set mode to octet",
        examples: &["binary"],
        run: settings::binary,
        ..CLASSIC
    },
    Command {
        name: "ascii",
        usage: &["ascii"],
        brief: "set mode to netascii",
        examples: &["ascii"],
        run: settings::ascii,
        ..CLASSIC
    },
    Command {
        name: "rexmt",
        args: &[Arg::Number("seconds")],
        takes: 1..=1,
        usage: &["rexmt value"],
        ask: Some("(value) "),
        brief: "set per-packet retransmission timeout",
        examples: &["rexmt 5", "rexmt 0.2", "rexmt auto"],
        run: settings::rexmt,
        ..CLASSIC
    },
    Command {
        name: "timeout",
        args: &[Arg::Number("seconds")],
        takes: 1..=1,
        usage: &["timeout value"],
        ask: Some("(value) "),
        brief: "set total retransmission timeout",
        examples: &["timeout 60", "timeout auto"],
        run: settings::timeout,
        ..CLASSIC
    },
    Command {
        name: "?",
        aliases: &["help"],
        args: &[Arg::Words],
        takes: 0..=MANY,
        usage: &["? [command ...]"],
        brief: "print help information",
        examples: &["?", "help get"],
        run: local::help,
        ..CLASSIC
    },
    Command {
        name: "blksize",
        aliases: &["blocksize"],
        args: &[Arg::Number("bytes")],
        takes: 1..=1,
        usage: &["blksize value"],
        ask: Some("(value) "),
        brief: "set block size to ask for",
        examples: &["blksize 1428", "blksize auto"],
        run: settings::blksize,
        ..ROW
    },
    Command {
        name: "windowsize",
        args: &[Arg::Number("blocks")],
        takes: 1..=1,
        usage: &["windowsize value"],
        ask: Some("(value) "),
        brief: "set blocks before each acknowledgement",
        examples: &["windowsize 16", "windowsize auto"],
        run: settings::windowsize,
        ..ROW
    },
    Command {
        name: "tsize",
        args: &[Arg::Choice(&["on", "off", "auto"])],
        takes: 0..=1,
        usage: &["tsize [ on | off | auto ]"],
        brief: "toggle asking for the file size",
        examples: &["tsize", "tsize on"],
        run: settings::tsize,
        ..ROW
    },
    Command {
        name: "tout",
        args: &[Arg::Choice(&["on", "off", "auto"])],
        takes: 0..=1,
        usage: &["tout [ on | off | auto ]"],
        brief: "toggle asking for our own interval",
        examples: &["tout", "tout on"],
        run: settings::tout,
        ..ROW
    },
    Command {
        name: "options",
        args: &[Arg::Choice(&["auto", "on", "off"])],
        takes: 0..=1,
        usage: &["options [ auto | on | off ]"],
        brief: "set which options are asked for",
        examples: &["options off", "options auto"],
        run: settings::options,
        ..ROW
    },
    Command {
        name: "literal",
        args: &[Arg::Switch],
        takes: 0..=1,
        usage: &["literal [ on | off ]"],
        brief: "toggle taking host:file as a file name",
        examples: &["literal", "literal on"],
        run: settings::literal,
        ..ROW
    },
    Command {
        name: "progress",
        args: &[Arg::Switch],
        takes: 0..=1,
        usage: &["progress [ on | off ]"],
        brief: "toggle showing how far a transfer is",
        examples: &["progress", "progress off"],
        run: settings::progress,
        ..ROW
    },
    Command {
        name: "serve",
        args: &[Arg::Local, Arg::Number("port")],
        takes: 0..=MANY,
        switches: &["--read-only", "--overwrite"],
        usage: &[
            "serve [directory [port]] [--read-only | --overwrite]",
            "serve status",
            "serve stop",
            "serve fault [fault-words]",
            "serve bug [ name | ? | off ]",
            "serve rexmt value",
            "serve blksize value",
            "serve options [ on | off ]",
        ],
        brief: "start a server to practise on",
        examples: &["serve", "serve . 6969", "serve . --read-only", "serve bug sorcerer", "serve stop"],
        run: server::serve,
        ..ROW
    },
    Command {
        name: "lcd",
        args: &[Arg::Local],
        takes: 0..=1,
        usage: &["lcd [directory]"],
        brief: "change the local directory",
        examples: &["lcd /tmp", "lcd"],
        run: local::lcd,
        ..ROW
    },
    Command {
        name: "lpwd",
        usage: &["lpwd"],
        brief: "show the local directory",
        examples: &["lpwd"],
        run: local::lpwd,
        ..ROW
    },
    Command {
        name: "!",
        args: &[Arg::Words],
        takes: 0..=MANY,
        usage: &["! [command]"],
        brief: "run a command of the system's shell",
        examples: &["! ls -l", "!sha256sum *.bin"],
        run: escape::escape,
        ..ROW
    },
    Command {
        name: "sha256",
        args: &[Arg::Local],
        takes: 1..=MANY,
        usage: &["sha256 file ...", "sha256 on | off"],
        ask: Some("(file) "),
        brief: "show the SHA-256 of a local file, or of each transferred one",
        examples: &["sha256 fw.bin", "sha256 on"],
        run: local::sha256,
        ..ROW
    },
    Command {
        name: "source",
        args: &[Arg::Local],
        takes: 1..=1,
        usage: &["source file"],
        ask: Some("(file) "),
        brief: "carry out the commands in a local file",
        examples: &["source provision.tftp"],
        run: lines::source,
        ..ROW
    },
    Command {
        name: "repeat",
        args: &[Arg::Number("times"), Arg::Words],
        takes: 2..=MANY,
        usage: &["repeat number [every seconds] command", "repeat until-ok [every seconds] command"],
        brief: "carry out a command again and again",
        examples: &["repeat 10 get fw.bin /dev/null", "repeat until-ok every 5 get fw.bin"],
        run: lines::repeat,
        ..ROW
    },
    // For a class.
    Command {
        name: "fault",
        args: &[Arg::Words],
        takes: 0..=MANY,
        usage: &[
            "fault",
            "fault action direction kind [which] [how]",
            "fault off [rule]",
            "fault seed number",
            "fault test rule",
            "fault remote [ on | off ]",
        ],
        brief: "make the network go wrong on purpose",
        examples: &["fault drop sent ack 2", "fault delay 5 both any", "fault drop both any rate 5%", "fault off"],
        run: faults::fault,
        ..ROW
    },
    Command {
        name: "packetdrop",
        args: &[Arg::Number("percent")],
        takes: 1..=1,
        usage: &["packetdrop percent"],
        ask: Some("(percent) "),
        brief: "drop packets by chance, either way",
        examples: &["packetdrop 10", "packetdrop 0"],
        run: faults::packetdrop,
        ..ROW
    },
    Command {
        name: "client",
        args: &[Arg::Choice(&["bug"]), Arg::Choice(&["no-tid", "no-dally", "off"])],
        takes: 1..=2,
        usage: &["client bug [ no-tid | no-dally | off ]"],
        brief: "make the client wrong on purpose",
        examples: &["client bug no-tid", "client bug off"],
        run: faults::client,
        ..ROW
    },
    Command {
        name: "plan",
        args: &[Arg::Number("bytes"), Arg::Words],
        takes: 1..=7,
        usage: &["plan bytes [blksize value] [windowsize value] [rtt value]"],
        ask: Some("(bytes) "),
        brief: "count a transfer's packets in advance",
        examples: &["plan 2150", "plan 131072 blksize 1428 windowsize 8 rtt 10ms"],
        run: lessons::plan,
        ..ROW
    },
    Command {
        name: "lesson",
        args: &[Arg::Number("lesson")],
        takes: 0..=1,
        switches: &["--script"],
        usage: &["lesson", "lesson number [--script]"],
        brief: "see what the protocol does, and why",
        examples: &["lesson", "lesson 4", "lesson 4 --script"],
        run: lessons::lesson,
        ..ROW
    },
];

/// What a command word means.
#[derive(Clone, Copy)]
pub enum Found {
    /// This one.
    Command(&'static Command),
    /// The beginning of several.
    Ambiguous,
    /// Nothing.
    Unknown,
}

/// The command that a word names: exactly; else the one classic command it begins; else the one other command it
/// begins. Any case.
pub fn find(word: &Word) -> Found {
    if let Some(command) = exact(word) {
        return Found::Command(command);
    }
    let begins = |name: &str| begins(name, word.bytes());
    let classics = COMMANDS.iter().filter(|command| command.classic && begins(command.name));
    let others = COMMANDS.iter().filter(|command| {
        command.aliases.iter().any(|&alias| begins(alias)) || !command.classic && begins(command.name)
    });
    only(classics).or_else(|| only(others)).unwrap_or(Found::Unknown)
}

/// The switches of all commands, which the command line leaves to them.
pub fn switches() -> Vec<&'static str> {
    COMMANDS.iter().flat_map(|command| command.switches.iter().copied()).collect()
}

/// The command with exactly this name, in any case.
pub fn exact(word: &Word) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| names(command).any(|name| word.is(name)))
}

/// The name and all aliases.
pub(super) fn names(command: &'static Command) -> impl Iterator<Item = &'static str> {
    std::iter::once(command.name).chain(command.aliases.iter().copied())
}

fn begins(name: &str, prefix: &[u8]) -> bool {
    !prefix.is_empty() && name.as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn only(mut matches: impl Iterator<Item = &'static Command>) -> Option<Found> {
    let first = matches.next()?;
    Some(if matches.next().is_some() { Found::Ambiguous } else { Found::Command(first) })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn name(word: &str) -> &'static str {
        match find(&Word::new(word)) {
            Found::Command(command) => command.name,
            Found::Ambiguous => "ambiguous",
            Found::Unknown => "unknown",
        }
    }

    #[test]
    fn names_are_unique() {
        let mut seen = HashSet::new();
        assert!(COMMANDS.iter().flat_map(names).all(|name| seen.insert(name)));
    }

    #[test]
    fn every_row_is_complete_and_its_examples_fit_it() {
        for command in COMMANDS {
            let row = command.name;
            assert!(!command.brief.is_empty() && !command.usage.is_empty() && !command.examples.is_empty(), "{row}");
            assert!(command.usage.iter().all(|usage| usage.starts_with(row)), "{row}");
            assert_eq!(command.takes == (0..=0), command.args.is_empty(), "{row}");
            assert!(command.ask.is_none() || *command.takes.start() == 1, "{row}: asks for what may be missing");
            for example in command.examples {
                let mut words = super::super::words::split(example.as_bytes()).expect(example).words;
                words.retain(|word| !command.switches.iter().any(|switch| word.is(switch)));
                let called = words[0].to_string();
                let called = if called.starts_with('!') { "!" } else { &called };
                assert_eq!(name(called), row, "{example}");
                assert!(command.takes.contains(&(words.len() - 1)), "{example}");
            }
        }
    }

    #[test]
    fn the_thirteen_classic_commands_stand_first_in_their_order() {
        let classic: Vec<_> = COMMANDS.iter().take_while(|command| command.classic).map(|it| it.name).collect();
        let bsd = "connect mode put get quit verbose trace status binary ascii rexmt timeout ?";
        assert_eq!(classic.join(" "), bsd);
        assert_eq!(COMMANDS.iter().filter(|command| command.classic).count(), 13);
    }

    #[test]
    fn classic_commands_own_every_prefix_they_owned() {
        let classic: Vec<_> = COMMANDS.iter().filter(|command| command.classic).map(|it| it.name).collect();
        for owner in &classic {
            for end in 1..=owner.len() {
                let prefix = &owner[..end];
                let owners = classic.iter().filter(|name| name.starts_with(prefix)).count();
                let expected = if owners == 1 || prefix == *owner { owner } else { "ambiguous" };
                assert_eq!(name(prefix), expected, "{prefix}");
                assert_eq!(name(&prefix.to_ascii_uppercase()), expected, "{prefix}");
            }
        }
    }

    #[test]
    fn abbreviations_are_as_specified() {
        for (word, expected) in [
            ("p", "put"),
            ("b", "binary"),
            ("r", "rexmt"),
            ("s", "status"),
            ("v", "verbose"),
            ("c", "connect"),
            ("m", "mode"),
            ("g", "get"),
            ("q", "quit"),
            ("a", "ascii"),
            ("t", "ambiguous"),
            ("tr", "trace"),
            ("ti", "timeout"),
        ] {
            assert_eq!(name(word), expected);
        }
    }

    #[test]
    fn new_commands_yield() {
        for (word, expected) in [
            ("ts", "tsize"),
            ("to", "tout"),
            ("bl", "blksize"),
            ("blo", "blksize"),
            ("w", "windowsize"),
            ("o", "options"),
            ("l", "ambiguous"),
            ("li", "literal"),
            ("lc", "lcd"),
            ("lp", "lpwd"),
            ("so", "source"),
            ("sh", "sha256"),
            ("re", "rexmt"),
            ("rep", "repeat"),
            ("pr", "progress"),
            ("se", "serve"),
            ("h", "?"),
            ("e", "quit"),
            ("by", "quit"),
            ("bi", "binary"),
            ("", "unknown"),
            ("getx", "unknown"),
        ] {
            assert_eq!(name(word), expected, "{word}");
        }
    }
}
