//! The start-up file: settings that every interactive shell begins with.

use std::io;
use std::mem;

use anyhow::Result;

use super::commands::{Found, find};
use super::complaint::{Complaint, plain};
use super::console::Place;
use super::folders::{self, Folders};
use super::run::settings;
use super::script::Script;
use super::words::split;
use super::{Next, Shell};
use crate::cli::Cli;

impl Shell {
    /// Carries out the start-up file, if there is one. It says nothing but what is wrong with it, and the options of the
    /// command line win over it.
    pub(super) fn start_up(&mut self, cli: &Cli) -> Result<()> {
        let Some(path) = self.folders.as_ref().map(Folders::rc) else { return Ok(()) };
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if folders::is_absent(&error) => return Ok(()),
            Err(error) => {
                self.console.note(format_args!("tftp: {}: {}", path.display(), plain(&error)));
                return Ok(());
            }
        };
        let out = mem::replace(&mut self.console.out, Box::new(io::sink()));
        self.console.file = Some(path.display().to_string());
        let outcome = self.settings_from(Script::new(path.display(), &*text));
        self.console.file = None;
        self.console.out = out;
        self.console.place = Place::Terminal;
        self.failed = None;
        self.session.settings = settings(cli, self.session.settings.clone());
        outcome
    }

    fn settings_from(&mut self, mut script: Script<'_>) -> Result<()> {
        while let Some((number, line)) = script.line()? {
            self.console.place = Place::Script(number);
            let first = split(&line).ok().and_then(|line| line.words.into_iter().next());
            match first.as_ref().map(|word| (word, find(word))) {
                Some((word, Found::Command(command))) if !command.setting => {
                    self.complain(word, Complaint::local("only settings may stand in the start-up file"))?;
                }
                _ => {
                    let _: Next = self.line(&line)?;
                }
            }
        }
        Ok(())
    }
}
