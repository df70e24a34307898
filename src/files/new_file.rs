//! A file that was just created, without a name or with a hidden one.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;

use cap_std::fs::{Dir, MetadataExt as _, OpenOptions, OpenOptionsExt};
use nix::unistd::close;

use super::temp_name::temporary_name;

/// A new file, and what distinguishes it from all others while it is open.
pub(super) struct NewFile {
    /// Open for writing.
    pub(super) file: File,
    device: u64,
    inode: u64,
}

impl NewFile {
    pub(super) fn new(file: File) -> io::Result<Self> {
        file.metadata().map(|found| Self::found(file, &found))
    }

    fn found(file: File, found: &Metadata) -> Self {
        Self { file, device: found.dev(), inode: found.ino() }
    }

    /// Creates a file without a name; `None` if that fails for any reason, which an attempt with a name then shows.
    #[cfg(target_os = "linux")]
    pub(super) fn unnamed(directory: &Dir) -> io::Result<Option<Self>> {
        use nix::fcntl::{OFlag, openat};
        use nix::sys::stat::Mode;

        // No other user can open it, so it may have the bits of a new file even if it replaces a private one.
        let flags = OFlag::O_RDWR | OFlag::O_TMPFILE | OFlag::O_CLOEXEC;
        let Ok(file) = openat(directory, ".", flags, Mode::from_bits_truncate(0o666)).map(File::from) else {
            return Ok(None);
        };
        let found = file.metadata()?;
        // Linux before 6.0 ignores the umask here if the file system has no ACLs.
        let has_usual_bits = found.mode() & 0o777 != 0o666 || has_no_umask();
        Ok(has_usual_bits.then(|| Self::found(file, &found)))
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn unnamed(_: &Dir) -> io::Result<Option<Self>> {
        Ok(None)
    }

    /// Creates a file with a hidden name, next to `name`.
    pub(super) fn hidden(directory: &Dir, name: &OsStr, bits: u32) -> io::Result<(OsString, Self)> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(bits);
        loop {
            let temporary = temporary_name(name);
            match directory.open_with(&temporary, &options) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(directory_not_writable()),
                file => {
                    let new = Self::new(file?.into_std()).inspect_err(|_| _ = directory.remove_file(&temporary))?;
                    return Ok((temporary, new));
                }
            }
        }
    }

    /// Gives a file without a name this one, if it is free.
    #[cfg(target_os = "linux")]
    pub(super) fn link(&self, directory: &Dir, name: &OsStr) -> io::Result<()> {
        use nix::fcntl::{AT_FDCWD, AtFlags};
        use std::os::fd::AsRawFd;

        let path = format!("/proc/self/fd/{}", self.file.as_raw_fd());
        Ok(nix::unistd::linkat(AT_FDCWD, path.as_str(), directory, name, AtFlags::AT_SYMLINK_FOLLOW)?)
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn link(&self, _: &Dir, _: &OsStr) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Makes the system report what went wrong with the bytes written: network file systems do it when a descriptor is
    /// closed. The file itself stays open, so that its inode number cannot pass to another.
    pub(super) fn flush(&self) -> io::Result<()> {
        Ok(close(self.file.try_clone()?)?)
    }

    /// Whether this file has the name.
    pub(super) fn is_at(&self, directory: &Dir, name: &OsStr) -> io::Result<bool> {
        let found = directory.symlink_metadata(name)?;
        Ok((found.dev(), found.ino()) == (self.device, self.inode))
    }
}

/// Whether this process takes no permission from a new file. `umask` itself would show it only by changing it.
#[cfg(target_os = "linux")]
fn has_no_umask() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let umask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    umask.and_then(|umask| u32::from_str_radix(umask.trim(), 8).ok()) == Some(0)
}

fn directory_not_writable() -> io::Error {
    let reason = "the directory is not writable (a temporary file there protects the old file from a failed transfer)";
    io::Error::new(io::ErrorKind::PermissionDenied, reason)
}
