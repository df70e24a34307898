use std::io;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::flag;
use signal_hook::low_level::pipe;

use super::{Bell, Stop, interruption};

/// The exit status after a signal: 128 and the number of SIGINT.
pub(crate) const INTERRUPTED: u8 = 130;

/// The signals that mean "stop": SIGINT, SIGTERM and SIGHUP.
///
/// The first signal raises the [`Stop`] flag, which ends whatever runs or waits: a transfer sends its peer an ERROR. A
/// second one ends the process immediately, with 128 and the number of the signal as its status. At a prompt, a signal
/// is an answer, and none is the second one.
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
        let bell = Bell::new()?;
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // Actions run in this order, so that the signal that arms does not end the process.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&signals.armed))?;
            flag::register(signal, Arc::clone(&signals.armed))?;
            flag::register(signal, Arc::clone(&signals.stop.requested))?;
            if signal != SIGINT {
                flag::register(signal, Arc::clone(&signals.terminated))?;
            }
            // Last, so that those whom it wakes see the flags.
            pipe::register(signal, bell.writer.try_clone()?)?;
        }
        signals.stop.bell.get_or_init(|| Some(bell));
        // A write beyond the limit of `ulimit -f` must fail like a full disk; by default this signal ends the process.
        flag::register(SIGXFSZ, Arc::default())?;
        Ok(signals)
    }

    /// Returns the flag that the signals raise.
    pub(crate) fn stop(&self) -> &Stop {
        &self.stop
    }

    /// Notes that the user is asked for a line, and forgets earlier signals.
    pub(crate) fn ask(&self) {
        self.forget();
        self.asking.store(true, Ordering::SeqCst);
    }

    /// Whether the user is asked for a line although the process must end.
    pub(crate) fn must_leave_prompt(&self) -> bool {
        self.asking.load(Ordering::SeqCst) && self.is_terminated()
    }

    /// Notes that a command runs, and forgets earlier signals.
    pub(crate) fn work(&self) {
        self.asking.store(false, Ordering::SeqCst);
        self.forget();
    }

    fn forget(&self) {
        self.disarm();
        self.stop.clear();
    }

    /// Lets the next signal only raise the flag.
    pub(crate) fn disarm(&self) {
        self.armed.store(false, Ordering::SeqCst);
    }

    /// Whether a signal arrived that ends an interactive shell too.
    pub(crate) fn is_terminated(&self) -> bool {
        self.terminated.load(Ordering::SeqCst)
    }
}

/// Returns a flag that SIGUSR1 raises for the rest of the process: somebody asks what it does.
pub(crate) fn question() -> io::Result<Arc<AtomicBool>> {
    let asked = Arc::default();
    flag::register(SIGUSR1, Arc::clone(&asked))?;
    Ok(asked)
}

/// Hands the end of this process on to a command that it waited for. Returns the error of the wait.
pub(crate) fn hand_on(child: &Child) -> io::Error {
    // This fails if the command has ended.
    let _ = kill(Pid::from_raw(child.id().cast_signed()), Signal::SIGTERM);
    interruption()
}
