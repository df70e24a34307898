//! A file on its way: without a name or with a hidden one until it is whole.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Seek};
use std::mem;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use cap_std::fs::{Dir, OpenOptions};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::attributes;
use super::new_file::NewFile;
use super::temp_name::temporary_name;

/// A file for `directory` that is not in place yet. Dropped uncommitted, it leaves nothing.
///
/// On Linux it has no name (`O_TMPFILE`): if the process is killed, the system removes it. Where the file system cannot
/// do that, it has a hidden name next to its place.
pub(super) struct TempFile {
    new: NewFile,
    directory: Dir,
    name: OsString,
    placing: Placing,
    /// The hidden name, while the file has one.
    temporary: Option<OsString>,
}

/// What happens to an existing file of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placing {
    /// It is replaced, and the new file keeps its attributes.
    Replace,
    /// It stays: the new file is refused, at its creation or at its commit.
    Exclusive,
}

impl TempFile {
    /// Creates a file for `name`, a single component. Refuses a `name` that is not a regular file or not writable, since
    /// it could not be replaced. A link of this name is not followed.
    pub(super) fn create(directory: Dir, name: &OsStr, placing: Placing) -> io::Result<Self> {
        Self::create_by(NewFile::unnamed, directory, name, placing)
    }

    fn create_by(
        unnamed: impl FnOnce(&Dir) -> io::Result<Option<NewFile>>,
        directory: Dir,
        name: &OsStr,
        placing: Placing,
    ) -> io::Result<Self> {
        let old = match placing {
            Placing::Replace => replaceable(&directory, name)?,
            Placing::Exclusive => free(&directory, name).map(|()| None)?,
        };
        let (temporary, new) = match unnamed(&directory)? {
            Some(new) => (None, new),
            None => {
                // A private file must stay private under its hidden name too.
                let bits = old.map_or(Ok(0o666), |old| old.metadata().map(|old| old.mode() & 0o600))?;
                let (temporary, new) = NewFile::hidden(&directory, name, bits)?;
                (Some(temporary), new)
            }
        };
        Ok(Self { new, directory, name: name.to_owned(), placing, temporary })
    }

    pub(super) fn file(&mut self) -> &mut File {
        &mut self.new.file
    }

    /// Puts the file in its place.
    pub(super) fn commit(mut self) -> io::Result<()> {
        self.new.flush()?;
        match (self.link(), self.placing) {
            (Err(error), Placing::Replace) if error.kind() == io::ErrorKind::AlreadyExists => self.replace(),
            (linked, _) => linked,
        }
    }

    /// Gives the file its name, unless there is a file of this name.
    fn link(&mut self) -> io::Result<()> {
        let Some(temporary) = &self.temporary else {
            return match self.new.link(&self.directory, &self.name) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    // A copy has the bits of a new file, so it must not take the place of a private one.
                    free(&self.directory, &self.name)?;
                    self.copy_to_named()?;
                    self.link()
                }
                linked => linked,
            };
        };
        self.verify(temporary)?;
        match self.directory.hard_link(temporary, &self.directory, &self.name) {
            Err(error) if lacks_hard_links(&error) => match self.placing {
                Placing::Replace => free(&self.directory, &self.name).and_then(|()| self.rename()),
                Placing::Exclusive => self.reserve_and_rename(),
            },
            linked => linked,
        }
    }

    /// Takes the place of the file that has the name. It may have come after the creation of this one.
    fn replace(&mut self) -> io::Result<()> {
        if let Some(old) = replaceable(&self.directory, &self.name)? {
            attributes::keep(&old, &self.new.file)?;
        }
        while self.temporary.is_none() {
            let temporary = temporary_name(&self.name);
            match self.new.link(&self.directory, &temporary) {
                Ok(()) => self.temporary = Some(temporary),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(_) => self.copy_to_named()?,
            }
        }
        self.rename()
    }

    fn rename(&mut self) -> io::Result<()> {
        if let Some(temporary) = &self.temporary {
            self.verify(temporary)?;
            self.directory.rename(temporary, &self.directory, &self.name)?;
            self.temporary = None;
        }
        Ok(())
    }

    /// Replaces the hard link on FAT and the like: an empty file takes the name first.
    fn reserve_and_rename(&mut self) -> io::Result<()> {
        let reserved = self.directory.open_with(&self.name, OpenOptions::new().write(true).create_new(true))?;
        let reserved = NewFile::new(reserved.into_std()).inspect_err(|_| _ = self.directory.remove_file(&self.name))?;
        self.rename().inspect_err(|_| {
            if reserved.is_at(&self.directory, &self.name).unwrap_or(false) {
                _ = self.directory.remove_file(&self.name);
            }
        })
    }

    /// Replaces a file that cannot be linked, for example because `/proc` is missing, by a copy with a hidden name.
    fn copy_to_named(&mut self) -> io::Result<()> {
        let (temporary, copy) = NewFile::hidden(&self.directory, &self.name, 0o600)?;
        let mut unnamed = mem::replace(&mut self.new, copy).file;
        self.temporary = Some(temporary);
        unnamed.rewind()?;
        io::copy(&mut unnamed, &mut self.new.file)?;
        attributes::keep(&unnamed, &self.new.file)?;
        self.new.flush()
    }

    /// Fails if the hidden name is no longer that of this file.
    fn verify(&self, temporary: &OsStr) -> io::Result<()> {
        if self.new.is_at(&self.directory, temporary)? {
            return Ok(());
        }
        Err(io::Error::other("another process replaced its temporary file"))
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary
            && self.new.is_at(&self.directory, temporary).unwrap_or(true)
        {
            // An error cannot be reported here; the file keeps its hidden name.
            _ = self.directory.remove_file(temporary);
        }
    }
}

