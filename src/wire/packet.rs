use std::fmt::{self, Display, Formatter};

use thiserror::Error;

use super::{Answer, ErrorCode, OptionList, Printable, Request, RequestKind};

/// Length of the header of a DATA packet in bytes: opcode and block number (RFC 1350 section 5).
pub const DATA_HEADER: usize = 4;

/// A TFTP packet, borrowed from its datagram.
///
/// [`Display`] writes it as in the classic trace: `DATA <block=1, 512 bytes>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Read or write request, the only packets sent to the server's well-known port (RFC 1350 section 5).
    Request(Request<'a>),
    /// A block of the file; shorter than the agreed size means the last (RFC 1350 section 6).
    Data {
        /// Number on the wire, modulo 65536.
        block: u16,
        /// 0 to 65464 bytes.
        data: &'a [u8],
    },
    /// All blocks up to this one arrived; block 0 accepts a write request or an OACK.
    Ack {
        /// Number on the wire, modulo 65536.
        block: u16,
    },
    /// The transfer is over, or (code 5) the datagram does not belong to it. Never answered.
    Error {
        /// The reason.
        code: ErrorCode,
        /// A message for people; any bytes.
        message: &'a [u8],
    },
    /// The options that the server accepts (RFC 2347).
    Oack(OptionList<'a>),
}

impl<'a> Packet<'a> {
    /// Reads a datagram. Trailing bytes after an ACK or after the message of an ERROR are tolerated, as all peers do.
    ///
    /// # Errors
    ///
    /// The datagram is not a whole packet; the error says why.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, Malformed> {
        let (opcode, body) =
            datagram.split_first_chunk::<2>().ok_or(Malformed::TooShort { length: datagram.len(), least: 2 })?;
        let opcode = u16::from_be_bytes(*opcode);
        match Opcode::from_wire(opcode) {
            Some(Opcode::Rrq) => Request::parse(RequestKind::Read, body).map(Self::Request),
            Some(Opcode::Wrq) => Request::parse(RequestKind::Write, body).map(Self::Request),
            Some(Opcode::Data) => number(body, datagram.len()).map(|(block, data)| Self::Data { block, data }),
            Some(Opcode::Ack) => number(body, datagram.len()).map(|(block, _)| Self::Ack { block }),
            Some(Opcode::Error) => {
                let (code, text) = number(body, datagram.len())?;
                // Several servers leave the NUL out; the text is complete without it.
                let message = text.split(|&byte| byte == 0).next().unwrap_or(text);
                Ok(Self::Error { code: ErrorCode(code), message })
            }
            Some(Opcode::Oack) => OptionList::parse(body).map(Self::Oack),
            None => Err(Malformed::UnknownOpcode(opcode)),
        }
    }

    /// Appends the packet to `datagram`, ready to send.
    pub fn emit(&self, datagram: &mut Vec<u8>) {
        match self {
            Self::Request(request) => request.emit(datagram),
            Self::Data { block, data } => {
                datagram.extend_from_slice(&emit_data_header(*block));
                datagram.extend_from_slice(data);
            }
            Self::Ack { block } => datagram.extend_from_slice(&emit_ack(*block)),
            Self::Error { code, message } => {
                datagram.extend_from_slice(&Opcode::Error.to_wire());
                datagram.extend_from_slice(&code.0.to_be_bytes());
                datagram.extend(message.iter().filter(|&&byte| byte != 0));
                datagram.push(0);
            }
            Self::Oack(options) => {
                datagram.extend_from_slice(&Opcode::Oack.to_wire());
                options.emit(datagram);
            }
        }
    }
}

