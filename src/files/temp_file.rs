//! A file that is not in its place before it is whole: written beside it under a name of its own, then renamed.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Metadata, Permissions};
use std::io::{self, IoSlice, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::sys::signal::kill;
use nix::unistd::{Pid, close};

/// The longest name common file systems take, in bytes.
const NAME_LIMIT: usize = 255;

/// Distinguishes the temporary files of this process.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// A file on its way into `folder`; dropping it uncommitted leaves no trace.
pub(super) struct TempFile {
    folder: Dir,
    file: Option<File>,
    temporary: OsString,
    name: OsString,
    placing: Placing,
    placed: bool,
}

/// What becomes of a file that has the name already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Placing {
    /// It is replaced, and keeps its permission bits and, where the system allows, its owner.
    Replace,
    /// It stays: the newcomer is refused, at its creation or at its commit.
    Exclusive,
}

impl TempFile {
    /// Makes the temporary file in `folder`, where `name` (a single component) shall stand. Refuses at once what could
    /// not be committed or should not be replaced: what open(2) would not open for writing, and what is no regular
    /// file. A link of this name is not followed.
    pub(super) fn create(folder: Dir, name: &OsStr, placing: Placing) -> io::Result<Self> {
        if placing == Placing::Exclusive && folder.symlink_metadata(name).is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let old = replaceable(&folder, name)?;
        let mut options = OpenOptions::new();
        // The content of a private file must not be readable by others under its temporary name either.
        options.write(true).create_new(true).mode(old.as_ref().map_or(0o666, |old| old.mode() & 0o600));
        let (temporary, file) = loop {
            let temporary = temporary_name(name);
            match folder.open_with(&temporary, &options) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(folder_not_writable()),
                result => break (temporary, result?.into_std()),
            }
        };
        let outcome = old.map_or(Ok(()), |old| adopt(&file, &old));
        let part = Self { folder, file: Some(file), temporary, name: name.to_owned(), placing, placed: false };
        outcome.map(|()| part)
    }

    /// Appends bytes, with one write where the system takes them at once.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| file.write_all(bytes))
    }

    /// Appends several pieces, likewise.
    pub(super) fn append_all(&mut self, pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), |file| write_all(file, pieces))
    }

    /// Closes the file and puts it in its place at one stroke. A failure to close is a failure: that is where network
    /// file systems tell of a full disk.
    pub(super) fn commit(mut self) -> io::Result<()> {
        self.file.take().map_or(Ok(()), close)?;
        match self.placing {
            Placing::Replace => self.rename(),
            // A link, unlike a rename, fails where the name exists; dropping the part then removes its first name.
            Placing::Exclusive => match self.folder.hard_link(&self.temporary, &self.folder, &self.name) {
                Err(error) if knows_no_hard_links(&error) => self.reserve_and_rename(),
                result => result,
            },
        }
    }

    fn rename(&mut self) -> io::Result<()> {
        self.folder.rename(&self.temporary, &self.folder, &self.name)?;
        self.placed = true;
        Ok(())
    }

    /// The next best to a hard link, for FAT and its like: an empty file takes the name first.
    fn reserve_and_rename(&mut self) -> io::Result<()> {
        self.folder.open_with(&self.name, OpenOptions::new().write(true).create_new(true))?;
        self.rename().inspect_err(|_| _ = self.folder.remove_file(&self.name))
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        if !self.placed {
            // There is nobody to tell; a sweep will find what could not be removed.
            _ = self.folder.remove_file(&self.temporary);
        }
    }
}

