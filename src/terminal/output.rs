//! The output streams of the process, in one place: a write ends with a signal, and what has no reader is dropped.

use std::cell::Cell;
use std::io::{self, Stdout, Write};
use std::path::Path;
use std::rc::Rc;

use crate::stop::{Interruptible, Stop, is_interruption};

/// A stream of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// Both output streams; clones share what is known of their readers.
#[derive(Debug, Clone, Default)]
pub(super) struct Output {
    stop: Stop,
    reader: Rc<Cell<Reader>>,
}

/// The reader of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Reader {
    #[default]
    Present,
    /// It has closed its end: from now on nothing is written.
    Gone,
    /// It has, and commands did not run for this reason.
    Missed,
}

impl Output {
    /// The streams of the process, whose writes fail if they would wait when `stop` is raised.
    pub(super) fn new(stop: &Stop) -> Self {
        Self { stop: stop.clone(), reader: Rc::default() }
    }

    /// A writer for a stream. Once the reader of standard output has gone, it drops what it gets: the command that
    /// runs is finished, and [`ends_here`](Self::ends_here) keeps the next one from running.
    pub(super) fn writer(&self, stream: Stream) -> Box<dyn Write> {
        match stream {
            Stream::Output => Box::new(StandardOutput {
                inner: Interruptible::new(io::stdout(), &self.stop),
                reader: Rc::clone(&self.reader),
            }),
            Stream::Error => Box::new(Interruptible::new(io::stderr(), &self.stop)),
        }
    }

    /// A writer for a stream whose writes never wait: those that would fail with [`io::ErrorKind::WouldBlock`]. Its other
    /// errors are those of the system.
    pub(super) fn never_waiting(stream: Stream) -> Box<dyn Write> {
        match stream {
            Stream::Output => Box::new(NeverWaiting(Interruptible::never_waiting(io::stdout()))),
            Stream::Error => Box::new(NeverWaiting(Interruptible::never_waiting(io::stderr()))),
        }
    }

    /// Creates a file, whose writes end like those of the streams.
    pub(super) fn create(&self, path: &Path) -> io::Result<impl Write + use<>> {
        Interruptible::create(path, &self.stop)
    }

    /// Whether no more commands may run, since the reader of what they print has gone. To be asked before each command.
    pub(super) fn ends_here(&self) -> bool {
        if self.reader.get() == Reader::Gone {
            self.reader.set(Reader::Missed);
        }
        self.is_cut_short()
    }

    /// Notes that the reader of standard output has gone.
    pub(super) fn lose_reader(&self) {
        if self.reader.get() == Reader::Present {
            self.reader.set(Reader::Gone);
        }
    }

    /// Whether commands did not run for this reason.
    pub(super) fn is_cut_short(&self) -> bool {
        self.reader.get() == Reader::Missed
    }
}

struct StandardOutput {
    inner: Interruptible<Stdout>,
    reader: Rc<Cell<Reader>>,
}

impl StandardOutput {
    fn attempt<T>(
        &mut self,
        dropped: T,
        write: impl FnOnce(&mut Interruptible<Stdout>) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.reader.get() != Reader::Present {
            return Ok(dropped);
        }
        match write(&mut self.inner) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.reader.set(Reader::Gone);
                Ok(dropped)
            }
            result => result,
        }
    }
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.attempt(bytes.len(), |inner| inner.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.attempt((), Write::flush)
    }
}

/// A writer that has no space instead of an interruption.
struct NeverWaiting<W>(W);

impl<W: Write> Write for NeverWaiting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.0.write(bytes);
        written.map_err(|error| if is_interruption(&error) { io::ErrorKind::WouldBlock.into() } else { error })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
