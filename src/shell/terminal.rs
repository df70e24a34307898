//! The terminal as the system has it, without an editor: lines as they are typed, and signals that wake a reader. The only
//! file of the shell that names `nix`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::pthread::{pthread_kill, pthread_self};
use nix::sys::signal::Signal;

use super::input::Input;
use crate::stop::Signals;
use crate::style::Style;

/// Lines that the system edits: nothing is drawn, for screen readers, programs that type, and terminals that can do no
/// more.
pub(super) struct Lines {
    keys: BufReader<File>,
    bell: UnixStream,
    /// Where prompts go.
    out: Box<dyn Write>,
    style: Style,
}

impl Lines {
    /// Reads standard input, and asks on `out`.
    pub(super) fn new(signals: &Signals, out: Box<dyn Write>, style: Style) -> io::Result<Self> {
        let keys = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let bell = signals.bell()?;
        bell.set_nonblocking(true)?;
        Ok(Self { keys: BufReader::new(keys), bell, out, style })
    }

    /// Asks for a line. A signal drops what was typed.
    pub(super) fn read(&mut self, prompt: &str) -> io::Result<Input> {
        // What rang during a command is no matter of this line.
        self.rings();
        write!(self.out, "{}", self.style.prompt(prompt))?;
        self.out.flush()?;
        let mut line = Vec::new();
        loop {
            if self.keys.buffer().is_empty() && !self.has_keys()? {
                writeln!(self.out)?;
                return Ok(Input::Cleared);
            }
            let keys = self.keys.fill_buf()?;
            if keys.is_empty() {
                writeln!(self.out)?;
                return Ok(if line.is_empty() { Input::End } else { Input::Line(line) });
            }
            let end = keys.iter().position(|&key| key == b'\n');
            line.extend_from_slice(&keys[..end.unwrap_or(keys.len())]);
            let used = end.map_or(keys.len(), |end| end + 1);
            self.keys.consume(used);
            if end.is_some() {
                return Ok(Input::Line(line));
            }
        }
    }

    /// Waits for keys; `false` where the bell rings first.
    fn has_keys(&mut self) -> io::Result<bool> {
        loop {
            let mut both =
                [self.keys.get_ref().as_fd(), self.bell.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            match poll(&mut both, PollTimeout::NONE) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
            let keys = both[0].any().unwrap_or(true);
            if self.rings() {
                return Ok(false);
            }
            if keys {
                return Ok(true);
            }
        }
    }

    /// Whether the bell has rung since it was last asked.
    fn rings(&mut self) -> bool {
        let mut rang = false;
        while matches!(self.bell.read(&mut [0; 64]), Ok(1..)) {
            rang = true;
        }
        rang
    }
}

/// From here on the line editor, which waits for keys and for SIGINT, hears of SIGTERM and SIGHUP as well, so that it
/// gives the terminal back before the process ends. To be called by the thread that will read.
pub(super) fn wake_on_termination(signals: &Signals) -> io::Result<()> {
    /// It may be about to listen.
    const AGAIN: Duration = Duration::from_millis(20);
    let (mut bell, signals, reader) = (signals.bell()?, signals.clone(), pthread_self());
    thread::Builder::new().name("bell".to_owned()).spawn(move || {
        while matches!(bell.read(&mut [0; 64]), Ok(1..)) {
            while signals.asks_in_vain() {
                signals.disarm();
                let _ = pthread_kill(reader, Signal::SIGINT);
                thread::sleep(AGAIN);
            }
        }
    })?;
    Ok(())
}
