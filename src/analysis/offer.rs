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

/// Judges the OACK that this side sends; returns the terms unless a bug makes it one that no client should accept.
pub(super) fn grant(offer: &Offer, oack: &OptionList<'_>) -> (Reason, Option<Terms>) {
    match offer.accept(oack) {
        Ok(terms) => (Reason::OackGrant { granted: list(oack.pairs()) }, Some(terms)),
        Err(bad) => (Reason::OackBug { name: bad.name, value: bad.value }, None),
    }
}

fn list<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> String {
    pairs.map(|(name, value)| format!("{}={}", Printable(name), Printable(value))).collect::<Vec<_>>().join(", ")
}

fn accepted(offer: &Offer, oack: &OptionList<'_>, terms: &Terms) -> Reason {
    use crate::wire::names::{BLKSIZE, TIMEOUT, TSIZE, WINDOWSIZE};
    let [unasked, agreed] =
        [true, false].map(|wanted| list(oack.pairs().filter(|(name, value)| offer.can_ignore(name, value) == wanted)));
    let named = |option: &str| oack.pairs().any(|(name, _)| name.eq_ignore_ascii_case(option.as_bytes()));
    let asked = [
        (TSIZE, offer.tsize.is_some(), false),
        (TIMEOUT, offer.timeout.is_some(), false),
        (BLKSIZE, offer.blksize.is_some(), offer.blksize.is_some_and(|asked| terms.blksize < asked)),
        (WINDOWSIZE, offer.windowsize.is_some(), offer.windowsize.is_some_and(|asked| terms.windowsize < asked)),
    ];
    let names = |wanted: &dyn Fn(&(&str, bool, bool)) -> bool| {
        asked.iter().filter(|option| wanted(option)).map(|(name, ..)| *name).collect::<Vec<_>>().join(", ")
    };
    let lowered = names(&|(name, asked, less)| *asked && *less && named(name));
    let ignored = names(&|(name, asked, _)| *asked && !named(name));
    Reason::OackAgreed { agreed, lowered, ignored, unasked }
}
