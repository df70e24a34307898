//! The unfinished line at a prompt.

use super::splitter::{Quote, Splitter};
use super::words::Word;
use crate::wire::Printable;

/// An unfinished line at a prompt, up to the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialLine {
    /// The finished words.
    pub words: Vec<Word>,
    /// Where the last word begins, its quote included; the end of the line after a space.
    pub start: usize,
    /// The unfinished last word, without its quotes.
    pub part: Word,
    /// The quote that is still open in it.
    pub quote: Option<Quote>,
}

impl PartialLine {
    /// Reads the line as [`split`](super::split) does; `None` inside a comment.
    pub fn read(line: &str) -> Option<Self> {
        let Splitter { words, part, start, quote, ends_in_comment, .. } = Splitter::read(line.as_bytes());
        let (words, part) = (words.into_iter().map(Word::from).collect(), Word::from(part));
        (!ends_in_comment).then(|| Self { words, start: start.unwrap_or(line.len()), part, quote })
    }

    /// Writes a word in the place of the unfinished one, as text that a terminal shows and a line editor keeps. A word that
    /// continues leaves its quote open.
    pub fn spell(&self, word: &Word, goes_on: bool) -> String {
        let plain = printable(word.bytes());
        let (spelled, close) = match (self.quote, plain) {
            (Some(Quote::Dollar), _) | (_, None) => (format!("$'{}", codes(word.bytes())), Some('\'')),
            (Some(Quote::Single), Some(text)) if !text.contains('\'') => (format!("'{text}"), Some('\'')),
            (Some(_), Some(text)) => (format!("\"{}", escape(text, "\"\\$`")), Some('"')),
            // Outside quotes, a tilde at the beginning is a home directory, and a star any name.
            (None, Some(text)) if text.starts_with('~') && !word.is_wild(0) => {
                (format!("\\{}", escape(text, SPECIAL)), None)
            }
            (None, Some(text)) => (escape(text, SPECIAL), None),
        };
        spelled.chars().chain(close.filter(|_| !goes_on)).collect()
    }
}

/// Returns a word as the text that a terminal shows, if it needs no codes.
pub(crate) fn printable(word: &[u8]) -> Option<&str> {
    str::from_utf8(word).ok().filter(|text| Printable(word).to_string() == *text)
}

/// Writes a word in a dollar quote, as printable text.
pub(crate) fn dollar_quoted(word: &[u8]) -> String {
    format!("$'{}'", codes(word))
}

/// The characters with a meaning outside quotes.
const SPECIAL: &str = " \t\n\"'\\#*";

fn escape(word: &str, special: &str) -> String {
    word.chars().flat_map(|letter| special.contains(letter).then_some('\\').into_iter().chain([letter])).collect()
}

/// The inside of a dollar quote. [`Printable`] writes what cannot be shown as the same codes, `\xNN`.
fn codes(word: &[u8]) -> String {
    let mut spelled = String::new();
    for chunk in word.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '\\' | '\'' => spelled.extend(['\\', letter]),
                _ => spelled += &Printable(letter.encode_utf8(&mut [0; 4]).as_bytes()).to_string(),
            }
        }
        spelled += &Printable(chunk.invalid()).to_string();
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::super::split;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_word_at_the_cursor_is_known_with_its_quote() {
        let read = |line| {
            let PartialLine { words, start, part, quote } = PartialLine::read(line).expect(line);
            (words.len(), start, part.to_string(), quote)
        };
        assert_eq!(read(""), (0, 0, String::new(), None));
        assert_eq!(read("get "), (1, 4, String::new(), None));
        assert_eq!(read("get a"), (1, 4, "a".to_owned(), None));
        assert_eq!(read("get 'a b"), (1, 4, "a b".to_owned(), Some(Quote::Single)));
        assert_eq!(read("get x\"a b"), (1, 4, "xa b".to_owned(), Some(Quote::Double)));
        assert_eq!(read(r"get a\ b"), (1, 4, "a b".to_owned(), None));
        assert_eq!(read(r"get a\"), (1, 4, "a".to_owned(), None));
        assert_eq!(read("get $"), (1, 4, "$".to_owned(), None));
        assert_eq!(read(r"get $'a\x41\xf"), (1, 4, "aA".to_owned(), Some(Quote::Dollar)), "the code is unfinished");
        assert_eq!(PartialLine::read("get # a"), None);
    }

    #[test]
    fn a_name_that_is_not_plain_text_is_spelled_with_codes() {
        let spell =
            |line: &str, word: &[u8], goes_on| PartialLine::read(line).expect(line).spell(&Word::new(word), goes_on);
        assert_eq!(spell("put a", b"a\xff'\\", false), r"$'a\xff\'\\'");
        assert_eq!(spell("put a", b"a\xff/", true), r"$'a\xff/");
        assert_eq!(spell("put $'a", b"ab", false), "$'ab'");
        assert_eq!(spell("put \"a", "a\u{202e}b".as_bytes(), false), r"$'a\xe2\x80\xaeb'");
        assert_eq!(spell("put ", b"~a*", false), r"\~a\*");
    }

    proptest! {
        #[test]
        fn a_spelled_word_is_printable_and_reads_as_that_word(
            line in r#"get [ab'"\\#$ ]{0,5}"#,
            word in proptest::collection::vec(prop_oneof![any::<u8>(), proptest::sample::select(&b"ab'\"\\#$ *~x4"[..])], 1..6),
        ) {
            let Some(typed) = PartialLine::read(&line) else { return Ok(()) };
            let word = Word::new(word);
            let spelled = typed.spell(&word, false);
            prop_assert_eq!(Printable(spelled.as_bytes()).to_string(), &*spelled);
            let line = format!("{}{spelled}", &line[..typed.start]);
            let words = split(line.as_bytes()).expect("a whole line").words;
            prop_assert_eq!(words.last(), Some(&word), "{}", line);
        }

        #[test]
        fn a_partial_line_reads_as_the_splitter_reads_it(line in r#"[abx4'"\\$# ]{0,12}"#) {
            let Some(PartialLine { mut words, start, part, quote: None }) = PartialLine::read(&line) else { return Ok(()) };
            let Ok(whole) = split(line.as_bytes()) else { return Ok(()) };
            words.extend((start < line.len()).then_some(part));
            prop_assert_eq!(words, whole.words);
        }
    }
}
