use std::io::{self, Write};
use std::mem;

use crate::wire::Printable;

/// A terminal as the place of a file: shows text as it is, and whatever would control the terminal as `\xNN`.
pub(super) struct TerminalText<W> {
    terminal: W,
    /// The beginning of a character whose rest has not arrived.
    pending: Vec<u8>,
}

impl<W: Write> TerminalText<W> {
    pub(super) fn new(terminal: W) -> Self {
        Self { terminal, pending: Vec::new() }
    }

    /// Shows what is left and returns the terminal.
    pub(super) fn finish(mut self) -> io::Result<W> {
        write!(self.terminal, "{}", Printable(&self.pending))?;
        Ok(self.terminal)
    }
}

impl<W: Write> Write for TerminalText<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        let rest = self.pending.split_off(self.pending.len() - begun(&self.pending));
        let whole = mem::replace(&mut self.pending, rest);
        // The terminal is not buffered.
        let mut shown = Vec::with_capacity(whole.len());
        for piece in whole.split_inclusive(is_layout) {
            let (text, end) = piece.split_at(piece.len() - usize::from(piece.last().is_some_and(is_layout)));
            write!(shown, "{}", Printable(text))?;
            shown.extend_from_slice(end);
        }
        self.terminal.write_all(&shown)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.terminal.flush()
    }
}

/// Whether a byte arranges text and does no harm.
fn is_layout(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\t')
}

/// Returns how many bytes at the end begin a character of UTF-8 without its rest.
fn begun(bytes: &[u8]) -> usize {
    let is_begun = |length: &usize| {
        let tail = bytes.len().checked_sub(*length).and_then(|start| bytes.get(start..));
        let error = tail.and_then(|tail| str::from_utf8(tail).err());
        error.is_some_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (1..=3).find(is_begun).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pieces: &[&[u8]]) -> String {
        let mut text = TerminalText::new(Vec::new());
        for piece in pieces {
            text.write_all(piece).unwrap();
        }
        String::from_utf8(text.finish().unwrap()).unwrap()
    }

    #[test]
    fn text_stays_and_nothing_controls_the_terminal() {
        assert_eq!(shown(&["interface 1\n\tmtu 1500 für\n".as_bytes()]), "interface 1\n\tmtu 1500 für\n");
        assert_eq!(shown(&[b"\x1b[2J\x07a\r\n\xff"]), "\\x1b[2J\\x07a\\x0d\n\\xff");
        assert_eq!(shown(&["\u{202e}\u{9b}".as_bytes()]), "\\xe2\\x80\\xae\\xc2\\x9b");
    }

    #[test]
    fn a_character_may_be_cut_anywhere() {
        let text = "a ü € 😀 \u{202e} b\n".as_bytes();
        let whole = shown(&[text]);
        for cut in 0..=text.len() {
            let (head, tail) = text.split_at(cut);
            assert_eq!(shown(&[head, tail]), whole, "cut at {cut}");
        }
        assert_eq!(shown(&[b"\xe2\x82"]), "\\xe2\\x82", "the rest never came");
    }
}
