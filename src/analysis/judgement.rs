use std::time::Duration;

use super::{Flag, Flags, Reason, State};
use crate::transfer::Ignored;
use crate::wire::{DATA_HEADER, Malformed, Packet};

/// What the analysis says of one packet.
#[derive(Debug)]
pub(super) struct Judgement {
    pub(super) abs: Option<u64>,
    pub(super) flags: Flags,
    pub(super) dup_of: Option<u64>,
    /// The state after the packet; `None` leaves it.
    pub(super) after: Option<State>,
    pub(super) why: Reason,
    /// The transfer made progress.
    pub(super) progress: bool,
    /// The packet that this one answers, with its round trip.
    pub(super) answer: Option<(u64, Option<Duration>)>,
    /// Why the machine ignores it, as the machine reports it.
    pub(super) ignored: Option<Ignored>,
    /// The machine ends the transfer because of it: it takes no other packet.
    pub(super) is_last: bool,
}

impl Judgement {
    pub(super) fn new(why: Reason) -> Self {
        Self {
            abs: None,
            flags: Flags::default(),
            dup_of: None,
            after: None,
            why,
            progress: false,
            answer: None,
            ignored: None,
            is_last: false,
        }
    }

    pub(super) fn flagged(flag: Flag, why: Reason) -> Self {
        Self::new(why).with(flag)
    }

    /// The judgement of a packet that changes nothing.
    pub(super) fn ignored(ignored: Ignored, why: Reason) -> Self {
        Self { ignored: Some(ignored), ..Self::new(why) }
    }

    /// The judgement of a packet that repeats packet `dup_of`, if that is remembered.
    pub(super) fn repeated(dup_of: Option<u64>, why: Reason) -> Self {
        Self { dup_of, ..Self::ignored(Ignored::Duplicate, why) }.with(Flag::Dup)
    }

    /// The judgement of a packet for which the machine ends the transfer.
    pub(super) fn last(why: Reason) -> Self {
        Self { is_last: true, ..Self::new(why) }
    }

    /// The judgement of a DATA or an ACK of this block of the file.
    pub(super) fn of_block(block: u64, why: Reason) -> Self {
        Self { abs: Some(block), ..Self::new(why) }
    }

    /// The judgement of a packet that leads to this state.
    pub(super) fn leads_to(after: State, why: Reason) -> Self {
        Self { after: Some(after), is_last: after.is_over(), ..Self::new(why) }
    }

    /// The judgement of a datagram that is not a packet.
    pub(super) fn malformed(reason: Malformed) -> Self {
        let why = match reason {
            Malformed::TooShort { length, least } => Reason::BadShort { length, least },
            Malformed::UnknownOpcode(opcode) => Reason::BadOpcode { opcode },
            Malformed::NoNul(field) => Reason::BadNoNul { field },
            Malformed::NoFilename => Reason::BadName,
            Malformed::TrailingBytes(bytes) => Reason::BadTrailing { bytes },
        };
        let judgement = Self::ignored(Ignored::Malformed(reason), why).with(Flag::Malformed);
        if let Malformed::TrailingBytes(_) = reason { judgement.with(Flag::Trailing) } else { judgement }
    }

    pub(super) fn with(mut self, flag: Flag) -> Self {
        self.flags.insert(flag);
        self
    }
}

/// Whether bytes follow the end of a packet that is accepted all the same, in a datagram of `length` bytes.
pub(super) fn has_trailing_bytes(parsed: Result<Packet<'_>, Malformed>, length: usize) -> bool {
    match parsed {
        Ok(Packet::Ack { .. }) => length > DATA_HEADER,
        Ok(Packet::Error { message, .. }) => length > DATA_HEADER + message.len() + 1,
        _ => false,
    }
}
