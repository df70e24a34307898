//! The four options, from bytes to agreed terms: Offer -> Answer -> Terms (RFC 2347, 2348, 2349, 7440).

use std::fmt::{self, Display, Formatter};

use thiserror::Error;

use super::number::decimal;
use super::{BlockSize, OptionList, Printable, TimeoutSeconds, WindowSize};

/// The options' names on the wire; any case is understood.
pub mod names {
    /// Size of the file in octets (RFC 2349).
    pub const TSIZE: &str = "tsize";
    /// Seconds until the peer sends again (RFC 2349).
    pub const TIMEOUT: &str = "timeout";
    /// Octets of a block (RFC 2348).
    pub const BLKSIZE: &str = "blksize";
    /// Blocks sent before one ACK (RFC 7440).
    pub const WINDOWSIZE: &str = "windowsize";
}

/// What a requester asks for; also the shape of an [`Answer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Offer {
    /// Octets of the file: 0 in a read request, where it asks for the size (RFC 2349).
    pub tsize: Option<u64>,
    /// Retransmission interval for the peer.
    pub timeout: Option<TimeoutSeconds>,
    /// Block size wanted.
    pub blksize: Option<BlockSize>,
    /// Window size wanted.
    pub windowsize: Option<WindowSize>,
}

impl Offer {
    /// Reads what a request asks for. As RFC 2347 wants it, what is unknown or cannot be accepted is left out; of a
    /// doubled option the first counts.
    pub fn parse(options: &OptionList<'_>) -> Self {
        let mut offer = Self::default();
        for (name, value) in options.pairs() {
            let Some(value) = decimal(value) else { continue };
            match Name::from_wire(name) {
                Some(Name::Tsize) => offer.tsize = offer.tsize.or(Some(value)),
                Some(Name::Timeout) => offer.timeout = offer.timeout.or_else(|| TimeoutSeconds::new(value)),
                Some(Name::Blksize) => offer.blksize = offer.blksize.or_else(|| BlockSize::new(value)),
                Some(Name::Windowsize) => offer.windowsize = offer.windowsize.or_else(|| WindowSize::new(value)),
                None => {}
            }
        }
        offer
    }

    /// Whether nothing is asked for.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// A server's answer: nothing that was not asked for, nothing above `limits`. `size` is what a tsize asked for is
    /// answered with, if it is known.
    pub fn answer(&self, limits: &Limits, size: Option<u64>) -> Answer {
        if !limits.options {
            return Answer::default();
        }
        let blksize = self.blksize.map(|asked| asked.min(limits.blksize));
        let affordable = limits.window_bytes / u32::from(blksize.unwrap_or_default().get());
        let most = WindowSize::new(affordable.clamp(1, 65535).into()).unwrap_or_default().min(limits.windowsize);
        Answer(Self {
            tsize: self.tsize.and(size),
            timeout: self.timeout,
            blksize,
            windowsize: self.windowsize.map(|asked| asked.min(most)),
        })
    }

    /// A client's judgement of an OACK: each option asked for, once, valid, and never larger than asked.
    ///
    /// # Errors
    ///
    /// The answer has an option that was not offered, or a value that does not fit the offer.
    pub fn accept(&self, oack: &OptionList<'_>) -> Result<Terms, BadOption> {
        let mut answer = Self::default();
        for (name, value) in oack.pairs() {
            let known = Name::from_wire(name).ok_or_else(|| BadOption::unasked(name, value))?;
            let number = decimal(value);
            let doubled = match known {
                Name::Tsize => fill(&mut answer.tsize, number, self.tsize, |_, _| true),
                Name::Timeout => {
                    fill(&mut answer.timeout, number.and_then(TimeoutSeconds::new), self.timeout, |got, asked| {
                        got == asked
                    })
                }
                Name::Blksize => {
                    fill(&mut answer.blksize, number.and_then(BlockSize::new), self.blksize, |got, asked| got <= asked)
                }
                Name::Windowsize => {
                    fill(&mut answer.windowsize, number.and_then(WindowSize::new), self.windowsize, |got, asked| {
                        got <= asked
                    })
                }
            };
            doubled.map_err(|kind| BadOption { name: known.to_string(), value: Printable(value).brief(), kind })?;
        }
        Ok(Answer(answer).terms())
    }

    pub(super) fn emit(&self, datagram: &mut Vec<u8>) {
        let mut pair = |name: &str, value: Option<u64>| {
            if let Some(value) = value {
                datagram.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
            }
        };
        pair(names::TSIZE, self.tsize);
        pair(names::TIMEOUT, self.timeout.map(|it| it.get().into()));
        pair(names::BLKSIZE, self.blksize.map(|it| it.get().into()));
        pair(names::WINDOWSIZE, self.windowsize.map(|it| it.get().into()));
    }
}

/// What a server grants of an [`Offer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Answer(Offer);

