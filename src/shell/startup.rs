//! From the command line of the process to its exit status.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use super::script::Script;
use super::status::Status;
use super::workspace::{PinnedByArgs, Workspace};
use super::{CommandError, Fatal, InputSource, Outcome, OutcomeRecord, Setup, Shell, handlers, transfer};
use crate::cli::{self, Cli};
use crate::client::{Negotiation, Options};
use crate::complete;
use crate::language::help::on_command_line;
use crate::language::{Invocation, TraceVerb, Word, exact};
use crate::profile::Directories;
use crate::session::{Session, Settings};
use crate::stop::{Signals, Stop, is_interruption};
use crate::style::{self, When};
use crate::terminal::{Console, Place, Stream, Subject, plain};
use crate::transfer::RetryPolicy;
use crate::wire::Mode;

/// The program: arguments in, exit status out.
pub fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(answer) => return print(&answer),
    };
    match run(&cli) {
        Ok(status) => status.into(),
        Err(error) if error.downcast_ref().is_some_and(is_interruption) => Status::Interrupted.into(),
        Err(error) => {
            let reason = plain(&format_args!("{error:#}"));
            console(cli.color()).note(format_args!("tftp: {reason}"));
            Status::Local.into()
        }
    }
}

/// The console before the signals are handled.
fn console(color: When) -> Console {
    Console::new(Place::CommandLine, color, &Stop::new())
}

/// Prints what is wrong with the arguments, or what `--version` asks for.
fn print(answer: &clap::Error) -> ExitCode {
    if answer.use_stderr() {
        let command = std::env::args_os().skip(1).find_map(|arg| exact(&Word::new(arg.as_bytes())));
        console(When::Auto).note(format_args!("tftp: {}", cli::sentence(answer, command)));
        return Status::CommandLine.into();
    }
    match answer.print() {
        // The reader of the output may have seen enough.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let reason = plain(&error);
            console(When::Never).note(format_args!("tftp: standard output: {reason}"));
            Status::Local.into()
        }
        _ => Status::Success.into(),
    }
}

/// Runs what the command line asks for. An error means that standard input or output failed.
fn run(cli: &Cli) -> anyhow::Result<Status> {
    let words: Vec<Word> = cli.words.iter().map(|word| Word::new(word.as_bytes())).collect();
    if cli.help {
        return help(cli, &words);
    }
    if let Some(answer) = complete::answer(&words) {
        console(cli.color()).writer(Stream::Output).write_all(answer.to_string().as_bytes())?;
        return Ok(Status::Success);
    }
    let invocation = Invocation::read(&words, cli.words_before_command, cli.host().is_some());
    let invocation = invocation.and_then(|invocation| {
        let options = cli.options_for_command(invocation.serves());
        invocation.with(options.iter().map(|word| Word::new(word.as_bytes())).collect())
    });
    let invocation = invocation.and_then(|invocation| invocation.honours(&cli.given).map(|()| invocation));
    let invocation = match invocation {
        Ok(invocation) => invocation,
        Err(error) => return Ok(mistake(cli, &error)),
    };
    let serves = cli.practice || invocation.serves();
    let contradictions = [
        (cli.port() == Some(0) && !serves, "0: bad port number"),
        (
            invocation.serves() && cli.trace.iter().flatten().any(TraceVerb::shows_both),
            "--trace: a server knows its own end only; leave out \"both\"",
        ),
        (cli.practice && invocation.host.is_some(), "--practice is a server itself; name no other"),
        (cli.file.is_some() && !invocation.command.is_empty(), "a command or -f FILE, not both"),
        (!cli.lines.is_empty() && !invocation.command.is_empty(), "a command or -e LINE, not both"),
    ];
    if let Some((_, error)) = contradictions.iter().find(|(is_one, _)| *is_one) {
        return Ok(mistake(cli, error));
    }
    let signals = Signals::install().context("cannot receive signals")?;
    let plain = if cli.classic { Settings::classic() } else { Settings::default() };
    let session = Session { settings: settings(cli, plain), default_port: cli.port(), ..Session::default() };
    let mut workspace = Workspace::new(session, signals.stop().clone());
    let setup = Setup {
        signals,
        directories: Directories::of_user(),
        pinned: PinnedByArgs { mode: cli.mode.is_some() || cli.image, blksize: cli.blksize.is_some() },
        stop_on_error: cli.stop_on_error,
        plain: cli.plain || !style::has_cursor(),
    };
    let mut shell = Shell {
        setup: &setup,
        workspace: &mut workspace,
        prompt: &mut None,
        console: Console::new(Place::CommandLine, cli.color(), setup.signals.stop()).with_records(cli.json),
        input: InputSource::CommandLine,
        depth: 0,
    };
    let status = shell.begin(cli, &invocation);
    if !cli.classic {
        // BSD's tftp does not wait for the server, and closes its port with its process.
        shell.workspace.client.finish();
    }
    let _: Outcome = transfer::notify_late(&mut shell)?;
    Ok(status?)
}

