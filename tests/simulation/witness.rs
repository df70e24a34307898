//! The analysis of one end, which must agree with its machine.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime};

use tftpsh::analysis::{Analyser, Annotated, AnnotatedPacket, Annotation, Flag};
use tftpsh::event::{Begin, Crossing, Direction, Record, RecordKind, Side};
use tftpsh::transfer::{Event, Failure, Ignored, Report, Stats};
use tftpsh::wire::Mode;

use crate::scenario::Scenario;

/// What the analysis and the machine of one end say about it.
pub(crate) struct Witness {
    pub(crate) local: SocketAddr,
    /// `None` if nobody watches.
    analyser: Option<Analyser>,
    /// The packets that each of them says are ignored, and why.
    ignored: [Vec<Ignored>; 2],
    /// What the annotations of packets add up to before the end: sent again, received again, from strangers.
    counts: [u64; 3],
    /// The last packets, for a message.
    last: VecDeque<(Duration, AnnotatedPacket<'static>)>,
}

impl Witness {
    pub(crate) fn new(side: Side, local: SocketAddr, scenario: &Scenario, at: Instant) -> Self {
        let analyser = scenario.is_watched().then(Analyser::new);
        let mut witness = Self { local, analyser, ignored: Default::default(), counts: [0; 3], last: VecDeque::new() };
        let begin = Begin {
            side,
            wall: SystemTime::UNIX_EPOCH,
            host: "peer",
            peer: local,
            kind: scenario.kind,
            filename: b"file",
            mode: Some(Mode::Octet),
            timeout: crate::world::TIMEOUT,
            bug: None,
        };
        witness.record(at, RecordKind::Begin(begin));
        witness
    }

    pub(crate) fn packet(&mut self, at: Instant, direction: Direction, peer: SocketAddr, datagram: &[u8]) {
        self.record(at, RecordKind::Packet(Crossing::new(direction, peer, datagram)));
    }

    pub(crate) fn event(&mut self, at: Instant, event: &Event) {
        if let Event::Ignored { reason, .. } = event {
            self.ignored[1].push(*reason);
        }
        self.record(at, RecordKind::Machine(event));
    }

    /// Compares what the analysis counted with the costs of the machine.
    pub(crate) fn end(&mut self, at: Instant, result: Result<&Report, &Failure>, stats: &Stats) {
        if self.analyser.is_none() {
            return;
        }
        let counts = self.counts;
        assert_eq!(counts, [stats.resent, stats.duplicates, stats.strangers], "{}", self.story());
        self.check_ignored();
        self.record(at, RecordKind::End(result));
    }

    pub(crate) fn check_ignored(&self) {
        let [analysed, reported] = &self.ignored;
        assert!(self.analyser.is_none() || analysed == reported, "{analysed:?}\n{}", self.story());
    }

    fn record(&mut self, at: Instant, kind: RecordKind<'_>) {
        let record = Record { at, transfer: 1, local: self.local, kind };
        let annotated = self.analyser.as_mut().and_then(|analyser| analyser.analyse(&record));
        let Some(Annotated { t, kind, .. }) = annotated else { return };
        match kind {
            Annotation::Packet(packet) => self.note(t, packet),
            Annotation::End(end) => {
                let counted = [end.packets.resent, end.packets.duplicates, end.packets.strangers];
                assert_eq!(counted, self.counts, "{}", self.story());
            }
            _ => {}
        }
    }

    fn note(&mut self, t: Duration, packet: AnnotatedPacket<'_>) {
        self.ignored[0].extend(packet.ignored);
        let is_in_time = !packet.flags.contains(Flag::AfterEnd);
        let is = |ignored| packet.ignored == Some(ignored);
        let counted = [packet.flags.contains(Flag::Rexmt), is(Ignored::Duplicate), is(Ignored::Stranger)]
            .map(|is| is && is_in_time);
        for (count, is_counted) in self.counts.iter_mut().zip(counted) {
            *count += u64::from(is_counted);
        }
        if self.last.len() >= 40 {
            self.last.pop_front();
        }
        self.last.push_back((t, AnnotatedPacket { bytes: Cow::default(), altered: None, ..packet }));
    }

    fn story(&self) -> String {
        let line = |(t, packet): &(Duration, AnnotatedPacket<'_>)| {
            let (way, kind, why) = (packet.direction, packet.kind.name(), &packet.why);
            format!("#{} {t:?} {way} {kind} {:?} {:?} {why}", packet.n, packet.block, packet.flags)
        };
        let lines: Vec<_> = self.last.iter().map(line).collect();
        format!("the machine ignored {:?}\n{}", self.ignored[1], lines.join("\n"))
    }
}
