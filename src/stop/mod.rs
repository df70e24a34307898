//! Ctrl-C and termination signals, as a flag: loops check it, and blocking calls end with it.
//!
//! ```text
//!  SIGINT, SIGTERM, SIGHUP --Signals--> Stop: a flag, and a bell that rings while it is raised
//!                                         |
//!          wait_readable, wait_writable, sleep_until: poll(2) for a descriptor and the bell together
//!          abandonable: a call that nothing can interrupt, in a thread of its own
//!                                         |
//!  Interruptible: reads and writes of FIFOs, pipes and terminals, which end when the flag is raised
//! ```

mod interruptible;
mod signals;

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use thiserror::Error;

pub(crate) use interruptible::{Interruptible, is_null, open_regular};
pub(crate) use signals::{INTERRUPTED, Signals, hand_on, question};

/// A flag that asks a transfer or a server to stop. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    requested: Arc<AtomicBool>,
    /// Made when something first waits; `None` if the system has no descriptor left.
    bell: Arc<OnceLock<Option<Bell>>>,
}

/// The error of a call that ended because the flag was raised.
///
/// It is not [`io::ErrorKind::Interrupted`], after which the standard library tries again.
#[derive(Debug, Error)]
#[error("interrupted")]
struct Interruption;

/// Whether an error means that the flag was raised.
pub(crate) fn is_interruption(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<Interruption>())
}

pub(crate) fn interruption() -> io::Error {
    io::Error::other(Interruption)
}

impl Stop {
    /// Makes a flag that only [`Stop::request`] raises.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raises the flag.
    pub fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
        // A waiter makes the bell before it checks the flag.
        if let Some(Some(bell)) = self.bell.get() {
            bell.ring();
        }
    }

    /// Whether the flag is raised.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }

    /// Lowers the flag, after the transfer that it was meant for.
    pub fn clear(&self) {
        self.requested.store(false, Ordering::SeqCst);
    }

    /// Sleeps until a time, or until the flag is raised. Returns whether the time has come.
    pub fn sleep_until(&self, time: Instant) -> bool {
        self.poll(None, Some(time)).is_ok() && !self.is_requested()
    }

    /// Waits until the flag is raised.
    pub(crate) fn wait(&self) {
        // An error only wakes the caller too early.
        let _ = self.poll(None, None);
    }

    /// Waits until a descriptor can be read, or is at its end.
    ///
    /// # Errors
    ///
    /// The flag is raised, even if there is something to read: what comes now may be the end of a killed writer.
    pub(crate) fn wait_readable(&self, fd: &impl AsFd) -> io::Result<()> {
        if !self.is_requested() {
            self.poll(Some((fd.as_fd(), PollFlags::POLLIN)), None)?;
        }
        if self.is_requested() { Err(interruption()) } else { Ok(()) }
    }

    /// Waits until a descriptor can be written, or its reader has gone.
    ///
    /// # Errors
    ///
    /// The flag is raised and the descriptor is not ready: what can be reported is reported after a signal too.
    pub(crate) fn wait_writable(&self, fd: &impl AsFd) -> io::Result<()> {
        let ready = self.poll(Some((fd.as_fd(), PollFlags::POLLOUT)), None)?;
        if ready { Ok(()) } else { Err(interruption()) }
    }

    /// Runs a call that nothing can interrupt in a thread of its own, and abandons it if the flag is raised before it
    /// returns.
    ///
    /// # Errors
    ///
    /// The flag is raised, or the system cannot start a thread.
    pub(crate) fn abandonable<T: Send + 'static>(&self, call: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
        let ((sender, receiver), (ours, theirs)) = (channel(), UnixStream::pair()?);
        thread::Builder::new().name("call".to_owned()).spawn(move || {
            // This fails if the result is not wanted any more.
            let _ = sender.send(call());
            drop(theirs);
        })?;
        self.wait_readable(&ours)?;
        receiver.recv().map_err(|_| io::Error::other("a thread ended without its result"))
    }

    /// Waits until a descriptor is ready, the flag is raised or the time has come. Returns whether the descriptor is
    /// ready.
    fn poll(&self, watched: Option<(BorrowedFd<'_>, PollFlags)>, until: Option<Instant>) -> io::Result<bool> {
        /// Without a bell, the flag is checked so often.
        const PIECE: Duration = Duration::from_millis(20);
        // Nobody waits for a flag that is raised.
        let bell = if self.is_requested() { None } else { self.bell.get_or_init(|| Bell::new().ok()).as_ref() };
        loop {
            let stopped = self.is_requested();
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            let over = stopped || left.is_some_and(|left| left.is_zero());
            let most = match (left, bell) {
                _ if over => Some(Duration::ZERO),
                (left, Some(_)) => left,
                (left, None) => Some(left.unwrap_or(PIECE).min(PIECE)),
            };
            let bell_fd = bell.map(|bell| PollFd::new(bell.reader.as_fd(), PollFlags::POLLIN));
            let mut fds: Vec<_> =
                watched.map(|(fd, flags)| PollFd::new(fd, flags)).into_iter().chain(bell_fd).collect();
            match poll(&mut fds, most.map_or(PollTimeout::NONE, whole_milliseconds)) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            let ready = |fd: Option<&PollFd<'_>>| fd.is_some_and(|fd| fd.any() == Some(true));
            if watched.is_some() && ready(fds.first()) {
                return Ok(true);
            }
            if over {
                return Ok(false);
            }
            if let Some(bell) = bell.filter(|_| ready(fds.last()) && !self.is_requested()) {
                // It rang for a flag that was lowered since.
                bell.silence();
                if self.is_requested() {
                    bell.ring();
                }
            }
        }
    }
}

