//! Hand-made transfers: records with fixed times, so a view of them is the same on every machine.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use tftpsh::event::{Begin, Crossing, Delivery, Direction, Fate, Held, Observer, Origin, Record, RecordKind, Side};
use tftpsh::fault::{Action, Hit};
use tftpsh::internals::ClientBug;
use tftpsh::transfer::{Event, Failure, Report, Stats};
use tftpsh::wire::{ErrorCode, Mode, Offer, RequestKind, Terms, emit_error, emit_request};

use crate::support;
pub(crate) use crate::support::ack;

/// One moment for all stories, because an instant has no constructor.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A list of records. Times are seconds since the request.
#[derive(Clone)]
pub(crate) struct Story {
    now: Duration,
    local: SocketAddr,
    server: SocketAddr,
    peer: SocketAddr,
    side: Side,
    bug: Option<ClientBug>,
    /// What fault rules do to the next packet.
    next: Effects,
    /// What the machine counted.
    costs: Stats,
    entries: Vec<(Duration, SocketAddr, Entry)>,
}

#[derive(Clone)]
pub(crate) enum Entry {
    Begin(String),
    Packet { direction: Direction, peer: SocketAddr, datagram: Vec<u8>, effects: Effects },
    Delivered { number: u64, after: Duration, peer: SocketAddr, datagram: Vec<u8> },
    Machine(Event),
    Digest(&'static str),
    End(Result<Report, Failure>),
    Late,
}

/// What fault rules do to a packet.
#[derive(Clone, Default)]
pub(crate) struct Effects {
    pub(crate) lost: bool,
    pub(crate) origin: Origin,
    pub(crate) held: Option<Held>,
    altered: Option<Vec<u8>>,
    hits: Vec<Hit>,
}

impl Story {
    /// A client at port 50617, a server that listens at port 69 and answers from port 40001.
    pub(crate) fn new() -> Self {
        Self::between("127.0.0.1:50617", "127.0.0.1:69", "127.0.0.1:40001")
    }

    pub(crate) fn between(local: &str, server: &str, peer: &str) -> Self {
        let address = |text: &str| text.parse().expect("an address");
        let server: SocketAddr = address(server);
        let mut story = Self {
            now: Duration::ZERO,
            local: address(local),
            server,
            peer: address(peer),
            side: Side::Client,
            bug: None,
            next: Effects::default(),
            costs: Stats::default(),
            entries: Vec::new(),
        };
        story.push(Entry::Begin(server.ip().to_string()));
        story
    }

    /// The server's side of a transfer with a client at port 50617, from port 40001.
    pub(crate) fn of_server() -> Self {
        Self { side: Side::Server, ..Self::between("127.0.0.1:40001", "127.0.0.1:69", "127.0.0.1:50617") }
    }

    /// Gives the client a bug.
    pub(crate) fn with_bug(self, bug: ClientBug) -> Self {
        Self { bug: Some(bug), ..self }
    }

    /// Sets the name that the user gave the server.
    pub(crate) fn called(mut self, host: &str) -> Self {
        self.entries[0].2 = Entry::Begin(host.to_owned());
        self
    }

    /// Raises the client ports by this much: another conversation in the same capture.
    pub(crate) fn moved(mut self, by: u16) -> Self {
        for (_, local, _) in &mut self.entries {
            local.set_port(local.port() + by);
        }
        self
    }

    /// Sets the time of the next records.
    pub(crate) fn at(mut self, seconds: f64) -> Self {
        self.now = Duration::from_micros((seconds * 1e6).round() as u64);
        self
    }

    pub(crate) fn asks(self, request: Vec<u8>) -> Self {
        let server = self.server;
        self.packet(Direction::Sent, server, request, false)
    }

    pub(crate) fn loses_request(self, request: Vec<u8>) -> Self {
        let server = self.server;
        self.packet(Direction::Sent, server, request, true)
    }

    pub(crate) fn sends(self, datagram: Vec<u8>) -> Self {
        let peer = self.peer;
        self.packet(Direction::Sent, peer, datagram, false)
    }

    pub(crate) fn loses(self, datagram: Vec<u8>) -> Self {
        let peer = self.peer;
        self.packet(Direction::Sent, peer, datagram, true)
    }

    pub(crate) fn receives(self, datagram: Vec<u8>) -> Self {
        let peer = self.peer;
        self.packet(Direction::Received, peer, datagram, false)
    }

    pub(crate) fn misses(self, datagram: Vec<u8>) -> Self {
        let peer = self.peer;
        self.packet(Direction::Received, peer, datagram, true)
    }

    pub(crate) fn receives_from(self, port: u16, datagram: Vec<u8>) -> Self {
        let peer = SocketAddr::new(self.peer.ip(), port);
        self.packet(Direction::Received, peer, datagram, false)
    }

    /// Receives a datagram from another host.
    pub(crate) fn receives_from_host(self, peer: &str, datagram: Vec<u8>) -> Self {
        self.packet(Direction::Received, peer.parse().expect("an address"), datagram, false)
    }

    pub(crate) fn sends_to(self, port: u16, datagram: Vec<u8>) -> Self {
        let peer = SocketAddr::new(self.peer.ip(), port);
        self.packet(Direction::Sent, peer, datagram, false)
    }

    /// Lets a fault rule hit the next packet.
    pub(crate) fn fault(mut self, rule: u32, action: Action) -> Self {
        self.next.hits.push(Hit { rule, action });
        self
    }

    /// Lets a rule make these bytes of the next packet.
    pub(crate) fn alters(mut self, rule: u32, action: Action, bytes: Vec<u8>) -> Self {
        self.next.altered = Some(bytes);
        self.fault(rule, action)
    }

