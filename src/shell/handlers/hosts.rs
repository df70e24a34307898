//! Bookmarks: host and hosts.

use std::path::PathBuf;

use anyhow::Result;

use crate::session::Bookmark;
use crate::shell::complaint::Complaint;
use crate::shell::words::Word;
use crate::shell::{Next, Shell, bookmarks, folders};

/// `host name address [port] [mode=..] [blksize=..]`, `host name off`
pub(in crate::shell) fn host(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    let path = file(shell)?;
    let outcome = match words {
        [name, off] if off.is("off") => {
            let known = name.text().and_then(|name| shell.session.bookmark(name)).map(|bookmark| bookmark.name.clone());
            let name = known.ok_or_else(|| Complaint::local(format_args!("{name}: no such bookmark")))?;
            folders::revise(&path, |text| bookmarks::without(text, &name))
        }
        _ => {
            let new = bookmarks::read(words)?;
            folders::revise(&path, |text| Some(bookmarks::with(text, &new)))
        }
    };
    outcome.map_err(|error| Complaint::io(path.display(), &error))?;
    load(shell);
    Ok(Next::Line)
}

/// `hosts`
pub(in crate::shell) fn hosts(shell: &mut Shell, _: &[Word]) -> Result<Next> {
    load(shell);
    for bookmark in &shell.session.bookmarks {
        shell.console.say(bookmark)?;
    }
    Ok(Next::Line)
}

/// Reads the bookmarks, which another session may have changed. Without a readable file there are none.
pub(in crate::shell) fn load(shell: &mut Shell) {
    let text = file(shell).ok().and_then(|path| folders::read(&path).ok());
    shell.session.bookmarks = bookmarks::parse(&text.unwrap_or_default());
}

/// Sets what the bookmark says about its server, unless the command line says otherwise.
pub(in crate::shell) fn adopt(shell: &mut Shell, bookmark: Option<&Bookmark>) {
    let Some(bookmark) = bookmark else { return };
    let settings = &mut shell.session.settings;
    if let (Some(mode), false) = (bookmark.mode, shell.insists.mode) {
        settings.mode = mode;
    }
    if let (Some(blksize), false) = (bookmark.blksize, shell.insists.blksize) {
        settings.blksize = Some(blksize);
    }
}

fn file(shell: &Shell) -> Result<PathBuf, Complaint> {
    let folders = shell.folders.as_ref();
    folders.map(folders::Folders::hosts).ok_or_else(|| Complaint::local("no home folder to keep bookmarks in"))
}
