use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use super::fault_injector::FaultInjector;
use super::outlet::Outlet;
use super::reporter::Reporter;
use crate::event::{Direction, RecordKind};
use crate::fault::InFlight;
use crate::stop::Stop;
use crate::transfer::{Abort, Event, Io};

/// The socket of a transfer, with its fault injector and its observers.
pub(super) struct Wire<'a, 'o, S> {
    pub(super) socket: S,
    pub(super) injector: Option<&'a mut FaultInjector>,
    pub(super) reporter: Reporter<'a, 'o>,
    pub(super) errors: SendErrors,
    /// Ends the transfer when it is raised, if the loop does not do that itself.
    pub(super) stop: Option<&'a Stop>,
    /// Whether the machine has sent something.
    pub(super) has_sent: bool,
}

/// The meaning of a send error.
pub(super) enum SendErrors {
    /// It counts as a lost packet, which the machine repairs.
    Loss,
    /// It ends the transfer, unless the route fails after the peer has answered: that is loss too.
    Fatal {
        /// Where the first packet went.
        asked: Option<SocketAddr>,
        /// The peer's transfer id; if it is known, a route to it exists.
        peer: Option<SocketAddr>,
    },
}

impl<S: Outlet> Wire<'_, '_, S> {
    /// Whether this error ends the transfer.
    pub(super) fn is_fatal(&self, error: &io::Error) -> bool {
        use io::ErrorKind::{HostUnreachable, NetworkDown, NetworkUnreachable};
        let passing = matches!(error.kind(), HostUnreachable | NetworkUnreachable | NetworkDown);
        matches!(self.errors, SendErrors::Fatal { peer, .. } if !(passing && peer.is_some()))
    }

    /// Whether the first packet went to this address.
    pub(super) fn has_asked(&self, address: SocketAddr) -> bool {
        matches!(self.errors, SendErrors::Fatal { asked, .. } if asked == Some(address))
    }

    /// Returns the peer's transfer id, unless it is the address that was asked: a server that answers from there has the
    /// same for all transfers.
    pub(super) fn own_tid(&self) -> Option<SocketAddr> {
        let SendErrors::Fatal { asked, peer } = &self.errors else { return None };
        peer.filter(|peer| Some(*peer) != *asked)
    }

    /// Notifies of datagrams of one stride that the socket read; to be called before anybody handles the first of them.
    /// With an injector, [`arrive`](Self::arrive) returns those that reach the machine. Without one, all do: it returns
    /// whether that is so.
    pub(super) fn received(&mut self, from: SocketAddr, bytes: &[u8], stride: usize) -> bool {
        if let Some(injector) = &mut self.injector {
            injector.receive(from, (bytes, stride), &mut self.reporter);
            return false;
        }
        self.reporter.crossings(self.reporter.packet_clock(), Direction::Received, from, (bytes, stride), false);
        true
    }

    /// Notifies of datagrams of an earlier transfer, as [`received`](Self::received) does; no rule touches them.
    pub(super) fn received_late(&mut self, from: SocketAddr, bytes: &[u8], stride: usize) {
        self.reporter.notify(RecordKind::Earlier(from));
        self.reporter.crossings(self.reporter.packet_clock(), Direction::Received, from, (bytes, stride), false);
    }

    /// Answers a datagram of an earlier transfer.
    pub(super) fn answer_late(&mut self, to: SocketAddr, answer: &[u8]) {
        let at = self.reporter.packet_clock();
        let lost = self.socket.transmit(to, answer, answer.len()).is_err();
        self.reporter.crossings(at, Direction::Sent, to, (answer, answer.len()), lost);
    }

    /// Sends the packets that the injector held until now. An error is that of a send.
    pub(super) fn leave(&mut self) -> io::Result<()> {
        let Self { socket, injector, reporter, .. } = self;
        injector.as_mut().map_or(Ok(()), |injector| injector.leave(socket, reporter))
    }

    /// Returns the next packet of the injector that reaches the machine by now.
    pub(super) fn arrive(&mut self) -> Option<InFlight> {
        self.injector.as_mut()?.arrive(&mut self.reporter)
    }

    /// Returns when the injector has a packet next.
    pub(super) fn due(&self) -> Option<Instant> {
        self.injector.as_ref()?.due()
    }

    /// Sends what the injector holds, since the loop ends.
    pub(super) fn flush(&mut self) {
        if let Some(injector) = &mut self.injector {
            injector.flush(&mut self.socket, &mut self.reporter);
        }
    }
}

impl<S: Outlet> Io for Wire<'_, '_, S> {
    fn now(&mut self) -> Instant {
        Instant::now()
    }

    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        if let SendErrors::Fatal { asked: asked @ None, .. } = &mut self.errors {
            *asked = Some(to);
            if self.reporter.observers.is_observed() {
                self.reporter.subject.local = self.socket.address_towards(to);
            }
        }
        self.has_sent = true;
        let Self { socket, injector, reporter, .. } = self;
        let sent = if let Some(injector) = injector {
            injector.send(socket, to, (datagrams, stride), reporter)
        } else {
            let at = reporter.packet_clock();
            let sent = socket.transmit(to, datagrams, stride);
            reporter.crossings(at, Direction::Sent, to, (datagrams, stride), sent.is_err());
            sent
        };
        sent.or_else(|error| if self.is_fatal(&error) { Err(error) } else { Ok(()) })
    }

    fn stop(&mut self) -> Option<Abort> {
        self.stop.is_some_and(Stop::is_requested).then_some(Abort::Interrupted)
    }

    fn event(&mut self, event: &Event) {
        if let (SendErrors::Fatal { peer, .. }, Event::Locked(tid)) = (&mut self.errors, event) {
            *peer = Some(*tid);
        }
        self.reporter.notify(RecordKind::Machine(event));
    }
}
