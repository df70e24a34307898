//! The help of one command, in a shell and on the command line.

use super::command::{Command, Scope};
use super::explained::Explained;
use super::statuses::STATUSES;

/// What `help COMMAND` prints in a shell.
pub(crate) fn in_shell(command: &Command) -> String {
    let usage = command.usage.join("\n       ");
    let about = if command.about.is_empty() { String::new() } else { format!("{}\n", command.about) };
    let rows = [rows(&command.option_rows(false)), rows(&(command.words)())].concat();
    let (examples, see) = (command.examples.join("\n          "), command.see.join(", "));
    format!("{}\nusage: {usage}\n{about}{rows}examples: {examples}\nsee also: {see}", command.brief)
}

/// What `tftp COMMAND --help` prints.
pub(crate) fn on_command_line(command: &Command) -> String {
    let is_apart = !command.foreground.is_empty();
    // Only what uses a server can come after one.
    let place = if command.scope == Scope::Session { "tftp [HOST [PORT]]" } else { "tftp" };
    let forms = command.usage.iter().take(if is_apart { 1 } else { usize::MAX });
    let forms: Vec<_> = forms.map(|form| format!("{place} {form}")).collect();
    let mut parts = vec![capitalised(command.brief), format!("Usage: {}", forms.join("\n       "))];
    if !command.about.is_empty() {
        parts.push(command.about.to_owned());
    }
    let words = (command.words)();
    if !is_apart && !words.is_empty() {
        parts.push(format!("Words:\n{}", rows(&words)));
    }
    let options = command.option_rows(true);
    if !options.is_empty() {
        parts.push(format!("Options:\n{}", rows(&options)));
    }
    let indented = |lines: &[&str]| lines.iter().map(|line| format!("  {line}\n")).collect::<String>();
    parts.push(if is_apart {
        format!("Examples:\n{}", indented(command.foreground))
    } else {
        format!("Examples, as lines of a shell:\n{}", indented(command.examples))
    });
    let statuses: Vec<_> = STATUSES.iter().map(|&(status, meaning)| (status.to_owned(), meaning)).collect();
    parts.push(format!(
        "Exit status:\n{}",
        rows(statuses.get(..if is_apart { 3 } else { statuses.len() }).unwrap_or(&[]))
    ));
    let rest = if is_apart { "explains its forms in a shell" } else { "is the same in a shell" };
    parts.push(format!("\"help {}\" {rest}; \"tftp --help\" lists all options.", command.name));
    parts.iter().map(|part| part.trim_end()).collect::<Vec<_>>().join("\n\n")
}

impl Command {
    /// Explains its options, those of the program too where it `reads_command_line`.
    pub(crate) fn option_rows(&self, reads_command_line: bool) -> Vec<Explained> {
        let options = self.options.iter().filter(|option| reads_command_line || !option.of_program);
        let has_short = self.options.iter().any(|option| option.short.is_some());
        options.map(|option| (option.synopsis(has_short || reads_command_line), option.brief)).collect()
    }
}

/// The rows as lines, with the meanings below each other.
pub(crate) fn rows(rows: &[Explained]) -> String {
    let column = rows.iter().map(|(word, _)| word.chars().count()).max().unwrap_or_default();
    rows.iter().map(|(word, meaning)| format!("  {word:<column$}  {meaning}\n")).collect()
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).chain(['.']).collect())
}

#[cfg(test)]
mod tests {
    use super::super::commands;
    use super::*;

    #[test]
    fn the_help_of_a_command_fits_80_columns_and_is_in_parts() {
        for command in commands() {
            for text in [on_command_line(command), in_shell(command)] {
                let too_long = text.lines().find(|line| line.chars().count() > 80);
                // The usage of BSD is longer.
                assert!(too_long.is_none_or(|line| line.contains(" | ")), "{too_long:?}");
                // The manual page indents them further.
                let options = text.lines().filter(|line| line.contains("  --") || line.contains(", --"));
                assert!(options.clone().all(|line| line.chars().count() <= 78), "{text}");
            }
            let text = on_command_line(command);
            for part in ["\n\nUsage: tftp ", "\n\nExamples", "\n\nExit status:\n  0 "] {
                assert_eq!(text.matches(part).count(), 1, "{part}: {text}");
            }
            for option in command.options {
                let lines = text.lines().filter(|line| line.contains(option.name) && line.ends_with(option.brief));
                assert_eq!(lines.count(), 1, "{}: {text}", option.name);
            }
        }
    }
}
