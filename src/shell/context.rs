//! The shell as a value: what it works on, where it prints, and how it reports.

use std::fmt::Display;

use super::error::{CommandError, Fatal, HandlerError};
use super::outcome::{Handled, Outcome};
use super::record::OutcomeRecord;
use super::workspace::{PinnedByArgs, Workspace};
use crate::profile::{Directories, NamesSeen};
use crate::stop::{Signals, Stop, is_interruption};
use crate::terminal::{Console, Diagnostic, Place, Prompt, Subject};

/// Where commands come from, which decides what else standard input may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InputSource {
    /// The command line, or a file that it names: standard input is free.
    CommandLine,
    /// Standard input, which is not a terminal.
    Script,
    /// A person at a terminal.
    Terminal,
}

/// What holds for the whole process.
pub(super) struct Setup {
    pub(super) signals: Signals,
    /// Where bookmarks, typed lines and names are kept; `None` for a user without a home.
    pub(super) directories: Option<Directories>,
    pub(super) pinned: PinnedByArgs,
    pub(super) stop_on_error: bool,
    /// Nothing may be drawn over what was printed.
    pub(super) plain: bool,
}

/// Runs commands, one after the other, on a workspace. A script or a lesson inside a script runs in a nested shell,
/// which is a value of its own.
pub(super) struct Shell<'a> {
    pub(super) setup: &'a Setup,
    pub(super) workspace: &'a mut Workspace,
    /// Asks for missing arguments, and for lines; only on a terminal.
    pub(super) prompt: &'a mut Option<Prompt>,
    pub(super) console: Console,
    pub(super) input: InputSource,
    /// How many shells this one is nested in.
    pub(super) depth: usize,
}

impl Shell<'_> {
    /// A shell inside this one, on the same workspace, which prints to this console.
    pub(super) fn nested(&mut self, console: Console) -> Shell<'_> {
        Shell {
            setup: self.setup,
            workspace: self.workspace,
            prompt: self.prompt,
            console,
            input: self.input,
            depth: self.depth + 1,
        }
    }

    /// Opens the prompt.
    pub(super) fn take_terminal(&mut self) -> Result<(), Fatal> {
        let Setup { plain, signals, directories, .. } = self.setup;
        *self.prompt = Some(Prompt::new(&self.console, *plain, signals, directories.as_ref())?);
        Ok(())
    }

    /// The error of words that make no sense. On the command line it is an error of the command line.
    pub(super) fn mistake(&self, error: impl Into<CommandError>) -> CommandError {
        let error = error.into();
        if self.console.place == Place::CommandLine { CommandError::CommandLine(Box::new(error)) } else { error }
    }

    /// The outcome of a handler, with its error reported.
    pub(super) fn reported(&self, subject: &Subject, result: Handled) -> Result<Outcome, Fatal> {
        match result {
            Ok(outcome) => Ok(outcome),
            Err(HandlerError::Command(error)) => self.report(subject, error),
            // Its output could not be written until a signal came.
            Err(HandlerError::Fatal(fatal)) if is_interruption(&fatal) => Ok(Outcome::interrupted()),
            Err(HandlerError::Fatal(fatal)) => Err(fatal),
        }
    }

    /// Reports why a command failed.
    pub(super) fn report(&self, subject: &Subject, error: CommandError) -> Result<Outcome, Fatal> {
        self.console.report(subject, &error)?;
        // The person at a classic prompt sees what BSD's shell says, and no more.
        if !(self.workspace.session.settings.classic && self.console.place == Place::Terminal) {
            error.hint().iter().for_each(|hint| self.console.hint(hint));
        }
        Ok(Outcome::failed(error))
    }

    /// Prints the JSON record of an outcome, unless records of its parts were printed.
    pub(super) fn record(&self, record: OutcomeRecord, outcome: Outcome) -> Result<Outcome, Fatal> {
        if !outcome.is_recorded {
            self.console.record(&record.from(self.console.place).of_outcome(&outcome))?;
        }
        Ok(Outcome { is_recorded: true, ..outcome })
    }

    /// Prints the answer of a command that succeeds.
    pub(super) fn answer(&self, text: impl Display) -> Handled {
        self.console.say(text)?;
        Ok(Outcome::done())
    }

    /// Remembers a transferred file for Tab, unless a script or another program transferred it.
    pub(super) fn learn(&self, host: &str, name: &[u8]) {
        let by_person = match self.console.place {
            Place::Terminal => true,
            Place::CommandLine => self.console.shows_errors(),
            Place::Script(_) => false,
        };
        if let Some(directories) = self.setup.directories.as_ref().filter(|_| by_person) {
            // A file of names that cannot be written does not fail the transfer.
            let _ = NamesSeen::record(&directories.names_seen, host, name);
        }
    }

    /// The flag that signals raise.
    pub(super) fn stop(&self) -> &Stop {
        self.setup.signals.stop()
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.stop().is_requested()
    }

    /// Whether nothing more may run: a signal came, or the reader of the output went away. To be asked between commands,
    /// and between the files of a command.
    pub(super) fn ends_here(&self) -> bool {
        self.is_interrupted() || self.console.ends_here()
    }
}
