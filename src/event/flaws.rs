use super::get::Verdict;
use super::{Flag, Flags, Why};
use crate::wire::{DATA_HEADER, Malformed, Packet};

/// What is said of a datagram that is no packet.
pub(super) fn malformed(reason: Malformed) -> Verdict {
    let (flag, why) = match reason {
        Malformed::TooShort { length, least } => (Flag::Malformed, Why::BadShort { length, least }),
        Malformed::UnknownOpcode(opcode) => (Flag::Malformed, Why::BadOpcode { opcode }),
        Malformed::NoNul(field) => (Flag::Malformed, Why::BadNoNul { field }),
        Malformed::NoFilename => (Flag::Malformed, Why::BadName),
        Malformed::TrailingBytes(bytes) => (Flag::Trailing, Why::BadTrailing { bytes }),
    };
    Verdict { flags: Flags::from(flag).with(Flag::Malformed), ..Verdict::new(why) }
}

/// Bytes behind the end of a packet that is tolerated all the same.
pub(super) fn trailing(datagram: &[u8]) -> bool {
    match Packet::parse(datagram) {
        Ok(Packet::Ack { .. }) => datagram.len() > DATA_HEADER,
        Ok(Packet::Error { message, .. }) => datagram.len() > DATA_HEADER + message.len() + 1,
        _ => false,
    }
}
