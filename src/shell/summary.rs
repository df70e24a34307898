//! What a transfer cost, in one line.

use crate::trace::units;
use crate::transfer::{Report, Rtt, Stats};
use crate::wire::Terms;

/// `4.1 MB/s, blksize 1468, windowsize 16, 3 blocks, 0 resent, 0 duplicates, rtt 0.08 ms to 0.31 ms, median 0.10 ms`.
///
/// Strangers are told of only if there were any.
pub(super) fn summary(report: &Report) -> String {
    let Stats { bytes, blocks, resent, duplicates, strangers, rtt, terms, negotiated } = report.stats;
    let mut parts = vec![units::rate(bytes, report.elapsed), agreed(&terms, negotiated)];
    parts.push(counted(blocks, "block"));
    parts.push(format!("{resent} resent"));
    parts.push(counted(duplicates, "duplicate"));
    parts.extend((strangers > 0).then(|| counted(strangers, "stranger")));
    parts.extend(round_trips(rtt));
    parts.join(", ")
}

fn agreed(terms: &Terms, negotiated: bool) -> String {
    let Terms { blksize, windowsize, .. } = terms;
    let values = format!("blksize {blksize}, windowsize {windowsize}");
    if negotiated { values } else { format!("no options agreed ({values})") }
}

fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

fn round_trips(rtt: Rtt) -> Option<String> {
    let [least, median, most] = [rtt.least?, rtt.median?, rtt.most?].map(units::millis);
    let range = if least == most { most } else { format!("{least} to {most}, median {median}") };
    Some(format!("rtt {range}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::wire::{BlockSize, WindowSize};

    fn report(stats: Stats) -> Report {
        Report { stats, elapsed: Duration::from_secs(1), peer: ([127, 0, 0, 1], 69).into() }
    }

    #[test]
    fn every_cost_is_told() {
        let micros = |micros| Some(Duration::from_micros(micros));
        let stats = Stats {
            bytes: 4_100_000,
            blocks: 2793,
            resent: 2,
            duplicates: 1,
            strangers: 1,
            rtt: Rtt { least: micros(80), smoothed: micros(100), median: micros(104), most: micros(12_300) },
            terms: Terms {
                blksize: BlockSize::new(1468).expect("a size"),
                windowsize: WindowSize::new(16).expect("a size"),
                ..Terms::default()
            },
            negotiated: true,
        };
        assert_eq!(
            summary(&report(stats)),
            "4.1 MB/s, blksize 1468, windowsize 16, 2793 blocks, 2 resent, 1 duplicate, 1 stranger, \
             rtt 0.08 ms to 12.3 ms, median 0.10 ms"
        );
    }

    #[test]
    fn it_says_that_nothing_was_agreed() {
        let stats = Stats { bytes: 13, blocks: 1, ..Stats::default() };
        assert_eq!(
            summary(&report(stats)),
            "13 B/s, no options agreed (blksize 512, windowsize 1), 1 block, 0 resent, 0 duplicates"
        );
    }

    #[test]
    fn one_round_trip_is_its_own_median() {
        let trip = Some(Duration::from_millis(7));
        let rtt = Rtt { least: trip, smoothed: trip, median: trip, most: trip };
        assert_eq!(round_trips(rtt).as_deref(), Some("rtt 7.00 ms"));
    }
}
