//! Sizes, rates and times in units for people.

use std::time::Duration;

/// Formats a count with the noun in its number: `1 packet`, `2 packets`.
pub(crate) fn counted(count: u64, noun: &str) -> String {
    format!("{count} {}", plural(count, noun))
}

/// Returns the noun in the number of this count.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    format!("{noun}{}", if count == 1 { "" } else { "s" })
}

/// Formats a size in powers of ten: `512 B`, `2.16 MB`.
pub(crate) fn size(bytes: u64) -> String {
    scaled(bytes, 2)
}

/// Formats a part of a size in the unit of the whole: `8.6 of 21.0 MB`.
pub(crate) fn part_of(done: u64, whole: u64) -> String {
    let (divisor, unit) = unit_for(whole);
    format!("{} of {} {unit}", in_unit(done, divisor, 1), in_unit(whole, divisor, 1))
}

/// Formats a rate: `4.1 MB/s`.
pub(crate) fn rate(bytes: u64, time: Duration) -> String {
    // Zero time would make the rate infinite.
    let seconds = time.as_secs_f64().max(1e-6);
    format!("{}/s", scaled((bytes as f64 / seconds) as u64, 1))
}

/// Formats a forecast roughly: `3 s`, `2 min`, `1 h 20 min`.
pub(crate) fn forecast(time: Duration) -> String {
    let seconds = time.as_secs_f64().ceil() as u64;
    let minutes = seconds.div_ceil(60);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{minutes} min"),
        _ => format!("{} h {} min", minutes / 60, minutes % 60),
    }
}

/// Formats milliseconds with two decimals below ten: `0.08`, `12.5`.
pub(crate) fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    if millis < 10.0 { format!("{millis:.2}") } else { format!("{millis:.1}") }
}

/// Formats seconds: `5 seconds`, `0.2 seconds`, `1 second`.
pub(crate) fn seconds(time: Duration) -> String {
    let unit = if time == Duration::from_secs(1) { "second" } else { "seconds" };
    format!("{} {unit}", time.as_secs_f64())
}

/// Formats a number with its digits in groups of three: `4,213`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn scaled(bytes: u64, places: usize) -> String {
    let (divisor, unit) = unit_for(bytes);
    format!("{} {unit}", in_unit(bytes, divisor, places))
}

fn unit_for(bytes: u64) -> (u64, &'static str) {
    match bytes {
        0..1_000 => (1, "B"),
        1_000..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        1_000_000_000..1_000_000_000_000 => (1_000_000_000, "GB"),
        _ => (1_000_000_000_000, "TB"),
    }
}

fn in_unit(bytes: u64, divisor: u64, places: usize) -> String {
    if divisor == 1 { bytes.to_string() } else { format!("{:.places$}", bytes as f64 / divisor as f64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_the_largest_unit_that_fits() {
        assert_eq!([0, 999, 1000, 2_157_056].map(size), ["0 B", "999 B", "1.00 kB", "2.16 MB"]);
        assert_eq!(part_of(8_600_000, 21_000_000), "8.6 of 21.0 MB");
        assert_eq!(part_of(500, 21_000_000), "0.0 of 21.0 MB");
        assert_eq!(part_of(13, 13), "13 of 13 B");
    }

    #[test]
    fn thousands_are_separated() {
        let numbers = [0, 12, 999, 1000, 4213, 1_234_567].map(thousands);
        assert_eq!(numbers, ["0", "12", "999", "1,000", "4,213", "1,234,567"]);
    }

    #[test]
    fn rates_are_finite() {
        assert_eq!(rate(4_100_000, Duration::from_secs(1)), "4.1 MB/s");
        assert_eq!(rate(0, Duration::ZERO), "0 B/s");
    }

    #[test]
    fn times_are_as_exact_as_they_need_to_be() {
        let forecast = |seconds| forecast(Duration::from_secs(seconds));
        assert_eq!([3, 119, 150, 7300].map(forecast), ["3 s", "119 s", "3 min", "2 h 2 min"]);
        assert_eq!(millis(Duration::from_micros(84)), "0.08");
        assert_eq!(millis(Duration::from_micros(12_480)), "12.5");
    }

    #[test]
    fn one_second_is_singular() {
        assert_eq!(seconds(Duration::from_secs(5)), "5 seconds");
        assert_eq!(seconds(Duration::from_millis(200)), "0.2 seconds");
        assert_eq!(seconds(Duration::from_secs(1)), "1 second");
    }
}
