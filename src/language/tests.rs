//! The guarantees of the language: parsers accept what Tab offers, keywords can be abbreviated, and nothing panics.

use std::collections::HashSet;

use proptest::prelude::*;

use super::*;

fn words(line: &str) -> Vec<Word> {
    split(line.as_bytes()).expect(line).words
}

fn and(words: &[Word], word: &str) -> Vec<Word> {
    words.iter().cloned().chain([Word::new(word)]).collect()
}

fn named(word: &str) -> &'static str {
    match find(&Word::new(word)) {
        Ok(command) => command.name,
        Err(mistake) if mistake.is_ambiguous() => "ambiguous",
        Err(_) => "unknown",
    }
}

/// Whether a line may begin with these words.
fn is_beginning(words: &[Word]) -> bool {
    let following = following(words);
    following.is_complete || !following.expected.is_empty() || !following.options.is_empty()
}

/// Words that the parser accepts for what it expects.
fn instances(before: &[Word], expected: &Expected) -> Vec<String> {
    const VALUES: [&str; 9] = ["8", "3-5", "10ms", "5%", "#2", "1", "65464", "5:6", "192.0.2.0/24"];
    let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    match *expected {
        Expected::Keyword(name, _) | Expected::WholeKeyword(name) => owned(&[name]),
        Expected::Value(_, _, suggestions) => {
            let mut all: Vec<_> = suggestions().into_iter().map(|(word, _)| word).collect();
            let digest = "0".repeat(64);
            let more = VALUES.into_iter().chain([digest.as_str()]).filter(|word| is_beginning(&and(before, word)));
            all.extend(more.map(str::to_owned));
            all
        }
        Expected::Assignment(_, words) => owned(words),
        Expected::Name(Source::Command, _) => commands().map(|command| command.name.to_owned()).collect(),
        Expected::Name(Source::Bookmark, _) => owned(&["sw1"]),
        Expected::Name(Source::Host, _) => owned(&["sw1", "::1"]),
        Expected::Name(..) => owned(&["fw.bin", "my file", "dir/"]),
    }
}

/// A line generated from what the parsers expect.
fn walk(turns: &[prop::sample::Index]) -> Vec<Word> {
    let mut line = Vec::new();
    for turn in turns {
        let following = following(&line);
        let mut next: Vec<_> = following.expected.iter().flat_map(|expected| instances(&line, expected)).collect();
        next.extend(following.options.iter().map(|option| option.name.to_owned()));
        if next.is_empty() {
            break;
        }
        line.push(Word::new(next.swap_remove(turn.index(next.len()))));
    }
    line
}

fn turns() -> impl Strategy<Value = Vec<prop::sample::Index>> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..9)
}

/// The parser accepts every offered word after these words, and every unambiguous beginning of it.
fn check(line: &[Word]) {
    let following = following(line);
    let keywords = following.expected.iter().filter_map(|expected| match expected {
        Expected::Keyword(name, _) => Some(*name),
        _ => None,
    });
    let keywords: Vec<&str> = keywords.collect();
    for word in following
        .expected
        .iter()
        .flat_map(|expected| instances(line, expected))
        .chain(following.options.iter().map(|option| option.name.to_owned()))
    {
        assert!(is_beginning(&and(line, &word)), "{line:?} {word}");
    }
    for name in &keywords {
        let whole = and(line, name);
        for end in 1..name.len() {
            let short = &name[..end];
            if keywords.iter().filter(|other| begins(other, short.as_bytes())).count() == 1 {
                let short = and(line, &short.to_uppercase());
                assert!(is_beginning(&short), "{short:?}");
                // The parser reads the line of a repetition later.
                if !matches!(parse(&whole), Ok(Verb::Repeat(_))) {
                    assert_eq!(parse(&short), parse(&whole), "{short:?}");
                }
            }
        }
    }
}

