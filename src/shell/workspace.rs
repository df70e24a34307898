//! What commands change.

use std::mem;

use super::tracing::Tracing;
use crate::client::Requester;
use crate::language::Bookmark;
use crate::server::{PRACTICE_NAMES, RunningServer};
use crate::session::{Peer, Session};
use crate::stop::Stop;
use crate::wire::{BlockSize, Mode};

/// Everything that commands change: the session, the client with its faults, the traces and the practice server.
pub(super) struct Workspace {
    pub(super) session: Session,
    pub(super) client: Requester,
    pub(super) tracing: Tracing,
    pub(super) serving: Option<RunningServer>,
    /// The server serves the practice files.
    pub(super) practising: bool,
    pub(super) overrides: BookmarkOverrides,
}

/// What settings were before a bookmark overrode them, until the user sets them or switches to another server.
#[derive(Debug, Clone, Default)]
pub(super) struct BookmarkOverrides {
    pub(super) mode: Option<Mode>,
    pub(super) blksize: Option<Option<BlockSize>>,
}

/// The connected server, with the settings that its bookmark overrides.
pub(super) struct Connection {
    peer: Option<Peer>,
    mode: Mode,
    blksize: Option<BlockSize>,
    overrides: BookmarkOverrides,
}

/// Settings that options of the command line made, and no bookmark overrides.
#[derive(Debug, Clone, Copy)]
pub(super) struct PinnedByArgs {
    pub(super) mode: bool,
    pub(super) blksize: bool,
}

impl Workspace {
    /// A workspace whose transfers end early when `stop` is raised.
    pub(super) fn new(session: Session, stop: Stop) -> Self {
        Self {
            session,
            client: Requester::new(stop),
            tracing: Tracing::default(),
            serving: None,
            practising: false,
            overrides: BookmarkOverrides::default(),
        }
    }

    /// The connection as it is now, to [return](Self::return_to) to.
    pub(super) fn connection(&self) -> Connection {
        let transfer = &self.session.settings.transfer;
        Connection {
            peer: self.session.peer.clone(),
            mode: transfer.mode,
            blksize: transfer.blksize,
            overrides: self.overrides.clone(),
        }
    }

    /// Returns to an earlier connection, after a failure at another server.
    pub(super) fn return_to(&mut self, connection: Connection) {
        let Connection { peer, mode, blksize, overrides } = connection;
        (self.session.peer, self.overrides) = (peer, overrides);
        let transfer = &mut self.session.settings.transfer;
        (transfer.mode, transfer.blksize) = (mode, blksize);
    }

    /// Switches to a server, with the settings of its bookmark unless they are pinned. What the bookmark of the server
    /// before had overridden is undone.
    pub(super) fn switch_to(&mut self, peer: Option<&Peer>, bookmark: Option<&Bookmark>, pinned: PinnedByArgs) {
        let is_same = match (peer, &self.session.peer) {
            (Some(peer), Some(current)) => peer.is_same(current),
            (peer, current) => peer.is_none() && current.is_none(),
        };
        if bookmark.is_none() && is_same {
            return;
        }
        self.session.peer = peer.cloned();
        let settings = &mut self.session.settings;
        let overrides = mem::take(&mut self.overrides);
        settings.transfer.mode = overrides.mode.unwrap_or(settings.transfer.mode);
        settings.transfer.blksize = overrides.blksize.unwrap_or(settings.transfer.blksize);
        let mode = bookmark.and_then(|known| known.mode).filter(|_| !pinned.mode);
        let blksize = bookmark.and_then(|known| known.blksize).filter(|_| !pinned.blksize);
        self.overrides = BookmarkOverrides {
            mode: mode.map(|mode| mem::replace(&mut settings.transfer.mode, mode)),
            blksize: blksize.map(|blksize| settings.transfer.blksize.replace(blksize)),
        };
    }

    /// Files that the connected server is known to have: the practice files, where it is ours.
    pub(super) fn offered(&self) -> &'static [&'static str] {
        let ours = self.serving.iter().flat_map(RunningServer::addresses);
        let is_connected = self.session.peer.as_ref().is_some_and(|peer| {
            ours.into_iter().any(|address| address.port() == peer.port && address.ip().to_string() == peer.host)
        });
        if self.practising && is_connected { &PRACTICE_NAMES } else { &[] }
    }
}
