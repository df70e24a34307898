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
mod delay_queue;
mod faults;
mod instruction;
mod judgement;
mod parse;
mod rule;
mod rule_state;

use std::net::IpAddr;

pub use delay_queue::{DelayQueue, InFlight};
pub use faults::{Faults, Recorded};
pub use instruction::Instruction;
pub use judgement::{Hit, Judgement};
pub use parse::BadRule;
pub use rule::{Action, How, Percent, Rule, Way, Which};
pub use rule_state::RuleState;

/// Whether a peer is on this computer, an IPv4 one in IPv6 clothes included.
pub fn is_loopback(peer: IpAddr) -> bool {
    peer.to_canonical().is_loopback()
}
