//! Commands that run other commands: source and repeat.

use std::time::{Duration, Instant};

use crate::language::{Repeat, Word};
use crate::shell::script::Script;
use crate::shell::{CommandError, Fatal, Handled, Outcome, OutcomeRecord, Shell};
use crate::terminal::Console;

/// How deep scripts and repetitions can be nested; more than any user means, so that a script that sources itself ends.
const DEEPEST: usize = 16;

/// Between the starts of two attempts of `until-ok` without `every`: a refused port answers immediately.
const ATTEMPTS_APART: Duration = Duration::from_secs(1);

/// Runs the lines of a file as a script: diagnostics name the file and the line; `quit` leaves the shell.
pub(crate) fn source(shell: &mut Shell<'_>, file: &Word) -> Handled {
    let script = Script::open(file.path(), shell.stop()).map_err(|error| CommandError::file(file, error))?;
    let console = shell.console.in_file(file);
    let (outcome, error) = deeper(shell, console)?.script(script)?;
    let Some(error) = error else { return Ok(outcome) };
    let failed = shell.report("source", CommandError::file(file, error))?;
    Ok(outcome.then(shell.record(OutcomeRecord::of(b"source"), failed)?))
}

/// Runs a command a number of times, or until it succeeds; then earlier failures do not count. Ctrl-C ends either.
pub(crate) fn repeat(shell: &mut Shell<'_>, repeat: &Repeat) -> Handled {
    let console = shell.console.clone();
    Ok(run(&mut deeper(shell, console)?, repeat)?)
}

fn run(shell: &mut Shell<'_>, repeat: &Repeat) -> Result<Outcome, Fatal> {
    let every = repeat.every.or(repeat.times.is_none().then_some(ATTEMPTS_APART));
    let mut outcome = Outcome::done();
    for run in 1.. {
        let begun = Instant::now();
        let latest = shell.run_words(&repeat.line)?;
        let is_over = match (repeat.times, &latest.failure) {
            (None, None) => return Ok(latest),
            (None, Some(error)) => error.is_mistake(),
            (Some(times), failure) => run == times.get() || failure.is_some() && shell.setup.stop_on_error,
        };
        let is_over = is_over || latest.leaves;
        outcome = outcome.then(latest);
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
