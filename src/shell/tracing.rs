//! Trace views: one on the screen, others in files; and the transfers kept for `trace again`.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::{CommandError, local_names};
use crate::analysis::Ring;
use crate::event::{Observer, Record, RecordKind};
use crate::language::Word;
use crate::session::Settings;
use crate::style;
use crate::terminal::{Console, FlushTimer, LineBatcher, LogOutput, Stream, plain};
use crate::trace::{Charset, Classic, Content, OtherEnd, OutletId, Page, Tracer, ViewName, Views, paint};
use crate::transfer::Machine;

/// Columns where nothing says how many there are.
const COLUMNS: usize = 80;
/// How long the end of the server may come after that of the client.
const OTHER_END: Duration = Duration::from_millis(250);
/// The file name that means standard output.
pub(super) const STDOUT: &str = "-";

/// All observers of transfers that the user switched on. The screen's view is a setting and made for each transfer, to
/// fit the screen of the moment; files stay open from one to the next.
#[derive(Default)]
pub(super) struct Tracing {
    tracer: Tracer<'static>,
    /// The screen's view, where it is the classic one: that needs no analysis.
    classic: Option<Classic<Box<dyn Write>>>,
    /// The screen's view, where it is another.
    screen: Option<OutletId>,
    files: Vec<Filed>,
    /// When lines that are held are written.
    flush_timer: FlushTimer,
    /// It observes a server.
    of_server: bool,
    /// The practice server, whose records show the other end of our transfers.
    other: Option<Other>,
    /// The end of the present transfer at the other end has not been waited for.
    is_awaited: bool,
    /// Where to say that only one end is known; `None` once it was said.
    aside: Option<Box<dyn Write>>,
    said: bool,
    /// Files that could not be written.
    failed: Vec<(String, io::Error)>,
    /// The screen, or a file on standard output, could not be written.
    lost_screen: Option<io::Error>,
}

/// The practice server.
struct Other {
    end: OtherEnd,
    addresses: Vec<SocketAddr>,
}

/// What goes into one file.
struct Filed {
    content: Content,
    path: Word,
    outlet: OutletId,
    /// The hint for readers of the file was printed.
    hinted: bool,
}

/// What to report when a transfer is over.
#[derive(Default)]
pub(super) struct Aftermath {
    /// Files that could not be written, and are left alone from now on.
    pub(super) failed: Vec<(String, io::Error)>,
    /// That was reported when it happened.
    pub(super) is_reported: bool,
    /// What readers of files should know.
    pub(super) hints: Vec<String>,
}

impl Tracing {
    /// Observes a server from now on, not a client.
    pub(super) fn serve(&mut self) {
        (self.tracer, self.of_server) = (Tracer::of_server(), true);
    }

    /// Gets to know the practice server, which has the observer of `end`, by its addresses.
    pub(super) fn meet(&mut self, end: OtherEnd, addresses: &[SocketAddr]) {
        self.other = Some(Other { end, addresses: addresses.to_vec() });
    }

    /// Takes the last records of the practice server, which ends.
    pub(super) fn part(&mut self) {
        self.hear(Instant::now());
        self.other = None;
    }

    /// Keeps transfers from here on, for `trace again`.
    pub(super) fn keep(&mut self) {
        self.tracer.keep();
    }

    /// What is kept.
    pub(super) fn ring(&self) -> Option<&Ring> {
        self.tracer.ring()
    }

    /// Writes a view or a capture into a file, beside the screen, in place of an earlier file of the same kind.
    pub(super) fn open(
        &mut self,
        content: Content,
        path: &Word,
        settings: &Settings,
        console: &Console,
    ) -> io::Result<()> {
        // Two views in one file would be neither. One that is replaced does not count.
        if let Some(other) = self.files.iter().find(|file| file.path == *path && !file.content.is_like(content)) {
            return Err(goes_there(other));
        }
        let mut views = self.views(&file_page(settings), content);
        let mut out = self.file_writer(content, path, console)?;
        views.begin(&mut out)?;
        self.end(content);
        let outlet = self.tracer.add_views(views, out);
        self.files.push(Filed { content, path: path.clone(), outlet, hinted: false });
        Ok(())
    }

    /// Creates a file that a kept transfer is written to.
    pub(super) fn create(&self, content: Content, path: &Word, console: &Console) -> io::Result<Box<dyn Write>> {
        match self.files.iter().find(|file| file.path == *path) {
            Some(other) => Err(goes_there(other)),
            None => self.file_writer(content, path, console),
        }
    }

    /// A writer for a file of its own: lines for a view, blocks for a capture.
    fn file_writer(&self, content: Content, path: &Word, console: &Console) -> io::Result<Box<dyn Write>> {
        let is_stdout = path.is(STDOUT);
        Ok(match content {
            Content::View(_) if is_stdout => self.lines(Stream::Output, console),
            Content::View(_) => Box::new(LineBatcher::new(console.create(path.path())?)),
            Content::Capture { .. } if is_stdout => Box::new(BufWriter::new(console.writer(Stream::Output))),
            Content::Capture { .. } => Box::new(BufWriter::new(console.create(path.path())?)),
        })
    }