/// A timeout that is never too short.
fn whole_milliseconds(time: Duration) -> PollTimeout {
    PollTimeout::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(PollTimeout::MAX)
}

/// A pair of sockets whose reader is readable from the moment when the flag is raised: poll(2) watches it.
#[derive(Debug)]
struct Bell {
    reader: UnixStream,
    writer: UnixStream,
}

impl Bell {
    fn new() -> io::Result<Self> {
        let (reader, writer) = UnixStream::pair()?;
        reader.set_nonblocking(true)?;
        writer.set_nonblocking(true)?;
        Ok(Self { reader, writer })
    }

    fn ring(&self) {
        // If the socket is full, the bell rings already.
        let _ = (&self.writer).write(&[1]);
    }

    fn silence(&self) {
        while matches!((&self.reader).read(&mut [0; 64]), Ok(1..)) {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Much longer than any test takes.
    const LONG: Duration = Duration::from_secs(600);

    pub(super) fn requested_soon() -> Stop {
        let stop = Stop::new();
        let other = stop.clone();
        thread::spawn(move || {
            thread::sleep(Duration::from_millis(20));
            other.request();
        });
        stop
    }

    #[test]
    fn a_raised_flag_ends_every_wait() {
        assert!(!requested_soon().sleep_until(Instant::now() + LONG));
        requested_soon().wait();
        let (here, there) = UnixStream::pair().unwrap();
        assert!(is_interruption(&requested_soon().wait_readable(&here).unwrap_err()));
        there.set_nonblocking(true).unwrap();
        while (&there).write(&[0; 4096]).is_ok() {}
        assert!(is_interruption(&requested_soon().wait_writable(&there).unwrap_err()));
        let left = requested_soon().abandonable(|| thread::sleep(LONG));
        assert!(is_interruption(&left.unwrap_err()));
    }

    #[test]
    fn after_the_flag_is_raised_nothing_is_read_and_what_fits_is_written() {
        let (stop, (here, mut there)) = (Stop::new(), UnixStream::pair().unwrap());
        there.write_all(b"late").unwrap();
        stop.wait_readable(&here).unwrap();
        stop.request();
        assert!(stop.wait_readable(&here).is_err());
        stop.wait_writable(&here).unwrap();
    }

    #[test]
    fn a_flag_that_was_lowered_wakes_nobody_and_one_that_is_raised_again_does() {
        let stop = Stop::new();
        assert!(stop.sleep_until(Instant::now()));
        stop.request();
        stop.clear();
        assert!(stop.sleep_until(Instant::now() + Duration::from_millis(20)));
        stop.request();
        assert!(!stop.sleep_until(Instant::now() + LONG));
    }

    #[test]
    fn a_call_that_returns_in_time_is_not_abandoned() {
        assert_eq!(Stop::new().abandonable(|| 7).unwrap(), 7);
    }
}
