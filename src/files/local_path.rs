//! The file that a user's path names.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::geteuid;

/// The most symbolic links followed before they count as a loop, as on Linux.
const MOST_LINKS: usize = 40;

/// The permission bits of a directory such as `/tmp`: every user may write there, and remove only what is theirs.
const STICKY_FOR_ALL: u32 = 0o1002;

/// A path after all links of its last component.
pub(super) enum LocalPath {
    /// A path that is not a link, and what is there. To open it, do not follow a link that came in the meantime.
    File(PathBuf, Option<Metadata>),
    /// A name of `/proc` or `/dev/fd` that only the system can follow: a rename cannot replace what it names. A
    /// descriptor of this process, such as `/dev/stdout`, has its number.
    Magic(PathBuf, Option<u32>),
}

impl LocalPath {
    /// Follows the links of the last component of `path`.
    pub(super) fn resolve(path: &Path) -> io::Result<Self> {
        let mut path = path.to_owned();
        for _ in 0..MOST_LINKS {
            let bytes = path.as_os_str().as_bytes();
            if bytes.is_empty() {
                return Err(Errno::ENOENT.into());
            }
            // `Path` ignores both endings, but they name a directory.
            if bytes.ends_with(b"/") || bytes.ends_with(b"/.") {
                return Err(Errno::EISDIR.into());
            }
            let directory = path.parent().unwrap_or(Path::new(""));
            let number = || path.file_name()?.to_str()?.parse().ok();
            if directory == Path::new("/dev/fd") {
                return Ok(Self::Magic(path.clone(), number()));
            }
            let found = match fs::symlink_metadata(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::File(path, None)),
                found => found?,
            };
            if !found.is_symlink() {
                return Ok(Self::File(path, Some(found)));
            }
            match fs::canonicalize(directory_of(&path)) {
                Ok(place) if place.starts_with("/proc") => {
                    let is_own = fs::canonicalize("/proc/self/fd").is_ok_and(|own| own == place);
                    return Ok(Self::Magic(path.clone(), number().filter(|_| is_own)));
                }
                _ => {}
            }
            // Checked before it is read: a link that may be followed cannot be replaced by another user.
            must_be_trusted(&found, directory_of(&path))?;
            path = directory.join(fs::read_link(&path)?);
        }
        Err(Errno::ELOOP.into())
    }
}

/// Returns the directory of the last component, `.` if the path names none.
fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Refuses a link in a sticky directory that belongs neither to this user nor to the owner of the directory, as Linux
/// does with `fs.protected_symlinks`: it may be a trap.
fn must_be_trusted(link: &Metadata, directory: &Path) -> io::Result<()> {
    let directory = fs::metadata(directory)?;
    let is_sticky = directory.mode() & STICKY_FOR_ALL == STICKY_FOR_ALL;
    if !is_sticky || [geteuid().as_raw(), directory.uid()].contains(&link.uid()) {
        return Ok(());
    }
    let reason = "a symbolic link of another user in a sticky directory is not followed; give the name of its file";
    Err(io::Error::new(io::ErrorKind::PermissionDenied, reason))
}
