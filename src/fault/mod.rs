//! Faults on purpose: what a network does to a transfer, at will and repeatable.
//!
//! ```text
//!  words --Rule::parse--> Faults (rules, hits, seed)
//!                           |
//!  datagram --judge(Course)-+--> Verdict --Line: now, later, behind the next--> datagram, or none, or two
//! ```
//!
//! Everything here is pure: no socket, no clock, no file. The same seed and the same packets give the same verdicts on
//! every machine. Faults are made for a class on one computer, so they act on [loopback](is_loopback) peers
//! only, unless they are [allowed](Faults::allow_remote) elsewhere.

mod blocks;
mod course;
mod faults;
mod instruction;
mod line;
mod parse;
mod rule;
mod verdict;

use std::net::IpAddr;

pub use course::Course;
pub use faults::{Faults, Recorded};
pub use instruction::Instruction;
pub use line::{Line, Parcel};
pub use parse::BadRule;
pub use rule::{Action, How, Percent, Rule, Way, Which};
pub use verdict::{Hit, Verdict};

/// Whether a peer is on this computer, an IPv4 one in IPv6 clothes included.
pub fn is_loopback(peer: IpAddr) -> bool {
    peer.to_canonical().is_loopback()
}
