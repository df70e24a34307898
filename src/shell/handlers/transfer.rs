//! get, put and size.

use std::mem;

use crate::client::FileRef;
use crate::files::{Digest, Source, Target};
use crate::language::{Get, Put, Sha256, Verb, Word, parse};
use crate::session::Session;
use crate::shell::local_names::{self, LocalName, has_pattern};
use crate::shell::remote::{Remote, base_name};
use crate::shell::transfer::Transfer;
use crate::shell::workspace::Connection;
use crate::shell::{CommandError, Fatal, Handled, HandlerError, InputSource, Outcome, OutcomeRecord, Shell};
use crate::terminal::Subject;
use crate::transfer::Report;
use crate::wire::{Mode, Printable};

/// The local name of standard output, and of standard input.
const STREAM: &str = "-";

/// Receives one file under a name, or several under their own.
pub(crate) fn get(shell: &mut Shell<'_>, get: &Get) -> Handled {
    let Get { remotes, local, digest } = get;
    let digest = digest.map(|Sha256(digits)| Digest::from(digits));
    let is_stream = local.as_ref().is_some_and(|local| local.is(STREAM));
    let others = [("--json", shell.console.json), ("a trace", shell.workspace.tracing.has_stdout())];
    let other = others.iter().find(|(_, has_stdout)| is_stream && *has_stdout);
    let mut series = Series::begin(shell);
    for remote in remotes {
        if !series.goes_on(shell) {
            break;
        }
        let subject = subject(shell, "get", remote, remotes.len() > 1);
        let latest = match (local, other) {
            (Some(local), Some((other, _))) => {
                let error = CommandError::Local(format!("a file and {other} cannot both go to standard output"));
                let record = OutcomeRecord::of(b"get").file(remote.bytes()).local(local);
                report(shell, &subject, record, Err(shell.mistake(error).into()))?
            }
            (Some(_), None) if is_stream => {
                let console = shell.console.diverted();
                fetch(&mut shell.nested(console), &subject, remote, local.as_ref(), digest)?
            }
            (local, _) => fetch(shell, &subject, remote, local.as_ref(), digest)?,
        };
        if is_stream && latest.failure.as_ref().is_some_and(CommandError::is_broken_pipe) {
            shell.console.lose_reader();
        }
        series.add(shell, latest);
    }
    Ok(series.end(shell))
}

/// Sends one file under a name, several into a directory, or each under its own name.
pub(crate) fn put(shell: &mut Shell<'_>, put: &Put) -> Handled {
    if let Some(to) = &put.to
        && let Err(error) = destination(&shell.workspace.session, to)
    {
        let record = OutcomeRecord::of(b"put").file(to.bytes());
        let record = if let [local] = put.locals.as_slice() { record.local(local) } else { record };
        return Ok(report(shell, &Subject::command("put"), record, Err(shell.mistake(error).into()))?);
    }
    let several = put.locals.len() > 1 || put.locals.iter().any(has_pattern);
    let mut series = Series::begin(shell);
    for word in &put.locals {
        let uploads = match uploads(shell, word, put.to.as_ref(), several) {
            Ok(uploads) => uploads,
            Err(error) => {
                let record = OutcomeRecord::of(b"put").local(word);
                let subject = subject(shell, "put", word, several);
                let latest = report(shell, &subject, record, Err(error.into()))?;
                series.add(shell, latest);
                continue;
            }
        };
        for (local, remote) in uploads {
            if !series.goes_on(shell) {
                return Ok(series.end(shell));
            }
            shell.workspace.switch_to(remote.peer.as_ref(), remote.bookmark.as_ref(), shell.setup.pinned);
            let latest = store(shell, &remote, &local, several)?;
            series.add(shell, latest);
        }
    }
    Ok(series.end(shell))
}

