use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::time::Duration;

use crate::wire::Field;

/// Why a packet was sent, what one that came means, or why the clock acted: the whole catalogue.
///
/// Each has a [code](Why::code) that never changes, so that tests, JSON and translations do not depend on English; an
/// English sentence ([`Display`]); and the [section](Why::source) that says so. Blocks are blocks of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the table below says of each what it means")]
pub enum Reason {
    ReqRead { file: String, options: usize },
    ReqWrite { file: String, options: usize },
    ReqAgain { after: Duration },
    ReqPlain,
    ReqIn,
    TidNew { peer: SocketAddr, local: SocketAddr },
    TidSame { port: u16 },
    TidWrong { from: SocketAddr, ours: SocketAddr },
    TidTell,
    TidFooled { port: u16 },
    OackOk { agreed: String },
    OackLowered { agreed: String, lowered: String, ignored: String },
    OackIgnored { agreed: String, ignored: String },
    OackUnasked { name: String },
    OackRaised { name: String, value: String },
    OackBad { name: String, value: String, fault: String },
    OackAck,
    OackAgain,
    NoOptions { got: &'static str },
    Terms { blksize: u16, windowsize: u16 },
    WrqReady,
    DataExpected { block: u64 },
    DataLast { block: u64, length: usize, blksize: u16 },
    DataEmpty { blksize: u16 },
    DataDup { block: u64 },
    DataOld { block: u64 },
    DataAhead { block: u64, before: u64 },
    DataFirstZero,
    DataOversize { length: usize, blksize: u16 },
    DataWrap { wire: u16, block: u64 },
    DataSend { block: u64 },
    DataSendLast { block: u64, length: usize, blksize: u16 },
    DataSendEmpty { block: u64, blksize: u16 },
    DataGap { block: u64 },
    AckOk { block: u64 },
    AckLast { block: u64 },
    AckPart { block: u64 },
    AckDup { block: u64 },
    AckDupWindow { block: u64 },
    AckOld { block: u64 },
    AckFuture { block: u64 },
    AckSend { block: u64, wire: u16, next: u16 },
    AckAgain,
    AckGap { block: u64 },
    AckFinal,
    DallyAgain,
    ErrIn,
    ErrOut,
    ErrMismatch,
    BadTrailing { bytes: usize },
    BadNoNul { field: Field },
    BadName,
    BadShort { length: usize, least: usize },
    BadOpcode { opcode: u16 },
    BadKind,
    Lost { rule: Option<u32> },
    TooLate,
}

impl Reason {
    /// The word of the JSON view; it never changes.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ReqRead { .. } => "req.read",
            Self::ReqWrite { .. } => "req.write",
            Self::ReqAgain { .. } => "req.again",
            Self::ReqPlain => "req.plain",
            Self::ReqIn => "req.in",
            Self::TidNew { .. } => "tid.new",
            Self::TidSame { .. } => "tid.same",
            Self::TidWrong { .. } => "tid.wrong",
            Self::TidTell => "tid.tell",
            Self::TidFooled { .. } => "tid.fooled",
            Self::OackOk { .. } => "oack.ok",
            Self::OackLowered { .. } => "oack.lowered",
            Self::OackIgnored { .. } => "oack.ignored",
            Self::OackUnasked { .. } => "oack.unasked",
            Self::OackRaised { .. } => "oack.raised",
            Self::OackBad { .. } => "oack.bad",
            Self::OackAck => "oack.ack",
            Self::OackAgain => "oack.again",
            Self::NoOptions { .. } => "noopt",
            Self::Terms { .. } => "terms",
            Self::WrqReady => "wrq.ready",
            Self::DataExpected { .. } => "data.expected",
            Self::DataLast { .. } => "data.last",
            Self::DataEmpty { .. } => "data.empty",
            Self::DataDup { .. } => "data.dup",
            Self::DataOld { .. } => "data.old",
            Self::DataAhead { .. } => "data.ahead",
            Self::DataFirstZero => "data.first-zero",
            Self::DataOversize { .. } => "data.oversize",
            Self::DataWrap { wire: 1, .. } => "data.wrap1",
            Self::DataWrap { .. } => "data.wrap0",
            Self::DataSend { .. } => "data.send",
            Self::DataSendLast { .. } => "data.send-last",
            Self::DataSendEmpty { .. } => "data.send-empty",
            Self::DataGap { .. } => "data.gap",
            Self::AckOk { .. } => "ack.ok",
            Self::AckLast { .. } => "ack.last",
            Self::AckPart { .. } => "ack.part",
            Self::AckDup { .. } | Self::AckDupWindow { .. } => "ack.dup",
            Self::AckOld { .. } => "ack.old",
            Self::AckFuture { .. } => "ack.future",
            Self::AckSend { .. } => "ack.send",
            Self::AckAgain => "ack.again",
            Self::AckGap { .. } => "ack.gap",
            Self::AckFinal => "ack.final",
            Self::DallyAgain => "dally.again",
            Self::ErrIn => "err.in",
            Self::ErrOut => "err.out",
            Self::ErrMismatch => "err.mismatch",
            Self::BadTrailing { .. } => "bad.trailing",
            Self::BadNoNul { .. } => "bad.nonul",
            Self::BadName => "bad.name",
            Self::BadShort { .. } => "bad.short",
            Self::BadOpcode { .. } => "bad.opcode",
            Self::BadKind => "bad.kind",
            Self::Lost { .. } => "lost",
            Self::TooLate => "end.late",
        }
    }

    /// Where it is written; empty where the network is to blame and no document.
    pub fn source(&self) -> &'static str {
        match self {
            Self::ReqRead { options: 0, .. } | Self::ReqWrite { options: 0, .. } => "RFC 1350 s4",
            Self::ReqRead { .. } | Self::ReqWrite { .. } => "RFC 1350 s4, RFC 2347",
            Self::ReqAgain { .. } => "RFC 1350 s2, RFC 1123 s4.2.3.2",
            Self::ReqPlain | Self::NoOptions { .. } | Self::OackAck | Self::OackAgain => "RFC 2347",
            Self::OackOk { .. } | Self::OackIgnored { .. } | Self::OackUnasked { .. } | Self::Terms { .. } => {
                "RFC 2347"
            }
            Self::OackLowered { .. } | Self::OackRaised { .. } | Self::OackBad { .. } => {
                "RFC 2347, RFC 2348, RFC 2349, RFC 7440"
            }
            Self::ReqIn | Self::BadKind => "RFC 1350 s4",
            Self::TidNew { .. }
            | Self::TidSame { .. }
            | Self::TidWrong { .. }
            | Self::TidTell
            | Self::TidFooled { .. } => "RFC 1350 s4",
            Self::WrqReady => "RFC 1350 s4",
            Self::DataExpected { .. } | Self::DataSend { .. } => "RFC 1350 s2",
            Self::DataLast { .. } | Self::DataSendLast { .. } => "RFC 1350 s6",
            Self::DataEmpty { .. } | Self::DataSendEmpty { .. } => "RFC 1350 s5, s6",
            Self::DataDup { .. } | Self::DataOld { .. } => "RFC 1350 s5",
            Self::DataAhead { .. } | Self::DataGap { .. } | Self::AckPart { .. } | Self::AckGap { .. } => "RFC 7440 s4",
            Self::AckDupWindow { .. } => "RFC 7440 s4",
            Self::DataFirstZero => "RFC 1350 s4, s5",
            Self::DataOversize { .. } => "RFC 1350 s5, RFC 2348",
            Self::DataWrap { .. } => "no RFC: convention",
            Self::AckOk { .. }
            | Self::AckSend { .. }
            | Self::AckAgain
            | Self::AckOld { .. }
            | Self::AckFuture { .. } => "RFC 1350 s2",
            Self::AckDup { .. } => "RFC 1123 s4.2.3.1",
            Self::AckLast { .. } | Self::AckFinal | Self::DallyAgain => "RFC 1350 s6",
            Self::ErrIn | Self::ErrOut | Self::ErrMismatch => "RFC 1350 s2, s7",
            Self::BadTrailing { .. } | Self::BadNoNul { .. } | Self::BadName => "RFC 1350 s5",
            Self::BadShort { .. } | Self::BadOpcode { .. } => "RFC 1350 s5",
            Self::Lost { .. } => "",
            Self::TooLate => "RFC 1350 s6",
        }
    }
}

