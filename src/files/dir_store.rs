use std::borrow::Cow;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions, OpenOptionsExt};
use nix::fcntl::OFlag;

use super::store::relative;
use super::target::Sink;
use super::temp_file::{self, Placing, TempFile};
use super::temp_name::is_temporary_name;
use super::{Denied, Source, Store, Target, WriteMode};
use crate::wire::{ErrorCode, Mode};

/// The files of a directory, for a server.
///
/// The system resolves every name below it, so that neither `..` nor a link leads out. Only regular files are served,
/// and opening one never blocks. Uploads become visible when they are whole.
///
/// ```
/// use tftpsh::files::{DirStore, Store};
/// use tftpsh::{ErrorCode, Mode};
///
/// # let directory = tempfile::tempdir()?;
/// std::fs::write(directory.path().join("fw.bin"), "firmware")?;
/// let store = DirStore::open(&directory)?;
/// assert_eq!(store.read(b"/fw.bin", Mode::Octet)?.size(), Some(8));
/// assert_eq!(store.read(b"../fw.bin", Mode::Octet).unwrap_err().code, ErrorCode::ACCESS);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct DirStore {
    directory: Dir,
}

impl DirStore {
    /// Opens a directory, which is served even after it is renamed.
    ///
    /// # Errors
    ///
    /// It does not exist, is not a directory, or is not readable.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        Ok(Self { directory: Dir::open_ambient_dir(path, ambient_authority())? })
    }
}

impl Store for DirStore {
    fn read(&self, name: &[u8], mode: Mode) -> Result<Source, Denied> {
        let path = parse(name)?;
        // Check before opening: opening a device can have effects, and resolving its name may open it too.
        must_be_regular(&self.directory.metadata(path)?)?;
        let path = self.true_name(path)?;
        path.file_name().map_or(Ok(()), must_not_be_temporary)?;
        let mut options = OpenOptions::new();
        options.read(true).custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY).bits());
        let file = self.directory.open_with(&path, &options)?;
        must_be_regular(&file.metadata()?)?;
        Ok(Source::file(file.into_std(), mode)?)
    }

    fn create(&self, name: &[u8], mode: Mode, write_mode: WriteMode) -> Result<Target, Denied> {
        let path = parse(name)?;
        let exists = match self.directory.metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            found => must_be_regular(&found?).map(|()| true)?,
        };
        write_mode.check(exists)?;
        // A link stays; its file is replaced.
        let path = if exists { self.true_name(path)? } else { path.into() };
        let (directory, file) = temp_file::split(&path).ok_or(ErrorCode::ACCESS)?;
        must_not_be_temporary(file)?;
        let directory = self.directory.open_dir(directory).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                Denied::new(ErrorCode::NOT_FOUND, "Directory not found")
            }
            _ => error.into(),
        })?;
        let placing = if write_mode == WriteMode::CreateNew { Placing::Exclusive } else { Placing::Replace };
        Ok(Target::new(Sink::TempFile(TempFile::create(directory, file, placing)?), mode))
    }
}

impl DirStore {
    /// Resolves a link. The system is asked only for a link, since that takes many calls and /proc.
    fn true_name<'a>(&self, path: &'a Path) -> io::Result<Cow<'a, Path>> {
        if self.directory.symlink_metadata(path)?.is_symlink() {
            self.directory.canonicalize(path).map(Cow::Owned)
        } else {
            Ok(Cow::Borrowed(path))
        }
    }
}

/// Reads a file name. Refuses those of directories; [`Path`] ignores the endings `/` and `/.`.
fn parse(name: &[u8]) -> Result<&Path, Denied> {
    let name = relative(name);
    let file = name.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    if name.contains(&0) || matches!(file, b"" | b"." | b"..") {
        return Err(ErrorCode::ACCESS.into());
    }
    must_not_be_temporary(OsStr::from_bytes(file))?;
    Ok(Path::new(OsStr::from_bytes(name)))
}

/// Refuses the name of a temporary file: an unfinished upload may not be read or written.
fn must_not_be_temporary(file: &OsStr) -> Result<(), Denied> {
    if is_temporary_name(file) { Err(ErrorCode::ACCESS.into()) } else { Ok(()) }
}

fn must_be_regular(found: &Metadata) -> Result<(), Denied> {
    if found.is_file() {
        return Ok(());
    }
    let reason = if found.is_dir() { "Is a directory" } else { "Not a regular file" };
    Err(Denied::new(ErrorCode::ACCESS, reason))
}
