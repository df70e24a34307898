//! The language of the shell, defined once and pure: no file, socket or clock.
//!
//! ```text
//!  line --split--> words --find--> Command --parse over Arguments--> Verb, for the shell to run
//!                                               |
//!                                               '--> Mistake: what is wrong, and what was expected
//!  line so far -------------------------------------> Expected: what Tab offers and the grey hint names
//! ```
//!
//! Each command is a row of the [table] with one function over the cursor [`Arguments`]. That function reads the words
//! and records what can come next.

mod arguments;
mod bookmark;
mod classic;
mod command;
mod expected;
mod explained;
mod fault;
pub(crate) mod help;
mod invocation;
mod local;
mod matching;
mod missing;
mod mistake;
mod option;
mod partial_line;
mod practice;
mod servers;
mod service;
mod settings;
mod splitter;
mod statuses;
mod table;
mod topics;
mod trace;
mod transfers;
mod uri;
mod value;
mod verb;
mod words;

#[cfg(test)]
mod tests;

use arguments::Arguments;
pub(crate) use bookmark::Bookmark;
pub use command::{Command, Origin};
pub(crate) use command::{Group, Scope};
pub(crate) use expected::{Expected, Source};
pub use invocation::Invocation;
pub(crate) use invocation::is_number;
pub(crate) use matching::begins;
pub(crate) use mistake::Mistake;
use mistake::MistakeKind;
pub(crate) use option::{CommandOption, is_option};
pub use partial_line::PartialLine;
pub(crate) use partial_line::{dollar_quoted, printable};
pub(crate) use statuses::STATUSES;
pub(crate) use table::{Following, may_begin_command};
pub use table::{commands, exact, find, following};
pub(crate) use topics::{TOPICS, Topic, find as find_topic};
pub(crate) use trace::VIEWS;
pub(crate) use trace::is_view;
pub use trace::trace_list;
pub use uri::Uri;
pub(crate) use uri::{server, split_host};
pub(crate) use value::{AnyPort, Port, Sha256, Value};
pub(crate) use verb::{
    Again, BugVerb, Choice, FaultVerb, Get, LessonVerb, PlanVerb, PlannedSize, Put, Repeat, ServeVerb, ServerChange,
    Service, TraceVerb, Verb,
};
pub(crate) use words::{ParsedLine, SplitError, cut_escape};
pub use words::{Word, split, split_at_spaces};

/// Reads the words of a line.
pub fn parse(words: &[Word]) -> Result<Verb, Mistake> {
    match words.split_first() {
        Some((name, arguments)) => find(name)?.read(arguments),
        None => Err(Mistake { kind: MistakeKind::NoCommand { hint: None }, classic: true }),
    }
}

/// Reads the words of a bookmark: `name address [port] [mode=..] [blksize=..]`.
pub fn bookmark(words: &[Word]) -> Result<Bookmark, Mistake> {
    match servers::HOST.read(words)? {
        Verb::Host(bookmark) => Ok(bookmark),
        _ => Err(Arguments::new(servers::HOST.synopsis(), words).usage()),
    }
}

/// Reads a value from the command line. The error says what the value must be.
pub fn value<T: Value>(text: &str) -> Result<T, String> {
    T::read(&Word::new(text)).ok_or_else(|| format!("must be {}", T::range()))
}

/// Returns the options of all commands. The command line passes them on.
pub(crate) fn options() -> impl Iterator<Item = &'static CommandOption> {
    commands().flat_map(|command| command.options)
}
