//! A temporary file: written next to its final place, and renamed when it is whole.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::kill;
use nix::unistd::{Pid, close};

/// The longest name common file systems take, in bytes.
const NAME_LIMIT: usize = 255;

/// The number of the next temporary file of this process.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A temporary file in `directory`, which is removed when it is dropped uncommitted.
pub(super) struct TempFile {
    /// Open for writing.
    pub(super) file: File,
    place: Place,
}

struct Place {
    directory: Dir,
    temporary: OsString,
    name: OsString,
    placing: Placing,
    placed: bool,
}

/// What happens to an existing file of the same name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placing {
    /// It is replaced, and keeps its permission bits and, where the system allows, its owner.
    Replace,
    /// It stays: the new file is refused, at its creation or at its commit.
    Exclusive,
}

impl TempFile {
    /// Creates a temporary file for `name`, a single component. Refuses a `name` that is not a regular file or not
    /// writable, since it could not be replaced. A link of this name is not followed.
    pub(super) fn create(directory: Dir, name: &OsStr, placing: Placing) -> io::Result<Self> {
        let old = replaceable(&directory, name, placing)?;
        let mut options = OpenOptions::new();
        // A private file must stay private under its temporary name too.
        options.write(true).create_new(true).mode(old.as_ref().map_or(0o666, |old| old.mode() & 0o600));
        let (temporary, file) = loop {
            let temporary = temporary_name(name);
            match directory.open_with(&temporary, &options) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(directory_not_writable()),
                result => break (temporary, result?.into_std()),
            }
        };
        let old = old.map_or(Ok(()), |old| copy_owner_and_permissions(&file, &old));
        let place = Place { directory, temporary, name: name.to_owned(), placing, placed: false };
        old.map(|()| Self { file, place })
    }

    /// Closes the file and renames it. A failed close is an error: network file systems report a full disk there.
    pub(super) fn commit(self) -> io::Result<()> {
        let Self { file, mut place } = self;
        close(file)?;
        match place.placing {
            Placing::Replace => place.rename(),
            // Unlike a rename, a link fails if the name exists. The temporary name is removed afterwards.
            Placing::Exclusive => match place.directory.hard_link(&place.temporary, &place.directory, &place.name) {
                Err(error) if lacks_hard_links(&error) => place.reserve_and_rename(),
                result => result,
            },
        }
    }
}

impl Place {
    fn rename(&mut self) -> io::Result<()> {
        self.directory.rename(&self.temporary, &self.directory, &self.name)?;
        self.placed = true;
        Ok(())
    }

    /// Replaces the hard link on FAT and the like: an empty file takes the name first.
    fn reserve_and_rename(&mut self) -> io::Result<()> {
        self.directory.open_with(&self.name, OpenOptions::new().write(true).create_new(true))?;
        self.rename().inspect_err(|_| _ = self.directory.remove_file(&self.name))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.placed {
            // An error cannot be reported here; a later sweep removes the file.
            _ = self.directory.remove_file(&self.temporary);
        }
    }
}

/// Returns the metadata of the file `name`, if it exists; an error if it cannot or must not be replaced.
fn replaceable(directory: &Dir, name: &OsStr, placing: Placing) -> io::Result<Option<Metadata>> {
    let found = match directory.symlink_metadata(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    if placing == Placing::Exclusive {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    if found.is_dir() {
        return Err(Errno::EISDIR.into());
    }
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "not a regular file"));
    }
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(OFlag::O_NONBLOCK.bits());
    directory.open_with(name, &options)?.into_std().metadata().map(Some)
}

/// Gives the new file the permissions of the old, and its owner if this process may.
///
/// The setuid and setgid bits are not kept: a write to the old file would have cleared them too.
fn copy_owner_and_permissions(file: &File, old: &Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        _ = fchown(file, Some(old.uid()), Some(old.gid())).or_else(|_| fchown(file, None, Some(old.gid())));
    }
    file.set_permissions(Permissions::from_mode(old.mode() & 0o777))
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

