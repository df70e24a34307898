//! A datagram that crossed a socket of one end, and the comparison of two lists of them.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};
use std::net::SocketAddr;

use tftpsh::wire::Packet;

use crate::support::Datagram;

/// A datagram between this end and a peer.
#[derive(Debug, Clone)]
pub(crate) struct Crossing {
    pub(crate) sent: bool,
    /// At least the beginning of it.
    pub(crate) datagram: Datagram,
    /// Of the whole payload.
    pub(crate) length: usize,
    /// Since 1970.
    pub(crate) nanos: u64,
    /// Its number in our trace.
    pub(crate) id: Option<u64>,
}

/// The longest that a datagram waits at the socket of a busy program: far less than any timer or delay of these transfers.
const RACE: u64 = 250_000_000;

impl Crossing {
    fn is(&self, other: &Self) -> bool {
        let [ours, theirs] = [self, other].map(|it| (it.sent, it.datagram.from, it.datagram.to, it.length));
        let [ours_begins, theirs_begins] = [self, other].map(|it| &it.datagram.payload[..]);
        ours == theirs && (ours_begins.starts_with(theirs_begins) || theirs_begins.starts_with(ours_begins))
    }

    /// The datagrams that this socket sends have an order, and those that it receives.
    fn list(&self) -> (bool, SocketAddr) {
        (self.sent, self.local())
    }

    /// The address of this end.
    pub(crate) fn local(&self) -> SocketAddr {
        if self.sent { self.datagram.from } else { self.datagram.to }
    }

    /// The address of the other end.
    pub(crate) fn peer(&self) -> SocketAddr {
        if self.sent { self.datagram.to } else { self.datagram.from }
    }
}

impl Display for Crossing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (arrow, payload) = (if self.sent { "->" } else { "<-" }, &self.datagram.payload);
        let number = self.id.map(|id| format!("#{id} ")).unwrap_or_default();
        let packet = Packet::parse(payload).map_or_else(|_| payload.escape_ascii().to_string(), |it| it.to_string());
        let packet: String = packet.chars().take(42).collect();
        write!(f, "{number}{arrow} :{} {packet}", self.peer().port())
    }
}

/// A difference between what we recorded and what crossed the wire.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    /// Both lists, the difference marked.
    pub(crate) text: String,
    /// A busy machine may be the reason.
    pub(crate) is_doubtful: bool,
}

/// Compares what this end recorded with what crossed the wire until `end`, and describes the first difference.
///
/// At each socket, the datagrams sent and their order are the same, and so are those received. Between these lists the
/// order is the same too, with one exception: a datagram may wait at its socket while this end sends, or reads another
/// socket, and is read after that. It waits less than any timer, and is never read before it arrives.
///
/// A datagram that comes when the transfer ends, or after that, may find nobody who reads it: it may be missing in ours.
pub(crate) fn difference(ours: &[Crossing], wire: &[Crossing], end: u64) -> Option<Difference> {
    let fail = |place: [usize; 2], what: &str, is_doubtful| {
        Some(Difference { text: format!("{what}\n{}", SideBySide { ours, wire, place }), is_doubtful })
    };
    // Where each of ours is on the wire.
    let mut places = Vec::new();
    let mut next = HashMap::new();
    for (at, crossing) in ours.iter().enumerate() {
        let from = next.entry(crossing.list()).or_insert(0);
        let place = (*from..wire.len()).find(|&place| wire[place].list() == crossing.list()).unwrap_or(wire.len());
        if !wire.get(place).is_some_and(|it| it.is(crossing)) {
            return fail([at, place], "not what crossed the wire", false);
        }
        *from = place + 1;
        places.push(place);
    }
    let is_missing = |place: &usize| next.get(&wire[*place].list()).is_none_or(|next| place >= next);
    let is_early = |it: &Crossing| it.nanos + if it.sent { 0 } else { RACE } <= end;
    if let Some(place) = (0..wire.len()).find(is_missing).filter(|&place| is_early(&wire[place])) {
        return fail([ours.len(), place], "missing in ours", false);
    }
    for (earlier, &first) in places.iter().enumerate() {
        let waits = |later: usize| {
            let (left, came) = (&wire[first], &wire[places[later]]);
            let is_short = left.nanos.abs_diff(came.nanos) < RACE && left.nanos.abs_diff(ours[earlier].nanos) < RACE;
            !came.sent && is_short
        };
        let overtaken = (earlier + 1..places.len()).find(|&later| places[later] < first && !waits(later));
        if let Some(later) = overtaken {
            return fail([later, places[later]], "not in the order of the wire", !ours[later].sent);
        }
    }
    None
}

/// Both lists, the first difference marked.
struct SideBySide<'a> {
    ours: &'a [Crossing],
    wire: &'a [Crossing],
    place: [usize; 2],
}

impl Display for SideBySide<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let begin = [self.ours, self.wire].iter().filter_map(|list| list.first()).map(|it| it.nanos).min().unwrap_or(0);
        let column = |list: &[Crossing], at: usize, marked: usize| {
            let text = list.get(at).map(|it| format!("{:9.3} {it}", it.nanos.saturating_sub(begin) as f64 / 1e6));
            format!("{}{}", if at == marked { '>' } else { ' ' }, text.unwrap_or_default())
        };
        writeln!(f, "  {:<70} | on the wire", "our capture")?;
        for at in 0..self.ours.len().max(self.wire.len()).max(self.place[0] + 1) {
            let ours = column(self.ours, at, self.place[0]);
            writeln!(f, " {ours:<71} |{}", column(self.wire, at, self.place[1]))?;
        }
        Ok(())
    }
}
