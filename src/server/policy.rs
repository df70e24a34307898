use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::bugs::ServerBug;
use crate::fault::is_loopback;
use crate::files::{Denied, Source, Store, Target, WriteMode, too_large};
use crate::transfer::RetryPolicy;
use crate::wire::{Answer, ErrorCode, Limits, Mode, Offer, Printable, Request, RequestKind, WindowSize};

/// The most bytes in flight to or from one client; more gains nothing even on a loopback.
const MOST_IN_FLIGHT: u32 = 0x4_0000;

/// The rules of a server. They may change while the server runs; running transfers keep what they agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What is served, for people: a directory, or `practice files`.
    pub title: String,
    /// Limits of the options.
    pub limits: Limits,
    /// When to retransmit and when to give up, unless the client asks for an interval.
    pub retry: RetryPolicy,
    /// Refuse every write request.
    pub read_only: bool,
    /// Accept uploads of new files.
    pub create: bool,
    /// Let an upload replace a file.
    pub overwrite: bool,
    /// Greatest size of an upload, in bytes.
    pub max_upload: Option<u64>,
    /// Answer a duplicated request twice, from two ports, as in the example of RFC 1350 section 4: to see transfer
    /// ids.
    pub answer_twice: bool,
    /// Active server bug, towards clients on this computer.
    #[doc(hidden)]
    pub bug: Option<ServerBug>,
    /// The networks whose clients are served; all are, if there are none.
    pub allow: Vec<IpNet>,
    /// Simultaneous transfers with one address: enough for a classroom that shares an address.
    pub max_per_source: usize,
    /// Simultaneous transfers in all. Each takes up to two file descriptors; without free ones, requests are refused.
    pub max_transfers: usize,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            title: String::new(),
            limits: Limits {
                windowsize: WindowSize::new(64).unwrap_or_default(),
                window_bytes: MOST_IN_FLIGHT,
                ..Limits::default()
            },
            retry: RetryPolicy::default(),
            read_only: false,
            create: true,
            overwrite: false,
            max_upload: None,
            answer_twice: false,
            bug: None,
            allow: Vec::new(),
            max_per_source: 300,
            max_transfers: 1_000,
        }
    }
}

impl Policy {
    /// Whether the clients of an address are served.
    pub(super) fn allows(&self, client: IpAddr) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|network| network.contains(&client))
    }

    /// Returns the bug if it is active towards a client: on this computer.
    pub(super) fn bug_towards(&self, client: SocketAddr) -> Option<ServerBug> {
        self.bug.filter(|_| is_loopback(client.ip()))
    }

    /// Returns the names that may be written; `None` if none may.
    fn write_mode(&self) -> Option<WriteMode> {
        match (self.create, self.overwrite) {
            _ if self.read_only => None,
            (false, false) => None,
            (true, false) => Some(WriteMode::CreateNew),
            (false, true) => Some(WriteMode::Replace),
            (true, true) => Some(WriteMode::CreateOrReplace),
        }
    }
}

/// A granted request, with its open file.
pub(super) struct Granted {
    pub(super) offer: Offer,
    pub(super) limits: Limits,
    /// Answer to tsize.
    pub(super) size: Option<u64>,
    pub(super) file: File,
}

/// The file of a granted request.
pub(super) enum File {
    Read(Source),
    Write(Target),
}

impl Granted {
    /// Returns the granted options, with a window of at most `windowsize`.
    pub(super) fn answer(&self, windowsize: WindowSize) -> Answer {
        let windowsize = windowsize.min(self.limits.windowsize);
        self.offer.answer(&Limits { windowsize, ..self.limits }, self.size)
    }
}

/// Grants or refuses a request, and opens its file; `bug` is active towards the client.
pub(super) fn grant(
    request: &Request<'_>,
    policy: &Policy,
    bug: Option<ServerBug>,
    store: &dyn Store,
) -> Result<Granted, Denied> {
    let mode = Mode::from_wire(request.mode).ok_or_else(|| unknown_mode(request.mode))?;
    let mode = bug.map_or(mode, |bug| bug.mode(mode));
    let offer = Offer::parse(&request.options);
    let (size, file) = match request.kind {
        RequestKind::Read => {
            let source = store.read(request.filename, mode)?;
            (source.size(), File::Read(source))
        }
        RequestKind::Write => {
            let refused = || Denied::new(ErrorCode::ACCESS, "this server does not accept files");
            let write_mode = policy.write_mode().ok_or_else(refused)?;
            if let Some((size, most)) = offer.tsize.zip(policy.max_upload)
                && size > most
            {
                return Err(Denied::new(ErrorCode::DISK_FULL, too_large(most)));
            }
            if let Some(size) = offer.tsize
                && store.room().is_some_and(|room| size > room)
            {
                return Err(ErrorCode::DISK_FULL.into());
            }
            let target = store.create(request.filename, mode, write_mode)?;
            // Clients count the size of a text in different ways, so it is not confirmed.
            (offer.tsize.filter(|_| mode == Mode::Octet), File::Write(target.limited(policy.max_upload)))
        }
    };
    Ok(Granted { offer, limits: policy.limits, size, file })
}

