//! Exit statuses, all in one place.

use std::process::ExitCode;

use crate::stop::INTERRUPTED;
use crate::wire::ErrorCode;

/// The exit status of the process; of a script the first failure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// Every command succeeded.
    #[default]
    Success,
    /// A command failed for a local reason: a file, a name look-up, a mistake inside a script.
    Local,
    /// The command line itself was wrong.
    CommandLine,
    /// No answer.
    TimedOut,
    /// Refused, unreachable, or the peer broke the protocol.
    Peer,
    /// A file is not the one that was expected.
    Digest,
    /// The server sent an ERROR with this code.
    Server(ErrorCode),
    /// A signal ended the work.
    Interrupted,
    /// The reader of the output went away before every command ran.
    Unread,
}

impl Status {
    /// The number: 10 + N for the server's errors 0 to 8, where higher codes count as 0.
    pub fn number(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Local => 1,
            Self::CommandLine => 2,
            Self::TimedOut => 3,
            Self::Peer => 4,
            Self::Digest => 5,
            Self::Server(ErrorCode(code)) => 10 + u8::try_from(code).ok().filter(|&code| code <= 8).unwrap_or(0),
            Self::Interrupted => INTERRUPTED,
            // As if SIGPIPE had ended the process.
            Self::Unread => 141,
        }
    }
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        status.number().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn server_errors_count_from_ten_and_unknown_ones_as_undefined() {
        let number = |code| Status::Server(ErrorCode(code)).number();
        assert_eq!([0, 1, 8, 9, 300, 65535].map(number), [10, 11, 18, 10, 10, 10]);
    }
}
