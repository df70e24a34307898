//! The cost of a transfer, calculated in advance: `plan 2150 blksize 512 rtt 10ms`, the textbook exercise.

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use crate::units::{plural, thousands};
use crate::wire::{BlockSize, WindowSize};

/// The number of different block numbers, without 0.
const NUMBERS: u64 = u16::MAX as u64;

/// A transfer without losses. [`Display`] writes its cost for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Bytes of the file, as transferred.
    pub size: u64,
    /// Bytes of a full block (RFC 2348).
    pub blksize: BlockSize,
    /// Blocks per ACK (RFC 7440).
    pub windowsize: WindowSize,
    /// The round-trip time.
    pub rtt: Option<Duration>,
}

/// The cost of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Packets of both sides, including the final ACK.
    pub packets: u64,
    /// Round trips until the requester has the last block, or the last ACK.
    pub round_trips: u64,
}

impl Plan {
    /// DATA packets: a file whose size is a multiple of the block size ends with an empty one (RFC 1350 section 6).
    pub(crate) fn blocks(&self) -> u64 {
        self.size / self.block() + 1
    }

    /// Bytes of the last block.
    pub(crate) fn last(&self) -> u64 {
        self.size % self.block()
    }

    /// A get of plain RFC 1350, if no option is needed: DATA 1 answers the request.
    pub(crate) fn plain_get(&self) -> Option<Cost> {
        let blocks = self.plain_blocks()?;
        Some(Cost { packets: 1 + 2 * blocks, round_trips: blocks })
    }

    /// A put of plain RFC 1350, if no option is needed: ACK 0 answers the request.
    pub(crate) fn plain_put(&self) -> Option<Cost> {
        let blocks = self.plain_blocks()?;
        Some(Cost { packets: 2 + 2 * blocks, round_trips: 1 + blocks })
    }

    /// A get with options: the request, OACK, ACK 0, then window by window.
    pub(crate) fn get(&self) -> Cost {
        Cost { packets: 3 + self.blocks() + self.windows(), round_trips: 1 + self.windows() }
    }

    /// A put with options: the request, OACK, then window by window.
    pub(crate) fn put(&self) -> Cost {
        Cost { packets: 2 + self.blocks() + self.windows(), round_trips: 1 + self.windows() }
    }

    /// Whether block numbers wrap within the file.
    pub(crate) fn wraps(&self) -> bool {
        self.blocks() > NUMBERS
    }

    /// Bytes of the largest file without a wrap: the last of its 65,535 blocks is short.
    pub(crate) fn largest_without_wrap(&self) -> u64 {
        NUMBERS * self.block() - 1
    }

    fn block(&self) -> u64 {
        self.blksize.get().into()
    }

    fn windows(&self) -> u64 {
        self.blocks().div_ceil(self.windowsize.get().into())
    }

    fn plain_blocks(&self) -> Option<u64> {
        let plain = self.blksize == BlockSize::default() && self.windowsize == WindowSize::default();
        plain.then(|| self.blocks())
    }

    fn row(&self, f: &mut Formatter<'_>, name: &str, cost: Cost) -> fmt::Result {
        let [(packets, packet), (trips, trip)] = [(cost.packets, "packet"), (cost.round_trips, "round trip")]
            .map(|(count, noun)| (thousands(count), plural(count, noun)));
        write!(f, "\n  {name:<17}{packets:>12} {packet:<7}{trips:>12} {trip}")?;
        match self.rtt {
            Some(rtt) => {
                let margin = "round trips".len() - trip.len();
                write!(f, "{:margin$}  {:>9.3} s", "", rtt.as_secs_f64() * cost.round_trips as f64)
            }
            None => Ok(()),
        }
    }
}

impl Display for Plan {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (size, blocks) = (thousands(self.size), self.blocks());
        write!(f, "{size} {} in blocks of {}", plural(self.size, "byte"), self.blksize)?;
        if self.windowsize != WindowSize::default() {
            write!(f, ", {} to a window", self.windowsize)?;
        }
        write!(f, ": {} DATA, {}", thousands(blocks), if blocks == 1 { "" } else { "the last " })?;
        match self.last() {
            0 => f.write_str("empty, because only a short block ends a file")?,
            last => write!(f, "with {last} {}", plural(last, "byte"))?,
        }
        if let (Some(get), Some(put)) = (self.plain_get(), self.plain_put()) {
            self.row(f, "get", get)?;
            self.row(f, "put", put)?;
        }
        self.row(f, "get with options", self.get())?;
        self.row(f, "put with options", self.put())?;
        let most = thousands(self.largest_without_wrap());
        let wrap = if self.wraps() { "wrap after 65,535" } else { "do not wrap" };
        write!(f, "\nBlock numbers {wrap}; the largest file without a wrap has {most} bytes.")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{self, PlanVerb, PlannedSize, Verb};

