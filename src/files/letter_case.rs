//! Names that differ in letter case only.

use std::ffi::{OsStr, OsString};
use std::io;

use super::Denied;
use crate::wire::ErrorCode;

/// The most names of a directory that are compared. A request costs one packet, so it must not cost a long search.
const MOST_NAMES: usize = 4096;

/// Returns the only one of `names` that is `wanted` in another letter case. `None` if none is, if a name cannot be read,
/// or if there are too many.
///
/// # Errors
///
/// Several names match.
pub(super) fn only_match(
    wanted: &OsStr,
    names: impl IntoIterator<Item = io::Result<OsString>>,
) -> Result<Option<OsString>, Denied> {
    let mut only = None;
    for (place, name) in names.into_iter().enumerate() {
        let Some(name) = name.ok().filter(|_| place < MOST_NAMES) else { return Ok(None) };
        if is_same(wanted, &name) && only.replace(name).is_some() {
            let reason = "several names differ from this one in letter case only";
            return Err(Denied::new(ErrorCode::NOT_FOUND, reason));
        }
    }
    Ok(only)
}

fn is_same(one: &OsStr, other: &OsStr) -> bool {
    let are_same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
    one.eq_ignore_ascii_case(other)
        || !(one.is_ascii() && other.is_ascii())
            && one.to_str().zip(other.to_str()).is_some_and(|(a, b)| are_same(a, b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    fn search(wanted: &[u8], names: &[&[u8]]) -> Result<Option<Vec<u8>>, ErrorCode> {
        let names = names.iter().map(|name| Ok(OsStr::from_bytes(name).to_owned()));
        let only = only_match(OsStr::from_bytes(wanted), names);
        only.map(|only| only.map(|name| name.as_bytes().to_vec())).map_err(|denied| denied.code)
    }

    #[test]
    fn one_name_matches_and_two_do_not() {
        assert_eq!(search(b"BCD", &[b"a", b"bcd", b"bcd2"]), Ok(Some(b"bcd".to_vec())));
        assert_eq!(search(b"BCD", &[b"bc", b"bcd2"]), Ok(None));
        assert_eq!(search(b"BCD", &[b"bcd", b"Bcd"]), Err(ErrorCode::NOT_FOUND));
    }

    #[test]
    fn letters_of_all_languages_and_bytes_of_none_are_compared() {
        let (upper, lower) = ("ÜBER".as_bytes(), "über".as_bytes());
        assert_eq!(search(upper, &[lower]), Ok(Some(lower.to_vec())));
        assert_eq!(search(b"\xffA", &[b"\xffa", b"\xfea"]), Ok(Some(b"\xffa".to_vec())));
    }

    #[test]
    fn a_long_search_ends() {
        let endless = (0..).map(|number| Ok(OsString::from(format!("f{number}"))));
        assert_eq!(only_match(OsStr::new("x"), endless), Ok(None));
    }
}