/// Returns `.NAME.PID-COUNTER.part`, with NAME shortened if the whole would be too long.
fn temporary_name(name: &OsStr) -> OsString {
    let suffix = format!(".{}-{}.part", process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
    let name = name.as_bytes();
    let mut length = name.len().min(NAME_LIMIT - 1 - suffix.len());
    // Some file systems take only whole UTF-8: do not cut within a character.
    while length > 0 && name.get(length).is_some_and(|byte| byte & 0xc0 == 0x80) {
        length -= 1;
    }
    OsString::from_vec([b".", &name[..length], suffix.as_bytes()].concat())
}

/// The process and number in the name of a temporary file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TempName {
    pid: i32,
    counter: u64,
}

impl TempName {
    /// Reads `.NAME.PID-COUNTER.part`; some file systems change the letter case of the ending.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        let (rest, ending) = name.strip_prefix(b".")?.split_last_chunk::<5>()?;
        let dot = rest.iter().rposition(|&byte| byte == b'.').filter(|&dot| dot > 0)?;
        let (pid, counter) = str::from_utf8(rest.get(dot + 1..)?).ok()?.split_once('-')?;
        let digits = [pid, counter].iter().all(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        let name = Self { pid: pid.parse().ok()?, counter: counter.parse().ok()? };
        (digits && ending.eq_ignore_ascii_case(b".part")).then_some(name)
    }

    /// Whether the process that wrote the file is gone. In a container every run may have the same process id; then a
    /// number that this process has not reached yet belongs to an earlier run.
    pub(super) fn is_gone(self) -> bool {
        if u32::try_from(self.pid) == Ok(process::id()) {
            return self.counter >= COUNTER.load(Ordering::Relaxed);
        }
        self.pid == 0 || kill(Pid::from_raw(self.pid), None) == Err(Errno::ESRCH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_names_are_recognised_and_fit() {
        for name in ["fw.bin", &"n".repeat(255), &"ü".repeat(127), ".hidden"] {
            let temporary = temporary_name(OsStr::new(name));
            assert!(temporary.len() <= NAME_LIMIT && temporary.to_str().is_some(), "{temporary:?}");
            let name = TempName::of(temporary.as_bytes()).expect("recognised");
            assert_eq!(u32::try_from(name.pid), Ok(process::id()));
            assert!(!name.is_gone());
        }
    }

    #[test]
    fn other_names_are_not_recognised() {
        for name in
            ["a.part", ".a.part", ".a.1.part", ".a.1-.part", ".a.+1-1.part", ".a.1--1.part", "a.1-1.part", ".1-1.part"]
        {
            assert_eq!(TempName::of(name.as_bytes()), None, "{name}");
        }
        assert_eq!(TempName::of(b".a.b.12-3.PART"), Some(TempName { pid: 12, counter: 3 }));
    }

    #[test]
    fn a_number_not_reached_yet_belongs_to_an_earlier_run() {
        let pid = process::id().try_into().expect("a small number");
        assert!(TempName { pid, counter: u64::MAX }.is_gone());
        assert!(!TempName { pid: 1, counter: 0 }.is_gone());
    }

    #[test]
    fn without_hard_links_an_existing_name_is_refused_too() {
        let directory = tempfile::tempdir().unwrap();
        let open = || Dir::open_ambient_dir(directory.path(), cap_std::ambient_authority()).unwrap();
        let [mut first, mut second] =
            [0, 1].map(|_| TempFile::create(open(), OsStr::new("f"), Placing::Exclusive).unwrap());
        io::Write::write_all(&mut first.file, b"first").unwrap();
        first.place.reserve_and_rename().unwrap();
        assert_eq!(second.place.reserve_and_rename().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        drop((first, second));
        assert_eq!(std::fs::read(directory.path().join("f")).unwrap(), b"first");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
