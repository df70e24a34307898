//! The cursor over the words of a command. The parser of the command takes one word after another from it.
//!
//! Each step records what it would accept at the cursor. Where the words end, that record is what Tab offers and what
//! the grey hint names; where a step fails, it is what the mistake lists. So these cannot disagree with the parser.

mod options;
mod values;

use std::borrow::Cow;

use super::expected::{Expected, Source};
use super::matching::{Match, begins, choose, nearest};
use super::mistake::{Mistake, MistakeKind, one_of};
use super::option::CommandOption;
use super::words::{Word, split_at_spaces};
pub(super) use options::GivenOptions;

/// The deepest nesting of lines that is read, as in `repeat 2 repeat 3 get a`.
const DEEPEST: usize = 16;

/// The parts of a command that mistakes name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Synopsis {
    pub(super) name: &'static str,
    pub(super) usage: &'static [&'static str],
    pub(super) options: &'static [CommandOption],
    pub(super) classic: bool,
}

/// The table of commands, as parsers see it. The table contains the parsers, so they get it as a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Commands {
    /// Whether a word is the name of a command.
    pub(super) is_name: fn(&Word) -> bool,
    /// Reads a line within a line; the word is its command.
    pub(super) read_line: fn(&mut Arguments<'_>, &Word) -> Result<(), Mistake>,
}

/// The words of one command, a cursor, and what the steps accept there. A step that fails returns a [`Mistake`].
#[derive(Debug)]
pub struct Arguments<'a> {
    command: Synopsis,
    commands: Option<Commands>,
    words: Cow<'a, [Word]>,
    at: usize,
    /// One more word is being typed; it is not among the words.
    is_open: bool,
    /// How many more nested lines are read, and not only taken.
    depth: usize,
    /// Keywords taken so far, in full.
    keywords: Vec<&'static str>,
    /// What the steps so far accept at the cursor.
    expected: Vec<Expected>,
    /// Options that are still possible, anywhere.
    offered: Vec<&'static CommandOption>,
    /// The word that is being typed is the value of an option.
    awaited: Option<Expected>,
    /// A bad value is reported as BSD does: `X: bad value`.
    is_setting: bool,
    /// The word at the cursor may be a path.
    or_path: bool,
    /// The noun for the words so far, where no more words are possible.
    subject: &'static str,
}

impl<'a> Arguments<'a> {
    /// Puts the cursor before the first word after the command's name.
    pub(super) fn new(command: Synopsis, words: &'a [Word]) -> Self {
        Self {
            command,
            commands: None,
            words: Cow::Borrowed(words),
            at: 0,
            is_open: false,
            depth: 0,
            keywords: Vec::new(),
            expected: Vec::new(),
            offered: Vec::new(),
            awaited: None,
            is_setting: false,
            or_path: false,
            subject: "command",
        }
    }

    /// Adds the table of commands.
    pub(super) fn among(self, commands: Commands) -> Self {
        Self { commands: Some(commands), ..self }
    }

    /// Also reads nested lines, as in `repeat 3 get a`.
    pub(super) fn in_depth(self) -> Self {
        Self { depth: DEEPEST, ..self }
    }

    /// Adds one more word, which is being typed.
    pub(super) fn open(self) -> Self {
        Self { is_open: true, ..self.in_depth() }
    }

    /// Continues with the words of another command.
    pub(super) fn begin(&mut self, command: Synopsis) {
        self.command = command;
        self.keywords.clear();
        self.offered.clear();
        self.is_setting = false;
    }

    /// Returns the words and options that may follow, if the parser took all words.
    pub(super) fn into_following(self) -> (Vec<Expected>, Vec<&'static CommandOption>) {
        match self.awaited {
            Some(value) => (vec![value], Vec::new()),
            None if self.at == self.words.len() => (self.expected, self.offered),
            None => Default::default(),
        }
    }

    /// Whether the word is the name of a command.
    pub(super) fn is_command(&self, word: &Word) -> bool {
        self.commands.is_some_and(|commands| (commands.is_name)(word))
    }

    /// The next word may also be a path; `./NAME` always is.
    pub(super) fn or_path(&mut self) -> &mut Self {
        self.or_path = true;
        self
    }

    /// The next word is the value of a setting: a bad one gets BSD's message.
    pub(super) fn setting(&mut self) -> &mut Self {
        self.is_setting = true;
        self
    }

