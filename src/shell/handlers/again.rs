//! trace again, trace show: the kept transfers once more.

use std::io::{self, Write};
use std::ops::RangeInclusive;

use crate::analysis::{Annotated, AnnotatedPacket, Kept};
use crate::language::Again;
use crate::shell::tracing::{STDOUT, file_name, file_page, screen_page};
use crate::shell::{CommandError, HandlerError, Shell};
use crate::trace::{Content, Ends, Limit, Page, ViewName, show};
use crate::units::counted;
use crate::wire::{Packet, Printable};

/// Shows a kept transfer on the screen as it is now, or writes it into a file. A range that was asked for is shown whole.
pub(super) fn again(shell: &mut Shell<'_>, again: &Again) -> Result<(), HandlerError> {
    let Again { transfer, content, packets, file } = again;
    let screen = || Content::View(shell.workspace.session.settings.tracing.unwrap_or(ViewName::Ladder(Ends::One)));
    let content = content.unwrap_or_else(screen);
    if content.ends() == Ends::Both {
        shell.workspace.tracing.hear_the_end();
    }
    let kept = kept(shell, *transfer)?;
    let is_half = content.ends() == Ends::Both && !kept.has_both_ends();
    if is_half {
        shell.console.note("tftp: only one end of that transfer is known");
    }
    let content = if is_half { content.of_one_end() } else { content };
    let Some(first) = numbers(kept, packets.as_ref()).next() else {
        return Err(no_packets(kept, *transfer, packets.as_ref()).into());
    };
    let last = numbers(kept, packets.as_ref()).last().unwrap_or(first);
    let Some(path) = file else {
        let mut out = io::BufWriter::new(shell.console.writer(shell.console.stream()));
        render(kept, content, packets.as_ref(), &page(shell), &mut out)?;
        note_forgotten(shell, kept);
        return Ok(());
    };
    let path = file_name(content, path, &shell.console)?;
    let (settings, console) = (&shell.workspace.session.settings, &shell.console);
    let written = shell
        .workspace
        .tracing
        .create(content, &path, console)
        .and_then(|mut out| render(kept, content, packets.as_ref(), &file_page(settings), &mut out));
    let hint = if path.is(STDOUT) { written? } else { written.map_err(|error| CommandError::file(&path, error))? };
    if !path.is(STDOUT) {
        console.say(format_args!("{} written to {path} ({content}).", range(first, last)))?;
    }
    if let Some(hint) = hint.filter(|_| console.is_observed()) {
        console.hint(&hint.replace("FILE", &path.to_string()));
    }
    note_forgotten(shell, kept);
    Ok(())
}

/// Shows all about a packet of a kept transfer.
pub(super) fn show_one(shell: &mut Shell<'_>, transfer: usize, n: u64) -> Result<(), HandlerError> {
    let kept = kept(shell, transfer)?;
    let mut out = io::BufWriter::new(shell.console.writer(shell.console.stream()));
    if !show(kept, n, &page(shell), &mut out)? {
        return Err(CommandError::local(format_args!("no packet #{n}{}", there_are(kept, transfer))).into());
    }
    Ok(out.flush()?)
}

/// Lists the kept transfers, each with the number that selects it.
pub(super) fn list(shell: &Shell<'_>) -> Vec<String> {
    let transfers = latest_first(shell);
    let events: usize = transfers.iter().map(|kept| kept.len()).sum();
    let kept = format!("Kept: {}, {}", counted(events as u64, "event"), counted(transfers.len() as u64, "transfer"));
    let described = (1..).zip(transfers).filter_map(|(number, kept)| {
        let request = kept.again(None).find_map(Annotated::packet).map(request)?;
        Some(format!("  {number}: {request}, #1 to #{}", last_number(kept)))
    });
    std::iter::once(kept).chain(described).collect()
}

fn latest_first<'a>(shell: &'a Shell<'_>) -> Vec<&'a Kept> {
    shell.workspace.tracing.ring().into_iter().flat_map(|ring| ring.transfers().rev()).collect()
}

/// Names a transfer by its request.
fn request(packet: &AnnotatedPacket<'_>) -> String {
    match packet.parse() {
        Ok(Packet::Request(request)) => {
            format!("{} {}", request.kind.command(), Printable(request.filename).brief())
        }
        _ => "its request was not kept".to_owned(),
    }
}

/// Draws the packets, and returns what the reader of a file should know.
fn render(
    kept: &Kept,
    content: Content,
    packets: Option<&RangeInclusive<u64>>,
    page: &Page,
    out: &mut dyn Write,
) -> io::Result<Option<&'static str>> {
    let limit = if packets.is_some() { Limit::All } else { page.limit };
    let mut view = Page { limit, ..*page }.again(content, kept);
    view.begin(out)?;
    if content.ends() == Ends::Both {
        kept.both_again(packets.cloned()).into_iter().try_for_each(|annotated| view.render(annotated, out))?;
    } else {
        kept.again(packets.cloned()).try_for_each(|annotated| view.render(annotated, out))?;
    }
    view.finish(out)?;
    out.flush()?;
    Ok(view.hint())
}

fn kept<'a>(shell: &'a Shell<'_>, transfer: usize) -> Result<&'a Kept, CommandError> {
    let transfers = latest_first(shell);
    match (transfers.get(transfer - 1), transfers.len()) {
        (Some(kept), _) => Ok(kept),
        (None, 0) => {
            Err(CommandError::local("no transfer to show again; a script keeps them after its first trace or fault"))
        }
        (None, count) => {
            let are = if count == 1 { "is" } else { "are" };
            let count = counted(count as u64, "transfer");
            Err(CommandError::local(format_args!(
                "no transfer {transfer}: {count} {are} kept (a packet is #{transfer})"
            )))
        }
    }
}

/// The numbers of the packets.
fn numbers(kept: &Kept, packets: Option<&RangeInclusive<u64>>) -> impl Iterator<Item = u64> {
    kept.again(packets.cloned()).filter_map(Annotated::packet).map(|packet| packet.n)
}

fn last_number(kept: &Kept) -> u64 {
    numbers(kept, None).max().unwrap_or_default()
}

/// Names packets at the beginning of a sentence.
fn range(first: u64, last: u64) -> String {
    if first == last { format!("Packet #{first}") } else { format!("Packets #{first} to #{last}") }
}

fn no_packets(kept: &Kept, transfer: usize, packets: Option<&RangeInclusive<u64>>) -> CommandError {
    match packets {
        Some(range) => {
            let (first, last) = (range.start(), range.end());
            CommandError::local(format_args!("no packet of #{first} to #{last}{}", there_are(kept, transfer)))
        }
        None => CommandError::local("the transfer has no packets"),
    }
}

fn there_are(kept: &Kept, transfer: usize) -> String {
    let which = if transfer == 1 { "the last transfer".to_owned() } else { format!("transfer {transfer}") };
    let last = last_number(kept);
    match kept.forgotten() {
        0 => format!(": {which} has #1 to #{last}"),
        _ => format!(" is kept: {which} has #1 to #{last}, too many to keep all"),
    }
}

fn note_forgotten(shell: &Shell<'_>, kept: &Kept) {
    if kept.forgotten() > 0 {
        let forgotten = kept.forgotten();
        shell.console.note(format_args!("{forgotten} events in the middle were too many to keep."));
    }
}

fn page(shell: &Shell<'_>) -> Page {
    let stream = shell.console.stream();
    Page { redraws: false, ..screen_page(&shell.workspace.session.settings, &shell.console, stream, shell.setup.plain) }
}
