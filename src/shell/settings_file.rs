//! The start-up file: settings that every interactive shell begins with.

use std::fs::File;
use std::io;

use super::script::Script;
use super::startup::settings;
use super::{CommandError, Fatal, Outcome, Shell};
use crate::cli::Cli;
use crate::language::{Group, find};
use crate::profile::{Directories, directories};
use crate::stop::open_regular;
use crate::terminal::{Place, Subject, plain};

impl Shell<'_> {
    /// Runs the start-up file, if there is one. Only its mistakes are printed, and the options of the command line win
    /// over it.
    pub(super) fn read_settings_file(&mut self, cli: &Cli) -> Result<(), Fatal> {
        let Some(Directories { rc: path, .. }) = &self.setup.directories else { return Ok(()) };
        let console = self.console.in_file(path.display()).silent();
        let unread = match open_regular(path) {
            Ok(file) => self.nested(console).settings_from(Script::new(file))?,
            Err(error) => Some(error).filter(|error| !directories::is_absent(error)),
        };
        if let Some(error) = unread {
            self.console.note(format_args!("tftp: {}: {}", path.display(), plain(&error)));
        }
        self.workspace.session.settings = settings(cli, self.workspace.session.settings.clone());
        Ok(())
    }

    /// Runs the settings of a file, and refuses everything else. Returns the error that ended the file early.
    fn settings_from(&mut self, mut script: Script<File>) -> Result<Option<io::Error>, Fatal> {
        loop {
            let (number, line) = match script.line() {
                Ok(Some(line)) => line,
                Ok(None) => return Ok(None),
                Err(error) => return Ok(Some(error)),
            };
            self.console.place = Place::Script(number);
            // Split as it will be run: `!` is a command, and not part of a word.
            let words = self.split(&line).map(|line| line.words).unwrap_or_default();
            let _: Outcome = match words.first().map(find) {
                Some(Ok(command)) if command.group != Group::Settings => {
                    let error = CommandError::local("only settings are allowed in the start-up file");
                    self.report(&Subject::command(command.name), error)?
                }
                _ => self.line(&line)?,
            };
        }
    }
}
