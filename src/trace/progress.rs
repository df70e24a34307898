use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::FailSoftWriter;
use crate::event::{Observer, Record, RecordKind};
use crate::transfer::{Event, Machine, Stats};
use crate::units;

/// The progress of a transfer for a person at a terminal: one line on standard error, drawn again and again, and cleared
/// at the end. No other file uses `indicatif`.
///
/// ```text
/// fw.bin  [######          ]  41%  8.6 of 21.0 MB  4.1 MB/s  3 s left  2 resent
/// ```
///
/// A transfer of less than half a second shows nothing. A packet costs one comparison of times.
pub struct Progress {
    look: Look,
    name: String,
    /// The size of the file in bytes, if this side knows it; otherwise the server may report it.
    size: Option<u64>,
    /// When to show the next line; none before the transfer begins.
    due: Option<Instant>,
    /// Bytes transferred by these moments, over the last few seconds.
    past: VecDeque<(Instant, u64)>,
}

/// The time before the first line.
const PATIENCE: Duration = Duration::from_millis(500);
/// The period over which the rate is measured.
const MEMORY: Duration = Duration::from_secs(3);
/// Columns where the terminal does not say how many it has.
const COLUMNS: usize = 80;
/// Characters of the bar.
const BAR: Width = Width { least: 4, most: 16 };
/// Characters of the name; of a longer one the end is shown, where names differ.
const NAME: Width = Width { least: 8, most: 24 };

struct Width {
    least: usize,
    most: usize,
}

enum Look {
    /// One line, drawn ten times a second, as wide as the terminal is then; `None` until there is something to draw.
    Bar(fn() -> Option<usize>, Option<ProgressBar>),
    /// A new line every five seconds, in words.
    Words(FailSoftWriter<io::Stderr>),
}

impl Progress {
    /// Creates a bar for the transfer of the file `name`; `size` is its bytes, if known.
    pub fn bar(name: &str, size: Option<u64>) -> Self {
        Self::new(Look::Bar(|| None, None), name, size)
    }

    /// Fits the bar into the columns of the terminal, which this function returns; otherwise it has 80.
    pub fn within(self, columns: fn() -> Option<usize>) -> Self {
        let look = if let Look::Bar(_, bar) = self.look { Look::Bar(columns, bar) } else { self.look };
        Self { look, ..self }
    }

    /// Creates the same in whole lines of words, for terminals whose cursor does not move and for screen readers.
    pub fn words(name: &str, size: Option<u64>) -> Self {
        Self::new(Look::Words(FailSoftWriter::new(io::stderr())), name, size)
    }

    fn new(look: Look, name: &str, size: Option<u64>) -> Self {
        Self { look, name: name.to_owned(), size, due: None, past: VecDeque::new() }
    }

    /// Clears the line, so that other output can take its place.
    fn clear(&mut self) {
        if let Look::Bar(_, bar) = &mut self.look {
            bar.take().into_iter().for_each(|bar| bar.finish_and_clear());
        }
    }

    fn measure(&mut self, now: Instant, stats: &Stats, tsize: Option<u64>) -> Figures {
        while self.past.len() > 1 && self.past.front().is_some_and(|(at, _)| *at + MEMORY < now) {
            self.past.pop_front();
        }
        let (since, before) = self.past.front().copied().unwrap_or((now, 0));
        self.past.push_back((now, stats.bytes));
        Figures {
            bytes: stats.bytes,
            // The size that a server reports may be wrong.
            size: self.size.or(tsize).filter(|&size| size > 0 && size >= stats.bytes),
            recent: stats.bytes.saturating_sub(before),
            during: now.saturating_duration_since(since),
            resent: stats.resent,
        }
    }
}

impl Observer for Progress {
    fn observe(&mut self, record: &Record<'_>) {
        match record.kind {
            RecordKind::Begin(_) => {
                self.due = Some(record.at + PATIENCE);
                self.past = VecDeque::from([(record.at, 0)]);
            }
            // The transfer starts again, and other output may report it.
            RecordKind::Machine(Event::Again { .. }) => {
                self.clear();
                self.past = VecDeque::from([(record.at, 0)]);
            }
            RecordKind::End(_) => self.clear(),
            _ => {}
        }
    }

