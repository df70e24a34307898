//! Control over a thread that waits for keys.

use std::io;
use std::thread;
use std::time::Duration;

use nix::sys::pthread::{pthread_kill, pthread_self};
use nix::sys::signal::Signal;

use crate::stop::Signals;

/// Wakes the line editor, which waits for keys and SIGINT only, on SIGTERM and SIGHUP too, so that it restores the
/// terminal before the process ends. The thread that reads calls this.
pub(super) fn wake_on_termination(signals: &Signals) -> io::Result<()> {
    /// The time to the next try: the reader may not listen yet.
    const AGAIN: Duration = Duration::from_millis(20);
    let (signals, reader) = (signals.clone(), pthread_self());
    thread::Builder::new().name("bell".to_owned()).spawn(move || {
        loop {
            signals.stop().wait();
            if signals.must_leave_prompt() {
                signals.disarm();
                let _ = pthread_kill(reader, Signal::SIGINT);
            }
            thread::sleep(AGAIN);
        }
    })?;
    Ok(())
}
