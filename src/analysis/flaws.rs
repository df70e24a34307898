use super::get::Judgement;
use super::{Flag, Flags, Reason};
use crate::wire::{DATA_HEADER, Malformed, Packet};

/// What is said of a datagram that is no packet.
pub(super) fn malformed(reason: Malformed) -> Judgement {
    let (flag, why) = match reason {
        Malformed::TooShort { length, least } => (Flag::Malformed, Reason::BadShort { length, least }),
        Malformed::UnknownOpcode(opcode) => (Flag::Malformed, Reason::BadOpcode { opcode }),
        Malformed::NoNul(field) => (Flag::Malformed, Reason::BadNoNul { field }),
        Malformed::NoFilename => (Flag::Malformed, Reason::BadName),
        Malformed::TrailingBytes(bytes) => (Flag::Trailing, Reason::BadTrailing { bytes }),
    };
    Judgement { flags: Flags::from(flag).with(Flag::Malformed), ..Judgement::new(why) }
}

/// Bytes behind the end of a packet that is tolerated all the same.
pub(super) fn trailing(datagram: &[u8]) -> bool {
    match Packet::parse(datagram) {
        Ok(Packet::Ack { .. }) => datagram.len() > DATA_HEADER,
        Ok(Packet::Error { message, .. }) => datagram.len() > DATA_HEADER + message.len() + 1,
        _ => false,
    }
}
