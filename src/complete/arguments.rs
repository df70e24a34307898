//! Completes the arguments of the program: options, HOST, PORT, and a line of the shell.

use std::mem;
use std::time::Duration;

use clap::CommandFactory;

use super::{Candidate, Sources, fit, hosts, line, paths, plain};
use crate::cli::{Cli, foreign_options, name, scope};
use crate::language::{Port, Scope, VIEWS, Value, Word, exact, is_number};
use crate::wire::{BlockSize, Mode, WindowSize};

/// Completes the last argument of the program, after these.
pub(crate) fn arguments(before: &[Word], part: &Word, sources: &Sources) -> Vec<Candidate> {
    let mut options = Cli::command();
    options.build();
    let Place { words, aside, value_of, only_words, named } = Place::after(&options, before);
    if let Some(option) = value_of {
        return values(option, part, sources);
    }
    let connected = named.is_some();
    let (host, command) = match words.split_first() {
        Some((first, rest)) if !connected && exact(first).is_none() => {
            (first.text(), if rest.first().is_some_and(is_number) { &rest[1..] } else { rest })
        }
        _ => (named.as_ref().and_then(Word::text), words.as_slice()),
    };
    let command: Vec<_> = match command.split_first() {
        Some((name, rest)) => [std::slice::from_ref(name), &aside, rest].concat(),
        None => Vec::new(),
    };
    if !only_words && part.bytes().starts_with(b"-") {
        let named = command.first().and_then(exact);
        let is_used = |name: &str, scope| named.is_none_or(|command| command.honours(name, scope));
        let mut found = option_or_value(&options, is_used, part, sources);
        if !command.is_empty() {
            let own = line(&command, part, None, sources).into_iter().filter(|it| it.value.bytes().starts_with(b"-"));
            let own: Vec<_> = own.filter(|own| found.iter().all(|other| other.value != own.value)).collect();
            found.extend(own);
        }
        return found;
    }
    let mut found = line(&command, part, host.map(|host| sources.address(host)), sources);
    if words.is_empty() && !connected {
        found.extend(hosts(part, "", sources));
    }
    found
}

/// The position after some arguments of the program.
struct Place<'a> {
    /// The arguments that are not options of the program.
    words: Vec<Word>,
    /// Options of the command before it.
    aside: Vec<Word>,
    /// The option that the next argument is the value of.
    value_of: Option<&'a clap::Arg>,
    /// No later argument is an option.
    only_words: bool,
    /// The server of `-H`.
    named: Option<Word>,
}

impl<'a> Place<'a> {
    fn after(options: &'a clap::Command, before: &[Word]) -> Self {
        let mut place = Self { words: Vec::new(), aside: Vec::new(), value_of: None, only_words: false, named: None };
        let mut is_value = false;
        for word in before {
            let text = word.text().unwrap_or_default();
            let of_command = foreign_options(options).find(|option| option.is_in(word.bytes()));
            let of_command = of_command.filter(|_| place.value_of.is_none() && !place.only_words);
            if let Some(option) = of_command {
                is_value = option.needs_next(word.bytes());
                if place.words.is_empty() { &mut place.aside } else { &mut place.words }.push(word.clone());
            } else if mem::take(&mut is_value) && !text.starts_with('-') && place.words.is_empty() {
                place.aside.push(word.clone());
            } else if let Some(option) = place.value_of.take() {
                if option.get_id() == "hosts" {
                    place.named = Some(word.clone());
                }
            } else if place.only_words || !text.starts_with('-') || text == "-" {
                place.words.push(word.clone());
            } else if text == "--" {
                place.only_words = true;
            } else if let Some(host) = text.strip_prefix("--host=") {
                place.named = Some(Word::new(host));
            } else {
                place.value_of = options.get_arguments().find(|option| wants_value(option, text));
            }
        }
        place
    }
}

/// Whether the argument after `text` belongs to this option: `--mode octet`, `-m octet`, `-vm octet`.
fn wants_value(option: &clap::Arg, text: &str) -> bool {
    let named = match text.strip_prefix("--") {
        Some(long) => option.get_long() == Some(long),
        None => option.get_short().is_some_and(|short| text.ends_with(short)),
    };
    named && option.get_action().takes_values() && !option.is_require_equals_set()
}

