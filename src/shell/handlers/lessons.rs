//! For a class: lesson and plan.

use std::path::PathBuf;
use std::{env, io};

use anyhow::Result;
use tempfile::TempDir;

use crate::client::Client;
use crate::lessons::{LESSONS, Lesson, Step};
use crate::plan::Plan;
use crate::server::Background;
use crate::session::{Session, Settings};
use crate::shell::complaint::Complaint;
use crate::shell::editor::Input;
use crate::shell::words::Word;
use crate::shell::{Next, Shell};

/// `plan SIZE [blksize N] [windowsize W] [rtt T]`
pub(in crate::shell) fn plan(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    let words: Vec<String> = words.iter().map(Word::to_string).collect();
    let plan = Plan::parse(words.iter().map(String::as_str)).map_err(Complaint::local)?;
    shell.console.say(plan)?;
    Ok(Next::Line)
}

/// `lesson`, `lesson N`, `lesson N --script`
pub(in crate::shell) fn lesson(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    let (switches, words): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.is("--script"));
    match words.first() {
        None if switches.is_empty() => {
            for Lesson { number, title, .. } in &LESSONS {
                shell.console.say(format_args!("{number:>3}  {title}"))?;
            }
        }
        None => return Err(Complaint::local("which lesson's script?").into()),
        Some(number) if switches.is_empty() => give(shell, find(number)?)?,
        Some(number) => shell.console.say(find(number)?.script.trim_end())?,
    }
    Ok(Next::Line)
}

fn find(word: &Word) -> Result<&'static Lesson, Complaint> {
    let number = word.text().and_then(|text| text.parse().ok());
    number.and_then(Lesson::find).ok_or_else(|| {
        let last = LESSONS.len();
        Complaint::local(format_args!("{word}: no such lesson; there are 1 to {last}"))
    })
}

/// Runs a lesson in a session and a folder of its own; what the user had is there again afterwards.
fn give(shell: &mut Shell, lesson: &Lesson) -> Result<()> {
    let mut room = Room::open().map_err(|error| Complaint::io("a temporary folder", &error))?;
    let before = Before::set_aside(shell);
    let outcome = teach(shell, lesson);
    before.put_back(shell);
    let left = room.leave().map_err(|error| Complaint::io("the way back from a temporary folder", &error));
    outcome.and(left.map_err(Into::into))
}

/// Step by step: its words, then its commands. On a terminal somebody says when to go on.
fn teach(shell: &mut Shell, lesson: &Lesson) -> Result<()> {
    for (index, Step { words, commands }) in lesson.steps().enumerate() {
        if index > 0 {
            shell.console.say("")?;
        }
        for line in words {
            shell.console.say(format!("# {line}").trim_end())?;
        }
        if !commands.is_empty() && !goes_on(shell)? {
            return Ok(());
        }
        for line in commands {
            shell.console.say(format_args!("tftp> {line}"))?;
            // What came of the command before may go on beside this one, such as a last ACK that is asked for again.
            shell.client.idle();
            let failed = shell.failed;
            let (line, may_fail) = line.strip_prefix('-').map_or((line, false), |line| (line, true));
            shell.line(line.as_bytes())?;
            if may_fail {
                shell.failed = failed;
            }
            if shell.is_interrupted() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Waits for Enter where somebody can press it; anything else that is said there ends the lesson.
fn goes_on(shell: &mut Shell) -> Result<bool> {
    let Some(editor) = &mut shell.editor else { return Ok(true) };
    shell.client.idle();
    shell.signals.wait();
    let answer = editor.read("[Enter goes on, q leaves] ");
    shell.signals.work();
    Ok(matches!(answer?, Input::Line(line) if !line.trim_start().starts_with(['q', 'Q'])))
}

/// What a lesson must not touch.
struct Before {
    session: Session,
    client: Client,
    serving: Option<Background>,
}

impl Before {
    fn set_aside(shell: &mut Shell) -> Self {
        let fresh = Session { settings: Settings::default(), ..Session::default() };
        Self {
            session: std::mem::replace(&mut shell.session, fresh),
            client: std::mem::replace(&mut shell.client, Client::new(shell.signals.stop().clone())),
            serving: shell.serving.take(),
        }
    }

    /// Ends the lesson's server too.
    fn put_back(self, shell: &mut Shell) {
        (shell.session, shell.client, shell.serving) = (self.session, self.client, self.serving);
    }
}

/// A temporary folder that the process is in, and the way back.
struct Room {
    folder: Option<TempDir>,
    home: PathBuf,
}

impl Room {
    fn open() -> io::Result<Self> {
        let (home, folder) = (env::current_dir()?, TempDir::new()?);
        env::set_current_dir(folder.path())?;
        Ok(Self { folder: Some(folder), home })
    }

    fn leave(&mut self) -> io::Result<()> {
        env::set_current_dir(&self.home)?;
        self.folder.take().map_or(Ok(()), TempDir::close)
    }
}
