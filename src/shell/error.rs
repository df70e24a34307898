//! Why a command failed, as people, BSD's users, scripts and the parent process read it.

use std::fmt::Display;
use std::io;

use thiserror::Error;

use super::status::Status;
use crate::client::{ClientError, UnknownHost};
use crate::files::Mismatch;
use crate::language::Mistake;
use crate::stop::is_interruption;
use crate::terminal::{Diagnostic, about, plain};

/// A failed command. `Display` is the plain sentence.
#[derive(Debug, Error)]
pub(crate) enum CommandError {
    /// The words of a line make no sense.
    #[error(transparent)]
    Mistake(#[from] Mistake),
    /// A word of `help` is neither a command nor a topic.
    #[error("?{} help command {word}", if mistake.is_ambiguous() { "Ambiguous" } else { "Invalid" })]
    Topic {
        /// The word, safe to print.
        word: String,
        /// What it is not.
        mistake: Mistake,
    },
    /// `connect` found no address.
    #[error(transparent)]
    UnknownHost(#[from] UnknownHost),
    /// A transfer without a server; this is how to name one.
    #[error("No target machine specified.")]
    NoTarget(&'static str),
    /// The server does not say the size of the file.
    #[error("size unknown (no tsize)")]
    UnknownSize,
    /// Any other local failure, in a sentence that BSD prints too.
    #[error("{0}")]
    Classic(String),
    /// Any other local failure.
    #[error("{0}")]
    Local(String),
    /// The local file or address of this name could not be used.
    #[error("{}: {}", .0, plain(.1))]
    File(String, io::Error),
    /// The trace in this file ended early.
    #[error("{}: {}", .0, plain(.1))]
    Trace(String, io::Error),
    /// A transfer of this local file failed.
    #[error("{}", transfer_sentence(.0, .1))]
    Transfer(Box<ClientError>, String),
    /// A signal ended the command.
    #[error("{0}")]
    Interrupted(String),
    /// The words of the command line make no sense.
    #[error(transparent)]
    CommandLine(Box<Self>),
}

impl CommandError {
    /// A local failure, in a sentence that BSD prints too.
    pub(crate) fn classic(sentence: impl Display) -> Self {
        Self::Classic(sentence.to_string())
    }

    /// A local failure of which BSD knows nothing.
    pub(crate) fn local(sentence: impl Display) -> Self {
        Self::Local(sentence.to_string())
    }

    /// A local file or address could not be used.
    pub(crate) fn file(name: impl Display, error: io::Error) -> Self {
        Self::File(name.to_string(), error)
    }

    /// A transfer to or from this local file failed.
    pub(crate) fn transfer(error: ClientError, file: impl Display) -> Self {
        Self::Transfer(Box::new(error), file.to_string())
    }

    /// Whether the words of the command make no sense, so that it fails however often it runs.
    pub(crate) fn is_mistake(&self) -> bool {
        matches!(self, Self::Mistake(_) | Self::CommandLine(_))
    }

    /// Whether the reader of the local file went away.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        let Self::Transfer(error, _) = self else { return false };
        matches!(&**error, ClientError::Local(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The status that the process ends with if this is the first failure.
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::CommandLine(_) => Status::CommandLine,
            Self::UnknownSize => Status::Peer,
            Self::Interrupted(_) => Status::Interrupted,
            Self::File(_, error) if is_interruption(error) => Status::Interrupted,
            Self::Transfer(error, _) => match &**error {
                ClientError::UnknownHost(_) | ClientError::BadRequest(_) => Status::Local,
                ClientError::Local(error) if error.get_ref().is_some_and(|cause| cause.is::<Mismatch>()) => {
                    Status::Digest
                }
                ClientError::Local(_) => Status::Local,
                ClientError::Interrupted => Status::Interrupted,
                ClientError::Remote { code, .. } => Status::Server(*code),
                ClientError::TimedOut { .. } | ClientError::BlocksLost { .. } => Status::TimedOut,
                ClientError::Refused { .. } | ClientError::Protocol { .. } | ClientError::Network { .. } => {
                    Status::Peer
                }
            },
            _ => Status::Local,
        }
    }
}

impl Diagnostic for CommandError {
    fn bsd_line(&self, file: Option<&str>) -> Option<String> {
        match self {
            Self::Mistake(mistake) => mistake.bsd_line(),
            Self::Topic { .. } | Self::UnknownHost(_) | Self::NoTarget(_) | Self::Classic(_) => Some(self.to_string()),
            Self::Transfer(error, _) => match &**error {
                ClientError::UnknownHost(error) => Some(error.to_string()),
                ClientError::Remote { code, message, .. } => {
                    Some(about(&format!("Error code {}: {message}", code.0), file))
                }
                ClientError::TimedOut { .. } | ClientError::BlocksLost { .. } => {
                    Some(about("Transfer timed out.", file))
                }
                _ => None,
            },
            Self::CommandLine(error) => error.bsd_line(file),
            _ => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Mistake(mistake) | Self::Topic { mistake, .. } => mistake.hint(),
            Self::NoTarget(advice) => Some((*advice).to_owned()),
            Self::Trace(path, _) => Some(format!("Nothing more is written to {path}.")),
            Self::Transfer(error, _) => error.hint().map(|hint| format!("Hint: {hint}.")),
            Self::CommandLine(error) => error.hint(),
            _ => None,
        }
    }
}

/// Names the local file where it failed, and the server where it refused.
fn transfer_sentence(error: &ClientError, file: &str) -> String {
    match error {
        ClientError::Local(error) => format!("{file}: {}", plain(error)),
        ClientError::Remote { code, message, .. } => format!("server: {message} (code {})", code.0),
        error => error.to_string(),
    }
}

/// What ends the shell: its own input or output failed.
pub(crate) type Fatal = io::Error;

/// Why a handler gave up.
#[derive(Debug, Error)]
#[error(transparent)]
pub(crate) enum HandlerError {
    /// The command failed; the shell continues.
    Command(#[from] CommandError),
    /// The shell cannot continue.
    Fatal(#[from] Fatal),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{parse, split};
    use crate::wire::ErrorCode;

    /// Status, sentence, BSD's line and hint.
    fn rendered(error: &CommandError) -> (u8, String, Option<String>, Option<String>) {
        (error.status().number(), error.to_string(), error.bsd_line(None), error.hint())
    }

    #[test]
    fn words_have_bsd_s_line_and_a_hint() {
        let mistake = |line: &str| CommandError::from(parse(&split(line.as_bytes()).unwrap().words).unwrap_err());
        let unknown = mistake("gett");
        let (said, hint) = ("?Invalid command".to_owned(), "Did you mean \"get\"?".to_owned());
        assert_eq!(rendered(&unknown), (1, "no such command".to_owned(), Some(said.clone()), Some(hint.clone())));
        let unknown = CommandError::CommandLine(Box::new(unknown));
        assert_eq!(rendered(&unknown), (2, "no such command".to_owned(), Some(said), Some(hint)));
        let bad = "7: bad value".to_owned();
        let range = "blksize must be 8 to 65464 bytes, or auto".to_owned();
        assert_eq!(rendered(&mistake("blksize 7")), (1, bad.clone(), Some(bad), Some(range)));
    }

    #[test]
    fn a_transfer_names_the_side_that_failed() {
        let (server, message) = ("h:69".to_owned(), "File not found".to_owned());
        let error = CommandError::transfer(ClientError::Remote { server, code: ErrorCode(1), message }, "f");
        let (sentence, said) =
            ("server: File not found (code 1)".to_owned(), "Error code 1: File not found".to_owned());
        assert_eq!(rendered(&error), (11, sentence, Some(said), None));
        let full = io::Error::from_raw_os_error(28);
        let error = CommandError::transfer(ClientError::Local(full), "f");
        assert_eq!(rendered(&error), (1, "f: No space left on device".to_owned(), None, None));
        assert_eq!(rendered(&CommandError::transfer(ClientError::Interrupted, "f")).0, 130);
    }
}
