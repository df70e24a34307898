use std::fmt::{self, Display, Formatter};
use std::io::{self, Read};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::text::read_some;

/// The SHA-256 of a local file (FIPS 180-4): in netascii that of the text as it stands here, not as it was carried.
///
/// Displayed as sha256sum does, in 64 small hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Reads 64 hexadecimal digits, in any case.
    pub fn parse(digits: &[u8]) -> Option<Self> {
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len() {
            return None;
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
            *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
        }
        Some(Self(bytes))
    }

    /// The digest of everything that `reader` gives.
    ///
    /// # Errors
    ///
    /// Those of `reader`.
    pub fn of(mut reader: impl Read) -> io::Result<Self> {
        let mut hasher = Hasher::default();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match read_some(&mut reader, &mut buffer)? {
                0 => return Ok(hasher.digest()),
                read => hasher.update(buffer.get(..read).unwrap_or_default()),
            }
        }
    }
}

impl Display for Digest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A received file is not the one that was expected; it was not put in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("SHA-256 is {found}, not {expected} as expected")]
pub struct Mismatch {
    /// What the user said it should be.
    pub expected: Digest,
    /// What it is.
    pub found: Digest,
}

/// A digest in the making.
#[derive(Clone, Default)]
pub(super) struct Hasher(Sha256);

impl Hasher {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of what has passed so far.
    pub(super) fn digest(&self) -> Digest {
        Digest(self.0.clone().finalize().into())
    }
}

/// A reader whose bytes pass a hasher on their way.
pub(super) struct Hashed<'a> {
    pub(super) reader: &'a mut dyn Read,
    pub(super) hasher: Option<&'a mut Hasher>,
}

impl Read for Hashed<'_> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(room)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(room.get(..read).unwrap_or_default());
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4's own example.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_digest_is_read_and_shown_as_sha256sum_has_it() {
        let digest = Digest::of(&b"abc"[..]).unwrap();
        assert_eq!(digest.to_string(), ABC);
        assert_eq!(Digest::parse(ABC.as_bytes()), Some(digest));
        assert_eq!(Digest::parse(ABC.to_ascii_uppercase().as_bytes()), Some(digest));
    }

    #[test]
    fn anything_but_64_digits_is_no_digest() {
        for bad in ["", &ABC[1..], &format!("{ABC}0"), &ABC.replace('b', "g"), &ABC.replace("ba", "+a")] {
            assert_eq!(Digest::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
