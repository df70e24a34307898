//! The start-up file: settings that every interactive shell begins with.

use std::fs;

use super::script::Script;
use super::startup::settings;
use super::{CommandError, Fatal, Outcome, Shell};
use crate::cli::Cli;
use crate::language::{Group, find, split};
use crate::profile::{Directories, directories};
use crate::terminal::{Place, Subject, plain};

impl Shell<'_> {
    /// Runs the start-up file, if there is one. Only its mistakes are printed, and the options of the command line win
    /// over it.
    pub(super) fn read_settings_file(&mut self, cli: &Cli) -> Result<(), Fatal> {
        let Some(Directories { rc: path, .. }) = &self.setup.directories else { return Ok(()) };
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if directories::is_absent(&error) => return Ok(()),
            Err(error) => {
                self.console.note(format_args!("tftp: {}: {}", path.display(), plain(&error)));
                return Ok(());
            }
        };
        let console = self.console.in_file(path.display()).silent();
        self.nested(console).settings_from(Script::of_text(path.display(), &text))?;
        self.workspace.session.settings = settings(cli, self.workspace.session.settings.clone());
        Ok(())
    }

    fn settings_from(&mut self, mut script: Script<'_>) -> Result<(), Fatal> {
        while let Some((number, line)) = script.line()? {
            self.console.place = Place::Script(number);
            let first = split(&line).ok().and_then(|line| line.words.into_iter().next());
            let _: Outcome = match first.as_ref().map(|word| (word, find(word))) {
                Some((_, Ok(command))) if command.group != Group::Settings => {
                    let error = CommandError::local("only settings are allowed in the start-up file");
                    self.report(&Subject::command(command.name), error)?
                }
                _ => self.line(&line)?,
            };
        }
        Ok(())
    }
}
