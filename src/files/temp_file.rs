//! A file on its way: without a name or with a hidden one until it is whole.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata};
use std::io::{self, Seek};
use std::mem;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use cap_std::fs::{Dir, MetadataExt as _, OpenOptions, OpenOptionsExt};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use nix::unistd::close;

use super::attributes;
use super::temp_name::temporary_name;

/// A file for `directory` that is not in place yet. Dropped uncommitted, it leaves nothing.
///
/// On Linux it has no name (`O_TMPFILE`): if the process is killed, the system removes it. Where the file system cannot
/// do that, it has a hidden name next to its place.
pub(super) struct TempFile {
    /// Open for writing.
    pub(super) file: File,
    identity: Identity,
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
        Self::create_by(open_unnamed, directory, name, placing)
    }

    fn create_by(
        open_unnamed: impl FnOnce(&Dir) -> io::Result<Option<(File, Identity)>>,
        directory: Dir,
        name: &OsStr,
        placing: Placing,
    ) -> io::Result<Self> {
        let old = match placing {
            Placing::Replace => replaceable(&directory, name)?,
            Placing::Exclusive => free(&directory, name).map(|()| None)?,
        };
        let (temporary, (file, identity)) = match open_unnamed(&directory)? {
            Some(unnamed) => (None, unnamed),
            None => {
                // A private file must stay private under its hidden name too.
                let bits = old.map_or(Ok(0o666), |old| old.metadata().map(|old| old.mode() & 0o600))?;
                let (temporary, named) = open_named(&directory, name, bits)?;
                (Some(temporary), named)
            }
        };
        Ok(Self { file, identity, directory, name: name.to_owned(), placing, temporary })
    }

    /// Puts the file in its place.
    pub(super) fn commit(mut self) -> io::Result<()> {
        flush(&self.file)?;
        match (self.link(), self.placing) {
            (Err(error), Placing::Replace) if error.kind() == io::ErrorKind::AlreadyExists => self.replace(),
            (linked, _) => linked,
        }
    }

    /// Gives the file its name, unless there is a file of this name.
    fn link(&mut self) -> io::Result<()> {
        let Some(temporary) = &self.temporary else {
            return match link_unnamed(&self.file, &self.directory, &self.name) {
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
            Err(error) if lacks_hard_links(&error) => self.reserve_and_rename(),
            linked => linked,
        }
    }

    /// Takes the place of the file that has the name. It may have come after the creation of this one.
    fn replace(&mut self) -> io::Result<()> {
        if let Some(old) = replaceable(&self.directory, &self.name)? {
            attributes::keep(&old, &self.file)?;
        }
        while self.temporary.is_none() {
            let temporary = temporary_name(&self.name);
            match link_unnamed(&self.file, &self.directory, &temporary) {
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
        self.directory.open_with(&self.name, OpenOptions::new().write(true).create_new(true))?;
        self.rename().inspect_err(|_| _ = self.directory.remove_file(&self.name))
    }

    /// Replaces a file that cannot be linked, for want of `/proc` for example, by a copy with a hidden name.
    fn copy_to_named(&mut self) -> io::Result<()> {
        let (temporary, (file, identity)) = open_named(&self.directory, &self.name, 0o600)?;
        let mut unnamed = mem::replace(&mut self.file, file);
        (self.temporary, self.identity) = (Some(temporary), identity);
        unnamed.rewind()?;
        io::copy(&mut unnamed, &mut self.file)?;
        attributes::keep(&unnamed, &self.file)?;
        flush(&self.file)
    }

    /// Fails if the hidden name is no longer that of this file.
    fn verify(&self, temporary: &OsStr) -> io::Result<()> {
        if self.is_ours(temporary)? {
            return Ok(());
        }
        Err(io::Error::other("another process replaced its temporary file"))
    }

    fn is_ours(&self, temporary: &OsStr) -> io::Result<bool> {
        let found = self.directory.symlink_metadata(temporary)?;
        Ok(Identity { device: found.dev(), inode: found.ino() } == self.identity)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary
            && self.is_ours(temporary).unwrap_or(true)
        {
            // An error cannot be reported here; the file keeps its hidden name.
            _ = self.directory.remove_file(temporary);
        }
    }
}

/// What tells a file from all others while it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl Identity {
    fn of(found: &Metadata) -> Self {
        Self { device: found.dev(), inode: found.ino() }
    }
}

/// Opens a file without a name; `None` if that fails for any reason, which an attempt with a name then shows.
#[cfg(target_os = "linux")]
fn open_unnamed(directory: &Dir) -> io::Result<Option<(File, Identity)>> {
    // Nobody else can open it, so it may have the bits of a new file even if it replaces a private one.
    let flags = OFlag::O_RDWR | OFlag::O_TMPFILE | OFlag::O_CLOEXEC;
    let Ok(file) = openat(directory, ".", flags, Mode::from_bits_truncate(0o666)).map(File::from) else {
        return Ok(None);
    };
    let found = file.metadata()?;
    // Linux before 6.0 ignores the umask here if the file system has no ACLs. A umask of 0 looks the same.
    Ok((found.mode() & 0o777 != 0o666).then(|| (file, Identity::of(&found))))
}

#[cfg(not(target_os = "linux"))]
fn open_unnamed(_: &Dir) -> io::Result<Option<(File, Identity)>> {
    Ok(None)
}

/// Creates a file with a hidden name.
fn open_named(directory: &Dir, name: &OsStr, bits: u32) -> io::Result<(OsString, (File, Identity))> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(bits);
    loop {
        let temporary = temporary_name(name);
        match directory.open_with(&temporary, &options) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(directory_not_writable()),
            result => {
                let file = result?.into_std();
                let identity = Identity::of(&file.metadata()?);
                return Ok((temporary, (file, identity)));
            }
        }
    }
}

