use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::time::Instant;

use crate::files::{ReadFile, WriteFile};
use crate::transfer::{
    Event, Input, Io, Machine, ReadIo, Receiving, Sending, Step, WriteBatch, WriteIo, run_receiver, run_sender,
};

/// A machine and its file, of either direction.
pub(crate) enum Task<R, W> {
    /// The file is read and sent.
    Send {
        /// The machine.
        machine: Box<dyn Sending + Send>,
        /// The file.
        file: R,
    },
    /// The file is received and written.
    Receive {
        /// The machine.
        machine: Box<dyn Receiving + Send>,
        /// What is delivered and not written yet.
        batch: WriteBatch,
        /// The file.
        file: W,
    },
}

impl<R: ReadFile, W: WriteFile> Task<R, W> {
    /// A task that sends `file`.
    pub(crate) fn send(machine: impl Sending + Send + 'static, file: R) -> Self {
        Self::Send { machine: Box::new(machine), file }
    }

    /// A task that receives `file`.
    pub(crate) fn receive(machine: impl Receiving + Send + 'static, file: W) -> Self {
        Self::Receive { machine: Box::new(machine), batch: WriteBatch::default(), file }
    }

    /// Hands one input to the machine, then does what it asks until it waits or ends.
    pub(super) fn run(&mut self, input: Input<'_>, io: &mut impl Io) -> Step {
        match self {
            Self::Send { machine, file } => run_sender(&mut **machine, input, &mut WithFile { io, file }),
            Self::Receive { machine, batch, file } => {
                run_receiver(&mut **machine, batch, input, &mut WithFile { io, file })
            }
        }
    }

    /// The machine, for those who want to know what it cost.
    pub(super) fn machine(&self) -> &dyn Machine {
        match self {
            Self::Send { machine, .. } => &**machine,
            Self::Receive { machine, .. } => &**machine,
        }
    }

    /// The machine of a finished receiver, which may have to repeat its last ACK.
    pub(crate) fn into_receiver(self) -> Option<Box<dyn Receiving + Send>> {
        match self {
            Self::Send { .. } => None,
            Self::Receive { machine, .. } => Some(machine),
        }
    }
}

/// The world and the file, as a machine sees them.
struct WithFile<'a, I, F> {
    io: &'a mut I,
    file: &'a mut F,
}

impl<I: Io, F> Io for WithFile<'_, I, F> {
    fn now(&mut self) -> Instant {
        self.io.now()
    }

    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        self.io.transmit(to, datagrams, stride)
    }

    fn received(&mut self, from: SocketAddr, datagram: &[u8]) {
        self.io.received(from, datagram);
    }

    fn event(&mut self, event: &Event) {
        self.io.event(event);
    }
}

impl<I: Io, F: ReadFile> ReadIo for WithFile<'_, I, F> {
    fn fill(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.file.fill(room)
    }
}

impl<I: Io, F: WriteFile> WriteIo for WithFile<'_, I, F> {
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.deliver(bytes)
    }

    fn deliver_all(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        self.file.deliver_all(pieces)
    }

    fn commit(&mut self) -> io::Result<()> {
        self.file.commit()
    }
}
