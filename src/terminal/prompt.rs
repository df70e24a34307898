//! Asking a person at a terminal: with a line editor where things can be drawn over, else line by line.

use std::io;
use std::mem;
use std::time::{Duration, Instant};

use super::console::Console;
use super::line_editor::LineEditor;
use super::output::Stream;
use super::plain_input::PlainInput;
use super::prompted::{Asked, Prompted};
use crate::profile::Directories;
use crate::stop::Signals;

/// Two Ctrl-C within this time end the shell.
const TWICE: Duration = Duration::from_secs(1);

/// A person at a terminal.
pub(crate) struct Prompt {
    typing: Typing,
    signals: Signals,
    /// When the last line was dropped.
    cleared: Option<Instant>,
}

enum Typing {
    Edited(Box<LineEditor>),
    Plain(PlainInput),
}

impl Prompt {
    /// Takes the terminal of the process. On a `plain` terminal nothing is drawn over, nor if standard output is not a
    /// terminal: then prompts go to standard error.
    pub(crate) fn new(
        console: &Console,
        plain: bool,
        signals: &Signals,
        directories: Option<&Directories>,
    ) -> io::Result<Self> {
        let stream = if console.shows_output() { Stream::Output } else { Stream::Error };
        let style = console.style(stream);
        let typing = if plain || stream == Stream::Error {
            Typing::Plain(PlainInput::new(signals.stop(), console.writer(stream), style)?)
        } else {
            Typing::Edited(Box::new(LineEditor::new(console, signals, directories)?))
        };
        Ok(Self { typing, signals: signals.clone(), cleared: None })
    }

    /// Asks for a command; Tab knows the files of the connected server `host`, and those `offered` there.
    pub(crate) fn command(
        &mut self,
        prompt: &str,
        host: Option<&str>,
        offered: &'static [&'static str],
    ) -> io::Result<Prompted> {
        if let Typing::Edited(editor) = &mut self.typing {
            editor.connect(host, offered);
        }
        self.read(prompt, Asked::Command)
    }

    /// Asks for the arguments of a command; the answer is not kept.
    pub(crate) fn arguments(&mut self, prompt: &str, command: &'static str) -> io::Result<Prompted> {
        self.read(prompt, Asked::Arguments(command))
    }

    /// Asks for anything else.
    pub(crate) fn answer(&mut self, prompt: &str) -> io::Result<Prompted> {
        self.read(prompt, Asked::Answer)
    }

    fn read(&mut self, prompt: &str, asked: Asked) -> io::Result<Prompted> {
        self.signals.ask();
        let input = match &mut self.typing {
            _ if self.signals.is_terminated() => Ok(Prompted::Leave),
            Typing::Edited(editor) => editor.read(prompt, asked),
            Typing::Plain(lines) => lines.read(prompt),
        };
        self.signals.work();
        if self.signals.is_terminated() {
            // A closed terminal cannot report any failure.
            return Ok(Prompted::Leave);
        }
        let input = input?;
        let now = (input == Prompted::Cleared).then(Instant::now);
        let earlier = mem::replace(&mut self.cleared, now);
        let twice = now.is_some() && earlier.is_some_and(|earlier| earlier.elapsed() < TWICE);
        Ok(if twice { Prompted::Leave } else { input })
    }
}