    fn read(line: &str) -> Result<Plan, String> {
        match language::parse(&language::split(format!("plan {line}").as_bytes()).unwrap().words) {
            Ok(Verb::Plan(PlanVerb { size: PlannedSize::Bytes(size), blksize, windowsize, rtt })) => {
                Ok(Plan { size, blksize, windowsize, rtt })
            }
            Ok(other) => panic!("{line}: {other:?}"),
            Err(mistake) => Err(mistake.to_string()),
        }
    }

    fn plan(line: &str) -> Plan {
        read(line).unwrap()
    }

    #[test]
    fn the_textbook_numbers_come_out() {
        let blocks = |line: &str| (plan(line).blocks(), plan(line).last());
        assert_eq!(blocks("2150"), (5, 102));
        assert_eq!(blocks("1024"), (3, 0));
        assert_eq!(blocks("0"), (1, 0));
        assert_eq!(blocks("511"), (1, 511));
        assert_eq!(blocks("524300 blksize 8"), (65_538, 4));
        assert_eq!(plan("2150").plain_get(), Some(Cost { packets: 11, round_trips: 5 }));
        assert_eq!(plan("2150").plain_put(), Some(Cost { packets: 12, round_trips: 6 }));
        assert_eq!(plan("524300 blksize 8").get(), Cost { packets: 131_079, round_trips: 65_539 });
        assert_eq!(plan("131072 windowsize 8").get(), Cost { packets: 3 + 257 + 33, round_trips: 34 });
        assert_eq!(plan("131072 windowsize 8").plain_get(), None);
        assert_eq!(plan(&u64::MAX.to_string()).blocks(), 1 << 55);
    }

    #[test]
    fn values_out_of_range_and_times_without_a_sensible_unit_are_refused() {
        for line in ["5 rtt 0.2s", "5 RTT 200ms", "5 rtt 200000us"] {
            assert_eq!(plan(line).rtt, Some(Duration::from_millis(200)), "{line}");
        }
        for (line, expected) in [
            ("5 blksize 7", "blksize must be 8 to 65464 bytes, not \"7\""),
            ("5 windowsize 0", "windowsize must be 1 to 65535 blocks, not \"0\""),
            ("5 rtt -1s", "rtt must be a time with its unit (10ms or 0.2s), not \"-1s\""),
            ("5 rtt 1h", "rtt must be a time with its unit (10ms or 0.2s), not \"1h\""),
        ] {
            assert_eq!(read(line), Err(expected.to_owned()), "{line}");
        }
    }

    #[test]
    fn the_largest_file_without_a_wrap_is_exact() {
        for (blksize, largest) in [(512, 33_553_919), (1428, 93_583_979), (65464, 4_290_183_239)] {
            let at = |size: u64| plan(&format!("{size} blksize {blksize}"));
            assert_eq!(at(0).largest_without_wrap(), largest);
            assert!(!at(largest).wraps() && at(largest + 1).wraps());
        }
    }

    #[test]
    fn the_answer_is_a_table_and_a_sentence() {
        assert_eq!(
            plan("2150 rtt 10ms").to_string(),
            "2,150 bytes in blocks of 512: 5 DATA, the last with 102 bytes\n  \
             get                        11 packets           5 round trips      0.050 s\n  \
             put                        12 packets           6 round trips      0.060 s\n  \
             get with options           13 packets           6 round trips      0.060 s\n  \
             put with options           12 packets           6 round trips      0.060 s\n\
             Block numbers do not wrap; the largest file without a wrap has 33,553,919 bytes."
        );
        assert_eq!(
            plan("524300 blksize 8 windowsize 4").to_string(),
            "524,300 bytes in blocks of 8, 4 to a window: 65,538 DATA, the last with 4 bytes\n  \
             get with options       81,926 packets      16,386 round trips\n  \
             put with options       81,925 packets      16,386 round trips\n\
             Block numbers wrap after 65,535; the largest file without a wrap has 524,279 bytes."
        );
        assert!(plan("1024").to_string().contains("3 DATA, the last empty"));
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(
            plan("1 rtt 1s").to_string(),
            "1 byte in blocks of 512: 1 DATA, with 1 byte\n  \
             get                         3 packets           1 round trip       1.000 s\n  \
             put                         4 packets           2 round trips      2.000 s\n  \
             get with options            5 packets           2 round trips      2.000 s\n  \
             put with options            4 packets           2 round trips      2.000 s\n\
             Block numbers do not wrap; the largest file without a wrap has 33,553,919 bytes."
        );
    }
}
