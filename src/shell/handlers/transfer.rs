//! get and put.

use anyhow::Result;

use super::{faults, hosts, trace};
use crate::client::{ClientError, FileRef, Options, Requester};
use crate::event::Observers;
use crate::files::{Digest, Source, Target};
use crate::session::{Peer, Settings};
use crate::shell::commands::{self, Found};
use crate::shell::complaint::Complaint;
use crate::shell::outcome::Outcome;
use crate::shell::remote::{Remote, base_name};
use crate::shell::summary::summary;
use crate::shell::words::Word;
use crate::shell::{Input, Next, Shell};
use crate::trace::{Notes, Progress};
use crate::transfer::Report;
use crate::wire::Printable;

/// The local name of standard output, and of standard input.
const STREAM: &str = "-";

/// `get file`, `get remotename localname`, `get file file file ...`, `get file [localname] verify digest`
pub(in crate::shell) fn get(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    let Errands { files, expected } = Errands::read(words).map_err(|complaint| shell.mistake(complaint))?;
    match files {
        [remote, local] if local.is(STREAM) => {
            if shell.console.tells_outcomes() {
                return Err(Complaint::local("a file and --json cannot both go to standard output").into());
            }
            if shell.tracing.has_stdout() {
                return Err(Complaint::local("a file and a trace cannot both go to standard output").into());
            }
            let before = shell.console.divert();
            let outcome = fetch(shell, remote, Some(local), expected);
            let outcome = conclude(shell, "get", remote, outcome);
            shell.console.restore(before);
            outcome?;
        }
        [remote, local] => {
            let outcome = fetch(shell, remote, Some(local), expected);
            conclude(shell, "get", remote, outcome)?;
        }
        files => {
            for remote in files {
                let outcome = fetch(shell, remote, None, expected);
                conclude(shell, "get", remote, outcome)?;
                if shell.is_interrupted() {
                    break;
                }
            }
        }
    }
    Ok(Next::Line)
}

/// `put file`, `put localname remotename`, `put file file ... remote-directory`
pub(in crate::shell) fn put(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    let Some((last, locals)) = words.split_last() else { return Ok(Next::Line) };
    let remote = Remote::named(&shell.session, last).map_err(|complaint| shell.mistake(complaint))?;
    hosts::turn_to(shell, remote.peer.as_ref(), remote.bookmark.as_ref());
    match locals {
        [] if remote.file.is_empty() => return Err(Complaint::local(format!("{last}: names no file")).into()),
        [] if last.is(STREAM) => {
            let reason = Complaint::local("say what to call it there: put - FILE");
            return Err(shell.mistake(reason).into());
        }
        [] => {
            let local = Word::new(&*remote.file);
            let outcome = store(shell, &remote, &local, false);
            conclude(shell, "put", &local, outcome)?;
        }
        [local] => {
            let outcome = store(shell, &remote, local, local.is(STREAM));
            conclude(shell, "put", local, outcome)?;
        }
        locals => {
            for local in locals {
                let folder = remote.file.strip_suffix(b"/").unwrap_or(&remote.file);
                let file = [folder, b"/", base_name(local.bytes())].concat().into();
                let outcome = store(shell, &Remote { file, ..remote.clone() }, local, false);
                conclude(shell, "put", local, outcome)?;
                if shell.is_interrupted() {
                    break;
                }
            }
        }
    }
    Ok(Next::Line)
}

/// Whether the command fills standard output with a file, so that no text may go there.
pub(in crate::shell) fn fills_stdout(words: &[Word]) -> bool {
    let [name, words @ ..] = words else { return false };
    let is_get = matches!(commands::find(name), Found::Command(command) if command.name == "get");
    is_get && matches!(Errands::read(words), Ok(Errands { files: [_, local], .. }) if local.is(STREAM))
}

/// What the words of get ask for.
struct Errands<'a> {
    files: &'a [Word],
    /// What the one file must be.
    expected: Option<Digest>,
}

impl<'a> Errands<'a> {
    /// `verify` and a digest at the end are no files. Digits that are not quite a digest are a mistake rather than files.
    /// A digest that was left out, as by an empty variable of a script, must not turn into a file called `verify`.
    fn read(words: &'a [Word]) -> Result<Self, Complaint> {
        let left_out = match words {
            [_, .., last] if last.is("verify") => true,
            [_, .., verify, last] => verify.is("verify") && last.bytes().is_empty(),
            _ => false,
        };
        if left_out {
            return Err(Complaint::local("verify lacks a digest (a local file of that name is ./verify)"));
        }
        let [files @ .., verify, digits] = words else { return Ok(Self { files: words, expected: None }) };
        let bytes = digits.bytes();
        if files.is_empty() || !verify.is("verify") || bytes.len() < 32 || !bytes.iter().all(u8::is_ascii_hexdigit) {
            return Ok(Self { files: words, expected: None });
        }
        match Digest::parse(bytes) {
            None => Err(Complaint::local(format_args!("a SHA-256 has 64 digits, not {}", bytes.len()))),
            Some(_) if files.len() > 2 => {
                Err(Complaint::local("verify is for one file: get FILE [LOCAL] verify DIGEST"))
            }
            expected => Ok(Self { files, expected }),
        }
    }
}