    /// Takes one of these keywords, if one is next. An ambiguous one is a mistake.
    pub(super) fn choice_if<T: Copy + PartialEq>(&mut self, table: &[(&'static str, T)]) -> Result<Option<T>, Mistake> {
        for (place, (name, value)) in table.iter().enumerate() {
            // Of several names for one value, the first is enough.
            if table.iter().take(place).all(|(_, earlier)| earlier != value) {
                self.expected.push(Expected::Keyword(name, ""));
            }
        }
        let Some(word) = self.peek() else { return Ok(None) };
        match choose(word, table) {
            Match::One(name, value) => {
                self.keywords.push(name);
                self.take();
                Ok(Some(value))
            }
            Match::Several(choices) => {
                let word = word.to_string();
                Err(self.mistake(MistakeKind::Ambiguous { word, choices, or_path: self.or_path }))
            }
            Match::None => Ok(None),
        }
    }

    /// Takes one of these keywords, if there is a word; `what` is what they have in common.
    pub(super) fn choice_or_end<T: Copy + PartialEq>(
        &mut self,
        what: &'static str,
        table: &[(&'static str, T)],
    ) -> Result<Option<T>, Mistake> {
        let chosen = self.choice_if(table);
        match (chosen, self.peek()) {
            (Ok(None) | Err(_), Some(word)) if self.is_setting => {
                Err(self.bad_value(word, what, one_of(&self.choices())))
            }
            (Ok(None), Some(word)) => {
                let nearest = nearest(word, self.expected.iter().map(|expected| expected.name()));
                let (word, choices) = (word.to_string(), self.choices());
                Err(self.mistake(MistakeKind::Unknown { word, what, choices, nearest }))
            }
            (chosen, _) => chosen,
        }
    }

    /// Takes one of these keywords; `what` is what they have in common.
    pub(super) fn choice<T: Copy + PartialEq>(
        &mut self,
        what: &'static str,
        table: &[(&'static str, T)],
    ) -> Result<T, Mistake> {
        self.choice_or_end(what, table)?.ok_or_else(|| self.missing(what))
    }

    /// Takes one of these keywords, if one is next.
    pub(super) fn keyword_if(&mut self, names: &[&'static str]) -> Result<Option<&'static str>, Mistake> {
        self.choice_if(&pairs(names))
    }

    /// Takes this keyword, if it is next; `help` explains it.
    pub(super) fn flag(&mut self, name: &'static str, help: &'static str) -> bool {
        self.expected.push(Expected::Keyword(name, help));
        let is_next = self.peek().is_some_and(|word| !word.bytes().is_empty() && begins(name, word.bytes()));
        self.take_if(is_next, name)
    }

    /// Takes this keyword among names, if it is next and complete.
    pub(super) fn whole_keyword_if(&mut self, name: &'static str) -> bool {
        self.expected.push(Expected::WholeKeyword(name));
        let is_next = self.peek().is_some_and(|word| word.is(name));
        self.take_if(is_next, name)
    }

    /// Takes one of these keywords, the only word, if there is one. A bad word gets BSD's message.
    pub(super) fn only_choice<T: Copy + PartialEq>(
        &mut self,
        table: &[(&'static str, T)],
    ) -> Result<Option<T>, Mistake> {
        self.at_most(1)?;
        self.setting().choice_or_end("switch", table)
    }

    /// Takes a name.
    pub(super) fn name(&mut self, source: Source, name: &'static str) -> Result<Word, Mistake> {
        self.name_if(source, name).ok_or_else(|| self.missing(name))
    }

    /// Takes a name, if there is a word.
    pub(super) fn name_if(&mut self, source: Source, name: &'static str) -> Option<Word> {
        self.expected.push(Expected::Name(source, name));
        self.take()
    }

    /// Takes all remaining words as names.
    pub(super) fn names(&mut self, source: Source, name: &'static str) -> Vec<Word> {
        std::iter::from_fn(|| self.name_if(source, name)).collect()
    }

    /// Takes all remaining words as a line, which is read later.
    pub(super) fn line(&mut self) -> Result<Vec<Word>, Mistake> {
        let rest = self.rest().to_vec();
        let name = self.name_if(Source::Command, "command").ok_or_else(|| self.usage())?;
        match self.commands {
            Some(commands) if self.depth > 0 => {
                self.depth -= 1;
                (commands.read_line)(self, &name)?;
            }
            _ => self.at = self.words.len(),
        }
        Ok(rest)
    }

    /// Splits the remaining words at their spaces: `"drop sent ack 2"` is a `subject` of four.
    pub(super) fn unquote(&mut self, subject: &'static str) {
        self.subject = subject;
        if self.rest().iter().any(|word| word.bytes().contains(&b' ')) {
            let rest: Vec<_> = self.rest().iter().flat_map(|word| split_at_spaces(word.bytes()).words).collect();
            self.words.to_mut().truncate(self.at);
            self.words.to_mut().extend(rest);
        }
    }

    /// Returns the remaining words.
    pub(super) fn rest(&self) -> &[Word] {
        self.words.get(self.at..).unwrap_or_default()
    }

    /// Whether at most one word remains.
    pub(super) fn is_last(&self) -> bool {
        self.rest().len() + usize::from(self.is_open) <= 1
    }

    /// Checks that at most so many words remain.
    pub(super) fn at_most(&self, count: usize) -> Result<(), Mistake> {
        if self.rest().len() > count { Err(self.usage()) } else { Ok(()) }
    }

    /// Returns the verb if no word remains.
    pub(super) fn end<T>(&self, verb: T) -> Result<T, Mistake> {
        let Some(word) = self.peek() else { return Ok(verb) };
        if self.expected.is_empty() && self.keywords.is_empty() {
            return Err(self.usage());
        }
        let (word, subject, choices) = (word.to_string(), self.subject, self.choices());
        Err(self.mistake(MistakeKind::Unexpected { word, subject, choices }))
    }

    /// Returns the mistake of a line that breaks a rule beyond the grammar.
    pub(super) fn breaks(&self, rule: impl Into<String>) -> Mistake {
        self.mistake(MistakeKind::Rule(rule.into()))
    }

    /// Returns the mistake of too few or too many words, for which BSD prints the usage.
    pub(super) fn usage(&self) -> Mistake {
        self.mistake(MistakeKind::Usage { usage: self.command.usage })
    }

    fn mistake(&self, kind: MistakeKind) -> Mistake {
        Mistake { kind, classic: self.command.classic }
    }

    /// Returns the mistake of a wrong next word, in BSD's words.
    fn bsd(&self, wrong: &str, usage: Option<&'static str>, hint: Option<String>) -> Mistake {
        let word = self.peek().map(Word::to_string).unwrap_or_default();
        self.mistake(MistakeKind::Bsd { sentence: format!("{word}: {wrong}"), usage, hint })
    }

    fn missing(&self, what: &'static str) -> Mistake {
        match self.keywords.last() {
            Some(after) => self.mistake(MistakeKind::Missing { what, after, choices: self.choices() }),
            None => self.usage(),
        }
    }

    /// Returns the mistake of a bad value. An unnamed value belongs to the last keyword, or to the command.
    fn bad_value(&self, word: &Word, name: &'static str, range: String) -> Mistake {
        let setting = self.keywords.last().copied().unwrap_or(self.command.name);
        let what = if self.is_setting || matches!(name, "value" | "number") { setting } else { name };
        self.mistake(MistakeKind::Value { word: word.to_string(), what, range, is_setting: self.is_setting })
    }

    fn choices(&self) -> Vec<String> {
        self.expected.iter().map(|expected| expected.choice()).collect()
    }

    fn peek(&self) -> Option<&Word> {
        self.words.get(self.at)
    }

    fn take(&mut self) -> Option<Word> {
        let word = self.words.get(self.at)?.clone();
        self.at += 1;
        self.or_path = false;
        self.expected.clear();
        Some(word)
    }

    fn take_if(&mut self, is_next: bool, keyword: &'static str) -> bool {
        if is_next {
            self.keywords.push(keyword);
            self.take();
        }
        is_next
    }
}

/// The two positions of a switch.
pub(super) const ON_OFF: [(&str, bool); 2] = [("on", true), ("off", false)];

/// Keywords whose values are the keywords themselves.
pub(super) fn pairs(names: &[&'static str]) -> Vec<(&'static str, &'static str)> {
    names.iter().map(|name| (*name, *name)).collect()
}
