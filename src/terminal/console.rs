//! Output: BSD's lines on standard output, diagnostics on standard error.

use std::cell::Cell;
use std::fmt::Display;
use std::io::{self, IsTerminal, LineWriter, Write};
use std::rc::Rc;

use serde::Serialize;
use terminal_size::{Width, terminal_size_of};

use super::line_batcher::LineBatcher;
use crate::style::{Style, When};
use crate::trace::fold;

/// Where lines come from, which decides how failures are reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// A person types.
    Terminal,
    /// A script, at this line.
    Script(usize),
    /// The command line of the process.
    CommandLine,
}

/// A stream of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

/// A failure that a console can report. `Display` is the plain sentence.
pub(crate) trait Diagnostic: Display {
    /// The line that BSD prints on standard output; `None` where it prints on standard error.
    fn bsd_line(&self) -> Option<String>;

    /// What the user can do next.
    fn hint(&self) -> Option<String>;
}

/// Both output streams, written line by line, for lines from one place.
#[derive(Debug, Clone)]
pub(crate) struct Console {
    /// Whether failures are reported with a line number, a command, or neither.
    pub place: Place,
    /// The sourced file that lines come from.
    file: Option<String>,
    out: Channel,
    err: Channel,
    /// Standard output is for files or records, and text goes to standard error instead.
    diverted: bool,
    /// Standard output is for a trace that programs read, likewise; shared by the consoles of a workspace.
    traced: Rc<Cell<bool>>,
    /// Standard output is for records.
    json: bool,
    /// No text is printed but diagnostics.
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
        Self { style: Style::of(stream, color), is_terminal: stream.is_terminal() }
    }
}

impl Console {
    /// The streams of the process, coloured as asked.
    pub(crate) fn new(place: Place, color: When) -> Self {
        Self {
            out: Channel::of(&io::stdout(), color),
            err: Channel::of(&io::stderr(), color),
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
    pub(crate) fn stream(&self) -> Stream {
        if self.diverted || self.traced.get() { Stream::Error } else { Stream::Output }
    }

    /// Another way to write to a stream.
    pub(crate) fn writer(&self, stream: Stream) -> Box<dyn Write> {
        match stream {
            Stream::Output => Box::new(io::stdout()),
            Stream::Error => Box::new(io::stderr()),
        }
    }

    /// A way to write many lines to a stream: one by one where a person sees them come.
    pub(crate) fn lines(&self, stream: Stream) -> Box<dyn Write> {
        let out = self.writer(stream);
        if self.channel(stream).is_terminal { Box::new(LineWriter::new(out)) } else { Box::new(LineBatcher::new(out)) }
    }

    fn channel(&self, stream: Stream) -> Channel {
        match stream {
            Stream::Output => self.out,
            Stream::Error => self.err,
        }
    }

    /// Its colours.
    pub(crate) fn style(&self, stream: Stream) -> Style {
        self.channel(stream).style
    }

    /// Letters in a line of a stream, if it is a terminal.
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

    /// Whether a person sees standard error as it is written. Scripts run unobserved, and nothing should be drawn into a
    /// file that is printed on the terminal.
    pub(crate) fn is_observed(&self) -> bool {
        let under_other_output = self.diverted && self.out.is_terminal;
        self.err.is_terminal && !under_other_output && !matches!(self.place, Place::Script(_))
    }

    /// Prints text on standard output, unless that is taken.
    pub(crate) fn say(&self, text: impl Display) -> io::Result<()> {
        self.print_text(&text.to_string(), |_, text| text.to_owned())
    }

    /// Prints text on standard error. The shell goes on if no one reads it.
    pub(crate) fn note(&self, text: impl Display) {
        self.print_aside(&text.to_string(), |_, text| text.to_owned());
    }

    fn print_text(&self, text: &str, look: fn(Style, &str) -> String) -> io::Result<()> {
        if self.silent { Ok(()) } else { self.print(self.stream(), text, look) }
    }

    fn print_aside(&self, text: &str, look: fn(Style, &str) -> String) {
        let _ = self.print(Stream::Error, text, look);
    }

    fn print(&self, stream: Stream, text: &str, look: fn(Style, &str) -> String) -> io::Result<()> {
        let text = look(self.style(stream), &self.fit(stream, text));
        let mut out = self.writer(stream);
        writeln!(out, "{text}")?;
        out.flush()
    }

    /// The text as a terminal should have it, which would break lines in the middle of a word. What has no place to be
    /// broken, as a digest, is better copied from one line.
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

    /// Reports why the command `label` failed: to people once, in BSD's words where it has some; to scripts in BSD's
    /// words and with a line number.
    pub(crate) fn report(&self, label: impl Display, error: &impl Diagnostic) -> io::Result<()> {
        let bsd_line = error.bsd_line();
        if let Some(line) = &bsd_line {
            self.print_text(line, Style::error)?;
        }
        let plain = match self.place {
            Place::Terminal if bsd_line.is_some() => None,
            Place::Terminal => Some(format!("tftp: {error}")),
            Place::Script(line) => Some(format!("tftp: {}: {label}: {error}", self.name_of_line(line))),
            Place::CommandLine => Some(format!("tftp: {label}: {error}")),
        };
        if let Some(plain) = plain {
            self.print_aside(&plain, Style::error);
        }
        if let Some(hint) = error.hint() {
            self.hint(&hint);
        }
        Ok(())
    }

    /// What a transfer cost: on standard output where it was asked for, else only to people who look.
    pub(crate) fn summarise(&self, summary: &str, asked_for: bool) -> io::Result<()> {
        if asked_for {
            self.print_text(summary, Style::summary)?;
        } else if self.is_observed() {
            self.print_aside(summary, Style::summary);
        }
        Ok(())
    }

    /// Prints what to do about a failure.
    pub(crate) fn hint(&self, hint: &str) {
        match self.place {
            Place::Script(line) => self.note(format_args!("tftp: {}: {hint}", self.name_of_line(line))),
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
pub(crate) fn plain(error: &io::Error) -> String {
    let mut words = error.to_string();
    if let Some(number) = words.find(" (os error ") {
        words.truncate(number);
    }
    words
}
