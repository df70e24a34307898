//! Views of what happened: [`Annotated`] records in, text or bytes out.
//!
//! ```text
//! Record --Analyser--> Annotated --> Ring: again, show
//!                              '---> View, each with its own Write
//!                                      Elided<Ladder>  Elided<Explain>  Elided<Hex>  Json  Pcapng
//! ```
//!
//! The [`Classic`] view prints raw records as BSD's tftp does and nothing else, so that tools may parse it; [`Notes`]
//! about what is no packet go elsewhere. Every other view is made from what the analysis says.
//!
//! A view is a function of the records alone: it reads no clock, opens nothing, and writes no byte of the network
//! to a terminal that could steer it. Colour is handed in as a [`Paint`], so that nothing here names a terminal.
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

mod classic;
mod elide;
mod explain;
mod fields;
mod figures;
mod fold;
mod hex;
mod json;
mod ladder;
mod lines;
mod notes;
mod page;
mod paint;
mod pcapng;
mod progress;
mod show;
pub(crate) mod units;
mod view_name;

use std::io::{self, Write};

pub use classic::Classic;
pub use elide::{Elided, Limit, Run};
pub use explain::{Detail, Explain};
pub(crate) use fold::fold;
pub use hex::Hex;
pub use json::Json;
pub use ladder::Ladder;
pub use lines::Lines;
pub use notes::Notes;
pub use page::Page;
pub use paint::{Paint, Tint, paint, plain};
pub use pcapng::{HINT, Pcapng};
pub use progress::Progress;
pub use show::show;
pub use view_name::ViewName;

use crate::analysis::{Analyser, Annotated, Annotation, Ring};
use crate::event::{Observer, Record};

/// One way to tell what happened.
pub trait View {
    /// Tells one record.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    fn render(&mut self, annotated: &Annotated<'_>, out: &mut dyn Write) -> io::Result<()>;

    /// The line that stands for a run of ordinary packets, in a view that may be shortened.
    fn hidden(&self, _run: &Run) -> Option<String> {
        None
    }

    /// What a reader of the output should know.
    fn hint(&self) -> Option<&'static str> {
        None
    }
}

/// Watches transfers for all views at once: analyses each record a single time, keeps it, and hands it on.
#[derive(Default)]
pub struct Tracer<'a> {
    analyser: Analyser,
    ring: Option<Ring>,
    outlets: Vec<Outlet<'a>>,
    /// Outlets there were so far.
    count: usize,
}

/// Names a view among those of a [`Tracer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutletId(usize);

struct Outlet<'a> {
    id: OutletId,
    view: Box<dyn View + 'a>,
    out: Box<dyn Write + 'a>,
    failure: Option<io::Error>,
}

impl<'a> Tracer<'a> {
    /// Without a view; keeps nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps the last transfers from here on, if it does not already.
    pub fn keep(&mut self) {
        self.ring.get_or_insert_default();
    }

    /// Whether there is nothing to tell anybody, now or later.
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

    /// Ends a view.
    pub fn remove(&mut self, id: OutletId) {
        self.outlets.retain(|outlet| outlet.id != id);
    }

    /// Draws in another way from here on, to the same place.
    pub fn replace(&mut self, id: OutletId, view: Box<dyn View + 'a>) {
        if let Some(outlet) = self.outlets.iter_mut().find(|outlet| outlet.id == id) {
            outlet.view = view;
        }
    }

    /// The view of this name.
    pub fn view(&self, id: OutletId) -> Option<&(dyn View + 'a)> {
        self.outlets.iter().find(|outlet| outlet.id == id).map(|outlet| &*outlet.view)
    }

    /// Lets no writer hold anything back.
    pub fn flush(&mut self) {
        for outlet in self.outlets.iter_mut().filter(|outlet| outlet.failure.is_none()) {
            outlet.failure = outlet.out.flush().err();
        }
    }

    /// Takes the views out that could not write, with the reasons.
    pub fn failed(&mut self) -> Vec<(OutletId, io::Error)> {
        let failed = |outlet: Outlet<'_>| outlet.failure.map(|error| (outlet.id, error));
        self.outlets.extract_if(.., |outlet| outlet.failure.is_some()).filter_map(failed).collect()
    }

    /// What is kept.
    pub fn ring(&self) -> Option<&Ring> {
        self.ring.as_ref()
    }
}

impl Observer for Tracer<'_> {
    fn observe(&mut self, record: &Record<'_>) {
        let Some(annotated) = self.analyser.analyse(record) else { return };
        for outlet in &mut self.outlets {
            outlet.tell(&annotated);
        }
        if let Some(ring) = &mut self.ring {
            ring.keep(&annotated);
        }
    }
}

impl Outlet<'_> {
    fn tell(&mut self, annotated: &Annotated<'_>) {
        if self.failure.is_some() {
            return;
        }
        let told = self.view.render(annotated, &mut self.out).and_then(|()| match annotated.kind {
            Annotation::End(_) => self.out.flush(),
            _ => Ok(()),
        });
        self.failure = told.err();
    }
}

/// A writer that gives up at its first error: a trace that nobody reads any more must not end a transfer.
struct Line<W> {
    writer: W,
    broken: bool,
}

impl<W: Write> Line<W> {
    fn new(writer: W) -> Self {
        Self { writer, broken: false }
    }

    /// Writes by one call, so that lines of several writers do not mix.
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
