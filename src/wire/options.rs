//! The four options, from bytes to agreed terms: Offer -> Answer -> Terms (RFC 2347, 2348, 2349, 7440).

use thiserror::Error;

use super::number::decimal;
use super::{BlockSize, OptionList, Printable, TimeoutSeconds, WindowSize};

/// The names of the options on the wire; their case does not matter.
pub mod names {
    /// Size of the file in bytes (RFC 2349).
    pub const TSIZE: &str = "tsize";
    /// Seconds until the peer retransmits (RFC 2349).
    pub const TIMEOUT: &str = "timeout";
    /// Length of a block in bytes (RFC 2348).
    pub const BLKSIZE: &str = "blksize";
    /// Blocks sent before one ACK (RFC 7440).
    pub const WINDOWSIZE: &str = "windowsize";
}

/// The most bytes of a window: either end holds one in memory.
const WINDOW_BYTES: u32 = 64 << 20;

/// The options of a request; also the shape of an [`Answer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offer {
    /// Size of the file in bytes; 0 in a read request, which asks for the size (RFC 2349).
    pub tsize: Option<u64>,
    /// Retransmission interval for the peer.
    pub timeout: Option<TimeoutSeconds>,
    /// Block size to ask for.
    pub blksize: Option<BlockSize>,
    /// Window size to ask for.
    pub windowsize: Option<WindowSize>,
}

impl Offer {
    /// Reads the options of a request, without unknown options and invalid values (RFC 2347). The first of a name
    /// counts.
    pub fn parse(options: &OptionList<'_>) -> Self {
        let mut offer = Self::default();
        for (name, value) in options.pairs() {
            let Some(value) = decimal(value) else { continue };
            match known_name(name) {
                Some(names::TSIZE) => offer.tsize = offer.tsize.or(Some(value)),
                Some(names::TIMEOUT) => offer.timeout = offer.timeout.or_else(|| TimeoutSeconds::new(value)),
                Some(names::BLKSIZE) => offer.blksize = offer.blksize.or_else(|| BlockSize::new(value)),
                Some(names::WINDOWSIZE) => offer.windowsize = offer.windowsize.or_else(|| WindowSize::new(value)),
                _ => {}
            }
        }
        offer
    }

    /// Leaves out block and window sizes that are RFC 1350's own.
    pub(crate) fn without_defaults(self) -> Self {
        let blksize = self.blksize.filter(|blksize| *blksize != BlockSize::default());
        Self { blksize, windowsize: self.windowsize.filter(|window| *window != WindowSize::default()), ..self }
    }

    /// Asks for a smaller window if this one has more than 64 MiB.
    pub(crate) fn bounded(self) -> Self {
        let most = affordable(WINDOW_BYTES, self.blksize);
        Self { windowsize: self.windowsize.map(|asked| asked.min(most)), ..self }
    }

    /// Whether it has no option.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns what a server grants: only options asked for, within `limits`. `size` is the answer to tsize, if known.
    pub fn answer(&self, limits: &Limits, size: Option<u64>) -> Answer {
        if !limits.options {
            return Answer::default();
        }
        let blksize = self.blksize.map(|asked| asked.min(limits.blksize));
        let most = affordable(limits.window_bytes.min(WINDOW_BYTES), blksize).min(limits.windowsize);
        Answer(Self {
            tsize: self.tsize.and(size),
            timeout: self.timeout,
            blksize,
            windowsize: self.windowsize.map(|asked| asked.min(most)),
        })
    }

