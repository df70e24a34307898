//! trace: which views are on, where they go, and the last transfers once more.

use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::ops::RangeInclusive;

use crate::analysis::{Annotated, Kept};
use crate::language::{TraceVerb, Word, exact};
use crate::shell::local_names;
use crate::shell::tracing::{Aftermath, Content, STDOUT, screen_page};
use crate::shell::workspace::Workspace;
use crate::shell::{CommandError, Fatal, Handled, HandlerError, Outcome, Shell};
use crate::terminal::{Place, Subject};
use crate::trace::units::counted;
use crate::trace::{Ends, Limit, Page, ViewName, show};

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
        TraceVerb::ViewTo(view, path) => {
            open(shell, Content::View(*view), path)?;
            Some(format!("Packet tracing to {path} ({view})."))
        }
        TraceVerb::ViewOff(view) => Some(view_off(shell, *view)?),
        TraceVerb::Pcap { file, snap, lost } => {
            if file.is(STDOUT) && io::stdout().is_terminal() {
                return Err(CommandError::local("-: standard output is a terminal; name a file").into());
            }
            open(shell, Content::Capture { snap: *snap, lost: *lost }, file)?;
            Some(format!("Packet tracing to {file} (pcap)."))
        }
        TraceVerb::PcapOff => {
            let was_on = shell.workspace.tracing.end(Content::Capture { snap: None, lost: false });
            was_on.then(|| Some("Packet tracing off (pcap).".to_owned())).ok_or_else(|| not_on("pcap"))?
        }
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
        TraceVerb::Again(view, packets) => again(shell, *view, packets.clone()).map(|()| None)?,
        TraceVerb::Show(n) => show_one(shell, *n).map(|()| None)?,
        TraceVerb::Status => Some(status(shell)),
        TraceVerb::Help => {
            let usage = exact(&Word::new("trace")).map(|trace| trace.usage.join("\n       "));
            Some(format!("usage: {}\n{}", usage.unwrap_or_default(), status(shell)))
        }
    };
    shell.console.give_way(shell.workspace.tracing.takes_stdout(&shell.workspace.session.settings));
    Ok(answer)
}

/// Opens a file for a trace. Standard output is refused if something else goes there.
fn open(shell: &mut Shell<'_>, content: Content, path: &Word) -> Result<(), CommandError> {
    if path.is(STDOUT) && shell.console.is_diverted {
        return Err(CommandError::local("-: something else goes to standard output"));
    }
    let path = &if path.is(STDOUT) { path.clone() } else { local_names::written(path)? };
    let Workspace { tracing, session, .. } = &mut *shell.workspace;
    let opened = tracing.open(content, path, &session.settings, &shell.console);
    opened.map_err(|error| CommandError::file(path, error))
}

/// Ends the traces of a transfer, and reports what failed.
pub(crate) fn report(shell: &mut Shell<'_>) -> Result<Outcome, Fatal> {
    let mut outcome = Outcome::done();
    let Aftermath { failed, hints } = shell.workspace.tracing.finish()?;
    shell.console.give_way(shell.workspace.tracing.takes_stdout(&shell.workspace.session.settings));
    for (path, error) in failed {
        outcome = outcome.then(shell.report(&Subject::command("trace"), CommandError::Trace(path, error))?);
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

fn view_off(shell: &mut Shell<'_>, view: ViewName) -> Result<String, CommandError> {
    let screen = &mut shell.workspace.session.settings.tracing;
    let was_on_screen = screen.take_if(|shown| shown.is_like(view)).is_some();
    let was_filed = shell.workspace.tracing.end(Content::View(view));
    if !was_on_screen && !was_filed {
        return Err(not_on(&view.to_string()));
    }
    Ok(format!("Packet tracing off ({view})."))
}

fn not_on(view: &str) -> CommandError {
    CommandError::local(format_args!("{view} is not on"))
}

/// The last transfer, drawn on the screen as it is now. A range that was asked for is shown whole.
fn again(
    shell: &mut Shell<'_>,
    view: Option<ViewName>,
    packets: Option<RangeInclusive<u64>>,
) -> Result<(), HandlerError> {
    let view = view.or(shell.workspace.session.settings.tracing).unwrap_or(ViewName::Ladder(Ends::One));
    if view.ends() == Ends::Both {
        shell.workspace.tracing.hear_the_end();
    }
    let kept = last(shell)?;
    if let Some(range) = &packets
        && !kept.again(packets.clone()).any(|seen| seen.packet().is_some())
    {
        let (first, last) = (range.start(), range.end());
        return Err(CommandError::local(format_args!("no packet of #{first} to #{last}{}", there_are(kept))).into());
    }
    let page = page(shell);
    let limit = if packets.is_some() { Limit::All } else { page.limit };
    let both = view.ends() == Ends::Both && kept.has_both_ends();
    if view.ends() == Ends::Both && !both {
        shell.console.note("tftp: only one end of that transfer is known.");
    }
    let mut view = Page { limit, ..page }.view(if both { view } else { view.of_one_end() });
    let mut out = io::BufWriter::new(shell.console.writer(shell.console.stream()));
    let again: Vec<_> = if both { kept.both_again(packets) } else { kept.again(packets).collect() };
    again.into_iter().try_for_each(|seen| view.render(seen, &mut out))?;
    view.finish(&mut out)?;
    io::Write::flush(&mut out)?;
    if kept.forgotten() > 0 {
        let forgotten = kept.forgotten();
        shell.console.note(format_args!("{forgotten} events in the middle were too many to keep."));
    }
    Ok(())
}

fn show_one(shell: &mut Shell<'_>, n: u64) -> Result<(), HandlerError> {
    let kept = last(shell)?;
    let mut out = io::BufWriter::new(shell.console.writer(shell.console.stream()));
    if !show(kept, n, &page(shell), &mut out)? {
        return Err(CommandError::local(format_args!("no packet #{n}{}", there_are(kept))).into());
    }
    Ok(io::Write::flush(&mut out)?)
}

fn last<'a>(shell: &'a Shell<'_>) -> Result<&'a Kept, CommandError> {
    let kept = shell.workspace.tracing.ring().and_then(|ring| ring.last());
    kept.ok_or_else(|| {
        CommandError::local("no transfer to show again; a script keeps them after its first trace or fault")
    })
}

fn there_are(kept: &Kept) -> String {
    let last = kept.again(None).filter_map(Annotated::packet).map(|packet| packet.n).max().unwrap_or_default();
    match kept.forgotten() {
        0 => format!(": the last transfer has #1 to #{last}"),
        _ => format!(" is kept: the last transfer has #1 to #{last}, too many to keep all"),
    }
}

fn page(shell: &Shell<'_>) -> Page {
    let stream = shell.console.stream();
    Page { redraws: false, ..screen_page(&shell.workspace.session.settings, &shell.console, stream, shell.setup.plain) }
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
    let ring = shell.workspace.tracing.ring();
    let (events, transfers) = ring.map_or((0, 0), |ring| (ring.len(), ring.transfers().count()));
    lines.push(format!("Kept: {}, {}", counted(events as u64, "event"), counted(transfers as u64, "transfer")));
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
