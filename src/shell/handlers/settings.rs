//! Commands that change or show the session.

use super::trace::{on_off, or_auto};
use crate::client::{ClientError, Negotiation, Options, resolve};
use crate::language::{Choice, Word, server};
use crate::session::{Peer, Session, Settings};
use crate::shell::{CommandError, Fatal, Handled, Outcome, OutcomeRecord, Shell};
use crate::terminal::Subject;
use crate::wire::Mode;

/// Looks the host up and remembers it; nothing is sent. A failure keeps the earlier connection.
pub(crate) fn connect(shell: &mut Shell<'_>, host: &Word, port: Option<u16>) -> Handled {
    let (record, outcome) = connected(shell, host, port)?;
    Ok(shell.record(record, outcome)?)
}

/// Connects and reports any failure. Returns what a JSON record says about it.
pub(crate) fn connected(
    shell: &mut Shell<'_>,
    host: &Word,
    port: Option<u16>,
) -> Result<(OutcomeRecord, Outcome), Fatal> {
    let record = OutcomeRecord::of(b"connect");
    if shell.workspace.session.settings.classic {
        // As BSD does, before it looks up the host.
        shell.workspace.session.peer = None;
    }
    let (record, result) = match named(&shell.workspace.session, host, port) {
        Ok((name, port)) => (record.server(name.as_bytes(), Some(port)), connect_to(shell, name, port)),
        Err(error) => (record.server(host.bytes(), port), Err(error.into())),
    };
    Ok((record, shell.reported(&Subject::command("connect"), result)?))
}

/// Reads a server as the user names it. The port comes from the words, the bookmark or the default.
fn named<'a>(session: &Session, host: &'a Word, port: Option<u16>) -> Result<(&'a str, u16), CommandError> {
    let text = host.text().ok_or_else(|| CommandError::classic(format!("{host}: unknown host (not UTF-8)")))?;
    let (name, own_port) = server(text).map_err(CommandError::classic)?;
    if let (Some(_), Some(port)) = (own_port, port) {
        return Err(CommandError::local(format_args!("{host} has a port already; omit {port}")));
    }
    Ok((name, own_port.or(port).unwrap_or_else(|| session.port(session.bookmark(name)))))
}

fn connect_to(shell: &mut Shell<'_>, name: &str, port: u16) -> Handled {
    let bookmark = shell.workspace.session.bookmark(name).cloned();
    let peer = bookmark.as_ref().map_or_else(|| Peer::new(name, port), |known| Peer::bookmarked(known, port));
    let family = shell.workspace.session.settings.transfer.family;
    resolve(&peer.host, port, family, shell.stop()).map_err(|error| match error {
        ClientError::UnknownHost(unknown) => CommandError::UnknownHost(unknown),
        error => CommandError::transfer(error, name),
    })?;
    shell.workspace.switch_to(Some(&peer), bookmark.as_ref(), shell.setup.pinned);
    Ok(Outcome::done())
}

/// Sets the mode, or shows it.
pub(crate) fn mode(shell: &mut Shell<'_>, mode: Option<Mode>) -> Handled {
    let Settings { transfer, verbose, .. } = &mut shell.workspace.session.settings;
    let Some(mode) = mode else {
        let mode = transfer.mode;
        return shell.answer(format_args!("Using {mode} mode to transfer files."));
    };
    transfer.mode = mode;
    shell.workspace.overrides.mode = None;
    if *verbose {
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

/// Toggles an option of requests, or sets it, and answers as NetBSD does.
pub(crate) fn option(
    shell: &mut Shell<'_>,
    choice: Option<Choice>,
    title: &str,
    setting: fn(&mut Options) -> &mut Option<bool>,
) -> Handled {
    let setting = setting(&mut shell.workspace.session.settings.transfer);
    *setting = match choice {
        None => Some(*setting != Some(true)),
        Some(Choice::On) => Some(true),
        Some(Choice::Off) => Some(false),
        Some(Choice::Auto) => None,
    };
    let state = or_auto(setting.map(on_off));
    shell.answer(format_args!("{title} {state}."))
}

/// Changes how transfers go, without a word.
pub(crate) fn set(shell: &mut Shell<'_>, change: impl FnOnce(&mut Options)) -> Handled {
    change(&mut shell.workspace.session.settings.transfer);
    Ok(Outcome::done())
}

/// Sets which options are asked for, or shows it.
pub(crate) fn options(shell: &mut Shell<'_>, choice: Option<Choice>) -> Handled {
    let Settings { transfer, verbose, .. } = &mut shell.workspace.session.settings;
    transfer.negotiation = match choice {
        None => {
            let options = options_name(transfer.negotiation);
            return shell.answer(format_args!("Options: {options}"));
        }
        Some(Choice::Auto) => Negotiation::Auto,
        Some(Choice::On) => Negotiation::On,
        Some(Choice::Off) => Negotiation::Off,
    };
    if *verbose {
        let options = options_name(transfer.negotiation);
        shell.console.say(format_args!("options set to {options}"))?;
    }
    Ok(Outcome::done())
}

/// The name of a choice of `options`.
pub(super) fn options_name(options: Negotiation) -> &'static str {
    match options {
        Negotiation::Auto => "auto",
        Negotiation::On => "on",
        Negotiation::Off => "off",
    }
}
