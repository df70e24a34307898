//! lesson: scripts that teach, step by step.

use std::env;
use std::io::{self, IsTerminal};

use tempfile::TempDir;

use crate::language::LessonVerb;
use crate::lessons::{LESSONS, Lesson, Step};
use crate::session::{Session, Settings};
use crate::shell::transfer::notify_late;
use crate::shell::workspace::Workspace;
use crate::shell::{CommandError, Fatal, Handled, Outcome, Shell};
use crate::terminal::{Console, Place, Prompted};
use crate::trace::fold;

/// Columns of the scripts.
const WIDTH: usize = 80;

/// Lists the lessons, runs one, or prints one as a script.
pub(crate) fn lesson(shell: &mut Shell<'_>, verb: LessonVerb) -> Handled {
    match verb {
        LessonVerb::List => {
            for Lesson { number, title, .. } in &LESSONS {
                shell.console.say(format_args!("{number:>3}  {title}"))?;
            }
            Ok(Outcome::done())
        }
        LessonVerb::Give(lesson) => give(shell, lesson),
        LessonVerb::Print(lesson) => shell.answer(lesson.script.trim_end()),
    }
}

/// Runs a lesson in a temporary directory, then returns to the one before.
fn give(shell: &mut Shell<'_>, lesson: &Lesson) -> Handled {
    let failed = |error| CommandError::file("a temporary directory", error);
    let before = env::current_dir().map_err(failed)?;
    let temporary = TempDir::new().map_err(failed)?;
    env::set_current_dir(temporary.path()).map_err(failed)?;
    let outcome = teach(shell, lesson);
    let left = env::set_current_dir(before).and_then(|()| temporary.close());
    let outcome = outcome?;
    left.map_err(|error| CommandError::file("the way back from a temporary directory", error))?;
    Ok(outcome)
}

/// Runs a lesson in a workspace of its own.
fn teach(shell: &mut Shell<'_>, lesson: &Lesson) -> Result<Outcome, Fatal> {
    let is_read = io::stdin().is_terminal() && io::stdout().is_terminal();
    if shell.console.place == Place::CommandLine && is_read {
        shell.take_terminal()?;
    }
    let Settings { trace_ascii, progress, .. } = shell.workspace.session.settings;
    let settings = Settings { trace_ascii, progress, ..Settings::default() };
    let session = Session { settings, ..Session::default() };
    let mut workspace = Workspace::new(session, shell.setup.signals.stop().clone());
    workspace.tracing.keep();
    let mut console = shell.console.in_file(format_args!("lesson {}", lesson.number)).untraced();
    if shell.prompt.is_some() && console.place == Place::CommandLine {
        console.place = Place::Terminal;
    }
    steps(&mut Shell { workspace: &mut workspace, ..shell.nested(console) }, lesson)
}

/// Runs a lesson step by step: its words, then its commands. On a terminal, a person continues with Enter.
fn steps(shell: &mut Shell<'_>, lesson: &Lesson) -> Result<Outcome, Fatal> {
    let mut outcome = Outcome::done();
    let mut lines = (1..).zip(lesson.script.lines());
    let mut finished = true;
    for (index, Step { words, commands }) in lesson.steps().enumerate() {
        finished = !shell.ends_here();
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
        finished = commands.is_empty() || continues(shell)?;
        if !finished {
            break;
        }
        for command in commands {
            let number = lines.find(|(_, line)| *line == command).map_or(0, |(number, _)| number);
            if shell.console.place != Place::Terminal {
                shell.console.place = Place::Script(number);
            }
            shell.console.say(format_args!("tftp> {command}"))?;
            // A server may still ask for the last ACK of the command before.
            shell.workspace.client.idle();
            outcome = outcome.then(shell.script_line(command.as_bytes())?);
            if shell.ends_here() {
                break;
            }
        }
    }
    outcome = outcome.then(notify_late(shell)?);
    if shell.console.place == Place::Terminal && finished {
        let next = Lesson::find(lesson.number + 1).map(|next| format!(" Next: lesson {}, {}", next.number, next.title));
        shell.console.say(format_args!("\nThe end of lesson {}.{}", lesson.number, next.unwrap_or_default()))?;
    }
    Ok(outcome)
}

/// The words of a step, folded anew for a screen that is narrower than the script.
fn set(words: &[&str], columns: Option<usize>) -> Vec<String> {
    let Some(width) = columns.filter(|columns| *columns < WIDTH).map(|columns| columns.saturating_sub(2)) else {
        return words.iter().map(|line| (*line).to_owned()).collect();
    };
    let paragraphs: Vec<_> = words.split(|line| line.is_empty()).map(|lines| lines.join(" ")).collect();
    let folded: Vec<_> = paragraphs.join("\n\n").split('\n').map(|line| fold(line, Some(width), 0)).collect();
    folded.join("\n").split('\n').map(str::to_owned).collect()
}

/// Waits for Enter where a person can press it; `q`, Ctrl-C and Ctrl-D end the lesson.
fn continues(shell: &mut Shell<'_>) -> io::Result<bool> {
    let asked = shell.prompt.as_mut().filter(|_| shell.console.place == Place::Terminal);
    let Some(prompt) = asked else { return Ok(true) };
    shell.workspace.client.idle();
    let answer = prompt.answer("[Enter continues, q quits] ")?;
    Ok(matches!(answer, Prompted::Line(line) if !matches!(line.trim_ascii_start(), [b'q' | b'Q', ..])))
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
