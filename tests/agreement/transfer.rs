//! One transfer of the program with its own practice server, and what it recorded.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::SystemTime;

use serde_json::Value;
use tempfile::TempDir;
use tftpsh::wire::Packet;

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
    /// The packets of the client's JSON trace.
    pub(crate) records: Vec<Value>,
    /// Those of the server's.
    served: Vec<Value>,
    /// The packets of the client's capture.
    pub(crate) captured: Vec<Captured>,
    /// When the transfer was complete, in nanoseconds since 1970.
    pub(crate) end: u64,
    /// When the program ran, likewise.
    lifetime: RangeInclusive<u64>,
    directory: TempDir,
}

/// One end of a transfer: what it recorded, and what crossed the wire.
pub(crate) struct End {
    pub(crate) name: &'static str,
    pub(crate) ours: Vec<Crossing>,
    pub(crate) wire: Vec<Crossing>,
}

impl Transfer {
    /// Runs the program with its practice server: these settings, then this transfer.
    pub(crate) fn run(settings: &str, command: &str) -> Self {
        let directory = directory_with(&[(FILE, &[b'x'; SIZE])]);
        let input = format!("trace pcap t.pcapng lost\ntrace json both to t.json\n{settings}\n{command}\n");
        let begin = now();
        let ran = run(directory.path(), &["--practice"], input.as_bytes());
        let lifetime = begin..=now();
        let text = fs::read_to_string(directory.path().join("t.json")).expect("a trace");
        let (served, mut records): (Vec<_>, Vec<_>) = objects(&text).into_iter().partition(|it| it["side"] == "server");
        let end = records.iter().find(|record| record["ev"] == "end").map(|record| nanos(&record["wall"]));
        let end = end.unwrap_or_else(|| panic!("the transfer did not end: {}", ran.stderr));
        let is_packet = |record: &Value| record["ev"] == "packet";
        records.retain(is_packet);
        let served = served.into_iter().filter(is_packet).collect();
        let captured = capture(&directory.path().join("t.pcapng"));
        assert_eq!(records.len(), captured.len(), "the capture and the JSON trace have the same packets");
        Self { records, served, captured, end, lifetime, directory }
    }

    /// A text file that it left.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).expect(name)
    }

    /// Both ends.
    pub(crate) fn ends(&self, frames: &[Frame]) -> [End; 2] {
        let client: Vec<_> = self.records.iter().zip(self.captured.iter().map(of_capture)).collect();
        let server: Vec<_> = self.served.iter().map(|record| (record, of_json(record))).collect();
        let [seen, served] = [&client, &server].map(|recorded| self.on_the_wire(frames, recorded));
        // While the client's port is open, whatever comes or goes there belongs to it. Before and after, another program
        // may have the port.
        let times = || client.iter().map(|(_, crossing)| crossing.nanos);
        let open = times().min().unwrap_or(0)..=times().max().unwrap_or(0);
        let seen = seen.into_iter().filter(|(is_known, it)| *is_known || open.contains(&it.nanos));
        // What is not a request belongs to no transfer.
        let listener = client.first().map(|(_, crossing)| crossing.peer());
        let begins = |it: &Crossing| matches!(Packet::parse(&it.datagram.payload), Ok(Packet::Request(_)));
        let served = served
            .into_iter()
            .filter(|(is_known, it)| *is_known && (it.sent || Some(it.local()) != listener || begins(it)));
        let (seen, served) = (seen.map(|it| it.1).collect(), served.map(|it| it.1).collect());
        [End::new("client", client, seen), End::new("server", server, served)]
    }

    /// The datagrams on the wire from and to the addresses of this end, and whether it recorded the peer of each. A window
    /// that left by one system call is one datagram there: it becomes its blocks.
    fn on_the_wire(&self, frames: &[Frame], recorded: &[(&Value, Crossing)]) -> Vec<(bool, Crossing)> {
        let locals: Vec<_> = recorded.iter().map(|(_, crossing)| crossing.local()).collect();
        let peers: Vec<_> = recorded.iter().map(|(_, crossing)| crossing.peer()).collect();
        // From another port, a rule sends strays, and what comes there crosses another socket.
        let made = recorded.iter().filter(|(record, _)| !has(record, "copy"));
        let own: Vec<_> = made.map(|(_, crossing)| crossing.local()).collect();
        let mut crossings = Vec::new();
        for Frame { nanos, datagram } in frames.iter().filter(|frame| self.lifetime.contains(&frame.nanos)) {
            let sent = locals.contains(&datagram.from);
            for payload in datagram.payload.chunks(BLKSIZE + 4) {
                let datagram = Datagram { payload: payload.to_vec(), ..*datagram };
                let crossing = Crossing { sent, length: payload.len(), datagram, nanos: *nanos, id: None };
                if sent || own.contains(&crossing.local()) {
                    crossings.push((peers.contains(&crossing.peer()), crossing));
                }
            }
        }
        crossings
    }
}

impl End {
    /// Of what it recorded, neither a packet that a rule lost on its way out crossed the wire, nor a copy that a rule made
    /// on reception.
    fn new(name: &'static str, recorded: Vec<(&Value, Crossing)>, wire: Vec<Crossing>) -> Self {
        let crossed = recorded
            .into_iter()
            .filter(|(record, crossing)| if crossing.sent { !has(record, "lost") } else { !has(record, "copy") });
        Self { name, ours: crossed.map(|(_, crossing)| crossing).collect(), wire }
    }
}

fn of_capture(packet: &Captured) -> Crossing {
    let datagram = packet.datagram().expect("a UDP datagram");
    let length = datagram.payload.len();
    Crossing { sent: packet.outbound, datagram, length, nanos: packet.nanos, id: Some(packet.id) }
}

/// A record has only the beginning of a block.
fn of_json(record: &Value) -> Crossing {
    let address = |ip: &str, port: &str| {
        let (ip, port) = (record[ip].as_str().expect("an address"), record[port].as_u64().expect("a port"));
        SocketAddr::new(ip.parse().expect("an address"), port.try_into().expect("a port"))
    };
    let (local, peer) = (address("local_addr", "local"), address("peer_addr", "peer"));
    let sent = record["dir"] == "sent";
    let (from, to) = if sent { (local, peer) } else { (peer, local) };
    let digits = record["raw"].as_str().expect("bytes").as_bytes().chunks(2);
    let byte = |digits| u8::from_str_radix(str::from_utf8(digits).expect("digits"), 16).expect("a byte");
    Crossing {
        sent,
        datagram: Datagram { from, to, payload: digits.map(byte).collect() },
        length: record["len"].as_u64().expect("a length").try_into().expect("a length"),
        nanos: nanos(&record["wall"]),
        id: record["n"].as_u64(),
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
