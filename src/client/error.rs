use std::io;

use thiserror::Error;

use super::UnknownHost;
use crate::transfer::{Abort, Cause, Failure, Stopped};
use crate::wire::{BadRequest, ErrorCode};

/// Why a file was not transferred. `server` is who was asked: `switch1:69`, `[::1]:69`.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The name leads to no address, or the address is malformed.
    #[error(transparent)]
    UnknownHost(#[from] UnknownHost),
    /// No request can be made for such a file name.
    #[error(transparent)]
    BadRequest(#[from] BadRequest),
    /// No program listens at the server's port.
    #[error("{server}: {}", Failure::Refused)]
    Refused {
        /// Name or address, and port.
        server: String,
    },
    /// No progress for as long as was allowed.
    #[error("{server}: {}", Failure::TimedOut { answered: *answered })]
    TimedOut {
        /// Name or address, and port.
        server: String,
        /// Whether the server had answered at all.
        answered: bool,
    },
    /// The server sent an ERROR.
    #[error("{server}: {message} (code {})", code.0)]
    Remote {
        /// Name or address, and port.
        server: String,
        /// The error's number.
        code: ErrorCode,
        /// The error's text, made safe to print; the code's meaning where it was empty.
        message: String,
    },
    /// The server broke the protocol: it accepted an option that was not offered, or its port closed in the middle.
    #[error("{server}: {failure}")]
    Protocol {
        /// Name or address, and port.
        server: String,
        /// What it did.
        failure: Failure,
    },
    /// The way there failed: no route, no socket.
    #[error("{server}: {error}")]
    Network {
        /// Name or address, and port.
        server: String,
        /// What the system said.
        error: io::Error,
    },
    /// The file of this side failed.
    #[error(transparent)]
    Local(io::Error),
    /// The stop flag was raised, and the server got an ERROR.
    #[error("interrupted")]
    Interrupted,
}

impl ClientError {
    /// Why a transfer with `server` ended.
    pub(super) fn stopped(server: String, Stopped { failure, cause }: Stopped) -> Self {
        match (cause, failure) {
            (Some(Cause::File(error)), _) => Self::Local(error),
            (Some(Cause::Network(error)), _) => Self::Network { server, error },
            (None, Failure::Aborted(_)) => Self::Interrupted,
            (None, Failure::Refused) => Self::Refused { server },
            (None, Failure::TimedOut { answered }) => Self::TimedOut { server, answered },
            (None, Failure::Remote { code, message }) => Self::Remote { server, code, message },
            (None, failure) => Self::Protocol { server, failure },
        }
    }

    /// The same for observers.
    pub(super) fn failure(&self) -> Failure {
        match self {
            Self::Refused { .. } => Failure::Refused,
            Self::TimedOut { answered, .. } => Failure::TimedOut { answered: *answered },
            Self::Remote { code, message, .. } => Failure::Remote { code: *code, message: message.clone() },
            Self::Protocol { failure, .. } => failure.clone(),
            Self::Network { error, .. } => Failure::Aborted(Abort::Network(error.to_string())),
            other => Failure::Aborted(Abort::Network(other.to_string())),
        }
    }

    /// Whether another address of the same host may do.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Network { .. })
    }

    /// What the user might look at, where the error itself does not say.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::TimedOut { answered: false, .. } => {
                Some("a firewall may block the answer, which comes from another port than the one asked")
            }
            _ => None,
        }
    }
}
