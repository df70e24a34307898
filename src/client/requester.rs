use std::io::{self, Read};
use std::mem;

use super::attempts::{Attempts, Local};
use super::{ClientError, Negotiation, Options, resolve};
use crate::event::Observers;
use crate::files::{Source, Target, WriteFile};
use crate::net::{Earlier, LastGet, SharedFaults};
use crate::stop::Stop;
use crate::transfer::{Replay, Report};
use crate::wire::{Mode, Printable};

/// A client of any server: transfers files one after the other, and repeats the last ACK of a finished get during
/// whatever comes next. [`Client`](super::Client) and the shell use it.
pub struct Requester {
    pub(super) stop: Stop,
    last_get: LastGet,
    earlier: Earlier,
    /// The fault rules for the packets of this side, from the next transfer on.
    pub faults: SharedFaults,
}

/// A file on a server.
#[derive(Debug, Clone, Copy)]
pub struct FileRef<'a> {
    /// Name or address of the server, without brackets.
    pub host: &'a str,
    /// Port for requests.
    pub port: u16,
    /// Name of the file there.
    pub name: &'a [u8],
}

impl FileRef<'_> {
    /// Returns `switch1:69` or `[::1]:69`.
    pub(super) fn server(&self) -> String {
        let host = Printable(self.host.as_bytes()).brief();
        if self.host.contains(':') { format!("[{host}]:{}", self.port) } else { format!("{host}:{}", self.port) }
    }
}

impl Requester {
    /// Makes a requester whose transfers end early when `stop` is raised.
    pub fn new(stop: Stop) -> Self {
        Self { stop, last_get: LastGet::default(), earlier: Earlier::default(), faults: SharedFaults::default() }
    }

    /// Fetches a file; success means that `target` was committed.
    pub fn get(
        &mut self,
        file: &FileRef<'_>,
        options: &Options,
        target: &mut dyn WriteFile,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        self.transfer(file, options, &mut Local::Target(target), observers)
    }

    /// Sends a file; success means that the server acknowledged all of it.
    pub fn put<R: Read>(
        &mut self,
        file: &FileRef<'_>,
        options: &Options,
        source: &mut Source<R>,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        let size = source.size();
        self.transfer(file, options, &mut Local::Source(Replay::new(source), size), observers)
    }

    /// Asks for the size of a file in octet mode, in bytes, without fetching it; `None` if the server does not say it.
    pub fn size(
        &mut self,
        file: &FileRef<'_>,
        options: &Options,
        observers: &mut Observers<'_>,
    ) -> Result<Option<u64>, ClientError> {
        let negotiation = if options.negotiation == Negotiation::Off { Negotiation::Off } else { Negotiation::On };
        let (blksize, windowsize, tsize, tout) = (None, None, Some(true), None);
        let options = options.clone();
        let options = Options { mode: Mode::Octet, negotiation, blksize, windowsize, tsize, tout, ..options };
        let mut nowhere = Target::writer(io::sink(), Mode::Octet);
        let report = self.transfer(file, &options, &mut Local::Size(&mut nowhere), observers)?;
        Ok(report.terms.tsize)
    }

    /// Lets a thread repeat the last ACK of a get until the next transfer.
    pub fn idle(&mut self) {
        self.last_get.move_to_thread();
    }

    /// Waits before the program exits, if the last get saw a loss, for at most one retransmission interval.
    pub fn finish(&mut self) {
        self.last_get.finish(&self.stop);
    }

    /// Reports the packets of the last get after its end (RFC 1350 section 6), once and before the next transfer.
    pub fn notify_late(&mut self, observers: &mut Observers<'_>) {
        self.last_get.notify(observers);
    }

    fn transfer(
        &mut self,
        file: &FileRef<'_>,
        options: &Options,
        local_file: &mut Local<'_>,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        let addresses = resolve(file.host, file.port, options.family, &self.stop)?;
        match &options.local_ports {
            // The last get and its thread may hold the only free ports.
            Some(ports) if ports.len() <= 2 => {
                // Between two puts, there is no other get to keep.
                if let Some(last_get) = self.last_get.release() {
                    self.earlier.keep(last_get);
                }
            }
            _ => self.last_get.poll(),
        }
        self.last_get.begin();
        let mut earlier = mem::take(&mut self.earlier);
        let transferred = Attempts::new(file, options, local_file, observers, self, &mut earlier).run(&addresses);
        self.earlier = earlier;
        let (report, dally) = transferred?;
        if let Some(dally) = dally {
            self.last_get.keep(dally);
        }
        Ok(report)
    }
}
