use std::io;

use nix::errno::Errno;
use thiserror::Error;

use super::{Source, Target};
use crate::wire::{ErrorCode, Mode};

/// The files of a server, by name. The stores of this crate ignore leading slashes: many clients send absolute names.
pub trait Store: Send {
    /// Opens a file for a read request.
    ///
    /// # Errors
    ///
    /// [`Denied`] is the reason for the client.
    fn read(&self, name: &[u8], mode: Mode) -> Result<Source, Denied>;

    /// Begins a file for a write request; it becomes visible when it is committed.
    ///
    /// With [`WriteMode::CreateNew`] a name that exists is refused now, and again at the commit with [`io::ErrorKind::AlreadyExists`].
    ///
    /// # Errors
    ///
    /// [`Denied`] is the reason for the client.
    fn create(&self, name: &[u8], mode: Mode, write_mode: WriteMode) -> Result<Target, Denied>;

    /// Returns the bytes that are free for an upload; `None`, the default, if the store does not know. A write request that
    /// announces more is refused.
    fn room(&self) -> Option<u64> {
        None
    }
}

/// The names that a write request may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// Only names that do not exist.
    CreateNew,
    /// Only names that exist; the file is replaced.
    Replace,
    /// All names.
    CreateOrReplace,
}

impl WriteMode {
    /// Refuses a name that must or must not exist.
    pub(super) fn check(self, exists: bool) -> Result<(), Denied> {
        match (self, exists) {
            (Self::CreateNew, true) => Err(ErrorCode::EXISTS.into()),
            (Self::Replace, false) => Err(ErrorCode::NOT_FOUND.into()),
            _ => Ok(()),
        }
    }
}

/// The reason why a server refuses a request, for an ERROR packet (RFC 1350 section 5).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Denied {
    /// The code of the packet.
    pub code: ErrorCode,
    /// A short message for the peer, without a local path.
    pub message: String,
}

impl Denied {
    pub(crate) fn new(code: ErrorCode, message: impl ToString) -> Self {
        Self { code, message: message.to_string() }
    }
}

impl From<ErrorCode> for Denied {
    fn from(code: ErrorCode) -> Self {
        Self::new(code, code.meaning())
    }
}

/// Reports a local error to the peer.
impl From<io::Error> for Denied {
    fn from(error: io::Error) -> Self {
        let code = ErrorCode::from_io(&error);
        if let Some(Errno::EMFILE | Errno::ENFILE) = error.raw_os_error().map(Errno::from_raw) {
            return Self::new(code, "the server has no free file descriptors");
        }
        match error.kind() {
            // A link that leads to itself leads to no file.
            _ if error.raw_os_error() == Some(Errno::ELOOP as i32) => ErrorCode::NOT_FOUND.into(),
            io::ErrorKind::IsADirectory => Self::new(code, "Is a directory"),
            io::ErrorKind::InvalidFilename => Self::new(code, "File name too long"),
            other if code == ErrorCode::UNDEFINED => Self::new(code, other),
            _ => code.into(),
        }
    }
}

/// Removes the leading slashes of a name.
pub(super) fn relative(mut name: &[u8]) -> &[u8] {
    while let Some(rest) = name.strip_prefix(b"/") {
        name = rest;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_have_their_codes() {
        for (errno, code, message) in [
            (Errno::ENOENT, 1, "File not found"),
            (Errno::ENOTDIR, 1, "File not found"),
            (Errno::ELOOP, 1, "File not found"),
            (Errno::EACCES, 2, "Access violation"),
            (Errno::EPERM, 2, "Access violation"),
            (Errno::EROFS, 2, "Access violation"),
            (Errno::EISDIR, 2, "Is a directory"),
            (Errno::ENAMETOOLONG, 2, "File name too long"),
            (Errno::ENOSPC, 3, "Disk full or allocation exceeded"),
            (Errno::EDQUOT, 3, "Disk full or allocation exceeded"),
            (Errno::EFBIG, 3, "Disk full or allocation exceeded"),
            (Errno::EEXIST, 6, "File already exists"),
            (Errno::EMFILE, 0, "the server has no free file descriptors"),
            (Errno::ENFILE, 0, "the server has no free file descriptors"),
        ] {
            let denied = Denied::from(io::Error::from(errno));
            assert_eq!((denied.code.0, denied.message.as_str()), (code, message), "{errno}");
        }
        assert_eq!(Denied::from(io::Error::from(Errno::EIO)).code, ErrorCode::UNDEFINED);
    }
}
