//! What the shell remembers between commands: plain data, no behaviour beyond its defaults.

use std::time::Duration;

use crate::transfer::{Patience, Report, Rexmt};
use crate::wire::{BlockSize, Mode, WindowSize};

/// Port that servers listen on where none is named (RFC 1350 section 4).
pub const DEFAULT_PORT: u16 = 69;

/// Whom the shell talks to, how, and what came of it last.
#[derive(Debug, Clone, Default)]
pub struct Session {
    /// The server of `connect` or `host:file`.
    pub peer: Option<Peer>,
    /// The settings commands change.
    pub settings: Settings,
    /// The last finished transfer.
    pub last: Option<Report>,
}

/// A server as the user named it; it is looked up anew for each transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Name or address, without brackets.
    pub host: String,
    /// Where requests go.
    pub port: u16,
}

/// Everything a user can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How files are carried.
    pub mode: Mode,
    /// When a packet is sent again.
    pub rexmt: Rexmt,
    /// Time without progress after which a transfer is given up.
    pub timeout: Duration,
    /// Which options are asked for.
    pub options: Options,
    /// Block size the user set; `None` is automatic.
    pub blksize: Option<BlockSize>,
    /// Window size the user set; `None` is automatic.
    pub windowsize: Option<WindowSize>,
    /// Ask for the size even where options are not automatic.
    pub tsize: bool,
    /// Ask the server to send again after our own interval (RFC 2349).
    pub tout: bool,
    /// Take `host:file` as a file name.
    pub literal: bool,
    /// Tell more of each transfer.
    pub verbose: bool,
    /// Print every packet.
    pub tracing: bool,
    /// Replay the BSD session: see [`Settings::classic`].
    pub classic: bool,
    /// Addresses to use of a name.
    pub family: Family,
}

impl Default for Settings {
    fn default() -> Self {
        let Patience { rexmt, timeout } = Patience::default();
        Self {
            mode: Mode::Octet,
            rexmt,
            timeout,
            options: Options::Auto,
            blksize: None,
            windowsize: None,
            tsize: false,
            tout: false,
            literal: false,
            verbose: false,
            tracing: false,
            classic: false,
            family: Family::Any,
        }
    }
}

impl Settings {
    /// The settings of 4.3BSD's tftp: netascii, no options, a fixed interval of five seconds.
    pub fn classic() -> Self {
        Self {
            mode: Mode::Netascii,
            rexmt: Rexmt::Fixed(Duration::from_secs(5)),
            options: Options::Off,
            classic: true,
            ..Self::default()
        }
    }

    /// The waiting part of the settings.
    pub fn patience(&self) -> Patience {
        Patience { rexmt: self.rexmt, timeout: self.timeout }
    }
}

/// Which options a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Options {
    /// What makes the transfer fast, and whatever the user set.
    #[default]
    Auto,
    /// Only what the user set.
    On,
    /// None: RFC 1350 as it was. Wins over everything set.
    Off,
}

/// Which addresses of a name are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Family {
    /// All, in the resolver's order.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}
