//! The local files that a word means: `~` is the home directory, `*` any part of a name. Quotes disable both.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use fast_glob::glob_match;

use super::CommandError;
use crate::language::Word;

/// A local file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalName {
    /// Where it is.
    pub(super) path: Word,
    /// Its name, which a server gets if the user gives no other: without the home directory of `~/name`.
    pub(super) name: Word,
}

/// Finds the files that a word means, in the order of their names. Only a word without `*` may mean a file that does not
/// exist, or a directory.
pub(super) fn files(word: &Word) -> Result<Vec<LocalName>, CommandError> {
    let mut found = matches(word)?;
    if has_pattern(word) {
        found.retain(|file| !file.path.path().is_dir());
    }
    if found.is_empty() {
        return Err(CommandError::local(format_args!("{word}: no file matches (quotes make * an ordinary character)")));
    }
    Ok(found)
}

/// Finds the one file or directory that a word means.
pub(super) fn one(word: &Word) -> Result<Word, CommandError> {
    match matches(word)?.as_slice() {
        [only] => Ok(only.path.clone()),
        [] => Err(CommandError::local(format_args!("{word}: nothing matches (quotes make * an ordinary character)"))),
        several => Err(CommandError::local(format_args!("{word}: {} names match; name one", several.len()))),
    }
}

/// Reads the name of a file that is to be written.
pub(super) fn written(word: &Word) -> Result<Word, CommandError> {
    if has_pattern(word) {
        return Err(CommandError::local(format_args!("{word}: the name of a new file has a * only in quotes")));
    }
    one(word)
}

/// Whether a `*` of the word means any part of a name.
pub(super) fn has_pattern(word: &Word) -> bool {
    has_star(word, 0..word.bytes().len())
}

fn has_star(word: &Word, mut places: std::ops::Range<usize>) -> bool {
    places.any(|place| word.is_wild(place) && word.bytes().get(place) == Some(&b'*'))
}

fn matches(word: &Word) -> Result<Vec<LocalName>, CommandError> {
    let (home, name) = home(word)?;
    let mut found: Vec<Vec<u8>> = vec![Vec::new()];
    let mut place = name;
    for component in word.bytes().get(name..).unwrap_or_default().split_inclusive(|&byte| byte == b'/') {
        let places = place..place + component.len();
        place = places.end;
        let (text, slash) = component.strip_suffix(b"/").map_or((component, &b""[..]), |text| (text, b"/"));
        if has_star(word, places.clone()) {
            let pattern = pattern(word, places.start, text);
            let in_directory = |directory: Vec<u8>| {
                let entries = entries(&[&home, directory.as_slice()].concat(), text, &pattern);
                entries.into_iter().map(move |entry| [&directory, entry.as_slice(), slash].concat())
            };
            found = found.into_iter().flat_map(in_directory).collect();
        } else {
            found.iter_mut().for_each(|path| path.extend_from_slice(component));
        }
    }
    if has_pattern(word) {
        let exists = |name: &Vec<u8>| fs::symlink_metadata(Word::new([&home, name.as_slice()].concat()).path()).is_ok();
        found.retain(exists);
    }
    let file = |name: Vec<u8>| LocalName { path: Word::new([&home, name.as_slice()].concat()), name: Word::new(name) };
    Ok(found.into_iter().map(file).collect())
}

/// Returns the home directory with a slash, and where the rest of the word begins, if it begins with `~`.
fn home(word: &Word) -> Result<(Vec<u8>, usize), CommandError> {
    let rest = match word.bytes() {
        [b'~'] if word.is_wild(0) => 1,
        [b'~', b'/', ..] if word.is_wild(0) => 2,
        _ => return Ok((Vec::new(), 0)),
    };
    let home = env::home_dir().ok_or_else(|| CommandError::local("no home directory is known; write its path"))?;
    Ok(([home.as_os_str().as_bytes(), b"/"].concat(), rest))
}

/// Writes a component as a pattern in which only the stars outside quotes have a meaning.
fn pattern(word: &Word, start: usize, text: &[u8]) -> Vec<u8> {
    let byte = |(place, &byte): (usize, &u8)| {
        let is_ordinary = b"*?[]{}\\!,".contains(&byte) && !word.is_wild(start + place);
        is_ordinary.then_some(b'\\').into_iter().chain([byte])
    };
    text.iter().enumerate().flat_map(byte).collect()
}

/// Lists the entries of a directory that match, in the order of their names. Hidden ones need their dot. A directory that
/// cannot be read has none.
fn entries(directory: &[u8], text: &[u8], pattern: &[u8]) -> Vec<Vec<u8>> {
    let directory = if directory.is_empty() { Path::new(".") } else { Path::new(OsStr::from_bytes(directory)) };
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().as_bytes().to_vec());
    let fits = |name: &Vec<u8>| (!name.starts_with(b".") || text.starts_with(b".")) && glob_match(pattern, name);
    let mut names: Vec<_> = names.filter(fits).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::split;

    /// The names that the last word of a line means in a directory.
    fn named(line: &str) -> Vec<String> {
        let directory = tempfile::tempdir().expect("a directory");
        let at = |name: &str| directory.path().join(name);
        for directory in ["configs", "images", "images/old"] {
            fs::create_dir(at(directory)).expect("a directory");
        }
        for file in ["b.cfg", "a.cfg", ".c.cfg", "a*b", "axb", "[a].cfg", "configs/d.cfg", "images/e.cfg"] {
            fs::write(at(file), "").expect("a file");
        }
        fs::write(directory.path().join(OsStr::from_bytes(b"\xff.cfg")), "").expect("a file");
        let root = format!("{}/", directory.path().display());
        let line = format!("{root}{line}");
        let word = split(line.as_bytes()).expect("a line").words.remove(0);
        let found = files(&word).unwrap_or_default();
        found.iter().map(|file| file.path.to_string().replace(&root, "")).collect()
    }

    #[test]
    fn a_star_outside_quotes_means_the_files_that_match_in_order() {
        for (line, expected) in [
            ("*.cfg", &["[a].cfg", "a.cfg", "b.cfg", "\\xff.cfg"][..]),
            ("[a]*", &["[a].cfg"]),
            (".*.cfg", &[".c.cfg"]),
            ("*/*.cfg", &["configs/d.cfg", "images/e.cfg"]),
            ("i*/e.cfg", &["images/e.cfg"]),
            ("images/*", &["images/e.cfg"]),
            ("'a*b'", &["a*b"]),
            ("a\\*b", &["a*b"]),
            ("'a*'*", &["a*b"]),
            ("a*b", &["a*b", "axb"]),
            ("?.cfg", &["?.cfg"]),
            ("nosuch", &["nosuch"]),
            ("nosuch*", &[]),
            ("nosuch/*", &[]),
        ] {
            assert_eq!(named(line), expected, "{line}");
        }
    }

    #[test]
    fn a_tilde_is_the_home_directory() {
        let home = env::home_dir().expect("a home").display().to_string();
        let read = |line: &str| {
            let word = split(line.as_bytes()).expect(line).words.remove(0);
            matches(&word).expect(line).remove(0)
        };
        let file = LocalName { path: Word::new(format!("{home}/a/b")), name: Word::new("a/b") };
        assert_eq!(read("~/a/b"), file);
        for line in ["'~/a'", "\\~/a", "a~", "~user/a", "a/~"] {
            let plain = split(line.as_bytes()).expect(line).words.remove(0);
            assert_eq!(read(line).path.bytes(), plain.bytes(), "{line}");
        }
    }
}
