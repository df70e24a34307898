use std::borrow::Cow;
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use nix::fcntl::OFlag;
use nix::sys::statvfs::fstatvfs;

use super::letter_case::only_match;
use super::served_name::{must_not_be_temporary, parse};
use super::target::Sink;
use super::temp_file::{self, Placing, TempFile};
use super::{Denied, Source, Store, Target, WriteMode};
use crate::wire::{ErrorCode, Mode};

/// The permission of all users to read a file, or to list a directory.
const OTHERS_READ: u32 = 0o004;

/// The permission of all users to enter a directory.
const OTHERS_ENTER: u32 = 0o001;

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
    windows_names: bool,
    public_only: bool,
}

impl DirStore {
    /// Opens a directory, which is served even after it is renamed.
    ///
    /// # Errors
    ///
    /// It does not exist, is not a directory, or is not readable.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let directory = Dir::open_ambient_dir(path, ambient_authority())?;
        Ok(Self { directory, windows_names: false, public_only: false })
    }

    /// Understands names as the boot programs of Windows write them: `\Boot\x64\wdsnbp.com`, `C:\boot\bcd`.
    ///
    /// A `\` separates directories, and a drive is ignored. A directory or file that does not exist as written is the
    /// only one of the same name in another letter case; if there are several, the name is not found. This includes the
    /// directories of an upload, and the file that it replaces. In a directory of more than 4,096 names, letter case
    /// counts.
    ///
    /// ```
    /// use tftpsh::files::{DirStore, Store};
    /// use tftpsh::Mode;
    ///
    /// # let directory = tempfile::tempdir()?;
    /// std::fs::create_dir(directory.path().join("boot"))?;
    /// std::fs::write(directory.path().join("boot/bcd"), "data")?;
    /// let store = DirStore::open(&directory)?.windows_names(true);
    /// assert_eq!(store.read(br"\Boot\BCD", Mode::Octet)?.size(), Some(4));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn windows_names(self, wanted: bool) -> Self {
        Self { windows_names: wanted, ..self }
    }

    /// Serves only what all users of this computer may read: a file needs the permission `o+r`, and each directory on its
    /// way below the served one `o+x`. Uploads replace only such files, and new ones go only into such directories.
    ///
    /// For a server that runs as root, which no permission stops.
    #[must_use]
    pub fn public_only(self, wanted: bool) -> Self {
        Self { public_only: wanted, ..self }
    }
}

impl Store for DirStore {
    fn read(&self, name: &[u8], mode: Mode) -> Result<Source, Denied> {
        let name = parse(name, self.windows_names)?;
        let place = self.find(&name)?;
        // Check before opening: opening a device can have effects.
        self.must_be_served(place.found.as_ref().ok_or(ErrorCode::NOT_FOUND)?)?;
        let mut options = OpenOptions::new();
        options.read(true).custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_NOFOLLOW).bits());
        let file = self.at(&place.path, |directory, file| directory.open_with(file, &options))?;
        // Another file may have taken the name.
        let found = file.metadata()?;
        self.must_be_served(&found)?;
        Ok(Source::regular(file.into_std(), &found, mode)?)
    }

    fn create(&self, name: &[u8], mode: Mode, write_mode: WriteMode) -> Result<Target, Denied> {
        let name = parse(name, self.windows_names)?;
        let place = self.find(&name)?;
        place.found.as_ref().map_or(Ok(()), |found| self.must_be_served(found))?;
        write_mode.check(place.found.is_some())?;
        let (directory, file) = temp_file::split(&place.path).ok_or(ErrorCode::ACCESS)?;
        let directory = self.enter(directory).map_err(|denied| match denied.code {
            ErrorCode::NOT_FOUND => Denied::new(ErrorCode::NOT_FOUND, "Directory not found"),
            _ => denied,
        })?;
        let placing = if write_mode == WriteMode::CreateNew { Placing::Exclusive } else { Placing::Replace };
        Ok(Target::new(Sink::TempFile(TempFile::create(directory, file, placing)?), mode))
    }

    fn room(&self) -> Option<u64> {
        let system = fstatvfs(&self.directory).ok()?;
        Some((system.blocks_available() as u64).saturating_mul(system.fragment_size() as u64))
    }
}

/// Where a name leads.
struct Place<'a> {
    /// The last component is neither a link nor a temporary name.
    path: Cow<'a, Path>,
    /// `None` if the name is free.
    found: Option<Metadata>,
}

