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
pub mod console;
pub mod invocation;
pub mod status;
pub mod words;

mod editor;
mod handlers;
mod script;
mod suggest;
mod summary;
mod tracing;

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Result;

use self::commands::{Command, Found, find};
use self::complaint::Complaint;
use self::console::{Console, Place, Stream};
use self::editor::{Editor, Input};
use self::invocation::Invocation;
use self::script::Script;
use self::status::Status;
use self::suggest::suggest;
use self::tracing::Tracing;
use self::words::{Word, split, split_at_blanks};
use crate::cli::{Cli, TraceList};
use crate::client::Client;
use crate::server::Background;
use crate::session::{Options, Session, Settings};
use crate::stop::Signals;
use crate::style;
use crate::wire::Mode;

/// What follows a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The next line.
    Line,
    /// The end of the shell.
    Leave,
}

/// Runs what the command line asks for. An error means that standard input or output failed.
pub fn run(cli: &Cli) -> Result<Status> {
    let words: Vec<Word> = cli.words.iter().map(|word| Word::new(word.as_bytes())).collect();
    let invocation = match Invocation::read(&words, cli.words_before_command, cli.host.is_some()) {
        Ok(invocation) => invocation,
        Err(error) => return Ok(mistake(cli, &error)),
    };
    let serves = cli.practice || invocation.serves();
    if cli.port == Some(0) && !serves {
        return Ok(mistake(cli, &"0: bad port number"));
    }
    if cli.practice && invocation.host.is_some() {
        return Ok(mistake(cli, &"--practice is a server itself; name no other"));
    }
    if cli.file.is_some() && !invocation.command.is_empty() {
        return Ok(mistake(cli, &"a command or -f FILE, not both"));
    }
    let mut shell = Shell::new(cli, Signals::install()?);
    let outcome = shell.begin(cli, &invocation);
    shell.client.finish();
    outcome
}

fn mistake(cli: &Cli, error: &dyn Display) -> Status {
    Console::new(Place::CommandLine, cli.color()).note(format_args!("tftp: {error}"));
    Status::CommandLine
}

/// Carries commands out, one after the other.
pub struct Shell {
    session: Session,
    console: Console,
    client: Client,
    tracing: Tracing,
    serving: Option<Background>,
    /// The address that `serve` in front of the user listens at, if one was named.
    listen: Option<String>,
    signals: Signals,
    /// Asks for missing arguments, and for lines; only on a terminal.
    editor: Option<Editor>,
    /// How the command at work failed first.
    failed: Option<Status>,
    stop_on_error: bool,
    /// Nothing may be drawn over what was printed.
    plain: bool,
}

impl Shell {
    fn new(cli: &Cli, signals: Signals) -> Self {
        Self {
            session: Session { settings: settings(cli), default_port: cli.port, ..Session::default() },
            console: Console::new(Place::CommandLine, cli.color()),
            plain: cli.plain || !style::has_cursor(),
            client: Client::new(signals.stop().clone()),
            tracing: Tracing::default(),
            serving: None,
            listen: cli.host.clone(),
            signals,
            editor: None,
            failed: None,
            stop_on_error: cli.stop_on_error,
        }
    }

    /// Switches the views on that the command line names; nobody need be told that they are.
    fn trace(&mut self, cli: &Cli, reads_lines: bool) -> Result<()> {
        let Some(TraceList(commands)) = &cli.trace else { return Ok(()) };
        if reads_lines {
            self.tracing.keep();
        }
        for command in commands {
            let outcome = handlers::trace::carry_out(self, command);
            self.settle("--trace", outcome.map(drop))?;
        }
        Ok(())
    }

    /// Connects, then carries out the one command or reads lines.
    fn begin(&mut self, cli: &Cli, invocation: &Invocation) -> Result<Status> {
        self.trace(cli, invocation.command.is_empty())?;
        let named = cli.host.as_deref().filter(|_| !invocation.serves()).map(Word::new);
        let host = invocation.host.clone().or(named);
        if let Some(host) = host {
            let port = invocation.port.map(|port| Word::new(port.to_string()));
            let outcome = handlers::settings::connect(self, &[[host].as_slice(), port.as_slice()].concat());
            self.settle("connect", outcome.map(drop))?;
        }
        if cli.practice {
            let outcome = handlers::server::practise(self, cli.port);
            self.settle("serve", outcome)?;
        }
        let unconnected = self.failed.take();
        if !invocation.command.is_empty() {
            return match unconnected {
                Some(status) => Ok(status),
                None => self.once(&invocation.command),
            };
        }
        if unconnected.is_some() && self.stop_on_error {
            return Ok(unconnected.unwrap_or_default());
        }
        let status = match &cli.file {
            Some(path) => self.file(path)?,
            None if io::stdin().is_terminal() => return self.converse(),
            None => self.script(Script::new(io::stdin().lock()))?,
        };
        Ok(unconnected.filter(|_| status != Status::Interrupted).unwrap_or(status))
    }

    /// The one command of the command line.
    fn once(&mut self, words: &[Word]) -> Result<Status> {
        self.console.place = Place::CommandLine;
        let outcome = self.dispatch(words).map(drop);
        self.settle(&words[0], outcome)?;
        Ok(self.failed.take().unwrap_or_default())
    }