    /// Checks an OACK: each option asked for, once, valid, and never larger than asked.
    ///
    /// An option that was not asked for is accepted if it changes nothing, since several servers send one: blksize=512,
    /// windowsize=1, or a tsize, which is ignored.
    ///
    /// # Errors
    ///
    /// The OACK has another option that was not offered, or a value that does not fit the offer.
    pub fn accept(&self, oack: &OptionList<'_>) -> Result<Terms, BadOption> {
        let mut answer = Self::default();
        for (name, value) in oack.pairs().filter(|(name, value)| !self.can_ignore(name, value)) {
            let (known, number) = (known_name(name), decimal(value));
            let accepted = match known {
                Some(names::TSIZE) => accept(&mut answer.tsize, number, self.tsize, |_, _| true),
                Some(names::TIMEOUT) => {
                    let got = number.and_then(TimeoutSeconds::new);
                    accept(&mut answer.timeout, got, self.timeout, |got, asked| got == asked)
                }
                Some(names::BLKSIZE) => {
                    let got = number.and_then(BlockSize::new);
                    accept(&mut answer.blksize, got, self.blksize, |got, asked| got <= asked)
                }
                Some(names::WINDOWSIZE) => {
                    let got = number.and_then(WindowSize::new);
                    accept(&mut answer.windowsize, got, self.windowsize, |got, asked| got <= asked)
                }
                _ => Err(BadOptionKind::Unasked),
            };
            accepted.map_err(|kind| {
                let name = known.map_or_else(|| Printable(name).brief(), str::to_owned);
                BadOption { name, value: Printable(value).brief(), kind }
            })?;
        }
        Ok(Answer(answer).terms())
    }

    /// Whether an option of an OACK was not asked for and changes nothing.
    pub(crate) fn can_ignore(&self, name: &[u8], value: &[u8]) -> bool {
        let value = decimal(value);
        match known_name(name) {
            Some(names::TSIZE) => self.tsize.is_none() && value.is_some(),
            Some(names::BLKSIZE) => self.blksize.is_none() && value == Some(BlockSize::default().get().into()),
            Some(names::WINDOWSIZE) => self.windowsize.is_none() && value == Some(WindowSize::default().get().into()),
            _ => false,
        }
    }

    /// Returns the name and the value of each option, in the order sent.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let Self { tsize, timeout, blksize, windowsize } = *self;
        [
            (names::TSIZE, tsize),
            (names::TIMEOUT, timeout.map(|it| it.get().into())),
            (names::BLKSIZE, blksize.map(|it| it.get().into())),
            (names::WINDOWSIZE, windowsize.map(|it| it.get().into())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }

    pub(super) fn emit(&self, datagram: &mut Vec<u8>) {
        for (name, value) in self.pairs() {
            datagram.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
        }
    }
}

/// The options that a server grants of an [`Offer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answer(Offer);

impl Answer {
    /// Whether no option is granted, so that no OACK is sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the terms of the transfer.
    pub fn terms(&self) -> Terms {
        let Offer { tsize, timeout, blksize, windowsize } = self.0;
        Terms { tsize, timeout, blksize: blksize.unwrap_or_default(), windowsize: windowsize.unwrap_or_default() }
    }

    pub(super) fn emit(&self, datagram: &mut Vec<u8>) {
        self.0.emit(datagram);
    }
}

/// The most that a server grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Whether options are understood; a server without options is one of RFC 1350.
    pub options: bool,
    /// Largest block size granted.
    pub blksize: BlockSize,
    /// Largest window size granted.
    pub windowsize: WindowSize,
    /// Most bytes of a window, whatever was asked, and never more than 64 MiB; one block is always granted.
    pub window_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { options: true, blksize: BlockSize::MOST, windowsize: WindowSize::MOST, window_bytes: 4 << 20 }
    }
}

/// The agreed values: RFC 1350's where no option says otherwise (RFC 2347).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// Length of a full block in bytes.
    pub blksize: BlockSize,
    /// Blocks before an ACK.
    pub windowsize: WindowSize,
    /// Retransmission interval, if agreed.
    pub timeout: Option<TimeoutSeconds>,
    /// Size of the file in bytes, if announced; 0 means unknown. Never a reason to reserve memory. In octet mode, a
    /// transfer of another size fails.
    pub tsize: Option<u64>,
}

