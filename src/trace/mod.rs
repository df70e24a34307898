//! Views of what happened: [`Annotated`] records in, text or bytes out.
//!
//! ```text
//! Record --Analyser--> Annotated --> Ring: trace again, trace show
//!                              '---> View, each with its own Write:
//!                                      Elided<Ladder>  Elided<Explain>  Elided<Hex>  Json  Pcapng
//! ```
//!
//! The [`Classic`] view prints raw records as BSD's tftp does and nothing else, so that tools can parse it; [`Notes`]
//! about other events go elsewhere. Every other view is made from the analysis.
//!
//! A view is a function of the records alone: it reads no clock, opens nothing, and writes no byte of the network that
//! could control the terminal. Colour is a parameter, a [`Paint`], so that nothing here depends on a terminal.
//!
//! ```
//! use tftpsh::client::Negotiation;
//! use tftpsh::trace::Classic;
//! use tftpsh::{Client, MemoryStore, Server};
//!
//! let server = Server::builder(MemoryStore::from([("a", "hello")])).bind("127.0.0.1:0")?.spawn()?;
//! let mut trace = Classic::new(Vec::new());
//! Client::to(server.address()).options(Negotiation::Off).observer(&mut trace).get("a", std::io::sink())?;
//! assert_eq!(
//!     String::from_utf8(trace.into_inner())?,
//!     "sent RRQ <file=a, mode=octet>\n\
//!      received DATA <block=1, 5 bytes>\n\
//!      sent ACK <block=1>\n"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod arrow;
mod classic;
mod columns;
mod content;
mod elide;
mod explain;
mod fields;
mod figures;
mod fold;
mod hex;
mod json;
mod ladder;
mod notes;
mod page;
mod paint;
mod pcapng;
mod printable_json;
mod progress;
mod silences;
pub(crate) mod units;
mod view_name;

use std::io::{self, Write};

pub use arrow::Charset;
pub use classic::{Classic, Lines};
pub use content::Content;
pub use elide::{Elided, Limit, Run};
pub use explain::{Detail, Explain};
pub(crate) use fold::{fold, fold_parts};
pub use hex::Hex;
pub use json::Json;
pub use ladder::Ladder;
pub use notes::Notes;
pub use page::{Page, show};
pub use paint::{Paint, Tint, paint, plain};
pub use pcapng::{HINT, Pcapng};
pub(crate) use printable_json::printable_json;
pub use progress::Progress;
pub use view_name::ViewName;

use crate::analysis::{Analyser, Annotated, Annotation, Ring};
use crate::event::{Observer, Record};

/// One way to show what happened.
pub trait View {
    /// Writes what comes before the first record, so that the output is complete without any.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    fn begin(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Writes one record.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()>;

    /// Returns the line that replaces a run of ordinary packets, if the view may be shortened.
    fn hidden(&self, _run: &Run) -> Option<String> {
        None
    }

    /// Returns what a reader of the output should know.
    fn hint(&self) -> Option<&'static str> {
        None
    }
}

/// The observer for all views: it analyses each record once, keeps a copy, and passes it to each view.
#[derive(Default)]
pub struct Tracer<'a> {
    analyser: Analyser,
    ring: Option<Ring>,
    outlets: Vec<Outlet<'a>>,
    /// The number of outlets so far.
    count: usize,
}

/// The identity of a view of a [`Tracer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutletId(usize);

struct Outlet<'a> {
    id: OutletId,
    view: Box<dyn View + 'a>,
    out: Box<dyn Write + 'a>,
    failure: Option<io::Error>,
}

impl<'a> Tracer<'a> {
    /// Creates a tracer without a view, which keeps nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the last transfers from now on.
    pub fn keep(&mut self) {
        self.ring.get_or_insert_default();
    }

    /// Whether records have no use, now or later.
    pub fn is_idle(&self) -> bool {
        self.ring.is_none() && self.outlets.is_empty()
    }

    /// Adds a view that writes to `out`.
    pub fn add(&mut self, view: Box<dyn View + 'a>, out: Box<dyn Write + 'a>) -> OutletId {
        self.count += 1;
        let id = OutletId(self.count);
        self.outlets.push(Outlet { id, view, out, failure: None });
        id
    }

    /// Removes a view.
    pub fn remove(&mut self, id: OutletId) {
        self.outlets.retain(|outlet| outlet.id != id);
    }

    /// Replaces a view by another that writes to the same output.
    pub fn replace(&mut self, id: OutletId, view: Box<dyn View + 'a>) {
        if let Some(outlet) = self.outlets.iter_mut().find(|outlet| outlet.id == id) {
            outlet.view = view;
        }
    }

    /// Returns a view.
    pub fn view(&self, id: OutletId) -> Option<&(dyn View + 'a)> {
        self.outlets.iter().find(|outlet| outlet.id == id).map(|outlet| &*outlet.view)
    }

    /// Flushes every output.
    pub fn flush(&mut self) {
        for outlet in self.outlets.iter_mut().filter(|outlet| outlet.failure.is_none()) {
            outlet.failure = outlet.out.flush().err();
        }
    }

    /// Removes the views that could not write and returns them with their errors.
    pub fn failed(&mut self) -> Vec<(OutletId, io::Error)> {
        let failed = |outlet: Outlet<'_>| outlet.failure.map(|error| (outlet.id, error));
        self.outlets.extract_if(.., |outlet| outlet.failure.is_some()).filter_map(failed).collect()
    }

    /// Returns the kept transfers.
    pub fn ring(&self) -> Option<&Ring> {
        self.ring.as_ref()
    }
}

impl Observer for Tracer<'_> {
    fn observe(&mut self, record: &Record<'_>) {
        let Some(annotated) = self.analyser.analyse(record) else { return };
        for outlet in self.outlets.iter_mut().filter(|outlet| outlet.failure.is_none()) {
            let rendered = outlet.view.render(&annotated, &mut outlet.out);
            let is_end = matches!(annotated.kind, Annotation::End(_));
            outlet.failure = rendered.and_then(|()| if is_end { outlet.out.flush() } else { Ok(()) }).err();
        }
        if let Some(ring) = &mut self.ring {
            ring.keep(&annotated);
        }
    }
}

/// A writer that stops at its first error: a closed trace must not end a transfer.
struct FailSoftWriter<W> {
    writer: W,
    broken: bool,
}

impl<W: Write> FailSoftWriter<W> {
    fn new(writer: W) -> Self {
        Self { writer, broken: false }
    }

    /// Writes the line in one call, so that lines of several writers do not mix.
    fn write(&mut self, line: &str) {
        self.attempt(|writer| writer.write_all(line.as_bytes()));
    }

    fn flush(&mut self) {
        self.attempt(Write::flush);
    }

    fn attempt(&mut self, action: impl FnOnce(&mut W) -> io::Result<()>) {
        self.broken = self.broken || action(&mut self.writer).is_err();
    }
}
