//! The language, for terminals and scripts.
//!
//! ```text
//!  terminal --Editor--.                                       .--> Session changes
//!                     |--line--> Words --find--> Command.run--|
//!  pipe, -f --Script--'                              ^        '--> Client --> transfer
//!                                                    |
//!  command line --Invocation--> words ---------------'        Complaint --> Console, Status
//! ```
//!
//! [`commands`] holds the one table of commands. A command that fails returns a [`Complaint`]; the
//! shell tells it, remembers its status, and goes on.

pub mod commands;
pub mod complaint;
pub mod complete;
pub mod console;
pub mod invocation;
pub mod memory;
pub mod status;
pub mod topics;
pub mod uri;
pub mod words;

mod bookmarks;
mod editor;
mod folders;
mod gathered;
mod handlers;
mod hint;
mod input;
mod manual;
mod outcome;
mod outside;
mod prompt;
mod remote;
mod run;
mod script;
mod startup;
mod suggest;
mod summary;
mod terminal;
mod tracing;

use std::fmt::Display;

use anyhow::Result;

use self::commands::{Command, Found, candidates, find};
use self::complaint::Complaint;
use self::console::{Console, Place};
use self::folders::Folders;
use self::handlers::hosts::Lent;
use self::input::Input as Typed;
use self::memory::Memory;
use self::outcome::Outcome;
use self::prompt::Prompt;
use self::run::Insists;
pub use self::run::run;
use self::status::Status;
use self::suggest::suggest;
use self::tracing::Tracing;
use self::words::{Line, Unfinished, Word, cut_escape, split, split_at_blanks};
use crate::client::Requester;
use crate::server::{PRACTICE_NAMES, RunningServer};
use crate::session::Session;
use crate::stop::Signals;

/// What follows a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The next line.
    Line,
    /// The end of the shell.
    Leave,
}

/// Where commands come from, which decides what else standard input may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    /// The command line, or a file that it names: standard input is free.
    CommandLine,
    /// Standard input, with nobody at it.
    Script,
    /// A person at a terminal.
    Terminal,
}

/// Carries commands out, one after the other.
pub struct Shell {
    session: Session,
    console: Console,
    client: Requester,
    tracing: Tracing,
    serving: Option<RunningServer>,
    /// It serves the practice files.
    practising: bool,
    /// The address that `serve` in front of the user listens at, if one was named.
    listen: Option<String>,
    signals: Signals,
    /// Where bookmarks, typed lines and names are kept; `None` for a user without a home.
    folders: Option<Folders>,
    /// What no bookmark changes.
    insists: Insists,
    /// What the bookmark of the connected server changed.
    lent: Lent,
    /// Asks for missing arguments, and for lines; only on a terminal.
    prompt: Option<Prompt>,
    input: Input,
    /// How many scripts and repetitions stand in each other.
    depth: usize,
    /// How the command at work failed first.
    failed: Option<Status>,
    /// And why, in words.
    reason: Option<String>,
    stop_on_error: bool,
    /// Nothing may be drawn over what was printed.
    plain: bool,
}

impl Shell {
    /// Lines of a person, who sees what fails: leaving is success.
    fn converse(&mut self) -> Result<Status> {
        self.input = Input::Terminal;
        self.console.place = Place::Terminal;
        self.tracing.keep();
        self.take_terminal()?;
        loop {
            handlers::transfer::notify_late(self)?;
            self.client.idle();
            let offered = self.offered();
            let host = self.session.peer.as_ref().map(|peer| peer.host.as_str());
            let input =
                self.prompt.as_mut().map_or(Ok(Typed::End), |prompt| prompt.command("tftp> ", host, offered))?;
            let next = match input {
                Typed::Line(line) => self.line(&line)?,
                Typed::Cleared => Next::Line,
                Typed::Garbled => {
                    self.console.note("tftp: what was typed is no UTF-8 and is dropped; --plain takes any bytes");
                    Next::Line
                }
                Typed::Leave => return Ok(Status::Interrupted),
                Typed::End => Next::Leave,
            };
            self.failed = None;
            if next == Next::Leave {
                return Ok(Status::Success);
            }
        }
    }

    /// From here on there is somebody to ask.
    fn take_terminal(&mut self) -> Result<()> {
        let prompt = Prompt::new(&self.console, self.plain, &self.signals, self.folders.as_ref())?;
        if let Some(trouble) = prompt.trouble() {
            self.console.note(format_args!("tftp: {trouble}"));
        }
        self.prompt = Some(prompt);
        Ok(())
    }

    /// Carries out a line; what fails is told.
    fn line(&mut self, line: &[u8]) -> Result<Next> {
        let line = match self.split(line) {
            Ok(line) => line,
            Err(unfinished) => {
                self.begin_command();
                self.complain("syntax", Complaint::local(unfinished))?;
                self.tell(Outcome::default())?;
                return Ok(Next::Line);
            }
        };
        let next = self.carry_out(&line.words)?;
        if line.lost_backslash && self.failed.is_some() {
            self.console.hint("A backslash was taken away; quotes keep it: 'dir\\file'");
        }
        Ok(next)
    }