/// What became of a transfer that went well.
struct Done {
    report: Report,
    digest: Option<Digest>,
}

/// The name on the server, where there is one, and what became of the file.
type Outcomes = (Option<Vec<u8>>, Result<Done>);

/// Tells the outcome of one transfer; only what is no [`Complaint`] goes on to the caller.
fn conclude(shell: &mut Shell, command: &str, word: &Word, (file, outcome): Outcomes) -> Result<()> {
    let told = Outcome::of(command.as_bytes()).file(file.as_deref().unwrap_or(word.bytes()));
    let (told, outcome) = match outcome {
        Ok(Done { report, digest }) => (told.transferred(&report).digest(digest), Ok(())),
        Err(error) => match error.downcast_ref::<Complaint>() {
            Some(complaint) => (told.failed(complaint.status, &complaint.reason), Err(error)),
            None => return Err(error),
        },
    };
    shell.settle(format_args!("{command} {word}"), outcome)?;
    Ok(shell.console.tell(&told)?)
}

fn fetch(shell: &mut Shell, word: &Word, local: Option<&Word>, expected: Option<Digest>) -> Outcomes {
    match Remote::named(&shell.session, word) {
        Ok(remote) => {
            hosts::turn_to(shell, remote.peer.as_ref(), remote.bookmark.as_ref());
            let outcome = fetch_from(shell, &remote, word, local, expected);
            (Some(remote.file.into_owned()), outcome)
        }
        Err(complaint) => (None, Err(shell.mistake(complaint).into())),
    }
}

fn fetch_from(
    shell: &mut Shell,
    remote: &Remote<'_>,
    word: &Word,
    local: Option<&Word>,
    expected: Option<Digest>,
) -> Result<Done> {
    let peer = remote.peer.clone().ok_or_else(no_target)?;
    let settings = settings(shell, remote);
    let to_stdout = local.is_some_and(|local| local.is(STREAM));
    let local = local.cloned().unwrap_or_else(|| Word::new(base_name(&remote.file)));
    if local.bytes().is_empty() {
        return Err(Complaint::local(format!("{word}: names no file; say what to call it here")).into());
    }
    let mode = settings.transfer.mode;
    let target = if to_stdout { Target::stdout(mode) } else { Target::create(local.path(), mode) };
    let target = target
        .map_err(|error| Complaint::io(&local, &error))?
        .digested(settings.sha256 || shell.tracing.wants_digest(&settings));
    let mut target = match expected {
        Some(expected) => target.expecting(expected),
        None => target,
    };
    if settings.verbose {
        let file = Printable(&remote.file);
        shell.console.say(format_args!("getting from {}:{file} to {local} [{mode}]", peer.host))?;
    }
    let file = FileRef { host: &peer.host, port: peer.port, name: &remote.file };
    let outcome = watched(shell, &settings, &local, None, |client, watch| {
        client.get(&file, &settings.transfer, &mut target, watch)
    })?;
    remember(shell, &peer, &remote.file, &outcome);
    let report = outcome.map_err(|error| Complaint::transfer(&error, &local))?;
    finish(shell, &settings, "Received", &report, target.saw_nul().then_some(&local))?;
    let digest = target.digest();
    if expected.is_some() && !settings.quiet {
        shell.console.say("SHA-256 as expected.")?;
    }
    tell_digest(shell, &settings, digest, &local)?;
    Ok(Done { report, digest })
}

fn store(shell: &mut Shell, remote: &Remote<'_>, local: &Word, from_stdin: bool) -> Outcomes {
    (Some(remote.file.to_vec()), store_to(shell, remote, local, from_stdin))
}