/// Writes all pieces, with one write where the system takes them at once.
pub(super) fn write_all(file: &mut File, mut pieces: &mut [IoSlice<'_>]) -> io::Result<()> {
    // Nothing but empty pieces must not be taken for a file that takes nothing.
    IoSlice::advance_slices(&mut pieces, 0);
    while !pieces.is_empty() {
        match file.write_vectored(pieces) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut pieces, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What stands at `name` now, if anything, and may be replaced.
fn replaceable(folder: &Dir, name: &OsStr) -> io::Result<Option<Metadata>> {
    let found = match folder.symlink_metadata(name) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        found => found?,
    };
    if found.is_dir() {
        return Err(Errno::EISDIR.into());
    }
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "not a regular file"));
    }
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(OFlag::O_NONBLOCK.bits());
    folder.open_with(name, &options)?.into_std().metadata().map(Some)
}

/// Gives the new file the permissions of the old, and its owner where this process may.
///
/// The bits that make a program run as its owner are not kept: writing to it would have cleared them too.
fn adopt(file: &File, old: &Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        _ = fchown(file, Some(old.uid()), Some(old.gid())).or_else(|_| fchown(file, None, Some(old.gid())));
    }
    file.set_permissions(Permissions::from_mode(old.mode() & 0o777))
}

fn folder_not_writable() -> io::Error {
    let why = "the folder is not writable (a new file is made there first, so that a failed transfer spoils nothing)";
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}

fn knows_no_hard_links(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EPERM | Errno::EOPNOTSUPP | Errno::ENOSYS))
}

/// `.NAME.PID-COUNTER.part`, with NAME shortened where it would grow too long.
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

/// Who made a temporary file, as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TempName {
    pid: i32,
    counter: u64,
}

impl TempName {
    /// Reads `.NAME.PID-COUNTER.part`; any other name was not made here. The ending counts in any case, since some
    /// file systems do not tell the cases apart.
    pub(super) fn of(name: &[u8]) -> Option<Self> {
        let (rest, ending) = name.strip_prefix(b".")?.split_last_chunk::<5>()?;
        let dot = rest.iter().rposition(|&byte| byte == b'.').filter(|&dot| dot > 0)?;
        let (pid, counter) = str::from_utf8(rest.get(dot + 1..)?).ok()?.split_once('-')?;
        let digits = [pid, counter].iter().all(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        let maker = Self { pid: pid.parse().ok()?, counter: counter.parse().ok()? };
        (digits && ending.eq_ignore_ascii_case(b".part")).then_some(maker)
    }

    /// Whether nobody writes to the file any more. In a container every run has the same process id: a number that
    /// this process has not reached yet belongs to an earlier run.
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
            let maker = TempName::of(temporary.as_bytes()).expect("recognised");
            assert_eq!(u32::try_from(maker.pid), Ok(process::id()));
            assert!(!maker.is_gone());
        }
    }

    #[test]
    fn names_made_by_others_are_left_alone() {
        for name in
            ["a.part", ".a.part", ".a.1.part", ".a.1-.part", ".a.+1-1.part", ".a.1--1.part", "a.1-1.part", ".1-1.part"]
        {
            assert_eq!(TempName::of(name.as_bytes()), None, "{name}");
        }
        assert_eq!(TempName::of(b".a.b.12-3.PART"), Some(TempName { pid: 12, counter: 3 }));
    }

    #[test]
    fn a_number_not_reached_yet_is_of_an_earlier_run() {
        let pid = process::id().try_into().expect("a small number");
        assert!(TempName { pid, counter: u64::MAX }.is_gone());
        assert!(!TempName { pid: 1, counter: 0 }.is_gone());
    }

    #[test]
    fn without_hard_links_a_name_is_taken_once_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Dir::open_ambient_dir(folder.path(), cap_std::ambient_authority()).unwrap();
        let [mut first, mut second] =
            [0, 1].map(|_| TempFile::create(open(), OsStr::new("f"), Placing::Exclusive).unwrap());
        first.append(b"first").unwrap();
        first.reserve_and_rename().unwrap();
        assert_eq!(second.reserve_and_rename().unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        drop((first, second));
        assert_eq!(std::fs::read(folder.path().join("f")).unwrap(), b"first");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