impl Display for Reason {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReqRead { file, options } => request(f, "read", file, *options),
            Self::ReqWrite { file, options } => request(f, "write", file, *options),
            Self::ReqAgain { after } => {
                write!(f, "No answer for {:.2} s: send the same packet again.", after.as_secs_f64())
            }
            Self::ReqPlain => f.write_str("Ask again without options: the server may not like them."),
            Self::ReqIn => f.write_str("A request: only a server's well-known port takes it."),
            Self::TidNew { peer, local } => {
                let (peer, local) = (peer.port(), local.port());
                write!(f, "The reply came from port {peer}: from now on this transfer is {local} <-> {peer}.")
            }
            Self::TidSame { port } => write!(
                f,
                "The server answers from its request port {port}: allowed by some devices, not by the RFC's normal \
                 operation."
            ),
            Self::TidWrong { from, ours } if from.ip() == ours.ip() => {
                write!(f, "From port {}, but this transfer is with {}: discard.", from.port(), ours.port())
            }
            Self::TidWrong { from, ours } => {
                write!(f, "From {from}, but this transfer is with {}: discard.", ours.ip())
            }
            Self::TidTell => f.write_str("Tell the stranger; our transfer goes on."),
            Self::TidFooled { port } => {
                write!(f, "Answered to port {port}: this client takes the stranger's packet for the server's.")
            }
            Self::OackOk { agreed } => agrees(f, agreed, "", ""),
            Self::OackLowered { agreed, lowered, ignored } => agrees(f, agreed, lowered, ignored),
            Self::OackIgnored { agreed, ignored } => agrees(f, agreed, "", ignored),
            Self::OackUnasked { name } => {
                write!(f, "Server offers what we did not ask: {name}. Refuse with ERROR 8.")
            }
            Self::OackRaised { name, value } => {
                write!(f, "Server answers {name}={value}, which is not what we asked: refuse with ERROR 8.")
            }
            Self::OackBad { name, value, fault } => {
                write!(f, "Server answers {name}={value}, {fault}: refuse with ERROR 8.")
            }
            Self::OackAck => f.write_str("Accept the options: ACK 0 acknowledges the OACK."),
            Self::OackAgain => f.write_str("Second OACK: the server did not see our answer to the first one."),
            Self::NoOptions { got } => write!(f, "{got} instead of an OACK: the server ignores options; use 512."),
            Self::Terms { blksize, windowsize } => {
                write!(f, "Blocks of {blksize} bytes, {windowsize} before each ACK.")
            }
            Self::WrqReady => f.write_str("The server is ready: ACK 0 answers the WRQ."),
            Self::DataExpected { block } => write!(f, "Block {block}, the one expected."),
            Self::DataLast { block, length, blksize } => {
                write!(f, "Block {block}, the one expected; {length} < {blksize}, so it is the last.")
            }
            Self::DataEmpty { blksize } => {
                write!(f, "Empty: the size is a multiple of {blksize}, so only this block can mark the end.")
            }
            Self::DataDup { block } => {
                write!(f, "Already have block {block}: do not write it twice, only repeat the ACK.")
            }
            Self::DataOld { block } => write!(f, "Already have block {block} and acknowledged a later one: ignore it."),
            Self::DataAhead { block, before } => {
                write!(f, "Block {block} before {before}: out of order or lost; ACK the last good one.")
            }
            Self::DataFirstZero => f.write_str("The first DATA is block 0; blocks begin with one."),
            Self::DataOversize { length, blksize } => {
                write!(f, "{length} data bytes but the agreed size is {blksize}: not a valid DATA.")
            }
            Self::DataWrap { wire, block } => write!(f, "Wire number wrapped to {wire}: block {block} of the file."),
            Self::DataSend { block } => write!(f, "Block {block} of the file."),
            Self::DataSendLast { block, length, blksize } => {
                write!(f, "Block {block} of the file, {length} bytes: shorter than {blksize}, so it is the last.")
            }
            Self::DataSendEmpty { block, blksize } => {
                write!(f, "Block {block}, empty: the size is a multiple of {blksize}, so only this can mark the end.")
            }
            Self::DataGap { block } => write!(f, "The peer misses block {block}: the window goes again from there."),
            Self::AckOk { block } => write!(f, "Block {block} arrived."),
            Self::AckLast { block } => write!(f, "Block {block}, the last, arrived: the file is complete there."),
            Self::AckPart { block } => {
                write!(f, "Only the blocks up to {block} arrived: the window goes on behind it.")
            }
            Self::AckDup { block } => write!(
                f,
                "Second ACK {block}: ignore it. Answering would double every later packet (Sorcerer's Apprentice)."
            ),
            Self::AckDupWindow { block } => {
                write!(f, "Second ACK {block}: the first block of the window may be lost.")
            }
            Self::AckOld { block } => write!(f, "ACK {block} is old: later blocks are acknowledged already."),
            Self::AckFuture { block } => write!(f, "ACK {block}, but that block was never sent: ignore it."),
            Self::AckSend { block, wire, next } if *block == u64::from(*wire) => {
                write!(f, "Block {wire} is safe; this asks for block {next}.")
            }
            Self::AckSend { block, wire, .. } => {
                write!(f, "Block {wire} ({block} of the file) is safe; this asks for the next.")
            }
            Self::AckAgain => f.write_str("Same ACK again: the peer shows it did not see the first one."),
            Self::AckGap { block } => write!(f, "Block {block} is the last good one: the sender must go back there."),
            Self::AckFinal => f.write_str("Last block confirmed; wait a little in case this ACK is lost."),
            Self::DallyAgain => f.write_str("The peer did not hear the last ACK: repeat it."),
            Self::ErrIn => f.write_str("The server refuses. An ERROR is never acknowledged."),
            Self::ErrOut => f.write_str("We stop, and say why. No answer is expected."),
            Self::ErrMismatch => f.write_str("Code 5 means \"unknown transfer ID\" but the transfer had not begun."),
            Self::BadTrailing { bytes } => write!(f, "{bytes} bytes after the end: not a valid packet."),
            Self::BadNoNul { field } => write!(f, "No NUL ends the {field}: not a valid packet."),
            Self::BadName => f.write_str("The file name is empty: not a valid request."),
            Self::BadShort { length, least } => write!(f, "{length} bytes, shorter than {least}: not a valid packet."),
            Self::BadOpcode { opcode } => write!(f, "Opcode {opcode} is unknown: not a valid packet."),
            Self::BadKind => f.write_str("A kind of packet that has no place here: ignore it."),
            Self::Lost { rule: Some(rule) } => write!(f, "Never delivered: fault rule {rule}."),
            Self::Lost { rule: None } => f.write_str("Never delivered: the network did not take it."),
            Self::TooLate => f.write_str("The transfer is over: ignore it."),
        }
    }
}

fn request(f: &mut Formatter<'_>, verb: &str, file: &str, options: usize) -> fmt::Result {
    write!(f, "Ask to {verb} \"{file}\". The server must answer from a new port of its own.")?;
    match options {
        0 => Ok(()),
        1 => f.write_str(" 1 option offered."),
        _ => write!(f, " {options} options offered."),
    }
}

fn agrees(f: &mut Formatter<'_>, agreed: &str, lowered: &str, ignored: &str) -> fmt::Result {
    if agreed.is_empty() {
        f.write_str("Server agrees to nothing.")?;
    } else {
        write!(f, "Server agrees to: {agreed}.")?;
    }
    if !lowered.is_empty() {
        write!(f, " It chose less: {lowered}.")?;
    }
    if !ignored.is_empty() {
        write!(f, " It did not mention: {ignored}.")?;
    }
    Ok(())
}