impl Terms {
    /// Returns the smallest offer that leads to these terms.
    pub(crate) fn offer(&self) -> Offer {
        let Self { blksize, windowsize, timeout, tsize } = *self;
        let (blksize, windowsize) = (Some(blksize), Some(windowsize));
        Offer { tsize, timeout, blksize, windowsize }.without_defaults()
    }
}

/// The reason why an OACK cannot be accepted; the transfer ends with ERROR 8 (RFC 2347).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the server answered {name}={value}, {kind}")]
pub struct BadOption {
    /// The option, made safe to print.
    pub name: String,
    /// The value in the OACK, made safe to print.
    pub value: String,
    /// What is wrong with it.
    pub kind: BadOptionKind,
}

/// The kinds of errors in an option of an OACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadOptionKind {
    /// The option was not asked for, which RFC 2347 forbids.
    #[error("which was not asked for")]
    Unasked,
    /// The value is larger than asked, or a timeout is not the one asked for.
    #[error("which is not what was asked for")]
    Raised,
    /// The same option comes twice.
    #[error("for the second time")]
    Doubled,
    /// The value is not a number that its RFC allows.
    #[error("which is not a valid value")]
    Invalid,
}

/// Returns the largest window of so many bytes; one block is always allowed.
fn affordable(bytes: u32, blksize: Option<BlockSize>) -> WindowSize {
    let blocks = bytes / u32::from(blksize.unwrap_or_default().get());
    WindowSize::new(blocks.clamp(1, 65535).into()).unwrap_or_default()
}