/// Finds the files that a word means, and the place of each on the server.
fn uploads<'a>(
    shell: &Shell<'_>,
    word: &'a Word,
    to: Option<&'a Word>,
    several: bool,
) -> Result<Vec<(Word, Remote<'a>)>, CommandError> {
    let session = &shell.workspace.session;
    let Some(to) = to else {
        let remote = Remote::named(session, word).map_err(|error| shell.mistake(error))?;
        if remote.file.is_empty() && !word.bytes().is_empty() {
            return Err(CommandError::local(format_args!("{word}: does not name a file")));
        }
        let files = local_names::files(&remote.local(word))?;
        let place = |LocalName { path, name }| (path, Remote { file: name.bytes().to_vec().into(), ..remote.clone() });
        return Ok(files.into_iter().map(place).collect());
    };
    let remote = destination(session, to)?;
    if word.is(STREAM) {
        return Ok(vec![(word.clone(), remote)]);
    }
    let directory = remote.file.strip_suffix(b"/").unwrap_or(&remote.file);
    let place = |LocalName { path, .. }: LocalName| {
        let file = [directory, b"/", base_name(path.bytes())].concat().into();
        (path, if several { Remote { file, ..remote.clone() } } else { remote.clone() })
    };
    Ok(local_names::files(word)?.into_iter().map(place).collect())
}

/// Reads the name or directory on the server that a put ends with.
fn destination<'a>(session: &Session, to: &'a Word) -> Result<Remote<'a>, CommandError> {
    if has_pattern(to) {
        let rule = "only local names can have a * outside quotes; use mput for several patterns";
        return Err(CommandError::local(format_args!("{to}: {rule}")));
    }
    Remote::named(session, to)
}

/// The transfers of one command.
///
/// A server named with a file becomes the connected one with its first success. Until then it is so for the files that
/// follow in the same line, which would otherwise come from another server than the one that was named for them.
struct Series {
    connection: Connection,
    outcome: Outcome,
    has_begun: bool,
}

impl Series {
    fn begin(shell: &Shell<'_>) -> Self {
        Self { connection: shell.workspace.connection(), outcome: Outcome::done(), has_begun: false }
    }

    /// Whether the next transfer may begin: not after a signal, nor without a server, which one report is enough for.
    fn goes_on(&mut self, shell: &Shell<'_>) -> bool {
        let is_cut_short = mem::replace(&mut self.has_begun, true) && shell.ends_here();
        if is_cut_short {
            self.add(shell, Outcome::interrupted());
        }
        !is_cut_short && !matches!(self.outcome.failure, Some(CommandError::NoTarget(_)))
    }

    /// Adds the outcome of a transfer with the current server.
    fn add(&mut self, shell: &Shell<'_>, latest: Outcome) {
        if !latest.is_failure() {
            self.connection = shell.workspace.connection();
        }
        self.outcome = mem::take(&mut self.outcome).then(latest);
    }

    /// Keeps the last server that did what it was asked for.
    fn end(self, shell: &mut Shell<'_>) -> Outcome {
        shell.workspace.return_to(self.connection);
        self.outcome
    }
}

/// What a failure of this file, one of several or the only one, is about.
fn subject(shell: &Shell<'_>, command: &str, file: &Word, several: bool) -> Subject {
    Subject::command(command).file(file, several, shell.workspace.session.settings.classic)
}

/// Prints the size of a file on a server.
pub(crate) fn size(shell: &mut Shell<'_>, word: &Word) -> Handled {
    let subject = subject(shell, "size", word, false);
    let mut series = Series::begin(shell);
    let record = OutcomeRecord::of(b"size");
    let (record, result) = match Remote::named(&shell.workspace.session, word) {
        Ok(remote) => {
            shell.workspace.switch_to(remote.peer.as_ref(), remote.bookmark.as_ref(), shell.setup.pinned);
            let remote = Remote { mode: Some(Mode::Octet), ..remote };
            let record = about(record, shell, &remote);
            (record, size_of(shell, &subject, &remote, word))
        }
        Err(error) => (record.file(word.bytes()), Err(shell.mistake(error).into())),
    };
    let (record, outcome) = match result {
        Ok((traces, size)) => {
            shell.console.say(size)?;
            (record.bytes(size), traces)
        }
        Err(error) => (record, shell.reported(&subject, Err(error))?),
    };
    let outcome = shell.record(record, outcome)?;
    series.add(shell, outcome);
    Ok(series.end(shell))
}

