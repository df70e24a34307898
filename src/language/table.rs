//! The table of commands: dispatch, abbreviations, usage lines, help, Tab and hints read it. Each family of commands
//! has a file with its rows and their parsers.

use super::arguments::{Arguments, Commands};
use super::command::{Command, Origin};
use super::expected::{Expected, Source};
use super::matching::{Match, begins, choose, nearest};
use super::mistake::{Mistake, MistakeKind};
use super::option::CommandOption;
use super::verb::Verb;
use super::words::Word;
use super::{classic, local, missing, practice, servers, settings, transfers};

const FAMILIES: [&[Command]; 6] =
    [classic::ROWS, transfers::ROWS, settings::ROWS, servers::ROWS, local::ROWS, practice::ROWS];

/// Returns every command, in the order that `?` lists them.
pub fn commands() -> impl Iterator<Item = &'static Command> {
    FAMILIES.into_iter().flatten()
}

/// Finds the command that a word names, else the one command of 4.3BSD that it begins, else the one other command. An
/// alias takes no abbreviation from a command's own name.
pub fn find(word: &Word) -> Result<&'static Command, Mistake> {
    if let Some(command) = exact(word) {
        return Ok(command);
    }
    let classics: Vec<_> = commands().filter(|it| it.origin == Origin::Bsd).map(|it| (it.name, it.name)).collect();
    let own: Vec<_> = commands().map(|it| (it.name, it.name)).collect();
    let all: Vec<_> = commands().flat_map(|command| command.names().map(|name| (name, command.name))).collect();
    let found = [&classics, &own, &all].map(|names| choose(word, names));
    let found = found.into_iter().find(|found| *found != Match::None).unwrap_or(Match::None);
    let kind = match found {
        Match::One(_, name) => match commands().find(|command| command.name == name) {
            Some(command) => return Ok(command),
            None => MistakeKind::NoCommand { hint: None },
        },
        Match::Several(_) => {
            let begun = all.iter().map(|(name, _)| *name).filter(|name| begins(name, word.bytes()));
            MistakeKind::AmbiguousCommand { candidates: begun.collect() }
        }
        Match::None => MistakeKind::NoCommand { hint: hint(word) },
    };
    Err(Mistake { kind, classic: true })
}

/// Finds the command with exactly this name, in any letter case.
pub fn exact(word: &Word) -> Option<&'static Command> {
    commands().find(|command| command.names().any(|name| word.is(name)))
}

/// Returns what to use instead of a word that is not a command.
pub(super) fn hint(word: &Word) -> Option<String> {
    let nearest = || suggest(word).map(|name| format!("Did you mean \"{name}\"?"));
    missing::advice(word).map(str::to_owned).or_else(nearest)
}

/// Finds the command that a mistyped word most likely means.
pub(super) fn suggest(word: &Word) -> Option<&'static str> {
    nearest(word, commands().flat_map(Command::names))
}

impl Command {
    /// Reads the words after the command's name.
    pub fn read(&'static self, words: &[Word]) -> Result<Verb, Mistake> {
        (self.parse)(&mut self.arguments(words))
    }

    /// Returns the cursor before these words.
    fn arguments<'a>(&self, words: &'a [Word]) -> Arguments<'a> {
        Arguments::new(self.synopsis(), words).among(Commands { is_name: |word| exact(word).is_some(), read_line })
    }
}

/// Reads a nested line.
fn read_line(arguments: &mut Arguments<'_>, name: &Word) -> Result<(), Mistake> {
    let command = find(name)?;
    arguments.begin(command.synopsis());
    (command.parse)(arguments).map(drop)
}

/// The continuations of a line.
#[derive(Debug)]
pub struct Following {
    /// What the next word may be.
    pub expected: Vec<Expected>,
    /// Options that are possible, whatever else follows.
    pub options: Vec<&'static CommandOption>,
    /// The line may also end here.
    pub is_complete: bool,
}

/// Finds what may follow these words: nothing, if no valid line begins with them.
pub fn following(words: &[Word]) -> Following {
    let nothing = Following { expected: Vec::new(), options: Vec::new(), is_complete: false };
    let Some((name, words)) = words.split_first() else {
        return Following { expected: vec![Expected::Name(Source::Command, "command")], ..nothing };
    };
    let Ok(command) = find(name) else { return nothing };
    let is_complete = (command.parse)(&mut command.arguments(words).in_depth()).is_ok();
    let mut arguments = command.arguments(words).open();
    // The parser reports the missing word as a mistake; the record of what it expected is the answer.
    let _ = (command.parse)(&mut arguments);
    let (expected, options) = arguments.into_following();
    Following { expected, options, is_complete }
}

/// Whether a command may come next: at the beginning of a line, and after `repeat 3`.
pub(crate) fn may_begin_command(words: &[Word]) -> bool {
    following(words).expected.iter().any(|expected| matches!(expected, Expected::Name(Source::Command, _)))
}
