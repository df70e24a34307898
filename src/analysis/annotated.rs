use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use super::{Flag, Flags, Reason, Summary};
use crate::fault::Hit;
use crate::wire::{DATA_HEADER, Direction, Malformed, Opcode, Packet};

/// Octets of a block that are kept to be seen again.
const KEPT_DATA: usize = 64;

/// One record, understood: what every view but the classic one is made from.
#[derive(Debug, Clone)]
pub struct Annotated<'a> {
    /// Number of the transfer in this session, from 1.
    pub xfer: u32,
    /// Time since the request went out.
    pub t: Duration,
    /// The same moment on the wall.
    pub wall: SystemTime,
    /// What it was.
    pub kind: Annotation<'a>,
}

/// The kinds of [`Annotated`] records.
#[derive(Debug, Clone)]
pub enum Annotation<'a> {
    /// A transfer begins.
    Begin {
        /// The server as the user named it.
        host: Cow<'a, str>,
    },
    /// A packet.
    Packet(AnnotatedPacket<'a>),
    /// The retransmission timer expired.
    Timer {
        /// How long it ran.
        after: Duration,
        /// What is left before the transfer is given up, where that is known.
        left: Option<Duration>,
        /// What is waited for, as `DATA 3`.
        awaited: String,
        /// What it means.
        why: Reason,
    },
    /// This side decided something.
    Choice {
        /// What about.
        choice: Choice,
        /// The decision and its reason.
        why: Reason,
    },
    /// A rule meddles with packet `n`, which is seen next.
    Fault {
        /// What it does.
        hit: Hit,
        /// Number of the packet.
        n: u64,
    },
    /// The transfer is over.
    End(Box<Summary>),
}

impl Annotated<'_> {
    /// The packet, if it is one.
    pub fn packet(&self) -> Option<&AnnotatedPacket<'_>> {
        match &self.kind {
            Annotation::Packet(packet) => Some(packet),
            _ => None,
        }
    }

    /// A copy that stays; of the data of a block the first 64 octets.
    pub fn kept(&self) -> Annotated<'static> {
        let kind = match &self.kind {
            Annotation::Begin { host } => Annotation::Begin { host: Cow::Owned(host.clone().into_owned()) },
            Annotation::Packet(packet) => Annotation::Packet(packet.kept()),
            Annotation::Timer { after, left, awaited, why } => {
                Annotation::Timer { after: *after, left: *left, awaited: awaited.clone(), why: why.clone() }
            }
            Annotation::Choice { choice, why } => Annotation::Choice { choice: *choice, why: why.clone() },
            Annotation::Fault { hit, n } => Annotation::Fault { hit: *hit, n: *n },
            Annotation::End(summary) => Annotation::End(summary.clone()),
        };
        Annotated { xfer: self.xfer, t: self.t, wall: self.wall, kind }
    }
}

/// A packet, with all that can be said of it.
#[derive(Debug, Clone)]
pub struct AnnotatedPacket<'a> {
    /// Number in its transfer, from 1.
    pub n: u64,
    /// Time since the packet before.
    pub gap: Duration,
    /// Which way.
    pub direction: Direction,
    /// This side.
    pub local: SocketAddr,
    /// The other side.
    pub peer: SocketAddr,
    /// Octets it had on the wire.
    pub length: usize,
    /// Its bytes, or the first of them where it was [kept](Annotated::kept).
    pub bytes: Cow<'a, [u8]>,
    /// Its opcode.
    pub kind: Kind,
    /// Block number on the wire, of DATA and ACK.
    pub block: Option<u16>,
    /// Block of the file, where it can be told: never the number on the wire.
    pub abs: Option<u64>,
    /// Octets of a full block at this time.
    pub blksize: u16,
    /// What is out of the ordinary.
    pub flags: Flags,
    /// The packet that this one repeats.
    pub dup_of: Option<u64>,
    /// The packet that this one answers.
    pub answers: Option<u64>,
    /// Time since that packet, where it was sent once.
    pub rtt: Option<Duration>,
    /// The transfer before it.
    pub before: State,
    /// The transfer behind it.
    pub after: State,
    /// Why it was sent, or what it means.
    pub why: Reason,
    /// The rules that meddled with it.
    pub faults: Vec<Hit>,
}

