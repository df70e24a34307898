use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use crate::bugs::ServerBug;
use crate::event::Direction;
use crate::fault::{FaultyLink, InFlight, Judgement, Origin, Passage, RuleState};
use crate::net::{Envelope, FaultInjector, SharedFaults, Spare};

/// The most unanswered requests that are remembered; the oldest are forgotten.
const REMEMBERED: usize = 64;

/// The fault rules of a server at its listening sockets, before there is a transfer.
#[derive(Debug)]
pub(super) struct RequestFaults {
    faults: SharedFaults,
    link: FaultyLink,
    /// Requests on the way from their socket to the server, by their numbers in the link.
    on_the_way: HashMap<u64, Asked>,
    /// To the rules, a repeated request is the same transfer: one that is dropped once passes then.
    unanswered: VecDeque<Unanswered>,
    spare: Spare,
}

/// Where a request came from, and the transfer that it belongs to.
#[derive(Debug)]
pub(super) struct Asked {
    /// Index of the listening socket.
    pub(super) listener: usize,
    pub(super) envelope: Envelope,
    /// The number of the transfer.
    pub(super) number: u64,
    /// The transfer has its answer already: the client asked again while this one was held, or it is a repetition.
    pub(super) is_answered: bool,
    /// The injector for a transfer that it begins.
    pub(super) injector: Option<Box<FaultInjector>>,
}

/// A request that got no answer yet.
#[derive(Debug)]
struct Unanswered {
    client: SocketAddr,
    request: Box<[u8]>,
    number: u64,
    state: RuleState,
}

impl RequestFaults {
    pub(super) fn new(faults: SharedFaults) -> Self {
        let (link, spare) = (FaultyLink::default(), Spare::default());
        Self { faults, link, on_the_way: HashMap::new(), unanswered: VecDeque::new(), spare }
    }

    /// Takes a request from a socket; [`arrive`](Self::arrive) returns those that reach the server.
    ///
    /// Calls `crossed` for the request and each of its copies, with the number of the transfer that it belongs to, if it
    /// is known. It returns the number. `doubled` is that of a running transfer which answers the same request.
    pub(super) fn receive(
        &mut self,
        (listener, envelope): (usize, &Envelope),
        request: &[u8],
        bug: Option<ServerBug>,
        doubled: Option<u64>,
        mut crossed: impl FnMut(&InFlight, Option<u64>) -> u64,
    ) {
        let (now, client) = (Instant::now(), envelope.from);
        let intruder = bug.filter(|bug| *bug == ServerBug::Stranger);
        let acts = self.faults.lock().act_on(client.ip());
        let injects = acts || intruder.is_some();
        let is_same = |it: &Unanswered| it.client == client && *it.request == *request;
        let earlier = self.unanswered.iter().position(is_same).and_then(|place| self.unanswered.remove(place));
        let mut number = earlier.as_ref().map(|earlier| earlier.number).or(doubled);
        let mut state = earlier.map(|earlier| earlier.state);
        if injects {
            state.get_or_insert_with(|| self.faults.lock().begin());
        }
        let judgement = match &mut state {
            Some(state) if acts => self.faults.lock().judge(state, Direction::Received, request),
            _ => Judgement::pass(request),
        };
        let stray = judgement.stranger.then(|| self.spare.port(client));
        let Self { faults, link, on_the_way, .. } = self;
        link.receive(now, client, request, judgement, |passage| {
            let Passage::Crosses(packet) = passage else { return };
            if let (Origin::Stray, Some(port)) = (packet.origin, stray) {
                packet.peer.set_port(port);
            }
            let of_packet = crossed(packet, number.filter(|_| packet.origin != Origin::Stray));
            if packet.origin == Origin::Machine {
                number = Some(of_packet);
            }
            if !packet.is_lost() {
                let injector =
                    state.as_ref().filter(|_| injects).map(|state| FaultInjector::new(faults, state.clone()));
                let injector = injector.map(|injector| Box::new(injector.with_intruder(intruder)));
                let envelope = Envelope { from: packet.peer, ..*envelope };
                let asked = Asked { listener, envelope, number: of_packet, is_answered: doubled.is_some(), injector };
                on_the_way.insert(packet.id, asked);
            }
        });
        if let (Some(state), Some(number), None) = (state, number, doubled) {
            self.unanswered.truncate(REMEMBERED - 1);
            self.unanswered.push_front(Unanswered { client, request: request.into(), number, state });
        }
    }

    /// Returns the next request that reaches the server by now.
    pub(super) fn arrive(&mut self, now: Instant) -> Option<(Asked, InFlight)> {
        let packet = self.link.arrive(now, |_| {})?;
        Some((self.on_the_way.remove(&packet.id)?, packet))
    }

    /// Returns when the next request reaches the server, if one is on the way.
    pub(super) fn due(&self) -> Option<Instant> {
        self.link.due()
    }

    /// Notes that the request of this transfer got its answer.
    pub(super) fn answered(&mut self, number: u64) {
        self.unanswered.retain(|it| it.number != number);
        let others = self.on_the_way.values_mut().filter(|it| it.number == number);
        others.for_each(|it| it.is_answered = true);
    }
}