    /// A writer for the lines of a view. Only a server has other work than to wait for their reader.
    fn lines(&self, stream: Stream, console: &Console) -> Box<dyn Write> {
        if self.of_server { console.lines_of_server(stream) } else { console.lines(stream) }
    }

    /// Ends the file of a view, or the capture; returns whether there was one.
    pub(super) fn end(&mut self, content: Content) -> bool {
        let before = self.files.len();
        for filed in self.files.extract_if(.., |filed| filed.content.is_like(content)) {
            self.tracer.remove(filed.outlet);
        }
        self.files.len() < before
    }

    /// Whether something else than text for people goes to standard output, so that text must not.
    pub(super) fn takes_stdout(&self, settings: &Settings) -> bool {
        self.has_stdout() || settings.tracing.is_some_and(ViewName::is_for_programs)
    }

    /// Whether a view shows the digest of the file: views for programs do, though the user did not ask.
    pub(super) fn wants_digest(&self, settings: &Settings) -> bool {
        let files = self
            .files
            .iter()
            .filter_map(|filed| if let Content::View(view) = filed.content { Some(view) } else { None });
        files.chain(settings.tracing).any(ViewName::is_for_programs)
    }

    /// Draws the files from here on as the settings want it.
    pub(super) fn redraw(&mut self, settings: &Settings) {
        for filed in &self.files {
            if let Content::View(view) = filed.content {
                let views = self.views(&file_page(settings), Content::View(view));
                self.tracer.replace(filed.outlet, views);
            }
        }
    }

    /// Makes ready for a transfer. `plain` forbids everything but words.
    pub(super) fn begin(&mut self, settings: &Settings, console: &Console, plain: bool) {
        self.end_screen();
        self.begin_screen(settings, console, plain);
        if let Some(other) = &self.other {
            other.end.listen(self.tracer.wants_both());
        }
        self.aside = (self.tracer.shows_both() && !self.said).then(|| console.writer(Stream::Error));
    }

    fn begin_screen(&mut self, settings: &Settings, console: &Console, plain: bool) {
        let Some(view) = settings.tracing else { return };
        let has_place = !self.has_stdout() && !console.is_diverted;
        let stream = if view.is_for_programs() && has_place { Stream::Output } else { console.stream() };
        let out = self.lines(stream, console);
        if view == ViewName::Classic && !self.of_server {
            self.classic = Some(Classic::new(out).omit_final_ack(settings.classic));
        } else {
            let page = screen_page(settings, console, stream, plain);
            self.screen = Some(self.tracer.add_views(self.views(&page, Content::View(view)), out));
        }
    }

