use std::time::Duration;

use crate::analysis::{AnnotatedPacket, Flag};
use crate::analysis::{Kind, State};
use crate::wire::{DATA_HEADER, Malformed, Opcode, Packet};

use super::Tint;

/// `4,213`.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds with one place.
pub(super) fn millis(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() * 1000.0)
}

/// Hexadecimal pairs with blanks between.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// The flag in the words of the text views.
pub(super) fn flag(packet: &AnnotatedPacket<'_>, flag: Flag) -> String {
    let of = |word: &str| match packet.dup_of {
        Some(n) => format!("{word} of #{n}"),
        None => word.to_owned(),
    };
    match flag {
        Flag::Dup => of("DUP"),
        Flag::Rexmt => of("REXMT"),
        Flag::WrongTid => "WRONG TID".to_owned(),
        Flag::Tid => format!("TID {}", packet.peer.port()),
        _ => flag.name().to_ascii_uppercase(),
    }
}

/// The packet in the words of the classic trace.
pub(super) fn words(packet: &AnnotatedPacket<'_>) -> Result<String, Malformed> {
    Ok(match packet.parse()? {
        // The block may be cut.
        Packet::Data { block, .. } => {
            format!("DATA <block={block}, {} bytes>", packet.length.saturating_sub(DATA_HEADER))
        }
        other => other.to_string(),
    })
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

/// Whether a packet told the end already, so that nothing need be said of it.
pub(super) fn told_the_end(last: State) -> bool {
    last == State::Failed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(
            [0, 12, 999, 1000, 4213, 1_234_567].map(thousands),
            ["0", "12", "999", "1,000", "4,213", "1,234,567"]
        );
    }
}
