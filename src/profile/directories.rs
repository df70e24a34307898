//! The directories of the user's files; the only file that names `etcetera`.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `$XDG_CONFIG_HOME/tftpsh/hosts` | bookmarks |
//! | `$XDG_CONFIG_HOME/tftpsh/rc` | settings to begin with |
//! | `$XDG_STATE_HOME/tftpsh/history` | typed lines |
//! | `$XDG_STATE_HOME/tftpsh/seen` | hosts, and the names of files there |

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;

use etcetera::BaseStrategy;

use crate::stop::open_regular;

/// The most bytes to read of a file: each Tab reads it again.
const MOST: u64 = 4 << 20;

/// The paths of one user's files, which need not exist yet.
#[derive(Debug, Clone)]
pub(crate) struct Directories {
    /// Bookmarks, written by the user or by `host`.
    pub hosts: PathBuf,
    /// The commands that an interactive shell begins with.
    pub rc: PathBuf,
    /// The lines typed at the prompt.
    pub history: PathBuf,
    /// The text of [`NamesSeen`](super::NamesSeen).
    pub names_seen: PathBuf,
}

impl Directories {
    /// The paths for the user who runs the process; `None` for a user without a home.
    pub(crate) fn of_user() -> Option<Self> {
        let base = etcetera::choose_base_strategy().ok()?;
        let config = |name| base.config_dir().join("tftpsh").join(name);
        let state = |name| base.state_dir().unwrap_or_else(|| base.data_dir()).join("tftpsh").join(name);
        Some(Self { hosts: config("hosts"), rc: config("rc"), history: state("history"), names_seen: state("seen") })
    }
}

/// Creates the directory of `path`, for the user alone.
pub(crate) fn prepare(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path.parent().unwrap_or(path))
}

/// Changes a small text file atomically, and locks its directory, so that no session undoes what another did. `change`
/// returns `None` to keep the file. A link is followed; a new file belongs to the user alone.
pub(crate) fn revise(path: &Path, change: impl FnOnce(&str) -> Option<String>) -> io::Result<()> {
    prepare(path)?;
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = File::open(path.parent().unwrap_or(&path))?;
    // Released when the directory is closed.
    directory.lock()?;
    let Some(text) = change(&read(&path)?) else { return Ok(()) };
    let temporary = path.with_added_extension(process::id().to_string());
    let written = write_new(&temporary, &text).and_then(|()| fs::rename(&temporary, &path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// The text of a regular file, empty if there is none. Bytes that are not UTF-8 are replaced; a file above `MOST` is an error.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    match open_regular(path).and_then(|file| file.take(MOST + 1).read_to_end(&mut bytes)) {
        Ok(_) if bytes.len() as u64 > MOST => Err(io::ErrorKind::FileTooLarge.into()),
        Ok(_) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if is_absent(&error) => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// Whether the file or its directory does not exist.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::thread;

    use super::*;

    #[test]
    fn a_new_file_belongs_to_the_user_alone_and_nothing_lies_beside_it() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("a/b/hosts");
        revise(&path, |old| Some(format!("{old}text"))).expect("a change");
        assert_eq!(read(&path).expect("the file"), "text");
        let mode = |path: &Path| path.metadata().expect("the entry").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&home.path().join("a/b"))), (0o600, 0o700));
        assert_eq!(fs::read_dir(home.path().join("a/b")).expect("the directory").count(), 1);
    }

    #[test]
    fn changes_made_at_the_same_time_are_all_kept() {
        let home = tempfile::tempdir().expect("a directory");
        let path = home.path().join("seen");
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| revise(&path, |old| Some(format!("{old}x"))).expect("a change"));
            }
        });
        assert_eq!(read(&path).expect("the file"), "xxxxxxxx");
    }

    #[test]
    fn a_link_stays_a_link() {
        let home = tempfile::tempdir().expect("a directory");
        let (link, file) = (home.path().join("hosts"), home.path().join("elsewhere"));
        fs::write(&file, "old").expect("a file");
        symlink(&file, &link).expect("a link");
        revise(&link, |_| Some("new".to_owned())).expect("a change");
        assert_eq!(read(&file).expect("the file"), "new");
        assert!(link.is_symlink());
    }
}
