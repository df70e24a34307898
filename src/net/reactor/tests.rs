use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::*;
use crate::files::Source;
use crate::net::listener::{Envelope, Listener};
use crate::net::socket::Socket;
use crate::transfer::{Machine, Output, Sending, Stats, Task, Unacknowledged};
use crate::wire::{Mode, Terms};

/// A machine that is done after a number of ticks, or of datagrams, or when its peer is unreachable.
struct Counting {
    wait: Duration,
    now: Instant,
    ticks: usize,
    datagrams: usize,
    /// A datagram does not move its deadline.
    stubborn: bool,
    /// The ticks so far.
    ticked: Arc<AtomicUsize>,
}

impl Machine for Counting {
    fn datagram(&mut self, now: Instant, _: SocketAddr, _: &[u8]) {
        if !self.stubborn {
            // From now on it waits less.
            (self.now, self.wait) = (now, Duration::from_millis(5));
        }
        self.datagrams = self.datagrams.saturating_sub(1);
    }
    fn unreachable(&mut self, _: Instant, _: SocketAddr) {
        self.datagrams = 0;
    }
    fn tick(&mut self, now: Instant) {
        self.now = now;
        self.ticks = self.ticks.saturating_sub(1);
        self.ticked.fetch_add(1, Ordering::Relaxed);
    }
    fn abort(&mut self, _: Instant, _: Abort) {}
    fn poll(&mut self) -> Output<'_> {
        let over = self.ticks == 0 || self.datagrams == 0;
        if over { Output::Done } else { Output::Wait(self.now + self.wait) }
    }
    fn stats(&self) -> Stats {
        Stats::default()
    }
    fn terms(&self) -> Terms {
        Terms::default()
    }
}

impl Sending for Counting {
    fn space(&mut self) -> Option<&mut [u8]> {
        None
    }
    fn filled(&mut self, _: Instant, _: usize) {}
    fn unacknowledged(&self) -> Unacknowledged {
        Unacknowledged::default()
    }
}

const LONG: Duration = Duration::from_secs(60);
const NEVER: usize = usize::MAX;

fn start(reactor: &mut Reactor, wait: Duration, ticks: usize, datagrams: usize) -> (Key, SocketAddr) {
    let ticked = Arc::default();
    start_machine(reactor, Counting { wait, now: Instant::now(), ticks, datagrams, stubborn: false, ticked })
}

fn start_machine(reactor: &mut Reactor, machine: Counting) -> (Key, SocketAddr) {
    let socket = Socket::bind_among("127.0.0.1:0".parse().unwrap(), None).unwrap();
    let address = socket.local();
    let task = Task::send(machine, Source::bytes([].into(), Mode::Octet));
    (reactor.start(1, Port::Own(socket), task, None).unwrap(), address)
}

/// Turns until `count` transfers are gone; returns their keys in that order.
fn gone(reactor: &mut Reactor, count: usize) -> Vec<Key> {
    let (mut gone, end) = (Vec::new(), Instant::now() + LONG / 6);
    while gone.len() < count {
        assert!(Instant::now() < end, "only {gone:?} are gone");
        let mut notices = Vec::new();
        reactor.turn(LONG / 6, &mut notices, &mut Observers::none()).unwrap();
        gone.extend(notices.iter().filter_map(|notice| match notice {
            Notice::Gone(key) => Some(*key),
            _ => None,
        }));
    }
    gone
}

#[test]
fn every_deadline_rings_and_each_transfer_has_its_own() {
    let mut reactor = Reactor::new().unwrap();
    let (slow, _) = start(&mut reactor, Duration::from_millis(40), 2, NEVER);
    let (fast, _) = start(&mut reactor, Duration::from_millis(5), 4, NEVER);
    assert_eq!(gone(&mut reactor, 2), [fast, slow]);
    assert!(reactor.transfers.is_empty());
}

#[test]
fn a_deadline_that_comes_closer_rings_in_time() {
    let mut reactor = Reactor::new().unwrap();
    let (key, address) = start(&mut reactor, LONG, 2, NEVER);
    reactor.turn(Duration::ZERO, &mut Vec::new(), &mut Observers::none()).unwrap();
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(b"sooner", address).unwrap();
    assert_eq!(gone(&mut reactor, 1), [key]);
}

#[test]
fn a_flood_at_one_transfer_is_read_after_the_others_had_their_turn() {
    let mut reactor = Reactor::new().unwrap();
    let flood = 3 * transfer::BURST;
    let (flooded, there) = start(&mut reactor, LONG, NEVER, flood);
    let (other, here) = start(&mut reactor, LONG, NEVER, 1);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    (0..flood).for_each(|_| assert_eq!(client.send_to(b"more", there).unwrap(), 4));
    client.send_to(b"one", here).unwrap();
    assert_eq!(gone(&mut reactor, 2), [other, flooded]);
}