impl DirStore {
    /// Finds the file of a name, or the place for a new one.
    fn find<'a>(&self, path: &'a Path) -> Result<Place<'a>, Denied> {
        let place = self.look_up(Cow::Borrowed(path))?;
        if place.found.is_some() || !self.windows_names {
            return Ok(place);
        }
        self.look_up(Cow::Owned(self.respell(path)?))
    }

    /// Follows the links of a path. A link that leads to nothing is not found.
    fn look_up<'a>(&self, path: Cow<'a, Path>) -> Result<Place<'a>, Denied> {
        let found = match self.stat(&path) {
            Err(denied) if denied.code == ErrorCode::NOT_FOUND => return Ok(Place { path, found: None }),
            found => found?,
        };
        if !found.is_symlink() {
            return Ok(Place { path, found: Some(found) });
        }
        // The system is asked only for a link, since that takes many calls and /proc.
        let path = self.directory.canonicalize(&path)?;
        path.file_name().map_or(Ok(()), must_not_be_temporary)?;
        let found = self.stat(&path)?;
        Ok(Place { path: path.into(), found: Some(found) })
    }

    fn stat(&self, path: &Path) -> Result<Metadata, Denied> {
        self.at(path, |directory, file| directory.symlink_metadata(file))
    }

    /// Replaces each component that does not exist by the only one that differs in letter case.
    fn respell(&self, path: &Path) -> Result<PathBuf, Denied> {
        let mut respelt = PathBuf::new();
        let mut components = path.components();
        for component in components.by_ref() {
            let written = respelt.join(component);
            let Component::Normal(name) = component else {
                respelt = written;
                continue;
            };
            let exists = match self.stat(&written) {
                Err(denied) if denied.code != ErrorCode::NOT_FOUND => return Err(denied),
                found => found.is_ok(),
            };
            let other = if exists { None } else { only_match(name, self.names(&respelt))? };
            let is_missing = !exists && other.is_none();
            respelt = other.map_or(written, |other| respelt.join(other));
            if is_missing {
                break;
            }
        }
        respelt.extend(components);
        Ok(respelt)
    }

    /// Returns the names in a directory; none if it may not be listed.
    fn names(&self, directory: &Path) -> impl Iterator<Item = io::Result<OsString>> {
        let directory = if directory.as_os_str().is_empty() { Path::new(".") } else { directory };
        let may_list = |found: &Metadata| !self.public_only || found.mode() & OTHERS_READ != 0;
        let entries =
            self.enter(directory).ok().filter(|directory| directory.dir_metadata().is_ok_and(|it| may_list(&it)));
        let entries = entries.and_then(|directory| directory.entries().ok());
        entries.into_iter().flatten().map(|entry| entry.map(|entry| entry.file_name()))
    }

    /// Does something with a path below a directory that may be entered.
    fn at<T>(&self, path: &Path, act: impl FnOnce(&Dir, &Path) -> io::Result<T>) -> Result<T, Denied> {
        if !self.public_only {
            return Ok(act(&self.directory, path)?);
        }
        let (directory, file) = temp_file::split(path).ok_or(ErrorCode::ACCESS)?;
        Ok(act(&self.enter(directory)?, Path::new(file))?)
    }

    /// Opens a directory.
    fn enter(&self, path: &Path) -> Result<Dir, Denied> {
        if !self.public_only {
            return Ok(self.directory.open_dir(path)?);
        }
        let true_path = self.directory.canonicalize(path).or_else(|error| {
            // What a private directory lacks is private too.
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            parent.map_or(Ok(()), |parent| self.enter(parent).map(drop))?;
            Err(Denied::from(error))
        })?;
        let mut directory = self.directory.try_clone()?;
        let names = true_path.components().filter(|component| *component != Component::CurDir);
        // One by one, so that the directory that is entered is the one that is checked.
        for name in names {
            directory = directory.open_dir(name)?;
            if directory.dir_metadata()?.mode() & OTHERS_ENTER == 0 {
                return Err(not_public());
            }
        }
        Ok(directory)
    }

    fn must_be_served(&self, found: &Metadata) -> Result<(), Denied> {
        if !found.is_file() {
            let reason = if found.is_dir() { "Is a directory" } else { "Not a regular file" };
            return Err(Denied::new(ErrorCode::ACCESS, reason));
        }
        if self.public_only && found.mode() & OTHERS_READ == 0 { Err(not_public()) } else { Ok(()) }
    }
}

fn not_public() -> Denied {
    Denied::new(ErrorCode::ACCESS, "not readable by all users of the server")
}
