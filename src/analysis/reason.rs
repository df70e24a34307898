use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::time::Duration;

use crate::event::Side;
use crate::transfer::Attempt;
use crate::wire::Field;

/// Defines the catalogue: `Variant { fields } => code, source, text;` for each reason. The text is a format string that
/// names the fields, or an expression in parentheses.
macro_rules! catalogue {
    ($($name:ident $({ $($field:ident: $type:ty),* })? => $code:expr, $source:expr, $text:tt;)*) => {
        /// The reason why a packet was sent or the timer acted, or the meaning of a received packet.
        ///
        /// Each has a [code](Reason::code) that never changes, so tests, JSON and translations do not depend on English;
        /// an English sentence ([`Display`]); and the [section](Reason::source) it follows from. Blocks are blocks of
        /// the file.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        #[expect(missing_docs, reason = "the text of each says what it means")]
        pub enum Reason {
            $($name $({ $($field: $type),* })?,)*
        }

        impl Reason {
            /// Returns the word of the JSON view; it never changes.
            #[expect(unused_variables, reason = "few codes depend on a field")]
            pub fn code(&self) -> &'static str {
                match self { $(Self::$name $({ $($field),* })? => $code,)* }
            }

            /// Returns the section that the reason follows from; empty if the network is the reason.
            #[expect(unused_variables, reason = "few sources depend on a field")]
            pub fn source(&self) -> &'static str {
                match self { $(Self::$name $({ $($field),* })? => $source,)* }
            }
        }

        impl Display for Reason {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                match self { $(Self::$name $({ $($field),* })? => catalogue!(@write f, $text),)* }
            }
        }
    };
    (@write $f:ident, ($text:expr)) => { write!($f, "{}", $text) };
    (@write $f:ident, $text:literal) => { write!($f, $text) };
}

