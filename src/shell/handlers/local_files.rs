//! Commands about this side: quit, help, the local directory and digests of local files.

use std::env;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::files::Digest;
use crate::shell::commands::{COMMANDS, Command, Found, find};
use crate::shell::topics::{self, TOPICS};
use crate::shell::words::Word;
use crate::shell::{CommandError, HandlerError, Outcome, OutcomeRecord, Shell};
use crate::terminal::Place;
use crate::wire::Printable;

pub(in crate::shell) fn quit(_: &mut Shell<'_>, _: &[Word]) -> Result<Outcome, HandlerError> {
    Ok(Outcome::leave())
}

pub(in crate::shell) fn help(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    if words.is_empty() {
        let classic = shell.workspace.session.settings.classic;
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
    let mut outcome = Outcome::done();
    for word in words {
        match (find(word), topics::find(word)) {
            (Found::Command(command), topic) => {
                explain(shell, command)?;
                if let Some(topic) = topic.filter(|topic| word.is(topic.name)) {
                    shell.console.say(format_args!("\n{}", topic.text.trim_end()))?;
                }
            }
            (_, Some(topic)) => shell.console.say(topic.text.trim_end())?,
            (Found::Ambiguous, None) => {
                outcome = outcome.then(shell.report("?", CommandError::AmbiguousTopic(word.clone()))?);
            }
            (Found::Unknown, None) => {
                outcome = outcome.then(shell.report("?", CommandError::UnknownTopic(word.clone()))?);
            }
        }
    }
    Ok(outcome)
}

/// What a command does, its forms, lines that work, and where to read on.
fn explain(shell: &Shell<'_>, command: &Command) -> io::Result<()> {
    shell.console.say(command.brief)?;
    if !shell.workspace.session.settings.classic {
        shell.console.say(format_args!("usage: {}", command.usage.join("\n       ")))?;
        shell.console.say(format_args!("examples: {}", command.examples.join("\n          ")))?;
        shell.console.say(format_args!("see also: {}", command.see.join(", ")))?;
    }
    Ok(())
}

/// Changes the directory in which local names are looked up, to the home directory if none is named.
pub(in crate::shell) fn lcd(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    let directory = match words.first() {
        Some(word) => word.path().to_owned(),
        None => env::home_dir().ok_or_else(|| CommandError::local("no home directory is known; name one"))?,
    };
    let name = Word::new(directory.as_os_str().as_bytes());
    env::set_current_dir(&directory).map_err(|error| CommandError::file(&name, error))?;
    lpwd(shell, &[])
}

pub(in crate::shell) fn lpwd(shell: &mut Shell<'_>, _: &[Word]) -> Result<Outcome, HandlerError> {
    let directory = env::current_dir().map_err(|error| CommandError::file("local directory", error))?;
    shell.answer(directory_line(&directory))
}

/// The line that names the local directory.
pub(in crate::shell) fn directory_line(directory: &Path) -> String {
    format!("Local directory: {}", Printable(directory.as_os_str().as_bytes()))
}

/// The digest of a file now, as sha256sum prints it; or of every file that is transferred from now on.
pub(in crate::shell) fn sha256(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    let mut outcome = Outcome::done();
    match words {
        [word] if word.is("on") || word.is("off") => {
            shell.workspace.session.settings.sha256 = word.is("on");
            let state = if word.is("on") { "on" } else { "off" };
            shell.console.say(format_args!("SHA-256 of transferred files {state}."))?;
        }
        files => {
            for file in files {
                let digest = File::open(file.path()).and_then(Digest::of);
                let digest = digest.map_err(|error| CommandError::file(file, error))?;
                shell.console.say(format_args!("{digest}  {file}"))?;
                shell.console.record(&OutcomeRecord::of(b"sha256").file(file.bytes()).digest(Some(digest)))?;
                outcome.is_recorded = true;
            }
        }
    }
    Ok(outcome)
}
