//! Repeats the last ACK of a finished get during whatever comes next (RFC 1350 section 6).
//!
//! If the last ACK is lost, the server sends the last block again and needs an answer, or it reports a failure. The
//! client does not wait for that: it polls the socket before and after the next transfer, or a thread does so while
//! the user sits at a prompt. Only a program about to exit waits, and only if the transfer saw a loss.
//!
//! The observers are not available then, so late packets are noted and reported later.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::reporter::{Reporter, Subject};
use super::socket::{LARGEST_DATAGRAM, Received, Socket};
use crate::event::{Crossing, Direction, Observers};
use crate::files::Source;
use crate::stop::Stop;
use crate::transfer::{Input, Io, Receiving, Rexmt, Step, Task, WriteBatch, WriteFile, datagrams};

/// The most late packets noted until they are reported: a peer may send for ever.
const NOTED: usize = 64;

/// A finished get that may have to repeat its last ACK.
pub(crate) struct Dally {
    task: Task<Source, Finished>,
    port: Port,
    /// The server's transfer id.
    peer: SocketAddr,
    rexmt: Rexmt,
    since: Instant,
}

/// A finished get whose port is free for another transfer. That one receives its late packets.
pub(crate) struct Portless {
    task: Task<Source, Finished>,
    /// The server's transfer id.
    pub(super) peer: SocketAddr,
}

/// The socket of a finished get, with notes of its late packets.
struct Port {
    socket: Socket,
    notes: Notes,
}

type Notes = Arc<Mutex<LatePackets>>;

/// The packets of a finished get since its end.
#[derive(Default)]
struct LatePackets {
    /// The number of the transfer.
    transfer: u64,
    packets: Vec<LatePacket>,
}

/// A packet after the end of its transfer.
struct LatePacket {
    at: Instant,
    local: SocketAddr,
    direction: Direction,
    peer: SocketAddr,
    datagram: Vec<u8>,
    lost: bool,
}

impl Dally {
    /// Takes over after a transfer succeeded.
    pub(crate) fn new(
        transfer: u64,
        machine: Box<dyn Receiving + Send>,
        mut socket: Socket,
        peer: SocketAddr,
        rexmt: Rexmt,
    ) -> Self {
        socket.receive_singly();
        let task = Task::Receive { machine, batch: WriteBatch::default(), file: Finished };
        let notes = LatePackets { transfer, packets: Vec::new() };
        let port = Port { socket, notes: Arc::new(Mutex::new(notes)) };
        Self { task, port, peer, rexmt, since: Instant::now() }
    }

    /// Closes its port.
    fn give_up_port(self) -> Portless {
        Portless { task: self.task, peer: self.peer }
    }

    /// Answers what arrives until a time, or until the machine is done. Returns whether more may arrive.
    fn serve(&mut self, until: Instant, stop: &Stop) -> bool {
        // The machine needs only the number of a repeated block, but observers see whole packets.
        let mut buffer = vec![0; LARGEST_DATAGRAM];
        let mut step = self.task.run(Input::Start, &mut self.port);
        while let Step::Wait(done) = step {
            let input = match self.port.socket.receive(&mut buffer, until.min(done)) {
                Ok(Received::Datagrams { from, length, stride }) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    self.port.note(Direction::Received, from, (bytes, stride), false);
                    Input::Datagrams { from, bytes, stride }
                }
                Ok(Received::Refused(to)) => Input::Unreachable(to),
                Ok(Received::Unreachable { .. } | Received::Interrupted | Received::Elapsed) => Input::Tick,
                Err(_) => return false,
            };
            step = self.task.run(input, &mut self.port);
            if let Step::Wait(_) = step {
                step = self.task.run(Input::Tick, &mut self.port);
            }
            if Instant::now() >= until || stop.is_requested() {
                return matches!(step, Step::Wait(_));
            }
        }
        false
    }

    fn saw_loss(&self) -> bool {
        let stats = self.task.machine().stats();
        stats.resent > 0 || stats.duplicates > 0
    }

    /// Returns how long a server waits, at a guess, before it sends its last block again.
    fn interval(&self) -> Duration {
        match (self.rexmt, self.task.machine().stats().rtt.smoothed) {
            (Rexmt::Fixed(interval), _) => interval,
            (Rexmt::Auto, None) => Duration::from_secs(1),
            (Rexmt::Auto, Some(smoothed)) => 2 * smoothed + Duration::from_millis(100),
        }
    }
}

impl Portless {
    /// Returns the last ACK if this packet asks for it.
    pub(super) fn answer(&mut self, from: SocketAddr, datagram: &[u8]) -> Option<Vec<u8>> {
        let mut answer = Answer(None);
        if let Step::Wait(_) = self.task.run(Input::Tick, &mut answer) {
            self.task.run(Input::datagram(from, datagram), &mut answer);
        }
        answer.0
    }
}

/// The last packet that a machine sends.
struct Answer(Option<Vec<u8>>);

