//! Why a command failed, as it is said to people, to scripts and to the parent process.

use std::fmt::Display;
use std::io;

use thiserror::Error;

use super::commands::Command;
use super::status::Status;
use crate::client::ClientError;
use crate::transfer::Failure;

/// A failed command. Handlers return it inside an [`anyhow::Error`]; any other error there means that the shell itself
/// cannot go on.
#[derive(Debug, Error)]
#[error("{reason}")]
pub struct Complaint {
    /// What the process will end with, if this is the first failure.
    pub status: Status,
    /// What BSD says on standard output; `None` where it says it on standard error.
    pub said: Option<String>,
    /// What happened, for diagnostics.
    pub reason: String,
}

impl Complaint {
    /// A local failure, in words that BSD says too.
    pub fn said(words: impl Display) -> Self {
        let reason = words.to_string();
        Self { status: Status::Local, said: Some(reason.clone()), reason }
    }

    /// A local failure of which BSD knows nothing.
    pub fn local(reason: impl Display) -> Self {
        Self { status: Status::Local, said: None, reason: reason.to_string() }
    }

    /// A local file or address could not be used.
    pub fn io(what: impl Display, error: &io::Error) -> Self {
        Self::local(format_args!("{what}: {}", plain(error)))
    }

    /// Too few arguments, or too many.
    pub fn usage(command: &Command) -> Self {
        let said = format!("usage: {}", command.usage.join("\n       "));
        Self { status: Status::Local, said: Some(said), reason: format!("usage: {}", command.usage.join(" | ")) }
    }

    /// In front of the words that the complaint consists of, what else BSD says.
    pub fn with_said(self, said: String) -> Self {
        Self { said: Some(said), ..self }
    }

    /// A transfer failed. `file` is the local one.
    pub fn transfer(error: &ClientError, file: impl Display) -> Self {
        let reason = error.to_string();
        match error {
            ClientError::UnknownHost(_) => Self::said(reason),
            ClientError::Request(_) => Self::local(reason),
            ClientError::Local(error) => Self::io(file, error),
            ClientError::Network(error) => Self { status: Status::Peer, said: None, reason: plain(error) },
            ClientError::Transfer { failure, .. } => match failure {
                Failure::Remote { code, message } => Self {
                    status: Status::Server(*code),
                    said: Some(format!("Error code {}: {message}", code.0)),
                    reason: format!("server: {failure}"),
                },
                Failure::TimedOut { .. } => {
                    Self { status: Status::TimedOut, said: Some("Transfer timed out.".to_owned()), reason }
                }
                _ => Self { status: Status::Peer, said: None, reason },
            },
        }
    }

    /// Ctrl-C.
    pub fn interrupted() -> Self {
        Self { status: Status::Interrupted, said: None, reason: "interrupted".to_owned() }
    }
}

/// The system's words for an error, without its number.
pub fn plain(error: &io::Error) -> String {
    let mut words = error.to_string();
    if let Some(number) = words.find(" (os error ") {
        words.truncate(number);
    }
    words
}
