//! An OACK of any bytes against any offer, and a request of any bytes against any limits.

use tftpsh::wire::{BlockSize, Limits, Offer, OptionList, Packet, TimeoutSeconds, WindowSize, emit_oack};

/// A client agrees to nothing it did not ask for, and to no more than it asked for; what a server grants, its client
/// accepts.
pub fn run(input: &[u8]) {
    let Some((shape, list)) = input.split_first_chunk::<4>() else { return };
    let offer = offer(*shape);
    let oack = [b"\0\x06", list].concat();
    if let Ok(Packet::Oack(oack)) = Packet::parse(&oack) {
        judge(&offer, &oack);
    }
    let request = [b"\0\x01f\0octet\0", list].concat();
    if let Ok(Packet::Request(request)) = Packet::parse(&request) {
        grant(&Offer::parse(&request.options), *shape);
    }
}

fn offer([which, blksize, windowsize, timeout]: [u8; 4]) -> Offer {
    let asked = |bit: u8| which & bit != 0;
    Offer {
        tsize: asked(1).then_some(0),
        timeout: TimeoutSeconds::new(timeout.into()).filter(|_| asked(2)),
        blksize: BlockSize::new(u64::from(blksize) * 257).filter(|_| asked(4)),
        windowsize: WindowSize::new(windowsize.into()).filter(|_| asked(8)),
    }
}

fn judge(offer: &Offer, oack: &OptionList<'_>) {
    match offer.accept(oack) {
        Ok(terms) => {
            assert!(terms.tsize.is_none() || offer.tsize.is_some());
            assert!(terms.timeout.is_none() || terms.timeout == offer.timeout);
            // What the OACK leaves out counts as never asked for, so a block below 512 may grow to that.
            assert!(terms.blksize <= offer.blksize.unwrap_or_default().max(BlockSize::default()));
            assert!(terms.windowsize <= offer.windowsize.unwrap_or_default());
        }
        Err(bad) => assert!(!bad.to_string().chars().any(char::is_control), "{bad}"),
    }
}

fn grant(offer: &Offer, [which, blksize, windowsize, bytes]: [u8; 4]) {
    let limits = Limits {
        options: which & 1 == 0,
        blksize: BlockSize::new(u64::from(blksize) * 257).unwrap_or_default(),
        windowsize: WindowSize::new(u64::from(windowsize) * 257).unwrap_or_default(),
        window_bytes: u32::from(bytes) << 14,
    };
    let answer = offer.answer(&limits, Some(77).filter(|_| which & 2 == 0));
    let terms = answer.terms();
    assert!(answer.is_empty() || limits.options);
    assert!(terms.blksize <= limits.blksize.max(BlockSize::default()));
    let window = u32::from(terms.blksize.get()) * u32::from(terms.windowsize.get());
    assert!(terms.windowsize == WindowSize::LEAST || window <= limits.window_bytes);
    let oack = emit_oack(&answer);
    let Ok(Packet::Oack(oack)) = Packet::parse(&oack) else { panic!("our own OACK") };
    assert_eq!(offer.accept(&oack), Ok(terms));
}
