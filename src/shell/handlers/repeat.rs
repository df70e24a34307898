//! Commands that run other commands: source and repeat.

use std::time::{Duration, Instant};

use crate::language::{Repeat, Verb, Word, find, parse};
use crate::shell::local_names;
use crate::shell::script::Script;
use crate::shell::{CommandError, Fatal, Handled, HandlerError, Outcome, OutcomeRecord, Shell};
use crate::terminal::{Console, Place, Subject};

/// How deep scripts and repetitions can be nested; more than any user means, so that a script that sources itself ends.
const DEEPEST: usize = 16;

/// Between the starts of two attempts of `until-ok` without `every`: a refused port answers immediately.
const ATTEMPTS_APART: Duration = Duration::from_secs(1);

/// Runs the lines of a file as a script: diagnostics name the file and the line; `quit` leaves the shell.
pub(crate) fn source(shell: &mut Shell<'_>, file: &Word) -> Handled {
    let file = &local_names::one(file)?;
    let script = Script::open(file.path(), shell.stop()).map_err(|error| CommandError::file(file, error))?;
    let console = shell.console.in_file(file);
    let (outcome, error) = deeper(shell, console)?.script(script)?;
    let Some(error) = error else { return Ok(outcome) };
    let failed = shell.report(&Subject::command("source"), CommandError::file(file, error))?;
    Ok(outcome.then(shell.record(OutcomeRecord::of(b"source"), failed)?))
}

/// Runs a command a number of times, or until it succeeds. Ctrl-C ends either.
///
/// A person is asked for missing words once, before the first run. A line that makes no sense runs once.
pub(crate) fn repeat(shell: &mut Shell<'_>, repeat: &Repeat) -> Handled {
    let console = shell.console.clone();
    let mut shell = deeper(shell, console)?;
    Ok(match complete(&mut shell, &repeat.line)? {
        Some(line) => run(&mut shell, repeat, &line)?,
        None => Outcome::done(),
    })
}

/// The line with the words that its innermost command lacks, as in `repeat 2 repeat 3 get`; `None` where the person
/// drops it.
fn complete(shell: &mut Shell<'_>, line: &[Word]) -> Result<Option<Vec<Word>>, HandlerError> {
    let mut innermost = line.to_vec();
    while let Ok(Verb::Repeat(repeat)) = parse(&innermost) {
        innermost = repeat.line;
    }
    let command = match innermost.as_slice() {
        [name] if shell.console.place == Place::Terminal => find(name).ok(),
        _ => None,
    };
    let Some(command) = command else { return Ok(Some(line.to_vec())) };
    let Some(answer) = shell.ask(command)? else { return Ok(None) };
    // Without the words of an empty answer, every run would ask again.
    command.read(&answer).map_err(|mistake| shell.mistake(mistake))?;
    Ok(Some(line.iter().cloned().chain(answer).collect()))
}

/// Runs a complete line. Of several runs the first failure counts; of `until-ok`, only the last run.
fn run(shell: &mut Shell<'_>, repeat: &Repeat, line: &[Word]) -> Result<Outcome, Fatal> {
    let every = repeat.every.or(repeat.until_ok.then_some(ATTEMPTS_APART));
    let mut outcome = Outcome::done();
    for run in 1.. {
        let begun = Instant::now();
        let latest = shell.run_words(line)?;
        let is_over = match &latest.failure {
            None => repeat.until_ok,
            Some(error) => error.is_mistake() || !repeat.until_ok && shell.setup.stop_on_error,
        };
        let is_last = repeat.times.is_some_and(|times| run == times.get());
        let is_over = is_over || is_last || latest.leaves;
        outcome = if repeat.until_ok { latest } else { outcome.then(latest) };
        if is_over {
            break;
        }
        if shell.ends_here() || every.is_some_and(|every| !shell.stop().sleep_until(begun + every)) {
            return Ok(Outcome::interrupted().then(outcome));
        }
    }
    Ok(outcome)
}

/// A shell nested in this one, unless there are too many.
fn deeper<'a>(shell: &'a mut Shell<'_>, console: Console) -> Result<Shell<'a>, CommandError> {
    if shell.depth == DEEPEST {
        return Err(CommandError::local(format_args!("more than {DEEPEST} scripts and repetitions in each other")));
    }
    Ok(shell.nested(console))
}
