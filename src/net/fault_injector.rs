//! Where faults on purpose come true: between a machine and its socket.

use std::borrow::Cow;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::socket::Socket;
use crate::bugs::ServerBug;
use crate::event::{Direction, RecordKind};
use crate::fault::{DelayQueue, Faults, Hit, InFlight, RuleState};
use crate::transfer::datagrams;

/// The faults of one side: the shell changes them, while a loop, perhaps in another thread, applies them.
#[derive(Debug, Clone, Default)]
pub struct SharedFaults(Arc<Mutex<Faults>>);

impl SharedFaults {
    /// The rules, for this thread alone until it lets go of them.
    pub fn lock(&self) -> MutexGuard<'_, Faults> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Meddles with the packets of one transfer. Transfers without faults have none, and pay nothing.
///
/// A loop that has one puts packets in with [`send`](Self::send) and [`take_in`](Self::take_in), waits no longer than
/// [`due`](Self::due), and does with each parcel of [`take`](Self::take) what it would have done with the packet.
/// Packets are told once: those sent when they leave the machine, those received when they reach it, or are lost.
#[derive(Debug)]
pub(crate) struct FaultInjector {
    faults: SharedFaults,
    course: RuleState,
    line: DelayQueue,
    /// The port strangers speak from.
    spare: Option<Socket>,
    /// A bug that lets another port speak too.
    intruder: Option<ServerBug>,
    /// How late the request came, and so how late its answer goes out.
    late: Duration,
    /// The last packet sent was lost, or waits for one to overtake it.
    has_pending: bool,
}

impl FaultInjector {
    /// For a transfer that takes this course.
    pub(crate) fn new(faults: &SharedFaults, course: RuleState) -> Self {
        let (faults, line) = (faults.clone(), DelayQueue::default());
        Self { faults, course, line, spare: None, intruder: None, late: Duration::ZERO, has_pending: false }
    }

    /// The same with a bug that sends packets from another port.
    pub(crate) fn with_intruder(self, bug: Option<ServerBug>) -> Self {
        Self { intruder: bug, ..self }
    }

    /// The next attempt has a socket of its own: what is still on the way has nowhere to arrive.
    pub(crate) fn start_over(&mut self) -> &mut Self {
        (self.line, self.has_pending) = (DelayQueue::default(), false);
        self
    }

    /// A request came in, before there was a transfer: how often it arrives, and as what. Nothing follows it that could
    /// overtake it.
    pub(crate) fn request<'a>(&mut self, datagram: &'a [u8]) -> (u32, Cow<'a, [u8]>) {
        let verdict = self.faults.lock().judge(&mut self.course, Direction::Received, datagram);
        self.late = verdict.delay;
        (if verdict.overtaken { 0 } else { verdict.copies }, verdict.datagram)
    }

    /// One more for a second transfer that the same request began.
    pub(crate) fn twin(&self) -> Self {
        let twin = Self::new(&self.faults, self.course.clone()).with_intruder(self.intruder);
        Self { late: self.late, ..twin }
    }

    /// What the rules know of the transfer, for its next attempt.
    pub(crate) fn into_course(self) -> RuleState {
        self.course
    }

    /// The machine sends datagrams of one stride.
    pub(crate) fn send(&mut self, to: SocketAddr, bytes: &[u8], stride: usize, tell: &mut dyn FnMut(RecordKind<'_>)) {
        let now = Instant::now();
        for datagram in datagrams(bytes, stride) {
            let verdict = self.faults.lock().judge(&mut self.course, Direction::Sent, datagram);
            tell_hits(&verdict.hits, tell);
            let lost = verdict.copies == 0;
            tell(RecordKind::Packet { direction: Direction::Sent, peer: to, datagram: &verdict.datagram, lost });
            self.has_pending = lost || verdict.overtaken;
            let foreign = self.intruder.and_then(|bug| bug.intruder(datagram));
            if let Some((foreign, spare)) = foreign.and_then(|foreign| Some((foreign, self.spare(to)?))) {
                // A stranger who is not heard is none.
                let _ = spare.transmit(to, &foreign, foreign.len());
            }
            self.line.put(now + std::mem::take(&mut self.late), Direction::Sent, to, &verdict);
        }
    }

    /// The socket received datagrams of one stride.
    pub(crate) fn take_in(
        &mut self,
        from: SocketAddr,
        bytes: &[u8],
        stride: usize,
        tell: &mut dyn FnMut(RecordKind<'_>),
    ) {
        let now = Instant::now();
        for datagram in datagrams(bytes, stride) {
            let verdict = self.faults.lock().judge(&mut self.course, Direction::Received, datagram);
            if verdict.copies == 0 {
                tell_hits(&verdict.hits, tell);
                tell(RecordKind::Packet { direction: Direction::Received, peer: from, datagram, lost: true });
            }
            self.line.put(now, Direction::Received, from, &verdict);
        }
    }

    /// When the next packet arrives, if one is on the way.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.line.due()
    }

    /// The next packet that has arrived. One that was received is told, and comes from the port it is to come from.
    pub(crate) fn take(&mut self, now: Instant, tell: &mut dyn FnMut(RecordKind<'_>)) -> Option<InFlight> {
        let mut parcel = self.line.take(now)?;
        if parcel.direction == Direction::Received {
            if parcel.stranger {
                // A port of this machine that nobody listens at, so that the answer troubles no one.
                let port = self.spare(parcel.peer).map_or(parcel.peer.port() ^ 1, |spare| spare.local().port());
                parcel.peer.set_port(port);
            }
            tell_hits(&parcel.hits, tell);
            if !parcel.again {
                let (direction, peer, datagram) = (parcel.direction, parcel.peer, &parcel.datagram);
                tell(RecordKind::Packet { direction, peer, datagram, lost: false });
            }
        }
        Some(parcel)
    }

    /// Sends a parcel of this side, from the port it is to come from.
    pub(crate) fn post(&mut self, socket: &mut Socket, parcel: &InFlight) -> io::Result<()> {
        let stride = parcel.datagram.len();
        if parcel.stranger {
            return self
                .spare(parcel.peer)
                .map_or(Ok(()), |spare| spare.transmit(parcel.peer, &parcel.datagram, stride));
        }
        socket.transmit(parcel.peer, &parcel.datagram, stride)
    }

    /// Sends at once what is still on the way to the peer: nobody will wait for it any more.
    pub(crate) fn flush(&mut self, socket: &mut Socket) {
        while let Some(parcel) = self.due().and_then(|moment| self.line.take(moment)) {
            if parcel.direction == Direction::Sent {
                // Lost or not, the transfer is over.
                let _ = self.post(socket, &parcel);
            }
        }
    }

    /// Whether the peer still waits, as far as can be known here, for the last packet sent.
    pub(crate) fn has_pending(&self) -> bool {
        self.has_pending || self.due().is_some()
    }

    fn spare(&mut self, peer: SocketAddr) -> Option<&mut Socket> {
        if self.spare.is_none() {
            // Without a descriptor there is no stranger.
            self.spare = Socket::towards(peer, None).ok();
        }
        self.spare.as_mut()
    }
}

fn tell_hits(hits: &[Hit], tell: &mut dyn FnMut(RecordKind<'_>)) {
    hits.iter().for_each(|hit| tell(RecordKind::Fault(*hit)));
}
