//! What the shell remembers between commands: plain data, no behaviour beyond its defaults.

use std::time::Duration;

pub(crate) use crate::client::DEFAULT_PORT;
use crate::client::{Negotiation, Options};
use crate::language::Bookmark;
use crate::trace::{Limit, ViewName};
use crate::transfer::{Report, RetryPolicy, Rexmt};
use crate::wire::Mode;

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
