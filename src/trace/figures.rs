use std::fmt::Write as _;
use std::time::Duration;

use super::Tint;
use crate::analysis::{AnnotatedPacket, Flag, Kind, Outcome, State, Summary};
use crate::fault::{Action, Hit};
use crate::wire::{DATA_HEADER, Opcode, Packet};

/// Formats milliseconds with one decimal.
pub(super) fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1000.0)
}

/// Formats bytes as pairs of hexadecimal digits with `separator` between.
pub(super) fn hex(bytes: &[u8], separator: &str) -> String {
    let mut digits = String::with_capacity(bytes.len() * (2 + separator.len()));
    for (place, byte) in bytes.iter().enumerate() {
        let separator = if place == 0 { "" } else { separator };
        // A String takes any text.
        let _ = write!(digits, "{separator}{byte:02x}");
    }
    digits
}

/// Names the packet: `DATA 2`, `RRQ`.
pub(super) fn name(packet: &AnnotatedPacket<'_>) -> String {
    match packet.block {
        Some(block) => format!("{} {block}", packet.kind.name()),
        None => packet.kind.name().to_owned(),
    }
}

/// Names the flag as the text views do.
pub(super) fn flag(packet: &AnnotatedPacket<'_>, flag: Flag) -> String {
    let of = |word: &str, n: Option<u64>| n.map_or(word.to_owned(), |n| format!("{word} of #{n}"));
    match flag {
        Flag::Dup => of("DUP", packet.dup_of),
        Flag::Rexmt => of("REXMT", packet.dup_of),
        Flag::Copy => of("COPY", packet.copy_of),
        Flag::WrongTid => "WRONG TID".to_owned(),
        Flag::Tid => format!("TID {}", packet.peer.port()),
        _ => flag.name().to_ascii_uppercase(),
    }
}

/// Lists the flags except [`Flag::Tid`].
pub(super) fn notable_flags(packet: &AnnotatedPacket<'_>) -> String {
    packet.flags.without(Flag::Tid).iter().map(|it| flag(packet, it)).collect::<Vec<_>>().join(", ")
}

/// Describes what fault rules did to a packet, in few words: `held 200 ms by rule 1`, `cut to 5 bytes: rule 2`. Its arrow
/// shows that it was dropped.
pub(super) fn deeds(packet: &AnnotatedPacket<'_>) -> Vec<String> {
    let deed = |Hit { rule, action }: &Hit| match (action, packet.held) {
        (Action::Drop, _) => None,
        (Action::Dup, _) => Some(format!("duplicated: rule {rule}")),
        (Action::Delay(_), Some(held)) => Some(format!("held {} ms by rule {rule}", held.as_millis())),
        (Action::Delay(_), None) => Some(format!("held by rule {rule}")),
        (Action::Swap, _) => Some(format!("overtaken: rule {rule}")),
        (Action::Corrupt(_), _) => Some(format!("corrupted: rule {rule}")),
        (Action::Cut(length), _) => Some(format!("cut to {length} bytes: rule {rule}")),
        (Action::Stranger, _) => Some(format!("from another port: rule {rule}")),
    };
    packet.faults.iter().filter_map(deed).collect()
}

/// Describes a held packet that reaches the machine: `DATA 2 (#5) delivered 200 ms later, DUP of #4`.
pub(super) fn delivered(after: Duration, packet: &AnnotatedPacket<'_>) -> String {
    let flags = notable_flags(packet);
    let separator = if flags.is_empty() { "" } else { ", " };
    format!("{} (#{}) delivered {} ms later{separator}{flags}", name(packet), packet.n, after.as_millis())
}

/// Describes a packet as the classic trace does; `length` is that of the whole packet, whose data may be cut.
pub(super) fn words(packet: &Packet<'_>, length: usize) -> String {
    match packet {
        Packet::Data { block, .. } => format!("DATA <block={block}, {} bytes>", length.saturating_sub(DATA_HEADER)),
        other => other.to_string(),
    }
}

/// Formats the failure of a transfer, unless the `last` packet already showed it.
pub(super) fn failure(summary: &Summary, last: State) -> Option<String> {
    match &summary.outcome {
        Outcome::Failed(reason) if last != State::Failed => Some(format!("failed: {reason}")),
        _ => None,
    }
}

pub(super) fn tint(kind: Kind) -> Tint {
    match kind {
        Kind::Known(Opcode::Rrq | Opcode::Wrq) => Tint::Request,
        Kind::Known(Opcode::Data) => Tint::Data,
        Kind::Known(Opcode::Ack) => Tint::Ack,
        Kind::Known(Opcode::Oack) => Tint::Oack,
        Kind::Known(Opcode::Error) | Kind::Unknown(_) | Kind::None => Tint::Error,
    }
}
