use thiserror::Error;

use super::packet::text;
use super::{Field, Malformed, Mode, Offer, Opcode, OptionList};

/// The greatest length of a request packet, in bytes (RFC 2347, "Packet Formats").
pub const REQUEST_LIMIT: usize = 512;

/// A read or write request (RFC 1350 section 5, RFC 2347).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Whether it reads from the server or writes to it.
    pub kind: RequestKind,
    /// The file name as sent: not empty, without a NUL, in any encoding.
    pub filename: &'a [u8],
    /// The mode as sent; [`Mode::from_wire`] reads it.
    pub mode: &'a [u8],
    /// The options in the order sent.
    pub options: OptionList<'a>,
}

impl<'a> Request<'a> {
    pub(super) fn parse(kind: RequestKind, body: &'a [u8]) -> Result<Self, Malformed> {
        let (filename, rest) = text(body, Field::Filename)?;
        if filename.is_empty() {
            return Err(Malformed::NoFilename);
        }
        let (mode, rest) = text(rest, Field::Mode)?;
        Ok(Self { kind, filename, mode, options: OptionList::parse(rest)? })
    }

    pub(super) fn emit(&self, datagram: &mut Vec<u8>) {
        datagram.extend_from_slice(&self.kind.opcode().to_wire());
        for field in [self.filename, self.mode] {
            datagram.extend_from_slice(field);
            datagram.push(0);
        }
        self.options.emit(datagram);
    }
}

/// The direction of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestKind {
    /// RRQ: from the server to the client.
    Read,
    /// WRQ: from the client to the server.
    Write,
}

impl RequestKind {
    /// Returns the opcode of such a request.
    pub fn opcode(self) -> Opcode {
        match self {
            Self::Read => Opcode::Rrq,
            Self::Write => Opcode::Wrq,
        }
    }

    /// Returns the command of a client that asks so.
    pub fn command(self) -> &'static str {
        match self {
            Self::Read => "get",
            Self::Write => "put",
        }
    }
}

/// Writes a request of at most [`REQUEST_LIMIT`] bytes. A file name is never cut.
///
/// # Errors
///
/// The file name is empty, has a NUL in it, or is too long.
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

/// The reason why a request cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadRequest {
    /// The file name is empty.
    #[error("the remote file name is empty")]
    NoFilename,
    /// The file name has a NUL, which would end it on the wire.
    #[error("the remote file name has a NUL in it")]
    NulInFilename,
    /// The request would have more than 512 bytes.
    #[error("the remote file name is too long: the request would have {0} bytes, at most {REQUEST_LIMIT} are allowed")]
    TooLong(usize),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Packet;

    /// A request of tftp-hpa: `get fw.bin` with its options.
    const RRQ: &[u8] = b"\0\x01fw.bin\0octet\0tsize\x000\0blksize\x001428\0";

    #[test]
    fn a_request_is_read_and_written() {
        let Ok(Packet::Request(request)) = Packet::parse(RRQ) else { panic!("a request") };
        assert_eq!((request.kind, request.filename, request.mode), (RequestKind::Read, &b"fw.bin"[..], &b"octet"[..]));
        assert_eq!(Packet::Request(request).to_string(), "RRQ <file=fw.bin, mode=octet, tsize=0, blksize=1428>");
        let offer = Offer::parse(&request.options);
        assert_eq!(emit_request(RequestKind::Read, b"fw.bin", Mode::Octet, &offer).as_deref(), Ok(RRQ));
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
}
