//! Splits a line into words: quotes and backslashes as in sh, `#` begins a comment. Words are bytes, as file names are.

use std::ffi::OsStr;
use std::fmt::{self, Display, Formatter};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use thiserror::Error;

use crate::wire::Printable;

/// One word of a line, without its quotes: any bytes. `Display` escapes control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(Vec<u8>);

impl Word {
    /// Makes a word of these bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Returns the bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the text, if the bytes are UTF-8.
    pub fn text(&self) -> Option<&str> {
        str::from_utf8(&self.0).ok()
    }

    /// Returns the word as the name of a local file.
    pub fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.0))
    }

    /// Whether the word is this text, in any letter case.
    pub fn is(&self, text: &str) -> bool {
        self.0.eq_ignore_ascii_case(text.as_bytes())
    }
}

impl Display for Word {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Printable(&self.0).fmt(f)
    }
}

/// A line split into words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedLine {
    /// The words; an empty line or a comment has none.
    pub words: Vec<Word>,
    /// A backslash outside quotes before a letter or digit was removed: the user probably meant `dir\file`.
    pub lost_backslash: bool,
}

/// Splits a line as sh does: quotes, backslashes and comments.
pub fn split(line: &[u8]) -> Result<ParsedLine, SplitError> {
    let Walk { mut words, last, quote, ends_in_backslash, lost_backslash, .. } = Walk::over(line);
    match quote {
        Some(quote) => Err(SplitError::Quote(quote)),
        None if ends_in_backslash => Err(SplitError::Backslash),
        None => {
            words.extend(last.map(|(_, word)| Word(word)));
            Ok(ParsedLine { words, lost_backslash })
        }
    }
}

/// The state of the splitter after the last byte of a line.
#[derive(Default)]
struct Walk {
    /// The finished words.
    words: Vec<Word>,
    /// The last word, unless a space follows it: its first place in the line, and its bytes without quotes.
    last: Option<(usize, Vec<u8>)>,
    /// The quote that is still open.
    quote: Option<u8>,
    ends_in_backslash: bool,
    ends_in_comment: bool,
    lost_backslash: bool,
}

impl Walk {
    fn over(line: &[u8]) -> Self {
        let mut walk = Self::default();
        let mut bytes = line.iter().copied().enumerate();
        while let Some((place, byte)) = bytes.next() {
            match byte {
                b' ' | b'\t' | b'\n' if walk.quote.is_none() => {
                    walk.words.extend(walk.last.take().map(|(_, word)| Word(word)));
                    continue;
                }
                b'#' if walk.last.is_none() => {
                    walk.ends_in_comment = bytes.by_ref().all(|(_, byte)| byte != b'\n');
                    continue;
                }
                _ => {}
            }
            let (_, word) = walk.last.get_or_insert_with(|| (place, Vec::new()));
            match (walk.quote, byte) {
                (None, b'"' | b'\'') => walk.quote = Some(byte),
                (Some(open), _) if open == byte => walk.quote = None,
                (None | Some(b'"'), b'\\') => match bytes.next() {
                    Some((_, b'\n')) => {}
                    Some((_, next)) if walk.quote.is_none() => {
                        walk.lost_backslash |= next.is_ascii_alphanumeric();
                        word.push(next);
                    }
                    Some((_, next)) if b"$`\"\\".contains(&next) => word.push(next),
                    Some((_, next)) => word.extend([byte, next]),
                    None => walk.ends_in_backslash = true,
                },
                _ => word.push(byte),
            }
        }
        walk
    }
}

/// An unfinished line at a prompt, up to the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialLine {
    /// The finished words.
    pub words: Vec<Word>,
    /// Where the last word begins, its quote included; the end of the line after a space.
    pub start: usize,
    /// The unfinished last word, without its quotes.
    pub part: String,
    /// The quote that is still open in it.
    pub quote: Option<char>,
}

impl PartialLine {
    /// Reads the line as [`split`] does; `None` inside a comment.
    pub fn read(line: &str) -> Option<Self> {
        let Walk { words, last, quote, ends_in_comment, .. } = Walk::over(line.as_bytes());
        let (start, part) = last.unwrap_or((line.len(), Vec::new()));
        let part = String::from_utf8(part).ok().filter(|_| !ends_in_comment)?;
        Some(Self { words, start, part, quote: quote.map(char::from) })
    }

    /// Writes a word in the place of the unfinished one. A word that continues leaves its quote open.
    pub fn spell(&self, word: &str, goes_on: bool) -> String {
        let spelled: String = match self.quote {
            Some('\'') if !word.contains('\'') => format!("'{word}"),
            Some(_) => format!("\"{}", escape(word, "\"\\$`")),
            None => escape(word, " \t\n\"'\\#"),
        };
        let close = spelled.chars().next().filter(|_| self.quote.is_some() && !goes_on);
        spelled.chars().chain(close).collect()
    }
}

fn escape(word: &str, special: &str) -> String {
    word.chars().flat_map(|letter| special.contains(letter).then_some('\\').into_iter().chain([letter])).collect()
}

/// Cuts a line at the first `!` that begins a word: the text before it, and the rest for the system's shell. The caller
/// decides whether a command may begin there.
pub(crate) fn cut_escape(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let begins = |place: &usize| line[..*place].last().is_none_or(|before| b" \t".contains(before));
    let place = line.iter().enumerate().filter(|(_, byte)| **byte == b'!').map(|(place, _)| place).find(begins)?;
    Some((&line[..place], line[place + 1..].trim_ascii()))
}

