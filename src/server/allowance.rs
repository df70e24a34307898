use std::time::{Duration, Instant};

/// A number of things that may be done in a second.
#[derive(Debug)]
pub(super) struct Allowance {
    most: u32,
    left: u32,
    /// When `left` was right.
    since: Instant,
}

impl Allowance {
    pub(super) fn per_second(now: Instant, most: u32) -> Self {
        Self { most, left: most, since: now }
    }

    /// Takes one, if one is left.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let each = Duration::from_secs(1) / self.most.max(1);
        let earned = now.saturating_duration_since(self.since).as_nanos() / each.as_nanos().max(1);
        let earned = u32::try_from(earned).unwrap_or(u32::MAX).min(self.most);
        if earned > 0 {
            self.left = self.left.saturating_add(earned).min(self.most);
            self.since = if self.left == self.most { now } else { self.since + each * earned };
        }
        self.left.checked_sub(1).map(|left| self.left = left).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_has_more_than_twice_the_allowance_and_a_quiet_time_saves_none() {
        let start = Instant::now();
        let mut allowance = Allowance::per_second(start, 50);
        let mut taken = |from: u64, to: u64| {
            (from..to).filter(|millisecond| allowance.take(start + Duration::from_millis(*millisecond))).count()
        };
        assert_eq!(taken(0, 1000), 50 + 49, "all of the first second at once, then as they are earned");
        assert_eq!(taken(1000, 2000), 50);
        assert_eq!(taken(60_000, 60_040), 40);
        assert_eq!(taken(60_040, 61_000), 10 + 49);
    }
}
