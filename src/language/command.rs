//! What a command is.

use super::arguments::{Arguments, Synopsis};
use super::mistake::Mistake;
use super::verb::Verb;

/// A row of the table.
#[derive(Debug)]
pub struct Command {
    /// What `?` lists.
    pub name: &'static str,
    /// Other words for it.
    pub aliases: &'static [&'static str],
    /// One of 4.3BSD's thirteen, which own every abbreviation they owned there.
    pub classic: bool,
    /// What it has to do with.
    pub group: Group,
    /// How it is written, one form per line.
    pub usage: &'static [&'static str],
    /// The prompt that asks for missing arguments on a terminal.
    pub ask: Option<&'static str>,
    /// What it does, in a few words.
    pub brief: &'static str,
    /// Lines that work.
    pub examples: &'static [&'static str],
    /// Commands and topics that have to do with it.
    pub see: &'static [&'static str],
    /// Reads its arguments.
    pub parse: fn(&mut Arguments<'_>) -> Result<Verb, Mistake>,
}

/// What commands have to do with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Files and servers.
    Transfer,
    /// How transfers go, and nothing else: these may be in the start-up file.
    Settings,
    /// What is shown of packets.
    Trace,
    /// Practice, faults, bugs and lessons.
    Practice,
    /// This side: directories, scripts, help.
    Local,
}

impl Command {
    /// Returns the name and all aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Returns what its parser needs to know of it.
    pub(super) fn synopsis(&self) -> Synopsis {
        Synopsis { name: self.name, usage: self.usage, classic: self.classic }
    }
}

/// A row to begin with: a command without arguments.
pub(super) const ROW: Command = Command {
    name: "",
    aliases: &[],
    classic: false,
    group: Group::Local,
    usage: &[],
    ask: None,
    brief: "",
    examples: &[],
    see: &[],
    parse: |_| Ok(Verb::Quit),
};
/// One of the thirteen.
pub(super) const CLASSIC: Command = Command { classic: true, ..ROW };
/// One of the thirteen that is a setting.
pub(super) const CLASSIC_SETTING: Command = Command { group: Group::Settings, ..CLASSIC };
/// A newer setting.
pub(super) const SETTING: Command = Command { group: Group::Settings, ..ROW };
/// A command for a class.
pub(super) const PRACTICE: Command = Command { group: Group::Practice, ..ROW };
