//! Commands that ask nobody else: quit and help.

use anyhow::Result;

use crate::shell::commands::{COMMANDS, Found, find};
use crate::shell::complaint::Complaint;
use crate::shell::words::Word;
use crate::shell::{Next, Shell};

pub(in crate::shell) fn quit(_: &mut Shell, _: &[Word]) -> Result<Next> {
    Ok(Next::Leave)
}

pub(in crate::shell) fn help(shell: &mut Shell, topics: &[Word]) -> Result<Next> {
    if topics.is_empty() {
        let classic = shell.session.settings.classic;
        shell.console.say("Commands may be abbreviated.  Commands are:\n")?;
        for command in COMMANDS.iter().filter(|command| command.classic || !classic) {
            shell.console.say(format_args!("{:<8}\t{}", command.name, command.brief))?;
        }
    }
    for topic in topics {
        match find(topic) {
            Found::Command(command) => {
                shell.console.say(command.brief)?;
                if !shell.session.settings.classic {
                    shell.console.say(format_args!("usage: {}", command.usage.join("\n       ")))?;
                    shell.console.say(format_args!("examples: {}", command.examples.join("\n          ")))?;
                }
            }
            Found::Ambiguous => shell.complain("?", Complaint::said(format!("?Ambiguous help command {topic}")))?,
            Found::Unknown => shell.complain("?", Complaint::said(format!("?Invalid help command {topic}")))?,
        }
    }
    Ok(Next::Line)
}
