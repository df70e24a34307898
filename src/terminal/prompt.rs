//! Asking a person at a terminal: with a line editor where things can be drawn over, else line by line.

use std::io;
use std::time::{Duration, Instant};

use super::console::{Console, Stream};
use super::line_editor::LineEditor;
use super::plain_input::PlainInput;
use super::prompted::{Asked, Prompted};
use crate::profile::Directories;
use crate::stop::Signals;

/// Two Ctrl-C within this time leave the shell.
const TWICE: Duration = Duration::from_secs(1);

/// A person at a terminal, and how they type.
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
    /// Takes the terminal of the process, and what earlier sessions left. A `plain` terminal is never drawn over; nor is
    /// anything drawn if standard output is not a terminal: then prompts go to standard error.
    pub(crate) fn new(
        console: &Console,
        plain: bool,
        signals: &Signals,
        directories: Option<&Directories>,
    ) -> io::Result<Self> {
        let stream = if console.shows_output() { Stream::Output } else { Stream::Error };
        let style = console.style(stream);
        let typing = if plain || stream == Stream::Error {
            Typing::Plain(PlainInput::new(signals, console.writer(stream), style)?)
        } else {
            Typing::Edited(Box::new(LineEditor::new(console, signals, directories)?))
        };
        Ok(Self { typing, signals: signals.clone(), cleared: None })
    }

    /// Asks for a command; `host` is the connected server, whose files Tab knows, `offered` what it has in any case.
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
        let input = if self.signals.is_terminated() {
            Ok(Prompted::Leave)
        } else {
            match &mut self.typing {
                Typing::Edited(editor) => editor.read(prompt, asked),
                Typing::Plain(lines) => lines.read(prompt),
            }
        };
        self.signals.work();
        if self.signals.is_terminated() {
            // A terminal that is gone has nothing more to say.
            return Ok(Prompted::Leave);
        }
        let input = input?;
        if input != Prompted::Cleared {
            self.cleared = None;
            return Ok(input);
        }
        let twice = self.cleared.replace(Instant::now()).is_some_and(|earlier| earlier.elapsed() < TWICE);
        Ok(if twice { Prompted::Leave } else { Prompted::Cleared })
    }
}
