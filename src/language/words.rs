//! Splits a line into words: quotes and backslashes as in sh, `#` begins a comment. Words are bytes, as file names are.

use std::ffi::OsStr;
use std::fmt::{self, Display, Formatter};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use shlex::bytes::Shlex;
use thiserror::Error;

use crate::wire::Printable;

/// One word of a line, without its quotes: any bytes. `Display` is for messages: it escapes control characters, and cuts
/// the word after 300 bytes.
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

    /// Returns the whole word as text for programs, with control characters escaped.
    pub fn whole(&self) -> Printable<'_> {
        Printable(&self.0)
    }

    /// Whether the word is this text, in any letter case.
    pub fn is(&self, text: &str) -> bool {
        self.0.eq_ignore_ascii_case(text.as_bytes())
    }
}

impl Display for Word {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&Printable(&self.0).brief())
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
    let lost_backslash = scan(line)?;
    let mut shlex = Shlex::new(line);
    let words = shlex.by_ref().map(Word).collect();
    if shlex.had_error { Err(SplitError::Backslash) } else { Ok(ParsedLine { words, lost_backslash }) }
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
        let mut typed = Self { words: Vec::new(), start: line.len(), part: String::new(), quote: None };
        let mut inside_word = false;
        let mut letters = line.char_indices();
        while let Some((place, letter)) = letters.next() {
            if typed.quote.is_none() && matches!(letter, ' ' | '\t' | '\n') {
                if std::mem::take(&mut inside_word) {
                    typed.words.push(Word::new(std::mem::take(&mut typed.part)));
                    typed.start = line.len();
                }
                continue;
            }
            if typed.quote.is_none() && letter == '#' && !inside_word {
                return None;
            }
            if !inside_word {
                (inside_word, typed.start) = (true, place);
            }
            match (typed.quote, letter) {
                (None, '"' | '\'') => typed.quote = Some(letter),
                (Some(open), _) if open == letter => typed.quote = None,
                (None, '\\') => typed.part.extend(letters.next().map(|(_, next)| next)),
                (Some('"'), '\\') => match letters.next() {
                    Some((_, next)) if "$`\"\\\n".contains(next) => typed.part.push(next),
                    Some((_, next)) => typed.part.extend(['\\', next]),
                    None => {}
                },
                _ => typed.part.push(letter),
            }
        }
        Some(typed)
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

/// Cuts a line at the first `!` that begins a word: the text before it, and the rest for the system's shell.
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

/// Finds what the splitter does not report: an unfinished quote or backslash, and whether a backslash gets lost.
fn scan(line: &[u8]) -> Result<bool, SplitError> {
    let mut lost = false;
    let mut inside_word = false;
    let mut bytes = line.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'#' if !inside_word => {
                bytes.find(|&byte| byte == b'\n');
            }
            b'\\' => lost |= bytes.next().ok_or(SplitError::Backslash)?.is_ascii_alphanumeric(),
            b'\'' => {
                bytes.find(|&byte| byte == b'\'').ok_or(SplitError::Quote(byte))?;
            }
            b'"' => loop {
                match bytes.next().ok_or(SplitError::Quote(byte))? {
                    b'"' => break,
                    b'\\' => {
                        bytes.next();
                    }
                    _ => {}
                }
            },
            _ => {}
        }
        inside_word = !matches!(byte, b' ' | b'\t' | b'\n' | b'#') || (inside_word && byte == b'#');
    }
    Ok(lost)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        fn the_scan_agrees_with_the_splitter(line in r#"[ab'"\\# ]{0,12}"#) {
            let mut shlex = Shlex::new(line.as_bytes());
            let _ = shlex.by_ref().count();
            prop_assert_eq!(scan(line.as_bytes()).is_err(), shlex.had_error, "{}", line);
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
