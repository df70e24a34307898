//! The row of a command.

use super::arguments::{Arguments, Synopsis};
use super::mistake::Mistake;
use super::verb::Verb;

/// A row of the table.
#[derive(Debug)]
pub struct Command {
    /// The name that `?` lists.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// Whether it is one of the thirteen of 4.3BSD. They keep all abbreviations that they had there.
    pub classic: bool,
    /// The subject.
    pub group: Group,
    /// The usage lines, one per form.
    pub usage: &'static [&'static str],
    /// The prompt that asks for missing arguments on a terminal.
    pub ask: Option<&'static str>,
    /// The help in a few words.
    pub brief: &'static str,
    /// Valid lines.
    pub examples: &'static [&'static str],
    /// Related commands and topics.
    pub see: &'static [&'static str],
    /// Reads its arguments.
    pub parse: fn(&mut Arguments<'_>) -> Result<Verb, Mistake>,
}

/// The subjects of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Files and servers.
    Transfer,
    /// Settings only: the start-up file may contain these.
    Settings,
    /// Packet traces.
    Trace,
    /// Practice, faults, bugs and lessons.
    Practice,
    /// The local side: directories, scripts, help.
    Local,
}

impl Command {
    /// Returns the name and all aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Returns the parts that mistakes name.
    pub(super) fn synopsis(&self) -> Synopsis {
        Synopsis { name: self.name, usage: self.usage, classic: self.classic }
    }
}

/// The default row: a command without arguments.
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
/// A command of 4.3BSD.
pub(super) const CLASSIC: Command = Command { classic: true, ..ROW };
/// A setting of 4.3BSD.
pub(super) const CLASSIC_SETTING: Command = Command { group: Group::Settings, ..CLASSIC };
/// A newer setting.
pub(super) const SETTING: Command = Command { group: Group::Settings, ..ROW };
/// A command for a class.
pub(super) const PRACTICE: Command = Command { group: Group::Practice, ..ROW };
