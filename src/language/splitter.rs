//! Reads a line as sh does: spaces, comments, quotes and backslashes. One reading serves whole lines and the line at a
//! prompt, so that Tab sees the words that will be run.

/// A quote that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quote {
    /// `'`: every byte is itself.
    Single,
    /// `"`: a backslash quotes `$`, `` ` ``, `"` and itself.
    Double,
    /// `$'`: a backslash begins a code, such as `\n` or `\xff` (POSIX.1-2024, section 2.2.4 of its shell language).
    Dollar,
}

/// A word without its quotes.
#[derive(Debug, Default)]
pub(super) struct Unquoted {
    pub(super) bytes: Vec<u8>,
    /// The places of each `*` outside quotes, and of a `~` there that begins the word.
    pub(super) wild: Vec<usize>,
}

/// A line, read to its end.
#[derive(Debug, Default)]
pub(super) struct Splitter<'a> {
    line: &'a [u8],
    at: usize,
    /// The words that have ended.
    pub(super) words: Vec<Unquoted>,
    /// The last word so far, which the end of the line may cut.
    pub(super) part: Unquoted,
    /// Where the last word begins, its quote included; `None` after a space.
    pub(super) start: Option<usize>,
    /// The quote that is open at the end.
    pub(super) quote: Option<Quote>,
    /// The line ends in a comment.
    pub(super) ends_in_comment: bool,
    /// The line ends in a backslash outside quotes.
    pub(super) ends_in_backslash: bool,
    /// A backslash outside quotes before a letter or digit was removed.
    pub(super) lost_backslash: bool,
}

impl<'a> Splitter<'a> {
    /// Reads a line.
    pub(super) fn read(line: &'a [u8]) -> Self {
        let mut splitter = Self { line, ..Self::default() };
        while let Some(byte) = splitter.next() {
            match byte {
                b' ' | b'\t' | b'\n' if splitter.quote.is_none() => splitter.end_word(),
                b'#' if splitter.start.is_none() && !splitter.is_before_packet() => {
                    splitter.ends_in_comment = !std::iter::from_fn(|| splitter.next()).any(|byte| byte == b'\n');
                }
                _ => {
                    splitter.start.get_or_insert(splitter.at - 1);
                    splitter.take(byte);
                }
            }
        }
        splitter
    }

    /// Ends the last word, if there is one.
    pub(super) fn end_word(&mut self) {
        if self.start.take().is_some() {
            self.words.push(std::mem::take(&mut self.part));
        }
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.line.get(self.at).copied()?;
        self.at += 1;
        Some(byte)
    }

    /// Whether the number of a packet follows a `#`: `trace show #3`, `trace again #3-#5`. Every trace writes it like that,
    /// and a comment would leave out what was asked for.
    fn is_before_packet(&self) -> bool {
        let is_trace = self.words.first().is_some_and(|Unquoted { bytes, .. }| {
            bytes.len() > 1 && b"trace".get(..bytes.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(bytes))
        });
        let rest = self.line.get(self.at..).unwrap_or_default();
        let end = rest.iter().position(|byte| b" \t\n".contains(byte)).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        let mut ends = word.splitn(2, |byte| *byte == b'-').map(|number| number.strip_prefix(b"#").unwrap_or(number));
        is_trace && !word.starts_with(b"#") && ends.all(|it| !it.is_empty() && it.iter().all(u8::is_ascii_digit))
    }

    /// Takes a byte of a word, and those that it quotes.
    fn take(&mut self, byte: u8) {
        match (self.quote, byte) {
            (None, b'\'') => self.quote = Some(Quote::Single),
            (None, b'"') => self.quote = Some(Quote::Double),
            (None, b'$') if self.line.get(self.at) == Some(&b'\'') => {
                self.at += 1;
                self.quote = Some(Quote::Dollar);
            }
            (Some(Quote::Single | Quote::Dollar), b'\'') | (Some(Quote::Double), b'"') => self.quote = None,
            (None, b'\\') => match self.next() {
                Some(b'\n') => {}
                Some(next) => {
                    self.lost_backslash |= next.is_ascii_alphanumeric();
                    self.part.bytes.push(next);
                }
                None => self.ends_in_backslash = true,
            },
            (Some(Quote::Double), b'\\') => match self.next() {
                Some(b'\n') | None => {}
                Some(next) if b"$`\"\\".contains(&next) => self.part.bytes.push(next),
                Some(next) => self.part.bytes.extend([b'\\', next]),
            },
            (Some(Quote::Dollar), b'\\') => self.take_code(),
            _ => {
                let begins = self.part.bytes.is_empty();
                if self.quote.is_none() && (byte == b'*' || byte == b'~' && begins) {
                    self.part.wild.push(self.part.bytes.len());
                }
                self.part.bytes.push(byte);
            }
        }
    }

    /// Takes a code after a backslash, unless the end of the line cuts it. An unknown one is itself.
    fn take_code(&mut self) {
        let Some(code) = self.next() else { return };
        let byte = match code {
            b'a' => Some(0x07),
            b'b' => Some(0x08),
            b'e' | b'E' => Some(0x1b),
            b'f' => Some(0x0c),
            b'n' => Some(b'\n'),
            b'r' => Some(b'\r'),
            b't' => Some(b'\t'),
            b'v' => Some(0x0b),
            b'\\' | b'\'' | b'"' | b'?' => Some(code),
            b'x' => self.hexadecimal(),
            _ => None,
        };
        match byte {
            Some(byte) => self.part.bytes.push(byte),
            // The digits are still to come.
            None if code == b'x' && self.at == self.line.len() => {}
            None => self.part.bytes.extend([b'\\', code]),
        }
    }

    /// Takes two hexadecimal digits, or one that something else follows.
    fn hexadecimal(&mut self) -> Option<u8> {
        let digits = self.line.get(self.at..).unwrap_or_default();
        let count = digits.iter().take(2).take_while(|digit| digit.is_ascii_hexdigit()).count();
        self.at += count;
        let text = digits.get(..count).filter(|_| count == 2 || self.at < self.line.len())?;
        u8::from_str_radix(str::from_utf8(text).ok()?, 16).ok()
    }
}
