//! The hidden names of files that are not in place yet.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

/// The longest name common file systems take, in bytes.
const NAME_LIMIT: usize = 255;

/// The number of the next temporary file of this process.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Returns `.NAME.PID-COUNTER.part`, with NAME shortened if the whole would be too long.
pub(super) fn temporary_name(name: &OsStr) -> OsString {
    let suffix = format!(".{}-{}.part", process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
    let name = name.as_bytes();
    let mut length = name.len().min(NAME_LIMIT - 1 - suffix.len());
    // Some file systems take only whole UTF-8: do not cut within a character.
    while length > 0 && name.get(length).is_some_and(|byte| byte & 0xc0 == 0x80) {
        length -= 1;
    }
    OsString::from_vec([b".", &name[..length], suffix.as_bytes()].concat())
}

/// Whether a name has the form `.NAME.PID-COUNTER.part`; some file systems change the letter case of the ending.
pub(super) fn is_temporary_name(name: &OsStr) -> bool {
    let numbers = || {
        let (rest, ending) = name.as_bytes().strip_prefix(b".")?.split_last_chunk::<5>()?;
        let dot = rest.iter().rposition(|&byte| byte == b'.').filter(|&dot| dot > 0)?;
        let numbers = str::from_utf8(rest.get(dot + 1..)?).ok()?;
        ending.eq_ignore_ascii_case(b".part").then_some(numbers.split_once('-')?)
    };
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    numbers().is_some_and(|(pid, counter)| is_number(pid) && is_number(counter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_names_are_recognised_and_fit() {
        for name in ["fw.bin", &"n".repeat(255), &"ü".repeat(127), ".hidden"] {
            let temporary = temporary_name(OsStr::new(name));
            assert!(temporary.len() <= NAME_LIMIT && temporary.to_str().is_some(), "{temporary:?}");
            assert!(is_temporary_name(&temporary), "{temporary:?}");
        }
        assert!(is_temporary_name(OsStr::new(".a.b.12-3.PART")));
    }

    #[test]
    fn other_names_are_not_recognised() {
        for name in
            ["a.part", ".a.part", ".a.1.part", ".a.1-.part", ".a.+1-1.part", ".a.1--1.part", "a.1-1.part", ".1-1.part"]
        {
            assert!(!is_temporary_name(OsStr::new(name)), "{name}");
        }
    }
}
