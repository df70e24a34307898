//! An error in the words of a line: the plain sentence, BSD's line and the next step.

use thiserror::Error;

/// A line that the language does not accept. `Display` is the plain sentence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind}")]
pub struct Mistake {
    pub(super) kind: MistakeKind,
    /// The command is classic: its mistakes go to standard output.
    pub(super) classic: bool,
}

/// The kind of mistake. Words are safe to print; `what` names the expected item, `choices` lists its values.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum MistakeKind {
    #[error("no such command")]
    NoCommand { hint: Option<String> },
    #[error("ambiguous command")]
    AmbiguousCommand { candidates: Vec<&'static str> },
    /// Too few words, or too many.
    #[error("usage: {}", usage.join(" | "))]
    Usage { usage: &'static [&'static str] },
    /// The line ends after this keyword.
    #[error("missing {what} after \"{after}\"{}", use_one_of(choices))]
    Missing { what: &'static str, after: &'static str, choices: Vec<String> },
    #[error("\"{word}\" is not {} {what}{}", article(what), use_one_of(choices))]
    Unknown { word: String, what: &'static str, choices: Vec<String>, nearest: Option<&'static str> },
    /// The beginning of several keywords, or perhaps a file.
    #[error("\"{word}\" may be {}{}", one_of(choices), if *or_path { format!(" (a file of that name is ./{word})") } else { String::new() })]
    Ambiguous { word: String, choices: Vec<&'static str>, or_path: bool },
    /// A word after a complete line, and not one of those that can follow.
    #[error("unexpected \"{word}\" after a complete {subject}{}", use_one_of(choices))]
    Unexpected { word: String, subject: &'static str, choices: Vec<String> },
    #[error("{}", if *is_setting { format!("{word}: bad value") } else { format!("{what} must be {range}, not \"{word}\"") })]
    Value { word: String, what: &'static str, range: String, is_setting: bool },
    #[error("{word}: no such option of {command}{}", did_you_mean(*nearest, command))]
    NoOption { word: String, command: &'static str, nearest: Option<&'static str> },
    #[error("{option} needs a value: {range}")]
    NoOptionValue { option: &'static str, range: String },
    #[error("{option} {}: must be {range}", if word.is_empty() { "\"\"" } else { word })]
    OptionValue { option: &'static str, word: String, range: String },
    /// A sentence of BSD's, and the usage after it or a hint.
    #[error("{sentence}")]
    Bsd { sentence: String, usage: Option<&'static str>, hint: Option<String> },
    /// A violation of a rule beyond the grammar.
    #[error("{0}")]
    Rule(String),
}

impl Mistake {
    /// Returns the line that BSD prints on standard output; `None` if BSD has no such line.
    pub fn bsd_line(&self) -> Option<String> {
        match &self.kind {
            MistakeKind::NoCommand { .. } => Some("?Invalid command".to_owned()),
            MistakeKind::AmbiguousCommand { .. } => Some("?Ambiguous command".to_owned()),
            MistakeKind::Usage { usage } => Some(format!("usage: {}", usage.join("\n       "))),
            MistakeKind::Bsd { sentence, usage: Some(usage), .. } => Some(format!("{sentence}\nusage: {usage}")),
            MistakeKind::Bsd { sentence, usage: None, .. } => Some(sentence.clone()),
            MistakeKind::Value { is_setting: true, .. } => Some(self.to_string()),
            MistakeKind::Rule(_) => None,
            _ => self.classic.then(|| self.to_string()),
        }
    }

    /// Returns the next step, as a sentence. After a bad value it is the range of the setting: `blksize must be 8 to 65464
    /// bytes, or auto`.
    pub fn hint(&self) -> Option<String> {
        match &self.kind {
            MistakeKind::NoCommand { hint } => hint.clone(),
            MistakeKind::Unknown { nearest, .. } => nearest.map(|name| format!("Did you mean \"{name}\"?")),
            MistakeKind::AmbiguousCommand { candidates } => Some(format!("It may be {}.", candidates.join(", "))),
            MistakeKind::Value { what, range, is_setting: true, .. } => Some(format!("{what} must be {range}")),
            MistakeKind::Bsd { hint, .. } => hint.clone(),
            _ => None,
        }
    }

    /// Whether the word is the beginning of several commands.
    pub fn is_ambiguous(&self) -> bool {
        matches!(self.kind, MistakeKind::AmbiguousCommand { .. })
    }
}

/// The longest list of choices that an error prints.
const LISTED: usize = 15;

fn use_one_of(choices: &[String]) -> String {
    match choices.len() {
        1..=LISTED => format!("; use {}", one_of(choices)),
        _ if choices.iter().any(|choice| choice == "?") => "; ? lists them".to_owned(),
        _ => String::new(),
    }
}

fn did_you_mean(nearest: Option<&str>, command: &str) -> String {
    match nearest {
        Some(name) => format!("; did you mean \"{name}\"?"),
        None => format!("; \"help {command}\" lists them"),
    }
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

/// `sent, received or both`
pub(super) fn one_of(choices: &[impl AsRef<str>]) -> String {
    joined(choices, "or")
}

/// `sent, received and both`
pub(super) fn all_of(names: &[impl AsRef<str>]) -> String {
    joined(names, "and")
}

fn joined(choices: &[impl AsRef<str>], conjunction: &str) -> String {
    let choices: Vec<_> = choices.iter().map(AsRef::as_ref).collect();
    match choices.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} {conjunction} {last}", others.join(", ")),
        _ => choices.concat(),
    }
}