fn size_of(
    shell: &mut Shell<'_>,
    subject: &Subject,
    remote: &Remote<'_>,
    word: &Word,
) -> Result<(Outcome, u64), HandlerError> {
    let transfer = Transfer::new(shell, subject, remote, word)?;
    let Transfer { peer, settings, .. } = &transfer;
    let file = FileRef { host: &peer.host, port: peer.port, name: &remote.file };
    let (traces, size) = transfer.ask(shell, |client, observers| client.size(&file, &settings.transfer, observers))?;
    Ok((traces, size.ok_or(CommandError::UnknownSize)?))
}

/// Whether the command fills standard output with a file, so that no text may go there.
pub(crate) fn fills_stdout(words: &[Word]) -> bool {
    matches!(parse(words), Ok(Verb::Get(Get { local: Some(local), .. })) if local.is(STREAM))
}

/// A transfer that succeeded.
struct Done {
    /// The outcome of its traces.
    traces: Outcome,
    report: Report,
    digest: Option<Digest>,
}

/// The record of a transfer between these files.
fn record(shell: &Shell<'_>, subject: &Subject, remote: &Remote<'_>, local: &Word) -> OutcomeRecord {
    about(OutcomeRecord::of(subject.name().as_bytes()).local(local), shell, remote)
}

/// The record, about a file on a server.
fn about(record: OutcomeRecord, shell: &Shell<'_>, remote: &Remote<'_>) -> OutcomeRecord {
    let mode = remote.mode.unwrap_or(shell.workspace.session.settings.transfer.mode);
    let record = record.file(&remote.file).mode(mode);
    match &remote.peer {
        Some(peer) => record.server(peer.given_name().as_bytes(), Some(peer.port)),
        None => record,
    }
}

/// Reports the outcome of one transfer, in words and as a record.
fn report(
    shell: &Shell<'_>,
    subject: &Subject,
    record: OutcomeRecord,
    result: Result<Done, HandlerError>,
) -> Result<Outcome, Fatal> {
    let (record, outcome) = match result {
        Ok(Done { traces, report, digest }) => (record.transferred(&report).digest(digest), traces),
        Err(error) => (record, shell.reported(subject, Err(error))?),
    };
    shell.record(record, outcome)
}

fn fetch(
    shell: &mut Shell<'_>,
    subject: &Subject,
    word: &Word,
    local: Option<&Word>,
    expected: Option<Digest>,
) -> Result<Outcome, Fatal> {
    let to_stdout = local.is_some_and(|local| local.is(STREAM));
    let target = match local {
        Some(local) if !to_stdout => local_names::written(local).map(Some),
        local => Ok(local.cloned()),
    };
    let named = target.and_then(|target| Ok((Remote::named(&shell.workspace.session, word)?, target)));
    match named {
        Ok((remote, target)) => {
            shell.workspace.switch_to(remote.peer.as_ref(), remote.bookmark.as_ref(), shell.setup.pinned);
            let local = target.unwrap_or_else(|| Word::new(base_name(&remote.file)));
            let record = record(shell, subject, &remote, &local);
            let result = fetch_from(shell, subject, &remote, (word, &local, to_stdout), expected);
            report(shell, subject, record, result)
        }
        Err(error) => {
            let record = OutcomeRecord::of(b"get").file(word.bytes());
            let record = if let Some(local) = local { record.local(local) } else { record };
            report(shell, subject, record, Err(shell.mistake(error).into()))
        }
    }
}

