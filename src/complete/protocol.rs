//! The protocol with bash, zsh and fish, in internal words:
//!
//! | words | answer |
//! | --- | --- |
//! | `__complete -- WORD... PART` | the replacements of PART: per line, a value, a tab and help |
//! | `__complete-line -- LINE BREAKS` | the same for a line as typed in bash, which cuts words at BREAKS as well |
//! | `__completions bash\|zsh\|fish` | the completion script for that shell |
//! | `__man` | the manual page |

use super::{Candidate, Sources, arguments, manual};
use crate::language::{PartialLine, Word, printable};
use crate::profile::Directories;

/// Answers such words; `None` if they are other words.
pub(crate) fn answer(words: &[Word]) -> Option<String> {
    let (first, rest) = words.split_first()?;
    match (first.text()?, rest) {
        ("__complete", [before @ .., part]) => Some(lines(&complete(before, part))),
        ("__complete-line", [line, breaks]) => Some(complete_line(line.text()?, breaks.text()?)),
        ("__completions", [shell]) => script(shell.text()?).map(str::to_owned),
        ("__man", []) => Some(manual::page()),
        _ => None,
    }
}

fn complete(before: &[Word], part: &Word) -> Vec<Candidate> {
    arguments(before, part, &Sources::load(Directories::of_user().as_ref()))
}

/// Completes a line of bash, which splits `sw1:fw` into three words outside quotes and replaces only the last.
fn complete_line(line: &str, breaks: &str) -> String {
    let Some(PartialLine { words, start, part, quote }) = PartialLine::read(line) else { return String::new() };
    let Some((_, before)) = words.split_first() else { return String::new() };
    let mut found = complete(before, &part);
    let cuts = |byte: &u8| b":=".contains(byte) && breaks.as_bytes().contains(byte);
    if quote.is_none() && line.as_bytes().iter().skip(start).any(cuts) {
        let kept = part.bytes().iter().rposition(cuts).map_or(0, |place| place + 1);
        for candidate in &mut found {
            candidate.value = Word::new(candidate.value.bytes().get(kept..).unwrap_or_default());
        }
    }
    lines(&found)
}

/// Returns a completion script. The scripts are files, so that packagers install them without running the program.
fn script(shell: &str) -> Option<&'static str> {
    match shell {
        "bash" => Some(include_str!("../../completions/tftp.bash")),
        "zsh" => Some(include_str!("../../completions/_tftp")),
        "fish" => Some(include_str!("../../completions/tftp.fish")),
        _ => None,
    }
}

/// The answer. It leaves out names that other shells would print raw, and those that do not fit in a line.
fn lines(found: &[Candidate]) -> String {
    let line = |it: &Candidate| {
        let value = printable(it.value.bytes())?;
        Some(format!("{value}\t{}\n", it.help.lines().next().unwrap_or_default()))
    };
    found.iter().filter_map(line).collect()
}
