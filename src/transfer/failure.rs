use std::io;

use thiserror::Error;

use crate::wire::{BadOption, ErrorCode, Printable};

/// Why a transfer ended without its file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Failure {
    /// No socket is open at the port asked.
    #[error("connection refused (no TFTP server there)")]
    Refused,
    /// The peer's port closed during the transfer.
    #[error("the peer went away (its port is closed)")]
    Vanished,
    /// No progress for as long as was allowed.
    #[error("Transfer timed out.")]
    TimedOut {
        /// Whether the peer had answered at all.
        answered: bool,
    },
    /// The peer sent an ERROR.
    #[error("{message} (code {})", code.0)]
    Remote {
        /// Its number.
        code: ErrorCode,
        /// Its text, made safe to print; the code's meaning where it was empty.
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
    /// Its blocks are numbered from 0: taking its next block for the first would lose one (RFC 1350 section 5).
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
}

/// Why a server does not like a request with options; the same request without them may do (RFC 2347).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OptionsRejected {
    /// Two requests stayed unanswered: the server may drop what it does not know.
    #[error("no answer to a request with options")]
    Silence,
    /// The first answer was an ERROR that may be about the options.
    #[error("the server answered a request with options with error {}: {message}", code.0)]
    Error {
        /// 0, 4 or 8.
        code: ErrorCode,
        /// Made safe to print.
        message: String,
    },
}

/// Why this side ends a transfer; its text goes to the peer in an ERROR.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Abort {
    /// The user wants it to end.
    #[error("transfer interrupted by the user")]
    Interrupted,
    /// The server shuts down.
    #[error("the server is stopping")]
    Stopping,
    /// The file of this side failed.
    #[error("{message}")]
    File {
        /// What concerns the peer.
        code: ErrorCode,
        /// The reason, without a local path.
        message: String,
    },
    /// The server refuses the request.
    #[error("{message}")]
    Refused {
        /// The ERROR's number.
        code: ErrorCode,
        /// Its text, made safe to print.
        message: String,
    },
    /// Sending failed.
    #[error("{0}")]
    Network(String),
}

impl Abort {
    /// A failure of the file.
    pub(super) fn file(error: &io::Error) -> Self {
        let code = ErrorCode::from_io(error);
        let message = if code == ErrorCode::UNDEFINED { error.to_string() } else { code.meaning().to_owned() };
        Self::File { code, message }
    }

    /// The code of the ERROR that the peer gets (RFC 1350 section 5).
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::File { code, .. } | Self::Refused { code, .. } => *code,
            Self::Interrupted | Self::Stopping | Self::Network(_) => ErrorCode::UNDEFINED,
        }
    }
}
