//! A line becomes a command, and a command an outcome.

use super::error::{CommandError, Fatal, HandlerError};
use super::handlers::{
    escape, faults, help, hosts, lessons, local_files, repeat, server, settings, status, trace, transfer as transfers,
};
use super::outcome::{Handled, Outcome};
use super::record::OutcomeRecord;
use super::status::Status;
use super::{InputSource, Shell, transfer};
use crate::language::{
    Command, ParsedLine, SplitError, Verb, Word, cut_escape, find, may_begin_command, split, split_at_spaces,
};
use crate::session::Session;
use crate::terminal::{Place, Prompted, Subject};
use crate::transfer::{RetryPolicy, Rexmt};

impl Shell<'_> {
    /// Runs these lines, then those that a person types. The person sees what fails: to leave is a success.
    pub(super) fn converse(&mut self, lines: &[&[u8]]) -> Result<Status, Fatal> {
        self.input = InputSource::Terminal;
        self.console.place = Place::Terminal;
        self.workspace.tracing.keep();
        self.take_terminal()?;
        for line in lines {
            if self.line(line)?.leaves {
                return Ok(Status::Success);
            }
        }
        self.greet();
        loop {
            if self.console.ends_here() {
                return Ok(Status::Unread);
            }
            let _: Outcome = transfer::notify_late(self)?;
            self.workspace.client.idle();
            let offered = self.workspace.offered();
            let host = self.workspace.session.peer.as_ref().map(|peer| peer.host.as_str());
            let input =
                self.prompt.as_mut().map_or(Ok(Prompted::End), |prompt| prompt.command("tftp> ", host, offered))?;
            match input {
                Prompted::Line(line) if self.line(&line)?.leaves => return Ok(Status::Success),
                Prompted::Line(_) | Prompted::Cleared { was_empty: false } => {}
                Prompted::Cleared { was_empty: true } => self.console.note("press ^C again to leave"),
                Prompted::Garbled => {
                    self.console.note(
                        "tftp: input is not valid UTF-8 and was ignored; write $'\\xff' for a byte, or use --plain",
                    );
                }
                Prompted::Leave => return Ok(Status::Interrupted),
                Prompted::End => return Ok(Status::Success),
            }
        }
    }

    /// Prints what to do first, for a person who may be new here.
    fn greet(&self) {
        let Session { peer, settings, .. } = &self.workspace.session;
        if settings.classic || settings.quiet {
            return;
        }
        let connection = status::connection(&self.workspace.session);
        self.console.greet(&match peer {
            Some(_) => format!("{connection} \"?\" for help."),
            None => format!("{connection} \"connect HOST\" to begin, \"?\" for help, \"lesson\" to learn."),
        });
    }

    /// Runs a line and reports any failure.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<Outcome, Fatal> {
        let ParsedLine { words, lost_backslash } = match self.split(line) {
            Ok(line) => line,
            Err(unfinished) => {
                let outcome = self.report(&Subject::command("syntax"), CommandError::local(unfinished))?;
                return self.record(OutcomeRecord::default(), outcome);
            }
        };
        let outcome = self.run_words(&words)?;
        if lost_backslash && outcome.is_failure() {
            self.console.hint("The backslash was removed; quotes keep it: 'dir\\file'");
        }
        Ok(outcome)
    }

    /// Whether a line does something: it is not empty, nor only a comment.
    pub(super) fn is_command(&self, line: &[u8]) -> bool {
        self.split(line).map_or(true, |line| !line.words.is_empty())
    }

    /// Splits a line into words, the first of which names a command.
    pub(super) fn split(&self, line: &[u8]) -> Result<ParsedLine, SplitError> {
        if !self.workspace.session.settings.classic
            && let Some((before, command)) = cut_escape(line)
            && let Ok(ParsedLine { words, .. }) = split(before)
            && may_begin_command(&words)
        {
            let escape = [&b"!"[..], command].into_iter().filter(|word| !word.is_empty()).map(Word::new);
            return Ok(ParsedLine { words: words.into_iter().chain(escape).collect(), lost_backslash: false });
        }
        self.split_words(line)
    }

    /// Splits text in which `!` is a character like any other.
    fn split_words(&self, text: &[u8]) -> Result<ParsedLine, SplitError> {
        if self.workspace.session.settings.classic { Ok(split_at_spaces(text)) } else { split(text) }
    }

    /// Runs a command, reports its failure, and prints its JSON record where records are wanted.
    pub(super) fn run_words(&mut self, words: &[Word]) -> Result<Outcome, Fatal> {
        let Some((name, arguments)) = words.split_first() else { return Ok(Outcome::done()) };
        let late = transfer::notify_late(self)?;
        let found = find(name);
        // Messages name the command in full.
        let name = found.as_ref().map_or_else(|_| name.clone(), |command| Word::new(command.name));
        let result = match found {
            Ok(command) => self.run_command(command, arguments),
            Err(mistake) => Err(self.mistake(mistake).into()),
        };
        let outcome = late.then(self.reported(&Subject::command(&name), result)?);
        self.record(OutcomeRecord::of(name.bytes()), outcome)
    }

    /// Reads the arguments of a command, which a person may be asked for, and runs it.
    fn run_command(&mut self, command: &'static Command, arguments: &[Word]) -> Handled {
        let answer;
        let arguments = if arguments.is_empty() {
            let Some(words) = self.ask(command)? else { return Ok(Outcome::done()) };
            answer = words;
            &answer
        } else {
            arguments
        };
        let verb = command.read(arguments).map_err(|mistake| self.mistake(mistake))?;
        self.run(verb)
    }

    /// Does what the user wants.
    fn run(&mut self, verb: Verb) -> Handled {
        match verb {
            Verb::Connect(host, port) => settings::connect(self, &host, port),
            Verb::Get(get) => transfers::get(self, &get),
            Verb::Put(put) => transfers::put(self, &put),
            Verb::Size(file) => transfers::size(self, &file),
            Verb::Quit => Ok(Outcome::leave()),
            Verb::Status => status::status(self),
            Verb::ShowSettings => status::settings(self),
            Verb::Commands => help::list(self),
            Verb::Overview => help::overview(self),
            Verb::Help(words) => help::help(self, &words),
            Verb::Mode(mode) => settings::mode(self, mode),
            Verb::Verbose(on) => settings::switch(self, on, "Verbose mode", |settings| &mut settings.verbose),
            Verb::Literal(on) => settings::switch(self, on, "Literal mode", |settings| &mut settings.literal),
            Verb::Progress(on) => settings::switch(self, on, "Progress display", |settings| &mut settings.progress),
            Verb::Tsize(choice) => settings::option(self, choice, "Tsize mode", |it| &mut it.tsize),
            Verb::Tout(choice) => settings::option(self, choice, "Timeout option", |it| &mut it.tout),
            Verb::Options(choice) => settings::options(self, choice),
            Verb::Rexmt(time) => settings::set(self, |it| it.retry.rexmt = time.map_or(Rexmt::Auto, Rexmt::Fixed)),
            Verb::Timeout(time) => {
                settings::set(self, |options| options.retry.timeout = time.unwrap_or(RetryPolicy::default().timeout))
            }
            Verb::Blksize(blksize) => {
                self.workspace.overrides.blksize = None;
                settings::set(self, |options| options.blksize = blksize)
            }
            Verb::Windowsize(windowsize) => settings::set(self, |options| options.windowsize = windowsize),
            Verb::Trace(verb) => trace::trace(self, &verb),
            Verb::Serve(verb) => server::serve(self, verb),
            Verb::Host(bookmark) => hosts::host(self, &bookmark),
            Verb::ForgetHost(name) => hosts::forget(self, &name),
            Verb::Hosts => hosts::hosts(self),
            Verb::ChangeDirectory(directory) => local_files::lcd(self, directory),
            Verb::ShowDirectory => local_files::lpwd(self),
            Verb::Escape(words) => escape::escape(self, &words),
            Verb::Sha256(files) => local_files::sha256(self, &files),
            Verb::Sha256OfTransfers(on) => {
                settings::switch(self, Some(on), "SHA-256 of transferred files", |settings| &mut settings.sha256)
            }
            Verb::Source(file) => repeat::source(self, &file),
            Verb::Repeat(repeat) => repeat::repeat(self, &repeat),
            Verb::Fault(verb) => faults::fault(self, verb),
            Verb::Packetdrop(rate) => faults::packetdrop(self, rate),
            Verb::ClientBug(verb) => faults::client(self, verb),
            Verb::Plan(plan) => local_files::plan(self, plan),
            Verb::Lesson(verb) => lessons::lesson(self, verb),
        }
    }

    /// Asks a person for the arguments that are missing; `None` where the person drops the command.
    pub(super) fn ask(&mut self, command: &'static Command) -> Result<Option<Vec<Word>>, HandlerError> {
        let asked = self.prompt.as_mut().filter(|_| self.console.place == Place::Terminal);
        let (Some(question), Some(prompt)) = (command.ask, asked) else { return Ok(Some(Vec::new())) };
        match prompt.arguments(question, command.name)? {
            Prompted::Line(answer) => Ok(Some(self.split_words(&answer).map_err(CommandError::local)?.words)),
            Prompted::End => Ok(Some(Vec::new())),
            Prompted::Cleared { .. } | Prompted::Garbled | Prompted::Leave => Ok(None),
        }
    }
}
