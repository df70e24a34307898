use std::borrow::Cow;
use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use super::{Flag, Flags, Owner, PacketCounts, Reason, Silence, Summary};
use crate::event::Side;
use crate::fault::Hit;
use crate::macros::named;
use crate::transfer::Ignored;
use crate::wire::{DATA_HEADER, Direction, Malformed, Opcode, Packet};

/// Bytes of a block that a copy keeps.
pub const KEPT_DATA: usize = 64;

/// One record with its meaning, from which every view except the classic one is made.
#[derive(Debug, Clone)]
pub struct Annotated<'a> {
    /// The end at which it happened.
    pub side: Side,
    /// Number of the transfer in this session, from 1.
    pub xfer: u32,
    /// Time since the request was sent.
    pub t: Duration,
    /// The time of day.
    pub wall: SystemTime,
    /// The silence that it ended, if that was long.
    pub silence: Option<Silence>,
    /// Which kind of record it is.
    pub kind: Annotation<'a>,
    /// Of a packet that leaves: its record at the other end, in views of both ends.
    pub arrival: Option<Box<Self>>,
}

/// The kinds of [`Annotated`] records.
#[derive(Debug, Clone)]
pub enum Annotation<'a> {
    /// A transfer begins.
    Begin {
        /// The server as the user named it.
        host: Cow<'a, str>,
    },
    /// A packet crossed the socket.
    Packet(AnnotatedPacket<'a>),
    /// A received packet that a fault rule held, with its number from then, reaches the machine.
    Delivered {
        /// How long it was held.
        after: Duration,
        /// The packet, as the machine gets it.
        packet: AnnotatedPacket<'a>,
    },
    /// The retransmission timer expired.
    Timer {
        /// How long it ran.
        after: Duration,
        /// The time left before the transfer is given up, if known.
        left: Option<Duration>,
        /// The awaited packet, as `DATA 3`.
        awaited: String,
        /// Whose timer it is.
        owner: Owner,
        /// What it means.
        why: Reason,
    },
    /// This side decided something.
    Choice {
        /// The subject of the decision.
        choice: Choice,
        /// The decision and its reason.
        why: Reason,
    },
    /// The transfer is over.
    End(Box<Summary>),
    /// How many packets crossed the socket after the end, so far.
    Late(PacketCounts),
}

impl Annotated<'_> {
    /// Returns the packet, if the record is one.
    pub fn packet(&self) -> Option<&AnnotatedPacket<'_>> {
        match &self.kind {
            Annotation::Packet(packet) => Some(packet),
            _ => None,
        }
    }

    /// Whether it is a packet of which only the beginning was kept.
    pub fn is_cut(&self) -> bool {
        self.packet().map(AnnotatedPacket::wire).is_some_and(|(bytes, length)| bytes.len() < length)
    }

    /// Counts the bytes of packets that the record holds.
    pub(super) fn bytes(&self) -> usize {
        match &self.kind {
            Annotation::Packet(packet) | Annotation::Delivered { packet, .. } => {
                packet.bytes.len() + packet.altered.as_ref().map_or(0, |altered| altered.bytes.len())
            }
            _ => 0,
        }
    }

    /// Returns the packet that crossed the socket, or reached the machine later than that.
    pub fn judged(&self) -> Option<&AnnotatedPacket<'_>> {
        match &self.kind {
            Annotation::Packet(packet) | Annotation::Delivered { packet, .. } => Some(packet),
            _ => None,
        }
    }

    /// Copies the record, with the first 64 bytes of the data of a block.
    pub fn kept(&self) -> Annotated<'static> {
        let kind = match &self.kind {
            Annotation::Begin { host } => Annotation::Begin { host: Cow::Owned(host.clone().into_owned()) },
            Annotation::Packet(packet) => Annotation::Packet(packet.kept()),
            Annotation::Timer { after, left, awaited, owner, why } => {
                let (awaited, why) = (awaited.clone(), why.clone());
                Annotation::Timer { after: *after, left: *left, awaited, owner: *owner, why }
            }
            Annotation::Choice { choice, why } => Annotation::Choice { choice: *choice, why: why.clone() },
            Annotation::Delivered { after, packet } => Annotation::Delivered { after: *after, packet: packet.kept() },
            Annotation::End(summary) => Annotation::End(summary.clone()),
            Annotation::Late(counts) => Annotation::Late(*counts),
        };
        let Self { side, xfer, t, wall, silence, .. } = *self;
        let arrival = self.arrival.as_ref().map(|arrival| Box::new(arrival.kept()));
        Annotated { side, xfer, t, wall, silence, kind, arrival }
    }
}

/// A packet and all that the analysis knows about it.
#[derive(Debug, Clone)]
pub struct AnnotatedPacket<'a> {
    /// Number of the packet in its transfer, from 1.
    pub n: u64,
    /// Time since the previous packet.
    pub gap: Duration,
    /// The direction.
    pub direction: Direction,
    /// This side.
    pub local: SocketAddr,
    /// The other side.
    pub peer: SocketAddr,
    /// Its length in bytes, before any fault rule.
    pub length: usize,
    /// Its bytes before any fault rule, or the first of them in a [copy](Annotated::kept).
    pub bytes: Cow<'a, [u8]>,
    /// What fault rules made of it: of a sent packet before it left, of a received one before the machine got it.
    pub altered: Option<Altered<'a>>,
    /// Its opcode.
    pub kind: Kind,
    /// Block number on the wire of DATA and ACK.
    pub block: Option<u16>,
    /// Block of the file, if known: never the number on the wire.
    pub abs: Option<u64>,
    /// Bytes of a full block at this time.
    pub blksize: u16,
    /// What is out of the ordinary.
    pub flags: Flags,
    /// The packet that this one repeats.
    pub dup_of: Option<u64>,
    /// The packet of which a fault rule made this copy.
    pub copy_of: Option<u64>,
    /// How long a fault rule held it before it left.
    pub held: Option<Duration>,
    /// The packet that this one answers.
    pub answers: Option<u64>,
    /// Time since that packet, if it was sent only once.
    pub rtt: Option<Duration>,
    /// The state of the transfer before it.
    pub before: State,
    /// The state of the transfer after it.
    pub after: State,
    /// The reason why it was sent, or its meaning.
    pub why: Reason,
    /// Why the machine ignores it, if it does.
    pub ignored: Option<Ignored>,
    /// The fault rules that hit it.
    pub faults: Vec<Hit>,
}

