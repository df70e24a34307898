use std::fmt::{self, Display, Formatter};

use thiserror::Error;

use super::{Answer, Offer, OptionList, Printable};

/// Octets in front of a block in a DATA packet: opcode and block number (RFC 1350 section 5).
pub const DATA_HEADER: usize = 4;

/// Octets a request packet may have at most (RFC 2347, "Packet Formats").
pub const REQUEST_LIMIT: usize = 512;

/// One datagram of the protocol, borrowed from the bytes it was read from.
///
/// [`Display`] gives the words of the classic trace: `DATA <block=1, 512 bytes>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Read or write request, the only packets sent to the server's well-known port (RFC 1350 section 5).
    Request(Request<'a>),
    /// A block of the file; shorter than the agreed size means the last (RFC 1350 section 6).
    Data {
        /// Number on the wire, modulo 65536.
        block: u16,
        /// 0 to 65464 octets.
        data: &'a [u8],
    },
    /// Everything up to this block is safe; block 0 accepts a write request or an OACK.
    Ack {
        /// Number on the wire, modulo 65536.
        block: u16,
    },
    /// The transfer is over, or (code 5) the datagram it answers was none of it. Never answered.
    Error {
        /// Why.
        code: ErrorCode,
        /// For people; any bytes.
        message: &'a [u8],
    },
    /// The options a server accepts of those asked for (RFC 2347).
    Oack(OptionList<'a>),
}

impl<'a> Packet<'a> {
    /// Reads a datagram. Trailing bytes behind an ACK or the message of an ERROR are tolerated, as all peers do;
    /// everything else that is not a whole packet is refused with its reason.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, Malformed> {
        let (opcode, body) =
            datagram.split_first_chunk::<2>().ok_or(Malformed::TooShort { length: datagram.len(), least: 2 })?;
        let opcode = u16::from_be_bytes(*opcode);
        match Opcode::from_wire(opcode) {
            Some(Opcode::Rrq) => Request::parse(RequestKind::Read, body).map(Self::Request),
            Some(Opcode::Wrq) => Request::parse(RequestKind::Write, body).map(Self::Request),
            Some(Opcode::Data) => {
                let (block, data) = number(body, datagram.len())?;
                Ok(Self::Data { block, data })
            }
            Some(Opcode::Ack) => {
                let (block, _) = number(body, datagram.len())?;
                Ok(Self::Ack { block })
            }
            Some(Opcode::Error) => {
                let (code, text) = number(body, datagram.len())?;
                // Several servers leave the NUL out; the text is all there all the same.
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
                write!(f, "{name} <file={}, mode={}", Printable(request.filename), Printable(request.mode))?;
                for (option, value) in request.options.pairs() {
                    write!(f, ", {}={}", Printable(option), Printable(value))?;
                }
                f.write_str(">")
            }
            Self::Data { block, data } => write!(f, "DATA <block={block}, {} bytes>", data.len()),
            Self::Ack { block } => write!(f, "ACK <block={block}>"),
            Self::Error { code, message } => write!(f, "ERROR <code={}, msg={}>", code.0, Printable(message)),
            Self::Oack(options) => {
                f.write_str("OACK <")?;
                for (index, (option, value)) in options.pairs().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{}={}", Printable(option), Printable(value))?;
                }
                f.write_str(">")
            }
        }
    }
}

/// What a client asks for (RFC 1350 section 5, RFC 2347).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Read from the server or write to it.
    pub kind: RequestKind,
    /// As sent: bytes without a NUL, not empty, in no promised encoding.
    pub filename: &'a [u8],
    /// As sent; [`Mode::from_wire`] understands it.
    pub mode: &'a [u8],
    /// In the order sent.
    pub options: OptionList<'a>,
}

impl<'a> Request<'a> {
    fn parse(kind: RequestKind, body: &'a [u8]) -> Result<Self, Malformed> {
        let (filename, rest) = text(body, "file name")?;
        if filename.is_empty() {
            return Err(Malformed::NoFilename);
        }
        let (mode, rest) = text(rest, "mode")?;
        Ok(Self { kind, filename, mode, options: OptionList::parse(rest)? })
    }

    fn emit(&self, datagram: &mut Vec<u8>) {
        datagram.extend_from_slice(&self.kind.opcode().to_wire());
        for field in [self.filename, self.mode] {
            datagram.extend_from_slice(field);
            datagram.push(0);
        }
        self.options.emit(datagram);
    }
}

/// Which way the file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// RRQ: from the server to the client.
    Read,
    /// WRQ: from the client to the server.
    Write,
}

impl RequestKind {
    /// The opcode of such a request.
    pub fn opcode(self) -> Opcode {
        match self {
            Self::Read => Opcode::Rrq,
            Self::Write => Opcode::Wrq,
        }
    }
}

