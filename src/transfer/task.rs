use std::io;
use std::net::SocketAddr;

use super::batch::{Blocks, WriteBatch};
use super::io::datagrams;
use super::{Cause, Delivery, Input, Io, Machine, Output, ReadFile, Receiving, Sending, Step, Stopped, WriteFile};

/// A machine and its file, of either direction.
pub enum Task<R, W> {
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
        /// Bytes that are delivered and not written yet.
        batch: WriteBatch,
        /// The file.
        file: W,
    },
}

impl<R: ReadFile, W: WriteFile> Task<R, W> {
    /// Makes a task that sends `file`.
    pub fn send(machine: impl Sending + Send + 'static, file: R) -> Self {
        Self::Send { machine: Box::new(machine), file }
    }

    /// Makes a task that receives `file`.
    pub fn receive(machine: impl Receiving + Send + 'static, file: W) -> Self {
        Self::Receive { machine: Box::new(machine), batch: WriteBatch::default(), file }
    }

    /// Returns what both directions share.
    pub fn machine(&self) -> &dyn Machine {
        match self {
            Self::Send { machine, .. } => &**machine,
            Self::Receive { machine, .. } => &**machine,
        }
    }

    /// Returns the SHA-256 of the local bytes so far, if it is computed.
    pub fn sha256(&self) -> Option<[u8; 32]> {
        match self {
            Self::Send { file, .. } => file.sha256(),
            Self::Receive { file, .. } => file.sha256(),
        }
    }

    /// Hands one input to the machine, then does what it asks until it waits or ends.
    pub fn run(&mut self, input: Input<'_>, io: &mut impl Io) -> Step {
        let side = match self {
            Self::Send { machine, file } => Side::Send { machine: &mut **machine, file },
            Self::Receive { machine, batch, file } => {
                Side::Receive { machine: &mut **machine, blocks: Blocks::new(batch), file }
            }
        };
        let mut run = Run { side, io, cause: None };
        run.input(input)
    }
}

/// The machine and the file during one input, whose datagrams live for `'d`.
#[expect(clippy::large_enum_variant, reason = "a single value, on the stack")]
enum Side<'a, 'd, R, W> {
    Send { machine: &'a mut dyn Sending, file: &'a mut R },
    Receive { machine: &'a mut dyn Receiving, blocks: Blocks<'a, 'd>, file: &'a mut W },
}

impl<'d, R: ReadFile, W: WriteFile> Side<'_, 'd, R, W> {
    fn machine(&mut self) -> &mut dyn Machine {
        match self {
            Self::Send { machine, .. } => *machine,
            Self::Receive { machine, .. } => *machine,
        }
    }

    /// Does the next thing that the machine asks of its file; returns `false` if there is none.
    fn work(&mut self, datagram: &'d [u8], io: &mut impl Io) -> io::Result<bool> {
        match self {
            Self::Send { machine, file } => {
                let Some(space) = machine.space() else { return Ok(false) };
                let length = file.fill(space)?;
                match io.stop() {
                    None => machine.filled(io.now(), length),
                    Some(reason) => machine.abort(io.now(), reason),
                }
            }
            Self::Receive { machine, blocks, file } => match machine.delivery() {
                None => return Ok(false),
                Some(Delivery::Block(range)) => blocks.add(datagram.get(range).unwrap_or_default(), *file)?,
                Some(Delivery::Commit) => {
                    blocks.write(*file)?;
                    file.commit()?;
                    machine.committed(io.now());
                }
            },
        }
        Ok(true)
    }
}

struct Run<'a, 'd, R, W, I> {
    side: Side<'a, 'd, R, W>,
    io: &'a mut I,
    /// The first local error.
    cause: Option<Cause>,
}

impl<'a, 'd, R: ReadFile, W: WriteFile, I: Io> Run<'a, 'd, R, W, I> {
    fn input(&mut self, input: Input<'d>) -> Step {
        match input {
            Input::Start => {}
            Input::Datagrams { from, bytes, stride } => return self.datagrams(from, bytes, stride),
            Input::Unreachable(to) => self.side.machine().unreachable(self.io.now(), to),
            Input::Tick => self.side.machine().tick(self.io.now()),
            Input::NetworkError(error) => self.fail(Cause::Network(error)),
            Input::Abort(reason) => self.side.machine().abort(self.io.now(), reason),
        }
        self.drain(&[])
    }

    fn datagrams(&mut self, from: SocketAddr, bytes: &'d [u8], stride: usize) -> Step {
        if bytes.len() > stride {
            // Many blocks are written from the buffer they are in, after the blocks before them.
            self.blocks(Blocks::write);
        }
        let mut step = None;
        for datagram in datagrams(bytes, stride) {
            self.side.machine().datagram(self.io.now(), from, datagram);
            let now = step.insert(self.drain(datagram));
            if !matches!(now, Step::Wait(_)) {
                // The others came before the last packet left, which answers them too.
                break;
            }
        }
        match (self.blocks(Blocks::keep), step) {
            (true, Some(step)) => step,
            _ => self.drain(&[]),
        }
    }

    /// Does something with the blocks of a receiver; an error aborts the transfer. Returns whether all went well.
    fn blocks(&mut self, act: impl FnOnce(&mut Blocks<'a, 'd>, &mut W) -> io::Result<()>) -> bool {
        let Side::Receive { blocks, file, .. } = &mut self.side else { return true };
        let result = act(blocks, file).map_err(|error| self.fail(Cause::File(error)));
        result.is_ok()
    }

    /// Does what the machine asks until it waits or ends; `datagram` is the one it took last.
    fn drain(&mut self, datagram: &'d [u8]) -> Step {
        let mut complete = None;
        loop {
            match self.side.work(datagram, self.io) {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    self.fail(Cause::File(error));
                    continue;
                }
            }
            let (output, unwritten) = match &mut self.side {
                Side::Send { machine, .. } => (machine.poll(), None),
                Side::Receive { machine, blocks, file } => (machine.poll(), Some((blocks, file))),
            };
            match output {
                Output::Transmit { to, datagrams, stride } => {
                    // Nothing is acknowledged unwritten.
                    let written = unwritten.map_or(Ok(()), |(blocks, file)| blocks.write(*file));
                    let sent = match written {
                        Ok(()) => self.io.transmit(to, datagrams, stride).map_err(Cause::Network),
                        Err(error) => Err(Cause::File(error)),
                    };
                    if let Err(cause) = sent {
                        self.fail(cause);
                    }
                }
                Output::Event(event) => self.io.event(&event),
                // The last ACK goes out before the caller learns of the end.
                Output::Complete(report) => complete = Some(report),
                Output::Wait(until) => {
                    return complete.map_or(Step::Wait(until), |report| Step::Complete { report, dally: Some(until) });
                }
                Output::Done => return complete.map_or(Step::Over, |report| Step::Complete { report, dally: None }),
                Output::Failed(failure) => return Step::Failed(Stopped { failure, cause: self.cause.take() }),
            }
        }
    }

    /// Aborts once; later errors do not hide the first cause.
    fn fail(&mut self, cause: Cause) {
        if self.cause.is_none() {
            self.side.machine().abort(self.io.now(), cause.abort());
            self.cause = Some(cause);
        }
    }
}
