//! Bytes and their meaning: what a TFTP datagram says, and how to say it.
//!
//! ```text
//! datagram --Packet::parse--> Packet<'_> --emit--> datagram
//!                               |  Display: the words of the classic trace
//!            OptionList --Offer::parse--> Offer --answer--> Answer --accept--> Terms
//! ```
//!
//! Everything here is pure: no socket, no clock, no file. Parsing borrows from the datagram, never panics, and says
//! what is wrong with what it refuses.

pub mod netascii;

mod block_number;
mod direction;
mod error_code;
mod mode;
mod number;
mod option_list;
mod options;
mod packet;
mod request;
mod text;

pub(crate) use block_number::{Wrap, nearest};
pub use direction::Direction;
pub use error_code::ErrorCode;
pub use mode::Mode;
pub use number::{BadValue, BlockSize, TimeoutSeconds, WindowSize};
pub use option_list::OptionList;
pub use options::{Answer, BadOption, BadOptionKind, Limits, Offer, Terms, names};
pub use packet::{DATA_HEADER, Field, Malformed, Opcode, Packet, emit_ack, emit_data_header, emit_error, emit_oack};
pub use request::{BadRequest, REQUEST_LIMIT, Request, RequestKind, emit_request};
pub use text::Printable;