catalogue! {
    ReqRead { file: String, options: usize } => "req.read", if *options == 0 { "RFC 1350 s4" } else { "RFC 1350 s4, RFC 2347" },
        (request("read", file, *options));
    ReqWrite { file: String, options: usize } => "req.write", if *options == 0 { "RFC 1350 s4" } else { "RFC 1350 s4, RFC 2347" },
        (request("write", file, *options));
    ReqAgain { after: Duration } => "req.again", "RFC 1350 s2, RFC 1123 s4.2.3.2",
        (format_args!("No answer for {:.2} s: send the same packet again.", after.as_secs_f64()));
    WindowReduced { wanted: u16, asked: u16 } => "window.reduced", "",
        "The buffers do not hold a window of {wanted} blocks: ask for {asked}.";
    ReqLess { attempt: Attempt, failure: String } =>
        if *attempt == Attempt::Plain { "req.plain" } else { "req.small" },
        if *attempt == Attempt::Plain { "RFC 2347" } else { "RFC 2348" }, "Ask again {attempt}: {failure}.";
    ReqGot { verb: &'static str, file: String, options: usize } => "req.got",
        if *options == 0 { "RFC 1350 s4" } else { "RFC 1350 s4, RFC 2347" },
        (format_args!("The client asks to {verb} \"{file}\".{}", offered(*options)));
    ReqIn => "req.in", "RFC 1350 s4", "A request: only the port of requests accepts it. Ignore it.";
    TidNew { peer: u16, local: u16 } => "tid.new", "RFC 1350 s4",
        "The reply came from port {peer}: from now on this transfer is {local} <-> {peer}.";
    TidSame { port: u16 } => "tid.same", "RFC 1350 s4",
        "The server answers from its request port {port}: allowed by some devices, not by the RFC's normal operation.";
    TidWrong { from: SocketAddr, ours: SocketAddr } => "tid.wrong", "RFC 1350 s4", (wrong_tid(*from, *ours));
    TidEarlier { port: u16 } => "tid.earlier", "RFC 1350 s4",
        "From port {port}, which belongs to an earlier transfer: not an answer to this one.";
    TidTell => "tid.tell", "RFC 1350 s4", "Report the error to the stranger; our transfer continues.";
    TidWritten { port: u16 } => "tid.written", "RFC 1350 s4",
        "Written to the file although it came from another port, {port}: this client does not look at the port.";
    TidBelieved { port: u16 } => "tid.believed", "RFC 1350 s4",
        "From another port, {port}: this client does not look at the port, and takes it for the server's.";
    TidFooled { port: u16 } => "tid.fooled", "RFC 1350 s4",
        "Answered to port {port}: this client takes the stranger's packet for the server's.";
    OackAgreed { agreed: String, lowered: String, ignored: String, unasked: String } => oack_code(lowered, ignored, unasked),
        if lowered.is_empty() { "RFC 2347" } else { "RFC 2347, RFC 2348, RFC 2349, RFC 7440" },
        (agrees(agreed, lowered, ignored, unasked));
    OackUnasked { name: String } => "oack.unasked", "RFC 2347",
        "Server offers what we did not ask for: {name}. Refuse with ERROR 8.";
    OackRaised { name: String, value: String } => "oack.raised", "RFC 2347, RFC 2348, RFC 2349, RFC 7440",
        "Server answers {name}={value}, which is not what we asked for: refuse with ERROR 8.";
    OackBad { name: String, value: String, fault: String } => "oack.bad", "RFC 2347, RFC 2348, RFC 2349, RFC 7440",
        "Server answers {name}={value}, {fault}: refuse with ERROR 8.";
    OackAck => "oack.ack", "RFC 2347", "Accept the options: ACK 0 acknowledges the OACK.";
    OackAgain => "oack.again", "RFC 2347", "The OACK arrived again, so our ACK 0 may have been lost; repeat it.";
    OackAgainPut => "oack.again", "RFC 2347", "The OACK arrived again: ignore it. If block 1 was lost, our timer repeats it.";
    OackOld => "oack.again", "RFC 2347", "The OACK arrived again: ignore it. A block has shown that our ACK 0 arrived.";
    OackGrant { granted: String } => "oack.grant", "RFC 2347",
        (format_args!("Agree to {}.", if granted.is_empty() { "no option" } else { granted }));
    OackBug { name: String, value: String } => "oack.bug", "RFC 2347",
        "This server grants {name}={value}, which the client did not ask for: the client must refuse it.";
    OackSentAgain => "oack.sent-again", "RFC 2347", "The same OACK again: no ACK 0 came.";
    OackAcked => "oack.acked", "RFC 2347", "ACK 0: the client accepts the options.";
    NoOptions { got: &'static str } => "noopt", "RFC 2347",
        "{got} instead of an OACK: the server ignores options; use blocks of 512 bytes.";
    Terms { blksize: u16, windowsize: u16 } => "terms", "RFC 2347",
        "Blocks of {blksize} bytes, {windowsize} before each ACK.";
    AnswerOdd { got: &'static str, block: u16 } => "answer.odd", "RFC 1350 s4",
        "{got} {block} does not answer a request: ignore it.";
    WrqGranted => "wrq.granted", "RFC 1350 s4", "Ready to receive: ACK 0 answers the WRQ.";
    WrqReady => "wrq.ready", "RFC 1350 s4", "The server is ready: ACK 0 answers the WRQ.";
    DataExpected { block: u64 } => "data.expected", "RFC 1350 s2", "Block {block}, the one expected.";
    DataLast { block: u64, length: usize, blksize: u16 } => "data.last", "RFC 1350 s6",
        "Block {block}, the one expected; {length} < {blksize}, so it is the last.";
    DataEmpty { blksize: u16 } => "data.empty", "RFC 1350 s5, s6",
        "Empty: the size is a multiple of {blksize}, so only this block can mark the end.";
    DataDup { block: u64 } => "data.dup", "RFC 1350 s2",
        "Block {block} arrived again, so our ACK may have been lost; repeat it.";
    DataDupUnacked { block: u64 } => "data.dup", "RFC 1350 s2",
        "Block {block} arrived again: ignore it. Its ACK is not due yet.";
    DataDoubled { block: u64, ack: u64 } => "data.dup", "RFC 1123 s4.2.3.1",
        "Block {block} arrived again. ACK {ack} was sent twice: the server may have answered both (Sorcerer's Apprentice).";
    DataOld { block: u64 } => "data.old", "RFC 1350 s2",
        "Block {block} arrived again, and we have later ones: ignore it.";
    DataAhead { block: u64, before: u64 } => "data.ahead", "RFC 7440 s4",
        "Block {block}, but {before} is expected: lost or out of order. Acknowledge the last good one.";
    DataAheadAgain { block: u64, before: u64 } => "data.ahead", "RFC 7440 s4",
        "Block {block}, but {before} is expected: ignored until {before} comes.";
    DataElsewhere { block: u64, before: u64 } => "data.ahead", "RFC 1350 s2",
        "Block {block} is not the block expected, {before}: ignored.";
    DataFirstZero => "data.first-zero", "RFC 1350 s4, s5",
        "The first DATA is block 0, but blocks begin with 1: refuse with ERROR 4.";
    DataOversize { length: usize, blksize: u16 } => "data.oversize", "RFC 1350 s5, RFC 2348",
        "{length} data bytes but the agreed size is {blksize}: not a valid DATA.";
    DataMisfit { block: u64, total: u64, size: u64 } => "data.misfit", "RFC 2349",
        "Block {block}, {total} bytes so far, but the size is {size}: refuse the file.";
    DataWrap { wire: u16, block: u64 } => if *wire == 1 { "data.wrap1" } else { "data.wrap0" }, "no RFC: convention",
        "Wire number wrapped to {wire}: block {block} of the file.";
    DataSend { block: u64 } => "data.send", "RFC 1350 s2", "Block {block} of the file.";
    DataSendLast { block: u64, length: usize, blksize: u16 } => "data.send-last", "RFC 1350 s6",
        "Block {block} of the file, {length} bytes: shorter than {blksize}, so it is the last.";
    DataSendEmpty { block: u64, blksize: u16 } => "data.send-empty", "RFC 1350 s5, s6",
        "Block {block}, empty: the size is a multiple of {blksize}, so only this can mark the end.";
    DataSendZero => "data.send-zero", "RFC 1350 s5", "Block 1 of the file, sent as block 0: this server counts from 0.";
    DataSorcerer { block: u64 } => "data.sorcerer", "RFC 1123 s4.2.3.1",
        "Block {block} again, because an ACK came again: this server is the Sorcerer's Apprentice.";
    DataGap { block: u64 } => "data.gap", "RFC 7440 s4",
        "The peer misses block {block}: send the window again from there.";
    AckOk { block: u64 } => "ack.ok", "RFC 1350 s2", "Block {block} arrived.";
    AckLast { block: u64 } => "ack.last", "RFC 1350 s6",
        "Block {block}, the last, arrived: the file is complete there.";
    AckPart { block: u64 } => "ack.part", "RFC 7440 s4",
        "Only the blocks up to {block} arrived: the window continues after it.";
    AckNothing => "ack.nothing", "RFC 1350 s2", "ACK 0 acknowledges no block: ignore it.";
    AckNothingWindow => "ack.nothing", "RFC 7440 s4",
        "ACK 0 acknowledges no block: the first block of the window may be lost.";
    AckDup { block: u64 } => "ack.dup", "RFC 1123 s4.2.3.1",
        "ACK {block} again: ignore it. Answering would double every later packet (Sorcerer's Apprentice).";
    AckDupWindow { block: u64 } => "ack.dup", "RFC 7440 s4",
        "ACK {block} again: the first block of the window may be lost.";
    AckOld { block: u64 } => "ack.old", "RFC 1350 s2", "ACK {block} is old: later blocks are acknowledged already.";
    AckFuture { block: u64 } => "ack.future", "RFC 1350 s2", "ACK {block}, but that block was never sent: ignore it.";
    AckSend { block: u64, wire: u16, next: u16 } => "ack.send", "RFC 1350 s2", (safe(*block, *wire, *next));
    AckAgain => "ack.again", "RFC 1350 s2", "The same ACK again: the first one may have been lost.";
    AckGap { block: u64 } => "ack.gap", "RFC 7440 s4",
        "Block {block} is the last good one: the sender must go back there.";
    AckFinal => "ack.final", "RFC 1350 s6", "Last block confirmed; wait a little in case this ACK is lost.";
    AckFinalRude => "ack.final", "RFC 1350 s6",
        "Last block confirmed. This client stops here: if this ACK is lost, it does not repeat it.";
    DallyAgain => "dally.again", "RFC 1350 s6", "The last block came again, so our last ACK may have been lost: repeat it.";
    ErrIn { peer: Side, code: u16, is_answer: bool } => "err.in", "RFC 1350 s2, s7",
        (error(*peer, *code, *is_answer));
    ErrAfterAck => "err.after-ack", "RFC 1350 s6",
        "An ERROR after the last ACK: the server acknowledged a file that it could not store.";
    ErrOut => "err.out", "RFC 1350 s2, s7", "We stop and say why. No answer is expected.";
    ErrMismatch => "err.mismatch", "RFC 1350 s4",
        "Code 5 means \"unknown transfer ID\" but the transfer had not begun.";
    BadTrailing { bytes: usize } => "bad.trailing", "RFC 1350 s5", "{bytes} bytes after the end: not a valid packet.";
    BadNoNul { field: Field } => "bad.nonul", "RFC 1350 s5", "No NUL ends the {field}: not a valid packet.";
    BadName => "bad.name", "RFC 1350 s5", "The file name is empty: not a valid request.";
    BadShort { length: usize, least: usize } => "bad.short", "RFC 1350 s5",
        "{length} bytes, shorter than {least}: not a valid packet.";
    BadOpcode { opcode: u16 } => "bad.opcode", "RFC 1350 s5", "Opcode {opcode} is unknown: not a valid packet.";
    BadKind => "bad.kind", "RFC 1350 s2", "This kind of packet does not belong here: ignore it.";
    Lost { rule: Option<u32> } => "lost", "", (lost(*rule));
    Held { rule: u32 } => "held", "", "Fault rule {rule} holds it: we do not have it yet.";
    HeldUntilNow { rule: u32 } => "held.left", "", "Fault rule {rule} held it until now; the same packet overtook it.";
    Copied => "copied", "", "A fault rule sends this copy: it is not a retransmission.";
    Stray { port: u16 } => "stray", "RFC 1350 s4", "From another port, {port}, as no correct program sends it.";
    TooLate => "end.late", "", "The transfer is over: ignore it.";
    TooLateForBlock => "end.late", "RFC 1350 s6", "The file is complete: only its last block, if it comes again, is answered.";
}

fn request(verb: &str, file: &str, options: usize) -> String {
    let offered = offered(options);
    format!("Ask to {verb} \"{file}\". The server must answer from a new port of its own.{offered}")
}

fn offered(options: usize) -> String {
    match options {
        0 => String::new(),
        1 => " 1 option offered.".to_owned(),
        _ => format!(" {options} options offered."),
    }
}

fn error(peer: Side, code: u16, is_answer: bool) -> String {
    let does = match (is_answer, code) {
        (true, _) => "refuses",
        (false, 8) => "refuses the options",
        (false, _) => "ends the transfer",
    };
    format!("The {} {does}. An ERROR is never acknowledged.", peer.name())
}

fn wrong_tid(from: SocketAddr, ours: SocketAddr) -> String {
    if from.ip() == ours.ip() {
        format!("From port {}, but this transfer is with {}: discard.", from.port(), ours.port())
    } else {
        format!("From {from}, but this transfer is with {}: discard.", ours.ip())
    }
}

fn oack_code(lowered: &str, ignored: &str, unasked: &str) -> &'static str {
    match (lowered, ignored, unasked) {
        ("", "", "") => "oack.ok",
        ("", "", _) => "oack.extra",
        ("", ..) => "oack.ignored",
        _ => "oack.lowered",
    }
}

fn agrees(agreed: &str, lowered: &str, ignored: &str, unasked: &str) -> String {
    let part = |words: &str, list: &str| if list.is_empty() { String::new() } else { format!(" {words}: {list}.") };
    let agreed = if agreed.is_empty() { " to nothing.".to_owned() } else { format!(" to: {agreed}.") };
    let extra = part("We did not ask for this, and it changes nothing", unasked);
    format!("Server agrees{agreed}{}{}{extra}", part("It chose less", lowered), part("It did not mention", ignored))
}

fn safe(block: u64, wire: u16, next: u16) -> String {
    if block == u64::from(wire) {
        format!("Block {wire} is safe; this asks for block {next}.")
    } else {
        format!("Block {wire} ({block} of the file) is safe; this asks for the next.")
    }
}

fn lost(rule: Option<u32>) -> String {
    match rule {
        Some(rule) => format!("Never delivered: fault rule {rule}."),
        None => "Never delivered: the network did not take it.".to_owned(),
    }
}
