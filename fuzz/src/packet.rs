//! What arrives is parsed, printed and put together again.

use tftpsh::wire::Packet;

/// Parsing never panics, what is printed cannot steer a terminal, and what was parsed comes back.
pub fn run(input: &[u8]) {
    let Ok(packet) = Packet::parse(input) else { return };
    let words = packet.to_string();
    assert!(!words.chars().any(steers), "{words:?}");
    let mut again = Vec::new();
    packet.emit(&mut again);
    assert_eq!(Packet::parse(&again), Ok(packet));
}

fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
