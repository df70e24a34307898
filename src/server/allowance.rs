use std::time::{Duration, Instant};

/// A number of things that may be done at a time, and come back one by one.
#[derive(Debug)]
pub(super) struct Allowance {
    most: u32,
    left: u32,
    /// The time in which one comes back.
    each: Duration,
    /// When `left` was right; `None` before the first use.
    since: Option<Instant>,
}

impl Allowance {
    /// Allows `most` things at a time, and `per_second` in the long run.
    pub(super) fn new(most: u32, per_second: u32) -> Self {
        Self { most, left: most, each: Duration::from_secs(1) / per_second.max(1), since: None }
    }

    /// Takes one, if one is left.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let since = *self.since.get_or_insert(now);
        let earned = now.saturating_duration_since(since).as_nanos() / self.each.as_nanos().max(1);
        let earned = u32::try_from(earned).unwrap_or(u32::MAX).min(self.most);
        if earned > 0 {
            self.left = self.left.saturating_add(earned).min(self.most);
            self.since = Some(if self.left == self.most { now } else { since + self.each * earned });
        }
        self.left.checked_sub(1).map(|left| self.left = left).is_some()
    }

    /// Gives one back that was taken.
    pub(super) fn give_back(&mut self) {
        self.left = (self.left + 1).min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_second_has_more_than_twice_the_allowance_and_a_quiet_time_saves_none() {
        let start = Instant::now();
        let mut allowance = Allowance::new(50, 50);
        let mut taken = |from: u64, to: u64| {
            (from..to).filter(|millisecond| allowance.take(start + Duration::from_millis(*millisecond))).count()
        };
        assert_eq!(taken(0, 1000), 50 + 49, "all of the first second at once, then as they are earned");
        assert_eq!(taken(1000, 2000), 50);
        assert_eq!(taken(60_000, 60_040), 40);
        assert_eq!(taken(60_040, 61_000), 10 + 49);
    }
}
