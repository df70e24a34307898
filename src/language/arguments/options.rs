//! The step that takes options. They are anywhere among the words, so it comes before the steps that take words.

use super::super::matching::nearest;
use super::super::mistake::{Mistake, MistakeKind};
use super::super::option::{CommandOption, is_option};
use super::super::value::Value;
use super::super::words::Word;
use super::Arguments;

/// The options that a line has, each with its value, in their order.
#[derive(Debug, Default)]
pub(in crate::language) struct GivenOptions {
    given: Vec<(&'static CommandOption, Word)>,
}

impl Arguments<'_> {
    /// Takes the options of the command out of the remaining words. After `--`, no word is an option.
    pub(in crate::language) fn options(&mut self) -> Result<GivenOptions, Mistake> {
        let options = self.command.options;
        let mut taken = GivenOptions::default();
        let mut words = self.rest().to_vec().into_iter().peekable();
        let mut rest = Vec::new();
        let mut is_over = false;
        while let Some(word) = words.next() {
            if word.bytes() == b"--" {
                is_over = true;
                rest.extend(words.by_ref());
            } else if is_option(&word) {
                let (option, value) = self.option(&word)?;
                let value = match (option.value, value) {
                    (None, _) => Word::new([]),
                    (Some(_), Some(value)) => value,
                    (Some(expected), None) => match words.next_if(|next| !is_option(next)) {
                        Some(value) => value,
                        None if self.is_open && words.peek().is_none() => {
                            self.awaited = Some(expected);
                            break;
                        }
                        None => {
                            let (option, range) = (option.name, expected.choice());
                            return Err(self.mistake(MistakeKind::NoOptionValue { option, range }));
                        }
                    },
                };
                taken.given.push((option, value));
            } else {
                rest.push(word);
            }
        }
        self.words.to_mut().truncate(self.at);
        self.words.to_mut().extend(rest);
        if let Some((one, other)) = taken.contradiction() {
            return Err(self.breaks(format!("{one} and {other} exclude each other")));
        }
        self.offered = if is_over { Vec::new() } else { options.iter().filter(|it| taken.may_follow(it)).collect() };
        Ok(taken)
    }

    /// Offers only these options from now on, after a word that rules out the others.
    pub(in crate::language) fn offer_only(&mut self, is_possible: impl Fn(&str) -> bool) {
        self.offered.retain(|option| is_possible(option.name));
    }

    /// Finds the option that a word gives, and the value in that word.
    fn option(&self, word: &Word) -> Result<(&'static CommandOption, Option<Word>), Mistake> {
        let options = self.command.options;
        let found = options.iter().find_map(|option| Some((option, option.split(word.bytes())?)));
        let name = word.bytes().split(|&byte| byte == b'=').next().unwrap_or_default();
        let Some((option, value)) = found else {
            let near = nearest(&Word::new(name), options.iter().map(|option| option.name));
            let (word, command) = (Word::new(name).to_string(), self.command.name);
            return Err(self.mistake(MistakeKind::NoOption { word, command, nearest: near }));
        };
        if option.of_program {
            let (option, command) = (option.name, self.command.name);
            return Err(self.breaks(format!("{option} is an option of the command line: tftp {command} {option}")));
        }
        if value.is_some() && option.value.is_none() {
            return Err(self.breaks(format!("{} takes no value", option.name)));
        }
        Ok((option, value.map(Word::new)))
    }
}

impl GivenOptions {
    /// Whether there is none.
    pub(in crate::language) fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// Whether this one is there.
    pub(in crate::language) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(option, _)| option.name == name)
    }

    /// Returns the word that is the last value of an option.
    pub(in crate::language) fn word(&self, name: &str) -> Option<Word> {
        self.given.iter().rfind(|(option, _)| option.name == name).map(|(_, word)| word.clone())
    }

    /// Reads the last value of an option.
    pub(in crate::language) fn value<T: Value>(&self, name: &str) -> Result<Option<T>, Mistake> {
        self.values(name).map(|mut values| values.pop())
    }

    /// Reads each value of an option.
    pub(in crate::language) fn values<T: Value>(&self, name: &str) -> Result<Vec<T>, Mistake> {
        let given = self.given.iter().filter(|(option, _)| option.name == name);
        given
            .map(|(option, word)| {
                let (name, written, range) = (option.name, word.to_string(), T::range());
                let kind = MistakeKind::OptionValue { option: name, word: written, range };
                T::read(word).ok_or(Mistake { kind, classic: false })
            })
            .collect()
    }

    /// Finds two options that contradict each other.
    fn contradiction(&self) -> Option<(&'static str, &'static str)> {
        let given = self.given.iter().map(|(option, _)| option);
        let excluded = given.flat_map(|option| option.excludes.iter().map(|other| (option.name, *other)));
        excluded.into_iter().find(|(_, other)| self.has(other))
    }

    /// Whether an option may be added.
    fn may_follow(&self, option: &CommandOption) -> bool {
        let excludes = |one: &CommandOption, other: &CommandOption| one.excludes.contains(&other.name);
        let mut given = self.given.iter().map(|(given, _)| *given);
        !option.of_program
            && !given.any(|given| {
                given.name == option.name && !option.repeats || excludes(given, option) || excludes(option, given)
            })
    }
}
