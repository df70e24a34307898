//! The one table of commands, a file for each family. Dispatch, abbreviations, usage lines and help read it.

mod class;
mod classic;
mod forms;
mod local;
mod row;
mod servers;
mod settings;
mod shapes;
mod table;

use std::ops::RangeInclusive;

pub use forms::{Form, is_led, next};
pub use table::{COMMANDS, Table};

use super::Shell;
use super::error::HandlerError;
use super::outcome::Outcome;
use super::words::Word;

/// A row of the table.
#[derive(Debug)]
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
    /// Commands and topics that have to do with it.
    pub see: &'static [&'static str],
    /// Further forms of its arguments, which begin with words of their own.
    pub forms: &'static [Form],
    /// It changes how transfers go and nothing else, so that it may stand in the start-up file.
    pub setting: bool,
    /// Does it.
    pub run: Handler,
}

/// Runs a command with these arguments.
pub type Handler = fn(&mut Shell<'_>, &[Word]) -> Result<Outcome, HandlerError>;

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg {
    /// A file on the server.
    Remote,
    /// A file or folder here.
    Local,
    /// A folder here.
    Folder,
    /// A server.
    Host,
    /// This word.
    Word(&'static str),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A number of these, or `auto`.
    Number(&'static str),
    /// `on` or `off`.
    Switch,
    /// A command, or another thing that `help` tells about.
    Topic,
    /// A command with arguments of its own.
    Line,
    /// Any words.
    Words,
    /// What follows, in one of these forms.
    Rest(&'static [Form]),
}

/// The words for the modes of RFC 1350 section 5.
pub const MODES: &[&str] = &["ascii", "netascii", "binary", "image", "octet"];

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
    let begins = |name: &str| !word.bytes().is_empty() && begins(name, word.bytes());
    let classics = COMMANDS.iter().filter(|command| command.classic && begins(command.name));
    let others = COMMANDS.iter().filter(|command| {
        command.aliases.iter().any(|&alias| begins(alias)) || !command.classic && begins(command.name)
    });
    only(classics).or_else(|| only(others)).unwrap_or(Found::Unknown)
}

/// The names that a word begins.
pub fn candidates(word: &Word) -> Vec<&'static str> {
    COMMANDS.iter().flat_map(names).filter(|name| begins(name, word.bytes())).collect()
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

/// Whether the name has this beginning, in any case.
pub(super) fn begins(name: &str, prefix: &[u8]) -> bool {
    name.as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn only(mut matches: impl Iterator<Item = &'static Command>) -> Option<Found> {
    let first = matches.next()?;
    Some(if matches.next().is_some() { Found::Ambiguous } else { Found::Command(first) })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::shell::topics::TOPICS;

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
        for command in COMMANDS.iter() {
            let row = command.name;
            assert!(!command.brief.is_empty() && !command.usage.is_empty() && !command.examples.is_empty(), "{row}");
            assert!(command.usage.iter().all(|usage| usage.starts_with(row)), "{row}");
            assert_eq!(command.takes == (0..=0), command.args.is_empty(), "{row}");
            assert!(command.ask.is_none() || *command.takes.start() == 1, "{row}: asks for what may be missing");
            assert!(!command.see.is_empty(), "{row}");
            for name in command.see {
                let known = exact(&Word::new(*name)).is_some() || TOPICS.iter().any(|topic| topic.name == *name);
                assert!(known && *name != row, "{row}: see {name}");
            }
            for example in command.examples {
                let mut words = crate::shell::words::split(example.as_bytes()).expect(example).words;
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
            ("h", "ambiguous"),
            ("he", "?"),
            ("hos", "ambiguous"),
            ("host", "host"),
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
