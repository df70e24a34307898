//! What a step of a parser accepts. Tab offers it, hints name it and mistakes list it.

use super::matching::begins;
use super::words::Word;

/// What a step accepts at the cursor.
#[derive(Debug, Clone, Copy)]
pub enum Expected {
    /// This keyword, and what it means.
    Keyword(&'static str, &'static str),
    /// This keyword among names, where it cannot be abbreviated.
    WholeKeyword(&'static str),
    /// A value: its name in the usage line, what it may be, and common values with what each means.
    Value(&'static str, fn() -> String, fn() -> Vec<(String, &'static str)>),
    /// A key and a value: its name in the usage line, and common words.
    Assignment(&'static str, &'static [&'static str]),
    /// A name of something outside the language: its source, and its name in the usage line.
    Name(Source, &'static str),
}

/// The source of names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Local,
    /// Local directories only.
    Directory,
    Remote,
    /// Remote files, or, before the last word of `put`, local ones.
    Destination,
    Host,
    Bookmark,
    Command,
    /// Commands and topics of `help`.
    Topic,
    /// Nowhere: any word.
    Anything,
}

impl Expected {
    /// Returns its name in the usage line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Keyword(name, _) | Self::WholeKeyword(name) | Self::Value(name, ..) => name,
            Self::Assignment(name, _) | Self::Name(_, name) => name,
        }
    }

    /// Whether the parser takes this word as the keyword.
    pub fn is_keyword(self, word: &Word) -> bool {
        match self {
            Self::Keyword(name, _) => begins(name, word.bytes()),
            Self::WholeKeyword(name) => word.is(name),
            _ => false,
        }
    }

    /// Returns the entry in a mistake's list.
    pub(super) fn choice(self) -> String {
        match self {
            Self::Value(_, range, _) => range(),
            other => other.name().to_owned(),
        }
    }
}
