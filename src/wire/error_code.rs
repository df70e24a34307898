use std::io;

/// The code of an ERROR packet; any 16-bit value can arrive (RFC 1350 section 5, RFC 2347).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(pub u16);

impl ErrorCode {
    /// Not defined; see the message.
    pub const UNDEFINED: Self = Self(0);
    /// File not found.
    pub const NOT_FOUND: Self = Self(1);
    /// Access violation.
    pub const ACCESS: Self = Self(2);
    /// Disk full or allocation exceeded.
    pub const DISK_FULL: Self = Self(3);
    /// Illegal TFTP operation.
    pub const ILLEGAL: Self = Self(4);
    /// Unknown transfer id: the one error that does not end the receiver's transfer.
    pub const UNKNOWN_TID: Self = Self(5);
    /// File already exists.
    pub const EXISTS: Self = Self(6);
    /// No such user.
    pub const NO_USER: Self = Self(7);
    /// Option negotiation failed (RFC 2347).
    pub const OPTIONS: Self = Self(8);

    /// Returns the code that reports a local error to the peer.
    pub fn from_io(error: &io::Error) -> Self {
        use io::ErrorKind::*;
        match error.kind() {
            NotFound | NotADirectory => Self::NOT_FOUND,
            IsADirectory | InvalidFilename | PermissionDenied | ReadOnlyFilesystem | ExecutableFileBusy => Self::ACCESS,
            StorageFull | QuotaExceeded | FileTooLarge => Self::DISK_FULL,
            AlreadyExists => Self::EXISTS,
            _ => Self::UNDEFINED,
        }
    }

    /// Returns the meaning of this code, in the words of the RFC.
    pub fn meaning(self) -> &'static str {
        match self.0 {
            1 => "File not found",
            2 => "Access violation",
            3 => "Disk full or allocation exceeded",
            4 => "Illegal TFTP operation",
            5 => "Unknown transfer ID",
            6 => "File already exists",
            7 => "No such user",
            8 => "Option negotiation failed",
            _ => "Undefined error",
        }
    }
}