fn store_to(shell: &mut Shell, remote: &Remote<'_>, local: &Word, from_stdin: bool) -> Result<Done> {
    let peer = remote.peer.clone().ok_or_else(no_target)?;
    let settings = settings(shell, remote);
    let mode = settings.transfer.mode;
    if from_stdin && shell.input != Input::CommandLine {
        let reason = "standard input is where the commands come from; -f FILE takes them from a file, \
            ./- is a file of this name";
        return Err(Complaint::local(reason).into());
    }
    let source = if from_stdin { Source::stdin(mode) } else { Source::open(local.path(), mode) };
    let mut source = source
        .map_err(|error| Complaint::io(local, &error))?
        .digested(settings.sha256 || shell.tracing.wants_digest(&settings));
    if settings.verbose {
        let file = Printable(&remote.file);
        shell.console.say(format_args!("putting {local} to {}:{file} [{mode}]", peer.host))?;
    }
    let file = FileRef { host: &peer.host, port: peer.port, name: &remote.file };
    let size = source.size();
    let outcome = watched(shell, &settings, local, size, |client, watch| {
        client.put(&file, &settings.transfer, &mut source, watch)
    })?;
    remember(shell, &peer, &remote.file, &outcome);
    let report = outcome.map_err(|error| Complaint::transfer(&error, local))?;
    finish(shell, &settings, "Sent", &report, source.saw_nul().then_some(local))?;
    tell_digest(shell, &settings, source.digest(), local)?;
    Ok(Done { report, digest: source.digest() })
}

fn no_target() -> Complaint {
    Complaint::said("No target machine specified.")
}

/// The session's, but for what the word itself says.
fn settings(shell: &Shell, remote: &Remote<'_>) -> Settings {
    let settings = shell.session.settings.clone();
    let mode = remote.mode.unwrap_or(settings.transfer.mode);
    Settings { transfer: Options { mode, ..settings.transfer }, ..settings }
}

/// Runs a transfer of the local `file` with everybody looking on who wants to.
fn watched(
    shell: &mut Shell,
    settings: &Settings,
    file: &Word,
    size: Option<u64>,
    run: impl FnOnce(&mut Requester, &mut Observers<'_>) -> Result<Report, ClientError>,
) -> Result<Result<Report, ClientError>> {
    notify_late(shell)?;
    let mut progress = progress(shell, file, size);
    shell.tracing.begin(settings, &shell.console, shell.plain);
    let mut notes = Notes::new(&mut shell.console.err, "tftp: ");
    let mut watch = Observers::none();
    // First, so that its line is gone when others write.
    if let Some(progress) = &mut progress {
        watch.add(progress);
    }
    // Before the notes, which speak of packets that were shown.
    if shell.tracing.is_on() {
        watch.add(&mut shell.tracing);
    }
    watch.add(&mut notes);
    let before = shell.client.faults().lock().clone();
    let outcome = run(&mut shell.client, &mut watch);
    trace::settle(shell)?;
    if let Some(told) = faults::on_purpose(&before, &shell.client.faults().lock()) {
        shell.console.summarise(&told, settings.verbose)?;
    }
    Ok(outcome)
}

/// Tells those who watched the last get which packets came and went behind its end.
pub(in crate::shell) fn notify_late(shell: &mut Shell) -> Result<()> {
    shell.tracing.keep_up(&shell.session.settings);
    if !shell.tracing.is_on() {
        return Ok(());
    }
    let mut watch = Observers::none();
    watch.add(&mut shell.tracing);
    shell.client.notify_late(&mut watch);
    trace::settle(shell)
}

/// A host named with a file becomes the default host, if there is such a host; Tab will know the file.
fn remember(shell: &mut Shell, peer: &Peer, file: &[u8], outcome: &Result<Report, ClientError>) {
    if outcome.is_ok() {
        shell.learn(&peer.host, file);
    }
    if !matches!(outcome, Err(ClientError::UnknownHost(_))) {
        shell.session.peer = Some(peer.clone());
    }
    if let Ok(report) = outcome {
        shell.session.last = Some(*report);
    }
}

/// A line that shows people how far the transfer of the local `file` is, where there are people, and no trace that shows
/// them more.
fn progress(shell: &Shell, file: &Word, size: Option<u64>) -> Option<Progress> {
    let settings = &shell.session.settings;
    let wanted = settings.progress && !settings.quiet && settings.tracing.is_none() && shell.console.is_observed();
    let form = if shell.plain { Progress::words } else { Progress::bar };
    wanted.then(|| form(&file.to_string(), size))
}

/// BSD's closing line and what the transfer cost; bits per second when verbose. `binary` is a file that was carried as
/// text and looks like none.
fn finish(shell: &mut Shell, settings: &Settings, done: &str, report: &Report, binary: Option<&Word>) -> Result<()> {
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
fn tell_digest(shell: &mut Shell, settings: &Settings, digest: Option<Digest>, local: &Word) -> Result<()> {
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
        let read = Errands::read(&words).map(|errands| (errands.files.len(), errands.expected.is_some()));
        read.map_err(|complaint| complaint.reason)
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