    fn pulse(&mut self, at: Instant, machine: &dyn Machine) {
        if self.due.is_none_or(|due| at < due) {
            return;
        }
        let figures = self.measure(at, &machine.stats(), machine.terms().tsize);
        let pause = match &mut self.look {
            Look::Bar(columns, bar) => {
                let line = figures.as_bar(&self.name, columns().unwrap_or(COLUMNS).saturating_sub(1));
                bar.get_or_insert_with(one_line).set_message(line);
                // After the last column, a ^C would go to the next line, and this one could never be cleared.
                let _ = io::stderr().write_all(b"\r");
                Duration::from_millis(100)
            }
            Look::Words(writer) => {
                writer.write(&format!("{}: {}\n", shorten(&self.name, NAME.most), figures.as_words()));
                writer.flush();
                Duration::from_secs(5)
            }
        };
        self.due = Some(at + pause);
    }
}

fn one_line() -> ProgressBar {
    // The pulse decides when to draw; the limit of the bar only has to be higher.
    let style = ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(20)).with_style(style)
}

/// Cuts a long name to so many characters; its end is shown, where names differ.
fn shorten(name: &str, most: usize) -> String {
    match name.chars().count() {
        length if length > most => {
            format!("...{}", name.chars().skip(length - most.saturating_sub(3)).collect::<String>())
        }
        _ => name.to_owned(),
    }
}

/// The progress at one moment.
#[derive(Debug, Clone, Copy)]
struct Figures {
    bytes: u64,
    size: Option<u64>,
    /// Bytes of the last few seconds.
    recent: u64,
    /// The length of that period.
    during: Duration,
    resent: u64,
}

impl Figures {
    /// One line of at most so many columns. In a narrow one the bar and the name shrink first, and then disappear; then
    /// the bytes and the rate do. How far the transfer is, the time left and the packets resent stay.
    fn as_bar(&self, name: &str, columns: usize) -> String {
        let percent = self.percent().map(|percent| format!("{percent:>3}%"));
        let [bytes, rate] = self.amounts();
        for amounts in [&[bytes, rate.clone()][..], &[rate], &[]] {
            let figures: Vec<_> = percent.iter().chain(amounts).cloned().chain(self.outlook()).collect();
            let figures = figures.join("  ");
            if let Some(room) = columns.checked_sub(figures.chars().count()) {
                return self.heading(name, room) + &figures;
            }
        }
        percent.into_iter().chain(self.outlook()).collect::<Vec<_>>().join("  ")
    }

    /// The name and the bar, with the spaces after them.
    fn heading(&self, name: &str, room: usize) -> String {
        const AROUND_BAR: usize = "[] ".len();
        const GAP: usize = 2;
        let wanted = name.chars().count().min(NAME.most);
        let bar = room.saturating_sub(wanted + GAP + AROUND_BAR).min(BAR.most);
        match self.percent() {
            Some(percent) if bar >= BAR.least => {
                let filled = "#".repeat(usize::try_from(percent).unwrap_or(100) * bar / 100);
                format!("{}  [{filled:<bar$}] ", shorten(name, wanted))
            }
            _ => match wanted.min(room.saturating_sub(GAP)) {
                width if width == wanted || width >= NAME.least => format!("{}  ", shorten(name, width)),
                _ => String::new(),
            },
        }
    }

    fn as_words(&self) -> String {
        let percent = self.percent().map(|percent| format!("{percent} percent"));
        percent.into_iter().chain(self.amounts()).chain(self.outlook()).collect::<Vec<_>>().join(", ")
    }

    fn percent(&self) -> Option<u64> {
        self.size.map(|size| (u128::from(self.bytes) * 100 / u128::from(size).max(1)) as u64)
    }

    /// The bytes, and the rate.
    fn amounts(&self) -> [String; 2] {
        let bytes = self.size.map_or_else(|| units::size(self.bytes), |size| units::part_of(self.bytes, size));
        [bytes, units::rate(self.recent, self.during)]
    }

