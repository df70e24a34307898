//! Output: BSD's lines on standard output, diagnostics on standard error.

use std::cell::Cell;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, IsTerminal, LineWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::rc::Rc;

use serde::Serialize;
use terminal_size::{Width, terminal_size_of};

use super::line_batcher::LineBatcher;
use super::lossy_lines::LossyLines;
use super::output::{Output, Stream};
use crate::printable_json::printable_json;
use crate::stop::Stop;
use crate::style::{Look, Style, When};
use crate::trace::{fold, fold_parts};

/// The source of lines, which decides how failures are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A person types.
    Terminal,
    /// A script, at this line.
    Script(usize),
    /// The command line of the process.
    CommandLine,
}

/// Both output streams, written line by line, for lines from one place.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    /// Whether failures are reported with a line number, a command, or neither.
    pub place: Place,
    /// The sourced file that lines come from.
    file: Option<String>,
    output: Output,
    out: Channel,
    err: Channel,
    /// Both streams are the same terminal.
    share_terminal: bool,
    /// Standard output is for files or records, so that no text or trace may go there.
    pub is_diverted: bool,
    /// Standard output is for a trace that programs read; shared by the consoles of a workspace.
    traced: Rc<Cell<bool>>,
    /// Standard output is for JSON records.
    pub json: bool,
    /// Only diagnostics are printed.
    silent: bool,
}

/// How one stream looks to its reader.
#[derive(Debug, Clone, Copy)]
struct Channel {
    style: Style,
    is_terminal: bool,
}

impl Channel {
    fn of(stream: &impl IsTerminal, color: When) -> Self {
        let is_terminal = stream.is_terminal();
        Self { style: Style::of(is_terminal, color), is_terminal }
    }
}

impl Console {
    /// The streams of the process, coloured as asked. A write that waits ends when `stop` is raised.
    pub(crate) fn new(place: Place, color: When, stop: &Stop) -> Self {
        Self {
            output: Output::new(stop),
            out: Channel::of(&io::stdout(), color),
            err: Channel::of(&io::stderr(), color),
            share_terminal: terminal(io::stdout()).is_some_and(|it| Some(it) == terminal(io::stderr())),
            place,
            file: None,
            is_diverted: false,
            traced: Rc::default(),
            json: false,
            silent: false,
        }
    }

    /// With JSON records on standard output if they are wanted, and then all text on standard error.
    pub(crate) fn with_records(self, wanted: bool) -> Self {
        Self { json: wanted, is_diverted: self.is_diverted || wanted, ..self }
    }

    /// The same, with text on standard error, since standard output is for a file.
    pub(crate) fn diverted(&self) -> Self {
        Self { is_diverted: true, ..self.clone() }
    }

    /// The same, for the lines of a file.
    pub(crate) fn in_file(&self, file: impl Display) -> Self {
        Self { file: Some(file.to_string()), ..self.clone() }
    }

    /// The same, for a separate workspace.
    pub(crate) fn untraced(self) -> Self {
        Self { traced: Rc::default(), ..self }
    }

    /// The same, without text on standard output.
    pub(crate) fn silent(self) -> Self {
        Self { silent: true, ..self }
    }

    /// Moves text away from a trace on standard output, or back.
    pub(crate) fn give_way(&self, traced: bool) {
        self.traced.set(traced);
    }

    /// The stream for text.
    pub(crate) fn stream(&self) -> Stream {
        if self.is_diverted || self.traced.get() { Stream::Error } else { Stream::Output }
    }

    /// Whether text and diagnostics appear on one terminal.
    pub(super) fn is_one_terminal(&self) -> bool {
        match self.stream() {
            Stream::Output => self.share_terminal,
            Stream::Error => self.err.is_terminal,
        }
    }

    /// A writer for a stream.
    pub(crate) fn writer(&self, stream: Stream) -> Box<dyn Write> {
        self.output.writer(stream)
    }

    /// Creates a file for a trace.
    pub(crate) fn create(&self, path: &Path) -> io::Result<impl Write + use<>> {
        self.output.create(path)
    }

    /// Whether no more commands may run, since the reader of what they print has gone. To be asked before each command.
    pub(crate) fn ends_here(&self) -> bool {
        self.output.ends_here()
    }

    /// Notes that the reader of standard output has gone: a file could not be written there.
    pub(crate) fn lose_reader(&self) {
        self.output.lose_reader();
    }

    /// Whether commands did not run for this reason.
    pub(crate) fn is_cut_short(&self) -> bool {
        self.output.is_cut_short()
    }

    /// A writer for many lines of a stream: one by one where a person watches.
    pub(crate) fn lines(&self, stream: Stream) -> Box<dyn Write> {
        self.batched(stream, self.writer(stream))
    }

    /// The same for a server, which waits for no reader: lines that find no space are lost.
    pub(crate) fn lines_of_server(&self, stream: Stream) -> Box<dyn Write> {
        self.batched(stream, LossyLines::new(stream))
    }

    fn batched(&self, stream: Stream, out: impl Write + 'static) -> Box<dyn Write> {
        if self.channel(stream).is_terminal { Box::new(LineWriter::new(out)) } else { Box::new(LineBatcher::new(out)) }
    }

