use std::fmt::{self, Display, Formatter};
use std::io::{self, Read};

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::text::read_some;

/// The SHA-256 of a local file (FIPS 180-4); in netascii mode that of the local text, not of the bytes on the wire.
///
/// Displayed like sha256sum does: 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Computes the digest of everything that `reader` reads.
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

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl Display for Digest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The error of a received file whose digest is not the expected one; the file was not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("SHA-256 is {found}, not {expected} as expected")]
pub struct Mismatch {
    /// The digest that the user gave.
    pub expected: Digest,
    /// The digest of the file.
    pub found: Digest,
}

/// A digest that is being computed.
#[derive(Clone, Default)]
pub(super) struct Hasher(Sha256);

impl Hasher {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest of all bytes so far.
    pub(super) fn digest(&self) -> Digest {
        Digest(self.0.clone().finalize().into())
    }
}

/// A reader that also passes its bytes to a hasher.
pub(super) struct Hashed<'a> {
    pub(super) reader: &'a mut dyn Read,
    pub(super) hasher: Option<&'a mut Hasher>,
}

impl Read for Hashed<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(space)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(space.get(..read).unwrap_or_default());
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of FIPS 180-4.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_digest_is_displayed_like_sha256sum() {
        assert_eq!(Digest::of(&b"abc"[..]).unwrap().to_string(), ABC);
    }
}