impl Display for Packet<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(request) => {
                let name = match request.kind {
                    RequestKind::Read => "RRQ",
                    RequestKind::Write => "WRQ",
                };
                let separator = if request.options.is_empty() { "" } else { ", " };
                let (file, mode) = (Printable(request.filename), Printable(request.mode));
                write!(f, "{name} <file={file}, mode={mode}{separator}{}>", request.options)
            }
            Self::Data { block, data } => write!(f, "DATA <block={block}, {} bytes>", data.len()),
            Self::Ack { block } => write!(f, "ACK <block={block}>"),
            Self::Error { code, message } => write!(f, "ERROR <code={}, msg={}>", code.0, Printable(message)),
            Self::Oack(options) => write!(f, "OACK <{options}>"),
        }
    }
}

/// The kind of a packet, with its number on the wire (RFC 1350 section 5, RFC 2347).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum Opcode {
    /// Read request.
    Rrq = 1,
    /// Write request.
    Wrq = 2,
    /// Data block.
    Data = 3,
    /// Acknowledgement.
    Ack = 4,
    /// Error.
    Error = 5,
    /// Option acknowledgement.
    Oack = 6,
}

impl Opcode {
    /// Returns the opcode with this number, if the protocol has one.
    pub fn from_wire(number: u16) -> Option<Self> {
        [Self::Rrq, Self::Wrq, Self::Data, Self::Ack, Self::Error, Self::Oack]
            .into_iter()
            .find(|opcode| *opcode as u16 == number)
    }

    /// Returns the first two bytes of a packet of this kind.
    pub fn to_wire(self) -> [u8; 2] {
        (self as u16).to_be_bytes()
    }
}

/// The reason why a datagram is not a TFTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Malformed {
    /// It ends before its fixed part does.
    #[error("{length} bytes are too short: {least} at least")]
    TooShort {
        /// Length of the datagram, in bytes.
        length: usize,
        /// Least length of such a packet, in bytes.
        least: usize,
    },
    /// The opcode is not one of the six.
    #[error("unknown opcode {0}")]
    UnknownOpcode(u16),
    /// A text field runs to the end of the datagram.
    #[error("no NUL ends the {0}")]
    NoNul(Field),
    /// A request has no file name.
    #[error("the file name is empty")]
    NoFilename,
    /// Bytes follow the last whole field of a request or OACK.
    #[error("{0} bytes after the end")]
    TrailingBytes(usize),
}

/// A text field of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Field {
    /// The name of a file.
    #[error("file name")]
    Filename,
    /// The mode of a request.
    #[error("mode")]
    Mode,
    /// The name of an option.
    #[error("option name")]
    OptionName,
    /// The value of an option.
    #[error("option value")]
    OptionValue,
}

/// Splits `bytes` at its first NUL.
pub(super) fn text(bytes: &[u8], field: Field) -> Result<(&[u8], &[u8]), Malformed> {
    let mut halves = bytes.splitn(2, |&byte| byte == 0);
    match (halves.next(), halves.next()) {
        (Some(text), Some(rest)) => Ok((text, rest)),
        _ => Err(Malformed::NoNul(field)),
    }
}

fn number(body: &[u8], length: usize) -> Result<(u16, &[u8]), Malformed> {
    let (number, rest) = body.split_first_chunk::<2>().ok_or(Malformed::TooShort { length, least: 4 })?;
    Ok((u16::from_be_bytes(*number), rest))
}

/// Writes the header of a DATA packet.
pub fn emit_data_header(block: u16) -> [u8; DATA_HEADER] {
    numbered(Opcode::Data, block)
}

/// Writes an ACK.
pub fn emit_ack(block: u16) -> [u8; 4] {
    numbered(Opcode::Ack, block)
}

fn numbered(opcode: Opcode, number: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (opcode.to_wire(), number.to_be_bytes());
    [a, b, c, d]
}

/// The greatest length of an ERROR of ours, in bytes: it may quote a request, and go to an address that never sent one.
const ERROR_LIMIT: usize = 512;

/// Writes an ERROR of at most 512 bytes: NULs in the message are left out, and a message that is too long is cut.
pub fn emit_error(code: ErrorCode, message: &[u8]) -> Vec<u8> {
    let message = message.get(..ERROR_LIMIT - 5).unwrap_or(message);
    let mut datagram = Vec::with_capacity(5 + message.len());
    Packet::Error { code, message }.emit(&mut datagram);
    datagram
}

