use std::fs::File;
use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, Metadata, OpenOptions, OpenOptionsExt};
use nix::fcntl::OFlag;
use nix::sys::statvfs::fstatvfs;

use super::letter_case::only_match;
use super::served_name::{must_not_be_temporary, parse};
use super::target::Sink;
use super::temp_file::{Placing, TempFile};
use super::tree::{Place, Tree};
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
    tree: Tree,
    windows_names: bool,
}

impl DirStore {
    /// Opens a directory, which is served even after it is renamed.
    ///
    /// # Errors
    ///
    /// It does not exist, is not a directory, or is not readable.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let root = Dir::open_ambient_dir(path, ambient_authority())?;
        Ok(Self { tree: Tree { root, public_only: false }, windows_names: false })
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

    /// Serves only what all users of this computer may read, for a server that runs as root, which no permission stops.
    ///
    /// A file needs the permission `o+r`, and each directory on its way below the served one `o+x`. Uploads replace only such
    /// files, and new ones go only into such directories.
    #[must_use]
    pub fn public_only(self, wanted: bool) -> Self {
        Self { tree: Tree { public_only: wanted, ..self.tree }, ..self }
    }
}

impl Store for DirStore {
    fn read(&self, name: &[u8], mode: Mode) -> Result<Source, Denied> {
        let name = parse(name, self.windows_names)?;
        let place = self.find(&name)?;
        // Check before opening: opening a device can have effects.
        self.must_be_served(place.found.as_ref().ok_or(ErrorCode::NOT_FOUND)?)?;
        let (file, found) = self.open_found(&place)?;
        Ok(Source::regular(file, &found, mode)?)
    }

    fn create(&self, name: &[u8], mode: Mode, write_mode: WriteMode) -> Result<Target, Denied> {
        let name = parse(name, self.windows_names)?;
        let place = self.find(&name)?;
        place.found.as_ref().map_or(Ok(()), |found| self.must_be_served(found))?;
        write_mode.check(place.found.is_some())?;
        let (directory, file) = place.into_parts()?;
        let placing = if write_mode == WriteMode::CreateNew { Placing::Exclusive } else { Placing::Replace };
        Ok(Target::new(Sink::TempFile(TempFile::create(directory, &file, placing)?), mode))
    }

    fn room(&self) -> Option<u64> {
        let system = fstatvfs(&self.tree.root).ok()?;
        Some((system.blocks_available() as u64).saturating_mul(system.fragment_size() as u64))
    }
}

impl DirStore {
    /// Finds the file of a name, or the place for a new one.
    fn find(&self, path: &Path) -> Result<Place<'_>, Denied> {
        let place = self.look_up(path)?;
        if place.found.is_some() || !self.windows_names {
            return Ok(place);
        }
        self.look_up(&self.respell(path)?)
    }

    /// Finds the place of a file and follows its link. A link that leads to nothing is not found.
    fn look_up(&self, path: &Path) -> Result<Place<'_>, Denied> {
        let place = self.tree.locate(path)?;
        if !place.found.as_ref().is_some_and(Metadata::is_symlink) {
            return Ok(place);
        }
        let file = self.tree.locate(&self.tree.true_path(path)?)?;
        must_not_be_temporary(&file.name)?;
        Ok(file)
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
            let exists = self.tree.locate(&written)?.found.is_some();
            let other = if exists { None } else { only_match(name, self.tree.names(&respelt))? };
            let is_missing = !exists && other.is_none();
            respelt = other.map_or(written, |other| respelt.join(other));
            if is_missing {
                break;
            }
        }
        respelt.extend(components);
        Ok(respelt)
    }

    /// Opens a file for reading. Another one may have taken its name, or a link.
    fn open_found(&self, place: &Place<'_>) -> Result<(File, Metadata), Denied> {
        let mut options = OpenOptions::new();
        options.read(true).custom_flags((OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_NOFOLLOW).bits());
        let file = place.open(&options)?;
        let found = file.metadata()?;
        self.must_be_served(&found)?;
        Ok((file.into_std(), found))
    }

    fn must_be_served(&self, found: &Metadata) -> Result<(), Denied> {
        if found.is_file() {
            return self.tree.must_show(found);
        }
        let reason = if found.is_dir() { "Is a directory" } else { "Not a regular file" };
        Err(Denied::new(ErrorCode::ACCESS, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use nix::sys::stat::Mode as Bits;
    use nix::unistd::mkfifo;

    #[test]
    fn what_takes_a_name_between_check_and_opening_is_checked_too() {
        let swaps: [fn(&Path); 4] = [
            |name| symlink("other", name).unwrap(),
            |name| mkfifo(name, Bits::S_IRUSR | Bits::S_IROTH).unwrap(),
            |name| fs::create_dir(name).unwrap(),
            |name| {
                fs::write(name, "private").unwrap();
                fs::set_permissions(name, fs::Permissions::from_mode(0o640)).unwrap();
            },
        ];
        for (number, swap) in swaps.iter().enumerate() {
            let directory = tempfile::tempdir().unwrap();
            let name = directory.path().join("f");
            for name in [&name, &directory.path().join("other")] {
                fs::write(name, "public").unwrap();
                fs::set_permissions(name, fs::Permissions::from_mode(0o644)).unwrap();
            }
            let store = DirStore::open(&directory).unwrap().public_only(true);
            let place = store.find(Path::new("f")).unwrap();
            assert!(store.open_found(&place).is_ok());
            fs::remove_file(&name).unwrap();
            swap(&name);
            assert!(store.open_found(&place).is_err(), "swap {number}");
        }
    }

    #[test]
    fn a_directory_is_entered_once() {
        let (directory, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(directory.path().join("sub")).unwrap();
        fs::write(directory.path().join("sub/f"), "inside").unwrap();
        fs::write(outside.path().join("f"), "outside").unwrap();
        let store = DirStore::open(&directory).unwrap();
        let place = store.find(Path::new("sub/f")).unwrap();
        fs::rename(directory.path().join("sub"), directory.path().join("moved")).unwrap();
        symlink(&outside, directory.path().join("sub")).unwrap();
        let (file, _) = store.open_found(&place).unwrap();
        assert_eq!(io::read_to_string(file).unwrap(), "inside");
    }
}