/// Gives a file without a name this one, if it is free.
#[cfg(target_os = "linux")]
fn link_unnamed(file: &File, directory: &Dir, name: &OsStr) -> io::Result<()> {
    use nix::fcntl::{AT_FDCWD, AtFlags};
    use std::os::fd::AsRawFd;

    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(nix::unistd::linkat(AT_FDCWD, path.as_str(), directory, name, AtFlags::AT_SYMLINK_FOLLOW)?)
}

#[cfg(not(target_os = "linux"))]
fn link_unnamed(_: &File, _: &Dir, _: &OsStr) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
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

/// Makes the system report what went wrong with the bytes written: network file systems do it when a descriptor is
/// closed. The file itself stays open, so that its inode number cannot pass to another.
fn flush(file: &File) -> io::Result<()> {
    Ok(close(file.try_clone()?)?)
}

/// Splits a path into its directory, `.` if it names none, and its last component.
pub(super) fn split(path: &Path) -> Option<(&Path, &OsStr)> {
    let (directory, name) = path.parent().zip(path.file_name())?;
    Some((if directory.as_os_str().is_empty() { Path::new(".") } else { directory }, name))
}

fn directory_not_writable() -> io::Error {
    let reason = "the directory is not writable (a temporary file there protects the old file from a failed transfer)";
    io::Error::new(io::ErrorKind::PermissionDenied, reason)
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

        fn file(&self, placing: Placing, open: impl FnOnce(&Dir) -> io::Result<Option<(File, Identity)>>) -> TempFile {
            let directory = Dir::open_ambient_dir(self.0.path(), cap_std::ambient_authority()).unwrap();
            let mut file = TempFile::create_by(open, directory, OsStr::new("f"), placing).unwrap();
            file.file.write_all(b"new").unwrap();
            file
        }

        fn named(&self, placing: Placing) -> TempFile {
            self.file(placing, |_| Ok(None))
        }

        #[cfg(target_os = "linux")]
        fn unnamed(&self, placing: Placing) -> TempFile {
            self.file(placing, open_unnamed)
        }

        #[cfg(target_os = "linux")]
        fn copied(&self, placing: Placing) -> TempFile {
            let mut file = self.unnamed(placing);
            if let Some(old) = replaceable(&file.directory, &file.name).unwrap() {
                attributes::keep(&old, &file.file).unwrap();
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
}
