//! Hints: the missing arguments of a line, in grey after the cursor, as the usage line names them.

use crate::language::{Expected, Following, PartialLine, exact, following};

/// The most names in one hint. Tab offers all.
const NAMED: usize = 7;

/// Returns the arguments that may follow next, in at most `room` characters; `None` while a word is being typed.
pub fn hint(line: &str, room: usize) -> Option<String> {
    let PartialLine { mut words, start, part, quote } = PartialLine::read(line)?;
    let is_typing = start < line.len();
    let is_command = is_typing && words.is_empty() && quote.is_none() && exact(&part).is_some();
    if is_command {
        words.push(part);
    } else if is_typing || words.is_empty() {
        return None;
    }
    let space = if is_command { " " } else { "" };
    describe(&following(&words), room.saturating_sub(space.len())).map(|rest| format!("{space}{rest}"))
}

/// Names as many of the next words as there is room for.
fn describe(following: &Following, room: usize) -> Option<String> {
    let named = |expected: &&Expected| !matches!(expected, Expected::Keyword(..) | Expected::WholeKeyword(_));
    let keywords = following.expected.iter().filter(|expected| matches!(expected, Expected::Keyword(..)));
    // Names without fixed words come first: Tab offers the others.
    let mut names: Vec<_> = following.expected.iter().filter(named).chain(keywords).map(|it| it.name()).collect();
    let is_optional = following.is_complete || names.is_empty();
    if names.is_empty() {
        names.extend(following.options.iter().map(|option| option.name));
    }
    let described = |count: usize| {
        let more = (count < names.len()).then_some("..");
        let names = names.iter().take(count).copied().chain(more).collect::<Vec<_>>().join(" | ");
        if is_optional && !names.starts_with('[') { format!("[{names}]") } else { names }
    };
    (1..=names.len().min(NAMED)).rev().map(described).find(|hint| hint.chars().count() <= room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_arguments_are_named() {
        for (line, expected) in [
            ("", ""),
            ("ge", ""),
            ("get", " file"),
            ("get ", "file"),
            ("g ", "file"),
            ("get a", ""),
            ("get a ", "[localname]"),
            ("connect", " host-name [port]"),
            ("connect h ", "[port]"),
            ("connect h 69 ", ""),
            ("verbose ", "[on | off]"),
            ("mode ", "[ascii | netascii | binary | image | octet]"),
            ("status ", "[settings]"),
            ("hosts ", ""),
            ("rexmt ", "value | auto"),
            ("repeat ", "number [every seconds] command | until-ok"),
            ("repeat 3 ", "command | every"),
            ("repeat 3 get ", "file"),
            ("repeat 3 every 5 connect h ", "[port]"),
            ("repeat 3 get a b ", "[file]"),
            ("trace ", "[on | off | status | ? | classic | ladder | hex | ..]"),
            ("trace ladder ", "[both | to | off]"),
            ("trace ladder to ", "file"),
            ("trace show ", "packet"),
            ("trace again ", "[transfer | first-last | classic | explain | ladder | hex | json | ..]"),
            ("trace again 2 pcap ", "first-last | to"),
            ("trace off ", ""),
            ("fault drop ", "sent | received | both"),
            ("fault off ", "[rule]"),
            ("serve ", "[directory | status | stop | fault | bug | rexmt | blksize | ..]"),
            ("serve . ", "[port]"),
            (
                "serve . 69 ",
                "[--host | --read-only | --create | --overwrite | --single-port | --port-range | --max-blksize | ..]",
            ),
            ("serve stop ", ""),
            ("serve bug ", "[sorcerer | first-zero | oversize | wrong-code | one-port | no-resend | no-empty | ..]"),
            ("client", " bug"),
            ("client bug ", "[no-tid | no-dally | ? | off]"),
            ("plan 2150 ", "[blksize | windowsize | rtt]"),
            ("host a ", "address [port] [mode=..] [blksize=..]"),
            ("nonsense ", ""),
            ("put a ", "[remotename]"),
            ("put a b ", "[file ... remote-directory]"),
            ("get 'a ", ""),
            ("# get ", ""),
        ] {
            assert_eq!(hint(line, 100).unwrap_or_default(), expected, "{line}");
        }
    }

    #[test]
    fn a_hint_has_as_many_names_as_there_is_room_for() {
        for (room, expected) in [
            (66, Some("[sorcerer | first-zero | oversize | wrong-code | one-port | ..]")),
            (20, Some("[sorcerer | ..]")),
            (14, None),
            (0, None),
        ] {
            assert_eq!(hint("serve bug ", room).as_deref(), expected, "{room}");
        }
        assert_eq!(hint("connect", 10), None);
        assert_eq!(hint("status ", 0), None);
    }
}
