//! Where the shell's words go: BSD's to standard output, diagnostics to standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, LineWriter, Write};

use terminal_size::{Width, terminal_size_of};

use super::complaint::Complaint;
use super::gathered::Gathered;
use super::outcome::Outcome;
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

/// Both output streams, written line by line.
pub struct Console {
    /// What BSD prints, and what was asked for.
    pub out: Box<dyn Write>,
    /// Whether what goes wrong is told with a line number, a command, or neither.
    pub place: Place,
    /// The sourced file that lines come from.
    pub file: Option<String>,
    /// Diagnostics.
    pub err: Box<dyn Write>,
    out_style: Style,
    err_style: Style,
    out_is_terminal: bool,
    err_is_terminal: bool,
    /// Standard output carries files or outcomes, and text goes to standard error instead.
    diverted: bool,
    /// Standard output carries a trace for programs, likewise.
    traced: bool,
    /// Standard output carries outcomes.
    json: bool,
    /// The command at work has told its outcome, or those of its transfers.
    pub(super) told: bool,
}

/// Whether text was diverted before.
pub(super) struct Before(bool);

impl Console {
    /// The streams of the process, coloured as asked.
    pub fn new(place: Place, color: When) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        Self {
            out_style: Style::of(&out, color),
            err_style: Style::of(&err, color),
            out_is_terminal: out.is_terminal(),
            err_is_terminal: err.is_terminal(),
            out: Box::new(out),
            err: Box::new(err),
            place,
            file: None,
            diverted: false,
            traced: false,
            json: false,
            told: false,
        }
    }

    /// With outcomes on standard output, and all text on standard error.
    pub(super) fn telling_outcomes(mut self, wanted: bool) -> Self {
        if wanted {
            self.divert();
            self.json = true;
        }
        self
    }

    /// From here on text goes to standard error, since standard output carries something else.
    pub(super) fn divert(&mut self) -> Before {
        let before = Before(self.diverted);
        self.restore(Before(true));
        before
    }

    /// Text goes where it went before.
    pub(super) fn restore(&mut self, before: Before) {
        self.diverted = before.0;
        self.out = self.writer(self.stream());
    }

    /// Text makes way for a trace on standard output, or comes back.
    pub(super) fn give_way(&mut self, traced: bool) {
        self.traced = traced;
        self.out = self.writer(self.stream());
    }

    /// Whether standard output is for files or outcomes, so that no trace may go there.
    pub(super) fn is_diverted(&self) -> bool {
        self.diverted
    }

    /// Where text goes.
    pub fn stream(&self) -> Stream {
        if self.diverted || self.traced { Stream::Error } else { Stream::Output }
    }

    /// Another way to write to a stream.
    pub fn writer(&self, stream: Stream) -> Box<dyn Write> {
        match stream {
            Stream::Output => Box::new(io::stdout()),
            Stream::Error => Box::new(io::stderr()),
        }
    }

    /// A way to write many lines to a stream: one by one where somebody sees them come.
    pub(super) fn lines(&self, stream: Stream) -> Box<dyn Write> {
        let out = self.writer(stream);
        if self.is_terminal(stream) { Box::new(LineWriter::new(out)) } else { Box::new(Gathered::new(out)) }
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
    pub(super) fn shows_output(&self) -> bool {
        self.out_is_terminal
    }

    /// Whether standard output is for outcomes.
    pub(super) fn tells_outcomes(&self) -> bool {
        self.json
    }

    /// The outcome of a command or transfer, where outcomes are wanted.
    pub(super) fn tell(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.told = true;
        if self.json {
            let mut out = io::stdout().lock();
            writeln!(out, "{}", outcome.line()?)?;
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
    pub fn say(&mut self, line: impl Display) -> io::Result<()> {
        let line = self.fit(self.stream(), &line.to_string());
        self.put(&line)
    }

    fn put(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{line}")?;
        self.out.flush()
    }

    /// A line on standard error. That nobody reads it is no reason to stop.
    pub fn note(&mut self, line: impl Display) {
        let line = self.fit(Stream::Error, &line.to_string());
        self.put_aside(&line);
    }

    fn put_aside(&mut self, line: &str) {
        let _ = writeln!(self.err, "{line}");
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

    /// Tells why the command `label` failed: to people once, in BSD's words where it has some; to scripts in BSD's
    /// words and with a line number.
    pub fn complain(&mut self, label: &str, complaint: &Complaint) -> io::Result<()> {
        if let Some(said) = &complaint.said {
            let stream = self.stream();
            self.put(&self.style(stream).error(&self.fit(stream, said)))?;
        }
        let reason = &complaint.reason;
        let told = match self.place {
            Place::Terminal if complaint.said.is_some() => None,
            Place::Terminal => Some(format!("tftp: {reason}")),
            Place::Script(line) => Some(format!("tftp: {}: {label}: {reason}", self.name_of_line(line))),
            Place::CommandLine => Some(format!("tftp: {label}: {reason}")),
        };
        if let Some(told) = told {
            self.put_aside(&self.err_style.error(&self.fit(Stream::Error, &told)));
        }
        if let Some(hint) = &complaint.hint {
            self.hint(hint);
        }
        Ok(())
    }

    /// What a transfer cost: on standard output where it was asked for, else only to people who look.
    pub fn summarise(&mut self, summary: &str, asked_for: bool) -> io::Result<()> {
        if asked_for {
            let stream = self.stream();
            self.put(&self.style(stream).summary(&self.fit(stream, summary)))?;
        } else if self.is_observed() {
            self.put_aside(&self.err_style.summary(&self.fit(Stream::Error, summary)));
        }
        Ok(())
    }

    /// Tells what to do about a failure.
    pub fn hint(&mut self, hint: &str) {
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
