//! The topics of `help`: short texts about several commands.

use super::matching::{Match, choose};
use super::words::Word;

/// A named text.
#[derive(Debug)]
pub(crate) struct Topic {
    /// Its name in `help`.
    pub name: &'static str,
    /// The subject, in a few words.
    pub brief: &'static str,
    /// The text, at most 78 columns wide.
    pub text: &'static str,
}

macro_rules! topic {
    ($name:literal, $brief:literal) => {
        Topic { name: $name, brief: $brief, text: include_str!(concat!("topics/", $name, ".txt")) }
    };
}

/// Every topic.
pub(crate) static TOPICS: &[Topic] = &[
    topic!("options", "block size, window size and the other options"),
    topic!("modes", "netascii and octet"),
    topic!("errors", "the error codes, and what to do about them"),
    topic!("scripts", "commands from a file, and exit statuses"),
    topic!("uri", "the ways to name a file on a server"),
    topic!("faults", "networks that lose, repeat and reorder"),
    topic!("lessons", "the protocol, step by step"),
    topic!("prompt", "Tab, history, bookmarks and the start-up file"),
];

/// Finds the topic of this name, else the one topic that it begins. Any letter case.
pub(crate) fn find(word: &Word) -> Option<&'static Topic> {
    let names: Vec<_> = TOPICS.iter().enumerate().map(|(place, topic)| (topic.name, place)).collect();
    match choose(word, &names) {
        Match::One(_, place) => TOPICS.get(place),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_fits_a_terminal() {
        for topic in TOPICS {
            assert!(topic.text.ends_with('\n') && !topic.text.ends_with("\n\n"), "{}", topic.name);
            for line in topic.text.lines() {
                assert!(line.chars().count() <= 78 && line.trim_end() == line, "{}: {line}", topic.name);
            }
        }
    }

    #[test]
    fn a_topic_is_found_by_its_beginning() {
        assert_eq!(find(&Word::new("ERR")).map(|topic| topic.name), Some("errors"));
        assert!(find(&Word::new("")).is_none() && find(&Word::new("errorsx")).is_none());
    }
}
