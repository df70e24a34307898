use std::fmt::{self, Display, Formatter};

use super::Detail;

/// Views that can be on a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewName {
    /// As BSD.
    Classic,
    /// In words.
    Explain(Detail, Ends),
    /// As arrows.
    Ladder(Ends),
    /// As octets.
    Hex,
    /// For programs.
    Json(Ends),
}

/// The ends of a transfer whose records a view shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ends {
    /// That of the client, or of the server that is traced.
    #[default]
    One,
    /// Client and server, where this process has the records of both.
    Both,
}

impl ViewName {
    /// Whether both are the same view, in whatever detail.
    pub fn is_like(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
    }

    /// Returns the ends that it shows.
    pub fn ends(self) -> Ends {
        match self {
            Self::Explain(_, ends) | Self::Ladder(ends) | Self::Json(ends) => ends,
            Self::Classic | Self::Hex => Ends::One,
        }
    }

    /// Returns the same view of one end.
    pub fn of_one_end(self) -> Self {
        match self {
            Self::Explain(detail, _) => Self::Explain(detail, Ends::One),
            Self::Ladder(_) => Self::Ladder(Ends::One),
            Self::Json(_) => Self::Json(Ends::One),
            Self::Classic | Self::Hex => self,
        }
    }

    /// Whether it is for programs, which read standard output.
    pub fn is_for_programs(self) -> bool {
        matches!(self, Self::Json(_))
    }
}

impl Display for ViewName {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classic => "classic",
            Self::Explain(Detail::First, _) => "explain",
            Self::Explain(Detail::Short, _) => "explain short",
            Self::Explain(Detail::Full, _) => "explain full",
            Self::Ladder(_) => "ladder",
            Self::Hex => "hex",
            Self::Json(_) => "json",
        })?;
        match self.ends() {
            Ends::One => Ok(()),
            Ends::Both => f.write_str(" both"),
        }
    }
}