/// Splits a line at spaces only, as 4.3BSD did.
pub fn split_at_spaces(line: &[u8]) -> ParsedLine {
    let words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).map(Word::new).collect();
    ParsedLine { words, lost_backslash: false }
}

/// An error in the quotes or backslashes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SplitError {
    /// A quote without its partner.
    #[error("a {} quote is not closed", if *_0 == b'"' { "double" } else { "single" })]
    Quote(u8),
    /// A backslash with nothing after it.
    #[error("the line ends in a backslash (write '\\' or \\\\ for a backslash itself)")]
    Backslash,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use shlex::bytes::Shlex;

    fn words(line: &str) -> Vec<String> {
        split(line.as_bytes()).map(|line| line.words.iter().map(Word::to_string).collect()).unwrap_or_default()
    }

    #[test]
    fn quotes_and_backslashes_keep_spaces() {
        assert_eq!(words(r#"get "a b" 'c d' e\ f"#), ["get", "a b", "c d", "e f"]);
        assert_eq!(words("get ''"), ["get", ""]);
    }

    #[test]
    fn a_comment_begins_only_a_word() {
        assert_eq!(words("get a#b # c 'd"), ["get", "a#b"]);
        assert_eq!(words("# all of it"), Vec::<String>::new());
        assert_eq!(words(r"get \#a"), ["get", "#a"]);
    }

    #[test]
    fn an_unfinished_line_is_an_error() {
        assert_eq!(split(b"get 'a"), Err(SplitError::Quote(b'\'')));
        assert_eq!(split(b"get \"a\\\""), Err(SplitError::Quote(b'"')));
        assert_eq!(split(b"get a\\"), Err(SplitError::Backslash));
        assert_eq!(SplitError::Quote(b'"').to_string(), "a double quote is not closed");
    }

    #[test]
    fn a_backslash_before_a_letter_is_noticed() {
        let lost = |line: &[u8]| split(line).map(|line| line.lost_backslash);
        assert_eq!(lost(br"get dir\file"), Ok(true));
        assert_eq!(lost(br"get 'dir\file'"), Ok(false));
        assert_eq!(lost(br"get my\ file"), Ok(false));
    }

    #[test]
    fn the_word_at_the_cursor_is_known_with_its_quote() {
        let read = |line| {
            let PartialLine { words, start, part, quote } = PartialLine::read(line).expect(line);
            (words.len(), start, part, quote)
        };
        assert_eq!(read(""), (0, 0, String::new(), None));
        assert_eq!(read("get "), (1, 4, String::new(), None));
        assert_eq!(read("get a"), (1, 4, "a".to_owned(), None));
        assert_eq!(read("get 'a b"), (1, 4, "a b".to_owned(), Some('\'')));
        assert_eq!(read("get x\"a b"), (1, 4, "xa b".to_owned(), Some('"')));
        assert_eq!(read(r"get a\ b"), (1, 4, "a b".to_owned(), None));
        assert_eq!(read(r"get a\"), (1, 4, "a".to_owned(), None));
        assert_eq!(PartialLine::read("get # a"), None);
    }

    #[test]
    fn an_escape_is_everything_after_the_mark() {
        assert_eq!(cut_escape(b"  !ls -l 'a' "), Some((&b"  "[..], &b"ls -l 'a'"[..])));
        assert_eq!(cut_escape(b"repeat 3 !echo a! | wc"), Some((&b"repeat 3 "[..], &b"echo a! | wc"[..])));
        assert_eq!(cut_escape(b"!"), Some((&b""[..], &b""[..])));
        assert_eq!(cut_escape(b"get a!b"), None);
    }

    #[test]
    fn words_are_bytes() {
        assert_eq!(split(b"get \xff\xfe").map(|line| line.words), Ok(vec![Word::new("get"), Word::new(*b"\xff\xfe")]));
    }

    #[test]
    fn the_classic_splitter_knows_only_spaces() {
        let words: Vec<_> = split_at_spaces(b" get 'a b\\\t#c ").words.iter().map(Word::to_string).collect();
        assert_eq!(words, ["get", "'a", "b\\", "#c"]);
    }

    proptest! {
        #[test]
        fn a_line_splits_as_shlex_splits_it(line in "[ab'\"\\\\$#é\n ]{0,12}") {
            let mut shlex = Shlex::new(line.as_bytes());
            let words: Vec<_> = shlex.by_ref().map(Word).collect();
            let expected = (!shlex.had_error).then_some(words);
            prop_assert_eq!(split(line.as_bytes()).ok().map(|line| line.words), expected, "{}", line);
        }

        #[test]
        fn a_spelled_word_reads_as_that_word(
            line in r#"get [ab'"\\# ]{0,5}"#,
            word in r#"[ab'"\\#$ ]{1,6}"#,
        ) {
            let Some(typed) = PartialLine::read(&line) else { return Ok(()) };
            let line = format!("{}{}", &line[..typed.start], typed.spell(&word, false));
            let words = split(line.as_bytes()).expect("a whole line").words;
            prop_assert_eq!(words.last(), Some(&Word::new(word)), "{}", line);
        }

        #[test]
        fn a_partial_line_reads_as_the_splitter_reads_it(line in r#"[ab'"\\$# ]{0,12}"#) {
            let Some(PartialLine { mut words, start, part, quote: None }) = PartialLine::read(&line) else { return Ok(()) };
            let Ok(whole) = split(line.as_bytes()) else { return Ok(()) };
            words.extend((start < line.len()).then(|| Word::new(part)));
            prop_assert_eq!(words, whole.words);
        }

        #[test]
        fn no_line_panics(line: Vec<u8>) {
            let _ = split(&line);
            let _ = split_at_spaces(&line);
        }
    }
}
