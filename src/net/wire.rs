use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use super::fault_injector::FaultInjector;
use super::socket::Socket;
use crate::event::{Direction, Observers, Record, RecordKind};
use crate::fault::InFlight;
use crate::transfer::{Event, Io};

/// The socket of a transfer, the faults before it, and the observers of what crosses it.
pub(super) struct Wire<'a, 'o> {
    pub(super) socket: &'a mut Socket,
    pub(super) injector: Option<&'a mut FaultInjector>,
    pub(super) observers: &'a mut Observers<'o>,
    /// This side, as observers see it.
    pub(super) local: SocketAddr,
    pub(super) errors: SendErrors,
}

/// What an error of sending means.
pub(super) enum SendErrors {
    /// It counts as a lost packet, which the machine repairs.
    Loss,
    /// It ends the transfer, unless the way fails that the peer's answer came by: that is loss too.
    Fatal {
        /// Where the first packet went.
        asked: Option<SocketAddr>,
        /// The peer's transfer id is known, so a way to it exists.
        answered: bool,
    },
}

impl Wire<'_, '_> {
    /// Whether this error ends the transfer.
    pub(super) fn is_fatal(&self, error: &io::Error) -> bool {
        use io::ErrorKind::{HostUnreachable, NetworkDown, NetworkUnreachable};
        let passing = matches!(error.kind(), HostUnreachable | NetworkUnreachable | NetworkDown);
        matches!(self.errors, SendErrors::Fatal { answered, .. } if !(passing && answered))
    }

    /// Whether the first packet went to this address.
    pub(super) fn has_asked(&self, address: SocketAddr) -> bool {
        matches!(self.errors, SendErrors::Fatal { asked, .. } if asked == Some(address))
    }

    /// Gives received datagrams of one stride to the injector, from which [`take`](Self::take) gets them.
    pub(super) fn inject(&mut self, from: SocketAddr, bytes: &[u8], stride: usize) {
        let (observers, at, local) = (&mut *self.observers, Instant::now(), self.local);
        if let Some(injector) = &mut self.injector {
            injector.take_in(from, bytes, stride, &mut |kind| observers.notify(&Record { at, local, kind }));
        }
    }

    /// The next packet that the injector had on the way, and that has arrived by now.
    pub(super) fn take(&mut self) -> Option<InFlight> {
        let (observers, at, local) = (&mut *self.observers, Instant::now(), self.local);
        self.injector.as_mut()?.take(at, &mut |kind| observers.notify(&Record { at, local, kind }))
    }

    /// Sends a packet of [`take`](Self::take).
    pub(super) fn post(&mut self, packet: &InFlight) -> io::Result<()> {
        self.injector.as_mut().map_or(Ok(()), |injector| injector.post(self.socket, packet))
    }

    fn notify(&mut self, kind: RecordKind<'_>) {
        if self.observers.is_observed() {
            self.observers.notify(&Record { at: Instant::now(), local: self.local, kind });
        }
    }
}

impl Io for Wire<'_, '_> {
    fn now(&mut self) -> Instant {
        Instant::now()
    }

    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        if let SendErrors::Fatal { asked: asked @ None, .. } = &mut self.errors {
            *asked = Some(to);
            if self.observers.is_observed() {
                self.local = self.socket.address_towards(to);
            }
        }
        let (observers, at, local) = (&mut *self.observers, Instant::now(), self.local);
        if let Some(injector) = &mut self.injector {
            injector.send(to, datagrams, stride, &mut |kind| observers.notify(&Record { at, local, kind }));
            return Ok(());
        }
        let sent = self.socket.transmit(to, datagrams, stride);
        if observers.is_observed() {
            let lost = sent.is_err();
            for datagram in datagrams.chunks(stride.max(1)) {
                let kind = RecordKind::Packet { direction: Direction::Sent, peer: to, datagram, lost };
                observers.notify(&Record { at, local, kind });
            }
        }
        sent.or_else(|error| if self.is_fatal(&error) { Err(error) } else { Ok(()) })
    }

    fn received(&mut self, from: SocketAddr, datagram: &[u8]) {
        // The injector reports what it lets through by itself.
        if self.injector.is_none() {
            self.notify(RecordKind::Packet { direction: Direction::Received, peer: from, datagram, lost: false });
        }
    }

    fn event(&mut self, event: &Event) {
        if let (SendErrors::Fatal { answered, .. }, Event::Locked(_)) = (&mut self.errors, event) {
            *answered = true;
        }
        self.notify(RecordKind::Machine(event));
    }
}
