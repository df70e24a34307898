//! A line of the shell, as typed, and as the words of a command line.

use std::path::Path;

use tftpsh::internals::{
    Entry, Invocation, NamesSeen, PartialLine, Sources, Word, bookmark, following, hint, line, parse, split,
    split_at_spaces, trace_list, value,
};
use tftpsh::wire::Mode;

/// Splitting and parsing never panic, quoted words come back, no message can steer a terminal, and whatever Tab offers is
/// accepted in its place.
pub fn run(input: &[u8]) {
    if let Ok(text) = str::from_utf8(input) {
        let _ = (hint(text, 60), trace_list(text), value::<Mode>(text));
        if let Some(typed) = PartialLine::read(text) {
            let spelled = typed.spell(&typed.part, false);
            assert_printable(&spelled);
            let line = format!("{}{spelled}", &text[..typed.start]);
            let last = split(line.as_bytes()).expect("a whole line").words.pop();
            let (last, part) = (last.iter().map(Word::bytes).next(), typed.part.bytes());
            assert!(last == Some(part) || part.is_empty(), "{line:?}");
        }
    }
    for word in split_at_spaces(input).words {
        assert_printable(&word);
    }
    let Ok(split_line) = split(input) else { return };
    let words = split_line.words;
    let quoted: Vec<u8> = words.iter().flat_map(|word| quote(word.bytes())).collect();
    // In quotes, no star or tilde has a meaning, which a word knows too.
    assert_eq!(split(&quoted).map(|again| bytes(&again.words)), Ok(bytes(&words)));
    for word in &words {
        assert_printable(word);
    }
    if let Err(mistake) = parse(&words) {
        assert_printable(&mistake);
        let _ = (mistake.bsd_line(), mistake.hint());
    }
    let _ = bookmark(&words);
    for before_command in [None, Some(0), Some(1), Some(2)] {
        for named in [false, true] {
            if let Err(bad) = Invocation::read(&words, before_command, named) {
                assert_printable(&bad);
            }
        }
    }
    for end in 0..=words.len().min(4) {
        offered_is_accepted(&words[..end], &Word::new(""));
        if let Some(part) = words.get(end) {
            offered_is_accepted(&words[..end], part);
        }
    }
}

fn bytes(words: &[Word]) -> Vec<Vec<u8>> {
    words.iter().map(|word| word.bytes().to_vec()).collect()
}

fn offered_is_accepted(before: &[Word], part: &Word) {
    for candidate in line(before, part, Some("router"), &sources()) {
        let words: Vec<_> = before.iter().cloned().chain([candidate.value.clone()]).collect();
        let following = following(&words);
        let is_accepted = following.is_complete || !following.expected.is_empty() || !following.options.is_empty();
        assert!(is_accepted || candidate.goes_on, "{before:?} {candidate:?}");
    }
}

/// A small world of names, some of which look like keywords.
fn sources() -> Sources {
    let list = |_: &Path| {
        let names = ["st", "on", "off", "verify", "fw.bin", "my file"];
        names.map(|name| Entry { name: Word::new(name), is_directory: name == "st" }).to_vec()
    };
    let bookmarks = vec![bookmark(&[Word::new("sw1"), Word::new("192.0.2.1")]).expect("a bookmark")];
    Sources {
        names: NamesSeen::parse("router\n\trun.cfg\n\tverify\n::1\n\tsix\n"),
        bookmarks,
        offered: &["hello.txt"],
        list,
    }
}

fn assert_printable(text: &impl ToString) {
    let text = text.to_string();
    assert!(!text.chars().any(char::is_control), "{text:?}");
}

fn quote(word: &[u8]) -> Vec<u8> {
    let mut quoted = b" '".to_vec();
    for &byte in word {
        match byte {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            other => quoted.push(other),
        }
    }
    quoted.push(b'\'');
    quoted
}