fn fetch_from(
    shell: &mut Shell<'_>,
    subject: &Subject,
    remote: &Remote<'_>,
    (word, local, to_stdout): (&Word, &Word, bool),
    expected: Option<Digest>,
) -> Result<Done, HandlerError> {
    let transfer = Transfer::new(shell, subject, remote, local)?;
    let Transfer { peer, settings, .. } = &transfer;
    if local.bytes().is_empty() {
        return Err(CommandError::local(format!("{word}: does not name a file; give a local name")).into());
    }
    let mode = settings.transfer.mode;
    let stop = shell.stop();
    let target = if to_stdout { Target::stdout(mode, stop) } else { Target::create_until(local.path(), mode, stop) };
    let target = target.map_err(|error| CommandError::file(local, error))?.digested(transfer.wants_digest(shell));
    let mut target = if let Some(digest) = expected { target.expecting(digest) } else { target };
    if settings.verbose {
        let file = Printable(&remote.file).brief();
        shell.console.say(format_args!("getting from {}:{file} to {local} [{mode}]", peer.host))?;
    }
    let file = FileRef { host: &peer.host, port: peer.port, name: &remote.file };
    let (traces, report) =
        transfer.run(shell, None, |client, observers| client.get(&file, &settings.transfer, &mut target, observers))?;
    transfer.finish(shell, "Received", &report, target.saw_nul())?;
    if expected.is_some() && !settings.quiet {
        shell.console.say("SHA-256 as expected.")?;
    }
    let digest = target.digest();
    transfer.say_digest(shell, digest)?;
    Ok(Done { traces, report, digest })
}

/// Sends a file, one of several or the only one.
fn store(shell: &mut Shell<'_>, remote: &Remote<'_>, local: &Word, several: bool) -> Result<Outcome, Fatal> {
    let subject = subject(shell, "put", local, several);
    let record = record(shell, &subject, remote, local);
    let result = store_to(shell, &subject, remote, local, !several && local.is(STREAM));
    report(shell, &subject, record, result)
}

fn store_to(
    shell: &mut Shell<'_>,
    subject: &Subject,
    remote: &Remote<'_>,
    local: &Word,
    from_stdin: bool,
) -> Result<Done, HandlerError> {
    let transfer = Transfer::new(shell, subject, remote, local)?;
    let Transfer { peer, settings, .. } = &transfer;
    if from_stdin && shell.input != InputSource::CommandLine {
        let reason = "standard input has the commands; use -f FILE for them, or write ./- for a file of that name";
        return Err(CommandError::local(reason).into());
    }
    let mode = settings.transfer.mode;
    let stop = shell.stop();
    let source = if from_stdin { Source::stdin(mode, stop) } else { Source::open_until(local.path(), mode, stop) };
    let source = source.map_err(|error| CommandError::file(local, error))?;
    let mut source = source.digested(transfer.wants_digest(shell));
    if settings.verbose {
        let file = Printable(&remote.file).brief();
        shell.console.say(format_args!("putting {local} to {}:{file} [{mode}]", peer.host))?;
    }
    let file = FileRef { host: &peer.host, port: peer.port, name: &remote.file };
    let size = source.size();
    let (traces, report) =
        transfer.run(shell, size, |client, observers| client.put(&file, &settings.transfer, &mut source, observers))?;
    transfer.finish(shell, "Sent", &report, source.saw_nul())?;
    let digest = source.digest();
    transfer.say_digest(shell, digest)?;
    Ok(Done { traces, report, digest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::split;

    #[test]
    fn a_get_to_a_dash_fills_standard_output() {
        let fills = |line: &str| fills_stdout(&split(line.as_bytes()).expect(line).words);
        assert!(fills("get f -") && fills("g f -") && fills(&format!("get f - verify {}", "0".repeat(64))));
        assert!(!fills("get f ./-") && !fills("get -") && !fills("get f g -") && !fills("put f -") && !fills(""));
    }
}
