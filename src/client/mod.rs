//! Get and put: [`Client`] transfers files from and to one server.
//!
//! ```text
//! address --resolve--> addresses --each until one does not refuse--> socket + machine --drive--> Report
//!                                          |
//!                          options unwelcome: once more without
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
mod error;
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
pub use options::{Family, Negotiation, Options};
pub(crate) use requester::{FileRef, Requester};
pub use resolve::UnknownHost;
pub(crate) use resolve::resolve;

use crate::bugs::ClientBug;
use crate::event::{Observer, Observers};
use crate::files::{Source, Target, WriteFile};
use crate::net::SharedFaults;
use crate::stop::Stop;
use crate::transfer::{Report, Rexmt};
use crate::wire::{BlockSize, Mode, WindowSize};

/// Transfers files from and to one server, one after the other.
///
/// The methods that return `Self` set what holds for all transfers. After a get whose last ACK may have been lost, the
/// client repeats that ACK during its next transfer. Dropping the client waits for this, at most one retransmission
/// interval, and only where the last get saw a loss (RFC 1350 section 6).
pub struct Client<'o> {
    address: Address,
    options: Options,
    observers: Observers<'o>,
    requester: Finishing,
}

impl<'o> Client<'o> {
    /// Makes a client for a server: a socket address, `("host", port)` or `"host:port"`, where the port may be left out.
    ///
    /// Names are looked up anew for each transfer. A malformed address is reported by the transfer.
    pub fn to(server: impl Into<Address>) -> Self {
        Self {
            address: server.into(),
            options: Options::default(),
            observers: Observers::none(),
            requester: Finishing(Requester::new(Stop::new())),
        }
    }

    /// Replaces all options.
    pub fn with(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Sets how files are transferred; octet by default.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.options.mode = mode;
        self
    }

    /// Sets the block size to ask for (RFC 2348); by default what fits the path to the server.
    pub fn blksize(mut self, blksize: BlockSize) -> Self {
        self.options.blksize = Some(blksize);
        self
    }

    /// Sets the window to ask for, in blocks (RFC 7440).
    pub fn windowsize(mut self, windowsize: WindowSize) -> Self {
        self.options.windowsize = Some(windowsize);
        self
    }

    /// Sets which options requests ask for.
    pub fn options(mut self, negotiation: Negotiation) -> Self {
        self.options.negotiation = negotiation;
        self
    }

    /// Sets when a packet is sent again; by default the interval adapts to the round trips.
    pub fn rexmt(mut self, rexmt: Rexmt) -> Self {
        self.options.retry.rexmt = rexmt;
        self
    }

    /// Sets the time without progress after which a transfer fails.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.options.retry.timeout = timeout;
        self
    }

    /// Sets which addresses of a name are used.
    pub fn family(mut self, family: Family) -> Self {
        self.options.family = family;
        self
    }

    /// Sets the local ports, one of which is the transfer id of each transfer (RFC 1350 section 4); any by default.
    pub fn local_ports(mut self, ports: RangeInclusive<u16>) -> Self {
        self.options.local_ports = Some(ports);
        self
    }

    /// Adds an observer of all packets and events, after those added before.
    pub fn observer(mut self, observer: &'o mut dyn Observer) -> Self {
        self.observers.add(observer);
        self
    }

    /// Sets the flag that interrupts transfers, from another thread or a signal handler.
    pub fn stop(mut self, stop: Stop) -> Self {
        self.requester.0.set_stop(stop);
        self
    }

    /// Makes a historic mistake on purpose, towards servers on this computer only.
    #[doc(hidden)]
    pub fn bug(mut self, bug: ClientBug) -> Self {
        self.options.bug = Some(bug);
        self
    }

    /// What goes wrong on purpose with the packets of this side, towards servers on this computer only.
    #[doc(hidden)]
    pub fn faults(&self) -> &SharedFaults {
        self.requester.0.faults()
    }

    /// Fetches a file into `to`, which is flushed at the end. After an error it may hold part of the file.
    ///
    /// # Errors
    ///
    /// Every [`ClientError`] is possible; [`ClientError::Local`] is the error of `to`.
    pub fn get(&mut self, name: impl AsRef<[u8]>, to: impl Write) -> Result<Report, ClientError> {
        self.fetch(name.as_ref(), &mut Target::writer(to, self.options.mode))
    }

    /// Sends everything that `from` yields as a file.
    ///
    /// # Errors
    ///
    /// Every [`ClientError`] is possible; [`ClientError::Local`] is the error of `from`.
    pub fn put(&mut self, name: impl AsRef<[u8]>, from: impl Read) -> Result<Report, ClientError> {
        self.send(name.as_ref(), &mut Source::reader(from, self.options.mode))
    }

    /// Fetches a file into a local one, which is written under a temporary name and moved into place when it is whole.
    /// After an error, what was at `path` before is still there.
    ///
    /// # Errors
    ///
    /// Every [`ClientError`] is possible; [`ClientError::Local`] is the error of the local file.
    pub fn get_file(&mut self, name: impl AsRef<[u8]>, path: impl AsRef<Path>) -> Result<Report, ClientError> {
        let target = Target::create(path.as_ref(), self.options.mode);
        self.fetch(name.as_ref(), &mut target.map_err(ClientError::Local)?)
    }

    /// Sends a local file.
    ///
    /// # Errors
    ///
    /// Every [`ClientError`] is possible; [`ClientError::Local`] is the error of the local file.
    pub fn put_file(&mut self, path: impl AsRef<Path>, name: impl AsRef<[u8]>) -> Result<Report, ClientError> {
        let source = Source::open(path.as_ref(), self.options.mode);
        self.send(name.as_ref(), &mut source.map_err(ClientError::Local)?)
    }

    fn fetch(&mut self, name: &[u8], target: &mut dyn WriteFile) -> Result<Report, ClientError> {
        let file = self.address.file(name)?;
        self.requester.0.get(&file, &self.options, target, &mut self.observers)
    }

    fn send<R: Read>(&mut self, name: &[u8], source: &mut Source<R>) -> Result<Report, ClientError> {
        let file = self.address.file(name)?;
        self.requester.0.put(&file, &self.options, source, &mut self.observers)
    }
}

/// Waits at its end for a server that did not hear the last ACK.
struct Finishing(Requester);

impl Drop for Finishing {
    fn drop(&mut self) {
        self.0.finish();
    }
}
