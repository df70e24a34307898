//! Repeats the last ACK of a finished get beside whatever comes next (RFC 1350 section 6).
//!
//! The last ACK may be lost; the server then sends the last block again and needs an answer, or it reports a failure.
//! Nobody waits for that: the socket of the last get is looked at before and after the next transfer, or by a thread
//! while the user sits at a prompt. Only a program about to exit waits, and only if the transfer saw a loss.
//!
//! The observers of the transfer are not at hand then, so packets of this time are noted, and told when they are.

use std::io;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::socket::{LARGEST_DATAGRAM, Received, Socket};
use crate::event::{Direction, Observers, Record, RecordKind};
use crate::stop::Stop;
use crate::transfer::{Input, Io, Receiving, Rexmt, Step, WriteBatch, WriteFile, run_receiver};

/// Packets behind the end that are noted until somebody asks for them; a peer that never stops is not noted for ever.
const NOTED: usize = 64;

/// One finished get that may have to repeat its last ACK.
pub(crate) struct Dally {
    machine: Box<dyn Receiving + Send>,
    port: Port,
    rexmt: Rexmt,
    since: Instant,
}

/// The socket of a finished get, and where its packets are noted for the observers of the transfer.
struct Port {
    socket: Socket,
    notes: Option<SyncSender<Late>>,
}

/// A packet behind the end of its transfer.
struct Late {
    at: Instant,
    local: SocketAddr,
    direction: Direction,
    peer: SocketAddr,
    datagram: Vec<u8>,
    lost: bool,
}

impl Dally {
    /// Takes over from [`drive`](super::drive()), which has just succeeded.
    pub(crate) fn new(machine: Box<dyn Receiving + Send>, mut socket: Socket, rexmt: Rexmt) -> Self {
        socket.part();
        Self { machine, port: Port { socket, notes: None }, rexmt, since: Instant::now() }
    }

    /// Answers what came meanwhile; never waits. Tells whether there may be more.
    fn glance(&mut self) -> bool {
        self.serve(Instant::now(), &Stop::new())
    }

    /// Answers until a moment, at most until the machine is done. Tells whether there may be more.
    fn serve(&mut self, until: Instant, stop: &Stop) -> bool {
        // The machine needs only the number of a repeated block, but those who watch are told the truth.
        let mut buffer = vec![0; LARGEST_DATAGRAM];
        let mut step = self.input(Input::Start);
        while let Step::Wait(done) = step {
            step = match self.port.socket.receive(&mut buffer, until.min(done)) {
                Ok(Received::Datagrams { from, length, stride }) => {
                    let bytes = buffer.get(..length).unwrap_or_default();
                    self.input(Input::Datagrams { from, bytes, stride })
                }
                Ok(Received::Unreachable { to, .. }) => self.input(Input::Unreachable(to)),
                Ok(Received::Interrupted | Received::Elapsed) => Step::Wait(done),
                Err(_) => return false,
            };
            if let Step::Wait(_) = step {
                step = self.input(Input::Tick);
            }
            if Instant::now() >= until || stop.is_requested() {
                return matches!(step, Step::Wait(_));
            }
        }
        false
    }

    fn input(&mut self, input: Input<'_>) -> Step {
        run_receiver(&mut *self.machine, &mut WriteBatch::default(), input, &mut self.port, &mut Finished)
    }

    fn saw_loss(&self) -> bool {
        let stats = self.machine.stats();
        stats.resent > 0 || stats.duplicates > 0
    }

    /// The time after which a packet is sent again.
    fn interval(&self) -> Duration {
        match self.rexmt {
            Rexmt::Fixed(interval) => interval,
            Rexmt::Auto => {
                let smoothed = self.machine.stats().rtt.smoothed;
                smoothed.map_or(Duration::from_secs(1), |smoothed| 2 * smoothed + Duration::from_millis(100))
            }
        }
    }
}

impl Port {
    fn note(&mut self, direction: Direction, peer: SocketAddr, datagram: &[u8], lost: bool) {
        if let Some(notes) = &self.notes {
            let local = self.socket.address_towards(peer);
            let late = Late { at: Instant::now(), local, direction, peer, datagram: datagram.into(), lost };
            // The observers may be gone, and too many are too many.
            let _ = notes.try_send(late);
        }
    }
}

