mod alarms;
mod listeners;
mod notice;
mod poller;
mod port;
mod reading;
mod transfer;

use std::collections::HashMap;
use std::io;
use std::mem;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

pub(crate) use self::listeners::Listeners;
pub(crate) use self::notice::{Key, Notice, Reading, ServerTask};
pub(crate) use self::poller::Wake;
pub(crate) use self::port::Port;

use self::alarms::Alarms;
use self::poller::Poller;
use self::transfer::{Burst, Context, Transfer};
use super::fault_injector::FaultInjector;
use super::socket::LARGEST_DATAGRAM;
use crate::event::Observers;
use crate::transfer::{Abort, Failure, Stats};

/// The loop of the server: runs many transfers in one thread, and waits for all their sockets and deadlines together.
///
/// It allocates nothing for a packet. A busy transfer yields after a burst of datagrams. A failed send is a lost
/// packet.
pub(crate) struct Reactor {
    poller: Poller,
    listeners: Listeners,
    transfers: HashMap<Key, Transfer>,
    /// Transfers that have sent nothing yet.
    started: Vec<Key>,
    alarms: Alarms,
    next: usize,
    buffer: Box<[u8]>,
}

impl Reactor {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            poller: Poller::new()?,
            listeners: Listeners::default(),
            transfers: HashMap::new(),
            started: Vec::new(),
            alarms: Alarms::default(),
            next: 0,
            buffer: vec![0; LARGEST_DATAGRAM].into(),
        })
    }

    pub(crate) fn wake(&self) -> Wake {
        self.poller.wake()
    }

    fn watch(&mut self, socket: &impl AsFd) -> io::Result<Key> {
        let key = self.next_key();
        self.poller.watch(socket, key)?;
        Ok(key)
    }

    fn next_key(&mut self) -> Key {
        let key = Key(self.next);
        self.next += 1;
        key
    }

    /// Sends the first packet of a transfer, if it has not left yet, and does something more with it. `act` gets the
    /// buffer, and returns whether the transfer continues.
    fn serve(
        &mut self,
        key: Key,
        notices: &mut Vec<Notice>,
        observers: &mut Observers<'_>,
        act: impl FnOnce(&mut Transfer, &mut [u8], &mut Context<'_, '_>) -> bool,
    ) {
        let Self { listeners, transfers, alarms, buffer, .. } = self;
        let Some(transfer) = transfers.get_mut(&key) else { return };
        let context = &mut Context { key, listeners, notices, observers };
        if transfer.begin(context) && act(transfer, buffer, context) {
            transfer.set_alarm(key, alarms);
        } else {
            self.forget(key, observers);
        }
    }

    /// Reads what has arrived for a transfer before its turn comes.
    pub(crate) fn catch_up(&mut self, key: Key, notices: &mut Vec<Notice>, observers: &mut Observers<'_>) {
        self.serve(key, notices, observers, |transfer, buffer, context| transfer.read(buffer, context) != Burst::Over);
    }

    /// Starts a transfer with this number; its first packet leaves with the next turn. A socket of its own must never
    /// block.
    pub(crate) fn start(
        &mut self,
        number: u64,
        port: Port,
        task: ServerTask,
        injector: Option<Box<FaultInjector>>,
    ) -> io::Result<Key> {
        let key = match &port {
            Port::Own(socket) => self.watch(socket)?,
            Port::Shared(shared) => {
                let key = self.next_key();
                self.listeners.enter(shared.flow, key);
                key
            }
        };
        self.transfers.insert(key, Transfer::new(number, port, task, injector));
        self.started.push(key);
        Ok(key)
    }

    /// Returns what a transfer has cost so far.
    pub(crate) fn stats(&self, key: Key) -> Option<Stats> {
        self.transfers.get(&key).map(Transfer::stats)
    }

    /// Ends a transfer without a word to its peer.
    pub(crate) fn displace(&mut self, key: Key, failure: &Failure, observers: &mut Observers<'_>) {
        if let Some(transfer) = self.transfers.get_mut(&key) {
            let (listeners, notices) = (&mut self.listeners, &mut Vec::new());
            transfer.displace(failure, &mut Context { key, listeners, notices, observers });
            self.forget(key, observers);
        }
    }

    /// Drops a transfer that is over.
    fn forget(&mut self, key: Key, observers: &mut Observers<'_>) {
        // Closing the socket takes it out of the poll too.
        if let Some(mut transfer) = self.transfers.remove(&key) {
            let listeners = &mut self.listeners;
            transfer.close(&mut Context { key, listeners, notices: &mut Vec::new(), observers });
            if let Port::Shared(shared) = &transfer.port {
                self.listeners.leave(shared.flow, key);
            }
        }
    }

    /// Ends every transfer; the peers of unfinished ones get an ERROR.
    pub(crate) fn abort(&mut self, reason: &Abort, notices: &mut Vec<Notice>, observers: &mut Observers<'_>) {
        for (key, mut transfer) in self.transfers.drain() {
            let context = &mut Context { key, listeners: &mut self.listeners, notices, observers };
            transfer.give_up(reason.clone(), context);
            transfer.close(context);
        }
    }

    /// Waits for something to do, no longer than `nap`, and does it.
    pub(crate) fn turn(
        &mut self,
        nap: Duration,
        notices: &mut Vec<Notice>,
        observers: &mut Observers<'_>,
    ) -> io::Result<()> {
        for key in mem::take(&mut self.started) {
            self.serve(key, notices, observers, |_, _, _| true);
        }
        let now = Instant::now();
        observers.rest(now);
        let rest = self.alarms.next().map_or(nap, |time| time.saturating_duration_since(now));
        let nap = if notices.is_empty() { nap.min(rest) } else { Duration::ZERO };
        match self.poller.wait(nap) {
            Ok(()) => {}
            // A signal: the owner checks its stop flag.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(error),
        }
        let mut readable = Vec::new();
        for at in 0.. {
            let Some(key) = self.poller.ready(at) else { break };
            match self.listeners.find(key) {
                Some(listener) => {
                    self.listeners.note(listener, false);
                    readable.push(Notice::Readable(listener));
                }
                None => self.serve(key, notices, observers, |transfer, buffer, context| {
                    transfer.read(buffer, context) != Burst::Over
                }),
            }
        }
        self.ring(notices, observers);
        // The owner learns first which transfers are over: their clients may ask again.
        notices.append(&mut readable);
        Ok(())
    }

    /// Wakes the transfers whose time has come.
    fn ring(&mut self, notices: &mut Vec<Notice>, observers: &mut Observers<'_>) {
        let (now, mut busy) = (Instant::now(), Vec::new());
        while let Some((time, key)) = self.alarms.take(now) {
            let Some(transfer) = self.transfers.get_mut(&key) else { continue };
            if transfer.alarm != Some(time) {
                continue;
            }
            transfer.alarm = None;
            let context = &mut Context { key, listeners: &mut self.listeners, notices, observers };
            match transfer.wake(now, &mut self.buffer, context) {
                Burst::Over => self.forget(key, observers),
                Burst::Last => transfer.set_alarm(key, &mut self.alarms),
                Burst::More => busy.push(key),
            }
        }
        // The others have their turn before the next burst.
        for key in busy {
            if let Some(transfer) = self.transfers.get_mut(&key) {
                transfer.set_alarm(key, &mut self.alarms);
            }
        }
    }
}

#[cfg(test)]
mod tests;
