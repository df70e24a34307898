//! Lines typed at a terminal; the only file that names `rustyline`.

use std::io;
use std::time::{Duration, Instant};

use rustyline::error::ReadlineError;
use rustyline::{Config, DefaultEditor};

use crate::style::Style;

/// Two Ctrl-C within this time leave the shell.
const TWICE: Duration = Duration::from_secs(1);

/// What came of asking for a line.
#[derive(Debug)]
pub(super) enum Input {
    /// A line, without its end.
    Line(String),
    /// Ctrl-C: what was typed is dropped.
    Cleared,
    /// Ctrl-C twice.
    Leave,
    /// Ctrl-D on an empty line.
    End,
}

/// The line editor.
pub(super) struct Editor {
    inner: DefaultEditor,
    style: Style,
    cleared: Option<Instant>,
}

impl Editor {
    /// Takes the terminal of the process; prompts are in the style of its output.
    pub(super) fn new(style: Style) -> io::Result<Self> {
        let config = Config::builder().auto_add_history(false).build();
        let inner = DefaultEditor::with_config(config).map_err(io::Error::other)?;
        Ok(Self { inner, style, cleared: None })
    }

    /// Asks for a command.
    pub(super) fn command(&mut self, prompt: &str) -> io::Result<Input> {
        let input = self.read(prompt)?;
        if let Input::Line(line) = &input
            && !line.is_empty()
        {
            self.inner.add_history_entry(line).map_err(io::Error::other)?;
        }
        Ok(input)
    }

    /// Asks for anything; the answer is no command to be remembered.
    pub(super) fn read(&mut self, prompt: &str) -> io::Result<Input> {
        let styled = self.style.prompt(prompt);
        match self.inner.readline(&(prompt, styled.as_str())) {
            Ok(line) => {
                self.cleared = None;
                Ok(Input::Line(line))
            }
            Err(ReadlineError::Eof) => Ok(Input::End),
            Err(ReadlineError::Interrupted) => {
                let twice = self.cleared.replace(Instant::now()).is_some_and(|earlier| earlier.elapsed() < TWICE);
                Ok(if twice { Input::Leave } else { Input::Cleared })
            }
            // Bytes that are no UTF-8, or a changed window: the line is lost, the shell is not.
            Err(ReadlineError::Signal(_)) => Ok(Input::Cleared),
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => Ok(Input::Cleared),
            Err(ReadlineError::Io(error)) => Err(error),
            Err(error) => Err(io::Error::other(error)),
        }
    }
}
