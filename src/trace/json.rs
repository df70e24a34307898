use std::io::{self, Write};
use std::time::SystemTime;

use serde::Serializer;
use serde_json::Value;

use super::View;
use super::figures::hex;
use crate::analysis::{Annotated, AnnotatedPacket, Annotation, Flag, Outcome, PacketCounts, Reason, Silence, Summary};
use crate::fault::Hit;
use crate::printable_json::{PrintableJson, seconds};
use crate::transfer::Ignored;
use crate::wire::{OptionList, Packet, Printable};

/// The view for programs: every record is a JSON object on a line of its own.
///
/// Numbers are seconds and bytes; `abs` is the block of the file, `block` the number on the wire. Keys are only ever
/// added. File names that are not UTF-8 are in `file_hex`; `raw` holds at most the first 64 bytes of a block.
#[derive(Debug)]
pub struct Json;

/// A key and its value; null and an empty list are left out.
type Entry = (&'static str, Value);

impl View for Json {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        if let Some(packet) = annotated.packet() {
            for hit in &packet.faults {
                write(annotated, None, fault(packet.n, *hit), out)?;
            }
        }
        let n = annotated.packet().map(|packet| packet.n);
        let mut entries = event(&annotated.kind);
        if let Some(Silence { length, owner }) = annotated.silence {
            entries.extend([("silence", seconds(length).into()), ("owner", owner.to_string().into())]);
        }
        write(annotated, n, entries, out)
    }
}

/// Writes one object: `entries` with those that every record has.
fn write(annotated: &Annotated<'_>, n: Option<u64>, own: Vec<Entry>, out: &mut dyn Write) -> io::Result<()> {
    let mut entries = vec![("v", 1.into()), ("n", n.into()), ("t", seconds(annotated.t).into())];
    entries.extend(own);
    let wall = annotated.wall.duration_since(SystemTime::UNIX_EPOCH).map_or(0.0, seconds);
    entries.extend([("wall", wall.into()), ("xfer", annotated.xfer.into())]);
    entries.push(("side", annotated.side.name().into()));
    entries.retain(|(_, value)| !value.is_null() && value.as_array().is_none_or(|list| !list.is_empty()));
    serde_json::Serializer::with_formatter(&mut *out, PrintableJson).collect_map(entries)?;
    out.write_all(b"\n")
}

fn fault(n: u64, hit: Hit) -> Vec<Entry> {
    vec![
        ("ev", "fault".into()),
        ("rule", hit.rule.into()),
        ("action", hit.action.to_string().into()),
        ("packet", n.into()),
    ]
}

fn event(kind: &Annotation<'_>) -> Vec<Entry> {
    match kind {
        Annotation::Begin { host } => vec![("ev", "begin".into()), ("host", host.as_ref().into())],
        Annotation::Packet(packet) => self::packet(packet),
        Annotation::Timer { after, left, awaited, owner, why } => {
            let timer = [
                ("ev", "timer".into()),
                ("timer", "rexmt".into()),
                ("turn", "expired".into()),
                ("after", seconds(*after).into()),
                ("left", left.map(seconds).into()),
                ("awaited", awaited.as_str().into()),
                ("owner", owner.to_string().into()),
            ];
            timer.into_iter().chain(reason(why)).collect()
        }
        Annotation::Choice { choice, why } => {
            let choice = [("ev", "choice".into()), ("choice", choice.name().into())];
            choice.into_iter().chain(reason(why)).collect()
        }
        Annotation::Delivered { after, packet } => {
            let delivered =
                [("ev", "delivered".into()), ("after", seconds(*after).into()), ("packet", packet.n.into())];
            delivered.into_iter().chain(meaning(packet)).collect()
        }
        Annotation::End(summary) => end(summary),
        Annotation::Late(counts) => [("ev", "late".into())].into_iter().chain(self::counts(counts)).collect(),
    }
}

