//! help and ?: the commands and topics.

use std::io;

use crate::language::help::in_shell;
use crate::language::{Command, Group, TOPICS, Topic, Word, commands, find, find_topic};
use crate::shell::{CommandError, Handled, Outcome, Shell};
use crate::style::Look;
use crate::terminal::{Place, Subject};

/// Columns of the rows of names.
const WIDTH: usize = 80;

/// Lists the commands as BSD does.
pub(crate) fn list(shell: &Shell<'_>) -> Handled {
    let classic = shell.workspace.session.settings.classic;
    shell.console.say("Commands may be abbreviated.  Commands are:\n")?;
    for command in commands().filter(|command| command.is_classic() || !classic) {
        shell.console.say(format_args!("{:<8}\t{}", command.name, command.brief))?;
    }
    if shell.console.place == Place::Terminal && !classic {
        shell.console.say("\n\"help\" shows them in groups; \"help COMMAND\" explains one.")?;
    }
    Ok(Outcome::done())
}

/// Shows the commands by subject to a person, and lists them for all others.
pub(crate) fn overview(shell: &Shell<'_>) -> Handled {
    if shell.console.place != Place::Terminal || shell.workspace.session.settings.classic {
        return list(shell);
    }
    let style = shell.console.style(shell.console.stream());
    for (group, title) in GROUPS {
        shell.console.say(style.paint(Look::Strong, title))?;
        shell.console.say(rows(names(group)))?;
    }
    shell.console.say(style.paint(Look::Strong, "Topics"))?;
    shell.console.say(rows(TOPICS.iter().map(|topic| topic.name)))?;
    shell.answer(
        "\"help get\" explains a command, \"help errors\" a topic; \"help WORD\" searches.\n\"?\" lists all commands.",
    )
}

/// The subjects, in the order that a newcomer needs them.
const GROUPS: [(Group, &str); 5] = [
    (Group::Transfer, "Files and servers"),
    (Group::Settings, "Settings (\"status\" shows them)"),
    (Group::Trace, "Packets"),
    (Group::Practice, "Practice (\"lesson\" begins)"),
    (Group::Local, "This side"),
];

/// The commands of a group.
fn names(group: Group) -> impl Iterator<Item = &'static str> {
    commands().filter(move |command| command.group == group).map(|command| command.name)
}

/// The names in rows that fit a terminal.
fn rows(names: impl Iterator<Item = &'static str>) -> String {
    let mut rows = vec![String::new()];
    for name in names {
        if let Some(row) = rows.last_mut() {
            if row.len() + 2 + name.len() <= WIDTH {
                row.push_str("  ");
                row.push_str(name);
            } else {
                rows.push(format!("  {name}"));
            }
        }
    }
    rows.join("\n")
}

/// Explains commands and topics, or finds those that a word is about.
pub(crate) fn help(shell: &Shell<'_>, words: &[Word]) -> Handled {
    let mut outcome = Outcome::done();
    for word in words {
        match (find(word), find_topic(word)) {
            (Ok(command), topic) => {
                explain(shell, command)?;
                if let Some(topic) = topic.filter(|topic| word.is(topic.name)) {
                    shell.console.say(format_args!("\n{}", topic.text.trim_end()))?;
                }
            }
            (Err(_), Some(topic)) => shell.console.say(topic.text.trim_end())?,
            (Err(mistake), None) => {
                let found = if mistake.is_ambiguous() { Vec::new() } else { search(shell, word) };
                if found.is_empty() {
                    let error = CommandError::Topic { word: word.to_string(), mistake };
                    outcome = outcome.then(shell.report(&Subject::command("help"), error)?);
                } else {
                    shell.console.say(format_args!("No command has the name {word}. It appears in:"))?;
                    shell.console.say(found.join("\n"))?;
                }
            }
        }
    }
    Ok(outcome)
}

/// What a command does, and how it is written.
fn explain(shell: &Shell<'_>, command: &Command) -> io::Result<()> {
    if shell.workspace.session.settings.classic {
        return shell.console.say(command.brief);
    }
    shell.console.say(in_shell(command))
}

/// The most entries that a search shows.
const FOUND: usize = 12;

/// Finds a word, or the beginning of one, in what commands and topics say, in any letter case.
fn search(shell: &Shell<'_>, word: &Word) -> Vec<String> {
    let word = word.text().unwrap_or_default().to_lowercase();
    if word.is_empty() || shell.workspace.session.settings.classic {
        return Vec::new();
    }
    let is_in = |text: &str| {
        let text = text.to_lowercase();
        text.split(|letter: char| !letter.is_alphanumeric()).any(|part| part.starts_with(&word))
    };
    let in_command = |command: &'static Command| {
        let mut texts = command.names().chain([command.brief]).chain(command.usage.iter().copied());
        if texts.any(is_in) {
            return Some((command.name, command.brief.to_owned()));
        }
        let words = (command.words)().into_iter().chain(command.option_rows(true));
        let line = words.map(|(word, meaning)| format!("{}: {meaning}", word.trim_start())).find(|line| is_in(line));
        line.map(|line| (command.name, line))
    };
    let in_topic = |topic: &&Topic| is_in(topic.name) || is_in(topic.brief) || is_in(topic.text);
    let topics = TOPICS.iter().filter(in_topic).map(|topic| (topic.name, topic.brief.to_owned()));
    let found = commands().filter_map(in_command).chain(topics).take(FOUND);
    found.map(|(name, text)| format!("  help {name:<10}  {text}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_have_every_command_and_fit_a_screen() {
        assert!(commands().all(|command| GROUPS.iter().any(|(group, _)| *group == command.group)));
        let height = GROUPS.iter().map(|(group, _)| 1 + rows(names(*group)).lines().count()).sum::<usize>();
        assert!(height + 4 <= 22, "{height} rows, and the topics and two lines after them");
        assert_eq!(rows(["a", "b"].into_iter()), "  a  b");
        let wide = rows(std::iter::repeat_n("windowsize", 9));
        assert!(
            wide.lines().count() == 2 && wide.lines().all(|row| row.len() <= WIDTH && row.starts_with("  w")),
            "{wide}"
        );
    }
}
