//! The values that words can be. Each type has its syntax, its range and its suggestions in one place.

use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;

use super::matching::{Match, choose};
use super::words::Word;
use crate::fault::{Percent, Which};
use crate::lessons::{LESSONS, Lesson};
use crate::wire::{BlockSize, Mode, WindowSize};

/// A value in one word.
pub trait Value: Sized {
    /// The meaning of `auto` in its place.
    const AUTO: &'static str = "the default";

    /// Reads a word; `None` if it is not a valid value.
    fn read(word: &Word) -> Option<Self>;

    /// Returns the range, as it reads after "must be".
    fn range() -> String;

    /// Lists common values, each with its meaning.
    fn suggestions() -> Vec<(String, &'static str)> {
        Vec::new()
    }
}

/// A row per type: the meaning of `auto`, the reader, the range, and common values.
macro_rules! values {
    ($($type:ty $([auto $auto:literal])?: $read:expr, $range:expr $(, $suggestions:expr)?;)*) => {$(
        impl Value for $type {
            $(const AUTO: &'static str = $auto;)?

            fn read(word: &Word) -> Option<Self> {
                let read: fn(&str) -> Option<Self> = $read;
                read(word.text()?)
            }

            fn range() -> String {
                $range.to_string()
            }

            $(fn suggestions() -> Vec<(String, &'static str)> {
                $suggestions.iter().map(|&(value, help)| (value.to_string(), help)).collect()
            })?
        }
    )*};
}

values! {
    u16: number, "a number";
    u32: number, "a number";
    u64: number, "a number";
    usize: number, "a number";
    NonZeroU32: number, "a number from 1";
    NonZeroU64: number, "a number from 1";
    Times: |text| number(text).map(Self), "a number from 1", [("2", ""), ("10", "")];
    Pairs: |text| number(text).map(Self), "a number", [("3", "the default")];
    Packet: |text| number(text.strip_prefix('#').unwrap_or(text)).map(Self), "a number (3)";
    Transfer: |text| number(text).filter(|&number| number > 0).map(Self), "a number from 1 (the last transfer)",
        [("1", "the last transfer"), ("2", "the one before"), ("3", "")];
    Packets: packets, "numbers of packets (3 or 3-5)";
    Port: |text| number(text).filter(|&port| port != 0).map(Self), "1 to 65535",
        [("69", "the TFTP port"), ("6969", "needs no privileges")];
    AnyPort: |text| number(text).map(Self), "1 to 65535, or 0 for any free port of serve",
        [("69", "the TFTP port"), ("6969", "needs no privileges"), ("0", "any free port")];
    RangeInclusive<u16>: ports, "LOW:HIGH, two ports from 1 to 65535, the lower one first";
    IpAddr: |text| text.parse().ok(), "an IP address of this computer (0.0.0.0 is all of IPv4, :: of IPv6)",
        [("0.0.0.0", "every IPv4 address"), ("::", "every IPv6 address")];
    IpNet: network, "a network or an address (192.0.2.0/24, 2001:db8::/32)";
    NonZeroUsize: number, "a number from 1";
    Mode: mode, "ascii, netascii, binary, image or octet", MODES.map(|(name, _)| (name, ""));
    BlockSize[auto "the largest that fits the path"]:
        |text| number(text).and_then(Self::new), format_args!("{} to {} bytes", Self::LEAST, Self::MOST),
        [("512", "as in RFC 1350"), ("1428", "fits Ethernet through tunnels"), ("8192", "for fast links"),
         ("65464", "the largest")];
    WindowSize[auto "the largest that fits the block size"]:
        |text| number(text).and_then(Self::new), format_args!("{} to {} blocks", Self::LEAST, Self::MOST),
        [("1", "as in RFC 1350"), ("4", ""), ("16", ""), ("64", "")];
    Duration: seconds, "seconds above 0 (5 or 0.2)", [("1", ""), ("5", ""), ("25", "")];
    Time: time, "a time with its unit (10ms or 0.2s)";
    Percent: percent, "0% to 100%", [("0", "none"), ("5", ""), ("20", "")];
    Which: blocks, "N[-M]";
    FileSize: |text| size(text).map(Self), "a number of bytes (2150, 2,150, 64K or 5M)", [("2150", "bytes"), ("64K", "")];
    &'static Lesson: |text| Lesson::find(number(text)?), format_args!("1 to {}", LESSONS.len()),
        LESSONS.map(|lesson| (lesson.number, lesson.title));
}

/// The words for the modes of RFC 1350 section 5, and BSD's other words for them.
pub(super) const MODES: [(&str, Mode); 5] = [
    ("ascii", Mode::Netascii),
    ("netascii", Mode::Netascii),
    ("binary", Mode::Octet),
    ("image", Mode::Octet),
    ("octet", Mode::Octet),
];

/// A port, from 1 to 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Port(pub(crate) u16);

/// A port to listen at, or 0 for any free one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AnyPort(pub(crate) u16);

/// A time with its unit: `10ms`, `0.2s` or `500us`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time(pub(super) Duration);

/// A packet by its number in a trace: `3`, `#3`.
pub(super) struct Packet(pub(super) u64);

/// Packets by their numbers in a trace: `3`, `#3-#5`.
pub(super) struct Packets(pub(super) RangeInclusive<u64>);

/// A kept transfer: 1 is the last one, 2 the one before.
pub(super) struct Transfer(pub(super) usize);

impl Transfer {
    pub(super) const LAST: Self = Self(1);
}

/// The size of a file: `2150`, `2,150`, `64K`, `5M`, `5MB`.
pub(super) struct FileSize(pub(super) u64);

/// The number of repetitions of a command.
pub(super) struct Times(pub(super) NonZeroU64);

/// The pairs of ordinary packets that a view shows before it shortens a run.
pub(super) struct Pairs(pub(super) u32);

/// A SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sha256(pub [u8; 32]);

/// A SHA-256 in 64 hexadecimal digits, perhaps after `sha256:`, or with the name after it that sha256sum prints.
pub(super) struct Sum {
    pub(super) digest: Sha256,
    pub(super) name: Option<Word>,
}

impl Value for Sum {
    fn read(word: &Word) -> Option<Self> {
        let text = word.bytes().trim_ascii();
        let (digits, name) = text.split_at(text.iter().position(u8::is_ascii_whitespace).unwrap_or(text.len()));
        let name = Some(name.trim_ascii()).filter(|name| !name.is_empty()).map(Word::new);
        Some(Self { digest: sha256(str::from_utf8(digits).ok()?)?, name })
    }

    fn range() -> String {
        "a SHA-256 of 64 digits".to_owned()
    }
}

/// The name of the digest before its digits.
const SHA256: &str = "sha256:";

/// The longest time that can be set. It is far above any use and keeps sums of times from overflowing.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Reads `7400:7402`, or one port.
fn ports(text: &str) -> Option<RangeInclusive<u16>> {
    let (low, high) = text.split_once(':').unwrap_or((text, text));
    let (low, high): (u16, u16) = (number(low)?, number(high)?);
    (1..=high).contains(&low).then_some(low..=high)
}

/// Reads `192.0.2.0/24`, or one address.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

fn mode(text: &str) -> Option<Mode> {
    match choose(&Word::new(text), &MODES) {
        Match::One(_, mode) => Some(mode),
        _ => None,
    }
}

/// Reads a time above zero in seconds, with or without a fraction: `5`, `0.2`.
fn seconds(text: &str) -> Option<Duration> {
    decimal(text, 1.0).filter(|time| !time.is_zero() && *time <= LONGEST)
}

fn time(text: &str) -> Option<Time> {
    let (digits, unit) = text.split_at_checked(text.find(|letter: char| letter.is_ascii_alphabetic())?)?;
    let scale = match unit.to_ascii_lowercase().as_str() {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        _ => return None,
    };
    decimal(digits, scale).map(Time)
}

/// `20`, `20%` or `0.5%`.
fn percent(text: &str) -> Option<Percent> {
    let text = text.strip_suffix('%').unwrap_or(text);
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let (whole, part): (u16, u16) = (number(whole)?, number(&format!("{part:0<2}")).filter(|_| part.len() <= 2)?);
    Percent::from_hundredths(whole.checked_mul(100)?.checked_add(part)?)
}

fn blocks(text: &str) -> Option<Which> {
    let Some((first, last)) = text.split_once('-') else { return number(text).map(Which::Block) };
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some(Which::Blocks(first, last))
}

fn packets(text: &str) -> Option<Packets> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (Packet(first), Packet(last)) = (Packet::read(&Word::new(first))?, Packet::read(&Word::new(last))?);
    (first <= last).then_some(Packets(first..=last))
}

