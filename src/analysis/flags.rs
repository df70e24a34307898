use std::fmt::{self, Debug, Formatter};

use crate::macros::named;

named! {
    /// What is out of the ordinary about a packet, in the order of reports.
    Flag {
        /// It never reached the other side.
        Lost = "lost",
        /// It was received before.
        Dup = "dup",
        /// It was sent before.
        Rexmt = "rexmt",
        /// A fault rule made it, of another packet.
        Copy = "copy",
        /// It came from a port that is not the peer's.
        WrongTid = "wrong-tid",
        /// It goes to a port that is not the peer's.
        ToStranger = "to-stranger",
        /// Its wire number starts again after 65535.
        Wrap = "wrap",
        /// It is older than anything still awaited.
        Late = "late",
        /// It came before its turn.
        Early = "early",
        /// It has more data than a block may have.
        Oversize = "oversize",
        /// Bytes follow its end.
        Trailing = "trailing",
        /// It is not a packet as the RFC defines it.
        Malformed = "malformed",
        /// The transfer was over.
        AfterEnd = "after-end",
        /// It fixed the peer's transfer id.
        Tid = "tid",
    }
}

impl Flag {
    fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of [`Flag`]s.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Flags(u16);

impl Flags {
    /// Whether nothing is out of the ordinary.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `flag` is in the set.
    pub fn contains(self, flag: Flag) -> bool {
        self.0 & flag.bit() != 0
    }

    /// Adds a flag.
    pub fn insert(&mut self, flag: Flag) {
        self.0 |= flag.bit();
    }

    /// Returns the set without `flag`.
    pub fn without(self, flag: Flag) -> Self {
        Self(self.0 & !flag.bit())
    }

    /// Lists the flags in the order of [`Flag`]'s variants.
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.into_iter().filter(move |flag| self.contains(*flag))
    }
}

impl Debug for Flags {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
