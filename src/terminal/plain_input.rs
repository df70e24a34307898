//! Lines as the system edits them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::prompted::Prompted;
use crate::stop::Signals;
use crate::style::{Look, Style};

/// Lines that the system edits, with nothing drawn: for screen readers, programs that type, and dumb terminals.
pub(super) struct PlainInput {
    keys: BufReader<File>,
    bell: UnixStream,
    /// Where prompts go.
    out: Box<dyn Write>,
    style: Style,
}

impl PlainInput {
    /// Reads standard input, and asks on `out`.
    pub(super) fn new(signals: &Signals, out: Box<dyn Write>, style: Style) -> io::Result<Self> {
        let keys = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let bell = signals.pipe()?;
        bell.set_nonblocking(true)?;
        Ok(Self { keys: BufReader::new(keys), bell, out, style })
    }

    /// Asks for a line. A signal drops what was typed.
    pub(super) fn read(&mut self, prompt: &str) -> io::Result<Prompted> {
        // Signals that came during a command do not concern this line.
        self.rings();
        write!(self.out, "{}", self.style.paint(Look::Prompt, prompt))?;
        self.out.flush()?;
        let mut line = Vec::new();
        loop {
            if self.keys.buffer().is_empty() && !self.has_keys()? {
                writeln!(self.out)?;
                // The system drops what was typed, and does not say whether that was anything.
                return Ok(Prompted::Cleared { was_empty: false });
            }
            let keys = self.keys.fill_buf()?;
            if keys.is_empty() {
                writeln!(self.out)?;
                return Ok(if line.is_empty() { Prompted::End } else { Prompted::Line(line) });
            }
            let end = keys.iter().position(|&key| key == b'\n');
            line.extend_from_slice(&keys[..end.unwrap_or(keys.len())]);
            let used = end.map_or(keys.len(), |end| end + 1);
            self.keys.consume(used);
            if end.is_some() {
                return Ok(Prompted::Line(line));
            }
        }
    }

    /// Waits for keys; `false` where the bell rings first.
    fn has_keys(&mut self) -> io::Result<bool> {
        loop {
            let mut both =
                [self.keys.get_ref().as_fd(), self.bell.as_fd()].map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            if let Err(error) = poll(&mut both, PollTimeout::NONE)
                && error != Errno::EINTR
            {
                return Err(error.into());
            }
            let (keys, rings) = (both[0].any().unwrap_or(true), self.rings());
            if keys || rings {
                return Ok(!rings);
            }
        }
    }

    /// Whether the bell has rung since it was last asked.
    fn rings(&mut self) -> bool {
        (0..).take_while(|_: &u32| matches!(self.bell.read(&mut [0; 64]), Ok(1..))).count() > 0
    }
}
