use std::io;

use thiserror::Error;

use crate::wire::{BadOption, BlockSize, ErrorCode, Malformed, Printable};

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
    /// Two requests with options got no answer: the server may drop such requests.
    #[error("no answer to a request with options")]
    NoAnswer,
    /// The server answered a request with options with an ERROR that may be about them (RFC 2347).
    #[error("the server answered a request with options with error {}: {message}", code.0)]
    Rejected {
        /// 0, 4 or 8.
        code: ErrorCode,
        /// Its message, made safe to print.
        message: String,
    },
    /// The server agreed to options, but nothing that followed arrived: the path may lose blocks of the agreed size.
    #[error("blocks of {blksize} bytes do not arrive")]
    BlocksLost {
        /// The agreed size, in bytes.
        blksize: BlockSize,
    },
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

    /// Makes the failure of a request with options whose first answer is an ERROR.
    pub(super) fn of_request(code: ErrorCode, message: &[u8]) -> Self {
        match Self::remote(code, message) {
            Self::Remote { code, message } if may_be_about_options(code, &message) => Self::Rejected { code, message },
            failure => failure,
        }
    }
}

/// Whether an ERROR that answers a request with options may be about the options rather than about the request.
///
/// Servers that do not know options send several codes. A text that names the mode, or says that the server cannot serve
/// anybody now, has another reason.
fn may_be_about_options(code: ErrorCode, message: &str) -> bool {
    let text = message.to_ascii_lowercase();
    let has_word = |wanted: &[&str]| text.split(|c: char| !c.is_alphanumeric()).any(|word| wanted.contains(&word));
    let names_mode = has_word(&["mode", "modes", "netascii", "octet"]) && !text.contains("option");
    let is_final = ["stopping", "busy", "too many"].iter().any(|reason| text.contains(reason));
    match code {
        ErrorCode::UNDEFINED => !names_mode && !is_final,
        ErrorCode::ILLEGAL | ErrorCode::OPTIONS => !names_mode,
        _ => false,
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
    /// It answered a request, but never with the packet that begins a transfer.
    #[error("the server answered with {answer} instead of {expected}")]
    Meaningless {
        /// Its last answer.
        answer: MeaninglessAnswer,
        /// The answer to a request without options.
        expected: &'static str,
    },
}

/// A packet that answers no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MeaninglessAnswer {
    /// A block that is not the first.
    #[error("DATA {0}")]
    Data(u16),
    /// An ACK of nothing that was sent.
    #[error("ACK {0}")]
    Ack(u16),
    /// A request.
    #[error("a request")]
    Request,
    /// Not a packet.
    #[error("a malformed packet ({0})")]
    Malformed(Malformed),
}

/// The reason why this side ends a transfer; the peer gets it in an ERROR, unless it may not be there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Abort {
    /// The user interrupted it.
    #[error("transfer interrupted by the user")]
    Interrupted,
    /// The server shuts down.
    #[error("the server is stopping")]
    Stopping,
    /// The client of a server sent its request again, and answers the new transfer. It gets no ERROR.
    #[error("the client began again")]
    Restarted,
    /// The client of a server acknowledged nothing, and others need its place. It gets no ERROR: its address may be
    /// forged.
    #[error("the client acknowledged nothing, and others needed its place")]
    Displaced,
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
        // A limit of our own says what it is, to the client too. Other words may name a local path.
        let is_limit = error.kind() == io::ErrorKind::QuotaExceeded && error.raw_os_error().is_none();
        let is_plain = code == ErrorCode::UNDEFINED || is_limit;
        let message = if is_plain { error.to_string() } else { code.meaning().to_owned() };
        Self::File { code, message }
    }

    /// Returns the code of the ERROR that the peer gets (RFC 1350 section 5).
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::File { code, .. } | Self::Refused { code, .. } => *code,
            Self::Interrupted
            | Self::Stopping
            | Self::Restarted
            | Self::Displaced
            | Self::Resized { .. }
            | Self::Network(_) => ErrorCode::UNDEFINED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_that_exceeds_a_limit_of_the_server_does_not_look_like_a_full_disk() {
        let limit = io::Error::new(io::ErrorKind::QuotaExceeded, "at most 5 bytes are accepted");
        let full = io::Error::from(io::ErrorKind::StorageFull);
        for (error, message) in [(limit, "at most 5 bytes are accepted"), (full, "Disk full or allocation exceeded")] {
            let abort = Abort::file(&error);
            assert_eq!((abort.code(), abort.to_string().as_str()), (ErrorCode::DISK_FULL, message));
        }
    }

    #[test]
    fn only_an_error_that_may_be_about_options_permits_a_request_without_them() {
        for (code, message, rejected) in [
            (8, "no options here", true),
            (8, "", true),
            (4, "Illegal TFTP operation", true),
            (0, "", true),
            (0, "not today", true),
            (0, "unknown model", true),
            (8, "options are not supported in netascii mode", true),
            (0, "the server is stopping", false),
            (0, "Too many transfers", false),
            (0, "Busy, try again", false),
            (0, "unknown mode", false),
            (4, "Unsupported mode: netascii", false),
            (8, "only octet is supported", false),
            (1, "", false),
            (2, "no options for you", false),
            (3, "", false),
            (5, "", false),
            (6, "", false),
            (7, "", false),
            (9, "", false),
        ] {
            let failure = Failure::of_request(ErrorCode(code), message.as_bytes());
            assert_eq!(matches!(failure, Failure::Rejected { .. }), rejected, "{code} {message}");
        }
    }
}
