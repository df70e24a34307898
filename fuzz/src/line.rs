//! A line of the shell, as typed, and as the words of a command line.

use tftpsh::internals::Invocation;
use tftpsh::internals::{Word, split, split_at_blanks};
use tftpsh::internals::{parse_mode, parse_seconds};

/// Splitting never panics, words that are quoted come back, and nothing that is told of them can steer a terminal.
pub fn run(input: &[u8]) {
    let Ok(line) = split(input) else { return };
    let quoted: Vec<u8> = line.words.iter().flat_map(|word| quote(word.bytes())).collect();
    assert_eq!(split(&quoted).map(|again| again.words).as_ref(), Ok(&line.words));
    for word in line.words.iter().chain(&split_at_blanks(input).words) {
        assert!(!word.to_string().chars().any(char::is_control));
        let _ = (parse_mode(word.bytes()), parse_seconds(word.bytes()));
    }
    for before_command in [None, Some(0), Some(1), Some(2)] {
        for named in [false, true] {
            if let Err(bad) = Invocation::read(&line.words, before_command, named) {
                assert!(!bad.to_string().chars().any(char::is_control), "{bad}");
            }
        }
    }
    let _ = Word::new(input).is("get");
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
