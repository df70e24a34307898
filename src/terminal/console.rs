//! Where the shell's words go: BSD's to standard output, diagnostics to standard error.

use std::cell::Cell;
use std::fmt::Display;
use std::io::{self, IsTerminal, LineWriter, Write};
use std::rc::Rc;

use serde::Serialize;
use terminal_size::{Width, terminal_size_of};

use super::line_batcher::LineBatcher;
use crate::style::{Style, When};
use crate::trace::fold;

/// Where lines come from, which decides how mistakes are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A person types.
    Terminal,
    /// A script, at this line.
    Script(usize),
    /// The command line of the process.
    CommandLine,
}

/// A stream of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// A failure that a console can report. `Display` is the plain sentence.
pub trait Diagnostic: Display {
    /// The line that BSD prints on standard output; `None` where it prints on standard error.
    fn bsd_line(&self) -> Option<String>;

    /// What the user can do next.
    fn hint(&self) -> Option<String>;
}

/// Both output streams, written line by line, for lines from one place.
#[derive(Debug, Clone)]
pub struct Console {
    /// Whether failures are reported with a line number, a command, or neither.
    pub place: Place,
    /// The sourced file that lines come from.
    file: Option<String>,
    out_style: Style,
    err_style: Style,
    out_is_terminal: bool,
    err_is_terminal: bool,
    /// Standard output is for files or records, and text goes to standard error instead.
    diverted: bool,
    /// Standard output is for a trace that programs read, likewise; shared by the consoles of a workspace.
    traced: Rc<Cell<bool>>,
    /// Standard output is for records.
    json: bool,
    /// No text is printed but diagnostics.
    silent: bool,
}

