//! The library's client, asking one server.

use std::io;
use std::net::SocketAddr;

use tftpsh::client::{self, ClientError, Order};
use tftpsh::event::Observers;
use tftpsh::files::{Content, MemoryStore, Source, Target};
use tftpsh::net::SharedFaults;
use tftpsh::session::Settings;
use tftpsh::stop::Stop;
use tftpsh::transfer::Report;

/// A client, the server it asks, and how.
pub(crate) struct Client {
    client: client::Client,
    host: String,
    port: u16,
    /// Those of the next transfer.
    pub(crate) settings: Settings,
}

impl Client {
    /// Asks `server`, with the settings that a user has who sets none.
    pub(crate) fn to(server: SocketAddr) -> Self {
        Self::to_host(&server.ip().to_string(), server.port())
    }

    /// Likewise, by name.
    pub(crate) fn to_host(host: &str, port: u16) -> Self {
        let client = client::Client::new(Stop::new());
        Self { client, host: host.to_owned(), port, settings: Settings::default() }
    }

    /// Sets how files are asked for.
    pub(crate) fn with(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    /// Lets `stop` end its transfers.
    pub(crate) fn stopped_by(self, stop: Stop) -> Self {
        Self { client: client::Client::new(stop), ..self }
    }

    /// Asks another server from now on.
    pub(crate) fn turn_to(&mut self, server: SocketAddr) {
        (self.host, self.port) = (server.ip().to_string(), server.port());
    }

    /// Gets a file into `target`.
    pub(crate) fn get(&mut self, name: impl AsRef<[u8]>, target: &mut dyn Content) -> Result<Report, ClientError> {
        self.get_observed(name, target, &mut Observers::none())
    }

    /// Likewise, watched.
    pub(crate) fn get_observed(
        &mut self,
        name: impl AsRef<[u8]>,
        target: &mut dyn Content,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        let order = Order { host: &self.host, port: self.port, remote: name.as_ref() };
        self.client.get(&order, &self.settings, target, observers)
    }

    /// Gets a file and returns what it holds.
    pub(crate) fn get_bytes(
        &mut self,
        name: impl AsRef<[u8]>,
        observers: &mut Observers<'_>,
    ) -> Result<(Report, Vec<u8>), ClientError> {
        let here = MemoryStore::new();
        let mut target = tftpsh::files::Store::create(&here, b"copy", self.settings.mode, true).unwrap();
        let report = self.get_observed(name, &mut target, observers)?;
        let bytes = here.get(b"copy").expect("a finished get has committed its file").to_vec();
        Ok((report, bytes))
    }

    /// Gets a file and keeps nothing of it.
    pub(crate) fn get_nothing(&mut self, name: impl AsRef<[u8]>) -> Result<Report, ClientError> {
        let mut target = Target::writer(Box::new(io::sink()), self.settings.mode);
        self.get(name, &mut target)
    }

    /// Puts a file.
    pub(crate) fn put(&mut self, name: impl AsRef<[u8]>, source: &mut Source) -> Result<Report, ClientError> {
        self.put_observed(name, source, &mut Observers::none())
    }

    /// Likewise, watched.
    pub(crate) fn put_observed(
        &mut self,
        name: impl AsRef<[u8]>,
        source: &mut Source,
        observers: &mut Observers<'_>,
    ) -> Result<Report, ClientError> {
        let order = Order { host: &self.host, port: self.port, remote: name.as_ref() };
        self.client.put(&order, &self.settings, source, observers)
    }

    /// Puts a file that holds `bytes`.
    pub(crate) fn put_bytes(&mut self, name: impl AsRef<[u8]>, bytes: &[u8]) -> Result<Report, ClientError> {
        self.put(name, &mut Source::bytes(bytes.into(), self.settings.mode))
    }

    /// The faults of its network.
    pub(crate) fn faults(&self) -> &SharedFaults {
        self.client.faults()
    }

    /// Has it answer what comes late from now on.
    pub(crate) fn idle(&mut self) {
        self.client.idle();
    }

    /// Ends it as the program does.
    pub(crate) fn finish(&mut self) {
        self.client.finish();
    }
}
