//! Commands that ask nobody else: quit, help, and what has to do with the files here.

use std::env;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use anyhow::Result;

use crate::files::Digest;
use crate::shell::commands::{COMMANDS, Command, Found, candidates, find};
use crate::shell::complaint::Complaint;
use crate::shell::console::Place;
use crate::shell::outcome::Outcome;
use crate::shell::suggest::suggest;
use crate::shell::topics::{self, TOPICS};
use crate::shell::words::Word;
use crate::shell::{Next, Shell};
use crate::wire::Printable;

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
            let names = names.join(", ");
            shell.console.say(format_args!("\n\"help COMMAND\" tells more; there is also help on {names}."))?;
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
            Found::Ambiguous => {
                let hint = Some(format!("It may be {}.", candidates(word).join(", ")));
                let complaint = Complaint::said(format!("?Ambiguous help command {word}"));
                shell.complain("?", Complaint { hint, ..complaint })?;
            }
            Found::Unknown => {
                let hint = suggest(word).map(|near| format!("Did you mean \"{near}\"?"));
                let complaint = Complaint::said(format!("?Invalid help command {word}"));
                shell.complain("?", Complaint { hint, ..complaint })?;
            }
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

/// Changes the folder in which local names are looked up, to the home folder without a word.
pub(in crate::shell) fn lcd(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    let folder = match words.first() {
        Some(word) => word.path().to_owned(),
        None => env::home_dir().ok_or_else(|| Complaint::local("no home directory is known; name one"))?,
    };
    let name = Word::new(folder.as_os_str().as_bytes());
    env::set_current_dir(&folder).map_err(|error| Complaint::io(&name, &error))?;
    lpwd(shell, &[])
}

pub(in crate::shell) fn lpwd(shell: &mut Shell, _: &[Word]) -> Result<Next> {
    let folder = env::current_dir().map_err(|error| Complaint::io("local directory", &error))?;
    shell.console.say(folder_line(&folder))?;
    Ok(Next::Line)
}

/// How the local folder is told.
pub(in crate::shell) fn folder_line(folder: &Path) -> String {
    format!("Local directory: {}", Printable(folder.as_os_str().as_bytes()))
}

/// The digest of a file now, as sha256sum prints it; or of every file that is transferred from now on.
pub(in crate::shell) fn sha256(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    match words {
        [word] if word.is("on") || word.is("off") => {
            shell.session.settings.sha256 = word.is("on");
            let state = if word.is("on") { "on" } else { "off" };
            shell.console.say(format_args!("SHA-256 of transferred files {state}."))?;
        }
        files => {
            for file in files {
                let digest = File::open(file.path()).and_then(Digest::of);
                let digest = digest.map_err(|error| Complaint::io(file, &error))?;
                shell.console.say(format_args!("{digest}  {file}"))?;
                shell.console.tell(&Outcome::of(b"sha256").file(file.bytes()).digest(Some(digest)))?;
            }
        }
    }
    Ok(Next::Line)
}
