use super::Reason;
use crate::wire::{BadOptionKind, Offer, OptionList, Printable, Terms};

/// Judges the OACK that answers an offer; returns the agreed terms if it can be accepted (RFC 2347).
pub(super) fn judge(offer: &Offer, oack: &OptionList<'_>) -> (Reason, Option<Terms>) {
    match offer.accept(oack) {
        Ok(terms) => (accepted(offer, oack, &terms), Some(terms)),
        Err(bad) => {
            let (name, value, fault) = (bad.name, bad.value, bad.kind.to_string());
            let why = match bad.kind {
                BadOptionKind::Unasked => Reason::OackUnasked { name },
                BadOptionKind::Raised => Reason::OackRaised { name, value },
                BadOptionKind::Doubled | BadOptionKind::Invalid => Reason::OackBad { name, value, fault },
            };
            (why, None)
        }
    }
}

fn accepted(offer: &Offer, oack: &OptionList<'_>, terms: &Terms) -> Reason {
    use crate::wire::names::{BLKSIZE, TIMEOUT, TSIZE, WINDOWSIZE};
    let [unasked, agreed] = [true, false].map(|wanted| {
        let pairs = oack.pairs().filter(|(name, value)| offer.can_ignore(name, value) == wanted);
        pairs.map(|(name, value)| format!("{}={}", Printable(name), Printable(value))).collect::<Vec<_>>().join(", ")
    });
    let named = |option: &str| oack.pairs().any(|(name, _)| name.eq_ignore_ascii_case(option.as_bytes()));
    let asked = [
        (TSIZE, offer.tsize.is_some(), false),
        (TIMEOUT, offer.timeout.is_some(), false),
        (BLKSIZE, offer.blksize.is_some(), offer.blksize.is_some_and(|asked| terms.blksize < asked)),
        (WINDOWSIZE, offer.windowsize.is_some(), offer.windowsize.is_some_and(|asked| terms.windowsize < asked)),
    ];
    let list = |wanted: &dyn Fn(&(&str, bool, bool)) -> bool| {
        asked.iter().filter(|option| wanted(option)).map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
    };
    let lowered = list(&|(name, asked, less)| *asked && *less && named(name));
    let ignored = list(&|(name, asked, _)| *asked && !named(name));
    Reason::OackAgreed { agreed, lowered, ignored, unasked }
}
