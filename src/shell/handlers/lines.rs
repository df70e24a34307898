//! Commands that carry other commands out: source and repeat.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::session::parse_seconds;
use crate::shell::complaint::Complaint;
use crate::shell::console::Place;
use crate::shell::script::Script;
use crate::shell::status::Status;
use crate::shell::words::Word;
use crate::shell::{Next, Shell, commands};

/// How deep scripts and repetitions may stand in each other; more than anybody means, and a script that sources itself
/// ends.
const DEEPEST: usize = 16;

/// Between the beginnings of two attempts of `until-ok`, where nothing is said: a refused port answers at once.
const ATTEMPTS_APART: Duration = Duration::from_secs(1);

/// Carries out the lines of a file, as a script: nothing is asked, and diagnostics name the file and the line. `quit`
/// in it leaves the shell.
pub(in crate::shell) fn source(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    let Some(file) = words.first() else { return Ok(Next::Line) };
    // At once, so that no signal can come while a line is waited for.
    let text = fs::read(file.path()).map_err(|error| Complaint::io(file, &error))?;
    deeper(shell, |shell| {
        let (place, before) = (shell.console.place, shell.console.file.replace(file.to_string()));
        let outcome = sourced(shell, Script::new(file, &text[..]));
        shell.console.place = place;
        shell.console.file = before;
        outcome
    })
}

fn sourced(shell: &mut Shell, mut script: Script<'_>) -> Result<Next> {
    let mut first_failure = None;
    let mut next = Next::Line;
    while let Some((number, line)) = script.line()? {
        shell.console.place = Place::Script(number);
        let failed;
        (next, failed) = shell.script_line(&line)?;
        first_failure = first_failure.or(failed);
        if next == Next::Leave || shell.is_interrupted() || failed.is_some() && shell.stop_on_error {
            break;
        }
    }
    shell.failed = first_failure;
    Ok(next)
}

/// `repeat N [every S] command`: that often, whatever becomes of it. `repeat until-ok [every S] command`: until it
/// succeeds; the failures before do not count. Ctrl-C ends either at once.
pub(in crate::shell) fn repeat(shell: &mut Shell, words: &[Word]) -> Result<Next> {
    let plan = Plan::read(words).map_err(|complaint| shell.mistake(complaint))?;
    if plan.command.is_empty() {
        return Err(shell.mistake(Complaint::usage_of("repeat")).into());
    }
    deeper(shell, |shell| plan.carry_out(shell))
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
    fn read(words: &'a [Word]) -> Result<Self, Complaint> {
        let bad_value = |word: &Word| Complaint::said(format_args!("{word}: bad value"));
        let (times, every, rest) = match words {
            [count, rest @ ..] if count.is("until-ok") => (None, Some(ATTEMPTS_APART), rest),
            [count, rest @ ..] => {
                let times = count.text().and_then(|text| text.parse().ok()).filter(|&times: &u64| times > 0);
                (Some(times.ok_or_else(|| bad_value(count))?), None, rest)
            }
            [] => (None, None, words),
        };
        match rest {
            [word, seconds, command @ ..] if word.is("every") => {
                let every = parse_seconds(seconds.bytes()).ok_or_else(|| bad_value(seconds))?;
                Ok(Self { times, every: Some(every), command })
            }
            command => Ok(Self { times, every, command }),
        }
    }

    /// What is no command, or lacks its words, will not become one.
    fn is_hopeless(&self, shell: &Shell) -> bool {
        let Some((name, args)) = self.command.split_first() else { return true };
        let commands::Found::Command(command) = commands::find(name) else { return true };
        let is_asked = args.is_empty() && shell.console.place == Place::Terminal;
        command.switches.is_empty() && !is_asked && !command.takes.contains(&args.len())
    }

    fn carry_out(&self, shell: &mut Shell) -> Result<Next> {
        let mut first_failure = None;
        for run in 1.. {
            let begun = Instant::now();
            let next = shell.carry_out(self.command)?;
            let failed = shell.failed.take();
            first_failure = first_failure.or(failed);
            let over = match self.times {
                None if failed.is_none() => return Ok(next),
                None => self.is_hopeless(shell),
                Some(times) => run == times || failed.is_some() && shell.stop_on_error,
            };
            if over || next == Next::Leave || shell.is_interrupted() {
                shell.failed = first_failure;
                return Ok(next);
            }
            let stop = shell.signals.stop();
            if !self.every.is_none_or(|every| stop.sleep_until(begun + every)) {
                shell.failed = Some(Status::Interrupted);
                return Ok(next);
            }
        }
        Ok(Next::Line)
    }
}

fn deeper(shell: &mut Shell, run: impl FnOnce(&mut Shell) -> Result<Next>) -> Result<Next> {
    if shell.depth == DEEPEST {
        return Err(Complaint::local(format_args!("more than {DEEPEST} scripts and repetitions in each other")).into());
    }
    shell.depth += 1;
    let outcome = run(shell);
    shell.depth -= 1;
    outcome
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
            Err(complaint) => complaint.reason,
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
