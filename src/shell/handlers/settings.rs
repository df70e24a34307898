//! Commands that change or show the session.

use std::env;
use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use anyhow::Result;

use super::local::folder_line;
use super::{faults, hosts};
use crate::client::{Negotiation, resolve};
use crate::session::{Peer, Session, Settings, parse_mode, parse_port, parse_seconds};
use crate::shell::commands::exact;
use crate::shell::complaint::Complaint;
use crate::shell::words::Word;
use crate::shell::{Next, Shell};
use crate::transfer::{RetryPolicy, Rexmt};
use crate::wire::{Mode, Printable, Terms};

/// Looks the host up and remembers it; nothing is sent. The earlier connection is dropped in any case.
pub(in crate::shell) fn connect(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    shell.session.peer = None;
    let Some((host, port)) = words.split_first() else { return Ok(Next::Line) };
    let port = port.first().map(self::port).transpose()?;
    let name = host.text().ok_or_else(|| Complaint::said(format!("{host}: unknown host (not UTF-8)")))?;
    let name = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
    let bookmark = shell.session.bookmark(name).cloned();
    let name = bookmark.as_ref().map_or(name, |bookmark| bookmark.host.as_str());
    let port = port.unwrap_or_else(|| shell.session.port(bookmark.as_ref()));
    resolve(name, port, shell.session.settings.transfer.family)
        .map_err(|unknown| Complaint { hint: apart(name), ..Complaint::said(unknown) })?;
    let peer = Peer { host: name.to_owned(), port };
    hosts::turn_to(shell, Some(&peer), bookmark.as_ref());
    shell.session.peer = Some(peer);
    Ok(Next::Line)
}

/// What to do about a `host:port`, which others take.
fn apart(name: &str) -> Option<String> {
    let (host, port) = name.rsplit_once(':').filter(|(host, _)| !host.is_empty())?;
    parse_port(port.as_bytes())?;
    Some(format!("A port stands behind a blank: {} {port}", Printable(host.as_bytes())))
}

/// A port that must be one.
pub(in crate::shell) fn port(word: &Word) -> Result<u16, Complaint> {
    parse_port(word.bytes()).ok_or_else(|| Complaint::said(format!("{word}: bad port number")))
}

pub(in crate::shell) fn mode(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    let Some(word) = words.first() else {
        let mode = shell.session.settings.transfer.mode;
        shell.console.say(format_args!("Using {mode} mode to transfer files."))?;
        return Ok(Next::Line);
    };
    if word.is("mail") {
        return Err(Complaint::said("mail: obsolete mode, not supported (RFC 1350 section 1)").into());
    }
    match parse_mode(word.bytes()) {
        Some(mode) => set_mode(shell, mode),
        None => {
            let reason = format!("{word}: unknown mode");
            let usage = exact(&Word::new("mode")).map(|mode| Complaint::usage(mode).reason).unwrap_or_default();
            Err(Complaint { said: Some(format!("{reason}\n{usage}")), ..Complaint::local(reason) }.into())
        }
    }
}

pub(in crate::shell) fn binary(shell: &mut Shell, _: &[Word]) -> Result<Next> {
    set_mode(shell, Mode::Octet)
}

pub(in crate::shell) fn ascii(shell: &mut Shell, _: &[Word]) -> Result<Next> {
    set_mode(shell, Mode::Netascii)
}

fn set_mode(shell: &mut Shell, mode: Mode) -> Result<Next> {
    shell.session.settings.transfer.mode = mode;
    shell.lent.mode = None;
    if shell.session.settings.verbose {
        shell.console.say(format_args!("mode set to {mode}"))?;
    }
    Ok(Next::Line)
}

pub(in crate::shell) fn verbose(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    switch(shell, words, "Verbose mode", |settings| &mut settings.verbose)
}

pub(in crate::shell) fn literal(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    switch(shell, words, "Literal mode", |settings| &mut settings.literal)
}

pub(in crate::shell) fn progress(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    switch(shell, words, "Progress display", |settings| &mut settings.progress)
}

pub(in crate::shell) fn tsize(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    switch(shell, &auto_is_off(words), "Tsize mode", |settings| &mut settings.transfer.tsize)
}

pub(in crate::shell) fn tout(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    switch(shell, &auto_is_off(words), "Timeout option", |settings| &mut settings.transfer.tout)
}

/// These toggles start off: what is asked for automatically does not need them.
fn auto_is_off(words: &[Word]) -> Vec<Word> {
    words.iter().map(|word| if word.is("auto") { Word::new("off") } else { word.clone() }).collect()
}

