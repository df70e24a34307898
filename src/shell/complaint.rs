//! Why a command failed, as it is said to people, to scripts and to the parent process.

use std::fmt::Display;
use std::io;

use thiserror::Error;

use super::commands::{Command, exact};
use super::status::Status;
use super::words::Word;
use crate::client::ClientError;
use crate::files::Mismatch;

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
    /// What to do next.
    pub hint: Option<String>,
}

impl Complaint {
    /// A local failure, in words that BSD says too.
    pub fn said(words: impl Display) -> Self {
        let reason = words.to_string();
        Self { said: Some(reason.clone()), ..Self::local(reason) }
    }

    /// A local failure of which BSD knows nothing.
    pub fn local(reason: impl Display) -> Self {
        Self { status: Status::Local, said: None, reason: reason.to_string(), hint: None }
    }

    /// A local file or address could not be used.
    pub fn io(what: impl Display, error: &io::Error) -> Self {
        Self::local(format_args!("{what}: {}", plain(error)))
    }

    /// Too few arguments, or too many.
    pub fn usage(command: &Command) -> Self {
        let said = format!("usage: {}", command.usage.join("\n       "));
        Self { said: Some(said), ..Self::local(format_args!("usage: {}", command.usage.join(" | "))) }
    }

    /// The words of the command with this name make no sense.
    pub fn usage_of(name: &str) -> Self {
        exact(&Word::new(name)).map_or_else(|| Self::local(format_args!("{name}: usage")), Self::usage)
    }

    /// A transfer failed. `file` is the local one.
    pub fn transfer(error: &ClientError, file: impl Display) -> Self {
        let told = Self { hint: error.hint().map(|hint| format!("Hint: {hint}.")), ..Self::local(error) };
        match error {
            ClientError::UnknownHost(_) => Self::said(error),
            ClientError::BadRequest(_) => told,
            ClientError::Local(error) => {
                let differs = error.get_ref().is_some_and(|cause| cause.is::<Mismatch>());
                let status = if differs { Status::Digest } else { Status::Local };
                Self { status, ..Self::io(file, error) }
            }
            ClientError::Interrupted => Self { status: Status::Interrupted, ..told },
            ClientError::Remote { code, message, .. } => {
                let number = code.0;
                Self {
                    status: Status::Server(*code),
                    said: Some(format!("Error code {number}: {message}")),
                    reason: format!("server: {message} (code {number})"),
                    ..told
                }
            }
            ClientError::TimedOut { .. } => {
                Self { status: Status::TimedOut, said: Some("Transfer timed out.".to_owned()), ..told }
            }
            ClientError::Refused { .. } | ClientError::Protocol { .. } | ClientError::Network { .. } => {
                Self { status: Status::Peer, ..told }
            }
        }
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
