//! Packets as octets, made without the library.

use tftpsh::wire::{ErrorCode, Packet};

pub(crate) fn data(block: u16, bytes: &[u8]) -> Vec<u8> {
    [&[0, 3], &block.to_be_bytes()[..], bytes].concat()
}

pub(crate) fn ack(block: u16) -> Vec<u8> {
    [&[0, 4], &block.to_be_bytes()[..]].concat()
}

/// The code and the message of an ERROR.
pub(crate) fn error_of(datagram: &[u8]) -> (ErrorCode, String) {
    match Packet::parse(datagram).unwrap() {
        Packet::Error { code, message } => (code, String::from_utf8(message.to_vec()).unwrap()),
        other => panic!("{other} is no ERROR"),
    }
}

pub(crate) fn is_error(datagram: &[u8]) -> bool {
    matches!(Packet::parse(datagram), Ok(Packet::Error { .. }))
}
