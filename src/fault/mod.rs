//! Injected faults: what a network does to a transfer, on request and repeatable.
//!
//! ```text
//!  rules ---------------> Faults (rules, hits, seed)
//!                              |
//!  datagram --judge(RuleState)-+--> Judgement --FaultyLink: now, later, after the next--> no, one or two datagrams
//! ```
//!
//! Everything here is pure: no socket, no clock, no file. The same seed and the same packets give the same judgements on
//! every machine. Faults are for a class on one computer, so they act on [loopback](is_loopback) peers only, unless they are
//! [allowed](Faults::allow_remote) elsewhere.
//!
//! ```
//! use tftpsh::event::Direction;
//! use tftpsh::fault::{Action, Faults, Rule, Way, Which};
//! use tftpsh::wire::{Opcode, emit_ack};
//!
//! let mut faults = Faults::default();
//! let (kind, which) = (Some(Opcode::Ack), Some(Which::Block(2)));
//! faults.add(Rule { action: Action::Drop, way: Way::Sent, kind, which, how: None });
//! let mut transfer = faults.begin();
//! let copies = [1, 2, 2, 3].map(|block| faults.judge(&mut transfer, Direction::Sent, &emit_ack(block)).copies);
//! assert_eq!(copies, [1, 0, 1, 1], "only the first ACK 2 is lost");
//! ```

mod blocks;
mod delay_queue;
mod fate;
mod faults;
mod faulty_link;
mod in_flight;
mod judgement;
mod rule;
mod rule_state;

use std::net::IpAddr;

pub use fate::{Fate, Held, Origin};
pub use faults::{Faults, Recorded};
pub use faulty_link::{FaultyLink, Passage};
pub use in_flight::InFlight;
pub use judgement::{Hit, Judgement};
pub use rule::{Action, How, KINDS, Percent, Rule, WAYS, Way, Which};
pub use rule_state::RuleState;

/// Whether a peer is on this computer, also by an IPv4-mapped IPv6 address.
pub fn is_loopback(peer: IpAddr) -> bool {
    peer.to_canonical().is_loopback()
}
