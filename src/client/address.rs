use std::net::SocketAddr;

use super::{FileRef, UnknownHost};

/// The well-known port of TFTP (RFC 1350 section 4).
pub(crate) const DEFAULT_PORT: u16 = 69;

/// The address of a server: a name or an address, and a port.
///
/// It is made from a socket address, from `("host", port)`, or from a text: `"switch1"`, `"switch1:6969"`,
/// `"[::1]:69"`, `"2001:db8::1"`. A name is looked up when a transfer begins.
///
/// ```
/// use tftpsh::client::Address;
///
/// assert_eq!(Address::from("switch1"), Address::from(("switch1", 69)));
/// assert_eq!(Address::from("[::1]:6969"), Address::from(("::1", 6969)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Without brackets.
    host: String,
    /// `None` if the text has no valid port.
    port: Option<u16>,
}

impl Address {
    /// Names a file on the server.
    pub(super) fn file<'a>(&'a self, name: &'a [u8]) -> Result<FileRef<'a>, UnknownHost> {
        let malformed = || UnknownHost { host: self.host.clone(), reason: "malformed address".to_owned() };
        Ok(FileRef { host: &self.host, port: self.port.ok_or_else(malformed)?, name })
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Self {
        let host = match address {
            SocketAddr::V6(v6) if v6.scope_id() != 0 => format!("{}%{}", v6.ip(), v6.scope_id()),
            _ => address.ip().to_string(),
        };
        Self { host, port: Some(address.port()) }
    }
}

impl<H: Into<String>> From<(H, u16)> for Address {
    fn from((host, port): (H, u16)) -> Self {
        Self { host: host.into(), port: Some(port) }
    }
}

impl From<&str> for Address {
    fn from(text: &str) -> Self {
        let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, rest)) => (host, Some(rest.strip_prefix(':').unwrap_or_default())),
            None => match text.split_once(':') {
                // More than one colon, so an IPv6 address without brackets.
                Some((_, port)) if port.contains(':') => (text, None),
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        match port.map(str::parse) {
            None => Self { host: host.to_owned(), port: Some(DEFAULT_PORT) },
            Some(Ok(port)) => Self { host: host.to_owned(), port: Some(port) },
            Some(Err(_)) => Self { host: text.to_owned(), port: None },
        }
    }
}

impl From<String> for Address {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_forms_of_addresses_are_read() {
        for (text, host, port) in [
            ("switch1", "switch1", Some(69)),
            ("switch1:6969", "switch1", Some(6969)),
            ("192.0.2.1:69", "192.0.2.1", Some(69)),
            ("[2001:db8::1]:70", "2001:db8::1", Some(70)),
            ("[::1]", "::1", Some(69)),
            ("::1", "::1", Some(69)),
            ("switch1:", "switch1:", None),
            ("switch1:tftp", "switch1:tftp", None),
            ("switch1:65536", "switch1:65536", None),
            ("[::1]70", "[::1]70", None),
        ] {
            assert_eq!(Address::from(text), Address { host: host.to_owned(), port }, "{text}");
        }
    }

    #[test]
    fn a_socket_address_keeps_its_scope() {
        let address: SocketAddr = "[fe80::1%3]:69".parse().unwrap();
        assert_eq!(Address::from(address), Address::from(("fe80::1%3", 69)));
    }
}
