use std::collections::{HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use super::*;
use crate::event::Begin;
use crate::net::Envelope;
use crate::server::ledger::{OPENINGS, Stage};
use crate::server::log::LoggedRequest;

const REQUEST: &[u8] = b"\0\x01f\0octet\0";
const BEGIN: Decision = Decision::Begin(Predecessors { instead_of: None, restarts: None });

/// A server without sockets, in virtual time.
struct World {
    admission: Admission,
    policy: Policy,
    now: Instant,
    /// The number of requests.
    requests: u64,
    keys: usize,
    /// The transfer that answers each client.
    transfers: HashMap<SocketAddr, Key>,
    refused: usize,
    displaced: usize,
}

impl World {
    fn new(policy: Policy) -> Self {
        let (now, transfers) = (Instant::now(), HashMap::new());
        let admission = Admission::new();
        Self { admission, policy, now, requests: 0, keys: 0, transfers, refused: 0, displaced: 0 }
    }

    fn pass(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
        self.turn();
    }

    /// A request arrives.
    fn ask(&mut self, client: &str) -> Decision {
        self.ask_from(client.parse().unwrap(), REQUEST)
    }

    fn ask_from(&mut self, client: SocketAddr, datagram: &[u8]) -> Decision {
        self.requests += 1;
        let decision = self.admission.decide(self.now, client, datagram, &self.policy);
        if decision == Decision::Wait {
            let envelope = Envelope { from: client, to: client, to_many: false };
            let asked = Asked { listener: 0, envelope, number: self.requests, is_answered: false, injector: None };
            self.admission.wait(self.now, asked, datagram);
        } else {
            self.settle(client, datagram, decision);
        }
        self.turn();
        decision
    }

    fn turn(&mut self) {
        while let Some((waiting, decision)) = self.admission.next(self.now, &self.policy) {
            self.settle(waiting.asked.envelope.from, &waiting.datagram, decision);
        }
    }

    fn settle(&mut self, client: SocketAddr, datagram: &[u8], decision: Decision) {
        match decision {
            Decision::Begin(Predecessors { instead_of, restarts }) => {
                if let Some(other) = instead_of {
                    self.displaced += 1;
                    self.admission.leave(self.now, other);
                }
                self.keys += 1;
                let (key, logged) = (Key::nth(self.keys), LoggedRequest::new(self.now, &Begin::served(client)));
                let (number, request, stage) = (self.requests, datagram.into(), Stage::Opening { restarts });
                let entry = Entry { number, client, request, logged, window: 0, begun: self.now, stage };
                self.admission.enter(key, entry);
                self.transfers.insert(client, key);
            }
            Decision::Refuse => self.refused += 1,
            Decision::Repeated | Decision::Wait => {}
        }
    }

    fn key(&self, client: &str) -> Key {
        self.transfers[&client.parse().unwrap()]
    }

    /// A client acknowledges DATA.
    fn answer(&mut self, client: &str) -> Option<Key> {
        let old = self.admission.prove(self.now, self.key(client));
        self.turn();
        old
    }

    /// The transfer of a client ends.
    fn end(&mut self, client: &str) {
        self.admission.leave(self.now, self.key(client));
        self.turn();
    }

    /// Whether a client has a transfer.
    fn is_answered(&self, client: &str) -> bool {
        let key = self.transfers.get(&client.parse().unwrap());
        key.is_some_and(|key| self.admission.ledger.begun(*key).is_some())
    }
}

#[test]
fn a_request_that_comes_again_is_ignored_until_data_is_acknowledged_and_then_restarts() {
    let mut world = World::new(Policy::default());
    assert_eq!(world.ask("192.0.2.1:2070"), BEGIN);
    assert_eq!(world.ask("192.0.2.1:2070"), Decision::Repeated);
    let first = world.key("192.0.2.1:2070");
    assert_eq!(world.answer("192.0.2.1:2070"), None);
    let restart = Decision::Begin(Predecessors { instead_of: None, restarts: Some(first) });
    assert_eq!(world.ask("192.0.2.1:2070"), restart);
    assert_eq!(world.ask("192.0.2.1:2070"), Decision::Repeated, "a restart is a transfer like any other");
    assert_eq!(world.answer("192.0.2.1:2070"), Some(first), "the first transfer ends as soon as the second goes on");
    world.admission.leave(world.now, first);
    let second = world.key("192.0.2.1:2070");
    assert_eq!(world.ask("192.0.2.1:2070"), Decision::Begin(Predecessors { instead_of: None, restarts: Some(second) }));
    let elsewhere = "192.0.2.1:2071".parse().unwrap();
    assert_eq!(world.ask_from(elsewhere, REQUEST), BEGIN, "another port is another client");
    assert_eq!(world.ask_from(elsewhere, b"\0\x01g\0octet\0"), BEGIN, "another file is another transfer");
}

#[test]
fn a_late_copy_of_a_request_does_not_end_its_transfer() {
    let mut world = World::new(Policy::default());
    world.ask("192.0.2.1:2070");
    world.answer("192.0.2.1:2070");
    let first = world.key("192.0.2.1:2070");
    world.ask("192.0.2.1:2070");
    // The client answers the second transfer with ERROR 5.
    world.end("192.0.2.1:2070");
    assert!(world.admission.ledger.begun(first).is_some());
}

#[test]
fn a_rack_behind_one_address_is_answered_as_soon_as_one_of_it_acknowledges() {
    let mut world = World::new(Policy::default());
    let clients: Vec<_> = (0..256).map(|port| format!("192.0.2.1:{}", 2000 + port)).collect();
    for (number, client) in clients.iter().enumerate() {
        assert_eq!(world.ask(client), if number < OPENINGS { BEGIN } else { Decision::Wait });
    }
    assert_eq!(world.ask(&clients[200]), Decision::Repeated);
    assert_eq!(world.keys, OPENINGS);
    world.answer(&clients[3]);
    assert!(clients.iter().all(|client| world.is_answered(client)));
    assert_eq!((world.refused, world.displaced), (0, 0));
}

#[test]
fn an_address_is_proven_for_a_minute_after_its_last_transfer() {
    let mut world = World::new(Policy::default());
    world.ask("192.0.2.1:2000");
    world.answer("192.0.2.1:2000");
    world.pass(600_000);
    let ports = |ports: std::ops::Range<u16>| ports.map(|port| format!("192.0.2.1:{port}"));
    assert!(ports(3000..3020).all(|client| world.ask(&client) == BEGIN), "it still answers");
    ports(3000..3020).for_each(|client| world.end(&client));
    world.end("192.0.2.1:2000");
    world.pass(59_999);
    assert!(ports(4000..4020).all(|client| world.ask(&client) == BEGIN));
    ports(4000..4020).for_each(|client| world.end(&client));
    world.pass(1);
    let begun = ports(5000..5020).filter(|client| world.ask(client) == BEGIN).count();
    assert_eq!(begun, OPENINGS);
}

#[test]
fn a_full_server_gives_up_what_dallies_then_what_is_not_answered_and_then_refuses() {
    let mut world = World::new(Policy { max_transfers: 3, ..Policy::default() });
    let clients = ["192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"];
    assert!(clients.iter().all(|client| world.ask(client) == BEGIN));
    assert_eq!(world.ask("192.0.2.4:1"), Decision::Wait, "each opening has its time");
    world.pass(999);
    assert!(world.is_answered(clients[0]));
    assert_eq!(world.admission.due(), Some(world.now + Duration::from_millis(1)));
    world.pass(1);
    assert!(!world.is_answered(clients[0]) && world.is_answered("192.0.2.4:1"), "the oldest makes room");
    for client in [clients[1], clients[2], "192.0.2.4:1"] {
        world.answer(client);
    }
    assert_eq!(world.ask("192.0.2.5:1"), Decision::Refuse, "all answer");
    world.admission.complete(world.now, world.key(clients[2]));
    let dallies = Some(world.key(clients[2]));
    assert_eq!(world.ask("192.0.2.5:1"), Decision::Begin(Predecessors { instead_of: dallies, restarts: None }));
}

#[test]
fn only_an_address_that_answers_is_refused_for_its_own_limit() {
    let mut world = World::new(Policy { max_per_source: 2, ..Policy::default() });
    assert_eq!([1, 2, 3].map(|port| world.ask(&format!("192.0.2.1:{port}"))), [BEGIN, BEGIN, Decision::Wait]);
    world.answer("192.0.2.1:1");
    world.answer("192.0.2.1:2");
    assert_eq!(world.refused, 1, "the one that waited");
    assert_eq!(world.ask("192.0.2.1:4"), Decision::Refuse);
    assert_eq!(world.ask("192.0.2.2:1"), BEGIN);
}

/// Clients, one a second, each of which repeats its request after 1, 3 and 7 seconds. Meanwhile a forger asks from the
/// addresses of `forged`, and from another port each time. Returns how many clients were answered.
fn served(clients: u64, per_second: u64, forged: impl Fn(u64) -> IpAddr, client: impl Fn(u64) -> IpAddr) -> usize {
    const TICK: u64 = 10;
    let mut world = World::new(Policy::default());
    let (mut forgeries, mut begun, mut served, mut ends) = (0, 0, HashSet::new(), VecDeque::new());
    for time in (0..(clients + 7) * 1000).step_by(TICK as usize) {
        world.pass(TICK);
        while forgeries < (time + TICK) * per_second / 1000 {
            forgeries += 1;
            let port = 1024 + (forgeries % 60_000) as u16;
            world.ask_from((forged(forgeries), port).into(), &forgeries.to_be_bytes());
        }
        for second in 0..clients {
            if served.contains(&second) {
                continue;
            }
            let client = (client(second), 1 + second as u16).into();
            if [0, 1_000, 3_000, 7_000].iter().any(|after| second * 1_000 + after == time) {
                world.ask_from(client, b"real");
            }
            // The client of a transfer that is still there answers within a tick.
            if let Some(&key) = world.transfers.get(&client)
                && world.admission.ledger.begun(key).is_some()
            {
                world.admission.prove(world.now, key);
                world.admission.leave(world.now, key);
                served.insert(second);
            }
        }
        ends.extend((begun + 1..=world.keys).map(|key| (time + 7_000, Key::nth(key))));
        begun = world.keys;
        while let Some((_, key)) = ends.pop_front_if(|(end, _)| *end <= time) {
            world.admission.leave(world.now, key);
        }
    }
    assert_eq!(world.refused, 0, "nobody gets an ERROR");
    served.len()
}

#[test]
fn real_clients_win_over_forged_requests() {
    let five = |count: u64| IpAddr::from([192, 0, 2, 2 + (count % 5) as u8]);
    let own = |second: u64| IpAddr::from([198, 51, 100, second as u8]);
    assert_eq!(served(10, 300, five, own), 10, "from five other addresses");
    assert_eq!(served(10, 300, five, |_| IpAddr::from([192, 0, 2, 2])), 10, "from the address of the client too");
    assert_eq!(served(10, 300, five, five), 10, "from the addresses of all clients");
    let many = |count: u64| IpAddr::from([10, (count >> 16) as u8, (count >> 8) as u8, count as u8]);
    assert_eq!(served(4, 3_000, many, own), 4, "from as many addresses as there are requests");
}

#[test]
fn a_flood_of_requests_that_wait_takes_bounded_memory_and_one_address_only_a_part_of_it() {
    let mut world = World::new(Policy { max_transfers: 1, ..Policy::default() });
    let port = |count: u32| 1 + count as u16;
    (0..5_000).for_each(|count| _ = world.ask_from((IpAddr::from([10, 0, 0, 1]), port(count)).into(), REQUEST));
    (0..5_000).for_each(|count| _ = world.ask_from((IpAddr::from([10, 0, 1, count as u8]), 1).into(), REQUEST));
    world.policy.max_transfers = 10_000;
    world.policy.max_per_source = 10_000;
    world.pass(999);
    world.answer("10.0.0.1:1");
    assert_eq!(world.keys, 1 + 512 + 256);
    for count in 0..10_000u32 {
        world.policy.max_transfers = 1;
        world.ask_from((IpAddr::from((0x0b00_0000 + count).to_be_bytes()), 1).into(), REQUEST);
    }
    world.policy.max_transfers = 10_000;
    world.pass(1_000);
    assert_eq!(world.keys, 1 + 512 + 256 + 4096);
}
