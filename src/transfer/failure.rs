use std::io;

use thiserror::Error;

use crate::wire::{BadOption, ErrorCode, Printable};

/// The reason why a transfer ended without its file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// No socket is open at the port of the request.
    #[error("connection refused (no TFTP server there)")]
    Refused,
    /// The peer's port closed during the transfer.
    #[error("the peer went away (its port is closed)")]
    Vanished,
    /// There was no progress within the timeout.
    #[error("Transfer timed out.")]
    TimedOut {
        /// Whether the peer ever answered.
        answered: bool,
    },
    /// The peer sent an ERROR.
    #[error("{message} (code {})", code.0)]
    Remote {
        /// Its code.
        code: ErrorCode,
        /// Its message, made safe to print; the meaning of the code if it was empty.
        message: String,
    },
    /// The server's OACK cannot be accepted.
    #[error(transparent)]
    BadOption(#[from] BadOption),
    /// The same request without options may succeed (RFC 2347).
    #[error(transparent)]
    Options(#[from] OptionsRejected),
    /// The peer broke the protocol.
    #[error(transparent)]
    Protocol(#[from] Violation),
    /// This side ended the transfer.
    #[error(transparent)]
    Aborted(#[from] Abort),
}

impl Failure {
    pub(super) fn remote(code: ErrorCode, message: &[u8]) -> Self {
        let message = if message.is_empty() { code.meaning().to_owned() } else { Printable(message).brief() };
        Self::Remote { code, message }
    }
}

/// How a peer broke the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Violation {
    /// It numbers blocks from 0 (RFC 1350 section 5).
    #[error("the peer's first block is number 0, but blocks begin with 1")]
    BlockZero,
    /// A block is longer than the agreed size (RFC 2348).
    #[error("block {block} has {length} bytes, but {agreed} were agreed")]
    Oversize {
        /// Its number on the wire.
        block: u16,
        /// Its length, in bytes.
        length: usize,
        /// The agreed size, in bytes.
        agreed: usize,
    },
    /// The file does not have the size that its sender announced (RFC 2349).
    #[error("{received} bytes received, {announced} announced")]
    WrongSize {
        /// Bytes received, with those of the last block; not all of them if they are more than announced.
        received: u64,
        /// Bytes announced.
        announced: u64,
        /// The agreed length of a block, in bytes. Fewer bytes than this were the first block and the last: its sender
        /// may have agreed to longer blocks than it sends.
        blksize: u16,
    },
}

/// A sign that a server rejects options; the same request without them may succeed (RFC 2347).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OptionsRejected {
    /// Two requests got no answer: the server may drop requests with options.
    #[error("no answer to a request with options")]
    Silence,
    /// The first answer was an ERROR that may be about the options.
    #[error("the server answered a request with options with error {}: {message}", code.0)]
    Error {
        /// 0, 4 or 8.
        code: ErrorCode,
        /// Its message, made safe to print.
        message: String,
    },
}

/// The reason why this side ends a transfer; the peer gets it in an ERROR.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Abort {
    /// The user interrupted it.
    #[error("transfer interrupted by the user")]
    Interrupted,
    /// The server shuts down.
    #[error("the server is stopping")]
    Stopping,
    /// The local file failed.
    #[error("{message}")]
    File {
        /// The code of the ERROR.
        code: ErrorCode,
        /// The reason, without a local path.
        message: String,
    },
    /// The server refuses the request.
    #[error("{message}")]
    Refused {
        /// The code of the ERROR.
        code: ErrorCode,
        /// Its message, made safe to print.
        message: String,
    },
    /// The local file does not have the size that was announced to the peer (RFC 2349).
    #[error("the file changed while it was sent: {read} bytes read, {announced} announced")]
    Resized {
        /// Bytes read; not all of them if they are more than announced.
        read: u64,
        /// Bytes announced.
        announced: u64,
    },
    /// Sending failed.
    #[error("{0}")]
    Network(String),
}

impl Abort {
    /// Wraps an error of the file.
    pub(super) fn file(error: &io::Error) -> Self {
        let code = ErrorCode::from_io(error);
        let message = if code == ErrorCode::UNDEFINED { error.to_string() } else { code.meaning().to_owned() };
        Self::File { code, message }
    }

    /// Returns the code of the ERROR that the peer gets (RFC 1350 section 5).
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::File { code, .. } | Self::Refused { code, .. } => *code,
            Self::Interrupted | Self::Stopping | Self::Resized { .. } | Self::Network(_) => ErrorCode::UNDEFINED,
        }
    }
}
