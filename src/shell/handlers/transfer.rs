//! get and put.

use std::io;

use super::{faults, trace};
use crate::client::{Client, ClientError, Order};
use crate::event::Observers;
use crate::files::{Digest, Source, Target};
use crate::session::{Peer, Settings};
use crate::shell::commands::{self, Found};
use crate::shell::error::{CommandError, Fatal, HandlerError};
use crate::shell::outcome::Outcome;
use crate::shell::record::OutcomeRecord;
use crate::shell::remote::{Remote, base_name};
use crate::shell::summary::summary;
use crate::shell::words::Word;
use crate::shell::{InputSource, Shell};
use crate::trace::{Notes, Progress};
use crate::transfer::Report;
use crate::wire::Printable;

/// The local name of standard output, and of standard input.
const STREAM: &str = "-";

/// `get file`, `get remotename localname`, `get file file file ...`, `get file [localname] verify digest`
pub(in crate::shell) fn get(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    let GetArguments { files, expected } = GetArguments::read(words).map_err(|error| shell.mistake(error))?;
    Ok(match files {
        [remote, local] if local.is(STREAM) => {
            if shell.console.prints_records() {
                return Err(CommandError::local("a file and --json cannot both go to standard output").into());
            }
            if shell.workspace.tracing.has_stdout() {
                return Err(CommandError::local("a file and a trace cannot both go to standard output").into());
            }
            let console = shell.console.diverted();
            fetch(&mut shell.nested(console), remote, Some(local), expected)?
        }
        [remote, local] => fetch(shell, remote, Some(local), expected)?,
        files => {
            let mut outcome = Outcome::done();
            for remote in files {
                outcome = outcome.then(fetch(shell, remote, None, expected)?);
                if shell.is_interrupted() {
                    break;
                }
            }
            outcome
        }
    })
}

/// `put file`, `put localname remotename`, `put file file ... remote-directory`
pub(in crate::shell) fn put(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    let Some((last, locals)) = words.split_last() else { return Ok(Outcome::done()) };
    let remote = Remote::named(&shell.workspace.session, last).map_err(|error| shell.mistake(error))?;
    shell.workspace.switch_to(remote.peer.as_ref(), remote.bookmark.as_ref(), shell.setup.pinned);
    Ok(match locals {
        [] if remote.file.is_empty() => return Err(CommandError::local(format!("{last}: names no file")).into()),
        [] if last.is(STREAM) => {
            let error = CommandError::local("say what to call it there: put - FILE");
            return Err(shell.mistake(error).into());
        }
        [] => store(shell, &remote, &Word::new(&*remote.file), false)?,
        [local] => store(shell, &remote, local, local.is(STREAM))?,
        locals => {
            let mut outcome = Outcome::done();
            for local in locals {
                let directory = remote.file.strip_suffix(b"/").unwrap_or(&remote.file);
                let file = [directory, b"/", base_name(local.bytes())].concat().into();
                outcome = outcome.then(store(shell, &Remote { file, ..remote.clone() }, local, false)?);
                if shell.is_interrupted() {
                    break;
                }
            }
            outcome
        }
    })
}

/// Whether the command fills standard output with a file, so that no text may go there.
pub(in crate::shell) fn fills_stdout(words: &[Word]) -> bool {
    let [name, words @ ..] = words else { return false };
    let is_get = matches!(commands::find(name), Found::Command(command) if command.name == "get");
    is_get && matches!(GetArguments::read(words), Ok(GetArguments { files: [_, local], .. }) if local.is(STREAM))
}

/// The arguments of get.
struct GetArguments<'a> {
    files: &'a [Word],
    /// What the one file must be.
    expected: Option<Digest>,
}

