mod clock;
mod entry;
mod flood;
mod json;
mod lines;

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};
use std::io::Write;
use std::mem;
use std::net::SocketAddr;
use std::sync::mpsc::Receiver;
use std::time::Instant;

pub(super) use self::entry::LoggedRequest;

use self::clock::Clock;
use self::entry::{End, Entry};
use self::flood::Flood;
use self::lines::{Form, Lines};
use super::Status;
use crate::event::{Crossing, Direction, Observer, Record, RecordKind};
use crate::transfer::{Abort, Event, Failure, Report, Stats};
use crate::wire::{Packet, Terms};

/// The most requests without an answer that are remembered: one that waits in vain or that a fault rule drops never ends.
const UNANSWERED: usize = 4096;

/// The most transfers that are remembered, far more than there are.
const TRANSFERS: usize = 1 << 16;

/// An observer that writes a line when a server answers or refuses a request, and one when the transfer ends.
///
/// ```text
/// 2026-11-28 21:30:46 192.0.2.7:40112 get fw.bin [octet]: tsize=3000, blksize=1428
/// 2026-11-28 21:30:46 192.0.2.7:40112 get fw.bin: 3000 bytes in 0.1 seconds, 2 packets resent
/// 2026-11-28 21:30:47 192.0.2.9:40113 get nosuch: refused with error 1: File not found
/// ```
///
/// [`json`](Self::json) writes objects instead, for programs. No line contains a control character.
///
/// The log never delays the server if its writer never waits: lines that the writer does not take are kept, up to 256 KiB,
/// and written later; what comes after them is counted (`... and 37 lines lost`). Lines of a busy server share writes, 50
/// a second at most unless they are long.
///
/// Requests that are refused, and those whose client does not answer, may have forged addresses. They have 200 lines at
/// a time and 10 a second in the long run; the others are counted (`... and 1,204 more refused`). While such a flood
/// lasts, the line about any other request may wait for the first answer of its client.
pub struct Log<W: Write> {
    lines: Lines<W>,
    flood: Flood,
    /// Requests that have no answer yet, by the numbers of their transfers.
    requests: BTreeMap<u64, LoggedRequest>,
    transfers: BTreeMap<u64, Transfer>,
    /// The number of transfers whose client did not answer yet.
    unproven: usize,
    /// States of the server, to be written.
    reports: Option<Receiver<Status>>,
}

/// A running transfer.
struct Transfer {
    request: LoggedRequest,
    terms: Terms,
    /// It has its line.
    is_listed: bool,
    /// Its client sent more than a request and ACK 0, which a stranger can send without seeing any answer.
    is_proven: bool,
    /// What it has cost, if it failed.
    costs: Option<Stats>,
}

