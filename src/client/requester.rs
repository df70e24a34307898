use std::io::{self, Read};
use std::net::Ipv4Addr;

use super::attempts::{Attempts, Local};
use super::{ClientError, FileRef, Negotiation, Options, resolve};
use crate::event::Observers;
use crate::files::{Source, Target, WriteFile};
use crate::net::{Earlier, LastGet, Reporter, SharedFaults, Subject};
use crate::stop::Stop;
use crate::transfer::{Replay, Report};
use crate::wire::Mode;

/// A client of any server: transfers files one after the other, and repeats the last ACK of a finished get during
/// whatever comes next. [`Client`](super::Client) and the shell use it.
pub struct Requester {
    pub(super) stop: Stop,
    last_get: LastGet,
    earlier: Earlier,
    /// The number of transfers so far.
    transfers: u64,
    /// The fault rules for the packets of this side, from the next transfer on.
    pub faults: SharedFaults,
}

impl Requester {
    /// Makes a requester whose transfers end early when `stop` is raised.
    pub fn new(stop: Stop) -> Self {
        Self {
            stop,
            last_get: LastGet::default(),
            earlier: Earlier::default(),
            transfers: 0,
            faults: SharedFaults::default(),
        }
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
        let Self { stop, last_get, earlier, transfers, faults } = self;
        let addresses = resolve(file.host, file.port, options.family, stop)?;
        match &options.local_ports {
            // The last get and its thread may hold the only free ports.
            Some(ports) if ports.len() <= 2 => {
                // Between two puts, there is no other get to keep.
                if let Some(get) = last_get.release() {
                    earlier.keep(get);
                }
            }
            _ => last_get.poll(),
        }
        last_get.begin();
        *transfers += 1;
        // Each attempt sets the address of its own socket.
        let mut subject = Subject::new(*transfers, (Ipv4Addr::UNSPECIFIED, 0).into());
        let reporter = Reporter { observers, subject: &mut subject };
        let attempts = Attempts::new(file, options, local_file, reporter, faults, earlier, stop);
        let (report, dally) = attempts.run(&addresses)?;
        if let Some(dally) = dally {
            last_get.keep(dally);
        }
        Ok(report)
    }
}
