use std::fmt::{self, Display, Formatter, Write};

/// Bytes from the network or a file name, made safe to print.
///
/// Printable UTF-8 stays as it is. Control characters, line and paragraph separators, bidirectional controls and bytes
/// that are not UTF-8 are written as `\xNN`, one for each byte, so that no received text can control a terminal.
#[derive(Debug, Clone, Copy)]
pub struct Printable<'a>(pub &'a [u8]);

/// The most bytes of a peer's text that a message shows.
const BRIEF: usize = 300;

impl Printable<'_> {
    /// Returns the text for a message: after 300 bytes it is cut between two characters, with `...` at its end.
    pub fn brief(self) -> String {
        match self.0.split_at_checked(BRIEF) {
            Some((head, tail)) if !tail.is_empty() => {
                let is_inside = |byte: &u8| byte & 0xc0 == 0x80;
                let cut =
                    head.iter().rposition(|byte| !is_inside(byte)).filter(|_| tail.first().is_some_and(is_inside));
                format!("{}...", Printable(cut.and_then(|cut| head.get(..cut)).unwrap_or(head)))
            }
            _ => self.to_string(),
        }
    }
}

impl Display for Printable<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                if controls_a_terminal(character) {
                    escape(f, character.encode_utf8(&mut [0; 4]).as_bytes())?;
                } else {
                    f.write_char(character)?;
                }
            }
            escape(f, chunk.invalid())?;
        }
        Ok(())
    }
}

fn escape(f: &mut Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))
}

/// Whether a terminal would not show this character but obey it.
pub(crate) fn controls_a_terminal(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printable_text_stays_as_it_is() {
        assert_eq!(Printable("über fw-1.2.bin".as_bytes()).to_string(), "über fw-1.2.bin");
    }

    #[test]
    fn a_long_text_is_cut_in_messages() {
        assert_eq!(Printable(&[b'x'; BRIEF]).brief(), "x".repeat(BRIEF));
        assert_eq!(Printable(&[b'\n'; 60_000]).brief(), "\\x0a".repeat(BRIEF) + "...");
        let shifted = |before: &str| Printable((before.to_owned() + &"\u{20ac}".repeat(200)).as_bytes()).brief();
        assert_eq!(shifted(""), "\u{20ac}".repeat(100) + "...");
        assert_eq!(shifted("ab"), "ab".to_owned() + &"\u{20ac}".repeat(99) + "...");
    }

    #[test]
    fn controls_and_broken_utf8_are_escaped_byte_by_byte() {
        assert_eq!(Printable(b"a\x1b[2Jb\xff\x7f\n").to_string(), "a\\x1b[2Jb\\xff\\x7f\\x0a");
        assert_eq!(Printable("\u{9b}x\u{202e}y".as_bytes()).to_string(), "\\xc2\\x9bx\\xe2\\x80\\xaey");
    }
}
