use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Instant;

use super::View;
use super::both_ends::BothEnds;
use super::other_end::Heard;
use crate::analysis::{Analyser, Annotated, Annotation, Ring, ServerAnalyser};
use crate::event::{Observer, Record};

/// The observer for all views: it analyses each record once, keeps a copy, and passes it to each view.
///
/// It observes a client, or [a server](Self::of_server) with all its transfers. Of a client's transfer, it may
/// [hear](Self::hear) the records of the other end too, for views of both.
#[derive(Default)]
pub struct Tracer<'a> {
    source: Source,
    both: BothEnds,
    ring: Option<Ring>,
    outlets: Vec<Outlet<'a>>,
    /// The number of outlets so far.
    count: usize,
}

enum Source {
    Client(Box<Analyser>),
    Server(ServerAnalyser),
}

/// The identity of a view of a [`Tracer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutletId(usize);

struct Outlet<'a> {
    id: OutletId,
    views: Views<'a>,
    out: Box<dyn Write + 'a>,
    failure: Option<io::Error>,
}

/// One view, or two of which one shows each transfer.
pub enum Views<'a> {
    /// A view of one end.
    One(Box<dyn View + 'a>),
    /// A view of both ends, and the one for transfers of which only one end is known.
    Both(Box<dyn View + 'a>, Box<dyn View + 'a>),
}

impl<'a> Tracer<'a> {
    /// Creates a tracer without a view, which keeps nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a tracer of a server.
    pub fn of_server() -> Self {
        Self { source: Source::Server(ServerAnalyser::new()), ..Self::default() }
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
        self.add_views(Views::One(view), out)
    }

    /// Adds a view, perhaps one of both ends, that writes to `out`.
    pub fn add_views(&mut self, views: Views<'a>, out: Box<dyn Write + 'a>) -> OutletId {
        self.count += 1;
        let id = OutletId(self.count);
        self.outlets.push(Outlet { id, views, out, failure: None });
        id
    }

    /// Removes a view.
    pub fn remove(&mut self, id: OutletId) {
        self.outlets.retain(|outlet| outlet.id != id);
    }

    /// Replaces a view by another that writes to the same output.
    pub fn replace(&mut self, id: OutletId, views: Views<'a>) {
        if let Some(outlet) = self.outlets.iter_mut().find(|outlet| outlet.id == id) {
            outlet.views = views;
        }
    }

    /// Returns the hint of a view.
    pub fn hint(&self, id: OutletId) -> Option<&'static str> {
        self.outlets.iter().find(|outlet| outlet.id == id)?.views.of_one_end().hint()
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

    /// Whether the records of the other end have any use.
    pub fn wants_both(&self) -> bool {
        self.ring.is_some() || self.shows_both()
    }

    /// Whether a view shows both ends, if they are known.
    pub fn shows_both(&self) -> bool {
        self.outlets.iter().any(|outlet| matches!(outlet.views, Views::Both(..)))
    }

    /// Decides whether the other end of the transfer that begins will be [heard](Self::hear).
    pub fn begin(&mut self, both_known: bool) {
        self.settle();
        self.both.known = both_known;
    }

    /// Takes a record of the other end. It counts if it belongs to the present transfer of the client.
    pub fn hear(&mut self, heard: Heard) {
        let Some(annotated) = self.both.adopt(heard) else { return };
        if let Some(ring) = &mut self.ring {
            ring.keep(&annotated);
        }
        if self.shows_both() {
            self.both.merge.push(annotated);
        }
    }

    /// Shows what both ends have given up to now.
    pub fn advance(&mut self, now: Instant) {
        let now = self.both.since_request(now);
        while let Some(annotated) = self.both.merge.next(now) {
            self.show_both(&annotated);
        }
    }

    /// Shows all that views hold, because no record follows for some time.
    pub fn settle(&mut self) {
        while let Some(annotated) = self.both.merge.earliest() {
            self.show_both(&annotated);
        }
        for outlet in &mut self.outlets {
            outlet.write(|views, out| views.each().try_for_each(|view| view.finish(out)));
        }
    }

    /// Whether the other end has nothing more to say about the present transfer, or is not heard.
    pub fn has_both(&self) -> bool {
        !self.both.known || self.both.is_over()
    }

    /// Returns the addresses from which the client asked in the present transfer.
    pub fn clients(&self) -> &[SocketAddr] {
        &self.both.clients
    }

    fn show_both(&mut self, annotated: &Annotated<'_>) {
        for outlet in &mut self.outlets {
            if let Views::Both(..) = outlet.views {
                outlet.render(annotated, |views| views.of_both_ends());
            }
        }
    }
}

impl Observer for Tracer<'_> {
    fn observe(&mut self, record: &Record<'_>) {
        let annotated = match &mut self.source {
            Source::Client(analyser) => analyser.analyse(record),
            Source::Server(analyser) => analyser.analyse(record).map(|(_, annotated)| annotated),
        };
        let Some(annotated) = annotated else { return };
        self.both.note(record.at, &annotated);
        let both_known = self.both.known;
        for outlet in &mut self.outlets {
            if !(both_known && matches!(outlet.views, Views::Both(..))) {
                outlet.render(&annotated, |views| views.of_one_end_mut());
            }
        }
        if let Some(ring) = &mut self.ring {
            ring.keep(&annotated);
        }
        if both_known && self.shows_both() {
            self.both.merge.push(annotated.kept());
        }
    }
}

impl<'a> Outlet<'a> {
    fn render(
        &mut self,
        annotated: &Annotated<'_>,
        view: impl for<'v> FnOnce(&'v mut Views<'a>) -> &'v mut (dyn View + 'a),
    ) {
        let is_end = matches!(annotated.kind, Annotation::End(_));
        self.write(|views, out| {
            view(views).render(annotated, out)?;
            if is_end { out.flush() } else { Ok(()) }
        });
    }

    /// Writes something, unless something else failed before.
    fn write(&mut self, write: impl FnOnce(&mut Views<'a>, &mut dyn Write) -> io::Result<()>) {
        if self.failure.is_none() {
            self.failure = write(&mut self.views, &mut self.out).err();
        }
    }
}

impl<'a> Views<'a> {
    /// Writes what comes before the first record.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn begin(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.of_one_end_mut().begin(out)
    }

    fn of_both_ends(&mut self) -> &mut (dyn View + 'a) {
        match self {
            Self::One(view) | Self::Both(view, _) => &mut **view,
        }
    }

    fn of_one_end_mut(&mut self) -> &mut (dyn View + 'a) {
        match self {
            Self::One(view) | Self::Both(_, view) => &mut **view,
        }
    }

    fn of_one_end(&self) -> &(dyn View + 'a) {
        match self {
            Self::One(view) | Self::Both(_, view) => &**view,
        }
    }

    fn each(&mut self) -> impl Iterator<Item = &mut Box<dyn View + 'a>> {
        let (first, second) = match self {
            Self::One(view) => (view, None),
            Self::Both(both, one) => (both, Some(one)),
        };
        std::iter::once(first).chain(second)
    }
}

impl Default for Source {
    fn default() -> Self {
        Self::Client(Box::default())
    }
}