impl<'a> GetArguments<'a> {
    /// `verify` and a digest at the end are no files. Digits that are not quite a digest are a mistake rather than files.
    /// A digest that was left out, as by an empty variable of a script, must not turn into a file called `verify`.
    fn read(words: &'a [Word]) -> Result<Self, CommandError> {
        let left_out = match words {
            [_, .., last] if last.is("verify") => true,
            [_, .., verify, last] => verify.is("verify") && last.bytes().is_empty(),
            _ => false,
        };
        if left_out {
            return Err(CommandError::local("verify lacks a digest (a local file of that name is ./verify)"));
        }
        let [files @ .., verify, digits] = words else { return Ok(Self { files: words, expected: None }) };
        let bytes = digits.bytes();
        if files.is_empty() || !verify.is("verify") || bytes.len() < 32 || !bytes.iter().all(u8::is_ascii_hexdigit) {
            return Ok(Self { files: words, expected: None });
        }
        match Digest::parse(bytes) {
            None => Err(CommandError::local(format_args!("a SHA-256 has 64 digits, not {}", bytes.len()))),
            Some(_) if files.len() > 2 => {
                Err(CommandError::local("verify is for one file: get FILE [LOCAL] verify DIGEST"))
            }
            expected => Ok(Self { files, expected }),
        }
    }
}

/// What came of a transfer, and of its traces.
struct Attempt {
    traces: Outcome,
    result: Result<(Report, Option<Digest>), CommandError>,
}

impl Attempt {
    fn new(traces: Outcome, result: Result<Report, ClientError>, digest: Option<Digest>, local: &Word) -> Self {
        let result = result.map_err(|error| CommandError::transfer(error, local));
        Self { traces, result: result.map(|report| (report, digest)) }
    }
}

/// Reports the outcome of one transfer; `file` is the name on the server.
fn report(
    shell: &Shell<'_>,
    command: &str,
    word: &Word,
    file: &[u8],
    attempt: Result<Attempt, HandlerError>,
) -> Result<Outcome, Fatal> {
    let Attempt { traces, result } = match attempt {
        Ok(attempt) => attempt,
        Err(HandlerError::Command(error)) => Attempt { traces: Outcome::done(), result: Err(error) },
        Err(HandlerError::Fatal(fatal)) => return Err(fatal),
    };
    let record = OutcomeRecord::of(command.as_bytes()).file(file);
    let (record, outcome) = match result {
        Ok((report, digest)) => (record.transferred(&report).digest(digest), Outcome::done()),
        Err(error) => (record, shell.report(format_args!("{command} {word}"), error)?),
    };
    Ok(traces.then(shell.record(record, outcome)?))
}

fn fetch(shell: &mut Shell<'_>, word: &Word, local: Option<&Word>, expected: Option<Digest>) -> Result<Outcome, Fatal> {
    match Remote::named(&shell.workspace.session, word) {
        Ok(remote) => {
            shell.workspace.switch_to(remote.peer.as_ref(), remote.bookmark.as_ref(), shell.setup.pinned);
            let attempt = fetch_from(shell, &remote, word, local, expected);
            report(shell, "get", word, &remote.file, attempt)
        }
        Err(error) => {
            let error = shell.mistake(error);
            report(shell, "get", word, word.bytes(), Err(error.into()))
        }
    }
}

fn fetch_from(
    shell: &mut Shell<'_>,
    remote: &Remote<'_>,
    word: &Word,
    local: Option<&Word>,
    expected: Option<Digest>,
) -> Result<Attempt, HandlerError> {
    let peer = remote.peer.clone().ok_or_else(no_target)?;
    let settings = settings(shell, remote);
    let to_stdout = local.is_some_and(|local| local.is(STREAM));
    let local = local.cloned().unwrap_or_else(|| Word::new(base_name(&remote.file)));
    if local.bytes().is_empty() {
        return Err(CommandError::local(format!("{word}: names no file; say what to call it here")).into());
    }
    let mode = settings.mode;
    let target = if to_stdout { Target::stdout(mode) } else { Target::create(local.path(), mode) };
    let target = target
        .map_err(|error| CommandError::file(&local, error))?
        .digested(settings.sha256 || shell.workspace.tracing.wants_digest(&settings));
    let mut target = match expected {
        Some(expected) => target.expecting(expected),
        None => target,
    };
    if settings.verbose {
        let file = Printable(&remote.file);
        shell.console.say(format_args!("getting from {}:{file} to {local} [{mode}]", peer.host))?;
    }
    let order = Order { host: &peer.host, port: peer.port, remote: &remote.file };
    let (traces, result) =
        watched(shell, &settings, &local, None, |client, watch| client.get(&order, &settings, &mut target, watch))?;
    remember(shell, &peer, &remote.file, &result);
    let digest = target.digest();
    if let Ok(report) = &result {
        finish(shell, &settings, "Received", report, target.saw_nul().then_some(&local))?;
        if expected.is_some() && !settings.quiet {
            shell.console.say("SHA-256 as expected.")?;
        }
        tell_digest(shell, &settings, digest, &local)?;
    }
    Ok(Attempt::new(traces, result, digest, &local))
}

