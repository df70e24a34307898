use std::io;

use thiserror::Error;

use super::UnknownHost;
use crate::stop::is_interruption;
use crate::transfer::{Abort, Cause, Failure, Stopped, Violation};
use crate::wire::{BadRequest, BlockSize, ErrorCode};

/// The advice if blocks of the agreed size did not arrive whole.
const SMALL_BLOCKS: &str = "try blksize 512";

/// The reason why a file was not transferred. `server` is the server as the user named it: `switch1:69`, `[::1]:69`.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The name has no address, or the address is malformed.
    #[error(transparent)]
    UnknownHost(#[from] UnknownHost),
    /// A request cannot carry the file name.
    #[error(transparent)]
    BadRequest(#[from] BadRequest),
    /// No program listens at the port of the server.
    #[error("{server}: {}", Failure::Refused)]
    Refused {
        /// Name or address, and port.
        server: String,
    },
    /// There was no progress within the timeout.
    #[error("{server}: {}", Failure::TimedOut { answered: *answered })]
    TimedOut {
        /// Name or address, and port.
        server: String,
        /// Whether the server ever answered.
        answered: bool,
    },
    /// The server agreed to options, but no block arrived: the path may lose blocks of the agreed size.
    #[error("{server}: Transfer timed out: {}", Failure::BlocksLost { blksize: *blksize })]
    BlocksLost {
        /// Name or address, and port.
        server: String,
        /// The agreed size, in bytes.
        blksize: BlockSize,
    },
    /// The server sent an ERROR.
    #[error("{server}: {message} (code {})", code.0)]
    Remote {
        /// Name or address, and port.
        server: String,
        /// Its code.
        code: ErrorCode,
        /// Its message, made safe to print; the meaning of the code if it was empty.
        message: String,
    },
    /// The server broke the protocol: it granted an option that was not offered, or closed its port.
    #[error("{server}: {failure}")]
    Protocol {
        /// Name or address, and port.
        server: String,
        /// What it did.
        failure: Failure,
    },
    /// The network failed: no route, or no socket.
    #[error("{server}: {error}")]
    Network {
        /// Name or address, and port.
        server: String,
        /// The error of the system.
        error: io::Error,
    },
    /// The local file failed.
    #[error(transparent)]
    Local(io::Error),
    /// The stop flag was raised, and the server got an ERROR.
    #[error("interrupted")]
    Interrupted,
}

impl ClientError {
    /// Makes the error of a transfer with `server`.
    pub(super) fn stopped(server: String, Stopped { failure, cause }: Stopped) -> Self {
        match (cause, failure) {
            (Some(Cause::File(error)), _) if is_interruption(&error) => Self::Interrupted,
            (Some(Cause::File(error)), _) => Self::Local(error),
            (Some(Cause::Network(error)), _) => Self::Network { server, error },
            (None, Failure::Aborted(resized @ Abort::Resized { .. })) => Self::Local(io::Error::other(resized)),
            (None, Failure::Aborted(_)) => Self::Interrupted,
            (None, Failure::Refused) => Self::Refused { server },
            (None, Failure::TimedOut { answered }) => Self::TimedOut { server, answered },
            (None, Failure::NoAnswer) => Self::TimedOut { server, answered: false },
            (None, Failure::BlocksLost { blksize }) => Self::BlocksLost { server, blksize },
            (None, Failure::Remote { code, message } | Failure::Rejected { code, message }) => {
                Self::Remote { server, code, message }
            }
            (None, failure) => Self::Protocol { server, failure },
        }
    }

    /// Returns the failure for observers.
    pub(super) fn failure(&self) -> Failure {
        match self {
            Self::Refused { .. } => Failure::Refused,
            Self::TimedOut { answered, .. } => Failure::TimedOut { answered: *answered },
            Self::BlocksLost { blksize, .. } => Failure::BlocksLost { blksize: *blksize },
            Self::Remote { code, message, .. } => Failure::Remote { code: *code, message: message.clone() },
            Self::Protocol { failure, .. } => failure.clone(),
            Self::Network { error, .. } => Failure::Aborted(Abort::Network(error.to_string())),
            Self::Local(error) => {
                Failure::Aborted(Abort::File { code: ErrorCode::from_io(error), message: error.to_string() })
            }
            Self::Interrupted => Failure::Aborted(Abort::Interrupted),
            other => Failure::Aborted(Abort::Network(other.to_string())),
        }
    }

    /// Whether another address of the same host may succeed.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Network { .. })
    }

    /// Returns advice, if the error itself gives none.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::TimedOut { answered: false, .. } => {
                Some("a firewall may block the answer, which comes from another port than the one asked")
            }
            Self::BlocksLost { .. } => Some(SMALL_BLOCKS),
            // With blocks of 512 bytes the file itself must be shorter.
            Self::Protocol {
                failure: Failure::Protocol(Violation::WrongSize { received, announced, blksize }),
                ..
            } if received < announced && *blksize > BlockSize::default().get() => Some(SMALL_BLOCKS),
            _ => None,
        }
    }
}