    fn channel(&self, stream: Stream) -> Channel {
        match stream {
            Stream::Output => self.out,
            Stream::Error => self.err,
        }
    }

    /// The colours of a stream.
    pub(crate) fn style(&self, stream: Stream) -> Style {
        self.channel(stream).style
    }

    /// The characters in a line of a stream, if it is a terminal.
    pub(crate) fn columns(stream: Stream) -> Option<usize> {
        let size = match stream {
            Stream::Output => terminal_size_of(io::stdout()),
            Stream::Error => terminal_size_of(io::stderr()),
        };
        size.map(|(Width(columns), _)| columns.into()).filter(|columns| *columns > 0)
    }

    /// Whether standard output is a terminal.
    pub(crate) fn shows_output(&self) -> bool {
        self.out.is_terminal
    }

    /// Whether standard error is a terminal. A program that runs this one usually takes or discards this stream.
    pub(crate) fn shows_errors(&self) -> bool {
        self.err.is_terminal
    }

    /// Prints a JSON record, where records are wanted.
    pub(crate) fn record(&self, record: &impl Serialize) -> io::Result<()> {
        if self.json {
            self.print_line(Stream::Output, printable_json(record)?)?;
        }
        Ok(())
    }

    /// Whether a person watches standard error: not in scripts, nor while a file is printed on the terminal.
    pub(crate) fn is_observed(&self) -> bool {
        let under_other_output = self.is_diverted && self.out.is_terminal;
        self.err.is_terminal && !under_other_output && !matches!(self.place, Place::Script(_))
    }

    /// Prints text on the [stream](Self::stream) for it.
    pub(crate) fn say(&self, text: impl Display) -> io::Result<()> {
        self.print_text(&text.to_string(), Look::Plain)
    }

    /// Prints text on standard error, and ignores failures to do so.
    pub(crate) fn note(&self, text: impl Display) {
        self.aside(&text.to_string(), Look::Plain);
    }

    /// Prints text on the [stream](Self::stream) for it.
    pub(super) fn print_text(&self, text: &str, look: Look) -> io::Result<()> {
        if self.silent { Ok(()) } else { self.print(self.stream(), text, look) }
    }

    /// Prints text on standard error, and ignores failures to do so.
    pub(super) fn aside(&self, text: &str, look: Look) {
        let _ = self.print(Stream::Error, text, look);
    }

    fn print(&self, stream: Stream, text: &str, look: Look) -> io::Result<()> {
        self.print_line(stream, self.style(stream).paint(look, &self.fit(stream, text)))
    }

    /// Prints a line with one write, so that lines of several processes do not mix.
    fn print_line(&self, stream: Stream, line: String) -> io::Result<()> {
        let mut out = self.writer(stream);
        out.write_all((line + "\n").as_bytes())?;
        out.flush()
    }

    /// Folds text for a terminal, which would break words; a word longer than a line, as a digest, stays whole.
    fn fit(&self, stream: Stream, text: &str) -> String {
        let columns = if self.channel(stream).is_terminal { Self::columns(stream) } else { None };
        let Some(columns) = columns else { return text.to_owned() };
        let fit = |line: &str| {
            let margin = line.len() - line.trim_start().len();
            let is_words = line.split(' ').all(|word| word.chars().count() + margin <= columns);
            if is_words { fold(line, Some(columns), margin) } else { line.to_owned() }
        };
        text.split('\n').map(fit).collect::<Vec<_>>().join("\n")
    }

    /// Prints a line in grey for a person who watches.
    pub(crate) fn greet(&self, text: &str) {
        if self.is_observed() {
            self.aside(text, Look::Hint);
        }
    }

    /// Prints the cost of a transfer: on standard output if it was asked for, else only to a person who watches.
    ///
    /// The parts, between which there are commas, stay whole.
    pub(crate) fn summarise(&self, parts: &[String], asked_for: bool) -> io::Result<()> {
        let stream = if asked_for { self.stream() } else { Stream::Error };
        let columns = if self.channel(stream).is_terminal { Self::columns(stream) } else { None };
        let summary = fold_parts(parts, columns);
        if asked_for {
            self.print_text(&summary, Look::Summary)?;
        } else if self.is_observed() {
            self.aside(&summary, Look::Summary);
        }
        Ok(())
    }

    /// `line 7`, or `FILE:7` in a sourced file.
    pub(super) fn name_of_line(&self, number: usize) -> String {
        self.file.as_ref().map_or_else(|| format!("line {number}"), |file| format!("{file}:{number}"))
    }
}

/// The number of a stream's terminal; `None` if it is something else.
fn terminal(stream: impl AsFd + IsTerminal) -> Option<u64> {
    let file = File::from(stream.is_terminal().then(|| stream.as_fd().try_clone_to_owned().ok())??);
    Some(file.metadata().ok()?.rdev())
}

/// The system's words for an error, without its number.
pub(crate) fn plain(error: &impl Display) -> String {
    error.to_string().split(" (os error ").take(1).collect()
}
