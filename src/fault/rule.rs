use std::fmt::{self, Display, Formatter};
use std::num::{NonZeroU32, NonZeroU64};

use crate::wire::{Direction, Opcode};

/// One fault: what happens to which packets, and how often.
///
/// [`Display`] writes the words that `FromStr` reads: `drop sent ack 2 times 3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What happens.
    pub action: Action,
    /// The direction of the packets.
    pub way: Way,
    /// The kind of the packets; `None` is `any`, which includes malformed packets.
    pub kind: Option<Opcode>,
    /// Which of these packets; `None` is all.
    pub which: Option<Which>,
    /// How often; `None` is once for each packet of [`which`](Self::which), so that the repetition of a lost packet passes,
    /// or always without it.
    pub how: Option<How>,
}

/// What a rule does to a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is lost.
    Drop,
    /// It arrives twice.
    Dup,
    /// It arrives this many milliseconds later.
    Delay(u32),
    /// The next packet of its direction overtakes it. If none follows, it is lost.
    Swap,
    /// The byte at this offset is inverted; without an offset, a random one after the header.
    Corrupt(Option<u16>),
    /// Only this many bytes of it arrive.
    Cut(u16),
    /// A copy from another port arrives before it (RFC 1350 section 4).
    Stranger,
}

/// The direction of packets, as seen by the side that has the rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From this side.
    Sent,
    /// To this side.
    Received,
    /// Both directions.
    Both,
}

/// The packets of a transfer that a rule hits, by the block of the file and never by the number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// The packet with this block, or with its acknowledgement.
    Block(u64),
    /// The packets from one block to another, inclusive.
    Blocks(u64, u64),
    /// The packets whose block is a multiple of this.
    Every(NonZeroU64),
    /// The first packet that matches the rule's way and kind.
    First,
    /// The last block of the file, or its acknowledgement.
    Last,
}

/// How often a rule hits in one transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// This many times each packet that [`Which`] names, or this many packets in all without it.
    Times(NonZeroU32),
    /// At random, by the seed.
    Rate(Percent),
}

/// A probability from 0 to 100 %, in steps of a hundredth of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(u16);

impl Percent {
    /// Converts hundredths of a percent, up to 10,000.
    pub fn from_hundredths(hundredths: u16) -> Option<Self> {
        (hundredths <= 10_000).then_some(Self(hundredths))
    }

    /// Returns the probability in hundredths of a percent.
    pub fn hundredths(self) -> u16 {
        self.0
    }
}

impl Way {
    /// Whether packets of this direction match.
    pub fn covers(self, direction: Direction) -> bool {
        self == Self::Both || (self == Self::Sent) == (direction == Direction::Sent)
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
    /// Whether a packet of this length has the byte that the action changes.
    pub(super) fn fits(self, length: usize) -> bool {
        match self {
            Self::Corrupt(offset) => usize::from(offset.unwrap_or(0)) < length,
            Self::Cut(rest) => usize::from(rest) < length,
            _ => true,
        }
    }

    /// Returns what the rule did, for a trace: `rule 1 dropped it`.
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
