//! The row of a command.

use super::arguments::{Arguments, Synopsis};
use super::explained::Explained;
use super::matching::nearest;
use super::mistake::Mistake;
use super::option::CommandOption;
use super::verb::Verb;
use super::words::Word;

/// A row of the table.
#[derive(Debug)]
pub struct Command {
    /// The name that `?` lists.
    pub name: &'static str,
    /// Other names.
    pub aliases: &'static [&'static str],
    /// The shell that had it first.
    pub origin: Origin,
    /// The subject.
    pub group: Group,
    /// The usage lines, one per form.
    pub usage: &'static [&'static str],
    /// Explains its words, where they need it.
    pub words: fn() -> Vec<Explained>,
    /// What to know before one uses it, in whole lines.
    pub about: &'static str,
    /// Lines of the system's shell, for a command of which only the first form makes sense there.
    pub foreground: &'static [&'static str],
    /// Its options.
    pub options: &'static [CommandOption],
    /// The prompt that asks for missing arguments on a terminal.
    pub ask: Option<&'static str>,
    /// The help in a few words.
    pub brief: &'static str,
    /// Valid lines.
    pub examples: &'static [&'static str],
    /// Related commands and topics.
    pub see: &'static [&'static str],
    /// What it uses of that which options of the command line set.
    pub scope: Scope,
    /// Reads its arguments.
    pub parse: fn(&mut Arguments<'_>) -> Result<Verb, Mistake>,
}

/// The shell that had a command first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// 4.3BSD. Its thirteen commands keep all abbreviations that they had there.
    Bsd,
    /// NetBSD, whose shell macOS has: sixteen with those of 4.3BSD.
    NetBsd,
    /// This program.
    Tftpsh,
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

/// What an option of the command line sets, and what a command uses. A command honours the options of its scope, of
/// smaller ones, and those that it lists as its own; any other option beside it is a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// How the program prints.
    Output,
    /// How it reads lines too.
    Lines,
    /// The whole session too: the connected server, traces, and settings of transfers.
    Session,
}

impl Command {
    /// Returns the name and all aliases.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// Whether it is one of the sixteen commands that `--classic` lists. Their mistakes go to standard output.
    pub fn is_classic(&self) -> bool {
        self.origin != Origin::Tftpsh
    }

    /// Returns the parts that mistakes name.
    pub(super) fn synopsis(&self) -> Synopsis {
        Synopsis { name: self.name, usage: self.usage, options: self.options, classic: self.is_classic() }
    }

    /// Finds the option that a mistyped word most likely means.
    pub(crate) fn nearest_option(&self, word: &Word) -> Option<&'static str> {
        nearest(word, self.options.iter().map(|option| option.name))
    }

    /// Whether it honours an option of the command line, which sets something of this scope.
    pub(crate) fn honours(&self, option: &str, scope: Scope) -> bool {
        scope <= self.scope || self.options.iter().any(|own| own.name == option || own.short == Some(option))
    }
}

/// The default row: a command without arguments.
pub(super) const ROW: Command = Command {
    name: "",
    aliases: &[],
    origin: Origin::Tftpsh,
    group: Group::Local,
    usage: &[],
    words: Vec::new,
    about: "",
    foreground: &[],
    options: &[],
    ask: None,
    brief: "",
    examples: &[],
    see: &[],
    scope: Scope::Session,
    parse: |_| Ok(Verb::Quit),
};
/// A command that needs no session.
pub(super) const LOCAL: Command = Command { scope: Scope::Lines, ..ROW };
/// A command of 4.3BSD.
pub(super) const CLASSIC: Command = Command { origin: Origin::Bsd, ..ROW };
/// A setting of 4.3BSD.
pub(super) const CLASSIC_SETTING: Command = Command { group: Group::Settings, ..CLASSIC };
/// A setting of NetBSD.
pub(super) const NETBSD_SETTING: Command = Command { origin: Origin::NetBsd, ..SETTING };
/// A newer setting.
pub(super) const SETTING: Command = Command { group: Group::Settings, ..ROW };
/// A command for a class.
pub(super) const PRACTICE: Command = Command { group: Group::Practice, ..LOCAL };
