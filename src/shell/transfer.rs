//! One transfer with all its observers, and what the shell prints and remembers of it.

use std::io;

use super::handlers::{faults, trace};
use super::remote::Remote;
use super::summary::summary;
use super::{CommandError, Fatal, HandlerError, Outcome, Shell};
use crate::client::{ClientError, Options, Requester};
use crate::event::Observers;
use crate::files::Digest;
use crate::language::Word;
use crate::session::{LastTransfer, Peer, Settings};
use crate::terminal::{Console, Place, Stream, Subject, about};
use crate::trace::{Notes, Progress};
use crate::transfer::Report;

/// A transfer between a server and a local file.
pub(super) struct Transfer<'a> {
    pub(super) peer: Peer,
    /// Those of the session, with the mode that the word names.
    pub(super) settings: Settings,
    /// The name on the server.
    remote: &'a [u8],
    local: &'a Word,
    subject: &'a Subject,
}

impl<'a> Transfer<'a> {
    /// A transfer with the server that was named, or the connected one.
    pub(super) fn new(
        shell: &Shell<'_>,
        subject: &'a Subject,
        remote: &'a Remote<'_>,
        local: &'a Word,
    ) -> Result<Self, CommandError> {
        let peer = remote.peer.clone().ok_or_else(|| no_target(shell.console.place, subject.name()))?;
        let settings = shell.workspace.session.settings.clone();
        let mode = remote.mode.unwrap_or(settings.transfer.mode);
        let settings = Settings { transfer: Options { mode, ..settings.transfer }, ..settings };
        Ok(Self { peer, settings, remote: &remote.file, local, subject })
    }

    /// Whether the user or a trace wants the digest of the file.
    pub(super) fn wants_digest(&self, shell: &Shell<'_>) -> bool {
        self.settings.sha256 || shell.workspace.tracing.wants_digest(&self.settings)
    }

