use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::bugs::ServerBug;
use crate::fault::RuleState;
use crate::net::{FaultInjector, SharedFaults};

/// The most dropped requests that are remembered; the oldest are forgotten.
const REMEMBERED: usize = 64;

/// The fault rules of a server; some apply to a request, before there is a transfer.
#[derive(Debug)]
pub(super) struct RequestFaults {
    faults: SharedFaults,
    /// Dropped requests. To the rules, a repeated request is the same transfer: one that is dropped once passes then.
    lost: VecDeque<Lost>,
}

#[derive(Debug)]
struct Lost {
    client: SocketAddr,
    request: Box<[u8]>,
    state: RuleState,
}

impl RequestFaults {
    pub(super) fn new(faults: SharedFaults) -> Self {
        Self { faults, lost: VecDeque::new() }
    }

    /// Applies the rules to a request: returns the datagram that arrives, and an injector for the transfer of each
    /// copy.
    pub(super) fn judge<'a>(
        &mut self,
        client: SocketAddr,
        request: &'a [u8],
        bug: Option<ServerBug>,
    ) -> (Cow<'a, [u8]>, Vec<Option<Box<FaultInjector>>>) {
        let intruder = bug.filter(|bug| *bug == ServerBug::Stranger);
        if intruder.is_none() && !self.faults.lock().act_on(client.ip()) {
            return (request.into(), vec![None]);
        }
        let earlier = self.lost.iter().position(|lost| lost.client == client && *lost.request == *request);
        let earlier = earlier.and_then(|place| self.lost.remove(place));
        let state = earlier.map_or_else(|| self.faults.lock().begin(), |lost| lost.state);
        let mut injector = FaultInjector::new(&self.faults, state).with_intruder(intruder);
        let (copies, arrived) = injector.request(request);
        if copies == 0 {
            self.lost.truncate(REMEMBERED - 1);
            self.lost.push_front(Lost { client, request: request.into(), state: injector.into_state() });
            return (arrived, Vec::new());
        }
        let mut injectors: Vec<_> = (1..copies).map(|_| Some(Box::new(injector.twin()))).collect();
        injectors.push(Some(Box::new(injector)));
        (arrived, injectors)
    }
}
