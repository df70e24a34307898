//! Where the shell's words go: BSD's to standard output, diagnostics to standard error.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use terminal_size::{Width, terminal_size_of};

use super::complaint::Complaint;
use crate::style::{Style, When};

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
    out: Box<dyn Write>,
    /// Where that goes.
    stream: Stream,
    /// Whether what goes wrong is told with a line number, a command, or neither.
    pub place: Place,
    /// Diagnostics.
    pub err: Box<dyn Write>,
    out_style: Style,
    err_style: Style,
    err_is_terminal: bool,
}

impl Console {
    /// The streams of the process, coloured as asked.
    pub fn new(place: Place, color: When) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        Self {
            out_style: Style::of(&out, color),
            err_style: Style::of(&err, color),
            err_is_terminal: err.is_terminal(),
            out: Box::new(out),
            stream: Stream::Output,
            err: Box::new(err),
            place,
        }
    }

    /// Whether somebody looks at standard error while it is written. Nobody looks at a script.
    pub fn is_watched(&self) -> bool {
        self.err_is_terminal && !matches!(self.place, Place::Script(_))
    }

    /// Sends text to standard error, away from data that has standard output to itself; or back.
    pub fn divert(&mut self, away: bool) {
        self.stream = if away { Stream::Error } else { Stream::Output };
        self.out = self.writer(self.stream);
    }

    /// Where text goes.
    pub fn stream(&self) -> Stream {
        self.stream
    }

    /// Another way to write to a stream.
    pub fn writer(&self, stream: Stream) -> Box<dyn Write> {
        match stream {
            Stream::Output => Box::new(io::stdout()),
            Stream::Error => Box::new(io::stderr()),
        }
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

    /// A line of text: on standard output, unless that is taken.
    pub fn say(&mut self, line: impl Display) -> io::Result<()> {
        writeln!(self.out, "{line}")?;
        self.out.flush()
    }

    /// A line on standard error. That nobody reads it is no reason to stop.
    pub fn note(&mut self, line: impl Display) {
        let _ = writeln!(self.err, "{line}");
    }

    /// Tells why the command `label` failed: to people once, in BSD's words where it has some; to scripts in BSD's
    /// words and with a line number.
    pub fn complain(&mut self, label: &str, complaint: &Complaint) -> io::Result<()> {
        if let Some(said) = &complaint.said {
            self.say(self.style(self.stream).error(said))?;
        }
        let reason = &complaint.reason;
        match self.place {
            Place::Terminal if complaint.said.is_some() => {}
            Place::Terminal => self.note(self.err_style.error(&format!("tftp: {reason}"))),
            Place::Script(line) => self.note(self.err_style.error(&format!("tftp: line {line}: {label}: {reason}"))),
            Place::CommandLine => self.note(self.err_style.error(&format!("tftp: {label}: {reason}"))),
        }
        if let Some(hint) = &complaint.hint {
            self.hint(hint);
        }
        Ok(())
    }

    /// What a transfer cost: on standard output where it was asked for, else only to people who look.
    pub fn summarise(&mut self, summary: &str, asked_for: bool) -> io::Result<()> {
        if asked_for {
            self.say(self.style(self.stream).summary(summary))?;
        } else if self.is_watched() {
            self.note(self.err_style.summary(summary));
        }
        Ok(())
    }

    /// Tells what to do about a failure.
    pub fn hint(&mut self, hint: &str) {
        match self.place {
            Place::Script(line) => self.note(format_args!("tftp: line {line}: {hint}")),
            Place::Terminal | Place::CommandLine => self.note(hint),
        }
    }
}
