//! The shell, for terminals and scripts.
//!
//! ```text
//!  terminal --Prompt---.                                      .--> Workspace changes
//!                      |--line--> Words --find--> handler ----|
//!  pipe, -f ---Script--'                             ^        '--> Client --> transfer
//!                                                    |
//!  command line --Invocation--> words ---------------'        Outcome --> exit status
//! ```
//!
//! [`commands`] holds the one table of commands. A handler returns an [`Outcome`](outcome::Outcome) or fails with a
//! [`CommandError`]. The shell reports the error and makes it an outcome too. No field remembers a failure.

pub mod commands;
pub mod complete;
pub mod error;
pub mod invocation;
pub mod outcome;
pub mod status;
pub mod topics;
pub mod uri;
pub mod words;

mod completion_protocol;
mod handlers;
pub(crate) mod hint;
mod manual;

mod record;
mod remote;
mod script;
mod settings_file;
mod startup;
mod suggest;
mod summary;
mod tracing;
mod transfer;
mod workspace;

use std::fmt::Display;

use self::commands::{Command, Found, find};
use self::error::{CommandError, Fatal, HandlerError};
use self::outcome::Outcome;
use self::record::OutcomeRecord;
pub use self::startup::run;
use self::status::Status;
use self::words::{Line, Unfinished, Word, cut_escape, split, split_at_blanks};
use self::workspace::{PinnedByArgs, Workspace};
use crate::profile::{Directories, NamesSeen};
use crate::stop::Signals;
use crate::terminal::{Console, Place, Prompt, Prompted};

/// Where commands come from, which decides what else standard input may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum InputSource {
    /// The command line, or a file that it names: standard input is free.
    CommandLine,
    /// Standard input, which is not a terminal.
    Script,
    /// A person at a terminal.
    Terminal,
}

/// What holds for the whole process.
struct Setup {
    /// The address that a server in the foreground listens at, if one was named.
    listen: Option<String>,
    signals: Signals,
    /// Where bookmarks, typed lines and names are kept; `None` for a user without a home.
    directories: Option<Directories>,
    pinned: PinnedByArgs,
    stop_on_error: bool,
    /// Nothing may be drawn over what was printed.
    plain: bool,
}

/// Runs commands, one after the other, on a workspace. A script or a lesson inside a script runs in a nested shell,
/// which is a value of its own.
pub struct Shell<'a> {
    setup: &'a Setup,
    workspace: &'a mut Workspace,
    /// Asks for missing arguments, and for lines; only on a terminal.
    prompt: &'a mut Option<Prompt>,
    console: Console,
    input: InputSource,
    /// How many shells this one is nested in.
    depth: usize,
}

