//! One transfer of the program with its own practice server, and what it recorded.

use std::fs::{self, File};
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::SystemTime;

use serde_json::Value;
use tempfile::TempDir;

use crate::crossing::Crossing;
use crate::sniffer::Frame;
use crate::support::{Captured, Datagram, directory_with, objects, packets, run};

/// The block size of every transfer.
pub(crate) const BLKSIZE: usize = 512;

/// The file that is transferred: eight blocks, the last a short one.
const FILE: &str = "eight.bin";
const SIZE: usize = 4000;

/// A transfer that is done.
pub(crate) struct Transfer {
    /// The records of the JSON trace that are packets.
    pub(crate) records: Vec<Value>,
    /// The packets of the capture.
    pub(crate) captured: Vec<Captured>,
    /// When the transfer was complete, in nanoseconds since 1970.
    end: u64,
    /// When the program ran, likewise.
    lifetime: RangeInclusive<u64>,
    directory: TempDir,
}

impl Transfer {
    /// Runs the program with its practice server: these settings, then this transfer.
    pub(crate) fn run(settings: &str, command: &str) -> Self {
        let directory = directory_with(&[(FILE, &[b'x'; SIZE])]);
        let input = format!("trace pcap t.pcapng lost\ntrace json to t.json\n{settings}\n{command}\n");
        let begin = now();
        let ran = run(directory.path(), &["--practice"], input.as_bytes());
        let lifetime = begin..=now();
        let text = fs::read_to_string(directory.path().join("t.json")).expect("a trace");
        let mut records = objects(&text);
        let end = records.iter().find(|record| record["ev"] == "end").map(|record| nanos(&record["wall"]));
        let end = end.unwrap_or_else(|| panic!("the transfer did not end: {}", ran.stderr));
        records.retain(|record| record["ev"] == "packet");
        let captured = capture(&directory.path().join("t.pcapng"));
        Self { records, captured, end, lifetime, directory }
    }

    /// A text file that it left.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).expect(name)
    }

    /// The packets that crossed the client's socket, as its capture shows them.
    ///
    /// Neither a packet that a rule lost on its way out is among them, nor a copy that a rule made on reception.
    pub(crate) fn crossings(&self) -> Vec<Crossing> {
        assert_eq!(self.records.len(), self.captured.len(), "the capture and the JSON trace have the same packets");
        let both =
            self.records.iter().zip(&self.captured).filter(|(record, _)| {
                if record["dir"] == "sent" { !has(record, "lost") } else { !has(record, "copy") }
            });
        let crossing = |(record, packet): (&Value, &Captured)| {
            assert_eq!(record["n"], packet.id);
            let datagram = packet.datagram().expect("a UDP datagram");
            assert_eq!(record["dir"] == "sent", packet.outbound);
            Crossing { sent: packet.outbound, datagram, nanos: packet.nanos, id: Some(packet.id) }
        };
        both.map(crossing).collect()
    }

    /// The datagrams on the wire that belong to this transfer, as the client sees them. A window that left by one system
    /// call is one datagram there: it becomes its blocks.
    pub(crate) fn on_the_wire(&self, frames: &[Frame]) -> Vec<Crossing> {
        let datagrams = self.captured.iter().filter_map(|packet| Some((packet.outbound, packet.datagram()?)));
        let ends = datagrams.map(|(sent, Datagram { from, to, .. })| if sent { (from, to) } else { (to, from) });
        let (locals, peers): (Vec<_>, Vec<_>) = ends.unzip();
        // From another port, a rule sends strays, and what comes there crosses another socket.
        let own = self.records.iter().zip(&locals).find(|(record, _)| !has(record, "copy")).expect("a packet").1;
        let times = || self.captured.iter().map(|packet| packet.nanos);
        let open = times().min().unwrap_or(0)..=times().max().unwrap_or(0);
        let mut crossings = Vec::new();
        for Frame { nanos, datagram } in frames.iter().filter(|frame| self.lifetime.contains(&frame.nanos)) {
            let Datagram { from, to, payload } = datagram;
            let sent = locals.contains(from);
            let peer = if sent { to } else { from };
            // While the client's port is open, whatever comes or goes there belongs to it. Before and after, another
            // program may have the port.
            if !(sent || to == own) || !(peers.contains(peer) || open.contains(nanos)) {
                continue;
            }
            for payload in payload.chunks(BLKSIZE + 4) {
                let datagram = Datagram { payload: payload.to_vec(), ..*datagram };
                crossings.push(Crossing { sent, datagram, nanos: *nanos, id: None });
            }
        }
        crossings
    }

    /// When it was complete, in nanoseconds since 1970.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }
}

/// The command that gets the file, or puts it.
pub(crate) fn get() -> String {
    format!("get {FILE}")
}

pub(crate) fn put() -> String {
    format!("put {FILE} up.bin")
}

fn has(record: &Value, flag: &str) -> bool {
    record["flags"].as_array().is_some_and(|flags| flags.iter().any(|it| it == flag))
}

fn capture(path: &Path) -> Vec<Captured> {
    packets(File::open(path).expect("a capture")).collect()
}

fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().expect("a clock").as_nanos().try_into().expect("nanoseconds")
}

/// From seconds.
fn nanos(seconds: &Value) -> u64 {
    (seconds.as_f64().expect("a time") * 1e9) as u64
}
