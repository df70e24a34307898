//! What the records of a transfer mean: duplicates, retransmissions, strangers, round trips, states and reasons.
//!
//! ```text
//! Record --Analyser--> Annotated --> Ring: the last transfers
//!                               '--> every view of trace except the classic one
//! ```
//!
//! The analysis reads the protocol in the records alone, so every view says the same, no matter what made the packets.
//!
//! ```
//! use tftpsh::analysis::Analyser;
//! use tftpsh::client::Negotiation;
//! use tftpsh::event::{Observer, Record};
//! use tftpsh::{Client, MemoryStore, Server};
//!
//! /// Collects the reason for each packet.
//! #[derive(Default)]
//! struct Reasons(Analyser, Vec<&'static str>);
//!
//! impl Observer for Reasons {
//!     fn observe(&mut self, record: &Record<'_>) {
//!         let annotated = self.0.analyse(record);
//!         self.1.extend(annotated.iter().filter_map(|it| it.packet()).map(|packet| packet.why.code()));
//!     }
//! }
//!
//! let server = Server::builder(MemoryStore::from([("a", "hello")])).bind("127.0.0.1:0")?.spawn()?;
//! let mut reasons = Reasons::default();
//! Client::to(server.address()).options(Negotiation::Off).observer(&mut reasons).get("a", std::io::sink())?;
//! assert_eq!(reasons.1, ["req.read", "data.last", "ack.final"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod analyse;
mod annotated;
mod answers;
mod arrivals;
mod conversation;
mod departures;
mod flags;
mod get;
mod judgement;
mod merge;
mod moment;
mod offer;
mod packets;
mod prints;
mod put;
mod reason;
mod relations;
mod ring;
mod server_analyser;
mod serving;
mod silence;
mod tally;

pub use analyse::Analyser;
pub use annotated::{Altered, Annotated, AnnotatedPacket, Annotation, Choice, KEPT_DATA, Kind, State};
pub use flags::{Flag, Flags};
pub use merge::Merge;
pub use reason::Reason;
pub use relations::Relations;
pub use ring::{Kept, Ring};
pub use server_analyser::ServerAnalyser;
pub use silence::{Owner, Silence};
pub use tally::{Outcome, PacketCounts, Summary};
