//! status: three lines as BSD has them, then what BSD does not know.

use std::env;

use super::faults;
use super::local_files::directory_line;
use super::settings::options_name;
use super::trace::{on_off, or_auto};
use crate::client::{Negotiation, Options};
use crate::session::Session;
use crate::shell::{Handled, Outcome, Shell};
use crate::trace::units::seconds;
use crate::transfer::Rexmt;
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
        lines.extend(last.as_ref().map(|last| format!("Last transfer: {last}")));
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
    use super::*;

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
}