    fn split(&self, line: &[u8]) -> Result<Line, Unfinished> {
        if self.session.settings.classic {
            return Ok(split_at_blanks(line));
        }
        if let Some((before, command)) = cut_escape(line)
            && let Ok(Line { words, .. }) = split(before)
            && (before.trim_ascii().is_empty() || handlers::lines::repeats(&words))
        {
            let escape = [&b"!"[..], command].into_iter().filter(|word| !word.is_empty()).map(Word::new);
            return Ok(Line { words: words.into_iter().chain(escape).collect(), lost_backslash: false });
        }
        split(line)
    }

    /// Carries a command out; what fails is told, and the outcome where outcomes are wanted.
    fn carry_out(&mut self, words: &[Word]) -> Result<Next> {
        let Some(name) = words.first() else { return Ok(Next::Line) };
        self.begin_command();
        handlers::transfer::notify_late(self)?;
        let outcome = self.dispatch(words);
        let next = *outcome.as_ref().unwrap_or(&Next::Line);
        self.settle(name, outcome.map(drop))?;
        self.tell(Outcome::of(match find(name) {
            Found::Command(command) => command.name.as_bytes(),
            Found::Ambiguous | Found::Unknown => name.bytes(),
        }))?;
        Ok(next)
    }

    fn begin_command(&mut self) {
        self.console.told = false;
        self.reason = None;
    }

    /// Tells the outcome of a command, if it has not told one of its own.
    fn tell(&mut self, outcome: Outcome) -> Result<()> {
        if self.console.told {
            return Ok(());
        }
        let outcome = match (self.failed, &self.reason) {
            (Some(status), Some(reason)) => outcome.failed(status, reason),
            _ => outcome,
        };
        Ok(self.console.tell(&outcome)?)
    }

    /// Finds the command and runs it, if it has as many arguments as it takes.
    fn dispatch(&mut self, words: &[Word]) -> Result<Next> {
        let Some((name, args)) = words.split_first() else { return Ok(Next::Line) };
        let command = match find(name) {
            Found::Command(command) => command,
            Found::Ambiguous => {
                let said = Some("?Ambiguous command".to_owned());
                let hint = Some(format!("It may be {}.", candidates(name).join(", ")));
                return Err(Complaint { said, hint, ..Complaint::local("ambiguous command") }.into());
            }
            Found::Unknown => {
                let said = Some("?Invalid command".to_owned());
                let hint = suggest(name).map(|near| format!("Did you mean \"{near}\"?"));
                return Err(Complaint { said, hint, ..Complaint::local("no such command") }.into());
            }
        };
        let mut args = args.to_vec();
        if args.is_empty() {
            let Some(answer) = self.ask(command)? else { return Ok(Next::Line) };
            args = answer;
        }
        let switches = args.iter().filter(|arg| command.switches.iter().any(|switch| arg.is(switch))).count();
        if !command.takes.contains(&(args.len() - switches)) {
            return Err(self.mistake(Complaint::usage(command)).into());
        }
        (command.run)(self, &args)
    }

    /// What is wrong with the words themselves is wrong with the command line, where they stand there.
    fn mistake(&self, complaint: Complaint) -> Complaint {
        let status = if self.console.place == Place::CommandLine { Status::CommandLine } else { complaint.status };
        Complaint { status, ..complaint }
    }

    /// Asks for the arguments that are missing, where there is somebody to ask; `None` where they think better of it.
    fn ask(&mut self, command: &'static Command) -> Result<Option<Vec<Word>>> {
        let asked = self.prompt.as_mut().filter(|_| self.console.place == Place::Terminal);
        let (Some(question), Some(prompt)) = (command.ask, asked) else { return Ok(Some(Vec::new())) };
        match prompt.arguments(question, command.name)? {
            Typed::Line(answer) => Ok(Some(split(&answer).map_err(Complaint::local)?.words)),
            Typed::End => Ok(Some(Vec::new())),
            Typed::Cleared | Typed::Garbled | Typed::Leave => Ok(None),
        }
    }

    /// Tells a failure; only what is no [`Complaint`] goes on to the caller.
    fn settle(&mut self, label: impl Display, outcome: Result<()>) -> Result<()> {
        match outcome.map_err(anyhow::Error::downcast) {
            Ok(()) => Ok(()),
            Err(Ok(complaint)) => self.complain(label, complaint),
            Err(Err(error)) => Err(error),
        }
    }

    /// Tells why a command failed, and remembers that it did.
    fn complain(&mut self, label: impl Display, complaint: Complaint) -> Result<()> {
        self.failed.get_or_insert(complaint.status);
        self.reason.get_or_insert_with(|| complaint.reason.clone());
        Ok(self.console.complain(&label.to_string(), &complaint)?)
    }

    /// Remembers a file that was carried from or to a host, for Tab; what scripts do is nobody's to remember.
    fn learn(&mut self, host: &str, name: &[u8]) {
        if let (Some(folders), Place::Terminal | Place::CommandLine) = (&self.folders, self.console.place) {
            // A memory that cannot be written is no failure of the transfer.
            let _ = Memory::record(&folders.seen(), host, name);
        }
    }

    /// What the connected server is known to have: the practice files, where it is ours.
    fn offered(&self) -> &'static [&'static str] {
        let ours = self.serving.iter().flat_map(RunningServer::addresses);
        let is_connected = self.session.peer.as_ref().is_some_and(|peer| {
            ours.into_iter().any(|address| address.port() == peer.port && address.ip().to_string() == peer.host)
        });
        if self.practising && is_connected { &PRACTICE_NAMES } else { &[] }
    }

    fn is_interrupted(&self) -> bool {
        self.signals.stop().is_requested()
    }
}
