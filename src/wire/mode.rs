use std::fmt::{self, Display, Formatter};

/// The transfer mode of a file (RFC 1350 section 1). The obsolete mode `mail` is not supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Bytes as they are.
    #[default]
    Octet,
    /// Text whose lines end in CR LF; see [`netascii`](super::netascii).
    Netascii,
}

impl Mode {
    /// Reads the mode of a request, in any letter case (RFC 1350 section 5).
    pub fn from_wire(name: &[u8]) -> Option<Self> {
        [Self::Octet, Self::Netascii].into_iter().find(|mode| name.eq_ignore_ascii_case(mode.name().as_bytes()))
    }

    /// Returns its name in a request.
    pub fn name(self) -> &'static str {
        match self {
            Self::Octet => "octet",
            Self::Netascii => "netascii",
        }
    }
}

impl Display for Mode {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_known_in_any_case() {
        for mode in [Mode::Octet, Mode::Netascii] {
            assert_eq!(Mode::from_wire(mode.to_string().to_uppercase().as_bytes()), Some(mode));
        }
        assert_eq!((Mode::from_wire(b"mail"), Mode::Netascii.to_string()), (None, "netascii".to_owned()));
    }
}
