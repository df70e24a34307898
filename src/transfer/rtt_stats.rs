use std::time::Duration;

/// Statistics of round trips: the shortest, the longest, and the median within a sixteenth.
///
/// The samples are counted by their length, so that the memory does not grow with their number: eight classes for each
/// doubling, from a microsecond to a quarter of a minute.
#[derive(Debug, Clone)]
pub(crate) struct RttStats {
    /// The shortest and the longest.
    extremes: Option<(Duration, Duration)>,
    counts: [u32; CLASSES],
    total: u64,
}

const CLASSES: usize = 24 * 8;
/// The first class has all samples up to 1024 ns.
const FIRST_BIT: u32 = 10;
const LAST: u64 = (1 << (FIRST_BIT + 24)) - 1;

impl RttStats {
    /// Counts a sample.
    pub(crate) fn count(&mut self, sample: Duration) {
        let extremes = self.extremes.map(|(least, most)| (least.min(sample), most.max(sample)));
        self.extremes = extremes.or(Some((sample, sample)));
        if let Some(count) = self.counts.get_mut(class(sample)) {
            *count = count.saturating_add(1);
            self.total += 1;
        }
    }

    /// Returns the shortest, the median and the longest; `None` before the first sample.
    pub(crate) fn value(&self) -> Option<[Duration; 3]> {
        let (least, most) = self.extremes?;
        let mut below = 0;
        let class = self.counts.iter().position(|&count| {
            below += u64::from(count);
            count > 0 && 2 * below >= self.total
        })?;
        // The middle of a class may be outside the extremes.
        Some([least, middle(class).clamp(least, most), most])
    }

    /// Whether a sample can be a round trip. One of a second or more, where others took a fraction of it, is the time until
    /// a timer of the peer expired: senders wait at least a second (RFC 6298 section 2).
    pub(crate) fn allows(&self, sample: Duration) -> bool {
        sample < Duration::from_secs(1) || self.extremes.is_none_or(|(least, _)| sample < least * 8)
    }
}

impl Default for RttStats {
    fn default() -> Self {
        Self { extremes: None, counts: [0; CLASSES], total: 0 }
    }
}

/// Returns the class of a sample: its highest bit and the three bits after it.
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
    fn the_median_is_right_for_many_samples() {
        let mut stats = RttStats::default();
        assert_eq!(stats.value(), None);
        for micros in 1..=100_000 {
            stats.count(Duration::from_micros(micros));
        }
        let value = stats.value().unwrap_or_default()[1].as_micros();
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
        let mut stats = RttStats::default();
        assert_eq!(stats.value(), None);
        stats.count(Duration::from_millis(7));
        assert_eq!(stats.value(), Some([Duration::from_millis(7); 3]), "not the middle of its class");
        stats.count(Duration::from_millis(9));
        assert_eq!(stats.value().map(|[.., most]| most), Some(Duration::from_millis(9)));
    }

    #[test]
    fn the_second_of_a_timer_is_not_a_round_trip_unless_others_are_as_long() {
        let mut stats = RttStats::default();
        let second = Duration::from_millis(1001);
        assert!(stats.allows(second), "the path may be slow");
        stats.count(Duration::from_millis(600));
        assert!(stats.allows(second));
        stats.count(Duration::from_millis(20));
        assert!(!stats.allows(second) && stats.allows(Duration::from_millis(999)));
    }

    #[test]
    fn a_few_slow_ones_do_not_move_it() {
        let mut stats = RttStats::default();
        for millis in [10, 10, 10, 10, 5000, 5000] {
            stats.count(Duration::from_millis(millis));
        }
        assert!(stats.value().is_some_and(|[_, median, _]| median < Duration::from_millis(11)));
    }
}
