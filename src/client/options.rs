use std::ops::RangeInclusive;

use crate::bugs::ClientBug;
use crate::transfer::RetryPolicy;
use crate::wire::{BlockSize, Mode, WindowSize};

/// What holds for a transfer, whatever its file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// How files are transferred.
    pub mode: Mode,
    /// When a packet is sent again, and when a transfer fails.
    pub retry: RetryPolicy,
    /// Which options are asked for.
    pub negotiation: Negotiation,
    /// Block size to ask for; `None` is automatic.
    pub blksize: Option<BlockSize>,
    /// Window size to ask for; `None` is automatic.
    pub windowsize: Option<WindowSize>,
    /// Ask for the size even where options are not automatic.
    pub tsize: bool,
    /// Ask the server to send again after our own interval (RFC 2349).
    pub tout: bool,
    /// A historic mistake to make, on loopback only.
    #[doc(hidden)]
    pub bug: Option<ClientBug>,
    /// Addresses of a name to use.
    pub family: Family,
    /// Ports of this side, one of which is each transfer's id; `None` is any.
    pub local_ports: Option<RangeInclusive<u16>>,
}

/// Which options a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Negotiation {
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
