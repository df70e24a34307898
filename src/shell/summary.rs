//! What a transfer cost, in one line if it fits.

use crate::session::LastTransfer;
use crate::transfer::{Report, Rtt, Stats, Waits};
use crate::units;
use crate::wire::Terms;

/// The parts of `4.1 MB/s, blksize 1468, windowsize 16, 2793 blocks, 2 resent, rtt 0.08/0.10/0.31 ms`.
///
/// What did not happen is left out, so that an untroubled transfer fits a line of 80 letters. Round trips are the
/// shortest, the median and the longest. A server whose own timer held the transfer up is named:
/// `server resent 14 times after 1.0 s`.
pub(super) fn summary(report: &Report) -> Vec<String> {
    let Stats { bytes, blocks, rtt, waits, .. } = report.stats;
    let mut parts = vec![units::rate(bytes, report.elapsed)];
    parts.extend(agreed(&report.terms, report.negotiated));
    parts.push(units::counted(blocks, "block"));
    parts.extend(troubles(&report.stats));
    parts.extend(round_trips(rtt));
    parts.extend(held_up(waits));
    parts
}

/// The same for `status`: `get fw.bin: 3000 bytes, no options, 2 resent`, or why the transfer failed.
pub(super) fn brief(LastTransfer { name, result }: &LastTransfer) -> String {
    match result {
        Ok(report) => {
            let bytes = vec![units::counted(report.stats.bytes, "byte")];
            let parts = [bytes, agreed(&report.terms, report.negotiated), troubles(&report.stats)].concat();
            format!("{name}: {}", parts.join(", "))
        }
        Err(reason) => format!("{name} failed: {reason}"),
    }
}

/// What an untroubled transfer does not have.
fn troubles(&Stats { resent, duplicates, strangers, .. }: &Stats) -> Vec<String> {
    let mut troubles = Vec::new();
    troubles.extend((resent > 0).then(|| format!("{resent} resent")));
    troubles.extend((duplicates > 0).then(|| units::counted(duplicates, "duplicate")));
    troubles.extend((strangers > 0).then(|| units::counted(strangers, "stranger")));
    troubles
}

fn agreed(terms: &Terms, negotiated: bool) -> Vec<String> {
    let Terms { blksize, windowsize, .. } = terms;
    if !negotiated {
        return vec!["no options".to_owned()];
    }
    vec![format!("blksize {blksize}"), format!("windowsize {windowsize}")]
}

fn round_trips(rtt: Rtt) -> Option<String> {
    let [least, median, most] = [rtt.least?, rtt.median?, rtt.most?].map(units::millis);
    Some(format!("rtt {least}/{median}/{most} ms"))
}

fn held_up(Waits { count, total }: Waits) -> Option<String> {
    let mean = total.checked_div(count)?.as_secs_f64();
    let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
    Some(format!("server resent {times} after {mean:.1} s"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::wire::{BlockSize, WindowSize};

    fn report(stats: Stats) -> Report {
        Report {
            stats,
            terms: Terms::default(),
            negotiated: false,
            elapsed: Duration::from_secs(1),
            peer: ([127, 0, 0, 1], 69).into(),
        }
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
            waits: Waits { count: 14, total: Duration::from_millis(14_100) },
        };
        let terms = Terms {
            blksize: BlockSize::new(1468).expect("a size"),
            windowsize: WindowSize::new(16).expect("a size"),
            ..Terms::default()
        };
        assert_eq!(
            summary(&Report { terms, negotiated: true, ..report(stats) }).join(", "),
            "4.1 MB/s, blksize 1468, windowsize 16, 2793 blocks, 2 resent, 1 duplicate, 1 stranger, \
             rtt 0.08/0.10/12.3 ms, server resent 14 times after 1.0 s"
        );
    }

    #[test]
    fn it_says_that_nothing_was_agreed() {
        let stats = Stats { bytes: 13, blocks: 1, ..Stats::default() };
        assert_eq!(summary(&report(stats)).join(", "), "13 B/s, no options, 1 block");
    }

    #[test]
    fn an_untroubled_transfer_fits_80_columns() {
        let long = Some(Duration::from_micros(123_456));
        let stats = Stats {
            bytes: 999_900_000,
            blocks: 99_999,
            rtt: Rtt { least: long, smoothed: long, median: long, most: long },
            ..Stats::default()
        };
        let terms =
            Terms { blksize: BlockSize::MOST, windowsize: WindowSize::new(64).expect("a size"), ..Terms::default() };
        let summary = summary(&Report { terms, negotiated: true, ..report(stats) }).join(", ");
        assert!(summary.len() <= 80, "{summary}");
    }
}
