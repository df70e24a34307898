use std::io::{self, Write};
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::View;
use crate::analysis::{Annotated, AnnotatedPacket, Annotation, Flag, Outcome, Reason, Summary};
use crate::event::Direction;
use crate::wire::{Packet, Printable};

/// Every record as one JSON object on a line of its own, for programs.
///
/// Numbers are seconds and octets; `abs` is the block of the file, `block` the number on the wire. Keys are only ever
/// added. Names that are not UTF-8 stand in `file_hex`; `raw` holds at most the first 64 octets of a block.
#[derive(Debug, Default)]
pub struct Json;

impl Json {
    /// Holds nothing.
    pub fn new() -> Self {
        Self
    }
}

/// Octets of a DATA packet that `raw` shows.
const RAW: usize = 68;

impl View for Json {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        let wall = annotated.wall.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, seconds);
        let line = JsonRecord {
            v: 1,
            n: None,
            t: seconds(annotated.t),
            event: Event::of(&annotated.kind),
            wall,
            xfer: annotated.xfer,
        };
        let line = JsonRecord { n: annotated.packet().map(|packet| packet.n), ..line };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")
    }
}

#[derive(Serialize)]
struct JsonRecord<'a> {
    v: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<u64>,
    t: f64,
    #[serde(flatten)]
    event: Event<'a>,
    wall: f64,
    xfer: u32,
}

#[derive(Serialize)]
#[serde(tag = "ev", rename_all = "lowercase")]
enum Event<'a> {
    Begin {
        host: &'a str,
    },
    Packet(Box<PacketLine>),
    Timer(TimerLine<'a>),
    Choice {
        choice: &'static str,
        #[serde(flatten)]
        why: WhyLine,
    },
    Fault {
        rule: u32,
        action: String,
        packet: u64,
    },
    End(Box<EndLine<'a>>),
}

impl<'a> Event<'a> {
    fn of(what: &'a Annotation<'_>) -> Self {
        match what {
            Annotation::Begin { host } => Self::Begin { host },
            Annotation::Packet(packet) => Self::Packet(Box::new(PacketLine::of(packet))),
            Annotation::Timer { after, left, awaited, why } => Self::Timer(TimerLine {
                timer: "rexmt",
                turn: "expired",
                after: seconds(*after),
                left: left.map(seconds),
                awaited,
                why: WhyLine::of(why),
            }),
            Annotation::Choice { choice, why } => Self::Choice { choice: choice.name(), why: WhyLine::of(why) },
            Annotation::Fault { hit, n } => Self::Fault { rule: hit.rule, action: hit.action.to_string(), packet: *n },
            Annotation::End(summary) => Self::End(Box::new(EndLine::of(summary))),
        }
    }
}

#[derive(Serialize)]
struct WhyLine {
    why: &'static str,
    text: String,
    #[serde(rename = "ref")]
    source: &'static str,
}

impl WhyLine {
    fn of(why: &Reason) -> Self {
        Self { why: why.code(), text: why.to_string(), source: why.source() }
    }
}

#[derive(Serialize)]
struct PacketLine {
    dir: &'static str,
    pkt: &'static str,
    local: u16,
    peer: u16,
    local_addr: IpAddr,
    peer_addr: IpAddr,
    len: usize,
    #[serde(flatten)]
    content: Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    abs: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    flags: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dup_of: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answers: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rules: Vec<u32>,
    state: [String; 2],
    #[serde(flatten)]
    why: WhyLine,
    raw: String,
}

impl PacketLine {
    fn of(packet: &AnnotatedPacket<'_>) -> Self {
        let raw = match packet.data_length() {
            Some(_) => packet.bytes.get(..RAW).unwrap_or(&packet.bytes),
            None => &packet.bytes,
        };
        Self {
            dir: match packet.direction {
                Direction::Sent => "sent",
                Direction::Received => "received",
            },
            pkt: packet.kind.name(),
            local: packet.local.port(),
            peer: packet.peer.port(),
            local_addr: packet.local.ip(),
            peer_addr: packet.peer.ip(),
            len: packet.length,
            content: Content::of(packet),
            block: packet.block,
            bytes: packet.data_length(),
            abs: packet.abs,
            flags: packet.flags.iter().map(Flag::name).collect(),
            dup_of: packet.dup_of,
            rtt: packet.rtt.map(seconds),
            answers: packet.answers,
            rules: packet.faults.iter().map(|hit| hit.rule).collect(),
            state: [packet.before.to_string(), packet.after.to_string()],
            why: WhyLine::of(&packet.why),
            raw: raw.iter().map(|byte| format!("{byte:02x}")).collect(),
        }
    }
}

/// The fields that only some kinds of packets have.
#[derive(Serialize, Default)]
struct Content {
    #[serde(skip_serializing_if = "Option::is_none")]
    opcode: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file_hex: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    /// Names and values in the order on the wire.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    options: Vec<[String; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<String>,
}

impl Content {
    fn of(packet: &AnnotatedPacket<'_>) -> Self {
        let pairs = |options: crate::wire::OptionList<'_>| {
            options.pairs().map(|(name, value)| [printable(name), printable(value)]).collect()
        };
        match packet.parse() {
            Ok(Packet::Request(request)) => {
                let name = str::from_utf8(request.filename).ok().filter(|name| !name.contains(char::is_control));
                let hex = || request.filename.iter().map(|byte| format!("{byte:02x}")).collect();
                Self {
                    file: name.map(str::to_owned),
                    file_hex: if name.is_none() { Some(hex()) } else { None },
                    mode: Some(printable(request.mode)),
                    options: pairs(request.options),
                    ..Self::default()
                }
            }
            Ok(Packet::Oack(options)) => Self { options: pairs(options), ..Self::default() },
            Ok(Packet::Error { code, message }) => {
                Self { code: Some(code.0), msg: Some(printable(message)), ..Self::default() }
            }
            Ok(Packet::Data { .. } | Packet::Ack { .. }) => Self::default(),
            Err(_) => Self { opcode: packet.opcode(), ..Self::default() },
        }
    }
}

#[derive(Serialize)]
struct TimerLine<'a> {
    timer: &'static str,
    turn: &'static str,
    after: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<f64>,
    awaited: &'a str,
    #[serde(flatten)]
    why: WhyLine,
}

#[derive(Serialize)]
struct EndLine<'a> {
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    bytes: u64,
    blocks: u64,
    seconds: f64,
    sent: u64,
    received: u64,
    resent: u64,
    duplicates: u64,
    strangers: u64,
    faults: u64,
    lost: u64,
    /// Least, median, most.
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt: Option<[f64; 3]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<&'a str>,
}

impl<'a> EndLine<'a> {
    fn of(summary: &'a Summary) -> Self {
        let (result, reason) = match &summary.outcome {
            Outcome::Complete => ("complete", None),
            Outcome::Failed(reason) => ("failed", Some(reason.as_str())),
        };
        Self {
            result,
            reason,
            bytes: summary.bytes,
            blocks: summary.blocks,
            seconds: seconds(summary.elapsed),
            sent: summary.sent,
            received: summary.received,
            resent: summary.resent,
            duplicates: summary.duplicates,
            strangers: summary.strangers,
            faults: summary.faults,
            lost: summary.lost,
            rtt: summary.rtt.map(|rtt| rtt.map(seconds)),
            rate: summary.rate().map(|rate| rate.round()),
            sha256: summary.sha256.as_deref(),
        }
    }
}

fn printable(bytes: &[u8]) -> String {
    Printable(bytes).to_string()
}

/// To the microsecond: more only looks exact.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e6
}
