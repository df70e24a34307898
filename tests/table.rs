//! The table of commands, from which dispatch, help and completion are made, is whole. `readme.rs` holds the README to it.

use std::collections::{BTreeSet, HashMap};

use tftpsh::internals::{Command, Origin, Word, commands, exact, find, split};

fn found(word: &str) -> &'static str {
    match find(&Word::new(word)) {
        Ok(command) => command.name,
        Err(mistake) if mistake.is_ambiguous() => "ambiguous",
        Err(_) => "unknown",
    }
}

#[test]
fn no_word_names_two_commands() {
    let mut seen = BTreeSet::new();
    for name in commands().flat_map(Command::names) {
        assert!(seen.insert(name), "{name}");
        assert!(
            name.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "?!".contains(letter)),
            "{name}"
        );
    }
}

/// The rule anew, in words: a whole name means its command; else the one command of 4.3BSD that begins so; else the one
/// other command whose own name begins so; else the one of which an alias does.
#[test]
fn every_abbreviation_means_what_the_rule_says() {
    let mut owners: HashMap<&str, BTreeSet<&str>> = HashMap::new();
    for command in commands() {
        for name in command.names() {
            for end in 1..=name.len() {
                owners.entry(&name[..end]).or_default().insert(command.name);
            }
        }
    }
    let classics: Vec<_> = commands().filter(|it| it.origin == Origin::Bsd).map(|command| command.name).collect();
    for (prefix, owning) in owners {
        let whole = commands().find(|command| command.names().any(|name| name == prefix));
        let of_old: Vec<_> = classics.iter().filter(|name| name.starts_with(prefix)).collect();
        let own: Vec<_> = commands().map(|command| command.name).filter(|name| name.starts_with(prefix)).collect();
        let expected = match (whole, &of_old[..], &own[..], owning.len()) {
            (Some(command), ..) => command.name,
            (None, [only], ..) => only,
            (None, [], [only], _) => only,
            (None, [], [], 1) => owning.first().expect("one"),
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
    for command in commands() {
        let row = command.name;
        assert!(
            (1..=64).contains(&command.brief.len()),
            "{row}: a line of `?` has 80 letters, 16 of them for the name"
        );
        assert!(!command.brief.ends_with('.'), "{row}");
        assert!(command.brief.starts_with(char::is_lowercase), "{row}: as BSD's");
        assert!(command.ask.is_none_or(|ask| ask.ends_with(") ")), "{row}: what is typed follows a blank");
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