/// Reads a number with an optional unit, as `head -c` does: K is 1024, kB is 1000.
fn size(text: &str) -> Option<u64> {
    let end = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    grouped(digits)?.checked_mul(factor)
}

/// Reads digits, which commas may separate in groups of three.
fn grouped(digits: &str) -> Option<u64> {
    if let Some((first, rest)) = digits.split_once(',')
        && (!(1..=3).contains(&first.len()) || rest.split(',').any(|group| group.len() != 3))
    {
        return None;
    }
    number(&digits.replace(',', ""))
}

fn sha256(text: &str) -> Option<Sha256> {
    let (name, digits) = text.split_at_checked(SHA256.len()).unwrap_or_default();
    let text = if name.eq_ignore_ascii_case(SHA256) { digits } else { text };
    let mut bytes = [0; 32];
    if text.len() != 2 * bytes.len() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |at: usize| char::from(*pair.get(at)?).to_digit(16);
        *byte = u8::try_from(digit(0)? * 16 + digit(1)?).ok()?;
    }
    Some(Sha256(bytes))
}

/// Reads ASCII digits only: no sign, no space.
fn number<T: FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Reads digits with at most one point, as a multiple of `scale` seconds.
fn decimal(text: &str, scale: f64) -> Option<Duration> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    Duration::try_from_secs_f64(text.parse::<f64>().ok().filter(|_| is_plain)? * scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Value>(text: impl Into<Vec<u8>>) -> Option<T> {
        T::read(&Word::new(text))
    }

    #[test]
    fn seconds_are_plain_numbers_above_zero() {
        for (text, expected) in [("5", 5_000), ("0.2", 200), ("86400", 86_400_000)] {
            assert_eq!(read::<Duration>(text), Some(Duration::from_millis(expected)), "{text}");
        }
        for bad in ["", ".", "0", "0.0", "-1", "+1", "1e3", "inf", "5s", "86401", &"9".repeat(400)] {
            assert_eq!(read::<Duration>(bad), None, "{bad}");
        }
        assert_eq!(read::<Duration>(b"\xff"), None);
    }

    #[test]
    fn sizes_have_groups_and_units() {
        for (text, bytes) in [
            ("2150", 2150),
            ("2,150", 2150),
            ("1,234,567", 1_234_567),
            ("64K", 65_536),
            ("5m", 5 << 20),
            ("5MB", 5_000_000),
        ] {
            assert_eq!(read::<FileSize>(text).map(|FileSize(size)| size), Some(bytes), "{text}");
        }
        for bad in ["", "K", "2,15", "2150,", ",150", "1234,567", "5Q", "-1", "1.5M", "99999999999G", "fw.bin"] {
            assert!(read::<FileSize>(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn modes_have_the_names_of_bsd_in_any_case() {
        for (mode, words) in
            [(Mode::Octet, &["octet", "BINARY", "Image"][..]), (Mode::Netascii, &["ascii", "NetASCII"])]
        {
            for word in words {
                assert_eq!(read(*word), Some(mode), "{word}");
            }
        }
        assert_eq!(read::<Mode>("mail"), None);
    }

    #[test]
    fn a_digest_has_64_digits_in_any_case() {
        /// The SHA-256 of `abc` (FIPS 180-4).
        const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let digest = crate::files::Digest::of(&b"abc"[..]).expect("bytes in memory can be read").0;
        let read = |text: &str| read::<Sum>(text).map(|sum| (sum.digest.0, sum.name.map(|name| name.to_string())));
        assert_eq!(read(ABC), Some((digest, None)));
        assert_eq!(read(&ABC.to_ascii_uppercase()), Some((digest, None)));
        assert_eq!(read(&format!("sha256:{ABC}")), Some((digest, None)));
        assert_eq!(read(&format!("{ABC}  my file\n")), Some((digest, Some("my file".to_owned()))));
        for bad in ["", "sha256:", &ABC[1..], &format!("{ABC}0"), &ABC.replace('b', "g"), &ABC.replace("ba", "+a")] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
