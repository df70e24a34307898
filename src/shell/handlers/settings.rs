//! Commands that change or show the session.

use std::env;
use std::fmt::Display;
use std::str::FromStr;

use super::faults;
use super::local_files::directory_line;
use crate::client::{Negotiation, resolve};
use crate::session::{Peer, Session, Settings, parse_mode, parse_port, parse_seconds};
use crate::shell::words::Word;
use crate::shell::{CommandError, HandlerError, Outcome, Shell};
use crate::trace::units::seconds;
use crate::transfer::{RetryPolicy, Rexmt};
use crate::wire::{Mode, Terms};

/// Looks the host up and remembers it; nothing is sent. The earlier connection is dropped in any case.
pub(in crate::shell) fn connect(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    shell.workspace.session.peer = None;
    let Some((host, port)) = words.split_first() else { return Ok(Outcome::done()) };
    let port = port.first().map(self::port).transpose()?;
    let name = host.text().ok_or_else(|| CommandError::classic(format!("{host}: unknown host (not UTF-8)")))?;
    let name = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    let bookmark = shell.workspace.session.bookmark(name).cloned();
    let name = bookmark.as_ref().map_or(name, |bookmark| bookmark.host.as_str());
    let port = port.unwrap_or_else(|| shell.workspace.session.port(bookmark.as_ref()));
    resolve(name, port, shell.workspace.session.settings.transfer.family).map_err(CommandError::UnknownHost)?;
    let peer = Peer { host: name.to_owned(), port };
    shell.workspace.switch_to(Some(&peer), bookmark.as_ref(), shell.setup.pinned);
    shell.workspace.session.peer = Some(peer);
    Ok(Outcome::done())
}

/// A port that must be one.
pub(in crate::shell) fn port(word: &Word) -> Result<u16, CommandError> {
    parse_port(word.bytes()).ok_or_else(|| CommandError::classic(format!("{word}: bad port number")))
}

pub(in crate::shell) fn mode(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    let Some(word) = words.first() else {
        let mode = shell.workspace.session.settings.transfer.mode;
        return shell.answer(format_args!("Using {mode} mode to transfer files."));
    };
    if word.is("mail") {
        return Err(CommandError::classic("mail: obsolete mode, not supported (RFC 1350 section 1)").into());
    }
    match parse_mode(word.bytes()) {
        Some(mode) => set_mode(shell, mode),
        None => Err(CommandError::UnknownMode(word.clone()).into()),
    }
}

pub(in crate::shell) fn binary(shell: &mut Shell<'_>, _: &[Word]) -> Result<Outcome, HandlerError> {
    set_mode(shell, Mode::Octet)
}

pub(in crate::shell) fn ascii(shell: &mut Shell<'_>, _: &[Word]) -> Result<Outcome, HandlerError> {
    set_mode(shell, Mode::Netascii)
}

fn set_mode(shell: &mut Shell<'_>, mode: Mode) -> Result<Outcome, HandlerError> {
    shell.workspace.session.settings.transfer.mode = mode;
    shell.workspace.overrides.mode = None;
    if shell.workspace.session.settings.verbose {
        shell.console.say(format_args!("mode set to {mode}"))?;
    }
    Ok(Outcome::done())
}

pub(in crate::shell) fn verbose(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    switch(shell, words, "Verbose mode", |settings| &mut settings.verbose)
}

pub(in crate::shell) fn literal(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    switch(shell, words, "Literal mode", |settings| &mut settings.literal)
}

pub(in crate::shell) fn progress(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    switch(shell, words, "Progress display", |settings| &mut settings.progress)
}

pub(in crate::shell) fn tsize(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    switch(shell, &auto_is_off(words), "Tsize mode", |settings| &mut settings.transfer.tsize)
}

pub(in crate::shell) fn tout(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    switch(shell, &auto_is_off(words), "Timeout option", |settings| &mut settings.transfer.tout)
}

/// These toggles start off: what is asked for automatically does not need them.
fn auto_is_off(words: &[Word]) -> Vec<Word> {
    words.iter().map(|word| if word.is("auto") { Word::new("off") } else { word.clone() }).collect()
}

/// Toggles, or sets where a word says on or off, and answers as BSD does.
fn switch(
    shell: &mut Shell<'_>,
    words: &[Word],
    title: &str,
    setting: fn(&mut Settings) -> &mut bool,
) -> Result<Outcome, HandlerError> {
    let setting = setting(&mut shell.workspace.session.settings);
    *setting = match words.first() {
        None => !*setting,
        Some(word) if word.is("on") => true,
        Some(word) if word.is("off") => false,
        Some(word) => return Err(CommandError::bad_value(word).into()),
    };
    let state = on_off(*setting);
    shell.answer(format_args!("{title} {state}."))
}

pub(in crate::shell) fn rexmt(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    shell.workspace.session.settings.transfer.retry.rexmt =
        value(words, parse_seconds)?.map_or(Rexmt::Auto, Rexmt::Fixed);
    Ok(Outcome::done())
}

