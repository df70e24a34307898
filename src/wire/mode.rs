use crate::macros::named;

named! {
    /// The transfer mode of a file (RFC 1350 section 1). The obsolete mode `mail` is not supported.
    #[derive(Default)]
    Mode {
        /// Bytes as they are.
        #[default]
        Octet = "octet",
        /// Text whose lines end in CR LF; see [`netascii`](super::netascii).
        Netascii = "netascii",
    }
}

impl Mode {
    /// Reads the mode of a request, in any letter case (RFC 1350 section 5).
    pub fn from_wire(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| name.eq_ignore_ascii_case(mode.name().as_bytes()))
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
