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
mod handlers;
mod hint;
mod manual;
mod outcome;
mod outside;
mod prompt;
mod remote;
mod script;
mod startup;
mod suggest;
mod summary;
mod terminal;
mod tracing;

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Result;

use self::commands::{Command, Found, candidates, find};
use self::complaint::Complaint;
use self::console::{Console, Place, Stream};
use self::folders::Folders;
use self::invocation::Invocation;
use self::memory::Memory;
use self::outcome::Outcome;
use self::prompt::{Input as Typed, Prompt};
use self::script::Script;
use self::status::Status;
use self::suggest::suggest;
use self::tracing::Tracing;
use self::words::{Line, Unfinished, Word, cut_escape, split, split_at_blanks};
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

/// Runs what the command line asks for. An error means that standard input or output failed.
pub fn run(cli: &Cli) -> Result<Status> {
    let words: Vec<Word> = cli.words.iter().map(|word| Word::new(word.as_bytes())).collect();
    if let Some(answer) = outside::answer(&words) {
        write!(io::stdout(), "{answer}")?;
        return Ok(Status::Success);
    }
    let switches: Vec<Word> = cli.switches.iter().map(|word| Word::new(word.as_bytes())).collect();
    let invocation = Invocation::read(&words, cli.words_before_command, cli.host.is_some());
    let invocation = match invocation.and_then(|invocation| invocation.with(switches)) {
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
    /// Where bookmarks, typed lines and names are kept; `None` for a user without a home.
    folders: Option<Folders>,
    /// What no bookmark changes.
    insists: Insists,
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

/// Settings that the command line made.
struct Insists {
    mode: bool,
    blksize: bool,
}

impl Shell {
    fn new(cli: &Cli, signals: Signals) -> Self {
        let plain = if cli.classic { Settings::classic() } else { Settings::default() };
        Self {
            session: Session { settings: settings(cli, plain), default_port: cli.port, ..Session::default() },
            console: Console::new(Place::CommandLine, cli.color()).telling_outcomes(cli.json),
            plain: cli.plain || !style::has_cursor(),
            client: Client::new(signals.stop().clone()),
            tracing: Tracing::default(),
            serving: None,
            listen: cli.host.clone(),
            signals,
            folders: Folders::of_user(),
            insists: Insists { mode: cli.mode.is_some() || cli.image, blksize: cli.blksize.is_some() },
            prompt: None,
            input: Input::CommandLine,
            depth: 0,
            failed: None,
            reason: None,
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
        if handlers::transfer::fills_stdout(&invocation.command) && !cli.json {
            self.console.divert();
        }
        handlers::hosts::load(self);
        let interactive = invocation.command.is_empty() && cli.file.is_none() && io::stdin().is_terminal();
        if interactive && !cli.no_rc && !cli.classic {
            self.start_up(cli)?;
        }
        self.trace(cli, invocation.command.is_empty())?;
        let named = cli.host.as_deref().filter(|_| !invocation.serves()).map(Word::new);
        let host = invocation.host.clone().or(named);
        if let Some(host) = host {
            let port = invocation.port.map(|port| Word::new(port.to_string()));
            let outcome = handlers::settings::connect(self, &[[host].as_slice(), port.as_slice()].concat());
            self.settle("connect", outcome.map(drop))?;
            if self.failed.is_some() {
                self.tell(Outcome::of(b"connect"))?;
            }
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
            Some(path) if path != Path::new("-") => self.file(path)?,
            None if interactive => return self.converse(),
            _ => {
                self.input = Input::Script;
                self.script(Script::new(io::stdin().lock()))?
            }
        };
        Ok(unconnected.filter(|_| status != Status::Interrupted).unwrap_or(status))
    }

    /// The one command of the command line.
    fn once(&mut self, words: &[Word]) -> Result<Status> {
        self.console.place = Place::CommandLine;
        self.carry_out(words)?;
        let failed = self.failed.take().unwrap_or_default();
        // A server that was told to stop did what it was told; a command that failed then was cut short.
        let cut_short = failed != Status::Success && self.is_interrupted();
        Ok(if cut_short { Status::Interrupted } else { failed })
    }

    fn file(&mut self, path: &Path) -> Result<Status> {
        match File::open(path) {
            Ok(file) => self.script(Script::new(BufReader::new(file))),
            Err(error) => {
                self.complain("-f", Complaint::io(Word::new(path.as_os_str().as_bytes()), &error))?;
                self.tell(Outcome::default())?;
                Ok(self.failed.take().unwrap_or_default())
            }
        }
    }

    /// Lines of a person, who sees what fails: leaving is success.
    fn converse(&mut self) -> Result<Status> {
        self.input = Input::Terminal;
        self.console.place = Place::Terminal;
        self.tracing.keep();
        let style = self.console.style(Stream::Output);
        self.prompt = Some(Prompt::new(style, self.plain, &self.signals, self.folders.as_ref())?);
        loop {
            self.client.idle();
            let host = self.session.peer.as_ref().map(|peer| peer.host.as_str());
            let input = self.prompt.as_mut().map_or(Ok(Typed::End), |prompt| prompt.command("tftp> ", host))?;
            let next = match input {
                Typed::Line(line) => self.line(&line)?,
                Typed::Cleared => Next::Line,
                Typed::Leave => return Ok(Status::Interrupted),
                Typed::End => Next::Leave,
            };
            self.failed = None;
            if next == Next::Leave {
                return Ok(Status::Success);
            }
        }
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
            Typed::Cleared | Typed::Leave => Ok(None),
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

    fn is_interrupted(&self) -> bool {
        self.signals.stop().is_requested()
    }
}

/// The settings with what options change of them.
fn settings(cli: &Cli, plain: Settings) -> Settings {
    let image = cli.image.then_some(Mode::Octet);
    Settings {
        mode: cli.mode.or(image).unwrap_or(plain.mode),
        rexmt: cli.rexmt.unwrap_or(plain.rexmt),
        timeout: cli.timeout.unwrap_or(plain.timeout),
        options: if cli.no_options { Options::Off } else { plain.options },
        blksize: cli.blksize.or(plain.blksize),
        windowsize: cli.windowsize.or(plain.windowsize),
        literal: cli.literal || plain.literal,
        verbose: cli.verbose || plain.verbose,
        quiet: cli.quiet || plain.quiet,
        family: cli.family(),
        local_ports: cli.local_ports.clone(),
        ..plain
    }
}
