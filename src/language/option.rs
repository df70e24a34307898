//! The options of commands: words with dashes, anywhere after the command's name. Values follow them.

use super::expected::Expected;
use super::value::Value;
use super::words::Word;

/// An option of a command. The parser, the command line, Tab and help read this row.
#[derive(Debug)]
pub struct CommandOption {
    /// Its name, which is never abbreviated: `--port`.
    pub name: &'static str,
    /// Its short name: `-p`.
    pub short: Option<&'static str>,
    /// What its value may be; `None` for a switch.
    pub value: Option<Expected>,
    /// What it does, in a few words.
    pub brief: &'static str,
    /// Each value counts, not only the last one.
    pub repeats: bool,
    /// The names of options that contradict it.
    pub excludes: &'static [&'static str],
    /// The program reads it from its command line. In a line of the shell it is a mistake.
    pub of_program: bool,
    /// Options of transfers, as the command line calls them, that this one takes the place of.
    pub instead_of: &'static [&'static str],
}

/// The default row: a switch.
pub(super) const SWITCH: CommandOption = CommandOption {
    name: "",
    short: None,
    value: None,
    brief: "",
    repeats: false,
    excludes: &[],
    of_program: false,
    instead_of: &[],
};

/// A value with its name in the help.
pub(super) const fn valued<T: Value>(name: &'static str) -> Option<Expected> {
    Some(Expected::Value(name, T::range, T::suggestions))
}

impl CommandOption {
    /// Returns the option and its value as the help lists them: `-p, --port PORT`, perhaps among options with short names.
    pub(crate) fn synopsis(&self, may_be_short: bool) -> String {
        let space = if may_be_short { "    " } else { "" };
        let short = self.short.map_or_else(|| space.to_owned(), |short| format!("{short}, "));
        let value = self.value.map_or_else(String::new, |value| match value.name() {
            optional if optional.starts_with('[') => optional.to_owned(),
            name => format!(" {name}"),
        });
        format!("{short}{}{value}", self.name)
    }

    /// Whether a word gives this option: `--port`, `--port=69`, `-p` or `-p69`.
    pub(crate) fn is_in(&self, word: &[u8]) -> bool {
        self.split(word).is_some()
    }

    /// Whether the value of an option in such a word is the next word.
    pub(crate) fn needs_next(&self, word: &[u8]) -> bool {
        self.value.is_some() && matches!(self.split(word), Some(None))
    }

    /// Reads a word that gives this option, perhaps with its value.
    pub(super) fn split<'a>(&self, word: &'a [u8]) -> Option<Option<&'a [u8]>> {
        if let Some(rest) = word.strip_prefix(self.name.as_bytes()) {
            return if rest.is_empty() { Some(None) } else { rest.strip_prefix(b"=").map(Some) };
        }
        let rest = word.strip_prefix(self.short?.as_bytes())?;
        match rest {
            [] => Some(None),
            value => self.value.is_some().then_some(Some(value)),
        }
    }
}

/// Whether a word is an option, and not a name or the value of an option: `-` is a name.
pub(crate) fn is_option(word: &Word) -> bool {
    word.bytes().len() > 1 && word.bytes().starts_with(b"-")
}
