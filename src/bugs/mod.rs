//! Historic mistakes of TFTP programs, on purpose: for a class on one computer, on loopback only.
//!
//! [`BuggyServer`] and [`BuggyClient`] wrap a correct [`Machine`](crate::transfer::Machine) and change its input and
//! output, so the machines themselves contain no bugs. Everything here is pure.

/// Defines an enum of bugs: `Variant = name, what it does, the section that it violates,`.
macro_rules! bugs {
    ($(#[$attribute:meta])* $enum:ident {
        $($(#[$doc:meta])* $bug:ident = $name:literal, $brief:literal, $section:literal,)*
    }) => {
        crate::macros::named! { $(#[$attribute])* $enum { $($(#[$doc])* $bug = $name,)* } }

        impl $enum {
            /// Describes the bug in one line.
            pub fn brief(self) -> &'static str {
                match self { $(Self::$bug => $brief,)* }
            }

            /// Names the section that the bug violates.
            pub fn section(self) -> &'static str {
                match self { $(Self::$bug => $section,)* }
            }
        }
    };
}

mod buggy_client;
mod buggy_server;
mod server_bug;

pub use buggy_client::{BuggyClient, ClientBug};
pub use buggy_server::BuggyServer;
pub use server_bug::ServerBug;