/// The kinds of packets, by the number on the wire (RFC 1350 section 5, RFC 2347).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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
    /// The opcode with this number, if the protocol has one.
    pub fn from_wire(number: u16) -> Option<Self> {
        [Self::Rrq, Self::Wrq, Self::Data, Self::Ack, Self::Error, Self::Oack]
            .into_iter()
            .find(|opcode| *opcode as u16 == number)
    }

    /// The two octets that stand first in a packet of this kind.
    pub fn to_wire(self) -> [u8; 2] {
        (self as u16).to_be_bytes()
    }
}

/// Number of an ERROR packet; any 16-bit value can arrive (RFC 1350 section 5, RFC 2347).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(pub u16);

impl ErrorCode {
    /// Not defined; see the message.
    pub const UNDEFINED: Self = Self(0);
    /// File not found.
    pub const NOT_FOUND: Self = Self(1);
    /// Access violation.
    pub const ACCESS: Self = Self(2);
    /// Disk full or allocation exceeded.
    pub const DISK_FULL: Self = Self(3);
    /// Illegal TFTP operation.
    pub const ILLEGAL: Self = Self(4);
    /// Unknown transfer id: the one error that does not end the receiver's transfer.
    pub const UNKNOWN_TID: Self = Self(5);
    /// File already exists.
    pub const EXISTS: Self = Self(6);
    /// No such user.
    pub const NO_USER: Self = Self(7);
    /// Option negotiation failed (RFC 2347).
    pub const OPTIONS: Self = Self(8);

    /// The standard's own words for this code.
    pub fn meaning(self) -> &'static str {
        match self.0 {
            1 => "File not found",
            2 => "Access violation",
            3 => "Disk full or allocation exceeded",
            4 => "Illegal TFTP operation",
            5 => "Unknown transfer ID",
            6 => "File already exists",
            7 => "No such user",
            8 => "Option negotiation failed",
            _ => "Undefined error",
        }
    }
}

/// How the bytes of a file are carried (RFC 1350 section 1). `mail` is obsolete and not among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Byte for byte.
    #[default]
    Octet,
    /// Text with CR LF at the ends of lines; see [`netascii`](super::netascii).
    Netascii,
}

impl Mode {
    /// Understands the mode of a request, in any case (RFC 1350 section 5).
    pub fn from_wire(name: &[u8]) -> Option<Self> {
        [Self::Octet, Self::Netascii].into_iter().find(|mode| name.eq_ignore_ascii_case(mode.name().as_bytes()))
    }

    /// The word that stands in a request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Octet => "octet",
            Self::Netascii => "netascii",
        }
    }
}

impl Display for Mode {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a datagram is not a TFTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Malformed {
    /// Cut off before its fixed part ends.
    #[error("{length} bytes are too short: {least} at least")]
    TooShort {
        /// Octets that came.
        length: usize,
        /// Octets the packet must have.
        least: usize,
    },
    /// None of the six kinds.
    #[error("unknown opcode {0}")]
    UnknownOpcode(u16),
    /// A text field runs to the end of the datagram.
    #[error("no NUL ends the {0}")]
    NoNul(&'static str),
    /// A request without a name.
    #[error("the file name is empty")]
    NoFilename,
    /// Bytes behind the last whole field of a request or OACK.
    #[error("{0} bytes behind the end")]
    TrailingBytes(usize),
}

/// Cuts `bytes` at its first NUL.
pub(super) fn text<'a>(bytes: &'a [u8], field: &'static str) -> Result<(&'a [u8], &'a [u8]), Malformed> {
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

/// The four octets in front of a block.
pub fn emit_data_header(block: u16) -> [u8; DATA_HEADER] {
    numbered(Opcode::Data, block)
}

/// A whole ACK.
pub fn emit_ack(block: u16) -> [u8; 4] {
    numbered(Opcode::Ack, block)
}

fn numbered(opcode: Opcode, number: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (opcode.to_wire(), number.to_be_bytes());
    [a, b, c, d]
}

/// Octets an ERROR of ours has at most, however much of what it answers it repeats: it may go to an address that never
/// asked for it.
const ERROR_LIMIT: usize = 512;

/// A whole ERROR of at most 512 octets; NULs in the message are left out, and what is too long is cut.
pub fn emit_error(code: ErrorCode, message: &[u8]) -> Vec<u8> {
    let message = message.get(..ERROR_LIMIT - 5).unwrap_or(message);
    let mut datagram = Vec::with_capacity(5 + message.len());
    Packet::Error { code, message }.emit(&mut datagram);
    datagram
}

/// A whole OACK.
pub fn emit_oack(answer: &Answer) -> Vec<u8> {
    let mut datagram = Opcode::Oack.to_wire().to_vec();
    answer.emit(&mut datagram);
    datagram
}

/// A whole request. A name with a NUL in it cannot be carried, and a request has at most [`REQUEST_LIMIT`] octets:
/// both are refused, never cut.
pub fn emit_request(kind: RequestKind, filename: &[u8], mode: Mode, offer: &Offer) -> Result<Vec<u8>, BadRequest> {
    if filename.is_empty() {
        return Err(BadRequest::NoFilename);
    }
    if filename.contains(&0) {
        return Err(BadRequest::NulInFilename);
    }
    let mut datagram = Vec::with_capacity(REQUEST_LIMIT);
    let request = Request { kind, filename, mode: mode.name().as_bytes(), options: OptionList::default() };
    request.emit(&mut datagram);
    offer.emit(&mut datagram);
    if datagram.len() > REQUEST_LIMIT {
        return Err(BadRequest::TooLong(datagram.len()));
    }
    Ok(datagram)
}

/// Why a request cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadRequest {
    /// TFTP has no way to name nothing.
    #[error("the remote file name is empty")]
    NoFilename,
    /// A NUL ends a name on the wire.
    #[error("the remote file name has a NUL in it")]
    NulInFilename,
    /// RFC 2347 allows 512.
    #[error("the remote file name is too long: the request would have {0} bytes, at most {REQUEST_LIMIT} are allowed")]
    TooLong(usize),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Bytes as tftp-hpa sent them: `get fw.bin` with its options.
    const RRQ: &[u8] = b"\0\x01fw.bin\0octet\0tsize\x000\0blksize\x001428\0";