impl Io for Answer {
    fn now(&mut self) -> Instant {
        Instant::now()
    }

    fn transmit(&mut self, _: SocketAddr, datagrams: &[u8], _: usize) -> io::Result<()> {
        self.0 = Some(datagrams.to_vec());
        Ok(())
    }
}

impl Port {
    /// Notes datagrams of one stride that cross the socket together.
    fn note(&mut self, direction: Direction, peer: SocketAddr, (bytes, stride): (&[u8], usize), lost: bool) {
        let (at, local) = (Instant::now(), self.socket.address_towards(peer));
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let space = NOTED.saturating_sub(notes.packets.len());
        let packet = |datagram: &[u8]| LatePacket { at, local, direction, peer, datagram: datagram.to_vec(), lost };
        notes.packets.extend(datagrams(bytes, stride).take(space).map(packet));
    }
}

impl Io for Port {
    fn now(&mut self) -> Instant {
        Instant::now()
    }

    /// Nothing depends on the ACK any more, so a failure is only noted.
    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        let lost = self.socket.transmit(to, datagrams, stride).is_err();
        self.note(Direction::Sent, to, (datagrams, stride), lost);
        Ok(())
    }
}

/// A file that is already in its place: a dallying machine does not use it.
struct Finished;

impl WriteFile for Finished {
    fn deliver(&mut self, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn commit(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The last get of a client, for as long as it may have to repeat its ACK.
#[derive(Default)]
pub(crate) struct LastGet {
    held: Option<Dally>,
    background: Option<Background>,
    notes: Notes,
}

/// A thread that serves the last get.
struct Background {
    sender: Sender<Dally>,
    thread: JoinHandle<Option<Dally>>,
    saw_loss: bool,
}

impl LastGet {
    /// Keeps a get that has just finished, in place of the one before.
    pub(crate) fn keep(&mut self, dally: Dally) {
        self.notes = Arc::clone(&dally.port.notes);
        self.held = Some(dally);
    }

    /// Begins a transfer: late packets of the gets before it are not reported any more.
    pub(crate) fn begin(&mut self) {
        self.notes = Notes::default();
    }

    /// Reports the packets of the last get since its end, in order.
    pub(crate) fn notify(&mut self, observers: &mut Observers<'_>) {
        self.poll();
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(first) = notes.packets.first() else { return };
        let mut subject = Subject::ended(notes.transfer, first.local);
        let mut reporter = Reporter { observers, subject: &mut subject };
        for LatePacket { at, local, direction, peer, datagram, lost } in notes.packets.drain(..) {
            reporter.crossing(at, local, Crossing::new(direction, peer, &datagram).lost(lost));
        }
        reporter.settled();
    }

    /// Gives up the port of the last get, which is closed when this returns.
    pub(crate) fn release(&mut self) -> Option<Portless> {
        self.poll();
        let joined = self.background.take().and_then(Background::join);
        self.held.take().or(joined).map(Dally::give_up_port)
    }

    /// Answers what has arrived; never waits.
    pub(crate) fn poll(&mut self) {
        if self.held.as_mut().is_some_and(|dally| !dally.serve(Instant::now(), &Stop::new())) {
            self.held = None;
        }
    }

    /// Moves the get to a thread, for a program that waits for its user.
    pub(crate) fn move_to_thread(&mut self) {
        self.poll();
        let Some(dally) = self.held.take() else { return };
        if self.background.is_none() {
            self.background = Background::start();
        }
        if let Some(background) = &mut self.background {
            background.saw_loss = dally.saw_loss();
            // This fails only if the thread is gone; then the ACK is not repeated.
            let _ = background.sender.send(dally);
        }
    }

    /// Waits until one retransmission interval after the last get, if it saw a loss, or until `stop`: the program
    /// exits.
    pub(crate) fn finish(&mut self, stop: &Stop) {
        self.poll();
        let joined = self.background.take().filter(|background| background.saw_loss).and_then(Background::join);
        if let Some(mut dally) = self.held.take().or(joined).filter(Dally::saw_loss) {
            dally.serve(dally.since + dally.interval(), stop);
        }
    }
}

impl Background {
    fn start() -> Option<Self> {
        let (sender, receiver) = channel();
        let thread = thread::Builder::new().name("dally".to_owned()).spawn(move || serve_newest(&receiver)).ok()?;
        Some(Self { sender, thread, saw_loss: false })
    }

    /// Ends the thread, and returns the get that it served.
    fn join(self) -> Option<Dally> {
        drop(self.sender);
        self.thread.join().ok().flatten()
    }
}

/// Serves the newest get until the client takes it back.
fn serve_newest(receiver: &Receiver<Dally>) -> Option<Dally> {
    const INTERVAL: Duration = Duration::from_millis(50);
    while let Ok(mut dally) = receiver.recv() {
        while dally.serve(Instant::now() + INTERVAL, &Stop::new()) {
            match receiver.try_recv() {
                Ok(newer) => dally = newer,
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Some(dally),
            }
        }
    }
    None
}
