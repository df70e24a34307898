//! Splits a line into words: quotes and backslashes as in sh, `#` begins a comment. Words are bytes, as file names are.

use std::ffi::OsStr;
use std::fmt::{self, Display, Formatter};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use thiserror::Error;

use super::splitter::{Quote, Splitter, Unquoted};
use crate::wire::Printable;

/// One word of a line, without its quotes: any bytes. `Display` is for messages: it escapes control characters, and cuts
/// the word after 300 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    bytes: Vec<u8>,
    /// The places of each `*` outside quotes, and of a `~` there that begins the word, in their order.
    wild: Vec<usize>,
}

impl Word {
    /// Makes a word of these bytes, as if all were in quotes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), wild: Vec::new() }
    }

    /// Returns the bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the text, if the bytes are UTF-8.
    pub fn text(&self) -> Option<&str> {
        str::from_utf8(&self.bytes).ok()
    }

    /// Returns the word as the name of a local file.
    pub fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.bytes))
    }

    /// Returns the whole word as text for programs, with control characters escaped.
    pub fn whole(&self) -> Printable<'_> {
        Printable(&self.bytes)
    }

    /// Whether the word is this text, in any letter case.
    pub fn is(&self, text: &str) -> bool {
        self.bytes.eq_ignore_ascii_case(text.as_bytes())
    }

    /// Whether the byte at this place is a `*` or `~` outside quotes, which may have a meaning in a local name.
    pub(crate) fn is_wild(&self, place: usize) -> bool {
        self.wild.binary_search(&place).is_ok()
    }

    /// Returns the beginning of the word up to this place, with these bytes after it.
    pub(crate) fn continued(&self, place: usize, rest: &[u8]) -> Self {
        let bytes = [self.bytes.get(..place).unwrap_or_default(), rest].concat();
        Self { bytes, wild: self.wild.iter().copied().filter(|wild| *wild < place).collect() }
    }

    /// Returns the rest of the word from this place.
    pub(crate) fn after(&self, place: usize) -> Self {
        let bytes = self.bytes.get(place..).unwrap_or_default().to_vec();
        Self { bytes, wild: self.wild.iter().filter_map(|wild| wild.checked_sub(place)).collect() }
    }
}

impl From<Unquoted> for Word {
    fn from(Unquoted { bytes, wild }: Unquoted) -> Self {
        Self { bytes, wild }
    }
}

impl Display for Word {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&Printable(&self.bytes).brief())
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
    let mut splitter = Splitter::read(line);
    if let Some(quote) = splitter.quote {
        return Err(SplitError::Quote(quote));
    }
    if splitter.ends_in_backslash {
        return Err(SplitError::Backslash);
    }
    splitter.end_word();
    Ok(ParsedLine {
        words: splitter.words.into_iter().map(Word::from).collect(),
        lost_backslash: splitter.lost_backslash,
    })
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
    #[error("a {} quote is not closed", if *_0 == Quote::Double { "double" } else { "single" })]
    Quote(Quote),
    /// A backslash with nothing after it.
    #[error("the line ends in a backslash (write '\\' or \\\\ for a backslash itself)")]
    Backslash,
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
    fn the_number_of_a_packet_is_not_a_comment_of_trace() {
        assert_eq!(words("trace show #3"), ["trace", "show", "#3"]);
        assert_eq!(words("Tra again ladder #3-#5 # these"), ["Tra", "again", "ladder", "#3-#5"]);
        assert_eq!(words("trace show 3 #3rd"), ["trace", "show", "3"]);
        assert_eq!(words("trace show 3 #"), ["trace", "show", "3"]);
        assert_eq!(words("trace show 3 ##3"), ["trace", "show", "3"]);
        assert_eq!(words("get a #3"), ["get", "a"]);
        assert_eq!(words("#3 trace"), Vec::<String>::new());
    }

    #[test]
    fn an_unfinished_line_is_an_error() {
        assert_eq!(split(b"get 'a"), Err(SplitError::Quote(Quote::Single)));
        assert_eq!(split(b"get \"a\\\""), Err(SplitError::Quote(Quote::Double)));
        assert_eq!(split(b"get a\\"), Err(SplitError::Backslash));
        assert_eq!(SplitError::Quote(Quote::Double).to_string(), "a double quote is not closed");
    }

    #[test]
    fn a_backslash_before_a_letter_is_noticed() {
        let lost = |line: &[u8]| split(line).map(|line| line.lost_backslash);
        assert_eq!(lost(br"get dir\file"), Ok(true));
        assert_eq!(lost(br"get 'dir\file'"), Ok(false));
        assert_eq!(lost(br"get my\ file"), Ok(false));
    }

    #[test]
    fn a_dollar_quote_has_codes_for_any_byte() {
        for (line, word) in [
            (&br"$'a\xffb\x1b[2J'"[..], &b"a\xffb\x1b[2J"[..]),
            (br#"$'\a\b\e\E\f\n\r\t\v\\\'\"\?'"#, b"\x07\x08\x1b\x1b\x0c\n\r\t\x0b\\'\"?"),
            (br"$'\x4g\x414\xg\q'", b"\x04gA4\\xg\\q"),
            (br"a$'b'c", b"abc"),
            (br"a$b", b"a$b"),
            (br"\$'a'", b"$a"),
            (br#""$'a'""#, b"$'a'"),
        ] {
            let words = split(line).map(|line| line.words);
            assert_eq!(words, Ok(vec![Word::new(word)]), "{}", line.escape_ascii());
        }
        for line in [&br"$'a"[..], br"$'a\", br"$'a\'", br"$'a\x", br"$'a\x4"] {
            assert_eq!(split(line), Err(SplitError::Quote(Quote::Dollar)), "{}", line.escape_ascii());
        }
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
        fn lines_are_split_as_sh_does(line in r#"[ab'"\\#\n ]{0,12}"#) {
            let words = shlex::bytes::split(line.as_bytes()).map(|words| words.into_iter().map(Word::new).collect::<Vec<_>>());
            prop_assert_eq!(split(line.as_bytes()).map(|line| line.words).ok(), words, "{}", line);
        }

        #[test]
        fn no_line_panics(line: Vec<u8>) {
            let _ = split(&line);
            let _ = split_at_spaces(&line);
        }
    }
}
