use super::Why;
use crate::wire::{Fault, Offer, OptionList, Printable, Terms};

/// What an OACK says to an offer, and what both sides go by if it can be accepted (RFC 2347).
pub(super) fn judge(offer: &Offer, oack: &OptionList<'_>) -> (Why, Option<Terms>) {
    match offer.accept(oack) {
        Ok(terms) => (accepted(offer, oack, &terms), Some(terms)),
        Err(bad) => {
            let (name, value) = (bad.name, bad.value);
            let why = match bad.fault {
                Fault::Unasked => Why::OackUnasked { name },
                Fault::Raised => Why::OackRaised { name, value },
                Fault::Doubled | Fault::Invalid => Why::OackBad { name, value, fault: bad.fault.to_string() },
            };
            (why, None)
        }
    }
}

fn accepted(offer: &Offer, oack: &OptionList<'_>, terms: &Terms) -> Why {
    use crate::wire::names::{BLKSIZE, TIMEOUT, TSIZE, WINDOWSIZE};
    let agreed: Vec<_> =
        oack.pairs().map(|(name, value)| format!("{}={}", Printable(name), Printable(value))).collect();
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
    let agreed = agreed.join(", ");
    let lowered = list(&|(name, asked, less)| *asked && *less && named(name));
    let ignored = list(&|(name, asked, _)| *asked && !named(name));
    match (lowered.is_empty(), ignored.is_empty()) {
        (true, true) => Why::OackOk { agreed },
        (true, false) => Why::OackIgnored { agreed, ignored },
        (false, _) => Why::OackLowered { agreed, lowered, ignored },
    }
}
