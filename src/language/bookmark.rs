//! The user's names for servers.

use std::fmt::{self, Display, Formatter};

use crate::wire::{BlockSize, Mode};

/// A named server, and the settings for it. `Display` writes the words that `host` takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bookmark {
    /// The user's name for it.
    pub name: String,
    /// Name or address, without brackets.
    pub host: String,
    /// The port for requests; `None` is the session's default port.
    pub port: Option<u16>,
    /// The mode of its files.
    pub mode: Option<Mode>,
    /// The block size to ask for.
    pub blksize: Option<BlockSize>,
}

impl Bookmark {
    /// Whether this is its name, in any letter case.
    pub fn is_named(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

impl Display for Bookmark {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.host)?;
        if let Some(port) = self.port {
            write!(f, " {port}")?;
        }
        if let Some(mode) = self.mode {
            write!(f, " mode={mode}")?;
        }
        if let Some(blksize) = self.blksize {
            write!(f, " blksize={blksize}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{bookmark, split};

    fn read(line: &str) -> Result<String, String> {
        let words = split(line.as_bytes()).expect(line).words;
        bookmark(&words).map(|bookmark| bookmark.to_string()).map_err(|mistake| mistake.to_string())
    }

    #[test]
    fn a_bookmark_is_written_as_it_is_read() {
        for line in ["sw1 192.0.2.1", "sw1 h 6969", "a ::1 6969 mode=netascii blksize=512", "a fe80::1%eth0 mode=octet"]
        {
            assert_eq!(read(line).as_deref(), Ok(line));
        }
        assert_eq!(read("a h:6969").as_deref(), Ok("a h 6969"));
        assert_eq!(read("a [::1]:69 mode=octet").as_deref(), Ok("a ::1 69 mode=octet"));
        assert_eq!(read("a [::1] mode=binary blocksize=512 69").as_deref(), Ok("a ::1 69 mode=octet blksize=512"));
    }

    #[test]
    fn a_word_with_another_meaning_is_not_a_name() {
        for line in ["get h", "GET h", "-v h", "a:b h", "a/b h", "'a b' h", "#a h", "'' h", "a ''", "192.0.2.1 h"] {
            assert!(read(line).is_err(), "{line}");
        }
        for line in [
            "a",
            "a off",
            "a h 0",
            "a h 70000",
            "a h mode=mail",
            "a h blksize=7",
            "a h colour=red",
            "a h 1 2",
            "a h:1 2",
            "a h:0",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }
}
