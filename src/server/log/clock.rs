use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The local time of lines. Many lines share a second, for which the calendar is asked once.
pub(super) struct Clock {
    zone: TimeZone,
    now: fn() -> SystemTime,
    /// The second that the texts are about.
    second: Option<i64>,
    /// `2026-11-28 21:30:46`
    local: String,
    /// `+01:00`
    offset: String,
}

impl Clock {
    /// Makes a clock of the system's time zone; UTC if it has none.
    pub(super) fn system() -> Self {
        Self::new(TimeZone::system(), SystemTime::now)
    }

    pub(super) fn new(zone: TimeZone, now: fn() -> SystemTime) -> Self {
        Self { zone, now, second: None, local: String::new(), offset: String::new() }
    }

    /// Returns the time for people: `2026-11-28 21:30:46`.
    pub(super) fn text(&mut self) -> &str {
        self.read();
        &self.local
    }

    /// Returns the time for programs (RFC 3339): `2026-11-28T21:30:46.123+01:00`.
    pub(super) fn rfc3339(&mut self) -> String {
        let millis = self.read();
        format!("{}.{millis:03}{}", self.local.replacen(' ', "T", 1), self.offset)
    }

    /// Writes the texts for this second, and returns the milliseconds since it began.
    fn read(&mut self) -> i32 {
        let now = Timestamp::try_from((self.now)()).unwrap_or_default();
        let second = now.as_second();
        if self.second != Some(second) {
            let there = now.to_zoned_datetime(self.zone.clone());
            self.local = there.strftime("%Y-%m-%d %H:%M:%S").to_string();
            self.offset = there.strftime("%:z").to_string();
            self.second = Some(second);
        }
        now.subsec_nanosecond() / 1_000_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use jiff::tz::Offset;

    #[test]
    fn a_time_is_local_and_says_to_programs_where() {
        let now = || SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_901_446_123);
        for (hours, text, rfc3339) in [
            (1, "2026-11-28 22:30:46", "2026-11-28T22:30:46.123+01:00"),
            (-5, "2026-11-28 16:30:46", "2026-11-28T16:30:46.123-05:00"),
            (0, "2026-11-28 21:30:46", "2026-11-28T21:30:46.123+00:00"),
        ] {
            let mut clock = Clock::new(TimeZone::fixed(Offset::constant(hours)), now);
            assert_eq!((clock.text().to_owned(), clock.rfc3339()), (text.to_owned(), rfc3339.to_owned()));
        }
    }
}
