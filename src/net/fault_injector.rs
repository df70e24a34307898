//! The fault injector: applies fault rules around a socket, and makes the records of its packets.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::outlet::Outlet;
use super::reporter::Reporter;
use super::socket::Socket;
use crate::bugs::ServerBug;
use crate::event::{Crossing, Direction, Origin};
use crate::fault::{Faults, FaultyLink, InFlight, Passage, RuleState};
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

/// A fault injector around the socket of one transfer. Transfers without faults have none, and pay nothing.
///
/// A loop gives packets to [`send`](Self::send) and [`receive`](Self::receive), waits no longer than
/// [`due`](Self::due), and then handles what [`leave`](Self::leave) and [`arrive`](Self::arrive) say. The injector makes
/// the record of each packet when it crosses the socket, and of each copy.
#[derive(Debug)]
pub(crate) struct FaultInjector {
    faults: SharedFaults,
    link: FaultyLink,
    /// The port of stray packets.
    spare: Spare,
    /// A bug that sends packets from another port.
    intruder: Option<ServerBug>,
}

/// A port of this computer where no program listens, for packets of strangers: an answer disturbs none.
#[derive(Debug, Default)]
pub(crate) struct Spare(Option<Socket>);

impl Spare {
    /// Returns the port, for packets that seem to come from the computer of `peer`.
    pub(crate) fn port(&mut self, peer: SocketAddr) -> u16 {
        self.socket(peer).map_or(peer.port() ^ 1, |socket| socket.local().port())
    }

    /// Returns its socket, unless there are no file descriptors left.
    fn socket(&mut self, peer: SocketAddr) -> Option<&mut Socket> {
        if self.0.is_none() {
            self.0 = Socket::towards(peer, None).ok();
        }
        self.0.as_mut()
    }
}

impl FaultInjector {
    /// Makes an injector for a transfer with this rule state.
    pub(crate) fn new(faults: &SharedFaults, state: RuleState) -> Self {
        let (faults, link) = (faults.clone(), FaultyLink::new(state));
        Self { faults, link, spare: Spare::default(), intruder: None }
    }

    /// Adds a bug that sends packets from another port.
    pub(crate) fn with_intruder(self, bug: Option<ServerBug>) -> Self {
        Self { intruder: bug, ..self }
    }

    /// Begins another attempt with a new socket: packets in flight to the old one are dropped.
    pub(crate) fn start_over(&mut self) -> &mut Self {
        self.link.start_over();
        self
    }

    /// Takes datagrams of one stride from the machine; those that no rule holds leave immediately.
    pub(super) fn send(
        &mut self,
        socket: &mut impl Outlet,
        to: SocketAddr,
        (bytes, stride): (&[u8], usize),
        reporter: &mut Reporter<'_, '_>,
    ) -> io::Result<()> {
        for datagram in datagrams(bytes, stride) {
            let now = Instant::now();
            let judgement = self.link.judge(&mut self.faults.lock(), Direction::Sent, datagram);
            if let Some(foreign) = self.intruder.and_then(|bug| bug.intruder(datagram)) {
                self.link.stray(now, to, foreign);
            }
            self.link.send(now, to, datagram, judgement);
        }
        self.leave(socket, reporter)
    }

    /// Sends the packets whose time has come.
    pub(super) fn leave(&mut self, socket: &mut impl Outlet, reporter: &mut Reporter<'_, '_>) -> io::Result<()> {
        let mut result = Ok(());
        while let Some(packet) = self.link.leave(Instant::now()) {
            result = result.and(self.post(socket, &packet, reporter));
        }
        result
    }

    /// Takes datagrams of one stride from the socket; [`arrive`](Self::arrive) returns those that reach the machine.
    pub(super) fn receive(
        &mut self,
        from: SocketAddr,
        (bytes, stride): (&[u8], usize),
        reporter: &mut Reporter<'_, '_>,
    ) {
        let now = Instant::now();
        for datagram in datagrams(bytes, stride) {
            let judgement = self.link.judge(&mut self.faults.lock(), Direction::Received, datagram);
            let stray = judgement.stranger.then(|| self.spare.port(from));
            self.link.receive(now, from, datagram, judgement, |mut passage| {
                if let (Passage::Crosses(packet), Some(port)) = (&mut passage, stray)
                    && packet.origin == Origin::Stray
                {
                    packet.peer.set_port(port);
                }
                reporter.passage(now, passage);
            });
        }
    }

    /// Returns the next packet that reaches the machine by now.
    pub(super) fn arrive(&mut self, reporter: &mut Reporter<'_, '_>) -> Option<InFlight> {
        let now = Instant::now();
        self.link.arrive(now, |passage| reporter.passage(now, passage))
    }

    /// Returns when the next packet leaves or arrives, if one is on the way.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.link.due()
    }

    /// Sends all packets on the way to the peer immediately, since the loop ends.
    pub(crate) fn flush(&mut self, socket: &mut impl Outlet, reporter: &mut Reporter<'_, '_>) {
        for packet in self.link.flush(Instant::now()) {
            // The transfer is over, so a failure does not matter.
            let _ = self.post(socket, &packet, reporter);
        }
    }

    /// Whether the peer may still wait for the last packet sent.
    pub(crate) fn has_pending(&self) -> bool {
        self.link.has_pending()
    }

    /// Sends a packet from `socket`, or from the spare port, and makes its record.
    fn post(&mut self, socket: &mut impl Outlet, packet: &InFlight, reporter: &mut Reporter<'_, '_>) -> io::Result<()> {
        let (at, peer, bytes) = (Instant::now(), packet.peer, packet.bytes());
        let is_stray = packet.origin == Origin::Stray;
        let (local, sent) = if packet.is_lost() {
            (reporter.subject.local, Ok(()))
        } else if !is_stray {
            (reporter.subject.local, socket.transmit(peer, bytes, bytes.len()))
        } else if let Some(spare) = self.spare.socket(peer) {
            (spare.address_towards(peer), spare.transmit(peer, bytes, bytes.len()))
        } else {
            // Without a file descriptor there is no stray packet.
            return Ok(());
        };
        let crossing = Crossing::from(packet);
        reporter.crossing(at, local, crossing.lost(packet.is_lost() || sent.is_err()));
        // A stray packet that cannot be sent does not matter.
        if is_stray { Ok(()) } else { sent }
    }
}
