//! The library's client, asking one server. Each transfer may have other options and observers, as in the shell.

use std::io::{self, Read};
use std::net::SocketAddr;

use tftpsh::client::{ClientError, Options};
use tftpsh::event::Observers;
use tftpsh::files::{MemoryStore, Source, Store, Target, WriteFile, WriteMode};
use tftpsh::internals::{FileRef, Requester, SharedFaults};
use tftpsh::{Report, Stop};

/// A client, the server it asks, and how.
pub(crate) struct Client {
    requester: Requester,
    host: String,
    port: u16,
    /// Those of the next transfer.
    pub(crate) options: Options,
}

impl Client {
    /// Asks `server`, with the options of a user who sets none.
    pub(crate) fn to(server: SocketAddr) -> Self {
        Self::to_host(&server.ip().to_string(), server.port())
    }

    /// Likewise, by name.
    pub(crate) fn to_host(host: &str, port: u16) -> Self {
        let requester = Requester::new(Stop::new());
        Self { requester, host: host.to_owned(), port, options: Options::default() }
    }

    /// Sets how files are asked for.
    pub(crate) fn with(self, options: Options) -> Self {
        Self { options, ..self }
    }

    /// Lets `stop` end its transfers.
    pub(crate) fn stopped_by(self, stop: Stop) -> Self {
        Self { requester: Requester::new(stop), ..self }
    }

    /// Asks another server from now on.
    pub(crate) fn turn_to(&mut self, server: SocketAddr) {
        (self.host, self.port) = (server.ip().to_string(), server.port());
    }

    /// Gets a file into `target`.
    pub(crate) fn get(&mut self, name: impl AsRef<[u8]>, target: &mut dyn WriteFile) -> Result<Report, ClientError> {
        self.get_observed(name, target, &mut Observers::none())
    }

    /// Likewise, observed.
    pub(crate) fn get_observed(
        &mut self,
        name: impl AsRef<[u8]>,
        target: &mut dyn WriteFile,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        let file = FileRef { host: &self.host, port: self.port, name: name.as_ref() };
        self.requester.get(&file, &self.options, target, observers)
    }

    /// Gets a file and returns what it holds.
    pub(crate) fn get_bytes(
        &mut self,
        name: impl AsRef<[u8]>,
        observers: &mut Observers<'_>,
    ) -> Result<(Report, Vec<u8>), ClientError> {
        let here = MemoryStore::new();
        let mut target = here.create(b"copy", self.options.mode, WriteMode::CreateNew).unwrap();
        let report = self.get_observed(name, &mut target, observers)?;
        let bytes = here.get("copy").expect("a finished get has committed its file").to_vec();
        Ok((report, bytes))
    }

    /// Gets a file and keeps nothing of it.
    pub(crate) fn get_nothing(&mut self, name: impl AsRef<[u8]>) -> Result<Report, ClientError> {
        self.get(name, &mut Target::writer(io::sink(), self.options.mode))
    }

    /// Puts a file.
    pub(crate) fn put<R: Read>(
        &mut self,
        name: impl AsRef<[u8]>,
        source: &mut Source<R>,
    ) -> Result<Report, ClientError> {
        self.put_observed(name, source, &mut Observers::none())
    }

    /// Likewise, observed.
    pub(crate) fn put_observed<R: Read>(
        &mut self,
        name: impl AsRef<[u8]>,
        source: &mut Source<R>,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        let file = FileRef { host: &self.host, port: self.port, name: name.as_ref() };
        self.requester.put(&file, &self.options, source, observers)
    }

    /// Puts a file that holds `bytes`.
    pub(crate) fn put_bytes(&mut self, name: impl AsRef<[u8]>, bytes: &[u8]) -> Result<Report, ClientError> {
        self.put(name, &mut Source::bytes(bytes.into(), self.options.mode))
    }

    /// The faults of its network.
    pub(crate) fn faults(&self) -> &SharedFaults {
        &self.requester.faults
    }

    /// Notifies of the packets of the last get since its end.
    pub(crate) fn notify_late(&mut self, observers: &mut Observers<'_>) {
        self.requester.notify_late(observers);
    }

    /// Has it answer what comes late from now on.
    pub(crate) fn idle(&mut self) {
        self.requester.idle();
    }

    /// Ends it as the program does.
    pub(crate) fn finish(&mut self) {
        self.requester.finish();
    }
}
