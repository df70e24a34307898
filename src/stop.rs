//! Ctrl-C and termination signals, as a flag that loops check.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::low_level::pipe;

/// The exit status after a signal: 128 and the number of SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

/// A flag that asks a transfer or a server to stop. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    requested: Arc<AtomicBool>,
}

impl Stop {
    /// Makes a flag that only [`Stop::request`] raises.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag.
    pub fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
    }

    /// Whether the flag is raised.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }

    /// Sleeps until a time, or until the flag is raised. Returns whether the time has come.
    pub fn sleep_until(&self, time: Instant) -> bool {
        // A signal does not end a sleep, and may reach another thread.
        const PIECE: Duration = Duration::from_millis(20);
        while !self.is_requested() {
            let left = time.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(PIECE));
        }
        false
    }

    /// Lowers the flag, after the transfer that it was meant for.
    pub fn clear(&self) {
        self.requested.store(false, Ordering::SeqCst);
    }
}

/// The signals that mean "stop": SIGINT, SIGTERM and SIGHUP.
///
/// While a command runs, the first signal raises the [`Stop`] flag, so that the transfer ends with an ERROR; a second
/// one ends the process. While a script waits for input, the first signal ends the process, since no flag can wake a
/// blocked read. The exit status is [`INTERRUPTED`]. A reader of a terminal polls a [pipe](Signals::pipe) instead, and
/// restores the terminal.
#[derive(Debug, Clone)]
pub(crate) struct Signals {
    stop: Stop,
    /// The next signal ends the process.
    armed: Arc<AtomicBool>,
    /// A signal arrived that ends an interactive shell too.
    terminated: Arc<AtomicBool>,
    /// The user is asked for a line.
    asking: Arc<AtomicBool>,
}

impl Signals {
    /// Handles the signals for the rest of the process.
    pub(crate) fn install() -> io::Result<Self> {
        let signals =
            Self { stop: Stop::new(), armed: Arc::default(), terminated: Arc::default(), asking: Arc::default() };
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // Actions run in this order, so that the signal that arms does not end the process.
            flag::register_conditional_shutdown(signal, INTERRUPTED.into(), Arc::clone(&signals.armed))?;
            flag::register(signal, Arc::clone(&signals.armed))?;
            flag::register(signal, Arc::clone(&signals.stop.requested))?;
            if signal != SIGINT {
                flag::register(signal, Arc::clone(&signals.terminated))?;
            }
        }
        // A write beyond the limit of `ulimit -f` must fail like a full disk; by default this signal ends the process.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(signals)
    }

    /// Returns the flag that the signals raise.
    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Notes that the process waits for input.
    pub(crate) fn wait(&self) {
        self.armed.store(true, Ordering::SeqCst);
    }

    /// Notes that the user is asked for a line, by a reader that waits for the [pipe](Self::pipe).
    pub(crate) fn ask(&self) {
        self.asking.store(true, Ordering::SeqCst);
        self.disarm();
    }

    /// Whether the user is asked for a line although the process must end.
    pub(crate) fn asks_in_vain(&self) -> bool {
        self.asking.load(Ordering::SeqCst) && self.is_terminated()
    }

    /// Notes that a command runs, and forgets earlier signals.
    pub(crate) fn work(&self) {
        self.asking.store(false, Ordering::SeqCst);
        self.disarm();
        self.stop.clear();
    }

    /// Lets the next signal only raise the flag.
    pub(crate) fn disarm(&self) {
        self.armed.store(false, Ordering::SeqCst);
    }

    /// Returns a pipe with a byte for each signal, for readers that poll.
    pub(crate) fn pipe(&self) -> io::Result<UnixStream> {
        let (reader, writer) = UnixStream::pair()?;
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            pipe::register(signal, writer.try_clone()?)?;
        }
        Ok(reader)
    }

    /// Disarms, for as long as a command of the system's shell runs, for which the signal may be meant. Called
    /// repeatedly.
    pub(crate) fn disarm_unless_terminated(&self) {
        if !self.is_terminated() {
            self.disarm();
        }
    }

    /// Whether a signal arrived that ends an interactive shell too.
    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated.load(Ordering::SeqCst)
    }
}