impl<W: Write> Log<W> {
    /// Makes a log for people.
    ///
    /// A writer that waits delays the server; one that fails with [`WouldBlock`](std::io::ErrorKind::WouldBlock) instead
    /// does not. Errors are not reported: a broken pipe ends the log, and after any other error it tries again.
    ///
    /// ```
    /// use tftpsh::server::Log;
    /// use tftpsh::{MemoryStore, Server};
    ///
    /// let server = Server::builder(MemoryStore::new()).observer(Log::new(std::io::stderr())).bind("127.0.0.1:0")?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new(out: W) -> Self {
        Self::of(Lines::new(out, Form::Text, Clock::system()))
    }

    /// Makes a log for programs: each line is a JSON object, whose keys are stable.
    ///
    /// | key | value |
    /// | --- | --- |
    /// | `time` | local time (RFC 3339) |
    /// | `event` | `listening`, `request`, `end`, `refused`, `lost`, `status` |
    /// | `serves`, `addresses` | of `listening`: what is served, and where |
    /// | `peer` | address and port of the client |
    /// | `request` | `get` or `put` |
    /// | `file`, `mode` | as requested; bytes of a name that are not UTF-8 are replaced |
    /// | `options` | the agreed options, as an object with numbers |
    /// | `bytes`, `seconds`, `resent` | of `end`: the costs, and the packets sent again |
    /// | `status` | of `end` and `refused`: `ok`, `failed`, `refused` |
    /// | `code` | of `refused`: the code of the ERROR |
    /// | `reason` | why a transfer failed or a request was refused |
    /// | `server` | of `status`: the counters, and the running transfers |
    /// | `count` | the object is about so many requests, or lost lines, that have no object of their own |
    pub fn json(out: W) -> Self {
        Self::of(Lines::new(out, Form::Json, Clock::system()))
    }

    fn of(lines: Lines<W>) -> Self {
        let (requests, transfers) = (BTreeMap::new(), BTreeMap::new());
        Self { lines, flood: Flood::default(), requests, transfers, unproven: 0, reports: None }
    }

    /// Writes the states of the server that somebody asks for, as they come.
    pub(crate) fn report(&mut self, reports: Receiver<Status>) {
        self.reports = Some(reports);
    }

    /// Writes what is served, and [where](super::Server::addresses).
    pub fn listening(&mut self, title: &str, addresses: &[SocketAddr]) {
        self.lines.add(&Entry::Listening { title, addresses });
    }

    fn answered(&mut self, number: u64, at: Instant, terms: &Terms) {
        let Some(request) = self.requests.remove(&number) else { return };
        let is_listed = self.flood.take(at);
        if is_listed {
            self.lines.add(&Entry::Request { request: &request, terms });
        }
        let transfer = Transfer { request, terms: *terms, is_listed, is_proven: false, costs: None };
        self.transfers.insert(number, transfer);
        self.unproven += 1;
        if self.transfers.len() > TRANSFERS
            && let Some((_, oldest)) = self.transfers.pop_first()
        {
            self.unproven -= usize::from(!oldest.is_proven);
        }
    }

    /// Notes that the client of this transfer is real.
    fn proven(&mut self, number: u64, client: Option<SocketAddr>) {
        let Self { lines, flood, transfers, unproven, .. } = self;
        let is_unproven = |it: &&mut Transfer| !it.is_proven && client.is_none_or(|client| client == it.request.client);
        let Some(transfer) = transfers.get_mut(&number).filter(is_unproven) else { return };
        transfer.is_proven = true;
        *unproven -= 1;
        if mem::replace(&mut transfer.is_listed, true) {
            flood.give_back();
        } else {
            lines.add(&Entry::Request { request: &transfer.request, terms: &transfer.terms });
        }
    }

    fn ended(&mut self, number: u64, at: Instant, result: Result<&Report, &Failure>) {
        if result.is_ok() {
            self.proven(number, None);
        }
        let (request, terms, costs) = match (self.transfers.remove(&number), self.requests.remove(&number)) {
            (Some(Transfer { request, terms, is_listed, is_proven, costs }), _) => {
                self.unproven -= usize::from(!is_proven);
                if !is_listed {
                    self.flood.unanswered(at);
                    return;
                }
                (request, Some(terms), costs)
            }
            (None, Some(request)) => {
                if !self.flood.take(at) {
                    match result {
                        Err(Failure::Aborted(Abort::Refused { .. })) => self.flood.refused(at),
                        _ => self.flood.unanswered(at),
                    }
                    return;
                }
                (request, None, None)
            }
            (None, None) => return,
        };
        let end = End::new(request.begun, at, result, costs.as_ref());
        self.lines.add(&Entry::End { request: &request, terms: terms.as_ref(), end });
    }

    /// Writes the numbers of requests without lines.
    fn count(&mut self, unlisted: Option<flood::Unlisted>) {
        let Some(flood::Unlisted { refused, unanswered }) = unlisted else { return };
        for (count, refused) in [(refused, true), (unanswered, false)] {
            if count > 0 {
                self.lines.add(&Entry::Unlisted { count, refused });
            }
        }
    }
}

impl<W: Write> Observer for Log<W> {
    fn observe(&mut self, record: &Record<'_>) {
        let (number, at) = (record.transfer, record.at);
        match record.kind {
            RecordKind::Begin(begin) => {
                self.requests.insert(number, LoggedRequest::new(at, &begin));
                if self.requests.len() > UNANSWERED && self.requests.pop_first().is_some() {
                    self.flood.unanswered(at);
                }
            }
            RecordKind::Machine(Event::Agreed(terms)) => self.answered(number, at, terms),
            RecordKind::Packet(crossing) if self.wants_packets() && is_proof(&crossing) => {
                self.proven(number, Some(crossing.peer));
            }
            RecordKind::Costs(stats) => {
                if let Some(transfer) = self.transfers.get_mut(&number) {
                    transfer.costs = Some(*stats);
                }
            }
            RecordKind::End(result) => self.ended(number, at, result),
            _ => {}
        }
    }

    fn wants_packets(&self) -> bool {
        self.unproven > 0
    }

    fn rest(&mut self, at: Instant) {
        let unlisted = self.flood.count(at);
        self.count(unlisted);
        for status in self.reports.iter().flat_map(Receiver::try_iter) {
            self.lines.add(&Entry::Status(&status));
        }
        self.lines.rest(at);
    }
}

/// Whether a client that sends this has seen what the server sent.
fn is_proof(crossing: &Crossing<'_>) -> bool {
    let is_answer = || match Packet::parse(crossing.seen()) {
        Ok(Packet::Ack { block }) => block != 0,
        Ok(Packet::Data { .. } | Packet::Error { .. }) => true,
        Ok(Packet::Request(_) | Packet::Oack(_)) | Err(_) => false,
    };
    crossing.direction == Direction::Received && is_answer()
}

impl<W: Write> Drop for Log<W> {
    fn drop(&mut self) {
        let unlisted = self.flood.count_now();
        self.count(unlisted);
        self.lines.finish();
    }
}

impl<W: Write> Debug for Log<W> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("form", &self.lines.form()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