fn unknown_mode(mode: &[u8]) -> Denied {
    if mode.eq_ignore_ascii_case(b"mail") {
        Denied::new(ErrorCode::ILLEGAL, "mail mode is obsolete (RFC 1350 section 1)")
    } else {
        Denied::new(ErrorCode::ILLEGAL, format_args!("unknown mode {}: use octet or netascii", Printable(mode)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    use crate::files::{MemoryStore, WriteFile};
    use crate::wire::Packet;

    fn try_grant(datagram: &[u8], policy: &Policy) -> Result<Granted, Denied> {
        let store = MemoryStore::new();
        store.insert(b"f", vec![7; 3000]);
        let Ok(Packet::Request(request)) = Packet::parse(datagram) else { panic!("not a request") };
        grant(&request, policy, None, &store)
    }

    fn refusal(datagram: &[u8], policy: &Policy) -> (ErrorCode, String) {
        try_grant(datagram, policy).err().map(|it| (it.code, it.message)).expect("a refusal")
    }

    #[test]
    fn modes_are_known_in_any_case_and_others_are_refused() {
        let policy = Policy::default();
        // Only in octet mode is the size known.
        assert_eq!(try_grant(b"\0\x01f\0OcTeT\0", &policy).unwrap_or_else(|_| panic!()).size, Some(3000));
        assert_eq!(try_grant(b"\0\x01f\0NETASCII\0", &policy).unwrap_or_else(|_| panic!()).size, None);
        assert_eq!(refusal(b"\0\x01f\0binary\0", &policy).0, ErrorCode::ILLEGAL);
        let (code, message) = refusal(b"\0\x02f\0Mail\0", &policy);
        assert!(code == ErrorCode::ILLEGAL && message.contains("obsolete"), "{message}");
    }

    #[test]
    fn a_read_is_answered_with_the_real_size_but_not_in_netascii() {
        let policy = Policy::default();
        let size = |datagram: &[u8]| {
            try_grant(datagram, &policy).unwrap_or_else(|_| panic!()).answer(WindowSize::MOST).terms().tsize
        };
        assert_eq!(size(b"\0\x01f\0octet\0tsize\x000\0"), Some(3000));
        assert_eq!(size(b"\0\x01f\0netascii\0tsize\x000\0"), None);
        assert_eq!(size(b"\0\x02new\0octet\0tsize\x0077\0"), Some(77));
        assert_eq!(size(b"\0\x02new\0netascii\0tsize\x0077\0"), None);
    }

    #[test]
    fn an_upload_announced_too_large_is_refused_and_one_that_grows_too_large_fails() {
        let policy = Policy { max_upload: Some(1000), ..Policy::default() };
        assert_eq!(refusal(b"\0\x02new\0octet\0tsize\x001001\0", &policy).0, ErrorCode::DISK_FULL);
        let File::Write(mut content) = try_grant(b"\0\x02new\0octet\0", &policy).unwrap_or_else(|_| panic!()).file
        else {
            panic!("a file to write")
        };
        content.deliver(&[0; 1000]).unwrap();
        assert_eq!(content.deliver(&[0]).unwrap_err().kind(), io::ErrorKind::QuotaExceeded);
    }

    #[test]
    fn a_window_never_exceeds_what_may_be_in_flight() {
        let agreed = |datagram: &[u8]| {
            try_grant(datagram, &Policy::default()).unwrap_or_else(|_| panic!()).answer(WindowSize::MOST).terms()
        };
        let terms = agreed(b"\0\x01f\0octet\0blksize\x0065464\0windowsize\x0064\0");
        assert_eq!((terms.blksize.get(), terms.windowsize.get()), (65464, 4));
        assert_eq!(agreed(b"\0\x01f\0octet\0blksize\x001428\0windowsize\x00100\0").windowsize.get(), 64);
    }

    #[test]
    fn a_read_only_server_refuses_uploads_and_another_replaces_only_when_allowed() {
        let read_only = Policy { read_only: true, ..Policy::default() };
        assert_eq!(refusal(b"\0\x02new\0octet\0", &read_only).0, ErrorCode::ACCESS);
        assert_eq!(refusal(b"\0\x02f\0octet\0", &Policy::default()).0, ErrorCode::EXISTS);
        assert!(try_grant(b"\0\x02f\0octet\0", &Policy { overwrite: true, ..Policy::default() }).is_ok());
    }
}
