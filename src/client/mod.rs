//! Get and put: [`Client`] transfers files from and to one server.
//!
//! ```text
//! address --resolve--> addresses --each until one does not refuse--> socket + machine --drive--> Report
//!                                          |
//!                          asked for too much: again, for less
//! ```
//!
//! ```
//! use tftpsh::client::{Client, ClientError};
//! use tftpsh::{MemoryStore, Mode, Server};
//!
//! let server = Server::builder(MemoryStore::from([("motd", "hello\n")])).bind("127.0.0.1:0")?.spawn()?;
//! let mut client = Client::to(server.address()).mode(Mode::Netascii);
//! let mut text = Vec::new();
//! client.get("motd", &mut text)?;
//! assert_eq!(text, b"hello\n");
//!
//! let error = client.get("nothing", &mut text).unwrap_err();
//! assert!(matches!(error, ClientError::Remote { .. }));
//! assert!(error.to_string().ends_with(": File not found (code 1)"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod attempts;
mod error;
pub(crate) mod file_ref;
mod offer;
mod options;
pub(crate) mod requester;
mod resolve;

use std::io::{Read, Write};
use std::ops::RangeInclusive;
use std::path::Path;
use std::time::Duration;

pub use address::Address;
pub(crate) use address::DEFAULT_PORT;
pub use error::ClientError;
pub(crate) use file_ref::FileRef;
pub use options::{Family, Negotiation, Options};
pub(crate) use requester::Requester;
pub use resolve::UnknownHost;
pub(crate) use resolve::resolve;

use crate::bugs::ClientBug;
use crate::event::{Observer, Observers};
use crate::files::{Source, Target, WriteFile};
use crate::macros::setters;
use crate::net::SharedFaults;
use crate::stop::Stop;
use crate::transfer::{Report, Rexmt};
use crate::wire::{BlockSize, Mode, WindowSize};

/// A client of one server: transfers files, one after the other.
///
/// The methods that return `Self` apply to all transfers. The client repeats the last ACK of a get during its next
/// transfer. Dropping it waits for this, if the get saw a loss, for at most one retransmission interval (RFC 1350
/// section 6).
pub struct Client<'o> {
    address: Address,
    options: Options,
    observers: Observers<'o>,
    requester: Requester,
}

impl<'o> Client<'o> {
    /// Makes a client for a server: a socket address, `("host", port)`, `"host:port"` or `"host"`.
    ///
    /// A name is looked up again for each transfer. The transfer reports a malformed address.
    pub fn to(server: impl Into<Address>) -> Self {
        Self {
            address: server.into(),
            options: Options::default(),
            observers: Observers::none(),
            requester: Requester::new(Stop::new()),
        }
    }

    /// Replaces all options.
    pub fn with(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    setters! {
        /// Sets the transfer mode; octet by default.
        mode(mode: Mode) => options.mode = mode;
        /// Sets the block size to ask for (RFC 2348); by default the largest that fits the path to the server, and for a
        /// put at most 1468 bytes.
        blksize(blksize: BlockSize) => options.blksize = Some(blksize);
        /// Sets the window to ask for, in blocks (RFC 7440).
        windowsize(windowsize: WindowSize) => options.windowsize = Some(windowsize);
        /// Sets which options requests ask for.
        options(negotiation: Negotiation) => options.negotiation = negotiation;
        /// Sets the retransmission interval; by default it adapts to the round trips.
        rexmt(rexmt: Rexmt) => options.retry.rexmt = rexmt;
        /// Sets the time without progress after which a transfer fails.
        timeout(timeout: Duration) => options.retry.timeout = timeout;
        /// Sets which addresses of a name are used.
        family(family: Family) => options.family = family;
        /// Sets the local ports, one of which is the transfer id of each transfer (RFC 1350 section 4); any by default.
        local_ports(ports: RangeInclusive<u16>) => options.local_ports = Some(ports);
        /// Activates a client bug, towards servers on this computer only.
        #[doc(hidden)]
        bug(bug: ClientBug) => options.bug = Some(bug);
    }

    /// Adds an observer of all packets and events, after those added before.
    pub fn observer(mut self, observer: &'o mut dyn Observer) -> Self {
        self.observers.add(observer);
        self
    }

    /// Sets the flag that interrupts transfers, from another thread or a signal handler.
    pub fn stop(mut self, stop: Stop) -> Self {
        self.requester.stop = stop;
        self
    }

    /// Returns the fault rules for the packets of this side, towards servers on this computer only.
    #[doc(hidden)]
    pub fn faults(&self) -> &SharedFaults {
        &self.requester.faults
    }

    /// Fetches a file into `to`, which is flushed at the end. After an error it may hold part of the file.
    ///
    /// # Errors
    ///
    /// Every [`ClientError`] is possible; [`ClientError::Local`] is the error of `to`.
    pub fn get(&mut self, name: impl AsRef<[u8]>, to: impl Write) -> Result<Report, ClientError> {
        self.fetch(name.as_ref(), &mut Target::writer(to, self.options.mode))
    }

    /// Sends all bytes of `from` as a file.
    ///
    /// # Errors
    ///
    /// Every [`ClientError`] is possible; [`ClientError::Local`] is the error of `from`.
    pub fn put(&mut self, name: impl AsRef<[u8]>, from: impl Read) -> Result<Report, ClientError> {
        self.send(name.as_ref(), &mut Source::reader(from, self.options.mode))
    }

    /// Fetches a file into a local one, which replaces an old file at `path` only when it is whole.
    ///
    /// # Errors
    ///
    /// Every [`ClientError`] is possible; [`ClientError::Local`] is the error of the local file.
    pub fn get_file(&mut self, name: impl AsRef<[u8]>, path: impl AsRef<Path>) -> Result<Report, ClientError> {
        let target = Target::create_until(path.as_ref(), self.options.mode, &self.requester.stop);
        self.fetch(name.as_ref(), &mut target.map_err(ClientError::Local)?)
    }

    /// Sends a local file.
    ///
    /// # Errors
    ///
    /// Every [`ClientError`] is possible; [`ClientError::Local`] is the error of the local file.
    pub fn put_file(&mut self, path: impl AsRef<Path>, name: impl AsRef<[u8]>) -> Result<Report, ClientError> {
        let source = Source::open_until(path.as_ref(), self.options.mode, &self.requester.stop);
        self.send(name.as_ref(), &mut source.map_err(ClientError::Local)?)
    }

    /// Asks for the size of a file in octet mode, in bytes, without fetching it; `None` if the server does not say it.
    ///
    /// The answer is the option `tsize` (RFC 2349). Without that option, the size of a file shorter than 512 bytes is known
    /// too: its first block is the whole file.
    ///
    /// # Errors
    ///
    /// Every [`ClientError`] is possible except [`ClientError::Local`].
    pub fn size(&mut self, name: impl AsRef<[u8]>) -> Result<Option<u64>, ClientError> {
        let file = self.address.file(name.as_ref())?;
        self.requester.size(&file, &self.options, &mut self.observers)
    }

    fn fetch(&mut self, name: &[u8], target: &mut dyn WriteFile) -> Result<Report, ClientError> {
        let file = self.address.file(name)?;
        self.requester.get(&file, &self.options, target, &mut self.observers)
    }

    fn send<R: Read>(&mut self, name: &[u8], source: &mut Source<R>) -> Result<Report, ClientError> {
        let file = self.address.file(name)?;
        self.requester.put(&file, &self.options, source, &mut self.observers)
    }
}

impl Drop for Client<'_> {
    fn drop(&mut self) {
        self.requester.finish();
    }
}
