use std::time::Duration;

/// Round trips counted by their length, so that a median costs the same memory however many come.
///
/// Eight classes for each doubling, from a microsecond to a quarter of a minute: what comes out is no further than a
/// sixteenth from the truth.
#[derive(Debug, Clone)]
pub(super) struct Median {
    counts: [u32; CLASSES],
    total: u64,
}

const CLASSES: usize = 24 * 8;
/// Shorter ones are of the first class: 1024 ns.
const FIRST_BIT: u32 = 10;
const LAST: u64 = (1 << (FIRST_BIT + 24)) - 1;

impl Median {
    /// Counts one.
    pub(super) fn count(&mut self, sample: Duration) {
        if let Some(count) = self.counts.get_mut(class(sample)) {
            *count = count.saturating_add(1);
            self.total += 1;
        }
    }

    /// About the length that half of all do not reach; `None` before the first.
    pub(super) fn value(&self) -> Option<Duration> {
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
    fn a_few_slow_ones_do_not_move_it() {
        let mut median = Median::default();
        for millis in [10, 10, 10, 10, 5000, 5000] {
            median.count(Duration::from_millis(millis));
        }
        assert!(median.value() < Some(Duration::from_millis(11)));
    }
}
