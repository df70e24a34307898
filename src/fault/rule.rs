use std::fmt::{self, Display, Formatter};
use std::num::{NonZeroU32, NonZeroU64};
use std::time::Duration;

use crate::wire::Direction;
use crate::wire::Opcode;

/// One fault: what happens to which packets, and how often.
///
/// [`Display`] writes the words that `FromStr` reads: `drop sent ack 2 times 3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What happens.
    pub action: Action,
    /// To packets that go this way.
    pub way: Way,
    /// To packets of this kind; `None` is `any`, which takes in what is no packet at all.
    pub kind: Option<Opcode>,
    /// To these of them; `None` is all.
    pub which: Option<Which>,
    /// How often; `None` is always without [`which`](Self::which), and else once for each packet named there, so that
    /// the repetition of a lost packet gets through.
    pub how: Option<How>,
}

/// What a rule does to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is lost.
    Drop,
    /// It arrives twice.
    Dup,
    /// It arrives so many milliseconds later.
    Delay(u32),
    /// The next packet of its direction overtakes it. Where no other ever follows, it is lost.
    Swap,
    /// The octet at this offset is inverted; without an offset one behind the header, chosen by the seed.
    Corrupt(Option<u16>),
    /// Only so many octets of it arrive.
    Cut(u16),
    /// A copy from another port arrives before it (RFC 1350 section 4).
    Stranger,
}

/// Which way packets go, seen from the side the rule belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From here.
    Sent,
    /// To here.
    Received,
    /// Either.
    Both,
}

/// Which packets of a transfer a rule means, by the block of the file and never by the number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The one with this block, or with its acknowledgement.
    Block(u64),
    /// Those from one block to another, both included.
    Blocks(u64, u64),
    /// Those whose block is a multiple of this.
    Every(NonZeroU64),
    /// The first that the rule's way and kind fit.
    First,
    /// The last block of the file, or its acknowledgement.
    Last,
}

/// How often a rule hits in one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// So many times each packet that [`Which`] names; without it so many packets in all.
    Times(NonZeroU32),
    /// By chance, from the seed.
    Rate(Percent),
}

/// A chance from 0 to 100 %, to a hundredth of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(u16);

impl Percent {
    /// A chance of so many hundredths of a percent, if it is one.
    pub fn from_hundredths(hundredths: u16) -> Option<Self> {
        (hundredths <= 10_000).then_some(Self(hundredths))
    }

    /// The chance in hundredths of a percent.
    pub fn hundredths(self) -> u16 {
        self.0
    }
}

impl Way {
    /// Whether packets of this direction are meant.
    pub fn covers(self, direction: Direction) -> bool {
        match self {
            Self::Sent => direction == Direction::Sent,
            Self::Received => direction == Direction::Received,
            Self::Both => true,
        }
    }
}

/// The words of the language, for the parser and for [`Display`].
pub const WAYS: [(&str, Way); 3] = [("sent", Way::Sent), ("received", Way::Received), ("both", Way::Both)];

/// The words for kinds of packets.
pub const KINDS: [(&str, Option<Opcode>); 7] = [
    ("any", None),
    ("rrq", Some(Opcode::Rrq)),
    ("wrq", Some(Opcode::Wrq)),
    ("data", Some(Opcode::Data)),
    ("ack", Some(Opcode::Ack)),
    ("oack", Some(Opcode::Oack)),
    ("error", Some(Opcode::Error)),
];

fn word<T: PartialEq>(table: &[(&'static str, T)], value: T) -> &'static str {
    table.iter().find(|(_, known)| *known == value).map_or("?", |(word, _)| word)
}

impl Display for Rule {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.action, word(&WAYS, self.way), word(&KINDS, self.kind))?;
        if let Some(which) = self.which {
            write!(f, " {which}")?;
        }
        if let Some(how) = self.how {
            write!(f, " {how}")?;
        }
        Ok(())
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Drop => f.write_str("drop"),
            Self::Dup => f.write_str("dup"),
            Self::Delay(milliseconds) => write!(f, "delay {milliseconds}"),
            Self::Swap => f.write_str("swap"),
            Self::Corrupt(None) => f.write_str("corrupt"),
            Self::Corrupt(Some(offset)) => write!(f, "corrupt {offset}"),
            Self::Cut(length) => write!(f, "cut {length}"),
            Self::Stranger => f.write_str("stranger"),
        }
    }
}

impl Display for Which {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Block(block) => write!(f, "{block}"),
            Self::Blocks(first, last) => write!(f, "{first}-{last}"),
            Self::Every(step) => write!(f, "every {step}"),
            Self::First => f.write_str("first"),
            Self::Last => f.write_str("last"),
        }
    }
}

impl Display for How {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(times) => write!(f, "times {times}"),
            Self::Rate(percent) => write!(f, "rate {percent}%"),
        }
    }
}

impl Display for Percent {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", f64::from(self.0) / 100.0)
    }
}

impl Action {
    /// How long the packet is held up.
    pub(super) fn delay(self) -> Duration {
        match self {
            Self::Delay(milliseconds) => Duration::from_millis(milliseconds.into()),
            _ => Duration::ZERO,
        }
    }

    /// Whether a packet of this length has what the action changes.
    pub(super) fn fits(self, length: usize) -> bool {
        match self {
            Self::Corrupt(offset) => usize::from(offset.unwrap_or(0)) < length,
            Self::Cut(rest) => usize::from(rest) < length,
            _ => true,
        }
    }

    /// What was done, for a trace: `rule 1 dropped it`.
    pub fn past(self) -> &'static str {
        match self {
            Self::Drop => "dropped it",
            Self::Dup => "duplicated it",
            Self::Delay(_) => "delayed it",
            Self::Swap => "let the next one overtake it",
            Self::Corrupt(_) => "corrupted it",
            Self::Cut(_) => "cut it short",
            Self::Stranger => "sent a copy from another port",
        }
    }
}
