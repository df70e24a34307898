//! The field's historic mistakes, on purpose: for a class on one computer, on loopback only.
//!
//! [`Buggy`] and [`Careless`] wrap an honest [`Machine`](crate::transfer::Machine) and distort what goes in and comes
//! out, so that the machines themselves stay free of them. Everything here is pure.

mod bug;
mod buggy;
mod careless;

pub use bug::{Bug, UnknownBug};
pub use buggy::Buggy;
pub use careless::{Careless, ClientBug, UnknownClientBug};
