use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;
use std::time::Instant;

use crate::event::{Begin, Observer, Record, RecordKind};
use crate::transfer::{Abort, Event, Failure, Report};
use crate::wire::{Mode, Printable, RequestKind, Terms};

/// The most unfinished requests that are remembered.
const MOST: usize = 4096;

/// An observer that writes a line when a server accepts or refuses a request, and one when the transfer ends.
///
/// ```text
/// 192.0.2.7:40112 get fw.bin [octet]: tsize=3000, blksize=1428
/// 192.0.2.7:40112 get fw.bin: 3000 bytes in 0.1 seconds, 2 packets resent
/// ```
///
/// No line contains a control character.
pub struct Log<F> {
    write: F,
    /// The unfinished requests, by the numbers of their transfers.
    requests: BTreeMap<u64, LoggedRequest>,
}

/// The request at the beginning of each line.
#[derive(Debug)]
pub(super) struct LoggedRequest {
    begun: Instant,
    client: SocketAddr,
    kind: RequestKind,
    /// Made safe to print.
    filename: String,
    mode: Option<Mode>,
}

impl<F: FnMut(&str)> Log<F> {
    /// Makes a log that calls `write` with each line, without its end.
    pub fn new(write: F) -> Self {
        Self { write, requests: BTreeMap::new() }
    }
}

impl<F: FnMut(&str)> Observer for Log<F> {
    fn observe(&mut self, record: &Record<'_>) {
        let line = match record.kind {
            RecordKind::Begin(begin) => {
                self.requests.insert(record.transfer, LoggedRequest::new(record.at, &begin));
                // One that a fault rule drops never ends.
                if self.requests.len() > MOST {
                    self.requests.pop_first();
                }
                return;
            }
            RecordKind::Machine(Event::Agreed(terms)) => {
                self.requests.get(&record.transfer).map(|request| request.accepted(terms))
            }
            RecordKind::End(result) => {
                self.requests.remove(&record.transfer).map(|request| request.ended(record.at, result))
            }
            _ => return,
        };
        line.inspect(|line| (self.write)(line));
    }
}

impl LoggedRequest {
    pub(super) fn new(begun: Instant, begin: &Begin<'_>) -> Self {
        let filename = Printable(begin.filename).to_string();
        Self { begun, client: begin.peer, kind: begin.kind, filename, mode: begin.mode }
    }

    fn accepted(&self, terms: &Terms) -> String {
        let mode = self.mode.unwrap_or_default();
        let agreed: Vec<_> = terms.offer().pairs().map(|(name, value)| format!("{name}={value}")).collect();
        let separator = if agreed.is_empty() { "" } else { ": " };
        format!("{self} [{mode}]{separator}{}", agreed.join(", "))
    }

    /// Returns the line for the end of its transfer.
    pub(super) fn ended(&self, at: Instant, result: Result<&Report, &Failure>) -> String {
        match result {
            Ok(Report { stats, elapsed, .. }) => {
                let resent = match stats.resent {
                    0 => String::new(),
                    1 => ", 1 packet resent".to_owned(),
                    resent => format!(", {resent} packets resent"),
                };
                format!("{self}: {} bytes in {:.1} seconds{resent}", stats.bytes, elapsed.as_secs_f64())
            }
            Err(Failure::Aborted(Abort::Refused { code, message })) => {
                format!("{self}: refused with error {}: {message}", code.0)
            }
            Err(failure) => {
                let elapsed = at.saturating_duration_since(self.begun);
                format!("{self}: failed after {:.1} seconds: {failure}", elapsed.as_secs_f64())
            }
        }
    }
}

impl Display for LoggedRequest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.client, self.kind.command(), self.filename)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::transfer::Stats;
    use crate::wire::{BlockSize, ErrorCode};

    #[test]
    fn each_record_of_interest_is_one_readable_line() {
        let terms = Terms { blksize: BlockSize::new(1428).unwrap(), tsize: Some(3000), ..Terms::default() };
        let elapsed = Duration::from_millis(1249);
        let peer: SocketAddr = "127.0.0.1:40112".parse().unwrap();
        let stats = Stats { bytes: 3000, resent: 2, ..Stats::default() };
        let report = Report { stats, terms: Terms::default(), negotiated: false, elapsed, peer };
        let refused = Abort::Refused { code: ErrorCode::NOT_FOUND, message: "File not found".to_owned() };
        for (mode, kind, expected) in [
            (Mode::Octet, RecordKind::Machine(&Event::Agreed(terms)), " [octet]: tsize=3000, blksize=1428"),
            (Mode::Netascii, RecordKind::Machine(&Event::Agreed(Terms::default())), " [netascii]"),
            (Mode::Octet, RecordKind::End(Ok(&report)), ": 3000 bytes in 1.2 seconds, 2 packets resent"),
            (
                Mode::Octet,
                RecordKind::End(Err(&Failure::TimedOut { answered: true })),
                ": failed after 1.2 seconds: Transfer timed out.",
            ),
            (Mode::Octet, RecordKind::End(Err(&Failure::Aborted(refused))), ": refused with error 1: File not found"),
        ] {
            let mut lines = Vec::new();
            let mut log = Log::new(|line: &str| lines.push(line.to_owned()));
            let begin = Begin { filename: b"fw\x1b[2J.bin", mode: Some(mode), ..Begin::served(peer) };
            let (at, local) = (Instant::now(), "127.0.0.1:50000".parse().unwrap());
            log.observe(&Record { at, transfer: 1, local, kind: RecordKind::Begin(begin) });
            log.observe(&Record { at: at + elapsed, transfer: 1, local, kind });
            assert_eq!(lines, [format!("127.0.0.1:40112 get fw\\x1b[2J.bin{expected}")]);
        }
    }
}
