//! Matches words with names: the one rule for commands, keywords, topics and values that are words.

use super::words::Word;

/// The meaning of a word among names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match<T> {
    /// This name, and its value.
    One(&'static str, T),
    /// The common beginning of these names.
    Several(Vec<&'static str>),
    /// No name.
    None,
}

/// Finds the name that a word means, in any letter case: the same name, else the only one that it begins. Two names for
/// one value are not ambiguous.
pub(super) fn choose<T: Copy + PartialEq>(word: &Word, names: &[(&'static str, T)]) -> Match<T> {
    if let Some(&(name, value)) = names.iter().find(|(name, _)| word.is(name)) {
        return Match::One(name, value);
    }
    let is_begun = |name| !word.bytes().is_empty() && begins(name, word.bytes());
    let begun: Vec<_> = names.iter().filter(|(name, _)| is_begun(name)).collect();
    match begun.as_slice() {
        [] => Match::None,
        [(name, value), others @ ..] if others.iter().all(|(_, other)| other == value) => Match::One(name, *value),
        several => Match::Several(several.iter().map(|(name, _)| *name).collect()),
    }
}

/// Whether the name has this beginning, in any letter case.
pub(crate) fn begins(name: impl AsRef<[u8]>, prefix: &[u8]) -> bool {
    name.as_ref().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Finds the name that a mistyped word most likely means: one slip away from a short name, two from a long one.
pub(super) fn nearest(word: &Word, names: impl IntoIterator<Item = &'static str>) -> Option<&'static str> {
    let typed = word.text()?.to_ascii_lowercase();
    let distance = |name: &'static str| {
        let allowed = if name.len() < 5 { 1 } else { 2 };
        // Each missing or surplus letter is a slip. This check saves most comparisons.
        let may_be_near = typed.len() >= 3 && typed.len().abs_diff(name.len()) <= allowed;
        let distance = may_be_near.then(|| strsim::osa_distance(&typed, name))?;
        (distance <= allowed).then_some((distance, name))
    };
    names.into_iter().filter_map(distance).min_by_key(|(distance, _)| *distance).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_shortened_while_it_is_unambiguous() {
        let names = [("ladder", 1), ("limit", 2), ("last", 3), ("lastly", 3)];
        let meant = |word: &str| choose(&Word::new(word), &names);
        assert_eq!(meant("LAD"), Match::One("ladder", 1));
        assert_eq!(meant("last"), Match::One("last", 3));
        assert_eq!(meant("las"), Match::One("last", 3), "two names for one thing");
        assert_eq!(meant("l"), Match::Several(vec!["ladder", "limit", "last", "lastly"]));
        assert_eq!((meant(""), meant("ladders")), (Match::None, Match::None));
    }

    #[test]
    fn a_typing_error_is_understood() {
        let near = |word: &str| nearest(&Word::new(word), ["get", "connect", "status", "put"]);
        assert_eq!((near("gett"), near("gte"), near("conect")), (Some("get"), Some("get"), Some("connect")));
        assert_eq!((near("STAUTS"), near("switch1"), near("x")), (Some("status"), None, None));
    }
}
