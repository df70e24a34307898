//! Bookmarks: host and hosts.

use std::path::PathBuf;

use crate::language::Bookmark;
use crate::profile::{bookmarks, directories};
use crate::shell::{CommandError, Handled, Outcome, Shell};

/// Bad lines that are reported.
const MISTAKES: usize = 5;

/// Gives a server a name.
pub(crate) fn host(shell: &mut Shell<'_>, bookmark: &Bookmark) -> Handled {
    revise(shell, |text| Some(bookmarks::with(text, bookmark)))
}

/// Forgets the name of a server.
pub(crate) fn forget(shell: &mut Shell<'_>, name: &str) -> Handled {
    load(shell)?;
    if shell.workspace.session.bookmark(name).is_none() {
        return Err(CommandError::local(format_args!("{name}: no such bookmark")).into());
    }
    revise(shell, |text| bookmarks::without(text, name))
}

fn revise(shell: &mut Shell<'_>, change: impl FnOnce(&str) -> Option<String>) -> Handled {
    let path = file(shell)?;
    if load(shell)?.contains(char::REPLACEMENT_CHARACTER) {
        let reason = "holds bytes that are not UTF-8, which would be lost; edit it by hand";
        return Err(CommandError::local(format_args!("{}: {reason}", path.display())).into());
    }
    directories::revise(&path, change).map_err(|error| CommandError::file(path.display(), error))?;
    load(shell)?;
    Ok(Outcome::done())
}

/// `hosts`
pub(crate) fn hosts(shell: &mut Shell<'_>) -> Handled {
    let text = load(shell)?;
    for bookmark in &shell.workspace.session.bookmarks {
        shell.console.say(bookmark)?;
    }
    if let Ok(path) = file(shell) {
        for (number, why) in bookmarks::mistakes(&text).take(MISTAKES) {
            shell.console.note(format_args!("tftp: {}:{number}: {why}", path.display()));
        }
    }
    Ok(Outcome::done())
}

/// Reads the bookmarks, which another session may have changed, and returns the text of their file.
pub(crate) fn load(shell: &mut Shell<'_>) -> Result<String, CommandError> {
    shell.workspace.session.bookmarks.clear();
    if shell.setup.directories.is_none() {
        return Ok(String::new());
    }
    let path = file(shell)?;
    let text = directories::read(&path).map_err(|error| CommandError::file(path.display(), error))?;
    shell.workspace.session.bookmarks = bookmarks::parse(&text);
    Ok(text)
}

fn file(shell: &Shell<'_>) -> Result<PathBuf, CommandError> {
    let home = shell.setup.directories.as_ref();
    home.map(|home| home.hosts.clone()).ok_or_else(|| CommandError::local("no home directory to keep bookmarks in"))
}
