//! A line becomes a command, and a command an outcome.

use super::commands::{Command, Found, find};
use super::error::{CommandError, Fatal, HandlerError};
use super::outcome::Outcome;
use super::record::OutcomeRecord;
use super::status::Status;
use super::words::{Line, Unfinished, Word, cut_escape, split, split_at_blanks};
use super::{InputSource, Shell, handlers, transfer};
use crate::terminal::{Place, Prompted};

impl Shell<'_> {
    /// Runs lines that a person types. The person sees what fails: to leave is a success.
    pub(super) fn converse(&mut self) -> Result<Status, Fatal> {
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

    /// Runs a line and reports any failure.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<Outcome, Fatal> {
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
    pub(super) fn run(&mut self, words: &[Word]) -> Result<Outcome, Fatal> {
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
}