impl Io for Port {
    fn now(&mut self) -> Instant {
        Instant::now()
    }

    /// Lost or not, nothing depends on it any more.
    fn transmit(&mut self, to: SocketAddr, datagrams: &[u8], stride: usize) -> io::Result<()> {
        let lost = self.socket.transmit(to, datagrams, stride).is_err();
        self.note(Direction::Sent, to, datagrams, lost);
        Ok(())
    }

    fn received(&mut self, from: SocketAddr, datagram: &[u8]) {
        self.note(Direction::Received, from, datagram, false);
    }
}

/// A file that is in its place: a machine that still wants it is not dallying.
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
pub(crate) struct Linger {
    held: Option<Dally>,
    background: Option<Background>,
    /// What the last get noted; those before it are of no interest.
    notes: Option<Receiver<Late>>,
}

struct Background {
    give: Sender<Dally>,
    thread: JoinHandle<Option<Dally>>,
    saw_loss: bool,
}

impl Linger {
    /// Keeps a get that has just finished; one before it that is still held is let go.
    pub(crate) fn keep(&mut self, dally: Dally) {
        let (notes, noted) = sync_channel(NOTED);
        let port = Port { notes: Some(notes), ..dally.port };
        self.held = Some(Dally { port, ..dally });
        self.notes = Some(noted);
    }

    /// A transfer begins: packets of those before it cannot be told any more.
    pub(crate) fn begin(&mut self) {
        self.notes = None;
    }

    /// Tells the packets of the last get that came and went since its end, in order.
    pub(crate) fn notify(&mut self, observers: &mut Observers<'_>) {
        self.glance();
        for Late { at, local, direction, peer, datagram, lost } in self.notes.iter().flat_map(Receiver::try_iter) {
            observers.notify(&Record {
                at,
                local,
                kind: RecordKind::Packet { direction, peer, datagram: &datagram, lost },
            });
        }
    }

    /// Gives up the last get, and its port at once.
    pub(crate) fn let_go(&mut self) {
        self.held = None;
        // Only when the thread has ended is its socket closed.
        drop(self.background.take().and_then(Background::recall));
    }

    /// Answers what came meanwhile; never waits.
    pub(crate) fn glance(&mut self) {
        if self.held.as_mut().is_some_and(|dally| !dally.glance()) {
            self.held = None;
        }
    }

    /// Leaves the rest to a thread, which is started on first need: for a program that waits for its user.
    pub(crate) fn leave_to_thread(&mut self) {
        self.glance();
        let Some(dally) = self.held.take() else { return };
        if self.background.is_none() {
            self.background = Background::start();
        }
        if let Some(background) = &mut self.background {
            background.saw_loss = dally.saw_loss();
            // It fails only if the thread is gone, and then the ACK is simply not repeated.
            let _ = background.give.send(dally);
        }
    }

    /// Waits, before the program exits, where the last get saw a loss: until one retransmission interval has passed
    /// since it finished, or until `stop`.
    pub(crate) fn finish(&mut self, stop: &Stop) {
        self.glance();
        let recalled = self.background.take().filter(|background| background.saw_loss).and_then(Background::recall);
        if let Some(mut dally) = self.held.take().or(recalled).filter(Dally::saw_loss) {
            dally.serve(dally.since + dally.interval(), stop);
        }
    }
}

impl Background {
    fn start() -> Option<Self> {
        let (give, take) = channel();
        let thread = std::thread::Builder::new().name("linger".to_owned()).spawn(move || watch_over(&take)).ok()?;
        Some(Self { give, thread, saw_loss: false })
    }

    fn recall(self) -> Option<Dally> {
        drop(self.give);
        self.thread.join().ok().flatten()
    }
}

/// The thread: answers for the newest get; hands it back when the client finishes.
fn watch_over(take: &Receiver<Dally>) -> Option<Dally> {
    const GLANCE: Duration = Duration::from_millis(50);
    while let Ok(mut dally) = take.recv() {
        while dally.serve(Instant::now() + GLANCE, &Stop::new()) {
            match take.try_recv() {
                Ok(newer) => dally = newer,
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => return Some(dally),
            }
        }
    }
    None
}