    /// Makes the next packet a copy that a fault rule makes.
    pub(crate) fn copy(mut self, rule: u32) -> Self {
        self.next.origin = Origin::Copy;
        self.fault(rule, Action::Dup)
    }

    /// Lets a rule hold the next packet, which is sent, for some milliseconds until now.
    pub(crate) fn held(mut self, rule: u32, action: Action, millis: u64) -> Self {
        self.next.held = Some(Held::Left(Duration::from_millis(millis)));
        self.fault(rule, action)
    }

    /// Lets a rule hold the next packet, which is received, until the delivery of this number.
    pub(crate) fn holds(mut self, rule: u32, action: Action, number: u64) -> Self {
        self.next.held = Some(Held::Waits(number));
        self.fault(rule, action)
    }

    /// Delivers a packet that a rule held.
    pub(crate) fn delivers(mut self, number: u64, millis: u64, datagram: Vec<u8>) -> Self {
        let after = Duration::from_millis(millis);
        let peer = self.peer;
        self.push(Entry::Delivered { number, after, peer, datagram });
        self
    }

    /// Counts the packets since the end.
    pub(crate) fn counts_late(mut self) -> Self {
        self.push(Entry::Late);
        self
    }

    pub(crate) fn event(mut self, event: Event) -> Self {
        self.push(Entry::Machine(event));
        self
    }

    pub(crate) fn digest(mut self, sha256: &'static str) -> Self {
        self.push(Entry::Digest(sha256));
        self
    }

    pub(crate) fn silence(self, attempt: u32, seconds: f64) -> Self {
        self.event(Event::Resending { attempt, after: Duration::from_secs_f64(seconds) })
    }

    pub(crate) fn fails(mut self, failure: Failure) -> Self {
        self.push(Entry::End(Err(failure)));
        self
    }

    /// Sets the packets that the machine sent again, received again, and received from strangers.
    pub(crate) fn costs(mut self, resent: u64, duplicates: u64, strangers: u64) -> Self {
        self.costs = Stats { resent, duplicates, strangers, ..Stats::default() };
        self
    }

    pub(crate) fn ends(mut self, blocks: u64, bytes: u64) -> Self {
        let stats = Stats { blocks, bytes, ..self.costs };
        let report = Report { stats, terms: Terms::default(), negotiated: false, elapsed: self.now, peer: self.peer };
        self.push(Entry::End(Ok(report)));
        self
    }

    /// Returns what happened, each with its time.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Instant, &Entry)> {
        self.entries.iter().map(|(passed, _, entry)| (*START + *passed, entry))
    }

    pub(crate) fn side(&self) -> Side {
        self.side
    }

    pub(crate) fn bug(&self) -> Option<ClientBug> {
        self.bug
    }

    /// Passes all records to an observer, in order.
    pub(crate) fn replay(&self, observer: &mut dyn Observer) {
        for (passed, local, entry) in &self.entries {
            let what = match entry {
                Entry::Begin(host) => RecordKind::Begin(Begin {
                    side: self.side,
                    wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600),
                    host,
                    peer: ([127, 0, 0, 1], 69).into(),
                    kind: RequestKind::Read,
                    filename: b"f",
                    mode: None,
                    timeout: Duration::from_secs(25),
                    bug: self.bug,
                }),
                Entry::Packet { direction, peer, datagram, effects: Effects { lost, origin, held, altered, hits } } => {
                    let fate = Fate { lost: *lost, origin: *origin, held: *held, altered: altered.as_deref(), hits };
                    RecordKind::Packet(Crossing { direction: *direction, peer: *peer, datagram, fate })
                }
                Entry::Delivered { number, after, peer, datagram } => {
                    RecordKind::Delivered(Delivery { number: *number, after: *after, peer: *peer, datagram })
                }
                Entry::Late => RecordKind::Late,
                Entry::Machine(event) => RecordKind::Machine(event),
                Entry::Digest(sha256) => RecordKind::Digest(sha256),
                Entry::End(result) => RecordKind::End(result.as_ref()),
            };
            observer.observe(&Record { at: *START + *passed, transfer: 1, local: *local, kind: what });
        }
    }

    fn packet(mut self, direction: Direction, peer: SocketAddr, datagram: Vec<u8>, lost: bool) -> Self {
        let effects = Effects { lost, ..std::mem::take(&mut self.next) };
        self.push(Entry::Packet { direction, peer, datagram, effects });
        self
    }

    fn push(&mut self, entry: Entry) {
        self.entries.push((self.now, self.local, entry));
    }
}

pub(crate) fn rrq(file: &str, mode: Mode, offer: Offer) -> Vec<u8> {
    emit_request(RequestKind::Read, file.as_bytes(), mode, &offer).expect("a short request")
}

pub(crate) fn wrq(file: &str, mode: Mode, offer: Offer) -> Vec<u8> {
    emit_request(RequestKind::Write, file.as_bytes(), mode, &offer).expect("a short request")
}

/// A DATA with bytes of the alphabet.
pub(crate) fn data(block: u16, length: usize) -> Vec<u8> {
    support::data(block, &(b'A'..=b'Z').cycle().take(length).collect::<Vec<_>>())
}

pub(crate) fn error(code: u16, message: &str) -> Vec<u8> {
    emit_error(ErrorCode(code), message.as_bytes())
}

pub(crate) fn oack(pairs: &[(&str, u64)]) -> Vec<u8> {
    let mut datagram = vec![0, 6];
    for (name, value) in pairs {
        datagram.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
    }
    datagram
}
