use super::{Negotiation, Options};
use crate::transfer::Rexmt;
use crate::wire::{BlockSize, Mode, Offer, RequestKind, TimeoutSeconds, WindowSize};

/// The largest blocks that are sent in windows; larger ones gain nothing.
const WINDOWED: u16 = 8192;
/// The automatic window.
const WINDOW: u64 = 16;
/// The largest blocks that a write asks for by itself, those of Ethernet: some servers agree to larger ones, read 8192
/// bytes of each and store a damaged file.
const WRITTEN: u64 = 1468;

/// Returns the options of a request: those that the user set, and automatic ones that make the transfer fast.
///
/// A read asks for the blocks that the path carries, a write for at most [`WRITTEN`] bytes. `size` is the length of the
/// file to write. `path_blksize` is called only if needed; without it no option is automatic.
pub(super) fn offer(
    options: &Options,
    kind: RequestKind,
    size: Option<u64>,
    path_blksize: Option<&mut dyn FnMut() -> BlockSize>,
) -> Offer {
    if options.negotiation == Negotiation::Off {
        return Offer::default();
    }
    let path_blksize = path_blksize.filter(|_| options.negotiation == Negotiation::Auto);
    let automatic = path_blksize.is_some();
    let most = match kind {
        RequestKind::Read => BlockSize::MOST,
        RequestKind::Write => BlockSize::new(WRITTEN).unwrap_or_default(),
    };
    let blksize = options.blksize.or_else(|| path_blksize.map(|path_blksize| path_blksize().min(most)));
    let window = if blksize.is_some_and(|blksize| blksize.get() > WINDOWED) { 1 } else { WINDOW };
    let windowsize = options.windowsize.or_else(|| WindowSize::new(window).filter(|_| automatic));
    Offer {
        tsize: tsize(options, kind, size).filter(|_| options.tsize.unwrap_or(automatic)),
        timeout: options.tout.unwrap_or(false).then(|| interval(options.retry.rexmt)),
        blksize,
        windowsize,
    }
    .without_defaults()
}

/// Returns the value of tsize, 0 in a read request (RFC 2349). The size of a text is unknown until it is converted.
fn tsize(options: &Options, kind: RequestKind, size: Option<u64>) -> Option<u64> {
    match (options.mode, kind) {
        (Mode::Netascii, _) => None,
        (Mode::Octet, RequestKind::Read) => Some(0),
        (Mode::Octet, RequestKind::Write) => size,
    }
}

/// Returns our interval in whole seconds, rounded up (RFC 2349).
fn interval(rexmt: Rexmt) -> TimeoutSeconds {
    let seconds = match rexmt {
        Rexmt::Auto => 1,
        Rexmt::Fixed(interval) => interval.as_secs() + u64::from(interval.subsec_nanos() > 0),
    };
    TimeoutSeconds::new(seconds.max(1)).unwrap_or(TimeoutSeconds::MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::transfer::RetryPolicy;

    const ETHERNET: u64 = 1468;
    const LOOPBACK: u64 = 65464;

    fn asked(options: &Options, kind: RequestKind, path: u64) -> [Option<u64>; 4] {
        let Offer { tsize, timeout, blksize, windowsize } =
            offer(options, kind, Some(2000), Some(&mut || BlockSize::new(path).unwrap()));
        [
            tsize,
            timeout.map(|it| it.get().into()),
            blksize.map(|it| it.get().into()),
            windowsize.map(|it| it.get().into()),
        ]
    }

    fn with(change: impl FnOnce(&mut Options)) -> Options {
        let mut options = Options::default();
        change(&mut options);
        options
    }

    #[test]
    fn automatic_options_follow_the_path() {
        let auto = Options::default();
        assert_eq!(asked(&auto, RequestKind::Read, ETHERNET), [Some(0), None, Some(1468), Some(16)]);
        assert_eq!(asked(&auto, RequestKind::Read, LOOPBACK), [Some(0), None, Some(65464), None]);
    }

    #[test]
    fn a_write_asks_for_large_blocks_only_if_the_user_does() {
        let auto = Options::default();
        assert_eq!(asked(&auto, RequestKind::Write, LOOPBACK), [Some(2000), None, Some(1468), Some(16)]);
        assert_eq!(asked(&auto, RequestKind::Write, ETHERNET - 20), [Some(2000), None, Some(1448), Some(16)]);
        let large = with(|it| it.blksize = Some(BlockSize::MOST));
        assert_eq!(asked(&large, RequestKind::Write, LOOPBACK), [Some(2000), None, Some(65464), None]);
    }

    #[test]
    fn a_value_of_the_user_replaces_the_automatic_one() {
        let settings = with(|it| {
            it.blksize = BlockSize::new(1024);
            it.windowsize = WindowSize::new(4);
            it.tout = Some(true);
        });
        assert_eq!(asked(&settings, RequestKind::Read, LOOPBACK), [Some(0), Some(1), Some(1024), Some(4)]);
    }

    #[test]
    fn the_default_values_are_not_asked_for() {
        let settings = with(|it| {
            it.blksize = Some(BlockSize::default());
            it.windowsize = Some(WindowSize::default());
        });
        assert_eq!(asked(&settings, RequestKind::Read, LOOPBACK), [Some(0), None, None, None]);
    }

    #[test]
    fn options_on_asks_only_for_values_of_the_user() {
        let on = with(|it| it.negotiation = Negotiation::On);
        assert_eq!(asked(&on, RequestKind::Read, ETHERNET), [None; 4]);
        let set = Options { tsize: Some(true), tout: Some(true), blksize: BlockSize::new(1024), ..on };
        let set =
            Options { retry: RetryPolicy { rexmt: Rexmt::Fixed(Duration::from_millis(1200)), ..set.retry }, ..set };
        assert_eq!(asked(&set, RequestKind::Read, ETHERNET), [Some(0), Some(2), Some(1024), None]);
    }

    #[test]
    fn a_size_that_is_switched_off_is_not_asked_for() {
        let off = with(|it| it.tsize = Some(false));
        assert_eq!(asked(&off, RequestKind::Read, ETHERNET), [None, None, Some(1468), Some(16)]);
    }

    #[test]
    fn options_off_wins_over_everything_set() {
        let off = with(|it| {
            it.negotiation = Negotiation::Off;
            it.blksize = BlockSize::new(1024);
            it.tsize = Some(true);
            it.tout = Some(true);
        });
        assert_eq!(asked(&off, RequestKind::Write, ETHERNET), [None; 4]);
    }

    #[test]
    fn the_size_of_a_text_is_neither_sent_nor_asked_for() {
        let text = with(|it| {
            it.mode = Mode::Netascii;
            it.tsize = Some(true);
        });
        assert_eq!(asked(&text, RequestKind::Read, ETHERNET), [None, None, Some(1468), Some(16)]);
        assert_eq!(asked(&text, RequestKind::Write, ETHERNET), [None, None, Some(1468), Some(16)]);
    }
}