/// Refuses a name that exists.
fn free(directory: &Dir, name: &OsStr) -> io::Result<()> {
    match directory.symlink_metadata(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        found => found.and(Err(io::ErrorKind::AlreadyExists.into())),
    }
}

/// Opens the file `name`, if it exists; an error if it cannot or must not be replaced.
fn replaceable(directory: &Dir, name: &OsStr) -> io::Result<Option<File>> {
    let found = match directory.symlink_metadata(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    if found.is_dir() {
        return Err(Errno::EISDIR.into());
    }
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "not a regular file"));
    }
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    match openat(directory, name, flags, Mode::empty()) {
        Err(Errno::ENOENT) => Ok(None),
        opened => Ok(Some(opened?.into())),
    }
}

/// Splits a path into its directory, `.` if it names none, and its last component.
pub(super) fn split(path: &Path) -> Option<(&Path, &OsStr)> {
    let (directory, name) = path.parent().zip(path.file_name())?;
    Some((if directory.as_os_str().is_empty() { Path::new(".") } else { directory }, name))
}

fn lacks_hard_links(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EPERM | Errno::EOPNOTSUPP | Errno::ENOSYS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;
    use tempfile::TempDir;

    /// A directory for files with the name `f`.
    struct Place(TempDir);

    /// The ways to make a file: with a hidden name, and on Linux without one, or with one that it needs in the end.
    const WAYS: [fn(&Place, Placing) -> TempFile; if cfg!(target_os = "linux") { 3 } else { 1 }] = [
        Place::named,
        #[cfg(target_os = "linux")]
        Place::unnamed,
        #[cfg(target_os = "linux")]
        Place::copied,
    ];

    impl Place {
        /// A directory with an old file.
        fn with_old(bits: u32) -> Self {
            let place = Self::empty();
            fs::write(place.path(), "old").unwrap();
            fs::set_permissions(place.path(), fs::Permissions::from_mode(bits)).unwrap();
            place
        }

        fn empty() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn file(&self, placing: Placing, unnamed: impl FnOnce(&Dir) -> io::Result<Option<NewFile>>) -> TempFile {
            let directory = Dir::open_ambient_dir(self.0.path(), cap_std::ambient_authority()).unwrap();
            let mut file = TempFile::create_by(unnamed, directory, OsStr::new("f"), placing).unwrap();
            file.file().write_all(b"new").unwrap();
            file
        }

        fn named(&self, placing: Placing) -> TempFile {
            self.file(placing, |_| Ok(None))
        }

        #[cfg(target_os = "linux")]
        fn unnamed(&self, placing: Placing) -> TempFile {
            self.file(placing, NewFile::unnamed)
        }

        #[cfg(target_os = "linux")]
        fn copied(&self, placing: Placing) -> TempFile {
            let mut file = self.unnamed(placing);
            if let Some(old) = replaceable(&file.directory, &file.name).unwrap() {
                attributes::keep(&old, &file.new.file).unwrap();
            }
            file.copy_to_named().unwrap();
            file
        }

        fn path(&self) -> PathBuf {
            self.0.path().join("f")
        }

        fn hidden(&self, file: &TempFile) -> PathBuf {
            self.0.path().join(file.temporary.as_ref().expect("a hidden name"))
        }

        /// The content and the bits of the only file.
        fn only(&self) -> (String, u32) {
            let names: Vec<_> = fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
            assert_eq!(names, ["f"]);
            (fs::read_to_string(self.path()).unwrap(), fs::metadata(self.path()).unwrap().mode() & 0o7777)
        }
    }

    #[test]
    fn a_new_name_is_given_once_and_with_the_usual_bits() {
        for way in WAYS {
            let place = Place::empty();
            let [first, second] = [0, 1].map(|_| way(&place, Placing::Exclusive));
            first.commit().unwrap();
            assert_eq!(second.commit().unwrap_err().kind(), io::ErrorKind::AlreadyExists, "nothing is overwritten");
            let usual = File::create(place.0.path().join("usual")).unwrap().metadata().unwrap().mode() & 0o7777;
            fs::remove_file(place.0.path().join("usual")).unwrap();
            assert_eq!(place.only(), ("new".into(), usual));
        }
    }

    #[test]
    fn an_old_file_is_replaced_and_keeps_its_bits() {
        for way in WAYS {
            for bits in [0o600, 0o640, 0o666, 0o755] {
                let place = Place::with_old(bits);
                let file = way(&place, Placing::Replace);
                if let Some(temporary) = &file.temporary {
                    let hidden = fs::metadata(place.0.path().join(temporary)).unwrap().mode() & 0o777;
                    assert_eq!(hidden & !bits, 0, "{hidden:o} instead of {bits:o}");
                }
                file.commit().unwrap();
                assert_eq!(place.only(), ("new".into(), bits));
            }
        }
    }

    #[test]
    fn a_dropped_file_leaves_nothing() {
        for way in WAYS {
            let place = Place::with_old(0o644);
            drop(way(&place, Placing::Replace));
            assert_eq!(place.only().0, "old");
        }
    }

    #[test]
    fn a_hidden_name_that_somebody_took_is_neither_used_nor_removed() {
        let place = Place::with_old(0o644);
        let file = place.named(Placing::Replace);
        let hidden = place.hidden(&file);
        // The file is still open, so the other one has another inode number.
        fs::remove_file(&hidden).unwrap();
        fs::write(&hidden, "another").unwrap();
        assert_eq!(file.commit().unwrap_err().to_string(), "another process replaced its temporary file");
        assert_eq!(fs::read(&hidden).unwrap(), b"another");
        assert_eq!(fs::read(place.path()).unwrap(), b"old");
    }

    #[test]
    fn a_hidden_name_that_is_gone_fails_the_commit() {
        for placing in [Placing::Replace, Placing::Exclusive] {
            let place = Place::empty();
            let file = place.named(placing);
            fs::remove_file(place.hidden(&file)).unwrap();
            assert_eq!(file.commit().unwrap_err().kind(), io::ErrorKind::NotFound);
        }
    }

    #[test]
    fn without_hard_links_an_existing_name_is_refused_too() {
        let place = Place::empty();
        let [mut first, mut second] = [0, 1].map(|_| place.named(Placing::Exclusive));
        first.reserve_and_rename().unwrap();
        assert_eq!(second.reserve_and_rename().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        drop((first, second));
        assert_eq!(place.only().0, "new");
    }

    #[test]
    fn without_hard_links_a_failed_rename_gives_the_name_back() {
        let place = Place::empty();
        let mut file = place.named(Placing::Exclusive);
        fs::remove_file(place.hidden(&file)).unwrap();
        assert_eq!(file.reserve_and_rename().unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 0);
    }
}