#[test]
fn what_may_begin_a_line_is_accepted() {
    check(&[]);
    for command in commands() {
        let name = [Word::new(command.name)];
        assert!(is_beginning(&name), "{}", command.name);
        check(&name);
        for expected in following(&name).expected {
            for word in instances(&name, &expected) {
                check(&and(&name, &word));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_offered_is_accepted_and_may_be_shortened(turns in turns()) {
        check(&walk(&turns));
    }

    #[test]
    fn a_line_that_was_followed_to_its_end_is_parsed(turns in turns()) {
        let line = walk(&turns);
        if !line.is_empty() && following(&line).is_complete {
            // The parser reads only the words of a repeated command later.
            prop_assert!(parse(&line).is_ok(), "{:?} {:?}", line, parse(&line));
        }
    }

    #[test]
    fn letter_case_of_keywords_does_not_matter(turns in turns()) {
        let line = walk(&turns);
        for (at, word) in line.iter().enumerate() {
            let before = following(&line[..at]);
            let is_keyword = before.expected.iter().any(|it| matches!(it, Expected::Keyword(name, _) if word.is(name)));
            if is_keyword && at > 0 {
                let shouted = and(&line[..at], &word.to_string().to_uppercase());
                if named(&line[0].to_string()) != "repeat" {
                    prop_assert_eq!(parse(&shouted), parse(&line[..=at]));
                }
            }
        }
    }

    #[test]
    fn no_words_panic(turns in turns(), cut in any::<prop::sample::Index>(), noise: Vec<Vec<u8>>) {
        let mut line = walk(&turns);
        let at = cut.index(line.len() + 1);
        line.splice(at..at, noise.into_iter().map(Word::new));
        let mistake = parse(&line).err();
        let _ = (following(&line), mistake.as_ref().map(|it| (it.bsd_line(), it.hint())));
        if let Some(mistake) = mistake {
            prop_assert!(!mistake.to_string().chars().any(char::is_control), "{}", mistake);
        }
        let _ = (bookmark(&line), trace_list(&line.iter().map(|word| format!("{word},")).collect::<String>()));
    }
}

#[test]
fn the_nesting_of_lines_is_limited() {
    let deep = words(&format!("{}get a", "repeat 2 ".repeat(10_000)));
    assert!(parse(&deep).is_ok());
    let _ = following(&deep);
}

#[test]
fn names_are_unique() {
    let mut seen = HashSet::new();
    assert!(commands().flat_map(Command::names).all(|name| seen.insert(name)));
}

#[test]
fn every_row_is_complete_and_its_examples_are_parsed() {
    for command in commands() {
        let row = command.name;
        assert!(!command.brief.is_empty() && !command.usage.is_empty() && !command.examples.is_empty(), "{row}");
        assert!(command.usage.iter().all(|usage| usage.starts_with(row)), "{row}");
        assert!(!command.see.is_empty(), "{row}");
        assert_eq!(
            command.ask.is_some(),
            row != "repeat" && row != "client" && row != "host" && command.read(&[]).is_err(),
            "{row}: asks for what may be missing"
        );
        for name in command.see {
            let known = exact(&Word::new(*name)).is_some() || TOPICS.iter().any(|topic| topic.name == *name);
            assert!(known && *name != row, "{row}: see {name}");
        }
        for example in command.examples {
            let words = words(&example.replacen('!', "! ", 1));
            assert!(parse(&words).is_ok(), "{example}: {:?}", parse(&words));
            assert_eq!(named(&words[0].to_string()), row, "{example}");
        }
    }
}

/// Values for the words of a usage line.
fn stands_for(placeholder: &str) -> &'static [&'static str] {
    match placeholder {
        "host-name" | "address" | "name" => &["sw1", "sorcerer"],
        "port" => &["69"],
        "file" | "localname" | "remotename" | "remote-directory" | "directory" | "..." => &["fw.bin"],
        "sha256-digest" => &["0db37a6ebb4759708c6c5d494e1cc4881c0b209d8d3ff6383fb8565c275df73d"],
        "value" => &["8", "8s"],
        "view" => &["ladder"],
        "transfer" => &["2"],
        "bytes" | "packet" | "pairs" | "number" | "seconds" | "percent" => &["8"],
        "first-last" => &["3-5"],
        "command" | "or" | "topic" => &["status"],
        "action" => &["drop"],
        "direction" => &["sent"],
        "kind" => &["ack"],
        "which" => &["2"],
        "how" => &["times 3"],
        "rule" => &["1", "drop sent ack 2"],
        "fault-words" => &["seed 7"],
        "option" => &["--read-only"],
        "mode=.." => &["mode=octet"],
        "blksize=.." => &["blksize=512"],
        _ => &[],
    }
}

/// The lines that a usage line allows: with and without the part in brackets, and with each choice.
fn lines_of(usage: &str) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut depth = 0;
    for letter in usage.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth -= 1,
            _ => {}
        }
        match (letter, parts.last_mut()) {
            (' ', _) if depth == 0 => parts.push(String::new()),
            (_, Some(part)) => part.push(letter),
            (_, None) => parts.push(letter.to_string()),
        }
    }
    let mut lines = vec![String::new()];
    let mut before = lines.clone();
    let mut is_choice = false;
    for part in parts.iter().filter(|part| !part.is_empty()) {
        if part == "|" {
            is_choice = true;
            continue;
        }
        let inside = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let mut ways = match inside {
            Some(inside) => lines_of(inside.trim()).into_iter().chain([String::new()]).collect(),
            None => stands_for(part).iter().map(|&word| word.to_owned()).collect::<Vec<_>>(),
        };
        if ways.is_empty() {
            ways.push(part.clone());
        }
        let onto = if is_choice { before.clone() } else { lines.clone() };
        let new: Vec<_> = onto.iter().flat_map(|line| ways.iter().map(move |way| format!("{line} {way}"))).collect();
        match inside {
            _ if is_choice => lines.extend(new),
            // The part in brackets belongs to the choice before it.
            Some(_) => lines = new,
            None => before = std::mem::replace(&mut lines, new),
        }
        is_choice = false;
    }
    lines
}