/// Writes an OACK.
pub fn emit_oack(answer: &Answer) -> Vec<u8> {
    let mut datagram = Opcode::Oack.to_wire().to_vec();
    answer.emit(&mut datagram);
    datagram
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packets_are_displayed_as_in_the_classic_trace() {
        for (bytes, line) in [
            (&b"\0\x03\0\x01abc"[..], "DATA <block=1, 3 bytes>"),
            (b"\0\x04\xff\xff", "ACK <block=65535>"),
            (b"\0\x05\0\x01File not found\0", "ERROR <code=1, msg=File not found>"),
            (b"\0\x06tsize\x002000\0blksize\x001428\0", "OACK <tsize=2000, blksize=1428>"),
            (b"\0\x02a b\0NetASCII\0", "WRQ <file=a b, mode=NetASCII>"),
        ] {
            assert_eq!(Packet::parse(bytes).map(|packet| packet.to_string()).as_deref(), Ok(line));
        }
    }

    #[test]
    fn a_malformed_datagram_is_refused_with_its_reason() {
        for (bytes, reason) in [
            (&b""[..], Malformed::TooShort { length: 0, least: 2 }),
            (b"\0", Malformed::TooShort { length: 1, least: 2 }),
            (b"\0\x03\0", Malformed::TooShort { length: 3, least: 4 }),
            (b"\0\x04", Malformed::TooShort { length: 2, least: 4 }),
            (b"\0\x05\0", Malformed::TooShort { length: 3, least: 4 }),
            (b"\0\x00ab", Malformed::UnknownOpcode(0)),
            (b"\0\x07ab", Malformed::UnknownOpcode(7)),
            (b"\x01\x01a\0octet\0", Malformed::UnknownOpcode(0x101)),
            (b"\0\x01abc", Malformed::NoNul(Field::Filename)),
            (b"\0\x01abc\0octet", Malformed::NoNul(Field::Mode)),
            (b"\0\x01\0octet\0", Malformed::NoFilename),
            (b"\0\x01a\0octet\0blksize", Malformed::NoNul(Field::OptionName)),
            (b"\0\x01a\0octet\0blksize\x0014", Malformed::NoNul(Field::OptionValue)),
            (b"\0\x06\0xyz\0", Malformed::TrailingBytes(5)),
        ] {
            assert_eq!(Packet::parse(bytes), Err(reason), "{bytes:?}");
        }
    }

    #[test]
    fn an_error_without_its_nul_keeps_its_text() {
        let parsed = Packet::parse(b"\0\x05\0\x02no");
        assert_eq!(parsed, Ok(Packet::Error { code: ErrorCode::ACCESS, message: b"no" }));
        assert_eq!(emit_error(ErrorCode::ACCESS, b"n\0o"), b"\0\x05\0\x02no\0");
    }

    #[test]
    fn an_error_of_ours_is_never_longer_than_a_request() {
        assert_eq!(emit_error(ErrorCode::ILLEGAL, &[b'x'; 507]).len(), ERROR_LIMIT);
        assert_eq!(emit_error(ErrorCode::ILLEGAL, &[b'x'; 2000]).len(), ERROR_LIMIT);
    }

    proptest! {
        #[test]
        fn nothing_that_arrives_panics_and_what_parses_comes_back(bytes: Vec<u8>, opcode in 0u8..8) {
            let mut datagram = vec![0, opcode];
            datagram.extend_from_slice(&bytes);
            for datagram in [&bytes, &datagram] {
                if let Ok(packet) = Packet::parse(datagram) {
                    let _ = packet.to_string();
                    let mut again = Vec::new();
                    packet.emit(&mut again);
                    prop_assert_eq!(Packet::parse(&again), Ok(packet));
                }
            }
        }
    }
}
