use std::fmt::{self, Display, Formatter};

use super::Detail;

/// Views that can be on a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewName {
    /// As BSD.
    Classic,
    /// In words.
    Explain(Detail),
    /// As arrows.
    Ladder,
    /// As octets.
    Hex,
    /// For programs.
    Json,
}

impl ViewName {
    /// Whether both are the same view, in whatever detail.
    pub fn is_like(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }
}

impl Display for ViewName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classic => "classic",
            Self::Explain(Detail::First) => "explain",
            Self::Explain(Detail::Short) => "explain short",
            Self::Explain(Detail::Full) => "explain full",
            Self::Ladder => "ladder",
            Self::Hex => "hex",
            Self::Json => "json",
        })
    }
}
