//! Commands that change or show the session.

use std::env;
use std::fmt::Display;

use super::faults;
use super::local_files::directory_line;
use crate::client::{Negotiation, Options, resolve};
use crate::language::{Choice, Word};
use crate::session::{Peer, Session, Settings};
use crate::shell::{CommandError, Handled, Outcome, Shell};
use crate::trace::units::seconds;
use crate::transfer::Rexmt;
use crate::wire::{BlockSize, Mode, Terms};

/// Looks the host up and remembers it; nothing is sent. The earlier connection is dropped in any case.
pub(crate) fn connect(shell: &mut Shell<'_>, host: &Word, port: Option<u16>) -> Handled {
    shell.workspace.session.peer = None;
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

/// Sets the mode, or shows it.
pub(crate) fn mode(shell: &mut Shell<'_>, mode: Option<Mode>) -> Handled {
    let Some(mode) = mode else {
        let mode = shell.workspace.session.settings.transfer.mode;
        return shell.answer(format_args!("Using {mode} mode to transfer files."));
    };
    shell.workspace.session.settings.transfer.mode = mode;
    shell.workspace.overrides.mode = None;
    if shell.workspace.session.settings.verbose {
        shell.console.say(format_args!("mode set to {mode}"))?;
    }
    Ok(Outcome::done())
}

/// Toggles, or sets where on or off is said, and answers as BSD does.
pub(crate) fn switch(
    shell: &mut Shell<'_>,
    on: Option<bool>,
    title: &str,
    setting: fn(&mut Settings) -> &mut bool,
) -> Handled {
    let setting = setting(&mut shell.workspace.session.settings);
    *setting = on.unwrap_or(!*setting);
    let state = on_off(*setting);
    shell.answer(format_args!("{title} {state}."))
}

/// Changes how transfers go, without a word.
pub(crate) fn set(shell: &mut Shell<'_>, change: impl FnOnce(&mut Options)) -> Handled {
    change(&mut shell.workspace.session.settings.transfer);
    Ok(Outcome::done())
}

/// Sets the block size to ask for.
pub(crate) fn blksize(shell: &mut Shell<'_>, blksize: Option<BlockSize>) -> Handled {
    shell.workspace.overrides.blksize = None;
    set(shell, |options| options.blksize = blksize)
}

/// Sets which options are asked for, or shows it.
pub(crate) fn options(shell: &mut Shell<'_>, choice: Option<Choice>) -> Handled {
    let options = shell.workspace.session.settings.transfer.negotiation;
    let settings = &mut shell.workspace.session.settings;
    settings.transfer.negotiation = match choice {
        None => return shell.answer(format_args!("Options: {}", options_name(options))),
        Some(Choice::Auto) => Negotiation::Auto,
        Some(Choice::On) => Negotiation::On,
        Some(Choice::Off) => Negotiation::Off,
    };
    if settings.verbose {
        let options = options_name(settings.transfer.negotiation);
        shell.console.say(format_args!("options set to {options}"))?;
    }
    Ok(Outcome::done())
}

/// Three lines as BSD has them, then what it does not know.
pub(crate) fn status(shell: &Shell<'_>) -> Handled {
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
        let faults = shell.workspace.client.faults.lock();
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
