use std::net::SocketAddr;
use std::time::SystemTime;

use super::Policy;
use crate::event::{Begin, Side};
use crate::wire::{Mode, Request, RequestKind};

/// What a request asks for, even if the request is not whole.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) kind: RequestKind,
    pub(super) filename: &'a [u8],
    pub(super) mode: Option<Mode>,
}

impl<'a> From<Request<'a>> for Subject<'a> {
    fn from(request: Request<'a>) -> Self {
        Self { kind: request.kind, filename: request.filename, mode: Mode::from_wire(request.mode) }
    }
}

impl Subject<'_> {
    /// Passes the facts about the beginning of its transfer on.
    pub(super) fn begin<T>(self, client: SocketAddr, policy: &Policy, take: impl FnOnce(Begin<'_>) -> T) -> T {
        take(Begin {
            side: Side::Server,
            wall: SystemTime::now(),
            host: &client.ip().to_string(),
            peer: client,
            kind: self.kind,
            filename: self.filename,
            mode: self.mode,
            timeout: policy.retry.timeout,
            bug: None,
        })
    }
}