    /// Runs the transfer with all its observers. Returns the outcome of the traces too.
    pub(super) fn run(
        &self,
        shell: &mut Shell<'_>,
        size: Option<u64>,
        run: impl FnOnce(&mut Requester, &mut Observers<'_>) -> Result<Report, ClientError>,
    ) -> Result<(Outcome, Report), HandlerError> {
        let (traces, result) = self.observed(shell, size, run)?;
        let (name, last) = (self.subject.to_string(), result.as_ref().copied().map_err(ToString::to_string));
        shell.workspace.session.last = Some(LastTransfer { name, result: last });
        Ok((traces, result?))
    }

    /// Asks the server something about the file, with all observers. `status` does not remember it.
    pub(super) fn ask<T>(
        &self,
        shell: &mut Shell<'_>,
        ask: impl FnOnce(&mut Requester, &mut Observers<'_>) -> Result<T, ClientError>,
    ) -> Result<(Outcome, T), HandlerError> {
        let (traces, result) = self.observed(shell, None, ask)?;
        Ok((traces, result?))
    }

    fn observed<T>(
        &self,
        shell: &mut Shell<'_>,
        size: Option<u64>,
        run: impl FnOnce(&mut Requester, &mut Observers<'_>) -> Result<T, ClientError>,
    ) -> Result<(Outcome, Result<T, CommandError>), HandlerError> {
        let late = notify_late(shell)?;
        let mut progress = self.progress(shell, size);
        shell.workspace.tracing.begin(&self.settings, &shell.console, shell.setup.plain);
        let mut notes =
            Notes::new(shell.console.writer(Stream::Error), "tftp: ").folded(Console::columns(Stream::Error));
        let mut observers = Observers::none();
        // First, so that its line is gone when others write.
        if let Some(progress) = &mut progress {
            observers.add(progress);
        }
        // Before the notes, which speak of packets that were shown.
        if shell.workspace.tracing.is_on() {
            observers.add(&mut shell.workspace.tracing);
        }
        observers.add(&mut notes);
        let before = shell.workspace.client.faults.lock().clone();
        let result = run(&mut shell.workspace.client, &mut observers);
        let traces = late.then(trace::report(shell)?);
        if let Some(injected) = faults::on_purpose(&before, &shell.workspace.client.faults.lock()) {
            shell.console.summarise(&injected, self.settings.verbose)?;
        }
        if result.is_ok() {
            // Tab will know the file.
            shell.learn(&self.peer.host, self.remote);
        }
        Ok((traces, result.map_err(|error| CommandError::transfer(error, self.local))))
    }

    /// A line that shows people how far the transfer is, unless a trace shows them more.
    fn progress(&self, shell: &Shell<'_>, size: Option<u64>) -> Option<Progress> {
        let settings = &shell.workspace.session.settings;
        let wanted = settings.progress && !settings.quiet && settings.tracing.is_none() && shell.console.is_observed();
        let form = if shell.setup.plain { Progress::words } else { Progress::bar };
        wanted.then(|| form(&self.local.to_string(), size).within(|| Console::columns(Stream::Error)))
    }

    /// Prints BSD's closing line, the cost of the transfer, and a warning if a file transferred as text has a NUL in it.
    pub(super) fn finish(&self, shell: &Shell<'_>, done: &str, report: &Report, saw_nul: bool) -> io::Result<()> {
        let Settings { verbose, quiet, classic, .. } = self.settings;
        let bytes = report.stats.bytes;
        let seconds = report.elapsed.as_secs_f64();
        // A clock that saw no time pass would make the rate infinite.
        let rate = verbose.then(|| format!(" [{:.0} bits/sec]", bytes as f64 * 8.0 / seconds.max(1e-6)));
        if !quiet {
            let rate = rate.unwrap_or_default();
            let line = format!("{done} {bytes} bytes in {seconds:.1} seconds{rate}");
            shell.console.say(about(&line, self.subject.one_of_several()))?;
            if !classic {
                shell.console.summarise(&summary(report), verbose)?;
            }
        }
        if saw_nul {
            let warning =
                "has a NUL in it and was transferred as text (netascii); \"binary\" transfers files as they are";
            shell.console.note(format_args!("tftp: warning: {} {warning}", self.local));
        }
        Ok(())
    }

    /// Prints the digest where the user wants it, as sha256sum does, which can check it.
    pub(super) fn say_digest(&self, shell: &Shell<'_>, digest: Option<Digest>) -> io::Result<()> {
        let digest = digest.filter(|_| self.settings.sha256);
        digest.map_or(Ok(()), |digest| shell.console.say(format_args!("{digest}  {}", self.local.whole())))
    }
}

/// The error of a get or put without a server, with the ways to name one here.
fn no_target(place: Place, command: &str) -> CommandError {
    CommandError::NoTarget(match (place, command) {
        (Place::CommandLine, "size") => "use tftp HOST size FILE, or tftp size HOST:FILE",
        (_, "size") => "connect HOST, or size HOST:FILE",
        (Place::CommandLine, "get") => "use tftp HOST get FILE, or tftp get HOST:FILE",
        (Place::CommandLine, _) => "use tftp HOST put FILE, or tftp put FILE HOST:NAME",
        (_, "get") => "connect HOST, or get HOST:FILE",
        _ => "connect HOST, or put FILE HOST:NAME",
    })
}

/// Shows the observers of the last get which packets came and went after its end.
pub(super) fn notify_late(shell: &mut Shell<'_>) -> Result<Outcome, Fatal> {
    shell.workspace.tracing.keep_up(&shell.workspace.session.settings);
    if !shell.workspace.tracing.is_on() {
        return Ok(Outcome::done());
    }
    let mut observers = Observers::none();
    observers.add(&mut shell.workspace.tracing);
    shell.workspace.client.notify_late(&mut observers);
    trace::report(shell)
}
