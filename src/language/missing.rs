//! Commands of other file transfer programs that TFTP cannot have.

use super::words::Word;

/// Their names, and what TFTP cannot do and what to use instead.
const MISSING: &[(&[&str], &str)] = &[
    (
        &["ls", "dir", "mls", "mdir"],
        "TFTP cannot list files; \"get\" takes the exact name, and \"!ls\" lists local files.",
    ),
    (&["cd", "pwd"], "TFTP has no current directory; write \"get images/fw.bin\", or use \"lcd\" for the local one."),
    (
        &["del", "delete", "rm", "mdelete"],
        "TFTP cannot delete files; do this on the server, or replace the file with \"put\".",
    ),
    (
        &["mkdir", "rmdir", "rename", "mv", "chmod"],
        "TFTP can only read and write files; do this on the server, or use \"!\" for local files.",
    ),
];

/// Returns the sentence about a word, in any letter case; `None` if no program has such a command.
pub(super) fn advice(word: &Word) -> Option<&'static str> {
    let known = MISSING.iter().find(|(names, _)| names.iter().any(|name| word.is(name)));
    known.map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::super::find;
    use super::*;

    #[test]
    fn no_missing_command_is_a_command_or_its_abbreviation() {
        for name in MISSING.iter().flat_map(|(names, _)| *names) {
            let mistake = find(&Word::new(name.to_ascii_uppercase())).expect_err(name);
            assert_eq!(mistake.hint().as_deref(), advice(&Word::new(*name)), "{name}");
        }
    }
}