/// Explains the command that the words name, else the program. The reader of the text may have seen enough.
fn help(cli: &Cli, words: &[Word]) -> anyhow::Result<Status> {
    let invocation = Invocation::read(words, cli.words_before_command, cli.host().is_some()).unwrap_or_default();
    let printed = match invocation.command.first().and_then(exact) {
        Some(command) => console(cli.color()).say(on_command_line(command)),
        None => Cli::print_help(),
    };
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error).context("standard output"),
        _ => Ok(Status::Success),
    }
}

/// Whether a person types the lines.
fn is_interactive(cli: &Cli, invocation: &Invocation) -> bool {
    invocation.command.is_empty() && cli.file.is_none() && io::stdin().is_terminal()
}

fn mistake(cli: &Cli, error: &dyn Display) -> Status {
    console(cli.color()).note(format_args!("tftp: {error}"));
    Status::CommandLine
}

impl Shell<'_> {
    /// Switches on the views that the command line names, without a word about it.
    fn trace(&mut self, cli: &Cli, reads_lines: bool, serves: bool) -> Result<Outcome, Fatal> {
        let mut outcome = Outcome::done();
        let Some(verbs) = &cli.trace else { return Ok(outcome) };
        if reads_lines {
            self.workspace.tracing.keep();
        }
        if serves {
            self.workspace.tracing.serve();
        }
        for verb in verbs {
            let result = handlers::trace::apply(self, verb).map(|_| Outcome::done());
            outcome = outcome.then(self.reported(&Subject::command("--trace"), result)?);
        }
        Ok(outcome)
    }

    /// Does what is asked for, though a trace that was asked for cannot be written.
    fn begin(&mut self, cli: &Cli, invocation: &Invocation) -> Result<Status, Fatal> {
        let traced = self.make_ready(cli, invocation)?;
        let status = self.proceed(cli, invocation)?;
        Ok(if status == Status::Success { traced.status() } else { status })
    }

    /// Does what comes before any transfer.
    fn make_ready(&mut self, cli: &Cli, invocation: &Invocation) -> Result<Outcome, Fatal> {
        if handlers::transfer::fills_stdout(&invocation.command) && !cli.json {
            self.console = self.console.diverted();
        }
        let interactive = is_interactive(cli, invocation);
        let may_matter = interactive || cli.host().is_some() || invocation.may_name_hosts();
        if may_matter && let (Err(error), true) = (handlers::hosts::load(self), interactive) {
            self.console.note(format_args!("tftp: {error}"));
        }
        if interactive && !cli.no_rc && !cli.classic {
            self.read_settings_file(cli)?;
        }
        self.trace(cli, invocation.command.is_empty(), invocation.serves())
    }

    /// Connects, then runs the one command or reads lines.
    fn proceed(&mut self, cli: &Cli, invocation: &Invocation) -> Result<Status, Fatal> {
        let connected = self.connect(cli, invocation)?;
        if !invocation.command.is_empty() {
            return if connected.is_failure() { Ok(connected.status()) } else { self.once(invocation) };
        }
        if connected.is_failure() && self.setup.stop_on_error {
            return Ok(connected.status());
        }
        let lines: Vec<_> = cli.lines.iter().map(|line| line.as_bytes()).collect();
        if is_interactive(cli, invocation) {
            return self.converse(&lines);
        }
        let file = cli.file.as_ref().filter(|path| *path != Path::new("-"));
        if file.is_none() {
            self.input = InputSource::Script;
        }
        let console = self.console.in_file("-e");
        let lines = lines.join(&b'\n');
        // They are in memory, so that reading them does not fail.
        let (mut outcome, _) = self.nested(console).script(Script::new(&*lines))?;
        let is_over = outcome.leaves || outcome.is_failure() && self.setup.stop_on_error;
        if !is_over {
            outcome = outcome.then(match file {
                Some(path) => {
                    let name = Word::new(path.as_os_str().as_bytes());
                    self.console = self.console.in_file(&name);
                    self.whole_script("-f", Script::open(path, self.stop()), |error| CommandError::file(name, error))?
                }
                None => {
                    let reason = |error: io::Error| CommandError::local(plain(&error));
                    self.whole_script("standard input", Script::stdin(self.stop()), reason)?
                }
            });
        }
        Ok(match connected.then(outcome) {
            _ if self.is_interrupted() => Status::Interrupted,
            _ if self.console.is_cut_short() => Status::Unread,
            outcome => outcome.status(),
        })
    }

    /// Connects to the server that the command line names, or to the practice server.
    fn connect(&mut self, cli: &Cli, invocation: &Invocation) -> Result<Outcome, Fatal> {
        let mut outcome = Outcome::done();
        let named = cli.host().filter(|_| !invocation.serves()).map(Word::new);
        if let Some(host) = invocation.host.clone().or(named) {
            let (record, connected) = handlers::settings::connected(self, &host, invocation.port)?;
            // A success is not an outcome of the command that follows.
            outcome = if connected.is_failure() { self.record(record, connected)? } else { connected };
        }
        if cli.practice {
            let result = handlers::server::practise(self, cli.port());
            outcome = outcome.then(self.reported(&Subject::command("serve"), result)?);
        }
        Ok(outcome)
    }

    /// Runs the one command of the command line.
    fn once(&mut self, invocation: &Invocation) -> Result<Status, Fatal> {
        let outcome = self.run_words(&invocation.command)?;
        // A server that a signal stopped did what it should; any other command was cut short.
        let is_cut_short = outcome.is_failure() && self.is_interrupted() && !invocation.serves();
        Ok(match outcome {
            _ if is_cut_short => Status::Interrupted,
            _ if self.console.is_cut_short() => Status::Unread,
            outcome => outcome.status(),
        })
    }

    /// Runs the script that the process was started for. If it cannot be read to its end, that is reported too.
    fn whole_script(
        &mut self,
        label: &str,
        script: io::Result<Script>,
        reason: impl FnOnce(io::Error) -> CommandError,
    ) -> Result<Outcome, Fatal> {
        let (outcome, error) = match script {
            Ok(script) => self.script(script)?,
            Err(error) => (Outcome::done(), Some(error)),
        };
        let Some(error) = error else { return Ok(outcome) };
        self.console.place = Place::CommandLine;
        let failed = self.report(&Subject::command(label), reason(error))?;
        Ok(outcome.then(self.record(OutcomeRecord::default(), failed)?))
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
                ..transfer.retry
            },
            negotiation: if cli.no_options { Negotiation::Off } else { transfer.negotiation },
            blksize: cli.blksize.or(transfer.blksize),
            windowsize: cli.windowsize.or(transfer.windowsize),
            family: cli.family(),
            local_ports: cli.local_ports.clone(),
            ..transfer
        },
        literal: cli.literal || plain.literal,
        verbose: cli.verbose || plain.verbose && !cli.quiet,
        quiet: cli.quiet,
        ..plain
    }
}
