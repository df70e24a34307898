use std::time::Duration;

/// Round trips: the shortest, the median, within a sixteenth, and the longest.
#[derive(Debug, Clone, Default)]
pub(crate) struct RttStats {
    /// The extremes.
    ends: Option<(Duration, Duration)>,
    median: Median,
}

impl RttStats {
    /// Counts one.
    pub(crate) fn count(&mut self, sample: Duration) {
        self.ends = Some(self.ends.map_or((sample, sample), |(least, most)| (least.min(sample), most.max(sample))));
        self.median.count(sample);
    }

    /// Shortest, median, longest; `None` before the first.
    pub(crate) fn value(&self) -> Option<[Duration; 3]> {
        let (least, most) = self.ends?;
        // The middle of a class may lie beyond all that are in it.
        Some([least, self.median.value()?.clamp(least, most), most])
    }

    /// The shortest.
    pub(crate) fn least(&self) -> Option<Duration> {
        self.ends.map(|(least, _)| least)
    }
}

/// Round trips counted by their length, so that a median costs the same memory however many come.
///
/// Eight classes for each doubling, from a microsecond to a quarter of a minute: what comes out is no further than a
/// sixteenth from the truth.
#[derive(Debug, Clone)]
struct Median {
    counts: [u32; CLASSES],
    total: u64,
}

const CLASSES: usize = 24 * 8;
/// Shorter ones are of the first class: 1024 ns.
const FIRST_BIT: u32 = 10;
const LAST: u64 = (1 << (FIRST_BIT + 24)) - 1;

impl Median {
    /// Counts one.
    fn count(&mut self, sample: Duration) {
        if let Some(count) = self.counts.get_mut(class(sample)) {
            *count = count.saturating_add(1);
            self.total += 1;
        }
    }

    /// About the length that half of all do not reach; `None` before the first.
    fn value(&self) -> Option<Duration> {
        let mut below = 0;
        let class = self.counts.iter().position(|&count| {
            below += u64::from(count);
            count > 0 && 2 * below >= self.total
        })?;
        Some(middle(class))
    }
}

impl Default for Median {
    fn default() -> Self {
        Self { counts: [0; CLASSES], total: 0 }
    }
}

/// The highest bit and the three behind it.
fn class(sample: Duration) -> usize {
    let nanos = u64::try_from(sample.as_nanos()).unwrap_or(LAST).clamp(1 << FIRST_BIT, LAST);
    let bit = nanos.ilog2();
    let eighth = (nanos >> (bit - 3)) & 7;
    (bit - FIRST_BIT) as usize * 8 + eighth as usize
}

fn middle(class: usize) -> Duration {
    let width = 1 << (FIRST_BIT as usize - 3 + class / 8);
    let start = (8 + class as u64 % 8) * width;
    Duration::from_nanos(start + width / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_however_many_come() {
        let mut median = Median::default();
        assert_eq!(median.value(), None);
        for micros in 1..=100_000 {
            median.count(Duration::from_micros(micros));
        }
        let value = median.value().unwrap_or_default().as_micros();
        assert!((47_000..53_200).contains(&value), "{value}");
    }

    #[test]
    fn every_length_falls_into_a_class_near_it() {
        for micros in [2, 3, 17, 999, 1000, 65_536, 5_000_000, 16_000_000] {
            let time = Duration::from_micros(micros);
            let off = middle(class(time)).abs_diff(time);
            assert!(off * 16 <= time, "{time:?} is {off:?} off");
        }
        assert_eq!(class(Duration::ZERO), 0);
        assert_eq!(class(Duration::MAX), CLASSES - 1);
    }

    #[test]
    fn the_median_lies_between_the_extremes() {
        let mut spread = RttStats::default();
        assert_eq!(spread.value(), None);
        spread.count(Duration::from_millis(7));
        assert_eq!(spread.value(), Some([Duration::from_millis(7); 3]), "not the middle of its class");
        spread.count(Duration::from_millis(9));
        assert_eq!(spread.least(), Some(Duration::from_millis(7)));
        assert_eq!(spread.value().map(|[.., most]| most), Some(Duration::from_millis(9)));
    }

    #[test]
    fn a_few_slow_ones_do_not_move_it() {
        let mut median = Median::default();
        for millis in [10, 10, 10, 10, 5000, 5000] {
            median.count(Duration::from_millis(millis));
        }
        assert!(median.value() < Some(Duration::from_millis(11)));
    }
}
