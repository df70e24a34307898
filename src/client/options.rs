use std::ops::RangeInclusive;

use crate::bugs::ClientBug;
use crate::transfer::RetryPolicy;
use crate::wire::{BlockSize, Mode, WindowSize};

/// The settings of a client's transfers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Transfer mode.
    pub mode: Mode,
    /// When a packet is retransmitted, and when a transfer fails.
    pub retry: RetryPolicy,
    /// Which options are asked for.
    pub negotiation: Negotiation,
    /// Block size to ask for; `None` is automatic.
    pub blksize: Option<BlockSize>,
    /// Window size to ask for; `None` is automatic.
    pub windowsize: Option<WindowSize>,
    /// Whether to ask for the size (RFC 2349); `None` asks if options are automatic.
    pub tsize: Option<bool>,
    /// Whether to ask the server to use our retransmission interval (RFC 2349); `None` does not ask.
    pub tout: Option<bool>,
    /// Active client bug, on loopback only.
    #[doc(hidden)]
    pub bug: Option<ClientBug>,
    /// Which addresses of a name are used.
    pub family: Family,
    /// Local ports, one of which is the transfer id of each transfer; `None` is any.
    pub local_ports: Option<RangeInclusive<u16>>,
}

/// Which options a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Negotiation {
    /// Those that make the transfer fast, and those that the user set.
    #[default]
    Auto,
    /// Only those that the user set.
    On,
    /// None: plain RFC 1350, whatever the user set.
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
