//! The state of the shell between commands: plain data and its defaults.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

pub(crate) use crate::client::DEFAULT_PORT;
use crate::client::{Negotiation, Options};
use crate::language::Bookmark;
use crate::trace::{Limit, ViewName};
use crate::transfer::{Report, RetryPolicy, Rexmt};
use crate::wire::Mode;

/// The server, the settings and the last result.
#[derive(Debug, Clone, Default)]
pub(crate) struct Session {
    /// The server of `connect` or `host:file`.
    pub peer: Option<Peer>,
    /// The settings that commands change.
    pub settings: Settings,
    /// The last transfer, even if it failed.
    pub last: Option<LastTransfer>,
    /// The port of servers named without one; `None` is [`DEFAULT_PORT`].
    pub default_port: Option<u16>,
    /// The user's names for servers.
    pub bookmarks: Vec<Bookmark>,
}

impl Session {
    /// Returns the port of a server named without one, except in `host:file`, which keeps the current port.
    pub(crate) fn default_port(&self) -> u16 {
        self.default_port.unwrap_or(DEFAULT_PORT)
    }

    /// Returns the port of a server named without one: that of `-p`, else that of the bookmark.
    pub(crate) fn port(&self, bookmark: Option<&Bookmark>) -> u16 {
        self.default_port.or_else(|| bookmark?.port).unwrap_or(DEFAULT_PORT)
    }

    /// Finds a bookmark by its name, in any letter case.
    pub(crate) fn bookmark(&self, name: &str) -> Option<&Bookmark> {
        self.bookmarks.iter().find(|bookmark| bookmark.is_named(name))
    }
}

/// A server as the user named it. Each transfer looks it up again. `Display` writes `sw1 (192.0.2.1)`, or the host alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    /// Name or address, without brackets.
    pub host: String,
    /// The port for requests.
    pub port: u16,
    /// The bookmark that names it.
    pub bookmark: Option<String>,
}

impl Peer {
    /// A server that its name or address names.
    pub(crate) fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port, bookmark: None }
    }

    /// The server of a bookmark.
    pub(crate) fn bookmarked(bookmark: &Bookmark, port: u16) -> Self {
        Self { bookmark: Some(bookmark.name.clone()), ..Self::new(&bookmark.host, port) }
    }

    /// Returns what the user calls it: the bookmark, or the host.
    pub(crate) fn given_name(&self) -> &str {
        self.bookmark.as_ref().unwrap_or(&self.host)
    }

    /// Whether both are the same server, however it was named.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.host, self.port) == (&other.host, other.port)
    }
}

impl Display for Peer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.bookmark {
            Some(name) => write!(f, "{name} ({})", self.host),
            None => f.write_str(&self.host),
        }
    }
}

/// The outcome of a transfer.
#[derive(Debug, Clone)]
pub(crate) struct LastTransfer {
    /// The command and the file: `get fw.bin`.
    pub name: String,
    /// The report, or the reason why it failed.
    pub result: Result<Report, String>,
}

/// Everything a user can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The options of transfers.
    pub transfer: Options,
    /// Treat `host:file` as a file name.
    pub literal: bool,
    /// Print more about each transfer.
    pub verbose: bool,
    /// Print nothing about successful transfers.
    pub quiet: bool,
    /// Show the progress of transfers.
    pub progress: bool,
    /// The view of packets on the screen.
    pub tracing: Option<ViewName>,
    /// How much of a long run of ordinary packets views show.
    pub trace_limit: Limit,
    /// Whether views use only ASCII; `None` depends on the locale and the terminal.
    pub trace_ascii: Option<bool>,
    /// Replay the BSD session: see [`Settings::classic`].
    pub classic: bool,
    /// Print the SHA-256 of each file.
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
    /// Returns the settings of the BSD shell: netascii, no options unless the user sets some, a fixed interval of five
    /// seconds.
    pub(crate) fn classic() -> Self {
        let retry = RetryPolicy { rexmt: Rexmt::Fixed(Duration::from_secs(5)), ..RetryPolicy::default() };
        let transfer = Options { mode: Mode::Netascii, retry, negotiation: Negotiation::On, ..Options::default() };
        Self { transfer, classic: true, ..Self::default() }
    }
}