#[test]
fn every_usage_line_has_instances_that_are_parsed() {
    for command in commands() {
        for usage in command.usage {
            let lines = lines_of(usage);
            let parsed: Vec<_> = lines.iter().filter(|line| parse(&words(line)).is_ok()).collect();
            assert!(!parsed.is_empty(), "{usage}: {lines:?}");
            for word in usage.split([' ', '[', ']', '|']).filter(|word| !word.is_empty() && stands_for(word).is_empty())
            {
                assert!(parsed.iter().any(|line| line.split(' ').any(|it| it == word)), "{usage}: {word} in {lines:?}");
            }
        }
    }
}

#[test]
fn the_list_begins_with_the_commands_of_netbsd_in_their_order() {
    let netbsd = "connect mode put get quit verbose blksize tsize trace status binary ascii rexmt timeout tout ?";
    let first: Vec<_> = commands().take_while(|command| command.is_classic()).map(|it| it.name).collect();
    assert_eq!(first.join(" "), netbsd);
    assert_eq!(commands().filter(|command| command.is_classic()).count(), first.len());
}

#[test]
fn the_commands_of_4_3bsd_keep_every_prefix() {
    let bsd = "connect mode put get quit verbose trace status binary ascii rexmt timeout ?";
    let classic: Vec<_> = commands().filter(|command| command.origin == Origin::Bsd).map(|it| it.name).collect();
    assert_eq!(classic.join(" "), bsd);
    for owner in &classic {
        for end in 1..=owner.len() {
            let prefix = &owner[..end];
            let owners = classic.iter().filter(|name| name.starts_with(prefix)).count();
            let expected = if owners == 1 || prefix == *owner { owner } else { "ambiguous" };
            assert_eq!(named(prefix), expected, "{prefix}");
            assert_eq!(named(&prefix.to_ascii_uppercase()), expected, "{prefix}");
        }
    }
}

#[test]
fn abbreviations_are_as_specified() {
    let expected = "p put b binary r rexmt s status v verbose c connect m mode g get q quit a ascii t ambiguous tr trace \
                    ti timeout reach unknown ts tsize to tout bl blksize blo blksize w windowsize o options op options ope connect l ambiguous \
                    li literal lc lcd lp lpwd so source sh sha256 re rexmt rep repeat pr progress se serve h ambiguous \
                    he help hos ambiguous host host e quit by quit bi binary getx unknown";
    for pair in expected.split_whitespace().collect::<Vec<_>>().chunks(2) {
        assert_eq!(named(pair[0]), pair[1], "{}", pair[0]);
    }
    assert_eq!(named(""), "unknown");
}

#[test]
fn words_that_tab_offers_can_be_abbreviated() {
    for (short, full) in [
        ("serve fau dr sent ack 2", "serve fault drop sent ack 2"),
        ("serve stat", "serve status"),
        ("mode oct", "mode octet"),
        ("fault of", "fault off"),
        ("plan 1000 blk 1428", "plan 1000 blksize 1428"),
        ("verbose of", "verbose off"),
        ("trace lad", "trace ladder"),
        ("sha256 of", "sha256 off"),
        ("tsize a", "tsize auto"),
        ("rexmt au", "rexmt auto"),
        ("rep unt ev 5 get a", "repeat until-ok every 5 get a"),
        ("DR se ac 2 t 3", "drop sent ack 2 times 3"),
    ] {
        let parse = |line: &str| {
            if line.starts_with(['D', 'd']) { parse(&words(&format!("fault {line}"))) } else { parse(&words(line)) }
        };
        assert_eq!(parse(short), parse(full), "{short}");
        assert!(parse(full).is_ok(), "{full}");
    }
}

