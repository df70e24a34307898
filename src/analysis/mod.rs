//! What the records of a transfer mean: duplicates, retransmissions, strangers, round trips, states and reasons.
//!
//! ```text
//! Record --Analyser--> Annotated --> Ring: the last transfers, kept
//!                               '--> every view of trace but the classic one
//! ```
//!
//! The analysis reads the protocol in the records alone, so that every view says the same, whatever made the packets.

mod analyse;
mod annotated;
mod answers;
mod arrivals;
mod conversation;
mod departures;
mod flags;
mod flaws;
mod get;
mod offer;
mod put;
mod reason;
mod ring;
mod tally;

pub use analyse::Analyser;
pub use annotated::{Annotated, AnnotatedPacket, Annotation, Choice, Kind, State};
pub use flags::{Flag, Flags};
pub use reason::Reason;
pub use ring::{Kept, Ring};
pub use tally::{Outcome, Summary};