    fn file(&mut self, path: &Path) -> Result<Status> {
        match File::open(path) {
            Ok(file) => self.script(Script::new(BufReader::new(file))),
            Err(error) => {
                self.complain("-f", Complaint::io(Word::new(path.as_os_str().as_bytes()), &error))?;
                Ok(self.failed.take().unwrap_or_default())
            }
        }
    }

    /// Lines without anybody to ask: all are carried out, and the first failure is what counts.
    fn script(&mut self, mut script: Script<'_>) -> Result<Status> {
        let mut first_failure = None;
        loop {
            self.signals.wait();
            // A signal from here on ends the process; an earlier one only raised the flag.
            if self.is_interrupted() {
                return Ok(Status::Interrupted);
            }
            let Some((number, line)) = script.line()? else { break };
            self.signals.work();
            self.console.place = Place::Script(number);
            let ignored = line.strip_prefix(b"-").filter(|_| !self.session.settings.classic);
            let next = self.line(ignored.unwrap_or(&line))?;
            if self.is_interrupted() {
                return Ok(Status::Interrupted);
            }
            let failed = self.failed.take().filter(|_| ignored.is_none());
            first_failure = first_failure.or(failed);
            if next == Next::Leave || failed.is_some() && self.stop_on_error {
                break;
            }
        }
        self.signals.work();
        Ok(first_failure.unwrap_or_default())
    }

    /// Lines of a person, who sees what fails: leaving is success.
    fn converse(&mut self) -> Result<Status> {
        self.console.place = Place::Terminal;
        self.tracing.keep();
        self.editor = Some(Editor::new(self.console.style(Stream::Output))?);
        loop {
            self.client.idle();
            self.signals.wait();
            if self.signals.is_terminated() {
                return Ok(Status::Interrupted);
            }
            let input = self.editor.as_mut().map_or(Ok(Input::End), |editor| editor.command("tftp> "))?;
            let next = match input {
                Input::Line(line) => {
                    self.signals.work();
                    self.line(line.as_bytes())?
                }
                Input::Cleared => Next::Line,
                Input::Leave => return Ok(Status::Interrupted),
                Input::End => Next::Leave,
            };
            self.failed = None;
            if next == Next::Leave {
                return Ok(Status::Success);
            }
        }
    }

    /// Carries out a line; what fails is told.
    fn line(&mut self, line: &[u8]) -> Result<Next> {
        let line = if self.session.settings.classic { Ok(split_at_blanks(line)) } else { split(line) };
        let line = match line {
            Ok(line) => line,
            Err(unfinished) => {
                self.complain("syntax", Complaint::local(unfinished))?;
                return Ok(Next::Line);
            }
        };
        let Some(command) = line.words.first() else { return Ok(Next::Line) };
        let outcome = self.dispatch(&line.words);
        let next = *outcome.as_ref().unwrap_or(&Next::Line);
        self.settle(command, outcome.map(drop))?;
        if line.lost_backslash && self.failed.is_some() {
            self.console.hint("A backslash was taken away; quotes keep it: 'dir\\file'");
        }
        Ok(next)
    }

    /// Finds the command and runs it, if it has as many arguments as it takes.
    fn dispatch(&mut self, words: &[Word]) -> Result<Next> {
        let Some((name, args)) = words.split_first() else { return Ok(Next::Line) };
        let command = match find(name) {
            Found::Command(command) => command,
            Found::Ambiguous => {
                let said = Some("?Ambiguous command".to_owned());
                return Err(Complaint { said, ..Complaint::local("ambiguous command") }.into());
            }
            Found::Unknown => {
                let said = Some("?Invalid command".to_owned());
                let hint = suggest(name).map(|near| format!("Did you mean \"{near}\"?"));
                return Err(Complaint { said, hint, ..Complaint::local("no such command") }.into());
            }
        };
        let mut args = args.to_vec();
        if args.is_empty() {
            args = self.ask(command)?;
        }
        if !command.takes.contains(&args.len()) {
            let usage = Complaint::usage(command);
            let status = if self.console.place == Place::CommandLine { Status::CommandLine } else { usage.status };
            return Err(Complaint { status, ..usage }.into());
        }
        (command.run)(self, &args)
    }

    /// Asks for the arguments that are missing, where there is somebody to ask.
    fn ask(&mut self, command: &Command) -> Result<Vec<Word>> {
        let (Some(prompt), Some(editor)) = (command.ask, &mut self.editor) else { return Ok(Vec::new()) };
        match editor.read(prompt)? {
            Input::Line(answer) => Ok(split(answer.as_bytes()).map_err(Complaint::local)?.words),
            Input::Cleared | Input::Leave | Input::End => Ok(Vec::new()),
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
        Ok(self.console.complain(&label.to_string(), &complaint)?)
    }

    fn is_interrupted(&self) -> bool {
        self.signals.stop().is_requested()
    }
}

/// The settings that options change.
fn settings(cli: &Cli) -> Settings {
    let plain = if cli.classic { Settings::classic() } else { Settings::default() };
    let image = cli.image.then_some(Mode::Octet);
    Settings {
        mode: cli.mode.or(image).unwrap_or(plain.mode),
        rexmt: cli.rexmt.unwrap_or(plain.rexmt),
        timeout: cli.timeout.unwrap_or(plain.timeout),
        options: if cli.no_options { Options::Off } else { plain.options },
        blksize: cli.blksize,
        windowsize: cli.windowsize,
        literal: cli.literal,
        verbose: cli.verbose,
        quiet: cli.quiet,
        family: cli.family(),
        ..plain
    }
}
