//! The fault injector: applies fault rules between a machine and its socket.

use std::borrow::Cow;
use std::io;
use std::mem;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::reporter::Reporter;
use super::socket::Socket;
use crate::bugs::ServerBug;
use crate::event::Direction;
use crate::fault::{DelayQueue, Faults, InFlight, RuleState};
use crate::transfer::datagrams;

/// The fault rules of one side. The shell changes them while a loop, perhaps in another thread, applies them.
#[derive(Debug, Clone, Default)]
pub struct SharedFaults(Arc<Mutex<Faults>>);

impl SharedFaults {
    /// Locks the rules for this thread.
    pub fn lock(&self) -> MutexGuard<'_, Faults> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A fault injector for the packets of one transfer. Transfers without faults have none, and pay nothing.
///
/// A loop gives packets to [`send`](Self::send) and [`receive`](Self::receive), waits no longer than
/// [`due`](Self::due), and handles the packets of [`take`](Self::take) instead. The injector reports each packet once:
/// a sent one when it leaves the machine, a received one when it reaches the machine or is lost.
#[derive(Debug)]
pub(crate) struct FaultInjector {
    faults: SharedFaults,
    state: RuleState,
    queue: DelayQueue,
    /// The port of stray packets.
    spare: Option<Socket>,
    /// A bug that sends packets from another port.
    intruder: Option<ServerBug>,
    /// The delay of the request, and so of its answer.
    late: Duration,
    /// The last packet sent was lost, or waits for one to overtake it.
    has_pending: bool,
}

impl FaultInjector {
    /// Makes an injector for a transfer with this rule state.
    pub(crate) fn new(faults: &SharedFaults, state: RuleState) -> Self {
        let (faults, queue) = (faults.clone(), DelayQueue::default());
        Self { faults, state, queue, spare: None, intruder: None, late: Duration::ZERO, has_pending: false }
    }

    /// Adds a bug that sends packets from another port.
    pub(crate) fn with_intruder(self, bug: Option<ServerBug>) -> Self {
        Self { intruder: bug, ..self }
    }

    /// Begins another attempt with a new socket: packets in flight to the old one are dropped.
    pub(crate) fn start_over(&mut self) -> &mut Self {
        (self.queue, self.has_pending) = (DelayQueue::default(), false);
        self
    }

    /// Applies the rules to a request; returns how often it arrives, and what does. No later packet overtakes it.
    pub(crate) fn request<'a>(&mut self, datagram: &'a [u8]) -> (u32, Cow<'a, [u8]>) {
        let judgement = self.faults.lock().judge(&mut self.state, Direction::Received, datagram);
        self.late = judgement.delay;
        (if judgement.overtaken { 0 } else { judgement.copies }, judgement.datagram)
    }

    /// Makes another injector, for a second transfer of the same request.
    pub(crate) fn twin(&self) -> Self {
        let twin = Self::new(&self.faults, self.state.clone()).with_intruder(self.intruder);
        Self { late: self.late, ..twin }
    }

    /// Returns the rule state of the transfer, for its next attempt.
    pub(crate) fn into_state(self) -> RuleState {
        self.state
    }

    /// Takes datagrams of one stride from the machine.
    pub(super) fn send(&mut self, to: SocketAddr, bytes: &[u8], stride: usize, reporter: &mut Reporter<'_, '_>) {
        let now = Instant::now();
        for datagram in datagrams(bytes, stride) {
            let judgement = self.faults.lock().judge(&mut self.state, Direction::Sent, datagram);
            let lost = judgement.copies == 0;
            reporter.hit(Direction::Sent, to, &judgement.datagram, lost, &judgement.hits);
            self.has_pending = lost || judgement.overtaken;
            let foreign = self.intruder.and_then(|bug| bug.intruder(datagram));
            if let Some((foreign, spare)) = foreign.and_then(|foreign| Some((foreign, self.spare(to)?))) {
                // A stray packet that cannot be sent does not matter.
                let _ = spare.transmit(to, &foreign, foreign.len());
            }
            self.queue.put(now + mem::take(&mut self.late), Direction::Sent, to, &judgement);
        }
    }

    /// Takes datagrams of one stride from the socket.
    pub(super) fn receive(&mut self, from: SocketAddr, bytes: &[u8], stride: usize, reporter: &mut Reporter<'_, '_>) {
        let now = Instant::now();
        for datagram in datagrams(bytes, stride) {
            let judgement = self.faults.lock().judge(&mut self.state, Direction::Received, datagram);
            if judgement.copies == 0 {
                reporter.hit(Direction::Received, from, datagram, true, &judgement.hits);
            }
            self.queue.put(now, Direction::Received, from, &judgement);
        }
    }

    /// Returns when the next packet arrives, if one is in flight.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.queue.due()
    }

    /// Returns the next packet that has arrived by now; reports a received one.
    pub(super) fn take(&mut self, reporter: &mut Reporter<'_, '_>) -> Option<InFlight> {
        let mut packet = self.queue.take(Instant::now())?;
        if packet.direction == Direction::Received {
            if packet.stranger {
                // A port of this computer where no program listens, so that the answer disturbs none.
                let port = self.spare(packet.peer).map_or(packet.peer.port() ^ 1, |spare| spare.local().port());
                packet.peer.set_port(port);
            }
            if !packet.again {
                reporter.hit(packet.direction, packet.peer, &packet.datagram, false, &packet.hits);
            }
        }
        Some(packet)
    }

    /// Sends a packet of this side from `socket`, or from the spare port.
    pub(super) fn post(&mut self, socket: &mut Socket, packet: &InFlight) -> io::Result<()> {
        let from = if packet.stranger { self.spare(packet.peer) } else { Some(socket) };
        from.map_or(Ok(()), |from| from.transmit(packet.peer, &packet.datagram, packet.datagram.len()))
    }

    /// Sends all packets in flight to the peer immediately, since the loop ends.
    pub(crate) fn flush(&mut self, socket: &mut Socket) {
        while let Some(packet) = self.due().and_then(|time| self.queue.take(time)) {
            if packet.direction == Direction::Sent {
                // The transfer is over, so a failure does not matter.
                let _ = self.post(socket, &packet);
            }
        }
    }

    /// Whether the peer may still wait for the last packet sent.
    pub(crate) fn has_pending(&self) -> bool {
        self.has_pending || self.due().is_some()
    }

    fn spare(&mut self, peer: SocketAddr) -> Option<&mut Socket> {
        if self.spare.is_none() {
            // Without a file descriptor there is no stray packet.
            self.spare = Socket::towards(peer, None).ok();
        }
        self.spare.as_mut()
    }
}
