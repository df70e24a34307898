use std::fmt::{self, Display, Formatter};
use std::io;

use thiserror::Error;

use super::{FileRef, UnknownHost};
use crate::net::DriveError;
use crate::transfer::Failure;
use crate::wire::{BadRequest, ErrorCode, Printable};

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
    /// What became of a transfer of `file`.
    pub(super) fn new(file: &FileRef<'_>, error: DriveError) -> Self {
        let server = At(file.host, file.port).to_string();
        match error {
            DriveError::Transfer(failure) => match failure {
                Failure::Refused => Self::Refused { server },
                Failure::TimedOut { answered } => Self::TimedOut { server, answered },
                Failure::Remote { code, message } => Self::Remote { server, code, message },
                failure => Self::Protocol { server, failure },
            },
            DriveError::Network(error) => Self::Network { server, error },
            DriveError::Local(error) => Self::Local(error),
            DriveError::Interrupted => Self::Interrupted,
        }
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

/// `switch1:69`, `[::1]:69`.
struct At<'a>(&'a str, u16);

impl Display for At<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let host = Printable(self.0.as_bytes());
        if self.0.contains(':') { write!(f, "[{host}]:{}", self.1) } else { write!(f, "{host}:{}", self.1) }
    }
}
