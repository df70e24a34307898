use std::fmt::{self, Debug, Formatter};

/// What is out of the ordinary about a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// It never reached the other side.
    Lost,
    /// It came before.
    Dup,
    /// It was sent before.
    Rexmt,
    /// It came from a port this transfer is not with.
    WrongTid,
    /// It goes to a port this transfer is not with.
    ToStranger,
    /// Its wire number starts again behind 65535.
    Wrap,
    /// It is older than anything still waited for.
    Late,
    /// Its turn has not come.
    Early,
    /// More data than a block may have.
    Oversize,
    /// Bytes behind its end.
    Trailing,
    /// It is not a packet as the RFC has it.
    Malformed,
    /// The transfer was over.
    AfterEnd,
    /// It fixed the peer's transfer id.
    Tid,
}

impl Flag {
    /// All, in the order in which they are told.
    pub const ALL: [Self; 13] = [
        Self::Lost,
        Self::Dup,
        Self::Rexmt,
        Self::WrongTid,
        Self::ToStranger,
        Self::Wrap,
        Self::Late,
        Self::Early,
        Self::Oversize,
        Self::Trailing,
        Self::Malformed,
        Self::AfterEnd,
        Self::Tid,
    ];

    /// The word of the JSON view; it never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Dup => "dup",
            Self::Rexmt => "rexmt",
            Self::WrongTid => "wrong-tid",
            Self::ToStranger => "to-stranger",
            Self::Wrap => "wrap",
            Self::Late => "late",
            Self::Early => "early",
            Self::Oversize => "oversize",
            Self::Trailing => "trailing",
            Self::Malformed => "malformed",
            Self::AfterEnd => "after-end",
            Self::Tid => "tid",
        }
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

    /// Whether `flag` is among them.
    pub fn contains(self, flag: Flag) -> bool {
        self.0 & flag.bit() != 0
    }

    /// Adds one.
    pub fn insert(&mut self, flag: Flag) {
        self.0 |= flag.bit();
    }

    /// With one more.
    pub fn with(mut self, flag: Flag) -> Self {
        self.insert(flag);
        self
    }

    /// Without one.
    pub fn without(self, flag: Flag) -> Self {
        Self(self.0 & !flag.bit())
    }

    /// In the order of [`Flag::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.into_iter().filter(move |flag| self.contains(*flag))
    }
}

impl From<Flag> for Flags {
    fn from(flag: Flag) -> Self {
        Self(flag.bit())
    }
}

impl Debug for Flags {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
