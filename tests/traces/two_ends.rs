//! Hand-made transfers as both ends see them.

use std::net::SocketAddr;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

use tftpsh::event::{Begin, Crossing, Delivery, Direction, Fate, Held, Observer, Origin, Record, RecordKind, Side};
use tftpsh::fault::{Action, Hit};
use tftpsh::trace::{OtherEnd, Tap, Tracer, Views};
use tftpsh::transfer::{Event, Failure, Report, Stats};
use tftpsh::wire::{RequestKind, Terms};

use crate::Page;

/// One moment for all stories, because an instant has no constructor.
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// The records of both ends, each in their order. Times are milliseconds since the request.
#[derive(Clone, Default)]
pub(crate) struct TwoEnds {
    client: Vec<(Duration, Entry)>,
    server: Vec<(Duration, Entry)>,
    /// The number of the next delivery.
    deliveries: u64,
}

#[derive(Clone)]
enum Entry {
    Begin,
    Packet { direction: Direction, to_listener: bool, datagram: Vec<u8>, fate: Happened },
    Delivered { number: u64, after: Duration, datagram: Vec<u8> },
    Machine(Event),
    End(Result<Report, Failure>),
}

/// What fault rules did to a packet.
#[derive(Clone, Default)]
pub(crate) struct Happened {
    lost: bool,
    copy: bool,
    held: Option<Held>,
    hits: Vec<Hit>,
}

/// A rule of this number that drops the packet.
pub(crate) fn dropped(rule: u32) -> Happened {
    Happened { lost: true, hits: vec![Hit { rule, action: Action::Drop }], ..Happened::default() }
}

/// A rule of this number that copies the packet.
pub(crate) fn copied(rule: u32) -> Happened {
    Happened { hits: vec![Hit { rule, action: Action::Dup }], ..Happened::default() }
}

/// A rule of this number that held the packet for so many milliseconds before it left.
pub(crate) fn held(rule: u32, millis: u32) -> Happened {
    let held = Some(Held::Left(Duration::from_millis(millis.into())));
    Happened { held, hits: vec![Hit { rule, action: Action::Delay(millis) }], ..Happened::default() }
}

/// The copy.
pub(crate) fn copy() -> Happened {
    Happened { copy: true, ..Happened::default() }
}

/// Nothing.
pub(crate) fn untouched() -> Happened {
    Happened::default()
}

fn millis(time: f64) -> Duration {
    Duration::from_micros((time * 1000.0).round() as u64)
}

fn client_address() -> SocketAddr {
    ([127, 0, 0, 1], 50617).into()
}

fn listener() -> SocketAddr {
    ([127, 0, 0, 1], 6969).into()
}

fn tid() -> SocketAddr {
    ([127, 0, 0, 1], 40001).into()
}

impl TwoEnds {
    /// The client asks, and the request arrives.
    pub(crate) fn asking(request: Vec<u8>, arrives: f64) -> Self {
        let story = Self::default();
        let story = story.enter(Side::Client, 0.0, Entry::Begin);
        let story = story.packet(Side::Client, 0.0, Direction::Sent, true, request.clone(), untouched());
        let story = story.enter(Side::Server, arrives, Entry::Begin);
        story.packet(Side::Server, arrives, Direction::Received, true, request, untouched())
    }

    /// A packet of `side` that arrives; `fate` is what happens to it before it leaves.
    pub(crate) fn sends(self, side: Side, leaves: f64, arrives: f64, datagram: Vec<u8>, fate: Happened) -> Self {
        self.leaves(side, leaves, datagram.clone(), fate).arrives(other(side), arrives, datagram, untouched())
    }

    /// A packet leaves its side, and nothing is said about its arrival.
    pub(crate) fn leaves(self, side: Side, at: f64, datagram: Vec<u8>, fate: Happened) -> Self {
        self.packet(side, at, Direction::Sent, false, datagram, fate)
    }

    /// A packet arrives at a side.
    pub(crate) fn arrives(self, side: Side, at: f64, datagram: Vec<u8>, fate: Happened) -> Self {
        self.packet(side, at, Direction::Received, false, datagram, fate)
    }

    /// A packet arrives at a side, and rule 1 holds it there for some time.
    pub(crate) fn holds(mut self, side: Side, at: f64, until: f64, datagram: Vec<u8>) -> Self {
        self.deliveries += 1;
        let number = self.deliveries;
        let after = millis(until - at);
        let hits = vec![Hit { rule: 1, action: Action::Delay(after.as_millis().try_into().expect("a short time")) }];
        let fate = Happened { held: Some(Held::Waits(number)), hits, ..untouched() };
        let story = self.arrives(side, at, datagram.clone(), fate);
        story.enter(side, until, Entry::Delivered { number, after, datagram })
    }

