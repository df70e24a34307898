use std::time::{Duration, Instant};

use super::Rtt;
use super::rtt_stats::RttStats;

/// When a transfer retransmits, and when it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// When to send again.
    pub rexmt: Rexmt,
    /// The least difference between an [automatic](Rexmt::Auto) interval and the smoothed round trip: a machine that is
    /// busy for a moment must not look like a loss. The sender of a window adds a quarter of it.
    pub margin: Duration,
    /// Time without progress after which the transfer fails.
    pub timeout: Duration,
}

impl RetryPolicy {
    /// The margin of programs for classes: only a loss makes them send again, so the same faults give the same packets,
    /// also on a busy machine.
    pub const PATIENT: Duration = Duration::from_millis(250);
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { rexmt: Rexmt::Auto, margin: MARGIN, timeout: Duration::from_secs(25) }
    }
}

/// The retransmission interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Rexmt {
    /// From the round trips: SRTT + max([margin](RetryPolicy::margin), 4 RTTVAR), doubled at each retransmission, at most
    /// 5 s; before the first measurement 1 s, and 2 s for a write request (RFC 6298, RFC 1123 section 4.2.3.2).
    #[default]
    Auto,
    /// Always this time, as in BSD's tftp.
    Fixed(Duration),
}

/// The interval before the first measurement.
const FIRST: Duration = Duration::from_secs(1);
/// The longest interval.
const CEILING: Duration = Duration::from_secs(5);
/// The usual [margin](RetryPolicy::margin).
const MARGIN: Duration = Duration::from_millis(10);
/// How often a client whose address may be forged gets the same packet or window: a forged request must not flood its
/// victim.
const UNPROVEN: u32 = 3;
/// The least time for all of these: longer than the 5 s after which the slowest common clients send again.
const UNPROVEN_PATIENCE: Duration = Duration::from_secs(7);

/// The timers of a transfer: when to retransmit, and when to give up.
///
/// Only progress restarts them, so a peer that sends duplicates or garbage for ever delays neither.
#[derive(Debug, Clone)]
pub(super) struct Retry {
    pub(super) policy: RetryPolicy,
    trips: RttStats,
    smoothed: Option<Duration>,
    variation: Duration,
    /// The least interval before the first retransmission of a packet, and before each later one.
    pub(super) least: [Duration; 2],
    /// Retransmissions of the unanswered packet.
    pub(super) attempt: u32,
    due: Option<Instant>,
    sent: Instant,
    progress: Instant,
    /// How often the unanswered packet or window was sent, while the address of a client may be forged.
    unproven: Option<u32>,
}

/// What an expired timer demands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Demand {
    /// Send the packet again.
    Again { attempt: u32, after: Duration },
    /// Fail the transfer.
    GiveUp,
}

impl Retry {
    pub(super) fn new(now: Instant, policy: RetryPolicy) -> Self {
        Self {
            policy,
            trips: RttStats::default(),
            smoothed: None,
            variation: Duration::ZERO,
            least: [Duration::ZERO; 2],
            attempt: 0,
            due: None,
            sent: now,
            progress: now,
            unproven: None,
        }
    }

    /// Distrusts the address of the peer until DATA crosses in both directions.
    pub(super) fn distrust(&mut self) {
        self.unproven = Some(0);
    }

    /// Notes that a packet or a window was sent that needs an answer.
    pub(super) fn sent(&mut self, now: Instant) {
        self.unproven = self.unproven.map(|times| times.saturating_add(1));
        self.sent = now;
        let due = now + self.interval();
        self.due = Some(if self.may_send() { due } else { due.max(self.progress + UNPROVEN_PATIENCE) });
    }

    /// Stops the retransmission timer.
    pub(super) fn rest(&mut self) {
        self.due = None;
    }

    /// Notes that the answer to a request or to an OACK arrived. It proves no address: a forger knows it too.
    pub(super) fn opened(&mut self, now: Instant, first: bool) {
        let unproven = self.unproven.map(|_| 0);
        self.progress(now, first);
        self.unproven = unproven;
    }

    /// Notes progress. If `answered`, measures the round trip of the last packet, if it was sent only once (Karn's
    /// rule).
    pub(super) fn progress(&mut self, now: Instant, answered: bool) {
        let sample = now.saturating_duration_since(self.sent);
        if answered && self.attempt == 0 && self.trips.allows(sample) {
            self.measure(sample);
        }
        self.attempt = 0;
        self.unproven = None;
        self.progress = now;
    }

    /// Returns how long a wait was that the timer of the peer ended: its packet is too late for our retransmission.
    pub(super) fn outwaited(&self, now: Instant) -> Option<Duration> {
        let late = now.saturating_duration_since(self.sent) > self.measured();
        (self.attempt > 0 && late).then(|| now.saturating_duration_since(self.progress))
    }

