use std::fmt::{self, Display, Formatter};

use super::{Ends, ViewName};

/// What can be made of the records of a transfer: text, or a file for another program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A view, which a screen can show.
    View(ViewName),
    /// A capture for Wireshark, which only a file can hold.
    Capture {
        /// The most bytes of a DATA packet, from its IP header on.
        snap: Option<usize>,
        /// Whether packets that were lost on the way here are in it.
        lost: bool,
    },
}

impl Content {
    /// A capture of whole packets, without lost ones.
    pub const CAPTURE: Self = Self::Capture { snap: None, lost: false };

    /// Whether both are captures or the same view, in whatever detail.
    pub fn is_like(self, other: Self) -> bool {
        match (self, other) {
            (Self::View(view), Self::View(other)) => view.is_like(other),
            (Self::Capture { .. }, Self::Capture { .. }) => true,
            _ => false,
        }
    }

    /// Returns the ends that it shows; a capture shows one.
    pub fn ends(self) -> Ends {
        self.view().map_or(Ends::One, ViewName::ends)
    }

    /// Returns the same of one end.
    pub fn of_one_end(self) -> Self {
        match self {
            Self::View(view) => Self::View(view.of_one_end()),
            Self::Capture { .. } => self,
        }
    }

    /// Returns the view, if a screen can show it.
    pub fn view(self) -> Option<ViewName> {
        match self {
            Self::View(view) => Some(view),
            Self::Capture { .. } => None,
        }
    }
}

impl Display for Content {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::View(view) => view.fmt(f),
            Self::Capture { .. } => f.write_str("pcap"),
        }
    }
}
