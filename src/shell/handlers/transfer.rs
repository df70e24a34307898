//! get and put.

use std::net::Ipv6Addr;

use anyhow::Result;

use super::trace;
use crate::client::{ClientError, Order};
use crate::event::Watch;
use crate::files::{Source, Target};
use crate::session::{Peer, Session, Settings};
use crate::shell::complaint::Complaint;
use crate::shell::summary::summary;
use crate::shell::words::Word;
use crate::shell::{Next, Shell};
use crate::trace::{Notes, Progress};
use crate::transfer::Report;
use crate::wire::Printable;

/// `get file`, `get remotename localname`, `get file file file ...`
pub(in crate::shell) fn get(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    if let [remote, local] = words {
        let outcome = fetch(shell, remote, Some(local));
        shell.settle(format_args!("get {remote}"), outcome)?;
    } else {
        for remote in words {
            let outcome = fetch(shell, remote, None);
            shell.settle(format_args!("get {remote}"), outcome)?;
            if shell.is_interrupted() {
                break;
            }
        }
    }
    Ok(Next::Line)
}

/// `put file`, `put localname remotename`, `put file file ... remote-directory`
pub(in crate::shell) fn put(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    let Some((last, locals)) = words.split_last() else { return Ok(Next::Line) };
    let place = Place::named(&shell.session, last);
    match locals {
        [] if place.file.is_empty() => return Err(Complaint::local(format!("{last}: names no file")).into()),
        [] => {
            let local = Word::new(place.file);
            let outcome = store(shell, &place, &local, place.file);
            shell.settle(format_args!("put {local}"), outcome)?;
        }
        [local] => {
            let outcome = store(shell, &place, local, place.file);
            shell.settle(format_args!("put {local}"), outcome)?;
        }
        locals => {
            for local in locals {
                let folder = place.file.strip_suffix(b"/").unwrap_or(place.file);
                let remote = [folder, b"/", base_name(local.bytes())].concat();
                let outcome = store(shell, &place, local, &remote);
                shell.settle(format_args!("put {local}"), outcome)?;
                if shell.is_interrupted() {
                    break;
                }
            }
        }
    }
    Ok(Next::Line)
}

fn fetch(shell: &mut Shell, word: &Word, local: Option<&Word>) -> Result<()> {
    let place = Place::named(&shell.session, word);
    let peer = place.peer.clone().ok_or_else(no_target)?;
    let Settings { mode, verbose, .. } = shell.session.settings;
    let local = local.cloned().unwrap_or_else(|| Word::new(base_name(place.file)));
    if local.bytes().is_empty() {
        return Err(Complaint::local(format!("{word}: names no file; say what to call it here")).into());
    }
    let mut target = Target::create(local.path(), mode).map_err(|error| Complaint::io(&local, &error))?;
    if verbose {
        let remote = Printable(place.file);
        shell.console.say(format_args!("getting from {}:{remote} to {local} [{mode}]", peer.host))?;
    }
    let order = Order { host: &peer.host, port: peer.port, remote: place.file };
    let mut progress = progress(shell, &local, None);
    shell.tracing.begin(&shell.session.settings, &shell.console, shell.plain);
    let mut notes = Notes::new(&mut shell.console.err, "tftp: ");
    let mut watch = Watch::nobody();
    // First, so that its line is gone when others write.
    if let Some(progress) = &mut progress {
        watch.add(progress);
    }
    watch.add(&mut notes);
    if shell.tracing.is_on() {
        watch.add(&mut shell.tracing);
    }
    let outcome = shell.client.get(&order, &shell.session.settings, &mut target, &mut watch);
    trace::settle(shell)?;
    remember(shell, peer, &outcome);
    let report = outcome.map_err(|error| Complaint::transfer(&error, &local))?;
    finish(shell, "Received", &report, target.saw_nul().then_some(&local))
}

fn store(shell: &mut Shell, place: &Place<'_>, local: &Word, remote: &[u8]) -> Result<()> {
    let peer = place.peer.clone().ok_or_else(no_target)?;
    let Settings { mode, verbose, .. } = shell.session.settings;
    let mut source = Source::open(local.path(), mode).map_err(|error| Complaint::io(local, &error))?;
    if verbose {
        let remote = Printable(remote);
        shell.console.say(format_args!("putting {local} to {}:{remote} [{mode}]", peer.host))?;
    }
    let order = Order { host: &peer.host, port: peer.port, remote };
    let mut progress = progress(shell, local, source.size());
    shell.tracing.begin(&shell.session.settings, &shell.console, shell.plain);
    let mut notes = Notes::new(&mut shell.console.err, "tftp: ");
    let mut watch = Watch::nobody();
    // First, so that its line is gone when others write.
    if let Some(progress) = &mut progress {
        watch.add(progress);
    }
    watch.add(&mut notes);
    if shell.tracing.is_on() {
        watch.add(&mut shell.tracing);
    }
    let outcome = shell.client.put(&order, &shell.session.settings, &mut source, &mut watch);
    trace::settle(shell)?;
    remember(shell, peer, &outcome);
    let report = outcome.map_err(|error| Complaint::transfer(&error, local))?;
    finish(shell, "Sent", &report, source.saw_nul().then_some(local))
}