    /// The timer of a side expires.
    pub(crate) fn timer(self, side: Side, at: f64, seconds: f64) -> Self {
        let event = Event::Resending { attempt: 1, after: Duration::from_secs_f64(seconds) };
        self.enter(side, at, Entry::Machine(event))
    }

    /// The transfer succeeds at a side.
    pub(crate) fn ends(self, side: Side, at: f64) -> Self {
        let (stats, terms, elapsed) = (Stats::default(), Terms::default(), millis(at));
        self.enter(side, at, Entry::End(Ok(Report { stats, terms, negotiated: false, elapsed, peer: tid() })))
    }

    /// The transfer fails at a side.
    pub(crate) fn fails(self, side: Side, at: f64, failure: Failure) -> Self {
        self.enter(side, at, Entry::End(Err(failure)))
    }

    fn packet(
        self,
        side: Side,
        at: f64,
        direction: Direction,
        to_listener: bool,
        datagram: Vec<u8>,
        fate: Happened,
    ) -> Self {
        self.enter(side, at, Entry::Packet { direction, to_listener, datagram, fate })
    }

    fn enter(mut self, side: Side, at: f64, entry: Entry) -> Self {
        let entries = if side == Side::Client { &mut self.client } else { &mut self.server };
        entries.push((millis(at), entry));
        entries.sort_by_key(|(at, _)| *at);
        self
    }

    /// The page of a view; the records of the server are heard `late` milliseconds after they happened.
    pub(crate) fn page(&self, views: Views<'static>, late: f64) -> Page {
        let page = Page::default();
        let mut tracer = Tracer::new();
        tracer.add_views(views, Box::new(page.clone()));
        self.replay(&mut tracer, late);
        assert!(tracer.failed().is_empty());
        page
    }

    /// Passes all records to a tracer.
    pub(crate) fn replay(&self, tracer: &mut Tracer<'_>, late: f64) {
        let end = OtherEnd::new();
        let mut tap = end.observer();
        end.listen(true);
        tracer.begin(true);
        let mut server = self.server.iter().peekable();
        for (at, entry) in &self.client {
            while let Some((at, entry)) = server.next_if(|(then, _)| *then + millis(late) < *at) {
                hear(tracer, &end, &mut tap, *at, entry);
                tracer.advance(*START + *at + millis(late));
            }
            observe(tracer, Side::Client, *at, entry);
            tracer.advance(*START + *at);
        }
        for (at, entry) in server {
            hear(tracer, &end, &mut tap, *at, entry);
        }
        tracer.settle();
    }
}

fn hear(tracer: &mut Tracer<'_>, end: &OtherEnd, tap: &mut Tap, at: Duration, entry: &Entry) {
    observe(tap, Side::Server, at, entry);
    end.take().into_iter().for_each(|heard| tracer.hear(heard));
}

fn observe(observer: &mut dyn Observer, side: Side, at: Duration, entry: &Entry) {
    let (own, far) = match side {
        Side::Client => (client_address(), tid()),
        Side::Server => (tid(), client_address()),
    };
    let at = *START + at;
    let mut notify = |local, kind| observer.observe(&Record { at, transfer: 1, local, kind });
    match entry {
        Entry::Begin => notify(
            own,
            RecordKind::Begin(Begin {
                side,
                wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600),
                host: "127.0.0.1",
                peer: if side == Side::Client { listener() } else { far },
                kind: RequestKind::Read,
                filename: b"f",
                mode: None,
                timeout: Duration::from_secs(25),
                bug: None,
            }),
        ),
        Entry::Packet { direction, to_listener, datagram, fate: Happened { lost, copy, held, hits } } => {
            let origin = if *copy { Origin::Copy } else { Origin::Machine };
            let fate = Fate { lost: *lost, origin, held: *held, hits, ..Fate::default() };
            let (local, peer) = match (side, to_listener) {
                (Side::Client, true) => (own, listener()),
                (Side::Server, true) => (listener(), far),
                _ => (own, far),
            };
            notify(local, RecordKind::Packet(Crossing { direction: *direction, peer, datagram, fate }));
        }
        Entry::Delivered { number, after, datagram } => {
            let delivery = Delivery { number: *number, after: *after, peer: far, datagram };
            notify(own, RecordKind::Delivered(delivery));
        }
        Entry::Machine(event) => notify(own, RecordKind::Machine(event)),
        Entry::End(result) => notify(own, RecordKind::End(result.as_ref())),
    }
}

fn other(side: Side) -> Side {
    match side {
        Side::Client => Side::Server,
        Side::Server => Side::Client,
    }
}
