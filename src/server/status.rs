use std::fmt::{self, Display, Formatter};
use std::iter;
use std::net::SocketAddr;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::bugs::ServerBug;
use crate::printable_json::seconds;
use crate::units::{counted, plural, rate, size, thousands};
use crate::wire::{Printable, RequestKind};

/// The status of a running server; [`Display`] writes a line for `status`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Status {
    /// What is served: [`Policy::title`](super::Policy::title).
    #[serde(rename = "serves")]
    pub title: String,
    /// Where the server listens.
    pub addresses: Vec<SocketAddr>,
    /// Running transfers.
    #[serde(rename = "running")]
    pub live: u64,
    /// Transfers that succeeded.
    pub finished: u64,
    /// Transfers that failed; refused requests do not count.
    pub failed: u64,
    /// Requests that were refused.
    pub refused: u64,
    /// Whether it still runs.
    #[serde(skip)]
    pub running: bool,
    /// The server did not say which transfers run: a disk or a network file system may keep it waiting.
    #[serde(rename = "stuck")]
    pub is_stuck: bool,
    /// The longest running transfers, oldest first: 64 at most.
    pub transfers: Vec<RunningTransfer>,
    /// The end of the last transfer, as a [`Log`](super::Log) writes it, without the time.
    pub last: Option<String>,
    /// Active server bug.
    #[serde(skip)]
    pub bug: Option<ServerBug>,
}

/// A transfer that a server has not finished; [`Display`] writes a line without control characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunningTransfer {
    /// The client.
    pub peer: SocketAddr,
    /// Whether it gets or puts the file.
    #[serde(rename = "request", serialize_with = "command")]
    pub kind: RequestKind,
    /// The file's name, as requested. In JSON, bytes that are not UTF-8 are replaced.
    #[serde(rename = "file", serialize_with = "lossy")]
    pub filename: Vec<u8>,
    /// Bytes acknowledged or received.
    pub bytes: u64,
    /// Bytes in all, if they are known.
    pub size: Option<u64>,
    /// The time since the request.
    #[serde(rename = "seconds", serialize_with = "rounded")]
    pub elapsed: Duration,
    /// Packets sent again.
    pub resent: u64,
}

impl RunningTransfer {
    /// The most that a [`Status`] lists.
    pub(super) const MOST: usize = 64;
}

fn command<S: Serializer>(kind: &RequestKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.command())
}

fn lossy<S: Serializer>(name: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&String::from_utf8_lossy(name))
}

fn rounded<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(seconds(*time))
}

/// Lists addresses for people: `127.0.0.1:69 and [::1]:69`.
pub(crate) fn listed(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(SocketAddr::to_string).collect::<Vec<_>>().join(" and ")
}

impl Status {
    /// Returns its lines for people: this line, one for each running transfer, and the number of those that are not listed.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> {
        let others = self.live.saturating_sub(u64::try_from(self.transfers.len()).unwrap_or(u64::MAX));
        let more = (others > 0).then(|| format!("... and {} more", thousands(others)));
        iter::once(self.to_string()).chain(self.transfers.iter().map(ToString::to_string)).chain(more)
    }
}

impl Display for Status {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { title, addresses, live, finished, failed, refused, .. } = self;
        f.write_str(title)?;
        if !addresses.is_empty() {
            write!(f, " at {}", listed(addresses))?;
        }
        let state = match (self.running, self.is_stuck) {
            (false, _) => ", stopped",
            (true, true) => ", waiting for its disk",
            (true, false) => "",
        };
        write!(f, ": {}, {finished} finished, {failed} failed, {refused} refused{state}", counted(*live, "transfer"))
    }
}

impl Display for RunningTransfer {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { peer, kind, bytes, elapsed, resent, .. } = self;
        write!(f, "{peer} {} {}: ", kind.command(), Printable(&self.filename))?;
        match self.size.filter(|size| size >= bytes && *size > 0) {
            Some(size) => write!(f, "{}%", u128::from(*bytes) * 100 / u128::from(size))?,
            None => f.write_str(&size(*bytes))?,
        }
        write!(f, ", {}", rate(*bytes, *elapsed))?;
        match resent {
            0 => Ok(()),
            resent => write!(f, ", {} {} resent", thousands(*resent), plural(*resent, "packet")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_running_transfer_is_one_line() {
        let known = RunningTransfer {
            peer: "192.0.2.7:40112".parse().unwrap(),
            kind: RequestKind::Read,
            filename: b"fw\x1b.bin".to_vec(),
            bytes: 6_250_000,
            size: Some(10_000_000),
            elapsed: Duration::from_secs(5),
            resent: 2,
        };
        assert_eq!(known.to_string(), "192.0.2.7:40112 get fw\\x1b.bin: 62%, 1.2 MB/s, 2 packets resent");
        let unknown = RunningTransfer { kind: RequestKind::Write, size: None, resent: 0, ..known.clone() };
        assert_eq!(unknown.to_string(), "192.0.2.7:40112 put fw\\x1b.bin: 6.25 MB, 1.2 MB/s");
        let wrong = RunningTransfer { size: Some(7), resent: 0, ..known };
        assert!(wrong.to_string().contains(": 6.25 MB, "), "a client that announces too little");
    }

    #[test]
    fn transfers_that_are_not_listed_are_counted() {
        let status = Status { title: "fw".to_owned(), running: true, live: 1_204, ..Status::default() };
        let lines: Vec<_> = status.lines().collect();
        assert_eq!(lines, ["fw: 1204 transfers, 0 finished, 0 failed, 0 refused", "... and 1,204 more"]);
    }

    #[test]
    fn a_server_is_one_line() {
        let status = Status { title: "fw".to_owned(), running: true, live: 1, refused: 3, ..Status::default() };
        assert_eq!(status.to_string(), "fw: 1 transfer, 0 finished, 0 failed, 3 refused");
        let stuck = Status { is_stuck: true, ..status };
        assert!(stuck.to_string().ends_with("3 refused, waiting for its disk"));
    }
}
