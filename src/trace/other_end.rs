use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::analysis::{Annotated, ServerAnalyser};
use crate::event::{Observer, Record};

/// The most records that wait to be taken; the oldest are dropped.
const WAITING: usize = 20_000;

/// The records of a server in another thread of this process, for views of both ends.
///
/// [`observer`](Self::observer) goes to the server; it analyses the records there, while somebody
/// [listens](Self::listen). Nobody listens at first, and then the records cost nothing.
#[derive(Debug, Clone, Default)]
pub struct OtherEnd(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Counts the changes: odd while somebody listens.
    turns: AtomicU64,
    queue: Mutex<Queue>,
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Queue {
    heard: VecDeque<Heard>,
    /// The only clients whose transfers matter; `None` for all.
    clients: Option<Vec<SocketAddr>>,
}

/// A record of the server.
#[derive(Debug)]
pub struct Heard {
    /// When it happened.
    pub at: Instant,
    /// The client of the transfer.
    pub client: SocketAddr,
    /// The record, with the server's number of the transfer.
    pub annotated: Annotated<'static>,
}

/// The observer of the server.
#[derive(Debug)]
pub struct Tap {
    shared: Arc<Shared>,
    /// The turn in which the analysis began.
    turn: u64,
    analyser: ServerAnalyser,
}

impl OtherEnd {
    /// Creates one without a server.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes the observer for the server.
    pub fn observer(&self) -> Tap {
        Tap { shared: Arc::clone(&self.0), turn: 0, analyser: ServerAnalyser::new() }
    }

    /// Listens to transfers that begin from now on, or to nothing.
    pub fn listen(&self, wanted: bool) {
        let mut queue = self.0.lock();
        queue.clients = None;
        if self.0.is_wanted() != wanted {
            self.0.turns.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Listens only to the transfers of these clients, until the next [`listen`](Self::listen).
    pub fn narrow(&self, clients: &[SocketAddr]) {
        self.0.lock().clients = Some(clients.to_vec());
    }

    /// Takes the records that have come.
    pub fn take(&self) -> VecDeque<Heard> {
        std::mem::take(&mut self.0.lock().heard)
    }

    /// Waits for a record, no longer than until this time; returns whether there is one.
    pub fn wait(&self, until: Instant) -> bool {
        let mut queue = self.0.lock();
        while queue.heard.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            queue = self.0.arrived.wait_timeout(queue, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_wanted(&self) -> bool {
        !self.turns.load(Ordering::Relaxed).is_multiple_of(2)
    }
}

impl Observer for Tap {
    fn observe(&mut self, record: &Record<'_>) {
        let turn = self.shared.turns.load(Ordering::Relaxed);
        if turn != self.turn {
            // What was not heard is missing in the transfers that run.
            (self.turn, self.analyser) = (turn, ServerAnalyser::new());
        }
        if !self.is_listening() {
            return;
        }
        let Some((client, annotated)) = self.analyser.analyse(record) else { return };
        let mut queue = self.shared.lock();
        if queue.clients.as_ref().is_some_and(|clients| !clients.contains(&client)) {
            return;
        }
        queue.heard.push_back(Heard { at: record.at, client, annotated: annotated.kept() });
        if queue.heard.len() > WAITING {
            queue.heard.pop_front();
        }
        drop(queue);
        self.shared.arrived.notify_one();
    }

    fn is_listening(&self) -> bool {
        self.shared.is_wanted()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Begin, Observers, RecordKind};

    fn client(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    fn begin(observers: &mut Observers<'_>, transfer: u64, peer: SocketAddr) {
        let (at, local) = (Instant::now(), client(69));
        observers.notify(&Record { at, transfer, local, kind: RecordKind::Begin(Begin::served(peer)) });
    }

    fn late(observers: &mut Observers<'_>, transfer: u64) {
        let (at, local) = (Instant::now(), client(69));
        observers.notify(&Record { at, transfer, local, kind: RecordKind::Late });
    }

    fn heard(end: &OtherEnd) -> Vec<u32> {
        end.take().iter().map(|heard| heard.annotated.xfer).collect()
    }

    #[test]
    fn while_nobody_listens_a_server_makes_no_records() {
        let end = OtherEnd::new();
        let mut tap = end.observer();
        let mut observers = Observers::none();
        observers.add(&mut tap);
        assert!(!observers.is_observed());
        begin(&mut observers, 1, client(1000));
        assert_eq!(heard(&end), [0; 0]);
        end.listen(true);
        assert!(observers.is_observed());
        end.listen(true);
        assert!(observers.is_observed(), "to listen twice is to listen");
        end.listen(false);
        assert!(!observers.is_observed());
    }

    #[test]
    fn of_a_transfer_that_was_not_heard_from_its_beginning_nothing_is_heard() {
        let end = OtherEnd::new();
        let mut tap = end.observer();
        let mut observers = Observers::none();
        observers.add(&mut tap);
        end.listen(true);
        begin(&mut observers, 1, client(1000));
        end.listen(false);
        late(&mut observers, 1);
        end.listen(true);
        late(&mut observers, 1);
        begin(&mut observers, 2, client(1000));
        late(&mut observers, 2);
        assert_eq!(heard(&end), [1, 2, 2]);
    }

    #[test]
    fn after_a_transfer_only_its_client_is_heard() {
        let end = OtherEnd::new();
        let mut tap = end.observer();
        let mut observers = Observers::none();
        observers.add(&mut tap);
        end.listen(true);
        begin(&mut observers, 1, client(1000));
        begin(&mut observers, 2, client(2000));
        end.narrow(&[client(1000)]);
        late(&mut observers, 2);
        late(&mut observers, 1);
        assert_eq!(heard(&end), [1, 2, 1]);
    }

    #[test]
    fn records_that_nobody_takes_are_bounded() {
        let end = OtherEnd::new();
        let mut tap = end.observer();
        let mut observers = Observers::none();
        observers.add(&mut tap);
        end.listen(true);
        begin(&mut observers, 1, client(1000));
        (0..WAITING + 10).for_each(|_| late(&mut observers, 1));
        assert_eq!(end.take().len(), WAITING);
    }
}