fn store(shell: &mut Shell<'_>, remote: &Remote<'_>, local: &Word, from_stdin: bool) -> Result<Outcome, Fatal> {
    let attempt = store_to(shell, remote, local, from_stdin);
    report(shell, "put", local, &remote.file, attempt)
}

fn store_to(
    shell: &mut Shell<'_>,
    remote: &Remote<'_>,
    local: &Word,
    from_stdin: bool,
) -> Result<Attempt, HandlerError> {
    let peer = remote.peer.clone().ok_or_else(no_target)?;
    let settings = settings(shell, remote);
    let mode = settings.mode;
    if from_stdin && shell.input != InputSource::CommandLine {
        let reason = "standard input is where the commands come from; -f FILE takes them from a file, \
            ./- is a file of this name";
        return Err(CommandError::local(reason).into());
    }
    let source = if from_stdin { Source::stdin(mode) } else { Source::open(local.path(), mode) };
    let mut source = source
        .map_err(|error| CommandError::file(local, error))?
        .digested(settings.sha256 || shell.workspace.tracing.wants_digest(&settings));
    if settings.verbose {
        let file = Printable(&remote.file);
        shell.console.say(format_args!("putting {local} to {}:{file} [{mode}]", peer.host))?;
    }
    let order = Order { host: &peer.host, port: peer.port, remote: &remote.file };
    let size = source.size();
    let (traces, result) =
        watched(shell, &settings, local, size, |client, watch| client.put(&order, &settings, &mut source, watch))?;
    remember(shell, &peer, &remote.file, &result);
    let digest = source.digest();
    if let Ok(report) = &result {
        finish(shell, &settings, "Sent", report, source.saw_nul().then_some(local))?;
        tell_digest(shell, &settings, digest, local)?;
    }
    Ok(Attempt::new(traces, result, digest, local))
}

fn no_target() -> CommandError {
    CommandError::classic("No target machine specified.")
}

/// The session's, but for what the word itself says.
fn settings(shell: &Shell<'_>, remote: &Remote<'_>) -> Settings {
    let settings = shell.workspace.session.settings.clone();
    Settings { mode: remote.mode.unwrap_or(settings.mode), ..settings }
}

