//! What is still missing of a line, told in grey behind the cursor: read from the forms and the usage lines of the table.

use super::commands::{Arg, Found, exact, find, is_led, next};
use super::complete::inner_line;
use super::words::{Typed, Word};

/// The arguments that may still follow, as the usage line calls them; `None` while a word is being typed.
pub(crate) fn missing(line: &str) -> Option<String> {
    let Typed { mut words, start, part, quote } = Typed::read(line)?;
    let typing = start < line.len();
    let whole = typing && words.is_empty() && quote.is_none() && exact(&Word::new(&*part)).is_some();
    if whole {
        words.push(Word::new(part));
    } else if typing {
        return None;
    }
    let rest = behind(&words)?;
    Some(format!("{}{rest}", if whole { " " } else { "" }))
}

/// What may follow these words.
fn behind(words: &[Word]) -> Option<String> {
    let (name, args) = words.split_first()?;
    let Found::Command(command) = find(name) else { return None };
    if let Some(inner) = inner_line(command, args).filter(|inner| !inner.is_empty()) {
        return behind(inner);
    }
    let has_words = command.args == [Arg::Words] && !command.forms.is_empty();
    if has_words || is_led(command, args) {
        let rest = next(command, args).into_iter().filter_map(describe).collect::<Vec<_>>().join(" | ");
        return Some(rest).filter(|rest| !rest.is_empty());
    }
    let forms = command.usage.iter().map(|form| arguments(form));
    forms.filter_map(|form| form.get(args.len()..).map(|rest| rest.join(" "))).find(|rest| !rest.is_empty())
}

/// Words that one hint names; Tab knows all.
const NAMED: usize = 7;

/// One argument of a form, as a usage line would call it.
fn describe(arg: Arg) -> Option<String> {
    Some(match arg {
        Arg::Word(word) => word.to_owned(),
        Arg::Choice(words) if words.len() > NAMED => format!("{} | ..", words.get(..NAMED)?.join(" | ")),
        Arg::Choice(words) => words.join(" | "),
        Arg::Switch => "on | off".to_owned(),
        Arg::Number(unit) => unit.to_owned(),
        Arg::Local => "file".to_owned(),
        _ => return None,
    })
}

/// The arguments of a usage line: words, or what brackets hold together.
fn arguments(form: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    let mut begin = 0;
    for (place, letter) in form.char_indices().chain([(form.len(), ' ')]) {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 => {
                found.push(&form[begin..place]);
                begin = place + 1;
            }
            _ => {}
        }
    }
    found.into_iter().skip(1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_still_missing_are_told() {
        for (line, expected) in [
            ("", ""),
            ("ge", ""),
            ("get", " file"),
            ("get ", "file"),
            ("g ", "file"),
            ("get a", ""),
            ("get a ", "localname"),
            ("connect", " host-name [port]"),
            ("connect h ", "[port]"),
            ("connect h 69 ", ""),
            ("verbose ", "[ on | off ]"),
            ("mode ", "[ ascii | netascii | binary | image | octet ]"),
            ("status ", ""),
            ("repeat ", "number [every seconds] command"),
            ("repeat 3 ", "[every seconds] command"),
            ("repeat 3 get ", "file"),
            ("repeat 3 every 5 connect h ", "[port]"),
            ("repeat 3 get a b ", "file ..."),
            ("trace ladder ", "to | off"),
            ("trace ladder to ", "file"),
            ("trace show ", "packet"),
            ("trace off ", ""),
            ("fault drop ", "sent | received | both"),
            ("fault off ", "rule"),
            ("serve ", "[directory [port]] [--read-only | --overwrite]"),
            ("serve . ", "[--read-only | --overwrite]"),
            ("serve stop ", ""),
            ("serve bug ", "sorcerer | first-zero | oversize | wrong-code | one-port | no-resend | no-empty | .."),
            ("client", " bug"),
            ("client bug ", "no-tid | no-dally | off"),
            ("plan 2150 ", "[blksize value] [windowsize value] [rtt value]"),
            ("nonsense ", ""),
            ("get 'a ", ""),
            ("# get ", ""),
        ] {
            assert_eq!(missing(line).unwrap_or_default(), expected, "{line}");
        }
    }
}