    #[test]
    fn a_request_is_taken_apart_and_put_together() {
        let Ok(Packet::Request(request)) = Packet::parse(RRQ) else { panic!("a request") };
        assert_eq!((request.kind, request.filename, request.mode), (RequestKind::Read, &b"fw.bin"[..], &b"octet"[..]));
        assert_eq!(Packet::Request(request).to_string(), "RRQ <file=fw.bin, mode=octet, tsize=0, blksize=1428>");
        let offer = Offer::parse(&request.options);
        assert_eq!(emit_request(RequestKind::Read, b"fw.bin", Mode::Octet, &offer).as_deref(), Ok(RRQ));
    }

    #[test]
    fn the_classic_words_are_exact() {
        for (bytes, words) in [
            (&b"\0\x03\0\x01abc"[..], "DATA <block=1, 3 bytes>"),
            (b"\0\x04\xff\xff", "ACK <block=65535>"),
            (b"\0\x05\0\x01File not found\0", "ERROR <code=1, msg=File not found>"),
            (b"\0\x06tsize\x002000\0blksize\x001428\0", "OACK <tsize=2000, blksize=1428>"),
            (b"\0\x02a b\0NetASCII\0", "WRQ <file=a b, mode=NetASCII>"),
        ] {
            assert_eq!(Packet::parse(bytes).map(|packet| packet.to_string()).as_deref(), Ok(words));
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (bytes, reason) in [
            (&b""[..], Malformed::TooShort { length: 0, least: 2 }),
            (b"\0", Malformed::TooShort { length: 1, least: 2 }),
            (b"\0\x03\0", Malformed::TooShort { length: 3, least: 4 }),
            (b"\0\x04", Malformed::TooShort { length: 2, least: 4 }),
            (b"\0\x05\0", Malformed::TooShort { length: 3, least: 4 }),
            (b"\0\x00ab", Malformed::UnknownOpcode(0)),
            (b"\0\x07ab", Malformed::UnknownOpcode(7)),
            (b"\x01\x01a\0octet\0", Malformed::UnknownOpcode(0x101)),
            (b"\0\x01abc", Malformed::NoNul("file name")),
            (b"\0\x01abc\0octet", Malformed::NoNul("mode")),
            (b"\0\x01\0octet\0", Malformed::NoFilename),
            (b"\0\x01a\0octet\0blksize", Malformed::NoNul("option name")),
            (b"\0\x01a\0octet\0blksize\x0014", Malformed::NoNul("option value")),
            (b"\0\x06\0xyz\0", Malformed::TrailingBytes(5)),
        ] {
            assert_eq!(Packet::parse(bytes), Err(reason), "{bytes:?}");
        }
    }

    #[test]
    fn a_name_is_refused_rather_than_cut() {
        let name = vec![b'n'; 502];
        assert!(emit_request(RequestKind::Read, &name, Mode::Octet, &Offer::default()).is_ok_and(|it| it.len() == 511));
        let refused = |name: &[u8]| emit_request(RequestKind::Read, name, Mode::Octet, &Offer::default());
        assert!(refused(&[b'n'; 503]).is_ok_and(|it| it.len() == REQUEST_LIMIT));
        assert_eq!(refused(&[b'n'; 504]), Err(BadRequest::TooLong(513)));
        assert_eq!(refused(b"a\0b"), Err(BadRequest::NulInFilename));
        assert_eq!(refused(b""), Err(BadRequest::NoFilename));
    }

    #[test]
    fn modes_are_known_in_any_case() {
        for mode in [Mode::Octet, Mode::Netascii] {
            assert_eq!(Mode::from_wire(mode.to_string().to_uppercase().as_bytes()), Some(mode));
        }
        assert_eq!((Mode::from_wire(b"mail"), Mode::Netascii.to_string()), (None, "netascii".to_owned()));
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
