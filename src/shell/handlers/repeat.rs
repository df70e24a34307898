//! Commands that run other commands: source and repeat.

use std::fs;
use std::time::{Duration, Instant};

use crate::session::parse_seconds;
use crate::shell::script::Script;
use crate::shell::words::Word;
use crate::shell::{CommandError, Fatal, HandlerError, Outcome, Shell, commands};
use crate::terminal::Console;

/// How deep scripts and repetitions can be nested; more than any user means, so that a script that sources itself ends.
const DEEPEST: usize = 16;

/// Between the starts of two attempts of `until-ok` without `every`: a refused port answers immediately.
const ATTEMPTS_APART: Duration = Duration::from_secs(1);

/// Runs the lines of a file, as a script: nothing is asked, and diagnostics name the file and the line. `quit`
/// in it leaves the shell.
pub(in crate::shell) fn source(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    let Some(file) = words.first() else { return Ok(Outcome::done()) };
    // Read as a whole, so that no signal can come while the shell waits for a line.
    let text = fs::read(file.path()).map_err(|error| CommandError::file(file, error))?;
    let console = shell.console.in_file(file);
    Ok(deeper(shell, console)?.script(Script::of_text(file, &text))?)
}

/// `repeat N [every S] command`: that often, whether it fails or not. `repeat until-ok [every S] command`: until it
/// succeeds; the failures before do not count. Ctrl-C ends either immediately.
pub(in crate::shell) fn repeat(shell: &mut Shell<'_>, words: &[Word]) -> Result<Outcome, HandlerError> {
    let plan = Plan::read(words).map_err(|error| shell.mistake(error))?;
    if plan.command.is_empty() {
        return Err(shell.mistake(CommandError::usage_of("repeat")).into());
    }
    let console = shell.console.clone();
    Ok(plan.run(&mut deeper(shell, console)?)?)
}

/// Whether the words are the beginning of a repetition that lacks only its command.
pub(in crate::shell) fn repeats(words: &[Word]) -> bool {
    let [name, words @ ..] = words else { return false };
    let is_repeat = matches!(commands::find(name), commands::Found::Command(command) if command.name == "repeat");
    is_repeat && Plan::read(words).is_ok_and(|plan| plan.command.is_empty())
}

struct Plan<'a> {
    /// `None` is until it succeeds.
    times: Option<u64>,
    /// From one beginning to the next.
    every: Option<Duration>,
    command: &'a [Word],
}

impl<'a> Plan<'a> {
    fn read(words: &'a [Word]) -> Result<Self, CommandError> {
        let (times, every, rest) = match words {
            [count, rest @ ..] if count.is("until-ok") => (None, Some(ATTEMPTS_APART), rest),
            [count, rest @ ..] => {
                let times = count.text().and_then(|text| text.parse().ok()).filter(|&times: &u64| times > 0);
                (Some(times.ok_or_else(|| CommandError::bad_value(count))?), None, rest)
            }
            [] => (None, None, words),
        };
        match rest {
            [word, seconds, command @ ..] if word.is("every") => {
                let every = parse_seconds(seconds.bytes()).ok_or_else(|| CommandError::bad_value(seconds))?;
                Ok(Self { times, every: Some(every), command })
            }
            command => Ok(Self { times, every, command }),
        }
    }

    fn run(&self, shell: &mut Shell<'_>) -> Result<Outcome, Fatal> {
        let mut outcome = Outcome::done();
        for run in 1.. {
            let begun = Instant::now();
            let latest = shell.run(self.command)?;
            let is_over = match (self.times, &latest.failure) {
                (None, None) => return Ok(latest),
                (None, Some(error)) => error.is_mistake(),
                (Some(times), failure) => run == times || failure.is_some() && shell.setup.stop_on_error,
            };
            let is_over = is_over || latest.leaves || shell.is_interrupted();
            outcome = outcome.then(latest);
            if is_over {
                break;
            }
            let stop = shell.setup.signals.stop();
            if !self.every.is_none_or(|every| stop.sleep_until(begun + every)) {
                return Ok(Outcome::failed(CommandError::Interrupted("interrupted".to_owned())).then(outcome));
            }
        }
        Ok(outcome)
    }
}

/// A shell nested in this one, unless there are too many.
fn deeper<'a>(shell: &'a mut Shell<'_>, console: Console) -> Result<Shell<'a>, CommandError> {
    if shell.depth == DEEPEST {
        return Err(CommandError::local(format_args!("more than {DEEPEST} scripts and repetitions in each other")));
    }
    Ok(shell.nested(console))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::words::split;

    /// `TIMES EVERY COMMAND`, or the mistake.
    fn read(line: &str) -> String {
        let words = split(line.as_bytes()).expect(line).words;
        match Plan::read(&words) {
            Ok(Plan { times, every, command }) => {
                let command: Vec<_> = command.iter().map(Word::to_string).collect();
                format!("{times:?} {every:?} {}", command.join(" "))
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn the_forms_of_repeat_are_understood() {
        for (line, expected) in [
            ("3 get a", "Some(3) None get a"),
            ("3 every 0.5 get a", "Some(3) Some(500ms) get a"),
            ("until-ok get a", "None Some(1s) get a"),
            ("Until-OK every 5 get a", "None Some(5s) get a"),
            ("3 every", "Some(3) None every"),
            ("0 get a", "0: bad value"),
            ("x get a", "x: bad value"),
            ("3 every x get a", "x: bad value"),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn a_repetition_without_its_command_is_recognised() {
        let repeats = |line: &str| repeats(&split(line.as_bytes()).expect(line).words);
        assert!(repeats("repeat 3") && repeats("rep until-ok every 5"));
        assert!(!repeats("repeat 3 get") && !repeats("get 3") && !repeats("repeat x") && !repeats(""));
    }
}
