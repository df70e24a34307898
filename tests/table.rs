//! The table of commands, from which dispatch, help and completion are made, is whole. `readme.rs` holds the README to it.

use std::collections::{BTreeSet, HashMap};

use tftpsh::fault::{Instruction, Rule};
use tftpsh::internals::{Arg, COMMANDS, Command, Form, Found, exact, find};
use tftpsh::internals::{ClientBug, ServerBug};
use tftpsh::internals::{Word, split};
use tftpsh::trace::{TraceCommand, VIEWS};

fn names(command: &Command) -> impl Iterator<Item = &'static str> {
    [command.name].into_iter().chain(command.aliases.iter().copied())
}

fn found(word: &str) -> &'static str {
    match find(&Word::new(word)) {
        Found::Command(command) => command.name,
        Found::Ambiguous => "ambiguous",
        Found::Unknown => "unknown",
    }
}

#[test]
fn no_word_names_two_commands() {
    let mut seen = BTreeSet::new();
    for name in COMMANDS.iter().flat_map(names) {
        assert!(seen.insert(name), "{name}");
        assert!(
            name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "?!".contains(letter)),
            "{name}"
        );
    }
}

/// The rule anew, in words: a whole name means its command; else the one classic command that begins so; else the one
/// other command that begins so, under any of its names.
#[test]
fn every_abbreviation_means_what_the_rule_says() {
    let mut owners: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for command in COMMANDS.iter() {
        for name in names(command) {
            for end in 1..=name.len() {
                owners.entry(&name[..end]).or_default().insert(command.name);
            }
        }
    }
    let classics: Vec<_> = COMMANDS.iter().filter(|command| command.classic).map(|command| command.name).collect();
    for (prefix, commands) in owners {
        let whole = COMMANDS.iter().find(|command| names(command).any(|name| name == prefix));
        let of_old: Vec<_> = classics.iter().filter(|name| name.starts_with(prefix)).collect();
        let expected = match (whole, &of_old[..], commands.len()) {
            (Some(command), _, _) => command.name,
            (None, [only], _) => only,
            (None, [], 1) => commands.first().expect("one"),
            _ => "ambiguous",
        };
        assert_eq!(found(prefix), expected, "{prefix}");
        assert_eq!(found(&prefix.to_ascii_uppercase()), expected, "{prefix}");
        assert_eq!(found(&format!("{prefix}x")), found(&format!("{prefix}X")), "{prefix}");
    }
}

#[test]
fn the_letters_people_have_in_their_fingers_stay() {
    for (letters, name) in [
        ("p b r s v c m g q a", "put binary rexmt status verbose connect mode get quit ascii"),
        ("reach", "unknown"),
        ("tr ti t", "trace timeout ambiguous"),
    ] {
        let meant: Vec<_> = letters.split(' ').map(found).collect();
        assert_eq!(meant.join(" "), name);
    }
}

#[test]
fn every_row_says_what_it_does_and_shows_how() {
    for command in COMMANDS.iter() {
        let row = command.name;
        assert!(
            (1..=64).contains(&command.brief.len()),
            "{row}: a line of `?` has 80 letters, 16 of them for the name"
        );
        assert!(!command.brief.ends_with('.'), "{row}");
        assert!(command.brief.starts_with(char::is_lowercase), "{row}: as BSD's");
        assert!(!command.usage.is_empty() && !command.examples.is_empty(), "{row}");
        for usage in command.usage {
            let words = usage.split(['[', ']', '|', ' ', '.']).next();
            assert_eq!(words, Some(row), "{usage}");
        }
        for example in command.examples {
            let words = split(example.trim_start_matches('!').as_bytes()).expect(example).words;
            let first =
                if example.starts_with('!') { Some("!") } else { words.first().and_then(exact).map(|it| it.name) };
            assert_eq!(first, Some(row), "{example}: whole names, for people who read");
        }
    }
}

#[test]
fn every_argument_can_be_completed_or_hinted_at() {
    for command in COMMANDS.iter() {
        let row = command.name;
        assert_eq!(
            *command.takes.end() == 0,
            command.args.is_empty(),
            "{row}: what it takes is told, and nothing else"
        );
        assert!(command.takes.start() <= command.takes.end(), "{row}");
        assert!(
            command.ask.is_none_or(|ask| *command.takes.start() > 0 && ask.ends_with(") ")),
            "{row}: asks for what it needs"
        );
        for arg in command.args {
            match arg {
                Arg::Choice(words) => {
                    let unique: BTreeSet<_> = words.iter().collect();
                    assert!(unique.len() == words.len() && words.len() > 1, "{row}: {words:?}");
                    assert!(words.iter().all(|word| !word.is_empty() && !word.contains(' ')), "{row}: {words:?}");
                }
                Arg::Number(of) => assert!(!of.is_empty(), "{row}: of what?"),
                _ => {}
            }
        }
    }
}