/// Runs a transfer of the local `file` with all its observers. Returns the outcome of the traces, and its own.
fn watched(
    shell: &mut Shell<'_>,
    settings: &Settings,
    file: &Word,
    size: Option<u64>,
    run: impl FnOnce(&mut Client, &mut Observers<'_>) -> Result<Report, ClientError>,
) -> Result<(Outcome, Result<Report, ClientError>), Fatal> {
    let late = notify_late(shell)?;
    let mut progress = progress(shell, file, size);
    shell.workspace.tracing.begin(settings, &shell.console, shell.setup.plain);
    let mut notes = Notes::new(io::stderr(), "tftp: ");
    let mut watch = Observers::none();
    // First, so that its line is gone when others write.
    if let Some(progress) = &mut progress {
        watch.add(progress);
    }
    // Before the notes, which speak of packets that were shown.
    if shell.workspace.tracing.is_on() {
        watch.add(&mut shell.workspace.tracing);
    }
    watch.add(&mut notes);
    let before = shell.workspace.client.faults().lock().clone();
    let result = run(&mut shell.workspace.client, &mut watch);
    let traces = late.then(trace::report(shell)?);
    if let Some(told) = faults::on_purpose(&before, &shell.workspace.client.faults().lock()) {
        shell.console.summarise(&told, settings.verbose)?;
    }
    Ok((traces, result))
}

/// Tells those who watched the last get which packets came and went behind its end.
pub(in crate::shell) fn notify_late(shell: &mut Shell<'_>) -> Result<Outcome, Fatal> {
    shell.workspace.tracing.keep_up(&shell.workspace.session.settings);
    if !shell.workspace.tracing.is_on() {
        return Ok(Outcome::done());
    }
    let mut watch = Observers::none();
    watch.add(&mut shell.workspace.tracing);
    shell.workspace.client.notify_late(&mut watch);
    trace::report(shell)
}

/// A host named with a file becomes the default host, if there is such a host; Tab will know the file.
fn remember(shell: &mut Shell<'_>, peer: &Peer, file: &[u8], outcome: &Result<Report, ClientError>) {
    if outcome.is_ok() {
        shell.learn(&peer.host, file);
    }
    if !matches!(outcome, Err(ClientError::UnknownHost(_))) {
        shell.workspace.session.peer = Some(peer.clone());
    }
    if let Ok(report) = outcome {
        shell.workspace.session.last = Some(*report);
    }
}

/// A line that shows people how far the transfer of the local `file` is, where there are people, and no trace that shows
/// them more.
fn progress(shell: &Shell<'_>, file: &Word, size: Option<u64>) -> Option<Progress> {
    let settings = &shell.workspace.session.settings;
    let wanted = settings.progress && !settings.quiet && settings.tracing.is_none() && shell.console.is_observed();
    let form = if shell.setup.plain { Progress::words } else { Progress::bar };
    wanted.then(|| form(&file.to_string(), size))
}

/// BSD's closing line and what the transfer cost; bits per second when verbose. `binary` is a file that was carried as
/// text and looks like none.
fn finish(
    shell: &mut Shell<'_>,
    settings: &Settings,
    done: &str,
    report: &Report,
    binary: Option<&Word>,
) -> io::Result<()> {
    let bytes = report.stats.bytes;
    let seconds = report.elapsed.as_secs_f64();
    let rate = if settings.verbose {
        // A clock that saw no time pass would make the rate infinite.
        format!(" [{:.0} bits/sec]", bytes as f64 * 8.0 / seconds.max(1e-6))
    } else {
        String::new()
    };
    if !settings.quiet {
        shell.console.say(format_args!("{done} {bytes} bytes in {seconds:.1} seconds{rate}"))?;
    }
    if !settings.quiet && !settings.classic {
        shell.console.summarise(&summary(report), settings.verbose)?;
    }
    if let Some(file) = binary {
        let warning = "has a NUL in it and was carried as text (netascii); \"binary\" carries files as they are";
        shell.console.note(format_args!("tftp: warning: {file} {warning}"));
    }
    Ok(())
}

/// As sha256sum does, which can check it.
fn tell_digest(shell: &mut Shell<'_>, settings: &Settings, digest: Option<Digest>, local: &Word) -> io::Result<()> {
    if let Some(digest) = digest.filter(|_| settings.sha256) {
        shell.console.say(format_args!("{digest}  {local}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::words::split;

    fn read(line: &str) -> Result<(usize, bool), String> {
        let words = split(line.as_bytes()).expect(line).words;
        let read = GetArguments::read(&words).map(|it| (it.files.len(), it.expected.is_some()));
        read.map_err(|error| error.to_string())
    }

    #[test]
    fn verify_is_recognised_by_the_digits_behind_it() {
        let digits = "0".repeat(64);
        assert_eq!(read(&format!("f verify {digits}")), Ok((1, true)));
        assert_eq!(read(&format!("f g VERIFY {}", "aB".repeat(32))), Ok((2, true)));
        assert_eq!(read("f ./verify"), Ok((2, false)));
        assert_eq!(read("verify"), Ok((1, false)));
        assert_eq!(read("verify g"), Ok((2, false)));
        assert_eq!(read("f verify g"), Ok((3, false)));
        assert_eq!(read(&format!("verify {digits}")), Ok((2, false)));
        assert_eq!(read(&format!("f verify {}", "0".repeat(63))), Err("a SHA-256 has 64 digits, not 63".to_owned()));
        assert!(read(&format!("f g h verify {digits}")).is_err());
    }

    #[test]
    fn a_digest_left_out_is_a_mistake() {
        for line in ["f verify", "f g verify", "f verify ''"] {
            assert!(read(line).is_err_and(|reason| reason.starts_with("verify lacks a digest")), "{line}");
        }
    }

    #[test]
    fn a_get_to_a_dash_fills_standard_output() {
        let fills = |line: &str| fills_stdout(&split(line.as_bytes()).expect(line).words);
        assert!(fills("get f -") && fills("g f -") && fills(&format!("get f - verify {}", "0".repeat(64))));
        assert!(!fills("get f ./-") && !fills("get -") && !fills("get f g -") && !fills("put f -") && !fills(""));
    }
}
