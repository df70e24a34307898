use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};
use serde_json::{Result, Serializer};

use crate::wire::controls_a_terminal;

/// JSON in which no text controls a terminal: such characters are written as `\uNNNN`, so that programs read the same.
pub(crate) struct PrintableJson;

impl Formatter for PrintableJson {
    fn write_string_fragment<W: Write + ?Sized>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        for piece in fragment.split_inclusive(controls_a_terminal) {
            match piece.chars().next_back().filter(|last| controls_a_terminal(*last)) {
                Some(last) => {
                    CompactFormatter.write_string_fragment(out, piece.strip_suffix(last).unwrap_or(piece))?;
                    last.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))?;
                }
                None => CompactFormatter.write_string_fragment(out, piece)?,
            }
        }
        Ok(())
    }
}

/// Returns a value as JSON that a terminal may show.
pub(crate) fn printable_json(value: &impl Serialize) -> Result<String> {
    let mut out = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut out, PrintableJson))?;
    String::from_utf8(out).map_err(|error| serde_json::Error::io(io::Error::other(error)))
}

/// Returns seconds as a number for programs, rounded to microseconds: more digits only look exact.
pub(crate) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_read_every_text_and_a_terminal_obeys_none() {
        let text = "ü \"\n\u{202e}x\u{9b}1m\u{7f}\\ 😀";
        let json = printable_json(&text).unwrap();
        assert_eq!(json, r#""ü \"\n\u202ex\u009b1m\u007f\\ 😀""#);
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
