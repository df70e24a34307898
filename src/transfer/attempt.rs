use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use super::{Failure, Violation};
use crate::wire::{BadOptionKind, BlockSize, ErrorCode, Offer, RequestKind};

/// How much a request asks for. If it fails, only one that asks for less follows: a later kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Attempt {
    /// Everything that is offered.
    #[default]
    Full,
    /// No block size, which means 512 bytes: a path may lose longer blocks, and a server may send shorter ones than it
    /// agreed to.
    SmallBlocks,
    /// No options: a server may reject them, or know none (RFC 2347).
    Plain,
}

impl Attempt {
    /// Returns what such a request asks for.
    pub fn reduce(self, offer: Offer) -> Offer {
        match self {
            Self::Full => offer,
            Self::SmallBlocks => Offer { blksize: None, ..offer },
            Self::Plain => Offer::default(),
        }
    }

    /// Returns the request that a failure leaves to try, whatever was tried before.
    fn after(failure: &Failure) -> Option<Self> {
        match failure {
            Failure::NoAnswer | Failure::Rejected { .. } | Failure::Protocol(Violation::Meaningless { .. }) => {
                Some(Self::Plain)
            }
            Failure::BadOption(bad) => (bad.kind == BadOptionKind::Unasked).then_some(Self::Plain),
            Failure::BlocksLost { .. } => Some(Self::SmallBlocks),
            Failure::Protocol(Violation::WrongSize { received, announced, blksize }) => {
                let cut = received < announced && *blksize > BlockSize::default().get();
                cut.then_some(Self::SmallBlocks)
            }
            _ => None,
        }
    }
}

/// What the request asks for: `with blksize 512`.
impl Display for Attempt {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "with options",
            Self::SmallBlocks => "with blksize 512",
            Self::Plain => "without options",
        })
    }
}

/// A failed attempt: what decides whether another one follows.
#[derive(Debug, Clone, Copy)]
pub struct FailedAttempt<'a> {
    /// The attempt.
    pub attempt: Attempt,
    /// Whether it was to read a file or to write one.
    pub kind: RequestKind,
    /// What it asked for.
    pub offer: Offer,
    /// Why it failed.
    pub failure: &'a Failure,
    /// Blocks delivered to the local file, or acknowledged by the server.
    pub blocks: u64,
    /// Whether the local file of a read can be written from its beginning again.
    pub restartable: bool,
    /// What is left of the timeout, which all attempts share.
    pub left: Duration,
}

impl FailedAttempt<'_> {
    /// Returns the next attempt, if there is one: it asks for less. No byte of the file counts twice.
    pub fn next(&self) -> Option<Attempt> {
        let next = Attempt::after(self.failure)?;
        let asks_for_less = next > self.attempt && next.reduce(self.offer) != self.offer;
        let untouched = self.blocks == 0 || self.kind == RequestKind::Read && self.restartable;
        (asks_for_less && untouched && !self.left.is_zero()).then_some(next)
    }
}