    /// Whether an answer that arrives now is the first one: later, the peer may have sent it twice.
    pub(super) fn is_first_answer(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.sent) < FIRST
    }

    /// Returns when the next timer expires.
    pub(super) fn deadline(&self) -> Instant {
        let end = self.progress + self.policy.timeout;
        self.due.map_or(end, |due| due.min(end))
    }

    /// Whether the peer may get another packet, or another window.
    pub(super) fn may_send(&self) -> bool {
        self.unproven.is_none_or(|times| times < UNPROVEN)
    }

    /// Returns what an expired timer demands, if one has expired. After `Again` the caller must send the packet.
    pub(super) fn check(&mut self, now: Instant) -> Option<Demand> {
        if now >= self.progress + self.policy.timeout {
            return Some(Demand::GiveUp);
        }
        if self.due.is_none_or(|due| now < due) {
            return None;
        }
        if !self.may_send() {
            return Some(Demand::GiveUp);
        }
        let after = now.saturating_duration_since(self.sent);
        self.attempt = self.attempt.saturating_add(1);
        Some(Demand::Again { attempt: self.attempt, after })
    }

    /// Whether the packet whose answer is due now was sent twice without one, and `patience` has passed since the last
    /// progress. More than half of the timeout is left then.
    pub(super) fn was_lost_twice(&self, now: Instant, patience: Duration) -> bool {
        self.attempt >= 2 && now.saturating_duration_since(self.progress) >= patience.min(self.policy.timeout * 2 / 5)
    }

    /// Returns how long a packet waits for its answer now.
    pub(super) fn interval(&self) -> Duration {
        if let Rexmt::Fixed(interval) = self.policy.rexmt {
            return interval;
        }
        let [first, later] = self.least;
        let least = match self.attempt {
            0 => first,
            // A slow client must not miss all three.
            _ if self.unproven.is_some() => later.max(FIRST),
            _ => later,
        };
        self.measured().saturating_mul(1 << self.attempt.min(10)).max(least).min(CEILING)
    }

    /// Returns the retransmission timeout of RFC 6298 section 2.
    fn measured(&self) -> Duration {
        let margin = self.policy.margin.max(self.variation * 4);
        self.smoothed.map_or(FIRST, |smoothed| smoothed.saturating_add(margin))
    }

    pub(super) fn rtt(&self) -> Rtt {
        let [least, median, most] = self.trips.value().map_or([None; 3], |trips| trips.map(Some));
        Rtt { least, smoothed: self.smoothed, median, most }
    }

    /// Updates the estimates (RFC 6298 section 2).
    fn measure(&mut self, sample: Duration) {
        let smoothed = match self.smoothed {
            None => {
                self.variation = sample / 2;
                sample
            }
            Some(smoothed) => {
                self.variation = (self.variation * 3 + smoothed.abs_diff(sample)) / 4;
                (smoothed * 7 + sample) / 8
            }
        };
        self.trips.count(sample);
        self.smoothed = Some(smoothed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn retry(rexmt: Rexmt) -> (Instant, Retry) {
        let now = Instant::now();
        (now, Retry::new(now, RetryPolicy { rexmt, timeout: 25_000 * MS, ..RetryPolicy::default() }))
    }

    #[test]
    fn a_margin_of_any_length_is_possible() {
        let (start, mut retry) = retry(Rexmt::Auto);
        retry.policy.margin = Duration::MAX;
        retry.progress(start + MS, true);
        assert_eq!(retry.interval(), CEILING);
    }

    #[test]
    fn the_interval_follows_the_round_trip_and_doubles_on_silence() {
        let (start, mut retry) = retry(Rexmt::Auto);
        assert_eq!(retry.interval(), FIRST);
        retry.sent(start);
        retry.progress(start + 20 * MS, true);
        assert_eq!(retry.interval(), 60 * MS, "SRTT 20 + 4 x RTTVAR 10");
        let mut now = start + 20 * MS;
        for _ in 0..200 {
            retry.sent(now);
            now += 20 * MS;
            retry.progress(now, true);
        }
        assert_eq!(retry.interval(), 30 * MS, "SRTT 20 + at least 10");
        for doubled in [60, 120, 240, 480, 960, 1920, 3840, 5000, 5000] {
            retry.sent(now);
            now += retry.interval();
            assert!(matches!(retry.check(now), Some(Demand::Again { .. })));
            assert_eq!(retry.interval(), doubled * MS);
        }
        retry.progress(now, true);
        assert_eq!(retry.interval(), 30 * MS, "progress ends the back-off, and a packet sent twice is not measured");
    }

    #[test]
    fn the_median_lies_between_the_extremes() {
        let (mut now, mut retry) = retry(Rexmt::Auto);
        assert_eq!(retry.rtt().median, None);
        for _ in 0..3 {
            retry.sent(now);
            now += 7 * MS;
            retry.progress(now, true);
        }
        assert_eq!(retry.rtt().median, Some(7 * MS), "not the middle of its class, for none was longer");
        retry.sent(now);
        retry.progress(now + 300 * MS, true);
        let Rtt { least, median, most, .. } = retry.rtt();
        assert_eq!((least, most), (Some(7 * MS), Some(300 * MS)));
        assert!(median < Some(8 * MS), "{median:?}");
    }

    /// RFC 6298 section 2.
    #[test]
    fn a_longer_round_trip_widens_the_interval() {
        let (start, mut retry) = retry(Rexmt::Auto);
        retry.sent(start);
        retry.progress(start + 20 * MS, true);
        retry.sent(start + 20 * MS);
        retry.progress(start + 60 * MS, true);
        assert_eq!(retry.interval(), 72 * MS + MS / 2, "SRTT (7 x 20 + 40) / 8 + 4 x RTTVAR (3 x 10 + 20) / 4");
        assert_eq!((retry.rtt().least, retry.rtt().most), (Some(20 * MS), Some(40 * MS)));
    }

    #[test]
    fn an_answer_too_late_for_our_retransmission_came_from_the_timer_of_the_peer() {
        let (start, mut retry) = retry(Rexmt::Auto);
        retry.sent(start);
        retry.progress(start + 20 * MS, true);
        retry.sent(start + 20 * MS);
        assert_eq!(retry.outwaited(start + 900 * MS), None, "nothing was repeated");
        assert!(retry.check(start + 80 * MS).is_some());
        retry.sent(start + 80 * MS);
        assert_eq!(retry.outwaited(start + 100 * MS), None, "a round trip later");
        assert_eq!(retry.outwaited(start + 140 * MS), None, "as long as an answer takes at most");
        assert_eq!(retry.outwaited(start + 1020 * MS), Some(1000 * MS));
    }

    #[test]
    fn a_packet_is_lost_twice_after_two_intervals_and_some_patience() {
        let (start, mut retry) = retry(Rexmt::Fixed(1000 * MS));
        for seconds in 1..=2 {
            retry.sent(start + (seconds - 1) * 1000 * MS);
            assert!(!retry.was_lost_twice(start + 20_000 * MS, Duration::ZERO), "it was not sent twice yet");
            assert!(retry.check(start + seconds * 1000 * MS).is_some());
        }
        assert!(retry.was_lost_twice(start + 2000 * MS, Duration::ZERO));
        assert!(!retry.was_lost_twice(start + 2999 * MS, 3000 * MS));
        assert!(retry.was_lost_twice(start + 3000 * MS, 3000 * MS));
        assert!(!retry.was_lost_twice(start + 9999 * MS, 60_000 * MS));
        assert!(retry.was_lost_twice(start + 10_000 * MS, 60_000 * MS), "most of the 25 s are left to another request");
        retry.progress(start + 10_000 * MS, true);
        assert!(!retry.was_lost_twice(start + 20_000 * MS, Duration::ZERO));
    }

    #[test]
    fn a_fixed_interval_stays() {
        let (mut now, mut retry) = retry(Rexmt::Fixed(5000 * MS));
        for attempt in 1..5 {
            retry.sent(now);
            assert_eq!(retry.check(now + 4999 * MS), None);
            now += 5000 * MS;
            assert_eq!(retry.check(now), Some(Demand::Again { attempt, after: 5000 * MS }));
        }
        assert_eq!(retry.check(now + 5000 * MS), Some(Demand::GiveUp));
    }

    #[test]
    fn the_first_and_the_later_intervals_have_their_own_least() {
        let (start, mut retry) = retry(Rexmt::Auto);
        retry.sent(start);
        retry.progress(start + 20 * MS, true);
        retry.least = [100 * MS, 700 * MS];
        let mut now = start + 20 * MS;
        for interval in [100, 700, 700, 700, 960, 1920] {
            assert_eq!(retry.interval(), interval * MS);
            retry.sent(now);
            now = retry.deadline();
            assert!(matches!(retry.check(now), Some(Demand::Again { .. })));
        }
    }

    #[test]
    fn only_progress_delays_the_end() {
        let (start, mut retry) = retry(Rexmt::Auto);
        retry.sent(start + 24_000 * MS);
        assert_eq!(retry.deadline(), start + 25_000 * MS);
        retry.progress(start + 24_500 * MS, false);
        retry.rest();
        assert_eq!(retry.deadline(), start + 49_500 * MS);
    }

    #[test]
    fn a_client_that_has_not_acknowledged_data_has_some_seconds_for_it_however_short_its_round_trip_is() {
        let (start, mut retry) = retry(Rexmt::Auto);
        retry.distrust();
        retry.sent(start);
        retry.opened(start + MS, true);
        let mut now = start + MS;
        for time in [12, 1_012, 7_001] {
            retry.sent(now);
            now = retry.deadline();
            assert_eq!(now, start + time * MS);
            assert_eq!(retry.check(now) == Some(Demand::GiveUp), time == 7_001);
        }
    }

    #[test]
    fn an_unproven_address_gets_three_packets() {
        let (mut now, mut retry) = retry(Rexmt::Auto);
        retry.distrust();
        for _ in 1..UNPROVEN {
            retry.sent(now);
            now = retry.deadline();
            assert!(matches!(retry.check(now), Some(Demand::Again { .. })));
        }
        retry.sent(now);
        assert_eq!(retry.check(retry.deadline()), Some(Demand::GiveUp));
    }
}