pub(in crate::shell) fn timeout(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    shell.workspace.session.settings.transfer.retry.timeout =
        value(words, parse_seconds)?.unwrap_or(RetryPolicy::default().timeout);
    Ok(Outcome::done())
}

pub(in crate::shell) fn blksize(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    shell.workspace.session.settings.transfer.blksize = value(words, parse)?;
    shell.workspace.overrides.blksize = None;
    Ok(Outcome::done())
}

pub(in crate::shell) fn windowsize(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    shell.workspace.session.settings.transfer.windowsize = value(words, parse)?;
    Ok(Outcome::done())
}

fn parse<T: FromStr>(word: &[u8]) -> Option<T> {
    str::from_utf8(word).ok()?.parse().ok()
}

/// The value the first word says, `None` where it says `auto`.
fn value<T>(words: &[Word], parse: fn(&[u8]) -> Option<T>) -> Result<Option<T>, CommandError> {
    match words.first() {
        Some(word) if !word.is("auto") => parse(word.bytes()).map(Some).ok_or_else(|| CommandError::bad_value(word)),
        _ => Ok(None),
    }
}

pub(in crate::shell) fn options(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    let settings = &mut shell.workspace.session.settings;
    match words.first() {
        None => {
            let options = options_name(settings.transfer.negotiation);
            return shell.answer(format_args!("Options: {options}"));
        }
        Some(word) if word.is("auto") => settings.transfer.negotiation = Negotiation::Auto,
        Some(word) if word.is("on") => settings.transfer.negotiation = Negotiation::On,
        Some(word) if word.is("off") => settings.transfer.negotiation = Negotiation::Off,
        Some(word) => return Err(CommandError::bad_value(word).into()),
    }
    if settings.verbose {
        let options = options_name(settings.transfer.negotiation);
        shell.console.say(format_args!("options set to {options}"))?;
    }
    Ok(Outcome::done())
}

/// Three lines as BSD has them, then what it does not know.
pub(in crate::shell) fn status(shell: &mut Shell<'_>, _: &[Word]) -> Result<Outcome, HandlerError> {
    let Session { peer, settings, last, .. } = &shell.workspace.session;
    let mut lines = vec![
        match peer {
            Some(peer) => format!("Connected to {}.", peer.host),
            None => "Not connected.".to_owned(),
        },
        format!(
            "Mode: {} Verbose: {} Tracing: {}",
            settings.transfer.mode,
            on_off(settings.verbose),
            on_off(settings.tracing.is_some())
        ),
        format!(
            "Rexmt-interval: {}, Max-timeout: {}",
            interval(settings.transfer.retry.rexmt),
            seconds(settings.transfer.retry.timeout)
        ),
    ];
    if !settings.classic {
        let port = peer.as_ref().map_or(shell.workspace.session.default_port(), |peer| peer.port);
        lines.push(format!("Port: {port}, Literal: {}", on_off(settings.literal)));
        lines.push(format!(
            "Options: {}, Blksize: {}, Windowsize: {}, Tsize: {}, Timeout: {}",
            options_name(settings.transfer.negotiation),
            or_auto(settings.transfer.blksize),
            or_auto(settings.transfer.windowsize),
            on_off(settings.transfer.tsize),
            on_off(settings.transfer.tout),
        ));
        if let Some(report) = last {
            let Terms { blksize, windowsize, .. } = report.terms;
            lines.push(format!(
                "Last transfer: {} bytes, blksize {blksize}, windowsize {windowsize}",
                report.stats.bytes
            ));
        }
        lines.extend(super::trace::brief(shell));
        lines.extend(env::current_dir().ok().map(|directory| directory_line(&directory)));
        lines.extend(shell.workspace.serving.as_ref().map(|serving| format!("Serving: {}", serving.status())));
        lines.extend(settings.transfer.bug.map(faults::client_bug));
        let faults = shell.workspace.client.faults().lock();
        lines.extend(faults.rules().next().map(|_| faults.to_string()));
    }
    for line in lines {
        shell.console.say(line)?;
    }
    Ok(Outcome::done())
}

fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

fn options_name(options: Negotiation) -> &'static str {
    match options {
        Negotiation::Auto => "auto",
        Negotiation::On => "on",
        Negotiation::Off => "off",
    }
}

fn or_auto(value: Option<impl Display>) -> String {
    value.map_or_else(|| "auto".to_owned(), |value| value.to_string())
}

fn interval(rexmt: Rexmt) -> String {
    match rexmt {
        Rexmt::Auto => "auto".to_owned(),
        Rexmt::Fixed(time) => seconds(time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_plain_numbers_above_zero() {
        assert_eq!(port(&Word::new("6969")).ok(), Some(6969));
        for bad in ["0", "65536", "+5", "", "tftp", "6 9"] {
            assert_eq!(port(&Word::new(bad)).map_err(|it| it.to_string()), Err(format!("{bad}: bad port number")));
        }
    }
}