/// Options that the command uses, or the values after `--option=`.
fn option_or_value(
    options: &clap::Command,
    is_used: impl Fn(&str, Scope) -> bool,
    part: &Word,
    sources: &Sources,
) -> Vec<Candidate> {
    let Some(text) = part.text() else { return Vec::new() };
    if let Some((name, value)) = text.split_once('=') {
        let of = |option: &&clap::Arg| option.get_long().is_some_and(|long| name.strip_prefix("--") == Some(long));
        let Some(option) = options.get_arguments().find(of) else { return Vec::new() };
        let mut found = values(option, &Word::new(value), sources);
        for candidate in &mut found {
            candidate.value = Word::new([name.as_bytes(), b"=", candidate.value.bytes()].concat());
        }
        return found;
    }
    let shown = options.get_arguments().filter(|option| !option.is_hide_set() && !option.is_positional());
    let shown = shown.filter(|option| is_used(&name(option), scope(option)));
    let spelled = shown.filter_map(|option| {
        let long = option.get_long().map(|long| format!("--{long}"));
        let short = option.get_short().map(|short| format!("-{short}"));
        // One spelling is enough, and the long one is clearer.
        let value = if text == "-" { long.or(short) } else { long.filter(|_| text.starts_with("--")).or(short) }?;
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        Some(Candidate { value: Word::new(value), help, goes_on: false })
    });
    fit(spelled, part)
}

/// The values of an option, found by their name in its help.
fn values(option: &clap::Arg, part: &Word, sources: &Sources) -> Vec<Candidate> {
    match option.get_value_names().and_then(<[_]>::first).map(|name| name.to_ascii_lowercase()).as_deref() {
        Some("host") => hosts(part, "", sources),
        Some("file") => paths(part, sources),
        Some("when") => fit(["auto", "always", "never"].map(|when| plain(when, "")), part),
        Some("views") => fit(VIEWS.map(|view| plain(view, "")), part),
        Some("mode") => common::<Mode>(part),
        Some("bytes") => common::<BlockSize>(part),
        Some("blocks") => common::<WindowSize>(part),
        Some("port") => common::<Port>(part),
        Some("seconds") => {
            let auto = (option.get_id() == "rexmt").then(|| plain("auto", Duration::AUTO));
            common::<Duration>(part).into_iter().chain(fit(auto, part)).collect()
        }
        _ => Vec::new(),
    }
}

fn common<T: Value>(part: &Word) -> Vec<Candidate> {
    fit(T::suggestions().into_iter().map(|(value, help)| plain(&value, help)), part)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{sources, values};
    use super::*;
    use crate::language::split;

    fn outside(text: &str) -> String {
        let (before, part) = text.rsplit_once(' ').unwrap_or(("", text));
        values(arguments(&split(before.as_bytes()).expect(text).words, &Word::new(part), &sources()))
    }

    #[test]
    fn the_command_line_has_options_too() {
        for (text, expected) in [
            ("--mo", "--mode"),
            ("-4", "-4"),
            ("--mode=n", "--mode=netascii"),
            ("-m o", "octet"),
            ("-vm o", "octet"),
            ("--blksize 65", "65464"),
            ("-H s", "sw1"),
            ("-f f", "fw.bin"),
            ("--trace=l", "--trace=ladder"),
            ("g", "get"),
            ("st", "status"),
            ("sw", "sw1"),
            ("--color a", "auto | always"),
            ("sw1 g", "get"),
            ("sw1 get ", "fw.bin | images/fw.bin"),
            ("get ", "sw1: | 192.0.2.1: | router: | [::1]:"),
            ("sw1 6969 get i", "images/fw.bin"),
            ("-v sw1 -c get i", "images/fw.bin"),
            ("-H router get ru", "run.cfg"),
            ("--host=router get ru", "run.cfg"),
            ("get router:", "router:run.cfg"),
            ("serve --re", "--read-only"),
            ("serve . --p", "--port | --plain | --port-range | --per-host"),
            ("serve . --max-blksize 5", "512"),
            ("serve . --max-blksize=5", "--max-blksize=512"),
            ("--port-range 5:6 serve . --s", ""),
            ("--max-size 5M serve . --read", "--read-only"),
            ("serve . --s", "--single-port"),
            ("get x --s", "--stop-on-error"),
            ("plan 5 --p", "--plain"),
            ("-- --mo", ""),
        ] {
            assert_eq!(outside(text), expected, "{text}");
        }
    }
}
