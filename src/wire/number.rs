//! The numbers that options carry, each within the bounds of its RFC.

use std::fmt::{self, Display, Formatter};

macro_rules! bounded_number {
    ($(#[$doc:meta])* $name:ident($inner:ty), $least:literal..=$most:literal, default $default:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($inner);

        impl $name {
            /// The least value allowed.
            pub const LEAST: Self = Self($least);
            /// The greatest value allowed.
            pub const MOST: Self = Self($most);

            /// The value, if the RFC allows it.
            pub fn new(value: u64) -> Option<Self> {
                ($least..=$most).contains(&value).then(|| Self(<$inner>::try_from(value).unwrap_or($most)))
            }

            /// The plain number.
            pub fn get(self) -> $inner {
                self.0
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self($default)
            }
        }

        impl Display for $name {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

bounded_number! {
    /// Octets of a block, 8 to 65464; 512 where nothing was agreed (RFC 2348).
    BlockSize(u16), 8..=65464, default 512
}
bounded_number! {
    /// Blocks sent before an ACK, 1 to 65535; 1 where nothing was agreed (RFC 7440 section 3).
    WindowSize(u16), 1..=65535, default 1
}
bounded_number! {
    /// Seconds until a packet is sent again, 1 to 255 (RFC 2349).
    TimeoutSeconds(u8), 1..=255, default 1
}

/// ASCII digits only: no sign, no blank, no overflow.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(text).ok()?.parse().ok()
}
