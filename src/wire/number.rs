//! The values of options, each within the bounds of its RFC.

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

            /// Makes the value, if the RFC allows it.
            pub fn new(value: u64) -> Option<Self> {
                ($least..=$most).contains(&value).then(|| Self(<$inner>::try_from(value).unwrap_or($most)))
            }

            /// Returns the plain number.
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
    /// Length of a block in bytes, 8 to 65464; 512 by default (RFC 2348).
    BlockSize(u16), 8..=65464, default 512
}
bounded_number! {
    /// Blocks sent before an ACK, 1 to 65535; 1 by default (RFC 7440 section 3).
    WindowSize(u16), 1..=65535, default 1
}
bounded_number! {
    /// Seconds until a packet is retransmitted, 1 to 255 (RFC 2349).
    TimeoutSeconds(u8), 1..=255, default 1
}

/// Reads a number of ASCII digits only: no sign, no space, no overflow.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    let digits = text.iter().all(u8::is_ascii_digit);
    str::from_utf8(text).ok().filter(|_| digits)?.parse().ok()
}
