//! Bookmarks: host and hosts.

use std::mem;
use std::path::PathBuf;

use anyhow::Result;

use crate::session::{Bookmark, Peer};
use crate::shell::complaint::Complaint;
use crate::shell::words::Word;
use crate::shell::{Next, Shell, bookmarks, folders};
use crate::wire::{BlockSize, Mode};

/// Lines of no sense that are told.
const MISTAKES: usize = 5;

/// `host name address [port] [mode=..] [blksize=..]`, `host name off`
pub(in crate::shell) fn host(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    let path = file(shell)?;
    if load(shell)?.contains(char::REPLACEMENT_CHARACTER) {
        let reason = "holds bytes that are no UTF-8, which would be lost; edit it by hand";
        return Err(Complaint::local(format_args!("{}: {reason}", path.display())).into());
    }
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
    load(shell)?;
    Ok(Next::Line)
}

/// `hosts`
pub(in crate::shell) fn hosts(shell: &mut Shell, _: &[Word]) -> Result<Next> {
    let text = load(shell)?;
    for bookmark in &shell.session.bookmarks {
        shell.console.say(bookmark)?;
    }
    if let Ok(path) = file(shell) {
        for (number, why) in bookmarks::mistakes(&text).take(MISTAKES) {
            shell.console.note(format_args!("tftp: {}:{number}: {why}", path.display()));
        }
    }
    Ok(Next::Line)
}

/// Reads the bookmarks, which another session may have changed, and returns the text of their file.
pub(in crate::shell) fn load(shell: &mut Shell) -> Result<String, Complaint> {
    shell.session.bookmarks.clear();
    if shell.folders.is_none() {
        return Ok(String::new());
    }
    let path = file(shell)?;
    let text = folders::read(&path).map_err(|error| Complaint::io(path.display(), &error))?;
    shell.session.bookmarks = bookmarks::parse(&text);
    Ok(text)
}

/// What settings were before a bookmark changed them, until another server is talked to or the user sets them.
#[derive(Debug, Default)]
pub(in crate::shell) struct Lent {
    pub(super) mode: Option<Mode>,
    pub(super) blksize: Option<Option<BlockSize>>,
}

/// Turns to a server, with the settings of its bookmark unless the command line insists on others. What the bookmark of
/// the server before had set ends with it.
pub(in crate::shell) fn turn_to(shell: &mut Shell, peer: Option<&Peer>, bookmark: Option<&Bookmark>) {
    if bookmark.is_none() && peer == shell.session.peer.as_ref() {
        return;
    }
    let settings = &mut shell.session.settings;
    let lent = mem::take(&mut shell.lent);
    settings.transfer.mode = lent.mode.unwrap_or(settings.transfer.mode);
    settings.transfer.blksize = lent.blksize.unwrap_or(settings.transfer.blksize);
    let mode = bookmark.and_then(|known| known.mode).filter(|_| !shell.insists.mode);
    let blksize = bookmark.and_then(|known| known.blksize).filter(|_| !shell.insists.blksize);
    shell.lent = Lent {
        mode: mode.map(|mode| mem::replace(&mut settings.transfer.mode, mode)),
        blksize: blksize.map(|blksize| settings.transfer.blksize.replace(blksize)),
    };
}

fn file(shell: &Shell) -> Result<PathBuf, Complaint> {
    let folders = shell.folders.as_ref();
    folders.map(folders::Folders::hosts).ok_or_else(|| Complaint::local("no home folder to keep bookmarks in"))
}
