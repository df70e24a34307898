//! The directories below a served one: which may be entered, and what they hold.

use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};
use nix::errno::Errno;
use nix::fcntl::OFlag;

use super::{Denied, temp_file};
use crate::wire::ErrorCode;

/// The permission of all users to read a file, or to list a directory.
const OTHERS_READ: u32 = 0o004;

/// The permission of all users to enter a directory.
const OTHERS_ENTER: u32 = 0o001;

/// A directory and all below it. No path leads out, neither by `..` nor by a link: the system resolves every path below
/// the directory.
pub(super) struct Tree {
    pub(super) root: Dir,
    /// Enter and show only what all users may. The root may be private.
    pub(super) public_only: bool,
}

/// The place of a file: a directory that was entered, and a name in it.
pub(super) struct Place<'a> {
    /// `None` if there is no such directory.
    directory: Option<Entered<'a>>,
    pub(super) name: OsString,
    /// `None` if the name is free; of a link, the link itself.
    pub(super) found: Option<Metadata>,
}

/// The root, or a directory below it.
enum Entered<'a> {
    Root(&'a Dir),
    Below(Dir),
}

impl Entered<'_> {
    fn directory(&self) -> &Dir {
        match self {
            Self::Root(directory) => directory,
            Self::Below(directory) => directory,
        }
    }
}

impl Place<'_> {
    /// Opens the file.
    pub(super) fn open(&self, options: &OpenOptions) -> Result<cap_std::fs::File, Denied> {
        let directory = self.directory.as_ref().ok_or(ErrorCode::NOT_FOUND)?;
        Ok(directory.directory().open_with(&self.name, options)?)
    }

    /// Returns the directory and the name.
    pub(super) fn into_parts(self) -> Result<(Dir, OsString), Denied> {
        let missing = || Denied::new(ErrorCode::NOT_FOUND, "Directory not found");
        let directory = match self.directory.ok_or_else(missing)? {
            Entered::Root(root) => root.try_clone()?,
            Entered::Below(directory) => directory,
        };
        Ok((directory, self.name))
    }
}

impl Tree {
    /// Finds the place of a file. A link in the last component is not followed.
    pub(super) fn locate(&self, path: &Path) -> Result<Place<'_>, Denied> {
        let (directory, name) = temp_file::split(path).ok_or(ErrorCode::ACCESS)?;
        let directory = is_there(self.enter(directory))?;
        let stat = |it: &Entered<'_>| is_there(it.directory().symlink_metadata(name).map_err(Denied::from));
        let found = directory.as_ref().map(stat).transpose()?.flatten();
        Ok(Place { directory, name: name.to_owned(), found })
    }

    /// Follows all links of a path.
    pub(super) fn true_path(&self, path: &Path) -> Result<PathBuf, Denied> {
        Ok(self.root.canonicalize(path)?)
    }

    /// Returns the names in a directory; none if it may not be listed.
    pub(super) fn names(&self, path: &Path) -> impl Iterator<Item = io::Result<OsString>> {
        let may_list = |found: &Metadata| !self.public_only || found.mode() & OTHERS_READ != 0;
        let entries = self.enter(path).ok().and_then(|entered| {
            let directory = entered.directory();
            directory.dir_metadata().ok().filter(may_list)?;
            directory.entries().ok()
        });
        entries.into_iter().flatten().map(|entry| entry.map(|entry| entry.file_name()))
    }

    /// Refuses a file that some users may not read, if only public ones are shown.
    pub(super) fn must_show(&self, found: &Metadata) -> Result<(), Denied> {
        self.must_permit(found, OTHERS_READ, "not readable by all users of the server")
    }

    fn must_permit(&self, found: &Metadata, permission: u32, reason: &str) -> Result<(), Denied> {
        if self.public_only && found.mode() & permission == 0 {
            return Err(Denied::new(ErrorCode::ACCESS, reason));
        }
        Ok(())
    }

    fn enter(&self, path: &Path) -> Result<Entered<'_>, Denied> {
        let mut components = path.components().filter(|component| *component != Component::CurDir).peekable();
        if components.peek().is_none() {
            return Ok(Entered::Root(&self.root));
        }
        if !self.public_only {
            return Ok(Entered::Below(self.root.open_dir(path)?));
        }
        let (mut directory, mut walked) = (Entered::Root(&self.root), PathBuf::new());
        for component in components {
            walked.push(component);
            directory = match self.enter_next(&directory, component)? {
                Some(next) => next,
                // Only the system knows where a link leads. The way to it was checked, so it reveals nothing private.
                None => self.enter_plain(&self.root.canonicalize(&walked)?)?,
            };
        }
        Ok(directory)
    }

    /// Enters a directory whose path has neither links nor `..`.
    fn enter_plain(&self, path: &Path) -> Result<Entered<'_>, Denied> {
        let mut directory = Entered::Root(&self.root);
        for component in path.components().filter(|component| *component != Component::CurDir) {
            directory = self.enter_next(&directory, component)?.ok_or(ErrorCode::NOT_FOUND)?;
        }
        Ok(directory)
    }

    /// Enters a directory in another one, which is then the one that was checked; `None` if it is a link or none.
    fn enter_next(
        &self,
        directory: &Entered<'_>,
        component: Component<'_>,
    ) -> Result<Option<Entered<'static>>, Denied> {
        let Component::Normal(name) = component else { return Ok(None) };
        let mut options = OpenOptions::new();
        options.read(true).custom_flags((OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | SEARCH).bits());
        let next = match directory.directory().open_with(name, &options) {
            // Of these, systems choose one for a link.
            Err(error)
                if [Errno::ENOTDIR, Errno::ELOOP]
                    .map(|errno| errno as i32)
                    .map(Some)
                    .contains(&error.raw_os_error()) =>
            {
                return Ok(None);
            }
            next => Dir::from_std_file(next?.into_std()),
        };
        self.must_permit(
            &next.dir_metadata()?,
            OTHERS_ENTER,
            "in a directory that is not open to all users of the server",
        )?;
        Ok(Some(Entered::Below(next)))
    }
}

/// Opens a directory whose names may be used but not listed.
#[cfg(target_os = "linux")]
const SEARCH: OFlag = OFlag::O_PATH;

#[cfg(not(target_os = "linux"))]
const SEARCH: OFlag = OFlag::empty();

fn is_there<T>(found: Result<T, Denied>) -> Result<Option<T>, Denied> {
    match found {
        Err(denied) if denied.code == ErrorCode::NOT_FOUND => Ok(None),
        found => found.map(Some),
    }
}