fn packet(packet: &AnnotatedPacket<'_>) -> Vec<Entry> {
    let mut entries = vec![
        ("ev", "packet".into()),
        ("dir", packet.direction.name().into()),
        ("pkt", packet.kind.name().into()),
        ("local", packet.local.port().into()),
        ("peer", packet.peer.port().into()),
        ("local_addr", packet.local.ip().to_string().into()),
        ("peer_addr", packet.peer.ip().to_string().into()),
        ("len", packet.wire().1.into()),
    ];
    entries.extend(content(packet));
    entries.extend([("block", packet.block.into()), ("bytes", packet.data_length().into())]);
    entries.extend([
        ("rules", packet.faults.iter().map(|hit| hit.rule).collect()),
        ("copy_of", packet.copy_of.into()),
        ("held", packet.held.map(seconds).into()),
    ]);
    entries.extend(meaning(packet));
    entries.push(("raw", hex(packet.beginning(), "").into()));
    entries
}

/// What the packet means to the machine.
fn meaning(packet: &AnnotatedPacket<'_>) -> impl Iterator<Item = Entry> {
    let entries = [
        ("abs", packet.abs.into()),
        ("flags", packet.flags.iter().map(Flag::name).collect()),
        ("dup_of", packet.dup_of.into()),
        ("rtt", packet.rtt.map(seconds).into()),
        ("answers", packet.answers.into()),
        ("ignored", packet.ignored.map(ignored).into()),
        ("state", [packet.before.to_string(), packet.after.to_string()].into()),
    ];
    entries.into_iter().chain(reason(&packet.why))
}

/// The entries that only some kinds of packets have; options keep their order on the wire.
fn content(packet: &AnnotatedPacket<'_>) -> Vec<Entry> {
    let options = |list: OptionList<'_>| -> Entry {
        ("options", list.pairs().map(|(name, value)| [name, value].map(printable)).map(Value::from).collect())
    };
    match packet.parse() {
        Ok(Packet::Request(request)) => {
            let name = str::from_utf8(request.filename).ok().filter(|name| !name.contains(char::is_control));
            let file =
                name.map_or_else(|| ("file_hex", hex(request.filename, "").into()), |name| ("file", name.into()));
            vec![file, ("mode", printable(request.mode)), options(request.options)]
        }
        Ok(Packet::Oack(list)) => vec![options(list)],
        Ok(Packet::Error { code, message }) => vec![("code", code.0.into()), ("msg", printable(message))],
        Ok(Packet::Data { .. } | Packet::Ack { .. }) => Vec::new(),
        Err(_) => vec![("opcode", packet.bytes.first_chunk().map(|opcode| u16::from_be_bytes(*opcode)).into())],
    }
}

fn end(summary: &Summary) -> Vec<Entry> {
    let (result, reason) = match &summary.outcome {
        Outcome::Complete => ("complete", None),
        Outcome::Failed(reason) => ("failed", Some(reason.as_str())),
    };
    let mut entries = vec![
        ("ev", "end".into()),
        ("result", result.into()),
        ("reason", reason.into()),
        ("bytes", summary.bytes.into()),
        ("blocks", summary.blocks.into()),
        ("seconds", seconds(summary.elapsed).into()),
    ];
    entries.extend(counts(&summary.packets));
    entries.extend([
        // Shortest, median, longest.
        ("rtt", summary.rtt.iter().flatten().copied().map(seconds).collect()),
        ("rate", summary.rate().map(f64::round).into()),
        ("sha256", summary.sha256.as_deref().into()),
    ]);
    entries
}

fn counts(packets: &PacketCounts) -> [Entry; 7] {
    [
        ("sent", packets.sent.into()),
        ("received", packets.received.into()),
        ("resent", packets.resent.into()),
        ("duplicates", packets.duplicates.into()),
        ("strangers", packets.strangers.into()),
        ("faults", packets.faults.into()),
        ("lost", packets.lost.into()),
    ]
}

/// Names the reason why the machine ignores a packet.
fn ignored(why: Ignored) -> &'static str {
    match why {
        Ignored::Malformed(_) => "malformed",
        Ignored::Stranger => "stranger",
        Ignored::Duplicate => "duplicate",
        Ignored::OutOfPlace => "out of place",
        Ignored::Gap => "gap",
        Ignored::Unexpected => "unexpected",
    }
}

fn reason(why: &Reason) -> [Entry; 3] {
    [("why", why.code().into()), ("text", why.to_string().into()), ("ref", why.source().into())]
}

fn printable(bytes: &[u8]) -> Value {
    Printable(bytes).to_string().into()
}
