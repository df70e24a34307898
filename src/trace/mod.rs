//! Views of what happened: [`Annotated`] records in, text or bytes out.
//!
//! ```text
//! Record --Analyser--> Annotated --> Ring: trace again, trace show
//!                              '---> View, each with its own Write:
//!                                      Elided<Ladder>  Elided<Explain>  Elided<Hex>  Json  Pcapng
//!
//! client: Annotated --.
//!                      Merge --> View of both ends:  Paired<Elided<BothLadder>>  Paired<Elided<Explain>>  Json
//! server: Annotated --'
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
mod both_ends;
mod both_ladder;
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
mod other_end;
mod page;
mod paint;
mod paired;
mod pcapng;
mod per_transfer;
mod progress;
mod silences;
mod tracer;
mod view_name;

use std::io::{self, Write};

pub use arrow::Charset;
pub use both_ladder::BothLadder;
pub use classic::{Classic, Lines};
pub use content::Content;
pub use elide::{Elided, Limit, Run};
pub use explain::{Detail, Explain};
pub(crate) use fold::{fold, fold_parts};
pub use hex::Hex;
pub use json::Json;
pub use ladder::Ladder;
pub use notes::Notes;
pub use other_end::{Heard, OtherEnd, Tap};
pub use page::{Page, show};
pub use paint::{Paint, Tint, paint, plain};
pub use paired::Paired;
pub use pcapng::{HINT, Pcapng};
pub use per_transfer::PerTransfer;
pub use progress::Progress;
pub use tracer::{OutletId, Tracer, Views};
pub use view_name::{Ends, ViewName};

use crate::analysis::Annotated;

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

    /// Writes what it still holds, because no record follows for some time.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    fn finish(&mut self, _out: &mut dyn Write) -> io::Result<()> {
        Ok(())
    }

    /// Returns the line that replaces a run of ordinary packets, if the view may be shortened.
    fn hidden(&self, _run: &Run) -> Option<String> {
        None
    }

    /// Returns what a reader of the output should know.
    fn hint(&self) -> Option<&'static str> {
        None
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
