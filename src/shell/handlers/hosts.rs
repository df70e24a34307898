//! Bookmarks: host and hosts.

use std::path::PathBuf;

use crate::profile::{Directories, bookmarks, directories};
use crate::shell::words::Word;
use crate::shell::{CommandError, HandlerError, Outcome, Shell};

/// Bad lines that are reported.
const MISTAKES: usize = 5;

/// `host name address [port] [mode=..] [blksize=..]`, `host name off`
pub(in crate::shell) fn host(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    let path = file(shell)?;
    if load(shell)?.contains(char::REPLACEMENT_CHARACTER) {
        let reason = "holds bytes that are no UTF-8, which would be lost; edit it by hand";
        return Err(CommandError::local(format_args!("{}: {reason}", path.display())).into());
    }
    let outcome = match words {
        [name, off] if off.is("off") => {
            let session = &shell.workspace.session;
            let known = name.text().and_then(|name| session.bookmark(name)).map(|bookmark| bookmark.name.clone());
            let name = known.ok_or_else(|| CommandError::local(format_args!("{name}: no such bookmark")))?;
            directories::revise(&path, |text| bookmarks::without(text, &name))
        }
        _ => {
            let new = bookmarks::read(words).map_err(CommandError::local)?;
            directories::revise(&path, |text| Some(bookmarks::with(text, &new)))
        }
    };
    outcome.map_err(|error| CommandError::file(path.display(), error))?;
    load(shell)?;
    Ok(Outcome::done())
}

/// `hosts`
pub(in crate::shell) fn hosts(shell: &mut Shell<'_>, _: &[Word]) -> Result<Outcome, HandlerError> {
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
pub(in crate::shell) fn load(shell: &mut Shell<'_>) -> Result<String, CommandError> {
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
    home.map(Directories::hosts).ok_or_else(|| CommandError::local("no home folder to keep bookmarks in"))
}