impl Console {
    /// The streams of the process, coloured as asked.
    pub fn new(place: Place, color: When) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        Self {
            out_style: Style::of(&out, color),
            err_style: Style::of(&err, color),
            out_is_terminal: out.is_terminal(),
            err_is_terminal: err.is_terminal(),
            place,
            file: None,
            diverted: false,
            traced: Rc::default(),
            json: false,
            silent: false,
        }
    }

    /// With JSON records on standard output if they are wanted, and then all text on standard error.
    pub(crate) fn with_records(self, wanted: bool) -> Self {
        Self { json: wanted, diverted: self.diverted || wanted, ..self }
    }

    /// The same, with text on standard error, since standard output is for a file.
    pub(crate) fn diverted(&self) -> Self {
        Self { diverted: true, ..self.clone() }
    }

    /// The same, for the lines of a file.
    pub(crate) fn in_file(&self, file: impl Display) -> Self {
        Self { file: Some(file.to_string()), ..self.clone() }
    }

    /// The same, for a workspace of its own.
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

    /// Whether standard output is for files or outcomes, so that no trace may go there.
    pub(crate) fn is_diverted(&self) -> bool {
        self.diverted
    }

    /// Where text goes.
    pub fn stream(&self) -> Stream {
        if self.diverted || self.traced.get() { Stream::Error } else { Stream::Output }
    }

    /// Another way to write to a stream.
    pub fn writer(&self, stream: Stream) -> Box<dyn Write> {
        match stream {
            Stream::Output => Box::new(io::stdout()),
            Stream::Error => Box::new(io::stderr()),
        }
    }

    /// A way to write many lines to a stream: one by one where somebody sees them come.
    pub(crate) fn lines(&self, stream: Stream) -> Box<dyn Write> {
        let out = self.writer(stream);
        if self.is_terminal(stream) { Box::new(LineWriter::new(out)) } else { Box::new(LineBatcher::new(out)) }
    }

    /// Its colours.
    pub fn style(&self, stream: Stream) -> Style {
        match stream {
            Stream::Output => self.out_style,
            Stream::Error => self.err_style,
        }
    }

    /// Letters in a line of a stream, if it is a terminal.
    pub fn columns(stream: Stream) -> Option<usize> {
        let size = match stream {
            Stream::Output => terminal_size_of(io::stdout()),
            Stream::Error => terminal_size_of(io::stderr()),
        };
        size.map(|(Width(columns), _)| columns.into()).filter(|columns| *columns > 0)
    }

    /// Whether standard output is a terminal.
    pub(crate) fn shows_output(&self) -> bool {
        self.out_is_terminal
    }

    /// Whether standard output is for JSON records.
    pub(crate) fn prints_records(&self) -> bool {
        self.json
    }

    /// Prints a JSON record, where records are wanted.
    pub(crate) fn record(&self, record: &impl Serialize) -> io::Result<()> {
        if self.json {
            let mut out = io::stdout().lock();
            writeln!(out, "{}", serde_json::to_string(record)?)?;
            out.flush()?;
        }
        Ok(())
    }

    /// Whether somebody looks at standard error while it is written. Nobody looks at a script, and nothing should be drawn
    /// into a file that is printed on the terminal.
    pub fn is_observed(&self) -> bool {
        let under_other_output = self.diverted && self.out_is_terminal;
        self.err_is_terminal && !under_other_output && !matches!(self.place, Place::Script(_))
    }

    /// A line of text: on standard output, unless that is taken.
    pub fn say(&self, line: impl Display) -> io::Result<()> {
        let line = self.fit(self.stream(), &line.to_string());
        self.put(&line)
    }

    fn put(&self, line: &str) -> io::Result<()> {
        if self.silent {
            return Ok(());
        }
        let mut out = self.writer(self.stream());
        writeln!(out, "{line}")?;
        out.flush()
    }

    /// A line on standard error. That nobody reads it is no reason to stop.
    pub fn note(&self, line: impl Display) {
        let line = self.fit(Stream::Error, &line.to_string());
        self.put_aside(&line);
    }

    fn put_aside(&self, line: &str) {
        let _ = writeln!(io::stderr(), "{line}");
    }

    /// The text as a terminal should have it, which would break lines in the middle of a word. What has no place to be
    /// broken, as a digest, is better copied from one line.
    fn fit(&self, stream: Stream, text: &str) -> String {
        let columns = if self.is_terminal(stream) { Self::columns(stream) } else { None };
        let Some(columns) = columns else { return text.to_owned() };
        let fit = |line: &str| {
            let margin = line.len() - line.trim_start().len();
            let is_words = line.split(' ').all(|word| word.chars().count() + margin <= columns);
            if is_words { fold(line, Some(columns), margin) } else { line.to_owned() }
        };
        text.split('\n').map(fit).collect::<Vec<_>>().join("\n")
    }

    fn is_terminal(&self, stream: Stream) -> bool {
        match stream {
            Stream::Output => self.out_is_terminal,
            Stream::Error => self.err_is_terminal,
        }
    }

    /// Reports why the command `label` failed: to people once, in BSD's words where it has some; to scripts in BSD's
    /// words and with a line number.
    pub fn report(&self, label: impl Display, error: &impl Diagnostic) -> io::Result<()> {
        let bsd_line = error.bsd_line();
        if let Some(line) = &bsd_line {
            let stream = self.stream();
            self.put(&self.style(stream).error(&self.fit(stream, line)))?;
        }
        let plain = match self.place {
            Place::Terminal if bsd_line.is_some() => None,
            Place::Terminal => Some(format!("tftp: {error}")),
            Place::Script(line) => Some(format!("tftp: {}: {label}: {error}", self.name_of_line(line))),
            Place::CommandLine => Some(format!("tftp: {label}: {error}")),
        };
        if let Some(plain) = plain {
            self.put_aside(&self.err_style.error(&self.fit(Stream::Error, &plain)));
        }
        if let Some(hint) = error.hint() {
            self.hint(&hint);
        }
        Ok(())
    }

    /// What a transfer cost: on standard output where it was asked for, else only to people who look.
    pub fn summarise(&self, summary: &str, asked_for: bool) -> io::Result<()> {
        if asked_for {
            let stream = self.stream();
            self.put(&self.style(stream).summary(&self.fit(stream, summary)))?;
        } else if self.is_observed() {
            self.put_aside(&self.err_style.summary(&self.fit(Stream::Error, summary)));
        }
        Ok(())
    }

    /// Tells what to do about a failure.
    pub fn hint(&self, hint: &str) {
        match self.place {
            Place::Script(line) => {
                let line = self.name_of_line(line);
                self.note(format_args!("tftp: {line}: {hint}"));
            }
            Place::Terminal | Place::CommandLine => self.note(hint),
        }
    }

    /// `line 7`, or `FILE:7` in a sourced file.
    fn name_of_line(&self, number: usize) -> String {
        match &self.file {
            Some(file) => format!("{file}:{number}"),
            None => format!("line {number}"),
        }
    }
}

/// The system's words for an error, without its number.
pub fn plain(error: &io::Error) -> String {
    let mut words = error.to_string();
    if let Some(number) = words.find(" (os error ") {
        words.truncate(number);
    }
    words
}
