//! Ctrl-C and termination, as a flag that loops look at; the only file that names `signal_hook`.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::low_level::pipe;

/// What a process that a signal ended leaves behind: 128 and the number of SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

/// Counts requests to stop. Clones share the count.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    requests: Arc<AtomicUsize>,
}

impl Stop {
    /// A flag that only [`Stop::request`] raises: for tests and for servers stopped from the shell.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks whoever looks at this flag to stop.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether somebody asked.
    pub fn is_requested(&self) -> bool {
        self.requests.load(Ordering::SeqCst) > 0
    }

    /// Waits until a moment, unless somebody asks or has asked before; tells whether the moment came.
    ///
    /// Sleeps in small pieces: a signal does not end a sleep, and may reach another thread.
    pub fn sleep_until(&self, moment: Instant) -> bool {
        const PIECE: Duration = Duration::from_millis(20);
        while !self.is_requested() {
            let left = moment.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(PIECE));
        }
        false
    }

    /// Takes the requests back: the transfer they were meant for is over.
    pub fn clear(&self) {
        self.requests.store(0, Ordering::SeqCst);
    }
}

/// The signals that mean "stop": SIGINT, SIGTERM and SIGHUP.
///
/// While a command runs, the first raises the [`Stop`] flag, so that the transfer can tell its peer and clean up; a
/// second ends the process at once, should that get stuck. While a script waits for input there is nothing to clean
/// up, and no flag could wake a blocked read: the first signal ends it. Either way it leaves with [`INTERRUPTED`]. Whoever
/// reads from a terminal listens to a [bell](Signals::bell), for the terminal must be left as it was found.
#[derive(Debug, Clone)]
pub(crate) struct Signals {
    stop: Stop,
    /// The next signal ends the process.
    armed: Arc<AtomicBool>,
    /// A signal came after which no prompt should follow.
    terminated: Arc<AtomicBool>,
    /// A person is asked for a line.
    asking: Arc<AtomicBool>,
}

impl Signals {
    /// Takes the signals over, for the rest of the process.
    pub(crate) fn install() -> io::Result<Self> {
        let signals =
            Self { stop: Stop::new(), armed: Arc::default(), terminated: Arc::default(), asking: Arc::default() };
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // Actions run in this order, so that the signal which arms is not the one that ends.
            flag::register_conditional_shutdown(signal, INTERRUPTED.into(), Arc::clone(&signals.armed))?;
            flag::register(signal, Arc::clone(&signals.armed))?;
            flag::register_usize(signal, Arc::clone(&signals.stop.requests), 1)?;
            if signal != SIGINT {
                flag::register(signal, Arc::clone(&signals.terminated))?;
            }
        }
        // Where a file may not grow any longer (ulimit -f), the write shall fail, as it does where a disk is full; left
        // alone, this signal ends the process in the middle of the transfer.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(signals)
    }

    /// The flag that the signals raise.
    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// From here the process waits for input.
    pub(crate) fn wait(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// From here a person is asked for a line, by somebody who listens to the [bell](Self::bell).
    pub(crate) fn ask(&self) {
        self.asking.store(true, Ordering::SeqCst);
        self.disarm();
    }

    /// Whether a person is asked for a line that will not come, since the process is to end.
    pub(crate) fn asks_in_vain(&self) -> bool {
        self.asking.load(Ordering::SeqCst) && self.is_terminated()
    }

    /// From here a command runs; earlier signals are forgotten.
    pub(crate) fn work(&self) {
        self.asking.store(false, Ordering::SeqCst);
        self.disarm();
        self.stop.clear();
    }

    /// The next signal raises the flag only.
    pub(crate) fn disarm(&self) {
        self.armed.store(false, Ordering::SeqCst);
    }

    /// A byte comes out of it for each signal, for those who wait for more than a flag.
    pub(crate) fn bell(&self) -> io::Result<UnixStream> {
        let (bell, rope) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            pipe::register(signal, rope.try_clone()?)?;
        }
        Ok(bell)
    }

    /// A signal may be meant for somebody else, a command of the system's shell in the same terminal: it raises the flag,
    /// but the next one does not end the process. To be called again and again while that lasts.
    pub(crate) fn forbear(&self) {
        if !self.is_terminated() {
            self.disarm();
        }
    }

    /// Whether the signal was one that ends an interactive shell too.
    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated.load(Ordering::SeqCst)
    }
}
