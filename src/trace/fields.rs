use std::cmp::Ordering;

use super::figures::hex;
use crate::analysis::{AnnotatedPacket, Kind};
use crate::wire::{Opcode, Printable};

/// Divides a packet into its fields, as far as possible; each is a line of the explain view. A narrow screen shows fewer
/// bytes of each.
pub(super) fn fields(packet: &AnnotatedPacket<'_>, columns: Option<usize>) -> Vec<String> {
    const NARROW: usize = 72;
    let most = if columns.is_some_and(|columns| columns < NARROW) { 4 } else { 8 };
    let mut cutter = Cutter { bytes: &packet.bytes, most, at: 0, lines: Vec::new() };
    let opcode = match packet.kind {
        Kind::None => return cutter.rest("bytes"),
        Kind::Unknown(number) => {
            cutter.take(2, "opcode", format!("{number} unknown"));
            return cutter.rest("bytes");
        }
        Kind::Known(opcode) => opcode,
    };
    cutter.take(2, "opcode", format!("{} {}", opcode as u16, packet.kind.name()));
    match opcode {
        Opcode::Rrq | Opcode::Wrq => {
            cutter.text("filename");
            cutter.text("mode");
            cutter.options();
        }
        Opcode::Oack => cutter.options(),
        Opcode::Ack => cutter.block(packet),
        Opcode::Data => {
            cutter.block(packet);
            cutter.data(packet);
        }
        Opcode::Error => {
            if let Some(code) = cutter.number() {
                cutter.take(2, "errorcode", code.to_string());
                cutter.text("errmsg");
            }
        }
    }
    cutter.rest("more")
}

struct Cutter<'a> {
    bytes: &'a [u8],
    /// The bytes that a line shows.
    most: usize,
    at: usize,
    lines: Vec<String>,
}

impl Cutter<'_> {
    fn ahead(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn number(&self) -> Option<u16> {
        self.ahead().first_chunk().map(|number| u16::from_be_bytes(*number))
    }

    fn take(&mut self, length: usize, name: &'static str, value: String) {
        let bytes = self.ahead().get(..length).unwrap_or(self.ahead());
        let width = 3 * self.most - 1;
        let digits = format!("{:<width$}", abridged(bytes, self.most));
        self.lines.push(line(self.at, length, &digits, name, &value));
        self.at = self.at.saturating_add(length);
    }

    fn text(&mut self, name: &'static str) {
        let ahead = self.ahead();
        if ahead.is_empty() {
            return;
        }
        let (length, value) = match ahead.iter().position(|&byte| byte == 0) {
            Some(end) => (end + 1, format!("\"{}\" + NUL", Printable(ahead.get(..end).unwrap_or_default()))),
            None => (ahead.len(), format!("\"{}\" without NUL", Printable(ahead))),
        };
        self.take(length, name, value);
    }

    fn options(&mut self) {
        while self.ahead().first().is_some_and(|&byte| byte != 0) {
            self.text("option");
            self.text("value");
        }
    }

    fn block(&mut self, packet: &AnnotatedPacket<'_>) {
        let Some(block) = self.number() else { return };
        let value = match packet.abs {
            Some(abs) if abs != u64::from(block) => format!("{block} (file block {abs})"),
            _ => block.to_string(),
        };
        self.take(2, "block", value);
    }

    fn data(&mut self, packet: &AnnotatedPacket<'_>) {
        let Some(length) = packet.data_length() else { return };
        let meaning = match length.cmp(&packet.blksize.into()) {
            Ordering::Less => "short: the end",
            Ordering::Equal => "full",
            Ordering::Greater => "too many",
        };
        self.take(length, "data", format!("{length} bytes ({meaning})"));
    }

    fn rest(mut self, name: &'static str) -> Vec<String> {
        let length = self.ahead().len();
        if length > 0 || self.lines.is_empty() {
            self.take(length, name, format!("{length} bytes"));
        }
        self.lines
    }
}

fn line(offset: usize, length: usize, hex: &str, name: &str, value: &str) -> String {
    // The longest block has five digits, and the longest bytes are eight: nothing moves the columns after them.
    let length = format!("+{length}");
    format!("{offset:>10} {length:<6} {hex} {name:<9} {value}")
}

/// Formats up to `most` bytes; of more, all but the last two.
fn abridged(bytes: &[u8], most: usize) -> String {
    match bytes.get(..most - 2) {
        _ if bytes.is_empty() => "-".to_owned(),
        Some(first) if bytes.len() > most => format!("{} ..", hex(first, " ")),
        _ => hex(bytes, " "),
    }
}

#[cfg(test)]
mod tests {
    use super::{abridged, line};

    #[test]
    fn the_columns_are_aligned_whatever_the_field() {
        let row = |offset, bytes: &[u8], most: usize, name, value| {
            let width = 3 * most - 1;
            line(offset, bytes.len(), &format!("{:<width$}", abridged(bytes, most)), name, value)
        };
        let block = [b'A'; 65464];
        let wide = |offset, bytes: &[u8], name, value| row(offset, bytes, 8, name, value);
        assert_eq!(
            [
                wide(23, b"blksize\0", "option", "\"blksize\" + NUL"),
                wide(4, &block[..512], "data", "full"),
                wide(4, &block, "data", "full"),
                row(4, &block, 4, "data", "full"),
                row(4, b"1428", 4, "value", "\"1428\""),
            ],
            [
                "        23 +8     62 6c 6b 73 69 7a 65 00 option    \"blksize\" + NUL",
                "         4 +512   41 41 41 41 41 41 ..    data      full",
                "         4 +65464 41 41 41 41 41 41 ..    data      full",
                "         4 +65464 41 41 ..    data      full",
                "         4 +4     31 34 32 38 value     \"1428\"",
            ]
        );
    }
}
