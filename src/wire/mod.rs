//! TFTP packets: parsing datagrams and writing them.
//!
//! ```text
//! datagram --Packet::parse--> Packet<'_> --emit--> datagram
//!                               |  Display: a line of the classic trace
//!            OptionList --Offer::parse--> Offer --answer--> Answer --accept--> Terms
//! ```
//!
//! Everything here is pure: no socket, no clock, no file. Parsing borrows from the datagram and never panics.
//!
//! A read request, written and parsed:
//!
//! ```
//! use tftpsh::wire::{BlockSize, Mode, Offer, Packet, RequestKind, emit_request};
//!
//! let offer = Offer { blksize: BlockSize::new(1428), ..Offer::default() };
//! let datagram = emit_request(RequestKind::Read, b"fw.bin", Mode::Octet, &offer)?;
//! assert_eq!(datagram, b"\0\x01fw.bin\0octet\0blksize\x001428\0");
//!
//! let packet = Packet::parse(&datagram)?;
//! assert_eq!(packet.to_string(), "RRQ <file=fw.bin, mode=octet, blksize=1428>");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A server grants what its limits allow; its OACK has only options that were offered (RFC 2347):
//!
//! ```
//! use tftpsh::wire::{BlockSize, Limits, Offer, Packet, WindowSize, emit_oack};
//!
//! let offer = Offer { blksize: BlockSize::new(8192), windowsize: WindowSize::new(8), ..Offer::default() };
//! let limits = Limits { windowsize: WindowSize::new(4).unwrap(), ..Limits::default() };
//! let datagram = emit_oack(&offer.answer(&limits, None));
//!
//! let Packet::Oack(oack) = Packet::parse(&datagram)? else { panic!("not an OACK") };
//! let terms = offer.accept(&oack)?;
//! assert_eq!((terms.blksize.get(), terms.windowsize.get()), (8192, 4));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
pub use number::{BlockSize, TimeoutSeconds, WindowSize};
pub use option_list::OptionList;
pub use options::{Answer, BadOption, BadOptionKind, Limits, Offer, Terms, names};
pub use packet::{DATA_HEADER, Field, Malformed, Opcode, Packet, emit_ack, emit_data_header, emit_error, emit_oack};
pub use request::{BadRequest, REQUEST_LIMIT, Request, RequestKind, emit_request};
pub use text::Printable;
pub(crate) use text::controls_a_terminal;
