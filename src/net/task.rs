use crate::transfer::{
    Input, Io, Machine, ReadFile, Receiving, Sending, Step, WriteBatch, WriteFile, run_receiver, run_sender,
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
            Self::Send { machine, file } => run_sender(&mut **machine, input, io, file),
            Self::Receive { machine, batch, file } => run_receiver(&mut **machine, batch, input, io, file),
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
