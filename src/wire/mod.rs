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
mod options;
mod packet;
mod text;

pub use options::{
    Answer, BadOption, BadValue, BlockSize, Fault, Limits, Offer, OptionList, Terms, TimeoutSeconds, WindowSize, names,
};
pub use packet::{
    BadRequest, DATA_HEADER, ErrorCode, Malformed, Mode, Opcode, Packet, REQUEST_LIMIT, Request, RequestKind, emit_ack,
    emit_data_header, emit_error, emit_oack, emit_request,
};
pub use text::Printable;