impl AnnotatedPacket<'_> {
    /// Octets of the file in a DATA packet.
    pub fn data_length(&self) -> Option<usize> {
        (self.kind == Kind::Known(Opcode::Data)).then(|| self.length.checked_sub(DATA_HEADER))?
    }

    /// The number in its first two octets.
    pub fn opcode(&self) -> Option<u16> {
        self.bytes.first_chunk().map(|opcode| u16::from_be_bytes(*opcode))
    }

    /// The packet once more as the wire room reads it; the data may be cut.
    ///
    /// # Errors
    ///
    /// Those of [`Packet::parse`].
    pub fn parse(&self) -> Result<Packet<'_>, Malformed> {
        Packet::parse(&self.bytes)
    }

    /// DATA or ACK of a block of the file, just as it should be.
    pub fn is_ordinary(&self) -> bool {
        self.flags.without(Flag::Tid).is_empty() && self.faults.is_empty() && self.abs.is_some_and(|block| block > 0)
    }

    fn kept(&self) -> AnnotatedPacket<'static> {
        let most = match self.kind {
            Kind::Known(Opcode::Data) => DATA_HEADER + KEPT_DATA,
            _ => usize::from(u16::MAX),
        };
        let bytes = self.bytes.get(..most).unwrap_or(&self.bytes);
        AnnotatedPacket {
            bytes: Cow::Owned(bytes.to_vec()),
            why: self.why.clone(),
            faults: self.faults.clone(),
            local: self.local,
            peer: self.peer,
            ..*self
        }
    }
}

/// What kind of packet the first two octets announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One of the six.
    Known(Opcode),
    /// A number that the protocol does not have.
    Unknown(u16),
    /// There are not two octets.
    None,
}

impl Kind {
    /// Reads the opcode, whatever stands behind it.
    pub fn of(datagram: &[u8]) -> Self {
        match datagram.split_first_chunk::<2>() {
            None => Self::None,
            Some((opcode, _)) => {
                let number = u16::from_be_bytes(*opcode);
                Opcode::from_wire(number).map_or(Self::Unknown(number), Self::Known)
            }
        }
    }

    /// The word for it in a trace.
    pub fn name(self) -> &'static str {
        match self {
            Self::Known(Opcode::Rrq) => "RRQ",
            Self::Known(Opcode::Wrq) => "WRQ",
            Self::Known(Opcode::Data) => "DATA",
            Self::Known(Opcode::Ack) => "ACK",
            Self::Known(Opcode::Error) => "ERROR",
            Self::Known(Opcode::Oack) => "OACK",
            Self::Unknown(_) | Self::None => "?",
        }
    }
}

/// Where a transfer stands, by blocks of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// Nothing was sent.
    #[default]
    Idle,
    /// The request is out.
    Requested,
    /// An OACK came.
    Negotiated,
    /// The server takes the file.
    Accepted,
    /// This block is waited for.
    Receiving(u64),
    /// This block came and is not acknowledged yet.
    Received(u64),
    /// The last ACK is out; the peer may not have heard it.
    Dallying,
    /// This block went out.
    Sending(u64),
    /// This block is safe at the peer.
    Acked(u64),
    /// Over, well.
    Done,
    /// Over, not well.
    Failed,
}

impl State {
    /// Whether nothing more is waited for.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

impl Display for State {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("idle"),
            Self::Requested => f.write_str("requested"),
            Self::Negotiated => f.write_str("negotiated"),
            Self::Accepted => f.write_str("accepted"),
            Self::Receiving(block) => write!(f, "receiving {block}"),
            Self::Received(block) => write!(f, "received {block}"),
            Self::Dallying => f.write_str("dallying"),
            Self::Sending(block) => write!(f, "sending {block}"),
            Self::Acked(block) => write!(f, "acked {block}"),
            Self::Done => f.write_str("done"),
            Self::Failed => f.write_str("failed"),
        }
    }
}

/// What this side decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    /// Whom the transfer is with.
    Tid,
    /// What was agreed.
    Terms,
    /// To ask again without options.
    Fallback,
}

impl Choice {
    /// The word of the JSON view; it never changes.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tid => "tid",
            Self::Terms => "terms",
            Self::Fallback => "fallback",
        }
    }
}