fn known_name(name: &[u8]) -> Option<&'static str> {
    [names::TSIZE, names::TIMEOUT, names::BLKSIZE, names::WINDOWSIZE]
        .into_iter()
        .find(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// Accepts one option of an OACK into `place`: asked for, valid, within what was asked, and not there yet.
fn accept<T: Copy>(
    place: &mut Option<T>,
    got: Option<T>,
    asked: Option<T>,
    fits: fn(T, T) -> bool,
) -> Result<(), BadOptionKind> {
    let asked = asked.ok_or(BadOptionKind::Unasked)?;
    let got = got.ok_or(BadOptionKind::Invalid)?;
    if !fits(got, asked) {
        return Err(BadOptionKind::Raised);
    }
    place.replace(got).map_or(Ok(()), |_| Err(BadOptionKind::Doubled))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(tsize: u64, timeout: u64, blksize: u64, windowsize: u64) -> Offer {
        Offer {
            tsize: Some(tsize),
            timeout: TimeoutSeconds::new(timeout),
            blksize: BlockSize::new(blksize),
            windowsize: WindowSize::new(windowsize),
        }
    }

    fn limits() -> Limits {
        let (blksize, windowsize) = (BlockSize::new(1024).unwrap(), WindowSize::new(8).unwrap());
        Limits { options: true, blksize, windowsize, window_bytes: 16384 }
    }

    #[test]
    fn an_answer_has_only_options_asked_for_and_no_larger_values() {
        let answer = offer(0, 3, 1428, 4).answer(&limits(), Some(3000));
        assert_eq!(answer, Answer(offer(3000, 3, 1024, 4)));
        let blksize = Offer { blksize: BlockSize::new(512), ..Offer::default() };
        assert_eq!(blksize.answer(&limits(), Some(1)), Answer(blksize));
        assert!(offer(0, 3, 1428, 4).answer(&Limits { options: false, ..limits() }, Some(1)).is_empty());
    }

    #[test]
    fn a_window_costs_no_more_memory_than_allowed() {
        let granted = |windowsize, blksize| {
            offer(0, 1, blksize, windowsize).answer(&Limits::default(), None).terms().windowsize.get()
        };
        assert_eq!([granted(65535, 8), granted(65535, 1024), granted(65535, 65464)], [65535, 4096, 64]);
        assert_eq!(
            offer(0, 1, 1024, 65535).answer(&Limits { window_bytes: 1, ..limits() }, None).terms().windowsize.get(),
            1
        );
    }

    #[test]
    fn no_window_has_more_than_64_mib_at_either_end() {
        let bounded = |windowsize, blksize| offer(0, 1, blksize, windowsize).bounded().windowsize.unwrap().get();
        assert_eq!([bounded(65535, 1024), bounded(65535, 1468), bounded(65535, 65464)], [65535, 45714, 1025]);
        let large = Limits { window_bytes: u32::MAX, ..Limits::default() };
        assert_eq!(offer(0, 1, 65464, 65535).answer(&large, None).terms().windowsize.get(), 1025);
    }

    #[test]
    fn the_first_valid_value_of_each_known_option_counts() {
        let list = OptionList::parse(
            b"BlkSize\x001428\0utimeout\x005\0windowsize\x000\0timeout\x00256\0tsize\0-1\0blksize\x008\0",
        )
        .unwrap();
        assert_eq!(Offer::parse(&list), Offer { blksize: BlockSize::new(1428), ..Offer::default() });
    }

    #[test]
    fn every_bad_oack_is_refused_with_its_reason() {
        let asked = offer(0, 3, 1428, 4);
        let accept = |bytes: &'static [u8]| asked.accept(&OptionList::parse(bytes).unwrap()).map_err(|it| it.kind);
        for (bytes, kind) in [
            (&b"blksize\x001429\0"[..], BadOptionKind::Raised),
            (b"windowsize\x005\0", BadOptionKind::Raised),
            (b"timeout\x002\0", BadOptionKind::Raised),
            (b"blksize\x000\0", BadOptionKind::Invalid),
            (b"blksize\x007\0", BadOptionKind::Invalid),
            (b"blksize\x0065465\0", BadOptionKind::Invalid),
            (b"blksize\0-8\0", BadOptionKind::Invalid),
            (b"blksize\0+8\0", BadOptionKind::Invalid),
            (b"blksize\0\0", BadOptionKind::Invalid),
            (b"tsize\x0018446744073709551616\0", BadOptionKind::Invalid),
            (b"blksize\x001024\0BLKSIZE\x001024\0", BadOptionKind::Doubled),
            (b"multicast\x00224.0.0.1,1758,1\0", BadOptionKind::Unasked),
        ] {
            assert_eq!(accept(bytes), Err(kind), "{bytes:?}");
        }
        let nothing = Offer::default().accept(&OptionList::parse(b"timeout\x005\0").unwrap());
        assert!(nothing.is_err_and(|it| it.to_string() == "the server answered timeout=5, which was not asked for"));
    }

    #[test]
    fn an_option_that_was_not_asked_for_is_ignored_if_it_changes_nothing() {
        let accept = |asked: Offer, bytes: &'static [u8]| asked.accept(&OptionList::parse(bytes).unwrap());
        let (timeout, plain) = (Offer { timeout: TimeoutSeconds::new(3), ..Offer::default() }, Offer::default());
        let agreed = Terms { timeout: timeout.timeout, ..Terms::default() };
        assert_eq!(accept(timeout, b"BLKSIZE\x00512\0tsize\x0077\0timeout\x003\0windowsize\x001\0"), Ok(agreed));
        assert_eq!(accept(plain, b"tsize\x000\0tsize\x0018446744073709551615\0"), Ok(Terms::default()));
        for bytes in
            [&b"blksize\x00511\0"[..], b"windowsize\x002\0", b"tsize\0-1\0", b"tsize\0\0", b"blksize2\x00512\0"]
        {
            assert_eq!(accept(plain, bytes).map_err(|bad| bad.kind), Err(BadOptionKind::Unasked), "{bytes:?}");
        }
    }

    #[test]
    fn an_option_that_the_oack_omits_counts_as_not_asked_for() {
        let terms = offer(0, 3, 1428, 4).accept(&OptionList::parse(b"TSIZE\x005000000000\0").unwrap());
        assert_eq!(terms, Ok(Terms { tsize: Some(5_000_000_000), ..Terms::default() }));
    }
}
