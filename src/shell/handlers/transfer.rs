//! get and put.

use crate::client::FileRef;
use crate::files::{Digest, Source, Target};
use crate::language::{Get, Put, Sha256, Verb, Word, parse};
use crate::shell::remote::{Remote, base_name};
use crate::shell::transfer::Transfer;
use crate::shell::workspace::Connection;
use crate::shell::{CommandError, Fatal, Handled, HandlerError, InputSource, Outcome, OutcomeRecord, Shell};
use crate::terminal::Subject;
use crate::transfer::Report;
use crate::wire::Printable;

/// The local name of standard output, and of standard input.
const STREAM: &str = "-";

/// Receives one file under a name, or several under their own.
pub(crate) fn get(shell: &mut Shell<'_>, get: &Get) -> Handled {
    let Get { remotes, local, digest } = get;
    let digest = digest.map(|Sha256(digits)| Digest::from(digits));
    let is_stream = local.as_ref().is_some_and(|local| local.is(STREAM));
    let others = [("--json", shell.console.json), ("a trace", shell.workspace.tracing.has_stdout())];
    let other = others.iter().find(|(_, has_stdout)| is_stream && *has_stdout);
    let mut switch = Switch::begin(shell);
    let mut outcome = Outcome::done();
    for (index, remote) in remotes.iter().enumerate() {
        if index > 0 && shell.ends_here() {
            outcome = outcome.then(Outcome::interrupted());
            break;
        }
        let subject = subject(shell, "get", remote, remotes.len());
        let latest = match (local, other) {
            (Some(local), Some((other, _))) => {
                let error = format!("a file and {other} cannot both go to standard output");
                let record = OutcomeRecord::of(b"get").file(remote.bytes()).local(local);
                report(shell, &subject, record, Err(shell.mistake(CommandError::Local(error)).into()))?
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
        switch.note(shell, &latest);
        let is_over = lacks_target(&latest);
        outcome = outcome.then(latest);
        if is_over {
            break;
        }
    }
    switch.end(shell);
    Ok(outcome)
}

/// Sends one file under a name, or several into a directory.
pub(crate) fn put(shell: &mut Shell<'_>, put: &Put) -> Handled {
    let Put { locals, remote: word } = put;
    let remote = match Remote::named(&shell.workspace.session, word).map_err(|error| shell.mistake(error)) {
        Ok(remote) if !locals.is_empty() || !remote.file.is_empty() => remote,
        refused => {
            let nameless = || CommandError::local(format_args!("{word}: does not name a file"));
            let error = refused.err().unwrap_or_else(nameless);
            let record = OutcomeRecord::of(b"put").file(word.bytes());
            let record = if let [local] = locals.as_slice() { record.local(local) } else { record };
            return Ok(report(shell, &Subject::command("put"), record, Err(error.into()))?);
        }
    };
    let mut switch = Switch::begin(shell);
    shell.workspace.switch_to(remote.peer.as_ref(), remote.bookmark.as_ref(), shell.setup.pinned);
    let outcome = match locals.as_slice() {
        [] => store(shell, &remote, &Word::new(&*remote.file), 1, false)?,
        [local] => store(shell, &remote, local, 1, local.is(STREAM))?,
        locals => store_all(shell, &remote, locals, &mut switch)?,
    };
    switch.note(shell, &outcome);
    switch.end(shell);
    Ok(outcome)
}

/// Sends files into a directory.
fn store_all(
    shell: &mut Shell<'_>,
    remote: &Remote<'_>,
    locals: &[Word],
    switch: &mut Switch,
) -> Result<Outcome, Fatal> {
    let mut outcome = Outcome::done();
    let directory = remote.file.strip_suffix(b"/").unwrap_or(&remote.file);
    for (index, local) in locals.iter().enumerate() {
        if index > 0 && shell.ends_here() {
            return Ok(outcome.then(Outcome::interrupted()));
        }
        let file = [directory, b"/", base_name(local.bytes())].concat().into();
        let latest = store(shell, &Remote { file, ..remote.clone() }, local, locals.len(), false)?;
        switch.note(shell, &latest);
        let is_over = lacks_target(&latest);
        outcome = outcome.then(latest);
        if is_over {
            break;
        }
    }
    Ok(outcome)
}

/// A server named with a file becomes the connected one with its first success. Until then it is so for the files that
/// follow in the same line, which would otherwise come from another server than the one that was named for them.
struct Switch(Connection);

impl Switch {
    fn begin(shell: &Shell<'_>) -> Self {
        Self(shell.workspace.connection())
    }

    /// Notes the outcome of a transfer with the current server.
    fn note(&mut self, shell: &Shell<'_>, outcome: &Outcome) {
        if !outcome.is_failure() {
            self.0 = shell.workspace.connection();
        }
    }

    /// Keeps the last server that did what it was asked for.
    fn end(self, shell: &mut Shell<'_>) {
        shell.workspace.return_to(self.0);
    }
}

/// What a failure of this file, one of so many, is about.
fn subject(shell: &Shell<'_>, command: &str, file: &Word, count: usize) -> Subject {
    Subject::command(command).file(file, count > 1, shell.workspace.session.settings.classic)
}

/// Whether no server was named: then the other files of a command have none either, and one report is enough.
fn lacks_target(outcome: &Outcome) -> bool {
    matches!(outcome.failure, Some(CommandError::NoTarget(_)))
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
    let mode = remote.mode.unwrap_or(shell.workspace.session.settings.transfer.mode);
    let record = OutcomeRecord::of(subject.name().as_bytes()).file(&remote.file).local(local).mode(mode);
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
    match Remote::named(&shell.workspace.session, word) {
        Ok(remote) => {
            shell.workspace.switch_to(remote.peer.as_ref(), remote.bookmark.as_ref(), shell.setup.pinned);
            let to_stdout = local.is_some_and(|local| local.is(STREAM));
            let local = local.cloned().unwrap_or_else(|| Word::new(base_name(&remote.file)));
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

/// Sends a file, one of so many.
fn store(
    shell: &mut Shell<'_>,
    remote: &Remote<'_>,
    local: &Word,
    count: usize,
    from_stdin: bool,
) -> Result<Outcome, Fatal> {
    let subject = subject(shell, "put", local, count);
    let record = record(shell, &subject, remote, local);
    let result = store_to(shell, &subject, remote, local, from_stdin);
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
