//! `tftp://host/file;mode=octet` (RFC 3617): server, file and mode in one word.

use std::fmt::{self, Display, Formatter};
use std::net::Ipv6Addr;

use thiserror::Error;

use super::value::{MODES, Port, Value};
use super::words::Word;
use crate::wire::{Mode, Printable};

const SCHEME: &[u8] = b"tftp://";

/// The server, name and mode of a file.
///
/// RFC 3617 has no port; `host:port` is read as in other schemes. `Display` writes a word that reads as the same URI.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uri {
    /// Name or address, without brackets.
    pub host: String,
    /// The port for requests, if the URI has one.
    pub port: Option<u16>,
    /// The file's name: bytes, percent-decoded, after the slash that ends the host.
    pub file: Vec<u8>,
    /// Octet by default (RFC 3617 section 2).
    pub mode: Mode,
}

/// An error in a word that begins as a URI.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct BadUri(String);

impl BadUri {
    fn no_file() -> Self {
        Self("names no file: tftp://HOST/FILE".into())
    }
}

impl Uri {
    /// Reads a word; `None` if it does not begin with `tftp://`, in any letter case.
    pub fn parse(word: &[u8]) -> Option<Result<Self, BadUri>> {
        let (scheme, rest) = word.split_at_checked(SCHEME.len())?;
        scheme.eq_ignore_ascii_case(SCHEME).then(|| Self::after_scheme(rest))
    }

    fn after_scheme(rest: &[u8]) -> Result<Self, BadUri> {
        let end = rest.iter().position(|byte| b"/?#;".contains(byte)).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (host, port) = host_and_port(authority)?;
        let path = path.strip_prefix(b"/").ok_or_else(BadUri::no_file)?;
        let (path, mode) = match path.iter().position(|&byte| byte == b';') {
            Some(place) => (&path[..place], mode(&path[place + 1..])?),
            None => (path, Mode::Octet),
        };
        if let Some(&byte) = path.iter().find(|byte| b"?#".contains(byte)) {
            let (sign, why) = (char::from(byte), "has no meaning here");
            return Err(BadUri(format!("{sign} {why} (write %{byte:02X} in a file name)")));
        }
        match decode(path)? {
            file if file.is_empty() => Err(BadUri::no_file()),
            file => Ok(Self { host, port, file, mode }),
        }
    }
}

fn host_and_port(authority: &[u8]) -> Result<(String, Option<u16>), BadUri> {
    if authority.contains(&b'@') {
        return Err(BadUri("TFTP has no users (write %40 for an @ in a file name)".into()));
    }
    let bad_host = || BadUri(format!("{}: bad host (an IPv6 address needs brackets)", Printable(authority).brief()));
    let text = str::from_utf8(authority).map_err(|_| bad_host())?;
    let (host, port) = match text.strip_prefix('[') {
        // RFC 6874 section 2 encodes the percent sign of a scope: [fe80::1%25eth0].
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or_else(bad_host)?;
            let address = address.replacen("%25", "%", 1);
            let digits = address.split_once('%').map_or(address.as_str(), |(digits, _)| digits);
            digits.parse::<Ipv6Addr>().map_err(|_| bad_host())?;
            (address, port)
        }
        None if text.matches(':').count() > 1 => return Err(bad_host()),
        None => {
            let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            let host = String::from_utf8(decode(host.as_bytes())?).map_err(|_| bad_host())?;
            if host.contains(':') {
                return Err(bad_host());
            }
            (host, port)
        }
    };
    if host.contains(char::is_control) {
        return Err(bad_host());
    }
    if host.is_empty() {
        return Err(BadUri("names no host".into()));
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => Ok((host, None)),
        None => Err(bad_host()),
        Some(digits) => {
            let bad_port = || BadUri(BadPort(digits).to_string());
            Port::read(&Word::new(digits)).map(|Port(port)| (host, Some(port))).ok_or_else(bad_port)
        }
    }
}

fn mode(parameter: &[u8]) -> Result<Mode, BadUri> {
    let (name, value) = parameter.split_at_checked(5).unwrap_or((parameter, b""));
    let known = MODES.into_iter().find(|(known, _)| value.eq_ignore_ascii_case(known.as_bytes()));
    let mode = known.filter(|_| name.eq_ignore_ascii_case(b"mode=")).map(|(_, mode)| mode);
    let rule = "; can only come before mode=netascii or mode=octet (write %3B in a file name)";
    mode.ok_or_else(|| BadUri(format!("{}: {rule}", Printable(parameter).brief())))
}