fn no_target() -> Complaint {
    Complaint::said("No target machine specified.")
}

/// A host named with a file becomes the default host, if there is such a host.
fn remember(shell: &mut Shell, peer: Peer, outcome: &Result<Report, ClientError>) {
    if !matches!(outcome, Err(ClientError::UnknownHost(_))) {
        shell.session.peer = Some(peer);
    }
    if let Ok(report) = outcome {
        shell.session.last = Some(*report);
    }
}

/// A line that shows people how far the transfer of the local `file` is, where there are people, and no trace that shows
/// them more.
fn progress(shell: &Shell, file: &Word, size: Option<u64>) -> Option<Progress> {
    let settings = &shell.session.settings;
    let wanted = settings.progress && !settings.quiet && settings.tracing.is_none() && shell.console.is_watched();
    let form = if shell.plain { Progress::words } else { Progress::bar };
    wanted.then(|| form(&file.to_string(), size))
}

/// BSD's closing line and what the transfer cost; bits per second when verbose. `binary` is a file that was carried as text and looks like none.
fn finish(shell: &mut Shell, done: &str, report: &Report, binary: Option<&Word>) -> Result<()> {
    let Settings { verbose, quiet, classic, .. } = shell.session.settings;
    let bytes = report.stats.bytes;
    let seconds = report.elapsed.as_secs_f64();
    let rate = if verbose {
        // A clock that saw no time pass would make the rate infinite.
        format!(" [{:.0} bits/sec]", bytes as f64 * 8.0 / seconds.max(1e-6))
    } else {
        String::new()
    };
    if !quiet {
        shell.console.say(format_args!("{done} {bytes} bytes in {seconds:.1} seconds{rate}"))?;
    }
    if !quiet && !classic {
        shell.console.summarise(&summary(report), verbose)?;
    }
    if let Some(file) = binary {
        let warning = "has a NUL in it and was carried as text (netascii); \"binary\" carries files as they are";
        shell.console.note(format_args!("tftp: warning: {file} {warning}"));
    }
    Ok(())
}

/// Where a file is on which server, as a word of get or put names it.
struct Place<'a> {
    /// The server named, else the connected one.
    peer: Option<Peer>,
    file: &'a [u8],
}

impl<'a> Place<'a> {
    /// Understands `file`, `host:file` and `[v6]:file`. A server named this way is asked at the current port.
    fn named(session: &Session, word: &'a Word) -> Self {
        let split = if session.settings.literal { None } else { split_host(word.bytes()) };
        match split {
            Some((host, file)) => {
                let port = session.peer.as_ref().map_or(session.default_port(), |peer| peer.port);
                Self { peer: Some(Peer { host: host.to_owned(), port }), file }
            }
            None => Self { peer: session.peer.clone(), file: word.bytes() },
        }
    }
}

/// Host and file of `host:file` or `[v6]:file`. A bare IPv6 address names no host, it is ambiguous.
fn split_host(word: &[u8]) -> Option<(&str, &[u8])> {
    let text = str::from_utf8(word).ok();
    if text.is_some_and(|text| text.parse::<Ipv6Addr>().is_ok()) {
        return None;
    }
    let bracketed = word.strip_prefix(b"[").and_then(|rest| cut(rest, b"]:"));
    let (host, file) = bracketed.or_else(|| cut(word, b":"))?;
    let host = str::from_utf8(host).ok().filter(|host| !host.is_empty())?;
    Some((host, file))
}

fn cut<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(separator.len()).position(|window| window == separator)?;
    Some((bytes.get(..place)?, bytes.get(place + separator.len()..)?))
}

/// The part behind the last slash.
fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_stands_before_the_first_colon_or_in_brackets() {
        for (word, expected) in [
            ("file", None),
            ("h:file", Some(("h", "file"))),
            ("h:a:b", Some(("h", "a:b"))),
            ("[::1]:file", Some(("::1", "file"))),
            ("[fe80::1%eth0]:f", Some(("fe80::1%eth0", "f"))),
            ("192.0.2.1:", Some(("192.0.2.1", ""))),
            (":file", None),
            ("::1", None),
            ("2001:db8::1", None),
        ] {
            let expected = expected.map(|(host, file): (&str, &str)| (host, file.as_bytes()));
            assert_eq!(split_host(word.as_bytes()), expected, "{word}");
        }
    }

    #[test]
    fn a_host_named_with_a_file_keeps_the_current_port() {
        let mut session = Session::default();
        let port = |session: &Session| Place::named(session, &Word::new("h:f")).peer.map(|peer| peer.port);
        assert_eq!(port(&session), Some(69));
        session.default_port = Some(1069);
        assert_eq!(port(&session), Some(1069));
        session.peer = Some(Peer { host: "other".to_owned(), port: 6969 });
        assert_eq!(port(&session), Some(6969));
        session.settings.literal = true;
        assert_eq!(Place::named(&session, &Word::new("h:f")).file, b"h:f");
    }

    #[test]
    fn the_local_name_is_what_stands_behind_the_last_slash() {
        assert_eq!(base_name(b"/tftpboot/fw.bin"), b"fw.bin");
        assert_eq!(base_name(b"fw.bin"), b"fw.bin");
        assert_eq!(base_name(b"folder/"), b"");
    }
}
