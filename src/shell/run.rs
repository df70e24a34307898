//! From the command line of the process to its exit status: what is asked for, with which settings, and by whom.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Result;

use super::complaint::Complaint;
use super::console::{Console, Place};
use super::folders::Folders;
use super::handlers::{self, hosts::Lent};
use super::invocation::Invocation;
use super::outcome::Outcome;
use super::script::Script;
use super::status::Status;
use super::tracing::Tracing;
use super::words::Word;
use super::{Input, Shell, outside};
use crate::cli::{Cli, TraceList};
use crate::client::{Negotiation, Options, Requester};
use crate::session::{Session, Settings};
use crate::stop::Signals;
use crate::style;
use crate::transfer::RetryPolicy;
use crate::wire::Mode;

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
    handlers::transfer::notify_late(&mut shell)?;
    outcome
}

/// Whether a person types the lines.
fn is_interactive(cli: &Cli, invocation: &Invocation) -> bool {
    invocation.command.is_empty() && cli.file.is_none() && io::stdin().is_terminal()
}

fn mistake(cli: &Cli, error: &dyn Display) -> Status {
    Console::new(Place::CommandLine, cli.color()).note(format_args!("tftp: {error}"));
    Status::CommandLine
}

/// Settings that the command line made.
pub(super) struct Insists {
    pub(super) mode: bool,
    pub(super) blksize: bool,
}

impl Shell {
    fn new(cli: &Cli, signals: Signals) -> Self {
        let plain = if cli.classic { Settings::classic() } else { Settings::default() };
        Self {
            session: Session { settings: settings(cli, plain), default_port: cli.port, ..Session::default() },
            console: Console::new(Place::CommandLine, cli.color()).telling_outcomes(cli.json),
            plain: cli.plain || !style::has_cursor(),
            client: Requester::new(signals.stop().clone()),
            tracing: Tracing::default(),
            serving: None,
            practising: false,
            listen: cli.host.clone(),
            signals,
            folders: Folders::of_user(),
            insists: Insists { mode: cli.mode.is_some() || cli.image, blksize: cli.blksize.is_some() },
            lent: Lent::default(),
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

    /// Does what is asked for; a trace that was asked for and cannot be written keeps nobody from the rest.
    fn begin(&mut self, cli: &Cli, invocation: &Invocation) -> Result<Status> {
        self.make_ready(cli, invocation)?;
        let untraced = self.failed.take();
        let status = self.proceed(cli, invocation)?;
        Ok(untraced.filter(|_| status == Status::Success).unwrap_or(status))
    }

    /// What stands before any transfer.
    fn make_ready(&mut self, cli: &Cli, invocation: &Invocation) -> Result<()> {
        if handlers::transfer::fills_stdout(&invocation.command) && !cli.json {
            self.console.divert();
        }
        let interactive = is_interactive(cli, invocation);
        let may_matter = interactive || cli.host.is_some() || invocation.may_name_hosts();
        if may_matter && let (Err(complaint), true) = (handlers::hosts::load(self), interactive) {
            self.console.note(format_args!("tftp: {complaint}"));
        }
        if interactive && !cli.no_rc && !cli.classic {
            self.start_up(cli)?;
        }
        self.trace(cli, invocation.command.is_empty())
    }

    /// Connects, then carries out the one command or reads lines.
    fn proceed(&mut self, cli: &Cli, invocation: &Invocation) -> Result<Status> {
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
            None if is_interactive(cli, invocation) => return self.converse(),
            _ => {
                self.input = Input::Script;
                self.script(Script::new("standard input", io::stdin().lock()))?
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
            Ok(file) => {
                let name = Word::new(path.as_os_str().as_bytes());
                self.script(Script::new(format_args!("-f: {name}"), BufReader::new(file)))
            }
            Err(error) => {
                self.complain("-f", Complaint::io(Word::new(path.as_os_str().as_bytes()), &error))?;
                self.tell(Outcome::default())?;
                Ok(self.failed.take().unwrap_or_default())
            }
        }
    }
}

/// The settings with what options change of them.
pub(super) fn settings(cli: &Cli, plain: Settings) -> Settings {
    let image = cli.image.then_some(Mode::Octet);
    let Settings { transfer, .. } = plain;
    Settings {
        transfer: Options {
            mode: cli.mode.or(image).unwrap_or(transfer.mode),
            retry: RetryPolicy {
                rexmt: cli.rexmt.unwrap_or(transfer.retry.rexmt),
                timeout: cli.timeout.unwrap_or(transfer.retry.timeout),
            },
            negotiation: if cli.no_options { Negotiation::Off } else { transfer.negotiation },
            blksize: cli.blksize.or(transfer.blksize),
            windowsize: cli.windowsize.or(transfer.windowsize),
            family: cli.family(),
            local_ports: cli.local_ports.clone(),
            ..transfer
        },
        literal: cli.literal || plain.literal,
        verbose: cli.verbose || plain.verbose,
        quiet: cli.quiet || plain.quiet,
        ..plain
    }
}