/// Toggles, or sets where a word says on or off, and answers as BSD does.
fn switch(shell: &mut Shell, words: &[Word], title: &str, setting: fn(&mut Settings) -> &mut bool) -> Result<Next> {
    let setting = setting(&mut shell.session.settings);
    *setting = match words.first() {
        None => !*setting,
        Some(word) if word.is("on") => true,
        Some(word) if word.is("off") => false,
        Some(word) => return Err(bad_value(word).into()),
    };
    let state = on_off(*setting);
    shell.console.say(format_args!("{title} {state}."))?;
    Ok(Next::Line)
}

pub(in crate::shell) fn rexmt(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    shell.session.settings.transfer.retry.rexmt = value(words, parse_seconds)?.map_or(Rexmt::Auto, Rexmt::Fixed);
    Ok(Next::Line)
}

pub(in crate::shell) fn timeout(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    shell.session.settings.transfer.retry.timeout =
        value(words, parse_seconds)?.unwrap_or(RetryPolicy::default().timeout);
    Ok(Next::Line)
}

pub(in crate::shell) fn blksize(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    shell.session.settings.transfer.blksize = value(words, parse)?;
    shell.lent.blksize = None;
    Ok(Next::Line)
}

pub(in crate::shell) fn windowsize(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    shell.session.settings.transfer.windowsize = value(words, parse)?;
    Ok(Next::Line)
}

fn parse<T: FromStr>(word: &[u8]) -> Option<T> {
    str::from_utf8(word).ok()?.parse().ok()
}

/// The value the first word says, `None` where it says `auto`.
fn value<T>(words: &[Word], parse: fn(&[u8]) -> Option<T>) -> Result<Option<T>, Complaint> {
    match words.first() {
        Some(word) if !word.is("auto") => parse(word.bytes()).map(Some).ok_or_else(|| bad_value(word)),
        _ => Ok(None),
    }
}

fn bad_value(word: &Word) -> Complaint {
    Complaint::said(format_args!("{word}: bad value"))
}

pub(in crate::shell) fn options(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    let settings = &mut shell.session.settings;
    match words.first() {
        None => {
            let options = options_name(settings.transfer.negotiation);
            shell.console.say(format_args!("Options: {options}"))?;
            return Ok(Next::Line);
        }
        Some(word) if word.is("auto") => settings.transfer.negotiation = Negotiation::Auto,
        Some(word) if word.is("on") => settings.transfer.negotiation = Negotiation::On,
        Some(word) if word.is("off") => settings.transfer.negotiation = Negotiation::Off,
        Some(word) => return Err(bad_value(word).into()),
    }
    if settings.verbose {
        let options = options_name(settings.transfer.negotiation);
        shell.console.say(format_args!("options set to {options}"))?;
    }
    Ok(Next::Line)
}

/// Three lines as BSD has them, then what it does not know.
pub(in crate::shell) fn status(shell: &mut Shell, _: &[Word]) -> Result<Next> {
    let Session { peer, settings, last, .. } = &shell.session;
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
        let port = peer.as_ref().map_or(shell.session.default_port(), |peer| peer.port);
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
        lines.extend(env::current_dir().ok().map(|folder| folder_line(&folder)));
        lines.extend(shell.serving.as_ref().map(|serving| format!("Serving: {}", serving.status())));
        lines.extend(settings.transfer.bug.map(faults::client_bug));
        let faults = shell.client.faults().lock();
        lines.extend(faults.rules().next().map(|_| faults.to_string()));
    }
    for line in lines {
        shell.console.say(line)?;
    }
    Ok(Next::Line)
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

/// `5 seconds`, `0.2 seconds`, `1 second`.
fn seconds(time: Duration) -> String {
    let unit = if time == Duration::from_secs(1) { "second" } else { "seconds" };
    format!("{} {unit}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_second_is_singular() {
        assert_eq!(seconds(Duration::from_secs(5)), "5 seconds");
        assert_eq!(seconds(Duration::from_millis(200)), "0.2 seconds");
        assert_eq!(seconds(Duration::from_secs(1)), "1 second");
    }

    #[test]
    fn ports_are_plain_numbers_above_zero() {
        assert_eq!(port(&Word::new("6969")).ok(), Some(6969));
        for bad in ["0", "65536", "+5", "", "tftp", "6 9"] {
            assert_eq!(port(&Word::new(bad)).map_err(|it| it.reason), Err(format!("{bad}: bad port number")));
        }
    }
}
