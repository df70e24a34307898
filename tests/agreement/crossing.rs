//! A datagram that crossed the client's socket, and the comparison of two lists of them.

use std::fmt::{self, Display, Formatter};

use tftpsh::wire::Packet;

use crate::support::Datagram;

/// A datagram between the client and a peer.
#[derive(Debug, Clone)]
pub(crate) struct Crossing {
    pub(crate) sent: bool,
    pub(crate) datagram: Datagram,
    /// Since 1970.
    pub(crate) nanos: u64,
    /// Its number in our trace.
    pub(crate) id: Option<u64>,
}

/// The longest that a datagram waits at the socket of a busy program: far less than any timer or delay of these transfers.
const RACE: u64 = 250_000_000;

impl Crossing {
    fn is(&self, other: &Self) -> bool {
        self.sent == other.sent && self.datagram == other.datagram
    }
}

impl Display for Crossing {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Datagram { from, to, payload } = &self.datagram;
        let (arrow, peer) = if self.sent { ("->", to) } else { ("<-", from) };
        let number = self.id.map(|id| format!("#{id} ")).unwrap_or_default();
        let packet = Packet::parse(payload).map_or_else(|_| payload.escape_ascii().to_string(), |it| it.to_string());
        let packet: String = packet.chars().take(42).collect();
        write!(f, "{number}{arrow} :{} {packet}", peer.port())
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

/// Compares what we recorded with what crossed the wire until `end`, and describes the first difference.
///
/// In each direction the datagrams and their order are the same. Between the directions it is so too, with one exception: a
/// datagram may arrive while we send, and be read after that. That takes less time than any timer, and a datagram is never
/// read before it arrives.
///
/// A datagram that comes when the transfer ends, or after that, may find nobody who reads it: it may be missing in ours.
pub(crate) fn difference(ours: &[Crossing], wire: &[Crossing], end: u64) -> Option<Difference> {
    let fail = |place: [usize; 2], what: &str, is_doubtful| {
        Some(Difference { text: format!("{what}\n{}", SideBySide { ours, wire, place }), is_doubtful })
    };
    // Where each of ours is on the wire.
    let mut places = Vec::new();
    let mut next = [0; 2];
    for (at, crossing) in ours.iter().enumerate() {
        let from = &mut next[usize::from(crossing.sent)];
        let candidates = (*from..wire.len()).find(|&place| wire[place].sent == crossing.sent);
        let place = candidates.unwrap_or(wire.len());
        if !wire.get(place).is_some_and(|it| it.is(crossing)) {
            return fail([at, place], "not what crossed the wire", false);
        }
        *from = place + 1;
        places.push(place);
    }
    let missing = (0..wire.len()).find(|&place| place >= next[usize::from(wire[place].sent)]);
    if let Some(place) = missing.filter(|&place| wire[place].sent || wire[place].nanos + RACE <= end) {
        return fail([ours.len(), place], "missing in ours", false);
    }
    for (earlier, &first) in places.iter().enumerate() {
        let races = |second: usize| {
            let (sent, ours) = (wire[first].nanos, &ours[earlier]);
            sent.saturating_sub(wire[second].nanos) < RACE && sent.abs_diff(ours.nanos) < RACE
        };
        let overtaken = (earlier + 1..places.len())
            .find(|&later| places[later] < first && !(ours[earlier].sent && races(places[later])));
        if let Some(later) = overtaken {
            return fail([later, places[later]], "not in the order of the wire", ours[earlier].sent);
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
