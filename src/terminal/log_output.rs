use std::io::{self, Write};

use super::console::plain;
use super::output::{Output, Stream};

/// A stream for the log of a server, which must not wait for whoever reads it.
///
/// The first failure is reported on standard error, which must not delay the server either.
pub(crate) struct LogOutput {
    out: Box<dyn Write>,
    is_reported: bool,
}

impl LogOutput {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { out: Output::never_waiting(stream), is_reported: false }
    }

    fn report(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.is_reported, true) {
            let message = match error.kind() {
                io::ErrorKind::BrokenPipe => "nobody reads the log any more; the server continues".to_owned(),
                _ => format!("the log is incomplete, and the server continues: {}", plain(error)),
            };
            // Nothing is left to report this to.
            let _ = Output::never_waiting(Stream::Error).write_all(format!("tftp: {message}\n").as_bytes());
        }
    }
}

impl Write for LogOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.out.write(bytes) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                self.report(&error);
                Err(error)
            }
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