impl Shell<'_> {
    /// A shell inside this one, on the same workspace, which prints to this console.
    fn nested(&mut self, console: Console) -> Shell<'_> {
        Shell {
            setup: self.setup,
            workspace: self.workspace,
            prompt: self.prompt,
            console,
            input: self.input,
            depth: self.depth + 1,
        }
    }

    /// Runs lines that a person types. The person sees what fails: to leave is a success.
    fn converse(&mut self) -> Result<Status, Fatal> {
        self.input = InputSource::Terminal;
        self.console.place = Place::Terminal;
        self.workspace.tracing.keep();
        self.take_terminal()?;
        loop {
            let _: Outcome = transfer::notify_late(self)?;
            self.workspace.client.idle();
            let offered = self.workspace.offered();
            let host = self.workspace.session.peer.as_ref().map(|peer| peer.host.as_str());
            let input =
                self.prompt.as_mut().map_or(Ok(Prompted::End), |prompt| prompt.command("tftp> ", host, offered))?;
            match input {
                Prompted::Line(line) if self.line(&line)?.leaves => return Ok(Status::Success),
                Prompted::Line(_) | Prompted::Cleared => {}
                Prompted::Garbled => {
                    self.console.note("tftp: what was typed is no UTF-8 and is dropped; --plain takes any bytes");
                }
                Prompted::Leave => return Ok(Status::Interrupted),
                Prompted::End => return Ok(Status::Success),
            }
        }
    }

    /// Opens the prompt.
    fn take_terminal(&mut self) -> Result<(), Fatal> {
        let Setup { plain, signals, directories, .. } = self.setup;
        *self.prompt = Some(Prompt::new(&self.console, *plain, signals, directories.as_ref())?);
        Ok(())
    }

    /// Runs a line and reports any failure.
    fn line(&mut self, line: &[u8]) -> Result<Outcome, Fatal> {
        let Line { words, lost_backslash } = match self.split(line) {
            Ok(line) => line,
            Err(unfinished) => {
                let outcome = self.report("syntax", CommandError::local(unfinished))?;
                return self.record(OutcomeRecord::default(), outcome);
            }
        };
        let outcome = self.run(&words)?;
        if lost_backslash && outcome.is_failure() {
            self.console.hint("A backslash was taken away; quotes keep it: 'dir\\file'");
        }
        Ok(outcome)
    }

    fn split(&self, line: &[u8]) -> Result<Line, Unfinished> {
        if self.workspace.session.settings.classic {
            return Ok(split_at_blanks(line));
        }
        if let Some((before, command)) = cut_escape(line)
            && let Ok(Line { words, .. }) = split(before)
            && (before.trim_ascii().is_empty() || handlers::repeat::repeats(&words))
        {
            let escape = [&b"!"[..], command].into_iter().filter(|word| !word.is_empty()).map(Word::new);
            return Ok(Line { words: words.into_iter().chain(escape).collect(), lost_backslash: false });
        }
        split(line)
    }

    /// Runs a command, reports its failure, and prints its JSON record where records are wanted.
    fn run(&mut self, words: &[Word]) -> Result<Outcome, Fatal> {
        let Some(name) = words.first() else { return Ok(Outcome::done()) };
        let late = transfer::notify_late(self)?;
        let result = self.dispatch(words);
        let outcome = late.then(self.reported(name, result)?);
        let record = OutcomeRecord::of(match find(name) {
            Found::Command(command) => command.name.as_bytes(),
            Found::Ambiguous | Found::Unknown => name.bytes(),
        });
        self.record(record, outcome)
    }

    /// Finds the command and runs it, if it has as many arguments as it takes.
    fn dispatch(&mut self, words: &[Word]) -> Result<Outcome, HandlerError> {
        let Some((name, args)) = words.split_first() else { return Ok(Outcome::done()) };
        let command = match find(name) {
            Found::Command(command) => command,
            Found::Ambiguous => return Err(CommandError::AmbiguousCommand(name.clone()).into()),
            Found::Unknown => return Err(CommandError::UnknownCommand(name.clone()).into()),
        };
        let mut args = args.to_vec();
        if args.is_empty() {
            let Some(answer) = self.ask(command)? else { return Ok(Outcome::done()) };
            args = answer;
        }
        let switches = args.iter().filter(|arg| command.switches.iter().any(|switch| arg.is(switch))).count();
        if !command.takes.contains(&(args.len() - switches)) {
            return Err(self.mistake(CommandError::Usage(command)).into());
        }
        (command.run)(self, &args)
    }

    /// The error of words that make no sense. On the command line it is an error of the command line.
    fn mistake(&self, error: CommandError) -> CommandError {
        if self.console.place == Place::CommandLine { CommandError::CommandLine(Box::new(error)) } else { error }
    }

    /// Asks a person for the arguments that are missing; `None` where the person drops the command.
    fn ask(&mut self, command: &'static Command) -> Result<Option<Vec<Word>>, HandlerError> {
        let asked = self.prompt.as_mut().filter(|_| self.console.place == Place::Terminal);
        let (Some(question), Some(prompt)) = (command.ask, asked) else { return Ok(Some(Vec::new())) };
        match prompt.arguments(question, command.name)? {
            Prompted::Line(answer) => Ok(Some(split(&answer).map_err(CommandError::local)?.words)),
            Prompted::End => Ok(Some(Vec::new())),
            Prompted::Cleared | Prompted::Garbled | Prompted::Leave => Ok(None),
        }
    }

    /// The outcome of a handler, with its error reported.
    fn reported(&self, label: impl Display, result: Result<Outcome, HandlerError>) -> Result<Outcome, Fatal> {
        match result {
            Ok(outcome) => Ok(outcome),
            Err(HandlerError::Command(error)) => self.report(label, error),
            Err(HandlerError::Fatal(fatal)) => Err(fatal),
        }
    }

    /// Reports why a command failed.
    fn report(&self, label: impl Display, error: CommandError) -> Result<Outcome, Fatal> {
        self.console.report(label, &error)?;
        Ok(Outcome::failed(error))
    }

    /// Prints the JSON record of an outcome, unless records of its parts were printed.
    fn record(&self, record: OutcomeRecord, outcome: Outcome) -> Result<Outcome, Fatal> {
        if !outcome.is_recorded {
            self.console.record(&record.of_outcome(&outcome))?;
        }
        Ok(Outcome { is_recorded: true, ..outcome })
    }

    /// Prints the answer of a command that succeeds.
    fn answer(&self, text: impl Display) -> Result<Outcome, HandlerError> {
        self.console.say(text)?;
        Ok(Outcome::done())
    }

    /// Remembers a transferred file for Tab, unless a script transferred it.
    fn learn(&self, host: &str, name: &[u8]) {
        if let (Some(directories), Place::Terminal | Place::CommandLine) = (&self.setup.directories, self.console.place)
        {
            // A file of names that cannot be written does not fail the transfer.
            let _ = NamesSeen::record(&directories.names_seen(), host, name);
        }
    }

    fn is_interrupted(&self) -> bool {
        self.setup.signals.stop().is_requested()
    }
}