#[test]
fn what_arrived_while_the_process_slept_comes_before_a_deadline_that_has_passed() {
    let mut reactor = Reactor::new().unwrap();
    let (burst, ticked) = (5 * transfer::BURST, Arc::<AtomicUsize>::default());
    let (wait, now) = (Duration::from_millis(1), Instant::now());
    let machine = Counting { wait, now, ticks: NEVER, datagrams: burst, stubborn: true, ticked: Arc::clone(&ticked) };
    let (key, address) = start_machine(&mut reactor, machine);
    let mut turn = || {
        let mut notices = Vec::new();
        reactor.turn(Duration::ZERO, &mut notices, &mut Observers::none()).unwrap();
        notices
    };
    turn();
    let before = ticked.load(Ordering::Relaxed);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    (0..burst).for_each(|_| assert_eq!(client.send_to(b"late", address).unwrap(), 4));
    thread::sleep(Duration::from_millis(10));
    let notices: Vec<_> = (0..10).flat_map(|_| turn()).collect();
    assert!(matches!(notices[..], [Notice::Gone(gone)] if gone == key), "{notices:?}");
    assert_eq!(ticked.load(Ordering::Relaxed), before, "no tick before the last datagram");
}

#[test]
fn what_arrived_at_a_shared_port_comes_before_a_deadline_that_has_passed() {
    let mut reactor = Reactor::new().unwrap();
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let (address, client) = (listener.local, UdpSocket::bind("127.0.0.1:0").unwrap());
    let index = reactor.listen(listener).unwrap();
    let envelope = Envelope { from: client.local_addr().unwrap(), to: address, to_many: false };
    let (burst, ticked) = (20, Arc::<AtomicUsize>::default());
    let (wait, now) = (Duration::from_millis(1), Instant::now());
    let machine = Counting { wait, now, ticks: NEVER, datagrams: burst, stubborn: true, ticked: Arc::clone(&ticked) };
    let port = reactor.share(index, &envelope).unwrap();
    let task = Task::send(machine, Source::bytes([].into(), Mode::Octet));
    let key = reactor.start(1, port, task, None).unwrap();
    let (mut gone, mut before) = (Vec::new(), None);
    for _ in 0..30 {
        let (mut notices, mut from_reading) = (Vec::new(), Vec::new());
        reactor.turn(Duration::ZERO, &mut notices, &mut Observers::none()).unwrap();
        if notices.iter().any(|notice| matches!(notice, Notice::Readable(_))) {
            // One datagram a turn: the server reads a burst, and more may be there.
            reactor.read(index, &mut Vec::new(), &mut from_reading, &mut Observers::none()).unwrap();
        }
        gone.extend(from_reading);
        if before.is_none() {
            before = Some(ticked.load(Ordering::Relaxed));
            (0..burst).for_each(|_| assert_eq!(client.send_to(b"late", address).unwrap(), 4));
            thread::sleep(Duration::from_millis(10));
        }
    }
    assert!(matches!(gone[..], [Notice::Gone(gone)] if gone == key), "{gone:?}");
    assert_eq!(Some(ticked.load(Ordering::Relaxed)), before, "no tick before the last datagram");
}

#[test]
fn a_listening_socket_gets_one_notice_a_turn_until_its_owner_has_read_all() {
    let mut reactor = Reactor::new().unwrap();
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local;
    let index = reactor.listen(listener).unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.send_to(b"more", address).unwrap();
    for _ in 0..3 {
        let mut notices = Vec::new();
        reactor.turn(LONG / 6, &mut notices, &mut Observers::none()).unwrap();
        assert!(matches!(notices[..], [Notice::Readable(readable)] if readable == index), "{notices:?}");
    }
}

#[test]
fn the_end_of_a_transfer_is_known_before_the_requests_that_came_with_it() {
    let mut reactor = Reactor::new().unwrap();
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local;
    let index = reactor.listen(listener).unwrap();
    let (key, here) = start(&mut reactor, LONG, NEVER, 1);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.send_to(b"request", address).unwrap();
    client.send_to(b"last", here).unwrap();
    let mut notices = Vec::new();
    reactor.turn(LONG / 6, &mut notices, &mut Observers::none()).unwrap();
    assert!(
        matches!(notices[..], [Notice::Gone(gone), Notice::Readable(readable)] if gone == key && readable == index),
        "{notices:?}"
    );
}

#[test]
fn a_waker_ends_a_turn() {
    let mut reactor = Reactor::new().unwrap();
    reactor.wake().wake();
    let begun = Instant::now();
    reactor.turn(LONG, &mut Vec::new(), &mut Observers::none()).unwrap();
    assert!(begun.elapsed() < LONG / 2);
}
