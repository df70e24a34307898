//! Where a file is on which server, as a word of get or put names it.

use std::borrow::Cow;

use super::CommandError;
use crate::language::{Bookmark, Uri, Word, split_host};
use crate::session::{Peer, Session};
use crate::wire::Mode;

/// A file on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote<'a> {
    /// The server named, else the connected one.
    pub(super) peer: Option<Peer>,
    /// The bookmark of the server named.
    pub(super) bookmark: Option<Bookmark>,
    /// The file's name there.
    pub(super) file: Cow<'a, [u8]>,
    /// The transfer mode that the word names; `None` is the mode of the session.
    pub(super) mode: Option<Mode>,
}

impl<'a> Remote<'a> {
    /// Reads a URI, `[v6]:file`, `host:file` and `file`, in this order; with `literal on` only the last.
    ///
    /// A server before a colon has the current port, a bookmark its own, and a URI without a port the default one.
    pub(super) fn named(session: &Session, word: &'a Word) -> Result<Self, CommandError> {
        let whole = |peer| Self { peer, bookmark: None, file: Cow::Borrowed(word.bytes()), mode: None };
        if session.settings.literal {
            return Ok(whole(session.peer.clone()));
        }
        if let Some(uri) = Uri::parse(word.bytes()) {
            let uri = uri.map_err(|bad| CommandError::local(format_args!("{word}: {bad}")))?;
            let Uri { host, port, file, mode } = uri;
            // The URI decides the mode.
            let bookmark = session.bookmark(&host).map(|known| Bookmark { mode: None, ..known.clone() });
            let port = port.unwrap_or_else(|| session.port(bookmark.as_ref()));
            let peer = bookmark.as_ref().map_or_else(|| Peer::new(host, port), |known| Peer::bookmarked(known, port));
            return Ok(Self { peer: Some(peer), bookmark, file: Cow::Owned(file), mode: Some(mode) });
        }
        Ok(match split_host(word.bytes()) {
            Some((host, file)) => {
                let bookmark = session.bookmark(host).cloned();
                let current = || session.peer.as_ref().map_or(session.default_port(), |peer| peer.port);
                let port = bookmark.as_ref().map_or_else(current, |known| session.port(Some(known)));
                let peer =
                    bookmark.as_ref().map_or_else(|| Peer::new(host, port), |known| Peer::bookmarked(known, port));
                Self { peer: Some(peer), bookmark, file: Cow::Borrowed(file), mode: None }
            }
            None => whole(session.peer.clone()),
        })
    }
}

impl Remote<'_> {
    /// Returns the part of its word that names the file, as a local name.
    pub(super) fn local(&self, word: &Word) -> Word {
        match &self.file {
            Cow::Borrowed(file) => word.after(word.bytes().len().saturating_sub(file.len())),
            Cow::Owned(file) => Word::new(file.as_slice()),
        }
    }
}

/// The part after the last slash.
pub(super) fn base_name(path: &[u8]) -> &[u8] {
    path.rsplit(|&byte| byte == b'/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(session: &Session, word: &str) -> (Option<(String, u16)>, Vec<u8>, Option<Mode>) {
        let word = Word::new(word);
        let Remote { peer, file, mode, .. } = Remote::named(session, &word).expect("a place");
        (peer.map(|peer| (peer.host, peer.port)), file.into_owned(), mode)
    }

    #[test]
    fn a_host_named_with_a_file_keeps_the_current_port() {
        let mut session = Session::default();
        let port = |session: &Session| named(session, "h:f").0.map(|(_, port)| port);
        assert_eq!(port(&session), Some(69));
        session.default_port = Some(1069);
        assert_eq!(port(&session), Some(1069));
        session.peer = Some(Peer::new("other", 6969));
        assert_eq!(port(&session), Some(6969));
        session.settings.literal = true;
        assert_eq!(named(&session, "h:f"), (Some(("other".to_owned(), 6969)), b"h:f".to_vec(), None));
        assert_eq!(named(&session, "tftp://h/f").1, b"tftp://h/f");
    }

    #[test]
    fn a_bookmark_names_another_server_than_the_connected_one() {
        let bookmarks = crate::profile::bookmarks::parse("h 192.0.2.1\ni ::1 1234 mode=netascii");
        let peer = Some(Peer::new("other", 6969));
        let session = Session { bookmarks, peer, ..Session::default() };
        let place = |word| named(&session, word).0.map(|(host, port)| format!("{host} {port}"));
        assert_eq!(place("h:f").as_deref(), Some("192.0.2.1 69"));
        assert_eq!(place("I:f").as_deref(), Some("::1 1234"));
        assert_eq!(place("tftp://i/f").as_deref(), Some("::1 1234"));
        assert_eq!(place("tftp://i:70/f").as_deref(), Some("::1 70"));
        assert_eq!(named(&session, "tftp://i/f").2, Some(Mode::Octet));
    }

    #[test]
    fn a_uri_says_all_by_itself() {
        let mut session = Session { peer: Some(Peer::new("other", 6969)), ..Session::default() };
        session.settings.transfer.mode = Mode::Netascii;
        let octet = Some(Mode::Octet);
        assert_eq!(named(&session, "tftp://h/f"), (Some(("h".to_owned(), 69)), b"f".to_vec(), octet));
        assert_eq!(named(&session, "tftp://h:70/f"), (Some(("h".to_owned(), 70)), b"f".to_vec(), octet));
        session.default_port = Some(1069);
        assert_eq!(named(&session, "tftp://h/f"), (Some(("h".to_owned(), 1069)), b"f".to_vec(), octet));
        let word = Word::new("tftp://h");
        let bad = Remote::named(&session, &word).map_err(|bad| bad.to_string());
        assert_eq!(bad, Err("tftp://h: names no file: tftp://HOST/FILE".to_owned()));
    }

    #[test]
    fn the_local_name_is_what_stands_behind_the_last_slash() {
        assert_eq!(base_name(b"/tftpboot/fw.bin"), b"fw.bin");
        assert_eq!(base_name(b"fw.bin"), b"fw.bin");
        assert_eq!(base_name(b"directory/"), b"");
    }
}
