use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use super::View;
use crate::analysis::{Annotated, Annotation};
use crate::wire::{Packet, Printable};

/// How long the transfer that is shown may be silent before another one is shown.
const QUIET: Duration = Duration::from_millis(250);

/// The most bytes of one transfer that wait for another one to end.
const WAITING: usize = 64 << 10;

/// The most transfers that are remembered after their ends.
const REMEMBERED: usize = 64;

/// The most transfers that are remembered: one whose request a fault rule drops never ends.
const MOST: usize = 4096;

/// A view of a server, whose transfers mix: it shows each transfer with a view of its own.
///
/// Packets of one transfer appear as they come. Those of another wait until it ends, or until the first one ends or is
/// silent, so that each stays readable. A line with the client and the file precedes them: `127.0.0.1:40112 get fw.bin:`.
pub struct PerTransfer {
    make: Box<dyn Fn() -> Box<dyn View>>,
    transfers: BTreeMap<u32, Transfer>,
    /// The transfer shown last, and when.
    shown: Option<(u32, SystemTime)>,
}

struct Transfer {
    title: String,
    view: Box<dyn View>,
    /// What waits to be shown.
    text: Vec<u8>,
    has_ended: bool,
}

impl PerTransfer {
    /// Creates a view that gets a view for each transfer from `make`.
    pub fn new(make: impl Fn() -> Box<dyn View> + 'static) -> Self {
        Self { make: Box::new(make), transfers: BTreeMap::new(), shown: None }
    }

    /// Whether this transfer may be shown now: it is already, or no other one is.
    fn may_show(&self, annotated: &Annotated<'_>) -> bool {
        let Some((shown, at)) = self.shown else { return true };
        let has_ended = || self.transfers.get(&shown).is_none_or(|transfer| transfer.has_ended);
        let is_silent = || annotated.wall.duration_since(at).is_ok_and(|time| time >= QUIET);
        shown == annotated.xfer || has_ended() || is_silent()
    }

    /// Writes what waits of a transfer.
    fn show(&mut self, xfer: u32, at: SystemTime, out: &mut dyn Write) -> io::Result<()> {
        let Some(transfer) = self.transfers.get_mut(&xfer).filter(|transfer| !transfer.text.is_empty()) else {
            return Ok(());
        };
        let follows = self.shown.is_some_and(|(shown, _)| shown == xfer);
        self.shown = Some((xfer, at));
        if !follows {
            writeln!(out, "{}:", transfer.title)?;
        }
        out.write_all(&std::mem::take(&mut transfer.text))
    }
}

impl View for PerTransfer {
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()> {
        let Annotated { xfer, wall, .. } = *annotated;
        let make = &self.make;
        let new = || Transfer { title: String::new(), view: make(), text: Vec::new(), has_ended: false };
        let transfer = self.transfers.entry(xfer).or_insert_with(new);
        if transfer.title.is_empty() {
            transfer.title = title(annotated);
        }
        transfer.view.render(annotated, &mut transfer.text)?;
        let is_end = matches!(annotated.kind, Annotation::End(_));
        transfer.has_ended |= is_end;
        let is_long = transfer.text.len() > WAITING;
        if is_end || is_long || self.may_show(annotated) {
            self.show(xfer, wall, out)?;
        }
        if is_end {
            self.forget();
        }
        if self.transfers.len() > MOST {
            self.transfers.pop_first();
        }
        Ok(())
    }

    fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let all: Vec<_> = self.transfers.keys().copied().collect();
        for xfer in all {
            if let Some(Transfer { view, text, .. }) = self.transfers.get_mut(&xfer) {
                view.finish(text)?;
            }
            self.show(xfer, SystemTime::UNIX_EPOCH, out)?;
        }
        Ok(())
    }
}

impl PerTransfer {
    /// Forgets the oldest transfers that have ended, except some, whose packets may come late.
    fn forget(&mut self) {
        let ended: Vec<_> = self.transfers.iter().filter(|(_, it)| it.has_ended).map(|(xfer, _)| *xfer).collect();
        for xfer in ended.iter().take(ended.len().saturating_sub(REMEMBERED)) {
            self.transfers.remove(xfer);
        }
    }
}

/// Names the client and the file of a transfer, if the record is its request.
fn title(annotated: &Annotated<'_>) -> String {
    let Some(packet) = annotated.packet() else { return String::new() };
    let peer = packet.peer;
    match packet.parse() {
        Ok(Packet::Request(request)) => {
            format!("{peer} {} {}", request.kind.command(), Printable(request.filename))
        }
        _ => peer.to_string(),
    }
}
