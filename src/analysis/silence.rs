use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use crate::event::Side;

/// A time without packets that was long enough to ask who ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silence {
    /// Its length.
    pub length: Duration,
    /// Who ended it.
    pub owner: Owner,
}

impl Silence {
    /// The least length at which a silence is reported: a person notices it, and no local network is that slow.
    pub const LEAST: Duration = Duration::from_millis(200);
}

/// The owner of a silence: what ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The retransmission timer of this side: a packet is sent again.
    Timer(Side),
    /// The time of this side for a transfer without progress: it gives up.
    Timeout(Side),
    /// This side sent something new. Until then it worked, or waited for its disk or its user.
    Side(Side),
    /// A fault rule held the packet.
    Rule(u32),
}

/// The word for JSON: `client timer`, `server timeout`, `server`, `rule 1`.
impl Display for Owner {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timer(side) => write!(f, "{} timer", side.name()),
            Self::Timeout(side) => write!(f, "{} timeout", side.name()),
            Self::Side(side) => f.write_str(side.name()),
            Self::Rule(rule) => write!(f, "rule {rule}"),
        }
    }
}
