//! For a class: lesson and plan.

use std::env;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

use anyhow::Result;
use tempfile::TempDir;

use super::transfer::notify_late;
use crate::client::Requester;
use crate::lessons::{LESSONS, Lesson, Step};
use crate::plan::Plan;
use crate::server::RunningServer;
use crate::session::{Session, Settings};
use crate::shell::complaint::Complaint;
use crate::shell::console::{Console, Place};
use crate::shell::tracing::Tracing;
use crate::shell::words::Word;
use crate::shell::{Next, Shell, Typed};
use crate::trace::fold;

/// Columns of the scripts.
const WIDTH: usize = 80;

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
    let is_read = io::stdin().is_terminal() && io::stdout().is_terminal();
    if shell.console.place == Place::CommandLine && is_read {
        shell.take_terminal()?;
    }
    let before = Before::set_aside(shell, lesson);
    let outcome = teach(shell, lesson);
    before.put_back(shell);
    let left = room.leave().map_err(|error| Complaint::io("the way back from a temporary folder", &error));
    outcome.and(left.map_err(Into::into))
}

/// Step by step: its words, then its commands. On a terminal somebody says when to go on.
fn teach(shell: &mut Shell, lesson: &Lesson) -> Result<()> {
    let mut first_failure = None;
    let mut lines = (1..).zip(lesson.script.lines());
    let mut finished = true;
    for (index, Step { words, commands }) in lesson.steps().enumerate() {
        finished = !shell.is_interrupted();
        if !finished {
            break;
        }
        if index > 0 {
            shell.console.say("")?;
        }
        let stream = shell.console.stream();
        for line in set(&words, if shell.console.shows_output() { Console::columns(stream) } else { None }) {
            shell.console.say(format!("# {line}").trim_end())?;
        }
        finished = commands.is_empty() || goes_on(shell)?;
        if !finished {
            break;
        }
        for command in commands {
            let number = lines.find(|(_, line)| *line == command).map_or(0, |(number, _)| number);
            if shell.console.place != Place::Terminal {
                shell.console.place = Place::Script(number);
            }
            shell.console.say(format_args!("tftp> {command}"))?;
            // What came of the command before goes on beside this one: its last ACK may be asked for again.
            shell.client.idle();
            let (_, failed) = shell.script_line(command.as_bytes())?;
            first_failure = first_failure.or(failed);
            if shell.is_interrupted() {
                break;
            }
        }
    }
    notify_late(shell)?;
    if shell.console.place == Place::Terminal && finished {
        let next = Lesson::find(lesson.number + 1).map(|next| format!(" Next: lesson {}, {}", next.number, next.title));
        shell.console.say(format_args!("\nThe end of lesson {}.{}", lesson.number, next.unwrap_or_default()))?;
    }
    shell.failed = first_failure;
    Ok(())
}

/// The words of a step, set anew where a screen is narrower than the script.
fn set(words: &[&str], columns: Option<usize>) -> Vec<String> {
    let Some(room) = columns.filter(|columns| *columns < WIDTH).map(|columns| columns.saturating_sub(2)) else {
        return words.iter().map(|line| (*line).to_owned()).collect();
    };
    let paragraphs: Vec<_> = words.split(|line| line.is_empty()).map(|lines| lines.join(" ")).collect();
    paragraphs
        .join("\n\n")
        .split('\n')
        .flat_map(|it| fold(it, Some(room), 0).split('\n').map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// Waits for Enter where somebody can press it; anything else that is said there ends the lesson.
fn goes_on(shell: &mut Shell) -> Result<bool> {
    let asked = shell.prompt.as_mut().filter(|_| shell.console.place == Place::Terminal);
    let Some(prompt) = asked else { return Ok(true) };
    shell.client.idle();
    let answer = prompt.answer("[Enter goes on, q leaves] ")?;
    Ok(matches!(answer, Typed::Line(line) if !matches!(line.trim_ascii_start(), [b'q' | b'Q', ..])))
}

/// What a lesson must not touch.
struct Before {
    session: Session,
    client: Requester,
    tracing: Tracing,
    serving: Option<RunningServer>,
    place: Place,
    file: Option<String>,
}

impl Before {
    fn set_aside(shell: &mut Shell, lesson: &Lesson) -> Self {
        let Settings { trace_ascii, progress, .. } = shell.session.settings;
        let settings = Settings { trace_ascii, progress, ..Settings::default() };
        let client = Requester::new(shell.signals.stop().clone());
        let before = Self {
            session: std::mem::replace(&mut shell.session, Session { settings, ..Session::default() }),
            client: std::mem::replace(&mut shell.client, client),
            tracing: std::mem::take(&mut shell.tracing),
            serving: shell.serving.take(),
            place: shell.console.place,
            file: shell.console.file.replace(format!("lesson {}", lesson.number)),
        };
        if shell.prompt.is_some() && shell.console.place == Place::CommandLine {
            shell.console.place = Place::Terminal;
        }
        shell.tracing.keep();
        shell.console.give_way(false);
        before
    }

    /// Ends the lesson's server too.
    fn put_back(self, shell: &mut Shell) {
        (shell.session, shell.client, shell.serving) = (self.session, self.client, self.serving);
        (shell.console.place, shell.console.file) = (self.place, self.file);
        shell.tracing = self.tracing;
        shell.console.give_way(shell.tracing.takes_stdout(&shell.session.settings));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_set_anew_for_a_narrow_screen_only() {
        let words = ["Title", "", "Words that go on and", "on to the end."];
        assert_eq!(set(&words, None), words);
        assert_eq!(set(&words, Some(80)), words);
        assert_eq!(set(&words, Some(32)), ["Title", "", "Words that go on and on to the", "end."]);
    }
}
