//! dumpcap(1) on the loopback interface: what really crossed it.

use std::io::Read;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Datagram, Entry, Foreign, Port, entries};

/// The longest that dumpcap may take to show a datagram.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running capture. It ends with its value.
pub(crate) struct Sniffer {
    dumpcap: Child,
    entries: Receiver<Entry>,
    /// Sends itself datagrams that show up to where the capture has come.
    marker: Port,
}

/// A datagram on the wire.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    /// Since 1970.
    pub(crate) nanos: u64,
    pub(crate) datagram: Datagram,
}

impl Sniffer {
    /// Starts to capture, and returns when it does; where dumpcap is missing or may not capture, the running test is
    /// skipped.
    pub(crate) fn start() -> Option<Self> {
        const DUMPCAP: Foreign =
            Foreign { name: "dumpcap", program: "dumpcap", asked: "--version", says: "Dumpcap", needs_root: false };
        let mut command = Command::new(DUMPCAP.find()?);
        // Whole packets, even a window that left by one system call, and a buffer for all that other tests send meanwhile.
        command.args(["-q", "-i", "lo", "-f", "udp and less 4096", "-s", "4096", "-B", "64", "-w", "-"]);
        let mut dumpcap = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("dumpcap");
        let entries = read(dumpcap.stdout.take().expect("stdout"));
        let mut sniffer = Self { dumpcap, entries, marker: Port::open() };
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            sniffer.mark(b"begin");
            if sniffer.is_marked(b"begin", Duration::from_millis(50)) {
                return Some(sniffer);
            }
            if sniffer.dumpcap.try_wait().expect("a child of ours").is_some() {
                break;
            }
        }
        // Not even CI can have it everywhere: a container may forbid it.
        println!("skipped: dumpcap may not capture: {}", sniffer.complaint());
        None
    }

    /// Ends the capture: everything that crossed the interface until now, and how many packets dumpcap missed.
    pub(crate) fn finish(self) -> (Vec<Frame>, u64) {
        self.mark(b"end");
        let end = Instant::now() + PATIENCE;
        let mut frames = Vec::new();
        loop {
            let entry = self.entries.recv_timeout(end.saturating_duration_since(Instant::now()));
            match entry.expect("dumpcap shows the last datagram, and ends") {
                Entry::Packet(packet) => {
                    let Some(datagram) = packet.datagram() else { continue };
                    if self.is_mark(&datagram, b"end") {
                        self.interrupt();
                    }
                    frames.push(Frame { nanos: packet.nanos, datagram });
                }
                Entry::Missed(count) => return (frames, count),
            }
        }
    }

    fn mark(&self, word: &[u8]) {
        self.marker.send(self.marker.address(), word);
    }

    fn is_mark(&self, datagram: &Datagram, word: &[u8]) -> bool {
        datagram.from == self.marker.address() && datagram.to == datagram.from && datagram.payload == word
    }

    /// Whether the mark is seen within this time.
    fn is_marked(&self, word: &[u8], time: Duration) -> bool {
        let end = Instant::now() + time;
        let next = || self.entries.recv_timeout(end.saturating_duration_since(Instant::now())).ok();
        std::iter::from_fn(next).any(|entry| match entry {
            Entry::Packet(packet) => packet.datagram().is_some_and(|it| self.is_mark(&it, word)),
            Entry::Missed(_) => false,
        })
    }

    /// Lets dumpcap end its capture.
    fn interrupt(&self) {
        let _ = kill(Pid::from_raw(self.dumpcap.id().cast_signed()), Signal::SIGINT);
    }

    /// What dumpcap says about its failure.
    fn complaint(&mut self) -> String {
        let _ = self.dumpcap.kill();
        let mut said = String::new();
        let _ = self.dumpcap.stderr.take().expect("stderr").read_to_string(&mut said);
        said.lines().find(|line| !line.is_empty()).unwrap_or("it shows nothing").to_owned()
    }
}

impl Drop for Sniffer {
    fn drop(&mut self) {
        self.interrupt();
        let _ = self.dumpcap.wait();
    }
}

/// Reads a capture as it comes.
fn read(capture: ChildStdout) -> Receiver<Entry> {
    let (send, receive) = mpsc::channel();
    // Until dumpcap ends, or the test does.
    thread::spawn(move || entries(capture).try_for_each(|entry| send.send(entry)));
    receive
}
