use std::io::{self, Write};

use super::output::{Output, Stream};
use crate::backlog::Backlog;

/// A stream for what a server shows of its packets: the server must not wait for whoever reads it.
///
/// Lines wait until they find space. Those that find none are lost, which is said once on standard error.
pub(super) struct LossyLines {
    backlog: Backlog<Box<dyn Write>>,
    has_lost: bool,
}

impl LossyLines {
    pub(super) fn new(stream: Stream) -> Self {
        Self { backlog: Backlog::new(Output::never_waiting(stream)), has_lost: false }
    }

    fn report_loss(&mut self) {
        if !std::mem::replace(&mut self.has_lost, true) {
            let message = b"tftp: trace: nobody reads fast enough, so lines are missing; the server continues\n";
            // Nothing is left to report this to.
            let _ = Output::never_waiting(Stream::Error).write_all(message);
        }
    }
}

impl Write for LossyLines {
    fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
        if !self.backlog.has_space(lines.len()) {
            self.flush()?;
        }
        self.backlog.push(lines);
        if self.backlog.lost() > 0 {
            self.report_loss();
        }
        Ok(lines.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.backlog.write().map(drop)
    }
}