impl Answer {
    /// Whether no option is granted, so that no OACK is sent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What both sides go by from here.
    pub fn terms(&self) -> Terms {
        let Offer { tsize, timeout, blksize, windowsize } = self.0;
        Terms { tsize, timeout, blksize: blksize.unwrap_or_default(), windowsize: windowsize.unwrap_or_default() }
    }

    pub(super) fn emit(&self, datagram: &mut Vec<u8>) {
        self.0.emit(datagram);
    }
}

/// The most a server grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Whether options are understood at all; `false` serves as RFC 1350 knew it.
    pub options: bool,
    /// Largest block granted.
    pub blksize: BlockSize,
    /// Largest window granted.
    pub windowsize: WindowSize,
    /// Octets of file that one window may hold, whatever was asked; one block is always granted.
    pub window_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { options: true, blksize: BlockSize::MOST, windowsize: WindowSize::MOST, window_bytes: 4 << 20 }
    }
}

/// What was agreed: RFC 1350's values where no option says otherwise (RFC 2347).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terms {
    /// Octets of a full block.
    pub blksize: BlockSize,
    /// Blocks before an ACK.
    pub windowsize: WindowSize,
    /// Retransmission interval, where agreed.
    pub timeout: Option<TimeoutSeconds>,
    /// Octets of the file, where told. A hint: never a reason to reserve memory or to end a transfer.
    pub tsize: Option<u64>,
}

#[derive(Clone, Copy)]
enum Name {
    Tsize,
    Timeout,
    Blksize,
    Windowsize,
}

impl Name {
    fn from_wire(name: &[u8]) -> Option<Self> {
        [Self::Tsize, Self::Timeout, Self::Blksize, Self::Windowsize]
            .into_iter()
            .find(|known| name.eq_ignore_ascii_case(known.as_str().as_bytes()))
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Tsize => names::TSIZE,
            Self::Timeout => names::TIMEOUT,
            Self::Blksize => names::BLKSIZE,
            Self::Windowsize => names::WINDOWSIZE,
        }
    }
}

impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why an OACK cannot be accepted: ERROR 8 and the end (RFC 2347).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the server answered {name}={value}, {kind}")]
pub struct BadOption {
    /// The option, made safe to print.
    pub name: String,
    /// The value that came, made safe to print.
    pub value: String,
    /// What is wrong with it.
    pub kind: BadOptionKind,
}

/// What is wrong with one option of an OACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadOptionKind {
    /// RFC 2347 forbids a server to bring up options.
    #[error("which was not asked for")]
    Unasked,
    /// Larger than asked, or a timeout other than asked.
    #[error("which is not what was asked for")]
    Raised,
    /// The same option twice.
    #[error("for the second time")]
    Doubled,
    /// Not a number its RFC allows.
    #[error("which is not a valid value")]
    Invalid,
}

impl BadOption {
    pub(super) fn unasked(name: &[u8], value: &[u8]) -> Self {
        Self { name: Printable(name).brief(), value: Printable(value).brief(), kind: BadOptionKind::Unasked }
    }
}

/// Takes one option of an OACK: asked for, valid, within what was asked, and for the first time.
pub(super) fn fill<T: Copy>(
    place: &mut Option<T>,
    got: Option<T>,
    asked: Option<T>,
    within: fn(T, T) -> bool,
) -> Result<(), BadOptionKind> {
    let asked = asked.ok_or(BadOptionKind::Unasked)?;
    let got = got.ok_or(BadOptionKind::Invalid)?;
    if !within(got, asked) {
        return Err(BadOptionKind::Raised);
    }
    match place.replace(got) {
        None => Ok(()),
        Some(_) => Err(BadOptionKind::Doubled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::BadOptionKind;

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
    fn an_answer_holds_only_what_was_asked_and_never_more() {
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
    fn a_request_is_read_name_by_name_and_bad_values_are_left_out() {
        let list = OptionList::parse(
            b"BlkSize\x001428\0utimeout\x005\0windowsize\x000\0timeout\x00256\0tsize\0-1\0blksize\x008\0",
        )
        .unwrap();
        assert_eq!(Offer::parse(&list), Offer { blksize: BlockSize::new(1428), ..Offer::default() });
    }

    #[test]
    fn every_bad_oack_is_refused_with_its_reason() {
        let asked = offer(0, 3, 1428, 4);
        let judge = |bytes: &'static [u8]| asked.accept(&OptionList::parse(bytes).unwrap()).map_err(|it| it.kind);
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
            assert_eq!(judge(bytes), Err(kind), "{bytes:?}");
        }
        let nothing = Offer::default().accept(&OptionList::parse(b"tsize\x005\0").unwrap());
        assert!(nothing.is_err_and(|it| it.to_string() == "the server answered tsize=5, which was not asked for"));
    }

    #[test]
    fn what_the_oack_leaves_out_counts_as_never_asked() {
        let terms = offer(0, 3, 1428, 4).accept(&OptionList::parse(b"TSIZE\x005000000000\0").unwrap());
        assert_eq!(terms, Ok(Terms { tsize: Some(5_000_000_000), ..Terms::default() }));
    }
}
