//! What the shell remembers between commands: plain data, no behaviour beyond its defaults.

use std::time::Duration;

pub(crate) use crate::client::DEFAULT_PORT;
use crate::client::{Negotiation, Options};
use crate::trace::{Limit, ViewName};
use crate::transfer::{Report, RetryPolicy, Rexmt};
use crate::wire::{BlockSize, Mode};

/// Whom the shell talks to, how, and what came of it last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    /// The server of `connect` or `host:file`.
    pub peer: Option<Peer>,
    /// The settings commands change.
    pub settings: Settings,
    /// The last finished transfer.
    pub last: Option<Report>,
    /// Port of servers named without one; [`DEFAULT_PORT`] where `None`.
    pub default_port: Option<u16>,
    /// Servers by names of the user's own.
    pub bookmarks: Vec<Bookmark>,
}

impl Session {
    /// Where requests go to a server that is named without a port, beside `host:file`, which keeps the current one.
    pub(crate) fn default_port(&self) -> u16 {
        self.default_port.unwrap_or(DEFAULT_PORT)
    }

    /// Where requests go to a server named without a port: the bookmark may know, `-p` knows better.
    pub(crate) fn port(&self, bookmark: Option<&Bookmark>) -> u16 {
        self.default_port.or_else(|| bookmark?.port).unwrap_or(DEFAULT_PORT)
    }

    /// What the user calls by this name, in any case.
    pub(crate) fn bookmark(&self, name: &str) -> Option<&Bookmark> {
        self.bookmarks.iter().find(|bookmark| bookmark.name.eq_ignore_ascii_case(name))
    }
}

/// A server as the user named it; it is looked up anew for each transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Name or address, without brackets.
    pub host: String,
    /// Where requests go.
    pub port: u16,
}

/// A server that the user gave a name, and how it wants to be talked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bookmark {
    /// What the user calls it.
    pub name: String,
    /// Name or address, without brackets.
    pub host: String,
    /// Where requests go; [`Session::default_port`] where `None`.
    pub port: Option<u16>,
    /// How files are carried there.
    pub mode: Option<Mode>,
    /// The blocks it can take.
    pub blksize: Option<BlockSize>,
}

/// Everything a user can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// How files are transferred.
    pub transfer: Options,
    /// Take `host:file` as a file name.
    pub literal: bool,
    /// Tell more of each transfer.
    pub verbose: bool,
    /// Say nothing of transfers that go well.
    pub quiet: bool,
    /// Show people how far a transfer is.
    pub progress: bool,
    /// The view of packets on the screen.
    pub tracing: Option<ViewName>,
    /// How much of long runs of ordinary packets views show.
    pub trace_limit: Limit,
    /// Whether views keep to ASCII; `None` looks at the locale and the terminal.
    pub trace_ascii: Option<bool>,
    /// Replay the BSD session: see [`Settings::classic`].
    pub classic: bool,
    /// Tell the SHA-256 of each file.
    pub sha256: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            transfer: Options::default(),
            literal: false,
            verbose: false,
            quiet: false,
            progress: true,
            tracing: None,
            trace_limit: Limit::default(),
            trace_ascii: None,
            classic: false,
            sha256: false,
        }
    }
}

impl Settings {
    /// The settings of 4.3BSD's tftp: netascii, no options, a fixed interval of five seconds.
    pub(crate) fn classic() -> Self {
        let retry = RetryPolicy { rexmt: Rexmt::Fixed(Duration::from_secs(5)), ..RetryPolicy::default() };
        let transfer = Options { mode: Mode::Netascii, retry, negotiation: Negotiation::Off, ..Options::default() };
        Self { transfer, classic: true, ..Self::default() }
    }
}

/// The longest time that can be set, far above any use, so that no sum of times overflows.
const LONGEST: Duration = Duration::from_secs(86_400);

/// The mode a user means: the names of RFC 1350 and BSD's other words for them, in any case.
pub fn parse_mode(word: &[u8]) -> Option<Mode> {
    let is_one_of = |names: &[&str]| names.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes()));
    if is_one_of(&["octet", "binary", "image"]) {
        Some(Mode::Octet)
    } else if is_one_of(&["netascii", "ascii"]) {
        Some(Mode::Netascii)
    } else {
        None
    }
}

/// A time above zero in seconds, a fraction allowed: `5`, `0.2`. At most a day.
pub fn parse_seconds(word: &[u8]) -> Option<Duration> {
    let plain = word.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let seconds: f64 = str::from_utf8(word).ok().filter(|_| plain)?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero() && *time <= LONGEST)
}

/// A port by its number, from 1 to 65535.
pub(crate) fn parse_port(word: &[u8]) -> Option<u16> {
    let digits = str::from_utf8(word).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|&port| port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_plain_numbers_above_zero() {
        assert_eq!(parse_seconds(b"5"), Some(Duration::from_secs(5)));
        assert_eq!(parse_seconds(b"0.2"), Some(Duration::from_millis(200)));
        for bad in
            [&b""[..], b".", b"0", b"0.0", b"-1", b"1e3", b"inf", b"5s", b"86401", b"9".repeat(400).as_slice(), b"\xff"]
        {
            assert_eq!(parse_seconds(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn modes_have_the_names_of_bsd_in_any_case() {
        for word in ["octet", "BINARY", "Image"] {
            assert_eq!(parse_mode(word.as_bytes()), Some(Mode::Octet));
        }
        for word in ["ascii", "NetASCII"] {
            assert_eq!(parse_mode(word.as_bytes()), Some(Mode::Netascii));
        }
        assert_eq!(parse_mode(b"mail"), None);
    }
}