    /// The time left, and the packets sent again.
    fn outlook(&self) -> Vec<String> {
        let left = self.left().map(|left| format!("{} left", units::forecast(left)));
        left.into_iter().chain((self.resent > 0).then(|| format!("{} resent", self.resent))).collect()
    }

    /// Estimates the remaining time from the present rate.
    fn left(&self) -> Option<Duration> {
        let rest = self.size?.saturating_sub(self.bytes) as f64;
        let seconds = rest / self.recent as f64 * self.during.as_secs_f64();
        Duration::try_from_secs_f64(seconds).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF_WAY: Figures = Figures {
        bytes: 8_610_000,
        size: Some(21_000_000),
        recent: 12_300_000,
        during: Duration::from_secs(3),
        resent: 2,
    };

    #[test]
    fn a_line_shows_all_that_is_known() {
        let line = "fw.bin  [######          ]  41%  8.6 of 21.0 MB  4.1 MB/s  4 s left  2 resent";
        assert_eq!(HALF_WAY.as_bar("fw.bin", 79), line);
        assert_eq!(HALF_WAY.as_words(), "41 percent, 8.6 of 21.0 MB, 4.1 MB/s, 4 s left, 2 resent");
    }

    #[test]
    fn a_narrow_line_keeps_the_time_left_and_what_was_resent() {
        let name = "images/switch-17.bin";
        for (columns, line) in [
            (79, "images/switch-17.bin  [#   ]  41%  8.6 of 21.0 MB  4.1 MB/s  4 s left  2 resent"),
            (74, "images/switch-17.bin   41%  8.6 of 21.0 MB  4.1 MB/s  4 s left  2 resent"),
            (62, "...-17.bin   41%  8.6 of 21.0 MB  4.1 MB/s  4 s left  2 resent"),
            (59, " 41%  8.6 of 21.0 MB  4.1 MB/s  4 s left  2 resent"),
            (40, " 41%  4.1 MB/s  4 s left  2 resent"),
            (30, " 41%  4 s left  2 resent"),
            (10, " 41%  4 s left  2 resent"),
        ] {
            assert_eq!(HALF_WAY.as_bar(name, columns), line, "{columns}");
        }
        let long = Figures { size: Some(u64::MAX), bytes: u64::MAX / 2, resent: 12_345, ..HALF_WAY };
        for columns in 48..200 {
            let line = long.as_bar(name, columns);
            assert!(line.chars().count() <= columns && line.ends_with(" left  12345 resent"), "{columns}: {line}");
        }
    }

    #[test]
    fn unknown_figures_are_left_out() {
        let figures = Figures { size: None, resent: 0, ..HALF_WAY };
        assert_eq!(figures.as_bar("f", 79), "f  8.61 MB  4.1 MB/s");
        let stalled = Figures { recent: 0, resent: 3, ..HALF_WAY };
        assert_eq!(stalled.as_words(), "41 percent, 8.6 of 21.0 MB, 0 B/s, 3 resent");
    }

    #[test]
    fn the_end_of_a_long_name_is_shown() {
        assert_eq!(shorten("fw.bin", 24), "fw.bin");
        let short = shorten("images/2024/switch-stack-firmware-17.bin", 24);
        assert_eq!((short.as_str(), short.len()), ("...stack-firmware-17.bin", 24));
    }

    #[test]
    fn the_rate_is_of_the_last_seconds_and_a_wrong_size_is_dropped() {
        let mut progress = Progress::bar("f", None);
        let start = Instant::now();
        let mut figures = None;
        for second in 0..=10_u64 {
            // A thousand bytes a second, ten times as many from the eighth second.
            let bytes = second * 1000 + second.saturating_sub(7) * 9000;
            let stats = Stats { bytes, ..Stats::default() };
            figures = Some(progress.measure(start + Duration::from_secs(second), &stats, Some(30_000)));
        }
        let figures = figures.expect("ten of them");
        assert_eq!(units::rate(figures.recent, figures.during), "10.0 kB/s");
        assert_eq!(figures.size, None, "37000 bytes of 30000");
    }
}