/// Reads `host`, `host:port`, `[v6]` or `[v6]:port`. An IPv6 address without brackets has no port.
pub(crate) fn server(text: &str) -> Result<(&str, Option<u16>), BadPort<'_>> {
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host, digits) = match (bracketed, text.split_once(':')) {
        (Some((host, "")), _) => (host, None),
        (Some((host, port)), _) if port.starts_with(':') => (host, port.strip_prefix(':')),
        (_, Some((host, port))) if !host.is_empty() && !port.contains(':') => (host, Some(port)),
        _ => (text, None),
    };
    let port = |digits| Port::read(&Word::new(digits)).map(|Port(port)| port).ok_or(BadPort(digits));
    Ok((host, digits.map(port).transpose()?))
}

/// The error of what is not a port, in BSD's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{}: bad port number", Printable(.0.as_bytes()).brief())]
pub(crate) struct BadPort<'a>(&'a str);

/// Splits `host:file` or `[v6]:file`. A bare IPv6 address is not a host, since it is ambiguous.
pub(crate) fn split_host(word: &[u8]) -> Option<(&str, &[u8])> {
    let text = str::from_utf8(word).ok();
    if text.is_some_and(|text| text.parse::<Ipv6Addr>().is_ok()) {
        return None;
    }
    let bracketed = word.strip_prefix(b"[").and_then(|rest| cut(rest, b"]:"));
    let (host, file) = bracketed.or_else(|| cut(word, b":"))?;
    let host = str::from_utf8(host).ok().filter(|host| !host.is_empty())?;
    Some((host, file))
}

fn cut<'a>(bytes: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let place = bytes.windows(separator.len()).position(|window| window == separator)?;
    Some((bytes.get(..place)?, bytes.get(place + separator.len()..)?))
}

fn decode(text: &[u8]) -> Result<Vec<u8>, BadUri> {
    const RULE: &str = "% must come before two hexadecimal digits (write %25 for a % itself)";
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let pair = bytes.next().and_then(digit).zip(bytes.next().and_then(digit));
                pair.map(|(high, low)| high * 16 + low).ok_or_else(|| BadUri(RULE.into()))?
            }
            _ => byte,
        });
    }
    Ok(decoded)
}

impl Display for Uri {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("tftp://")?;
        if self.host.contains(':') {
            write!(f, "[{}]", self.host.replacen('%', "%25", 1))?;
        } else {
            encode(f, self.host.as_bytes(), b"")?;
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str("/")?;
        encode(f, &self.file, b"/")?;
        match self.mode {
            Mode::Octet => Ok(()),
            Mode::Netascii => f.write_str(";mode=netascii"),
        }
    }
}