#[test]
fn switches_offer_on_and_off() {
    let mut switches = 0;
    for command in COMMANDS.iter().filter(|command| command.args == [Arg::Switch]) {
        let line = format!("{} [ on | off ]", command.name);
        assert_eq!(command.usage, [line.as_str()]);
        switches += 1;
    }
    assert!(switches >= 3, "verbose, literal, progress");
}

/// Lines made by going through a form; a word in the place of each file and number.
fn lines(forms: &[Form], depth: usize) -> Vec<Vec<String>> {
    let mut made = Vec::new();
    for form in forms {
        let mut begun: Vec<Vec<String>> = vec![Vec::new()];
        for arg in *form {
            let ways: Vec<Vec<String>> = match arg {
                Arg::Rest(forms) => lines(forms, depth + 1),
                Arg::Word(word) => vec![vec![(*word).to_owned()]],
                Arg::Choice(words) => words.iter().map(|word| vec![(*word).to_owned()]).collect(),
                Arg::Switch => ["on", "off"].map(|word| vec![word.to_owned()]).to_vec(),
                Arg::Number("percent") => vec![vec!["5%".to_owned()]],
                Arg::Number("first-last") => vec![vec!["3-5".to_owned()]],
                Arg::Number(_) => vec![vec!["8".to_owned()]],
                Arg::Local => vec![vec!["file".to_owned()]],
                other => panic!("{other:?} has no place in a form"),
            };
            begun = begun.iter().flat_map(|line| ways.iter().map(|way| [&line[..], way].concat())).collect();
        }
        made.extend(begun);
    }
    assert!(depth < 8, "a form within itself");
    made
}

fn lines_of(name: &str) -> Vec<Vec<String>> {
    lines(exact(&Word::new(name)).expect(name).forms, 0)
}

/// What Tab and hints offer is what the commands understand.
#[test]
fn every_line_that_the_forms_make_is_understood() {
    let mut tried = 0;
    for (name, understands) in [
        ("trace", (|words| TraceCommand::parse(words).is_ok()) as fn(&[&str]) -> bool),
        ("fault", |words| Instruction::parse(words).is_ok()),
        ("client", |words| matches!(words, ["bug", "off"]) || words[1].parse::<ClientBug>().is_ok()),
        ("serve", |words| match words {
            ["fault", words @ ..] => Instruction::parse(words).is_ok(),
            ["bug", bug] => ["?", "off"].contains(bug) || bug.parse::<ServerBug>().is_ok(),
            _ => true,
        }),
    ] {
        for line in lines_of(name) {
            let words: Vec<&str> = line.iter().map(String::as_str).collect();
            // Only blocks of DATA and ACK have numbers.
            let numbered = words.iter().any(|word| *word == "every" || *word == "8");
            let unnumbered = words.iter().any(|word| ["rrq", "wrq", "oack", "error"].contains(word));
            assert!(numbered && unnumbered || understands(&words), "{name} {}", words.join(" "));
            tried += 1;
        }
    }
    assert!(tried > 500, "only {tried}");
}

/// And what the commands understand, Tab and hints offer.
#[test]
fn every_word_that_is_understood_is_in_the_forms() {
    let offered = |name: &str| lines_of(name).concat().into_iter().collect::<BTreeSet<_>>();
    let (serve, fault, trace, client) = (offered("serve"), offered("fault"), offered("trace"), offered("client"));
    for bug in ServerBug::ALL {
        assert!(serve.contains(bug.name()), "{bug}");
    }
    for bug in ClientBug::ALL {
        assert!(client.contains(bug.name()), "{bug}");
    }
    for begun in ["", "drop", "drop both"] {
        // The complaint about what is missing names all that may stand there.
        let complaint = Rule::parse(begun.split_whitespace()).expect_err("it is not whole").to_string();
        for word in complaint.split(": ").nth(1).expect(&complaint).split(", ") {
            assert!(fault.contains(word) && serve.contains(word), "{word} of {complaint}");
        }
    }
    for view in VIEWS {
        assert!(trace.contains(view), "{view}");
    }
    // Words stand for themselves in usage lines, where they are no placeholders.
    let placeholders =
        ["view", "file", "bytes", "first-last", "packet", "pairs", "action", "direction", "kind", "which"];
    for (name, offered) in [("trace", &trace), ("fault", &fault), ("serve", &serve), ("client", &client)] {
        for usage in exact(&Word::new(name)).expect(name).usage {
            let words = usage.split(['[', ']', '|', ' ']).filter(|word| !word.is_empty()).skip(1);
            for word in words.filter(|word| !word.starts_with("--") && !placeholders.contains(word)) {
                let more = ["how", "rule", "number", "directory", "port", "value", "name", "fault-words"];
                assert!(offered.contains(word) || more.contains(&word), "{usage}: {word}");
            }
        }
    }
}
