//! Asking a person at a terminal: with a line editor where things can be drawn over, else line by line.

use std::io;
use std::time::{Duration, Instant};

use super::console::Console;
use super::line_editor::LineEditor;
use super::output::Stream;
use super::plain_input::PlainInput;
use super::prompted::{Asked, Prompted};
use crate::profile::Directories;
use crate::stop::Signals;

/// Two Ctrl-C within this time end the shell, whatever was typed.
const TWICE: Duration = Duration::from_secs(1);

/// A person at a terminal.
pub(crate) struct Prompt {
    typing: Typing,
    signals: Signals,
    /// The line before was dropped.
    cleared: Option<Cleared>,
}

/// A line that Ctrl-C dropped.
struct Cleared {
    at: Instant,
    /// There was nothing to drop, and the shell said that another Ctrl-C leaves.
    announced: bool,
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
        if let (Typing::Edited(editor), true) = (&self.typing, self.signals.stop().is_requested()) {
            editor.end_paste();
        }
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
        let Prompted::Cleared { was_empty } = input else {
            self.cleared = None;
            return Ok(input);
        };
        let cleared = Cleared { at: Instant::now(), announced: was_empty && asked == Asked::Command };
        let leaves = self.cleared.as_ref().is_some_and(|earlier| cleared.leaves_after(earlier));
        self.cleared = Some(cleared);
        Ok(if leaves { Prompted::Leave } else { input })
    }
}

impl Cleared {
    /// Whether this Ctrl-C leaves: soon after the other one, or as the shell said after that one.
    fn leaves_after(&self, earlier: &Self) -> bool {
        let is_soon = self.at.saturating_duration_since(earlier.at) < TWICE;
        is_soon || earlier.announced && self.announced
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_ctrl_c_leave_soon_after_each_other_or_at_empty_prompts() {
        let at = Instant::now();
        for (first, second, later, leaves) in [
            (false, false, 0.9, true),
            (false, true, 1.1, false),
            (true, true, 3600.0, true),
            // The line was dropped, which is what the user wanted.
            (true, false, 1.1, false),
        ] {
            let earlier = Cleared { at, announced: first };
            let cleared = Cleared { at: at + Duration::from_secs_f64(later), announced: second };
            assert_eq!(cleared.leaves_after(&earlier), leaves, "{first} {second} {later}");
        }
    }
}