/// Encodes all bytes except the unreserved characters of RFC 2396 section 2.3 and `also`.
fn encode(f: &mut Formatter<'_>, bytes: &[u8], also: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|&byte| {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) || also.contains(&byte) {
            write!(f, "{}", char::from(byte))
        } else {
            write!(f, "%{byte:02X}")
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(word: &str) -> Result<Uri, BadUri> {
        Uri::parse(word.as_bytes()).expect("a URI")
    }

    fn uri(host: &str, port: Option<u16>, file: &[u8], mode: Mode) -> Result<Uri, BadUri> {
        Ok(Uri { host: host.to_owned(), port, file: file.to_vec(), mode })
    }

    #[test]
    fn the_forms_of_rfc_3617_are_understood() {
        for (word, expected) in [
            ("tftp://192.0.2.1/fw.bin", uri("192.0.2.1", None, b"fw.bin", Mode::Octet)),
            ("TFTP://sw1/fw.bin;MODE=Octet", uri("sw1", None, b"fw.bin", Mode::Octet)),
            ("tftp://sw1/a/b.cfg;mode=netascii", uri("sw1", None, b"a/b.cfg", Mode::Netascii)),
            ("tftp://sw1//etc/motd", uri("sw1", None, b"/etc/motd", Mode::Octet)),
            ("tftp://sw1:6969/fw.bin", uri("sw1", Some(6969), b"fw.bin", Mode::Octet)),
            ("tftp://[::1]:6969/fw.bin", uri("::1", Some(6969), b"fw.bin", Mode::Octet)),
            ("tftp://[fe80::1%25eth0]/f", uri("fe80::1%eth0", None, b"f", Mode::Octet)),
            ("tftp://[fe80::1%eth0]/f", uri("fe80::1%eth0", None, b"f", Mode::Octet)),
            ("tftp://sw1/a%20b%3Bmode=octet", uri("sw1", None, b"a b;mode=octet", Mode::Octet)),
            ("tftp://sw1/%ff%00%2F", uri("sw1", None, b"\xff\0/", Mode::Octet)),
            ("tftp://sw1/a:b@c", uri("sw1", None, b"a:b@c", Mode::Octet)),
        ] {
            assert_eq!(parse(word), expected, "{word}");
        }
    }

    #[test]
    fn mistakes_name_the_cause() {
        for (word, expected) in [
            ("tftp://", "names no host"),
            ("tftp:///f", "names no host"),
            ("tftp://sw1", "names no file: tftp://HOST/FILE"),
            ("tftp://sw1/", "names no file: tftp://HOST/FILE"),
            ("tftp://sw1;mode=octet", "names no file: tftp://HOST/FILE"),
            ("tftp://me@sw1/f", "TFTP has no users (write %40 for an @ in a file name)"),
            ("tftp://[::1/f", "[::1: bad host (an IPv6 address needs brackets)"),
            ("tftp://[::1]x/f", "[::1]x: bad host (an IPv6 address needs brackets)"),
            ("tftp://::1/f", "::1: bad host (an IPv6 address needs brackets)"),
            ("tftp://%3A%3A1/f", "%3A%3A1: bad host (an IPv6 address needs brackets)"),
            ("tftp://[sw1]/f", "[sw1]: bad host (an IPv6 address needs brackets)"),
            ("tftp://[fe80::1%25e\x1bth0]/f", "[fe80::1%25e\\x1bth0]: bad host (an IPv6 address needs brackets)"),
            ("tftp://sw%1b1/f", "sw%1b1: bad host (an IPv6 address needs brackets)"),
            ("tftp://sw1:/f", ": bad port number"),
            ("tftp://sw1:0/f", "0: bad port number"),
            ("tftp://sw1:+69/f", "+69: bad port number"),
            ("tftp://sw1/100%", "% must come before two hexadecimal digits (write %25 for a % itself)"),
            ("tftp://sw1/%+1", "% must come before two hexadecimal digits (write %25 for a % itself)"),
            ("tftp://sw1/f?x", "? has no meaning here (write %3F in a file name)"),
            ("tftp://sw1/f#x", "# has no meaning here (write %23 in a file name)"),
            (
                "tftp://sw1/f;mode=mail",
                "mode=mail: ; can only come before mode=netascii or mode=octet (write %3B in a file name)",
            ),
            ("tftp://sw1/f;", ": ; can only come before mode=netascii or mode=octet (write %3B in a file name)"),
        ] {
            assert_eq!(parse(word).map_err(|bad| bad.to_string()), Err(expected.to_owned()), "{word}");
        }
    }

    #[test]
    fn a_host_is_before_the_first_colon_or_in_brackets() {
        for (word, expected) in [
            ("file", None),
            ("h:file", Some(("h", "file"))),
            ("h:a:b", Some(("h", "a:b"))),
            ("[::1]:file", Some(("::1", "file"))),
            ("[fe80::1%eth0]:f", Some(("fe80::1%eth0", "f"))),
            ("192.0.2.1:", Some(("192.0.2.1", ""))),
            (":file", None),
            ("::1", None),
            ("2001:db8::1", None),
        ] {
            let expected = expected.map(|(host, file): (&str, &str)| (host, file.as_bytes()));
            assert_eq!(split_host(word.as_bytes()), expected, "{word}");
        }
    }

    #[test]
    fn a_port_comes_after_a_colon() {
        for (text, expected) in [
            ("sw1", Ok(("sw1", None))),
            ("sw1:6969", Ok(("sw1", Some(6969)))),
            ("192.0.2.1:69", Ok(("192.0.2.1", Some(69)))),
            ("[::1]", Ok(("::1", None))),
            ("[fe80::1%eth0]:69", Ok(("fe80::1%eth0", Some(69)))),
            ("::1", Ok(("::1", None))),
            ("2001:db8::1", Ok(("2001:db8::1", None))),
            ("sw1:", Err(BadPort(""))),
            ("sw1:0", Err(BadPort("0"))),
            ("[::1]:tftp", Err(BadPort("tftp"))),
            ("[::1]69", Ok(("[::1]69", None))),
            (":69", Ok((":69", None))),
            ("", Ok(("", None))),
        ] {
            assert_eq!(server(text), expected, "{text}");
        }
    }

    #[test]
    fn other_words_are_left_alone() {
        for word in ["fw.bin", "sw1:fw.bin", "tftp:f", "tftp:/f", "http://sw1/f", ""] {
            assert_eq!(Uri::parse(word.as_bytes()), None, "{word}");
        }
    }

    proptest! {
        #[test]
        fn a_displayed_uri_reads_as_the_same_uri(
            host in "[a-z0-9.-]{1,9}|[0-9a-f]{1,4}::[0-9a-f]{1,4}(%[a-z0-9]{1,4})?|[a-zü% ]{1,4}",
            port in proptest::option::of(1..=u16::MAX),
            file in proptest::collection::vec(any::<u8>(), 1..20),
            netascii: bool,
        ) {
            let mode = if netascii { Mode::Netascii } else { Mode::Octet };
            let uri = Uri { host, port, file, mode };
            prop_assert_eq!(parse(&uri.to_string()), Ok(uri));
        }

        #[test]
        fn no_word_panics(rest: Vec<u8>) {
            let _ = Uri::parse(&[SCHEME, rest.as_slice()].concat());
        }
    }
}
