use std::fmt::{self, Debug, Formatter};

/// What is out of the ordinary about a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// It never reached the other side.
    Lost,
    /// It was received before.
    Dup,
    /// It was sent before.
    Rexmt,
    /// It came from a port that is not the peer's.
    WrongTid,
    /// It goes to a port that is not the peer's.
    ToStranger,
    /// Its wire number starts again after 65535.
    Wrap,
    /// It is older than anything still awaited.
    Late,
    /// It came before its turn.
    Early,
    /// It has more data than a block may have.
    Oversize,
    /// Bytes follow its end.
    Trailing,
    /// It is not a packet as the RFC defines it.
    Malformed,
    /// The transfer was over.
    AfterEnd,
    /// It fixed the peer's transfer id.
    Tid,
}

/// All flags in the order of reports, with their names in the JSON view, which never change.
const NAMES: [(Flag, &str); 13] = [
    (Flag::Lost, "lost"),
    (Flag::Dup, "dup"),
    (Flag::Rexmt, "rexmt"),
    (Flag::WrongTid, "wrong-tid"),
    (Flag::ToStranger, "to-stranger"),
    (Flag::Wrap, "wrap"),
    (Flag::Late, "late"),
    (Flag::Early, "early"),
    (Flag::Oversize, "oversize"),
    (Flag::Trailing, "trailing"),
    (Flag::Malformed, "malformed"),
    (Flag::AfterEnd, "after-end"),
    (Flag::Tid, "tid"),
];

impl Flag {
    /// Returns the word of the JSON view; it never changes.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(flag, _)| *flag == self).map_or("", |(_, name)| name)
    }

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
        NAMES.into_iter().map(|(flag, _)| flag).filter(move |flag| self.contains(*flag))
    }
}

impl Debug for Flags {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