#[test]
fn where_a_path_is_possible_a_prefix_that_could_be_both_is_an_error() {
    let serve = |line: &str| parse(&words(line)).map_err(|mistake| mistake.to_string());
    assert_eq!(serve("serve st"), Err("\"st\" may be status or stop (a file of that name is ./st)".to_owned()));
    assert!(matches!(serve("serve ./st"), Ok(Verb::Serve(ServeVerb::Start(Service { directory: Some(_), .. })))));
    assert!(matches!(serve("serve srv"), Ok(Verb::Serve(ServeVerb::Start(Service { directory: Some(_), .. })))));
}

#[test]
fn mistakes_say_what_was_expected() {
    for (line, expected) in [
        (
            "fault lose sent ack",
            "\"lose\" is not an action; use drop, dup, swap, stranger, delay, corrupt, cut, off, seed, test or remote",
        ),
        ("fault d sent ack", "\"d\" may be drop, dup or delay"),
        ("fault DR", "missing direction after \"drop\"; use sent, received or both"),
        ("fault drop up ack", "\"up\" is not a direction; use sent, received or both"),
        ("fault drop sent", "missing kind of packet after \"sent\"; use any, rrq, wrq, data, ack, oack or error"),
        ("fault delay sent any", "milliseconds must be a number, not \"sent\""),
        (
            "fault drop sent ack second",
            "unexpected \"second\" after a complete rule; use first, last, every, times, rate or N[-M]",
        ),
        ("fault drop sent ack 4-2", "block must be N[-M], not \"4-2\""),
        ("fault drop sent ack every", "missing step after \"every\"; use a number from 1"),
        ("fault drop sent ack every 0", "step must be a number from 1, not \"0\""),
        ("fault drop sent ack times +3", "count must be a number from 1, not \"+3\""),
        ("fault drop sent ack rate 120%", "percent must be 0% to 100%, not \"120%\""),
        ("fault drop sent rrq 2", "rrq packets have no block number: use first, or leave it out"),
        ("fault drop sent ack 2 times 3 4", "unexpected \"4\" after a complete rule"),
        ("fault seed x", "seed must be a number, not \"x\""),
        ("fault seed", "missing number after \"seed\"; use a number"),
        ("trace l", "\"l\" may be ladder or limit"),
        ("trace show x", "packet must be a number (3), not \"x\""),
        ("trace hex x.txt", "unexpected \"x.txt\" after a complete command; use to or off"),
        ("trace pcap", "missing file after \"pcap\"; use off or file"),
        ("plan 5 rate 3", "unexpected \"rate\" after a complete command; use blksize, windowsize or rtt"),
        ("plan 5 blksize", "missing value after \"blksize\"; use 8 to 65464 bytes"),
        ("plan 5 blk 7", "blksize must be 8 to 65464 bytes, not \"7\""),
        ("plan 5 rtt 10", "rtt must be a time with its unit (10ms or 0.2s), not \"10\""),
        ("lesson x", "lesson must be 1 to 12, not \"x\""),
        ("serve bug no-", "\"no-\" may be no-resend, no-empty or no-wrap"),
        ("client bug nonsense", "\"nonsense\" is not a client bug; use no-tid, no-dally, ? or off"),
        ("serve rexmt", "missing value after \"rexmt\"; use seconds above 0 (5 or 0.2) or auto"),
        ("host get h", "get is a command and cannot be used as a host name"),
        ("host a b mode=mail", "mode must be ascii, netascii, binary, image or octet, not \"mail\""),
        ("host a b colour=red", "unexpected \"colour=red\" after a complete command; use mode=.. or blksize=.."),
        ("connect h x", "x: bad port number"),
        ("rexmt never", "never: bad value"),
        ("progress maybe", "maybe: bad value"),
        ("progress o", "o: bad value"),
    ] {
        assert_eq!(parse(&words(line)).map_err(|mistake| mistake.to_string()), Err(expected.to_owned()), "{line}");
    }
    let hint = |line: &str| parse(&words(line)).err().and_then(|mistake| mistake.hint());
    assert_eq!(hint("blksize 7").as_deref(), Some("blksize must be 8 to 65464 bytes, or auto"));
    assert_eq!(hint("tsize x").as_deref(), Some("tsize must be on, off or auto"));
    assert_eq!(hint("connect h 0").as_deref(), Some("port must be 1 to 65535"));
    assert_eq!(hint("fault drop recieved ack").as_deref(), Some("Did you mean \"received\"?"));
}
