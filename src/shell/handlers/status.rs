//! status: three lines as BSD has them, then what BSD does not know.

use std::env;

use super::faults;
use super::local_files::directory_line;
use super::settings::options_name;
use super::trace::{on_off, or_auto};
use crate::client::{Negotiation, Options};
use crate::session::{Session, Settings};
use crate::shell::summary::brief;
use crate::shell::{Handled, Outcome, Shell};
use crate::transfer::Rexmt;
use crate::units::seconds;
use crate::wire::{BlockSize, Mode, WindowSize};

/// Shows the session: the server, the settings, the last transfer, and what runs beside them.
pub(crate) fn status(shell: &Shell<'_>) -> Handled {
    let Session { peer, settings, last, .. } = &shell.workspace.session;
    let transfer = &settings.transfer;
    let [verbose, tracing] = [settings.verbose, settings.tracing.is_some()].map(on_off);
    let rexmt = if let Rexmt::Fixed(interval) = transfer.retry.rexmt { Some(seconds(interval)) } else { None };
    let mut lines = vec![
        connection(&shell.workspace.session),
        format!("Mode: {} Verbose: {verbose} Tracing: {tracing}", transfer.mode),
        format!("Rexmt-interval: {}, Max-timeout: {}", or_auto(rexmt), seconds(transfer.retry.timeout)),
    ];
    if !settings.classic {
        let port = peer.as_ref().map_or(shell.workspace.session.default_port(), |peer| peer.port);
        lines.push(format!("Port: {port}, Literal: {}", on_off(settings.literal)));
        lines.push(offered(transfer));
        lines.extend(last.as_ref().map(|last| format!("Last transfer: {}", brief(last))));
        lines.extend(super::trace::brief(shell));
        lines.extend(env::current_dir().ok().map(|directory| directory_line(&directory)));
        lines.extend(shell.workspace.serving.as_ref().map(|serving| format!("Serving: {}", serving.status())));
        lines.extend(transfer.bug.map(faults::client_bug));
        let faults = shell.workspace.client.faults.lock();
        lines.extend(faults.rules().next().map(|_| faults.to_string()));
    }
    for line in lines {
        shell.console.say(line)?;
    }
    Ok(Outcome::done())
}

/// Prints the settings as lines that set them again, in the start-up file or anywhere else.
pub(crate) fn settings(shell: &Shell<'_>) -> Handled {
    lines(&shell.workspace.session.settings).into_iter().try_for_each(|line| shell.console.say(line))?;
    Ok(Outcome::done())
}

fn lines(settings: &Settings) -> Vec<String> {
    let Settings { transfer, verbose, literal, progress, .. } = settings;
    let Options { mode, retry, negotiation, blksize, windowsize, tsize, tout, .. } = transfer;
    let rexmt = if let Rexmt::Fixed(interval) = retry.rexmt { Some(interval.as_secs_f64()) } else { None };
    vec![
        format!("mode {mode}"),
        format!("options {}", options_name(*negotiation)),
        format!("blksize {}", or_auto(*blksize)),
        format!("windowsize {}", or_auto(*windowsize)),
        format!("tsize {}", or_auto(tsize.map(on_off))),
        format!("tout {}", or_auto(tout.map(on_off))),
        format!("rexmt {}", or_auto(rexmt)),
        format!("timeout {}", retry.timeout.as_secs_f64()),
        format!("literal {}", on_off(*literal)),
        format!("progress {}", on_off(*progress)),
        // Last, since some settings answer after it.
        format!("verbose {}", on_off(*verbose)),
    ]
}

/// `Connected to sw1 (192.0.2.1).`
pub(crate) fn connection(session: &Session) -> String {
    match &session.peer {
        Some(peer) if session.settings.classic => format!("Connected to {}.", peer.host),
        Some(peer) => format!("Connected to {peer}."),
        None => "Not connected.".to_owned(),
    }
}

/// The options that the next request really asks for: what is set has no effect after `options off`, and what is
/// automatic has none after `options on`. `auto` depends on the path and the file.
fn offered(options: &Options) -> String {
    let &Options { negotiation, mode, blksize, windowsize, tsize, tout, .. } = options;
    let is_automatic = negotiation == Negotiation::Auto;
    let is_off = negotiation == Negotiation::Off;
    let tsize = match tsize {
        _ if is_off => "off",
        Some(false) => "off",
        None if !is_automatic => "off",
        // The size of a text is unknown until it is converted.
        _ if mode == Mode::Netascii => "off (netascii)",
        Some(true) => "on",
        None => "auto",
    };
    format!(
        "Options: {}, Blksize: {}, Windowsize: {}, Tsize: {tsize}, Tout: {}",
        options_name(negotiation),
        or_auto(blksize.filter(|_| !is_off).or((!is_automatic).then(BlockSize::default))),
        or_auto(windowsize.filter(|_| !is_off).or((!is_automatic).then(WindowSize::default))),
        on_off(tout == Some(true) && !is_off),
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::language::{Group, commands, find, parse, split};

    #[test]
    fn the_options_are_those_of_the_next_request() {
        let auto = Options::default();
        let set = Options { blksize: BlockSize::new(1428), tsize: Some(true), tout: Some(true), ..auto.clone() };
        for (options, negotiation, expected) in [
            (&auto, Negotiation::Auto, "auto, Blksize: auto, Windowsize: auto, Tsize: auto, Tout: off"),
            (&auto, Negotiation::On, "on, Blksize: 512, Windowsize: 1, Tsize: off, Tout: off"),
            (&set, Negotiation::Auto, "auto, Blksize: 1428, Windowsize: auto, Tsize: on, Tout: on"),
            (&set, Negotiation::On, "on, Blksize: 1428, Windowsize: 1, Tsize: on, Tout: on"),
            (&set, Negotiation::Off, "off, Blksize: 512, Windowsize: 1, Tsize: off, Tout: off"),
        ] {
            let options = Options { negotiation, ..options.clone() };
            assert_eq!(offered(&options), format!("Options: {expected}"));
        }
        let text = Options { mode: Mode::Netascii, ..auto };
        assert!(offered(&text).contains("Tsize: off (netascii),"));
        assert!(offered(&Options { tsize: Some(false), ..text }).contains("Tsize: off,"));
    }

    #[test]
    fn every_setting_has_a_line_that_is_a_setting() {
        let groups = lines(&Settings::default()).into_iter().map(|line| {
            let words = split(line.as_bytes()).expect("a line").words;
            assert!(parse(&words).is_ok(), "{line}");
            words.first().and_then(|name| find(name).ok()).map(|command| (command.name, command.group))
        });
        let written: BTreeSet<_> =
            groups.flatten().filter(|(_, group)| *group == Group::Settings).map(|it| it.0).collect();
        let all = commands().filter(|command| command.group == Group::Settings).map(|command| command.name);
        // These two are ways to write mode.
        let all: BTreeSet<_> = all.filter(|name| !["ascii", "binary"].contains(name)).collect();
        assert_eq!(written, all);
    }
}