    fn views(&self, page: &Page, content: Content) -> Views<'static> {
        if self.of_server { Views::One(page.of_server(content)) } else { page.views(content) }
    }

    /// Leaves the screen alone if the settings want that by now, though its last transfer may still go on.
    pub(super) fn keep_up(&mut self, settings: &Settings) {
        if settings.tracing.is_none() {
            self.end_screen();
        }
    }

    fn end_screen(&mut self) {
        self.classic = None;
        if let Some(outlet) = self.screen.take() {
            self.tracer.remove(outlet);
        }
    }

    /// Whether any view or capture is on.
    pub(super) fn is_on(&self) -> bool {
        self.classic.is_some() || !self.tracer.is_idle()
    }

    /// To be called after each transfer, before anything else is printed. An error means that the screen is gone.
    pub(super) fn finish(&mut self) -> io::Result<Aftermath> {
        if self.tracer.shows_both() {
            self.hear_the_end();
        }
        self.tracer.settle();
        if let Some(other) = &self.other {
            other.end.narrow(self.tracer.clients());
        }
        self.flush();
        self.abandon_failed();
        if let Some(error) = self.lost_screen.take() {
            return Err(error);
        }
        let failed = std::mem::take(&mut self.failed);
        let mut aftermath = Aftermath { failed, is_reported: self.of_server, hints: Vec::new() };
        for filed in self.files.iter_mut().filter(|filed| !filed.hinted) {
            if let Some(hint) = self.tracer.hint(filed.outlet) {
                filed.hinted = true;
                aftermath.hints.push(hint.replace("FILE", &filed.path.to_string()));
            }
        }
        Ok(aftermath)
    }

    /// Leaves alone what could not be written. A server, whose end may be far away, reports that immediately.
    fn abandon_failed(&mut self) {
        for (id, error) in self.tracer.failed() {
            let Some(place) = self.files.iter().position(|filed| filed.outlet == id && !filed.path.is(STDOUT)) else {
                self.lost_screen.get_or_insert(error);
                continue;
            };
            let path = self.files.remove(place).path.to_string();
            if self.of_server {
                let reason = plain(&error);
                // The server does not wait for anybody who reads this.
                let mut errors = LogOutput::new(Stream::Error);
                let _ = writeln!(errors, "tftp: trace: {path}: {reason}; nothing more is written there");
            }
            self.failed.push((path, error));
        }
    }

    /// What goes into which file: `json to x.json`.
    pub(super) fn files(&self) -> impl Iterator<Item = String> {
        self.files.iter().map(|Filed { content, path, .. }| match content {
            Content::View(view) => format!("{view} to {path}"),
            Content::Capture { snap, lost } => {
                let snap = snap.map(|snap| format!(", snap {snap}")).unwrap_or_default();
                let lost = if *lost { ", lost" } else { "" };
                format!("pcap to {path}{snap}{lost}")
            }
        })
    }

    /// Decides whether both ends of a transfer with this server will be known.
    fn expect_both(&mut self, server: SocketAddr) {
        let known = self.other.as_ref().is_some_and(|other| other.addresses.contains(&server));
        self.tracer.begin(known);
        self.is_awaited = known;
        if !known && let Some(mut aside) = self.aside.take() {
            let advice = "only that of a server started here (\"serve\") is known too";
            // The transfer does not fail because nobody can read this.
            let _ = writeln!(aside, "tftp: {server}: the trace shows one end, because {advice}");
            let _ = aside.flush();
            self.said = true;
        }
    }

    /// Takes what the other end has given.
    fn hear(&mut self, now: Instant) {
        if let Some(other) = &self.other {
            other.end.take().into_iter().for_each(|heard| self.tracer.hear(heard));
            self.tracer.advance(now);
        }
    }

    /// Takes what the other end gives until its transfer has ended too, for a short time.
    pub(super) fn hear_the_end(&mut self) {
        let until = Instant::now() + OTHER_END;
        self.hear(Instant::now());
        if let Some(other) = self.other.as_ref().filter(|_| std::mem::take(&mut self.is_awaited)) {
            while !self.tracer.has_both() && other.end.wait(until) {
                other.end.take().into_iter().for_each(|heard| self.tracer.hear(heard));
            }
        }
    }

    /// Writes all that is held.
    fn flush(&mut self) {
        if let Some(classic) = &mut self.classic {
            classic.flush();
        }
        self.tracer.flush();
    }

    /// Whether standard output is one of the files.
    pub(super) fn has_stdout(&self) -> bool {
        self.files.iter().any(|filed| filed.path.is(STDOUT))
    }
}

impl Observer for Tracing {
    fn observe(&mut self, record: &Record<'_>) {
        if let Some(classic) = &mut self.classic {
            classic.observe(record);
        }
        if !self.tracer.is_idle() {
            if let RecordKind::Begin(begin) = record.kind
                && !self.of_server
            {
                self.expect_both(begin.peer);
            }
            self.tracer.observe(record);
            self.hear(record.at);
        }
        // Other records are printed elsewhere, and must not come before the packets that led to them.
        if !matches!(record.kind, RecordKind::Packet(_)) || self.flush_timer.is_due(record.at) {
            self.flush();
        }
    }

    fn pulse(&mut self, at: Instant, _machine: &dyn Machine) {
        self.hear(at);
        if self.flush_timer.is_due(at) {
            self.flush();
        }
    }

    fn rest(&mut self, at: Instant) {
        if self.flush_timer.is_due(at) {
            self.flush();
        }
        self.abandon_failed();
    }
}

/// Reads the name of a file for a trace. Standard output is refused if something else goes there, or nobody could read it.
pub(super) fn file_name(content: Content, path: &Word, console: &Console) -> Result<Word, CommandError> {
    if !path.is(STDOUT) {
        return local_names::written(path);
    }
    if content.view().is_none() && io::stdout().is_terminal() {
        return Err(CommandError::local("-: standard output is a terminal; name a file"));
    }
    if console.is_diverted {
        return Err(CommandError::local("-: something else goes to standard output"));
    }
    Ok(path.clone())
}

fn goes_there(file: &Filed) -> io::Error {
    io::Error::other(format!("{} goes there already", file.content))
}

/// How views look on a stream of the process.
pub(super) fn screen_page(settings: &Settings, console: &Console, stream: Stream, plain: bool) -> Page {
    let columns = Console::columns(stream);
    Page {
        columns: columns.unwrap_or(COLUMNS),
        charset: charset(settings, plain),
        folds: columns.is_some(),
        redraws: columns.is_some() && !plain,
        limit: settings.trace_limit,
        paint: paint(console.style(stream)),
    }
}

/// How views look in files.
pub(super) fn file_page(settings: &Settings) -> Page {
    Page::file(charset(settings, false), settings.trace_limit)
}

fn charset(settings: &Settings, plain: bool) -> Charset {
    let ascii = settings.trace_ascii.unwrap_or(plain || !style::is_utf8());
    if ascii { Charset::Ascii } else { Charset::Unicode }
}
