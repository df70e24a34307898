//! Commands that ask nobody else: quit and help.

use anyhow::Result;

use crate::shell::commands::{COMMANDS, Command, Found, find};
use crate::shell::complaint::Complaint;
use crate::shell::console::Place;
use crate::shell::topics::{self, TOPICS};
use crate::shell::words::Word;
use crate::shell::{Next, Shell};

pub(in crate::shell) fn quit(_: &mut Shell, _: &[Word]) -> Result<Next> {
    Ok(Next::Leave)
}

pub(in crate::shell) fn help(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    if words.is_empty() {
        let classic = shell.session.settings.classic;
        shell.console.say("Commands may be abbreviated.  Commands are:\n")?;
        for command in COMMANDS.iter().filter(|command| command.classic || !classic) {
            shell.console.say(format_args!("{:<8}\t{}", command.name, command.brief))?;
        }
        if shell.console.place == Place::Terminal && !classic {
            let names: Vec<_> = TOPICS.iter().map(|topic| topic.name).collect();
            shell
                .console
                .say(format_args!("\n\"help COMMAND\" tells more, as does \"help\" with {}.", names.join(", ")))?;
        }
    }
    for word in words {
        let topic = topics::find(word);
        match find(word) {
            Found::Command(command) => {
                explain(shell, command)?;
                if let Some(topic) = topic.filter(|topic| word.is(topic.name)) {
                    shell.console.say(format_args!("\n{}", topic.text.trim_end()))?;
                }
            }
            Found::Ambiguous | Found::Unknown if topic.is_some() => {
                shell.console.say(topic.map_or("", |topic| topic.text.trim_end()))?;
            }
            Found::Ambiguous => shell.complain("?", Complaint::said(format!("?Ambiguous help command {word}")))?,
            Found::Unknown => shell.complain("?", Complaint::said(format!("?Invalid help command {word}")))?,
        }
    }
    Ok(Next::Line)
}

/// What a command does, its forms, lines that work, and where to read on.
fn explain(shell: &mut Shell, command: &Command) -> Result<()> {
    shell.console.say(command.brief)?;
    if !shell.session.settings.classic {
        shell.console.say(format_args!("usage: {}", command.usage.join("\n       ")))?;
        shell.console.say(format_args!("examples: {}", command.examples.join("\n          ")))?;
        shell.console.say(format_args!("see also: {}", command.see.join(", ")))?;
    }
    Ok(())
}