impl AnnotatedPacket<'_> {
    /// Returns the length of the file data in a DATA packet, in bytes.
    pub fn data_length(&self) -> Option<usize> {
        (self.kind == Kind::Known(Opcode::Data)).then(|| self.length.checked_sub(DATA_HEADER))?
    }

    /// Parses the packet again; the data may be cut.
    ///
    /// # Errors
    ///
    /// Those of [`Packet::parse`].
    pub fn parse(&self) -> Result<Packet<'_>, Malformed> {
        Packet::parse(&self.bytes)
    }

    /// Whether it is a DATA or ACK of a block of the file with nothing out of the ordinary.
    pub fn is_ordinary(&self) -> bool {
        self.flags.without(Flag::Tid).is_empty() && self.faults.is_empty() && self.abs.is_some_and(|block| block > 0)
    }

    /// Whether it begins a transfer.
    pub(crate) fn is_request(&self) -> bool {
        matches!(self.kind, Kind::Known(Opcode::Rrq | Opcode::Wrq))
    }

    /// Whether it comes from a port that is not the peer's, or goes there.
    pub(crate) fn is_foreign(&self) -> bool {
        self.flags.contains(Flag::WrongTid) || self.flags.contains(Flag::ToStranger)
    }

    /// Returns the address of the server, as this side of the transfer knows it.
    pub(crate) fn server(&self, side: Side) -> SocketAddr {
        match side {
            Side::Client => self.peer,
            Side::Server => self.local,
        }
    }

    /// Returns the bytes that crossed the socket, of a DATA packet at most the first 64 of the block.
    pub(crate) fn beginning(&self) -> &[u8] {
        self.beginning_of(self.wire().0)
    }

    fn beginning_of<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let most = self.data_length().map(|_| DATA_HEADER + KEPT_DATA);
        most.and_then(|most| bytes.get(..most)).unwrap_or(bytes)
    }

    /// Returns the bytes that crossed the socket and their whole length, which is more in a [copy](Annotated::kept).
    pub fn wire(&self) -> (&[u8], usize) {
        match &self.altered {
            Some(altered) if self.direction == Direction::Sent => (&altered.bytes, altered.length),
            _ => (&self.bytes, self.length),
        }
    }

    fn kept(&self) -> AnnotatedPacket<'static> {
        let altered = self.altered.as_ref().map(|Altered { length, bytes }| Altered {
            length: *length,
            bytes: Cow::Owned(self.beginning_of(bytes).to_vec()),
        });
        AnnotatedPacket {
            bytes: Cow::Owned(self.beginning_of(&self.bytes).to_vec()),
            altered,
            why: self.why.clone(),
            faults: self.faults.clone(),
            local: self.local,
            peer: self.peer,
            ..*self
        }
    }
}

/// The bytes of a packet that fault rules changed.
#[derive(Debug, Clone)]
pub struct Altered<'a> {
    /// Their number.
    pub length: usize,
    /// The bytes, or the first of them in a [copy](Annotated::kept).
    pub bytes: Cow<'a, [u8]>,
}

/// The kind of packet that the first two bytes announce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// One of the six opcodes.
    Known(Opcode),
    /// A number that the protocol does not define.
    Unknown(u16),
    /// Fewer than two bytes.
    None,
}

impl Kind {
    /// Reads the opcode and ignores the rest.
    pub fn of(datagram: &[u8]) -> Self {
        let Some(opcode) = datagram.first_chunk() else { return Self::None };
        let number = u16::from_be_bytes(*opcode);
        Opcode::from_wire(number).map_or(Self::Unknown(number), Self::Known)
    }

    /// Returns the word for it in a trace.
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

/// The state of a transfer, by blocks of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum State {
    /// No packet was sent.
    #[default]
    Idle,
    /// The request was sent, or came.
    Requested,
    /// An OACK came, or was sent.
    Negotiated,
    /// The server accepted the write request.
    Accepted,
    /// This block is awaited.
    Receiving(u64),
    /// This block arrived and is not acknowledged yet.
    Received(u64),
    /// The last ACK was sent; the peer may not have received it.
    Dallying,
    /// This block was sent.
    Sent(u64),
    /// The peer acknowledged this block.
    Acked(u64),
    /// The transfer succeeded.
    Done,
    /// The transfer failed.
    Failed,
}

impl State {
    /// Whether nothing more is awaited.
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
            Self::Sent(block) => write!(f, "sent {block}"),
            Self::Acked(block) => write!(f, "acked {block}"),
            Self::Done => f.write_str("done"),
            Self::Failed => f.write_str("failed"),
        }
    }
}

named! {
    /// The subject of a decision of this side.
    Choice {
        /// The peer's transfer id.
        Tid = "tid",
        /// The agreed terms.
        Terms = "terms",
        /// A window smaller than was wanted.
        Window = "window",
        /// Another request, which asks for less.
        Fallback = "fallback",
    }
}
