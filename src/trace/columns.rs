//! Text in columns of a screen: a letter of East Asia takes two, an accent that joins its letter none.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Returns the columns that the text takes.
pub(super) fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// Cuts the text to `most` columns, with two dots at its end.
pub(super) fn cut(text: &str, most: usize) -> String {
    if width(text) <= most {
        return text.to_owned();
    }
    let dots = "..".get(..most).unwrap_or("..");
    let (head, _) = split(text, most - dots.len());
    format!("{head}{dots}")
}

/// Splits the text where its first part takes at most `most` columns.
pub(super) fn split(text: &str, most: usize) -> (&str, &str) {
    let mut used = 0;
    let end = text.char_indices().find(|(_, character)| {
        used += character.width().unwrap_or_default();
        used > most
    });
    text.split_at_checked(end.map_or(text.len(), |(end, _)| end)).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wide_letter_takes_two_columns() {
        assert_eq!((width("fw.bin"), width("固件.bin"), width("u\u{308}.bin")), (6, 8, 5));
        assert_eq!(split("固件.bin", 3), ("固", "件.bin"));
        assert_eq!(split("fw.bin", 9), ("fw.bin", ""));
    }

    #[test]
    fn a_cut_text_says_so_and_fits() {
        assert_eq!(cut("fw.bin", 6), "fw.bin");
        assert_eq!(cut("firmware.bin", 7), "firmw..");
        assert_eq!(cut("固件固件.bin", 7), "固件..");
        assert_eq!(cut("fw.bin", 1), ".");
    }
}
