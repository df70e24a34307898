use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::event::Begin;
use crate::server::{RunningTransfer, Status, listed};
use crate::transfer::{Abort, Failure, Report, Stats};
use crate::units::{counted, plural, thousands};
use crate::wire::{ErrorCode, Mode, Printable, RequestKind, Terms};

/// What one line of the log says; [`Display`] writes it for people, without the time and without a control character.
#[derive(Debug, Clone, Copy)]
pub(super) enum Entry<'a> {
    /// The server waits for requests.
    Listening { title: &'a str, addresses: &'a [SocketAddr] },
    /// A request is answered with a transfer.
    Request { request: &'a LoggedRequest, terms: &'a Terms },
    /// A transfer, or a request, ended.
    End { request: &'a LoggedRequest, terms: Option<&'a Terms>, end: End<'a> },
    /// Some requests have no lines of their own, since they were refused or their clients did not answer.
    Unlisted { count: u64, refused: bool },
    /// The server, as somebody asked for it.
    Status(&'a Status),
    /// Some lines could not be written.
    Lost { lines: u64 },
}

/// How a transfer ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum End<'a> {
    Complete {
        stats: &'a Stats,
        elapsed: Duration,
    },
    Failed {
        stats: Option<&'a Stats>,
        elapsed: Duration,
        failure: &'a Failure,
    },
    /// It did not begin.
    Refused {
        code: ErrorCode,
        message: &'a str,
    },
}

/// The request that the lines about a transfer are about.
#[derive(Debug)]
pub(crate) struct LoggedRequest {
    pub(super) begun: Instant,
    pub(super) client: SocketAddr,
    pub(super) kind: RequestKind,
    pub(super) filename: Box<[u8]>,
    /// `None` if it is unknown.
    pub(super) mode: Option<Mode>,
    /// Bytes of the file, if they are known.
    size: Option<u64>,
}

impl LoggedRequest {
    pub(crate) fn new(begun: Instant, begin: &Begin<'_>) -> Self {
        let Begin { peer, kind, filename, mode, .. } = *begin;
        Self { begun, client: peer, kind, filename: filename.into(), mode, size: None }
    }

    /// The same, for a file of this many bytes.
    pub(crate) fn sized(self, size: Option<u64>) -> Self {
        Self { size, ..self }
    }

    /// Describes its transfer, which has cost this much so far.
    pub(crate) fn running(&self, stats: Stats) -> RunningTransfer {
        let Self { begun, client, kind, ref filename, size, .. } = *self;
        let Stats { bytes, resent, .. } = stats;
        RunningTransfer {
            peer: client,
            kind,
            filename: filename.to_vec(),
            bytes,
            size,
            elapsed: begun.elapsed(),
            resent,
        }
    }

    /// Returns a sentence about the end of its transfer.
    pub(crate) fn ended(&self, at: Instant, result: Result<&Report, &Failure>) -> String {
        Entry::End { request: self, terms: None, end: End::new(self.begun, at, result, None) }.to_string()
    }
}

impl<'a> End<'a> {
    /// The end of a transfer that began at `begun`. `costs` are those of a transfer that failed, if they are known.
    pub(super) fn new(
        begun: Instant,
        at: Instant,
        result: Result<&'a Report, &'a Failure>,
        costs: Option<&'a Stats>,
    ) -> Self {
        match result {
            Ok(Report { stats, elapsed, .. }) => Self::Complete { stats, elapsed: *elapsed },
            Err(Failure::Aborted(Abort::Refused { code, message })) => Self::Refused { code: *code, message },
            Err(failure) => Self::Failed { stats: costs, elapsed: at.saturating_duration_since(begun), failure },
        }
    }
}

impl Display for Entry<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Listening { title, addresses } => {
                write!(f, "Serving {title} at {}", listed(addresses))
            }
            Self::Request { request, terms } => {
                write!(f, "{request} [{}]", request.mode.unwrap_or_default())?;
                terms.offer().pairs().enumerate().try_for_each(|(index, (name, value))| {
                    write!(f, "{} {name}={value}", if index == 0 { ":" } else { "," })
                })
            }
            Self::End { request, end, .. } => write!(f, "{request}: {end}"),
            Self::Unlisted { count, refused: true } => write!(f, "... and {} more refused", thousands(count)),
            Self::Unlisted { count, refused: false } => {
                write!(f, "... and {} more unanswered", thousands(count))
            }
            Self::Status(status) => write!(f, "{status}"),
            Self::Lost { lines } => write!(f, "... and {} {} lost", thousands(lines), plural(lines, "line")),
        }
    }
}

impl Display for LoggedRequest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.client, self.kind.command(), Printable(&self.filename))
    }
}

impl Display for End<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Complete { stats, elapsed } => {
                write!(f, "{} bytes in {:.1} seconds", stats.bytes, elapsed.as_secs_f64())?;
                resent(f, stats)
            }
            Self::Failed { stats, elapsed, failure } => {
                write!(f, "failed after {:.1} seconds", elapsed.as_secs_f64())?;
                if let Some(stats) = stats {
                    write!(f, ", {}", counted(stats.bytes, "byte"))?;
                    resent(f, stats)?;
                }
                write!(f, ": {failure}")
            }
            Self::Refused { code, message } => write!(f, "refused with error {}: {message}", code.0),
        }
    }
}

fn resent(f: &mut Formatter<'_>, stats: &Stats) -> fmt::Result {
    match stats.resent {
        0 => Ok(()),
        resent => write!(f, ", {} resent", counted(resent, "packet")),
    }
}
