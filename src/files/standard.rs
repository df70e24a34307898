//! The standard streams of this process, as files of a transfer.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::stat::fstat;

use crate::stop::is_null;

/// Shares the standard input.
pub(super) fn input() -> io::Result<File> {
    let closed = "standard input is closed (put /dev/null NAME sends an empty file)";
    shared(io::stdin(), OFlag::O_WRONLY, "standard input is not open for reading", closed)
}

/// Shares the standard output, after what was printed before. Opened again, it would be written from its start.
pub(super) fn output() -> io::Result<File> {
    io::stdout().flush()?;
    let closed = "standard output is closed (get NAME /dev/null discards the file)";
    shared(io::stdout(), OFlag::O_RDONLY, "standard output is not open for writing", closed)
}

fn shared(stream: impl AsFd, wrong: OFlag, unusable: &str, closed: &str) -> io::Result<File> {
    let access = match fcntl(&stream, FcntlArg::F_GETFL) {
        Err(Errno::EBADF) => return Err(io::Error::other(closed)),
        flags => OFlag::from_bits_truncate(flags?) & OFlag::O_ACCMODE,
    };
    if access == wrong {
        return Err(io::Error::other(unusable));
    }
    let file = File::from(stream.as_fd().try_clone_to_owned()?);
    // Before `main`, Rust opens `/dev/null` for reading and writing in place of a closed standard stream. A shell opens it
    // for one of them: `</dev/null` is an empty file, and `>/dev/null` discards one.
    if access == OFlag::O_RDWR && is_null(&fstat(&file)?) {
        return Err(io::Error::other(closed));
    }
    Ok(file)
}