impl Failure {
    /// Returns which of two failures a transfer reports: that of its last attempt, unless an earlier one says more.
    pub fn or_of_last_attempt(self, last: Self, kind: RequestKind) -> Self {
        let unanswered = matches!(last, Self::NoAnswer | Self::Refused | Self::TimedOut { answered: false });
        // The first request of a put created the file: one that existed before would have been refused there.
        let is_ours = kind == RequestKind::Write && matches!(last, Self::Remote { code: ErrorCode::EXISTS, .. });
        match self {
            // It gives no reason.
            Self::NoAnswer => last,
            // Shorter blocks did not help, but the server did answer once.
            Self::BlocksLost { .. } if unanswered => Self::TimedOut { answered: true },
            earlier if unanswered || is_ours => earlier,
            _ => last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{BadOption, WindowSize};

    use Attempt::{Full, Plain, SmallBlocks};
    use RequestKind::{Read, Write};

    const TIME: Duration = Duration::from_secs(1);

    fn offer() -> Offer {
        Offer { blksize: BlockSize::new(1428), windowsize: WindowSize::new(4), ..Offer::default() }
    }

    fn failed(failure: &Failure) -> FailedAttempt<'_> {
        let (attempt, kind, blocks, restartable) = (Full, Read, 0, false);
        FailedAttempt { attempt, kind, offer: offer(), failure, blocks, restartable, left: TIME }
    }

    fn rejected(code: u16) -> Failure {
        Failure::Rejected { code: ErrorCode(code), message: "no".to_owned() }
    }

    fn remote(code: u16) -> Failure {
        Failure::Remote { code: ErrorCode(code), message: "no".to_owned() }
    }

    fn lost() -> Failure {
        Failure::BlocksLost { blksize: BlockSize::new(1428).unwrap() }
    }

    fn bad_option(kind: BadOptionKind) -> Failure {
        Failure::BadOption(BadOption { name: "blksize".to_owned(), value: "7".to_owned(), kind })
    }

    fn wrong_size(received: u64, blksize: u16) -> Failure {
        Violation::WrongSize { received, announced: 3000, blksize }.into()
    }

    fn meaningless() -> Failure {
        let answer = crate::transfer::MeaninglessAnswer::Data(7);
        Violation::Meaningless { answer, expected: "block 1" }.into()
    }

    #[test]
    fn each_failure_permits_at_most_one_request_that_asks_for_less() {
        for (failure, next) in [
            (Failure::NoAnswer, Some(Plain)),
            (meaningless(), Some(Plain)),
            (rejected(8), Some(Plain)),
            (bad_option(BadOptionKind::Unasked), Some(Plain)),
            (bad_option(BadOptionKind::Raised), None),
            (bad_option(BadOptionKind::Doubled), None),
            (bad_option(BadOptionKind::Invalid), None),
            (lost(), Some(SmallBlocks)),
            (wrong_size(100, 1428), Some(SmallBlocks)),
            (wrong_size(100, 512), None),
            (wrong_size(3001, 1428), None),
            (remote(1), None),
            (Failure::TimedOut { answered: false }, None),
            (Failure::TimedOut { answered: true }, None),
            (Failure::Refused, None),
            (Failure::Vanished, None),
            (Violation::BlockZero.into(), None),
            (crate::transfer::Abort::Interrupted.into(), None),
        ] {
            for kind in [Read, Write] {
                assert_eq!(FailedAttempt { kind, ..failed(&failure) }.next(), next, "{failure} of a {kind:?}");
            }
            // A path may lose long blocks, and then an answer to the second request.
            let last = next.filter(|next| *next == Plain);
            for (attempt, next) in [(SmallBlocks, last), (Plain, None)] {
                let second = FailedAttempt { attempt, offer: attempt.reduce(offer()), ..failed(&failure) };
                assert_eq!(second.next(), next, "{failure} {attempt}");
            }
            let plain = FailedAttempt { offer: Offer::default(), ..failed(&failure) };
            assert_eq!(plain.next(), None, "{failure}, but nothing was asked for");
            assert_eq!(FailedAttempt { left: Duration::ZERO, ..failed(&failure) }.next(), None, "{failure} too late");
        }
    }

    #[test]
    fn each_request_asks_for_less_than_the_one_before() {
        assert_eq!(SmallBlocks.reduce(offer()), Offer { blksize: None, ..offer() });
        assert_eq!(Plain.reduce(offer()), Offer::default());
    }

    #[test]
    fn no_byte_counts_twice() {
        let cut = wrong_size(100, 1428);
        for (kind, blocks, restartable, next) in [
            (Read, 0, false, Some(SmallBlocks)),
            (Read, 3, true, Some(SmallBlocks)),
            (Read, 3, false, None),
            (Write, 0, false, Some(SmallBlocks)),
            (Write, 3, true, None),
        ] {
            let failed = FailedAttempt { kind, blocks, restartable, ..failed(&cut) };
            assert_eq!(failed.next(), next, "{kind:?} {blocks} {restartable}");
        }
    }

    #[test]
    fn the_failure_that_says_most_is_reported() {
        let silent = || Failure::TimedOut { answered: false };
        for (earlier, last, reported) in [
            (Failure::NoAnswer, silent(), silent()),
            (Failure::NoAnswer, remote(1), remote(1)),
            (rejected(8), silent(), rejected(8)),
            (rejected(8), Failure::Refused, rejected(8)),
            (rejected(8), remote(1), remote(1)),
            (rejected(8), remote(6), remote(6)),
            (meaningless(), silent(), meaningless()),
            (lost(), silent(), Failure::TimedOut { answered: true }),
            (lost(), Failure::NoAnswer, Failure::TimedOut { answered: true }),
            (lost(), remote(6), remote(6)),
            (wrong_size(100, 1428), wrong_size(100, 512), wrong_size(100, 512)),
        ] {
            assert_eq!(earlier.clone().or_of_last_attempt(last.clone(), Read), reported, "{earlier}, {last}");
        }
        assert_eq!(lost().or_of_last_attempt(remote(6), Write), lost(), "the first request created the file");
        assert_eq!(lost().or_of_last_attempt(remote(3), Write), remote(3));
    }
}
