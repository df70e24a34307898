//! trace: which views are on, and where they go.

use std::fmt::Display;

use super::again;
use crate::language::{TraceVerb, Word, exact};
use crate::shell::tracing::{Aftermath, file_name};
use crate::shell::workspace::Workspace;
use crate::shell::{CommandError, Fatal, Handled, HandlerError, Outcome, Shell};
use crate::terminal::{Place, Subject};
use crate::trace::{Content, Limit, ViewName};

/// Does what `trace` asks for, and prints the answer.
pub(crate) fn trace(shell: &mut Shell<'_>, verb: &TraceVerb) -> Handled {
    if shell.console.place != Place::CommandLine {
        shell.workspace.tracing.keep();
    }
    if let Some(answer) = apply(shell, verb)? {
        shell.console.say(answer)?;
    }
    Ok(Outcome::done())
}

/// Does what `trace` asks for, and returns what BSD would answer.
pub(crate) fn apply(shell: &mut Shell<'_>, verb: &TraceVerb) -> Result<Option<String>, HandlerError> {
    let answer = match verb {
        TraceVerb::Toggle => Some(switch(shell, shell.workspace.session.settings.tracing.is_none())),
        TraceVerb::Set(on) => Some(switch(shell, *on)),
        TraceVerb::View(view) => {
            shell.workspace.session.settings.tracing = Some(*view);
            Some(format!("Packet tracing on ({view})."))
        }
        TraceVerb::To(content, path) => {
            let path = file_name(*content, path, &shell.console)?;
            let Workspace { tracing, session, .. } = &mut *shell.workspace;
            let opened = tracing.open(*content, &path, &session.settings, &shell.console);
            opened.map_err(|error| CommandError::file(&path, error))?;
            Some(format!("Packet tracing to {path} ({content})."))
        }
        TraceVerb::Off(content) => Some(off(shell, *content)?),
        TraceVerb::Limit(limit) => {
            shell.workspace.session.settings.trace_limit = *limit;
            shell.workspace.tracing.redraw(&shell.workspace.session.settings);
            Some(format!("trace limit set to {}", limit_words(*limit)))
        }
        TraceVerb::Ascii(ascii) => {
            shell.workspace.session.settings.trace_ascii = *ascii;
            shell.workspace.tracing.redraw(&shell.workspace.session.settings);
            Some(format!("trace ascii set to {}", or_auto(ascii.map(on_off))))
        }
        TraceVerb::Again(wanted) => again::again(shell, wanted).map(|()| None)?,
        TraceVerb::Show { transfer, packet } => again::show_one(shell, *transfer, *packet).map(|()| None)?,
        TraceVerb::Status => Some(status(shell)),
        TraceVerb::Help => {
            let usage = exact(&Word::new("trace")).map(|trace| trace.usage.join("\n       "));
            Some(format!("usage: {}\n{}", usage.unwrap_or_default(), status(shell)))
        }
    };
    shell.console.give_way(shell.workspace.tracing.takes_stdout(&shell.workspace.session.settings));
    Ok(answer)
}

/// Ends the traces of a transfer, and reports what failed.
pub(crate) fn report(shell: &mut Shell<'_>) -> Result<Outcome, Fatal> {
    let mut outcome = Outcome::done();
    let Aftermath { failed, is_reported, hints } = shell.workspace.tracing.finish()?;
    shell.console.give_way(shell.workspace.tracing.takes_stdout(&shell.workspace.session.settings));
    for (path, error) in failed {
        let error = CommandError::Trace(path, error);
        outcome = outcome.then(match is_reported {
            true => Outcome::failed(error),
            false => shell.report(&Subject::command("trace"), error)?,
        });
    }
    if shell.console.is_observed() {
        hints.iter().for_each(|hint| shell.console.hint(hint));
    }
    Ok(outcome)
}

/// One line for `status`; `None` if on and off says it all.
pub(crate) fn brief(shell: &Shell<'_>) -> Option<String> {
    let view = shell.workspace.session.settings.tracing.filter(|view| *view != ViewName::Classic);
    let mut parts: Vec<_> = view.iter().map(ToString::to_string).chain(shell.workspace.tracing.files()).collect();
    let ring = shell.workspace.tracing.ring().filter(|ring| !ring.is_empty());
    parts.extend(ring.map(|ring| format!("{} events kept", ring.len())));
    (!parts.is_empty()).then(|| format!("Trace: {}", parts.join("; ")))
}

fn switch(shell: &mut Shell<'_>, on: bool) -> String {
    let settings = &mut shell.workspace.session.settings;
    settings.tracing = on.then(|| settings.tracing.unwrap_or(ViewName::Classic));
    format!("Packet tracing {}.", on_off(on))
}

fn off(shell: &mut Shell<'_>, content: Content) -> Result<String, CommandError> {
    let screen = &mut shell.workspace.session.settings.tracing;
    let was_on_screen = screen.take_if(|shown| Content::View(*shown).is_like(content)).is_some();
    let was_filed = shell.workspace.tracing.end(content);
    if !was_on_screen && !was_filed {
        return Err(CommandError::local(format_args!("{content} is not on")));
    }
    Ok(format!("Packet tracing off ({content})."))
}

fn status(shell: &Shell<'_>) -> String {
    let settings = &shell.workspace.session.settings;
    let mut lines = vec![format!("Screen: {}", settings.tracing.map_or("off".to_owned(), |view| view.to_string()))];
    lines.extend(shell.workspace.tracing.files().map(|file| format!("File: {file}")));
    lines.push(format!(
        "Limit: {}, Ascii: {}",
        limit_words(settings.trace_limit),
        or_auto(settings.trace_ascii.map(on_off))
    ));
    lines.extend(again::list(shell));
    lines.join("\n")
}

fn limit_words(limit: Limit) -> String {
    match limit {
        Limit::Pairs(pairs) => pairs.to_string(),
        Limit::All => "all".to_owned(),
    }
}

pub(super) fn on_off(on: bool) -> &'static str {
    if on { "on" } else { "off" }
}

pub(super) fn or_auto(value: Option<impl Display>) -> String {
    value.map_or_else(|| "auto".to_owned(), |value| value.to_string())
}
