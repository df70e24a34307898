//! Lines typed at a terminal; the only file that names `rustyline`.
//!
//! Tab asks the [completer](complete), the grey hint shows what is missing, and lines are kept for the
//! next session.

use std::borrow::Cow;
use std::io;

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hint;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, CompletionType, Config, Context};

use super::console::{Console, Stream, plain};
use super::control;
use super::prompted::{Asked, Prompted};
use crate::complete::{self, Candidate, Sources};
use crate::language::{PartialLine, Word};
use crate::profile::{Directories, directories};
use crate::stop::Signals;
use crate::style::Style;

/// Lines that are kept.
const LINES: usize = 1000;

/// The line editor.
pub(super) struct LineEditor {
    inner: rustyline::Editor<Helper, FileHistory>,
    directories: Option<Directories>,
    style: Style,
}

impl LineEditor {
    /// Takes the terminal of the process, and the history of earlier sessions. Prompts are in the style of the output;
    /// a note says why a history cannot be used.
    pub(super) fn new(console: &Console, signals: &Signals, directories: Option<&Directories>) -> io::Result<Self> {
        let style = console.style(Stream::Output);
        let config = Config::builder()
            .auto_add_history(false)
            .history_ignore_space(true)
            .max_history_size(LINES)
            .map_err(io::Error::other)?
            .completion_type(CompletionType::List)
            // Left to itself it would listen to NO_COLOR alone, not to what was decided.
            .color_mode(if style.is_on() { ColorMode::Forced } else { ColorMode::Disabled })
            .build();
        let mut inner = rustyline::Editor::with_config(config).map_err(io::Error::other)?;
        inner.set_helper(Some(Helper {
            directories: directories.cloned(),
            host: None,
            offered: &[],
            asked: Asked::Command,
            style,
        }));
        // Without old lines the shell is as good as new.
        if let Some(path) = directories.map(Directories::history) {
            match inner.load_history(&path) {
                Err(ReadlineError::Io(error)) if directories::is_absent(&error) => {}
                Err(error) => {
                    let (path, words) = (path.display(), words(&error));
                    console.note(format_args!("tftp: {path}: {words}; no line is kept until it is gone"));
                }
                Ok(()) => {}
            }
        }
        control::wake_on_termination(signals)?;
        Ok(Self { inner, directories: directories.cloned(), style })
    }

    /// Sets the connected server, whose files Tab knows, and what it offers.
    pub(super) fn connect(&mut self, host: Option<&str>, offered: &'static [&'static str]) {
        if let Some(helper) = self.inner.helper_mut() {
            (helper.host, helper.offered) = (host.map(str::to_owned), offered);
        }
    }

    /// Asks for a line; commands are kept.
    pub(super) fn read(&mut self, prompt: &str, asked: Asked) -> io::Result<Prompted> {
        if let Some(helper) = self.inner.helper_mut() {
            helper.asked = asked;
        }
        let styled = self.style.prompt(prompt);
        match self.inner.readline(&(prompt, styled.as_str())) {
            Ok(line) => {
                if asked == Asked::Command && !line.is_empty() {
                    self.keep(&line);
                }
                Ok(Prompted::Line(line.into_bytes()))
            }
            Err(ReadlineError::Eof) => Ok(Prompted::End),
            // Ctrl-C or SIGINT.
            Err(ReadlineError::Interrupted | ReadlineError::Signal(_)) => Ok(Prompted::Cleared),
            // The line is lost, the shell is not.
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => Ok(Prompted::Garbled),
            Err(ReadlineError::Io(error)) => Err(error),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Keeps a line immediately, so that a session that is killed loses none. The shell goes on if the disk is full.
    fn keep(&mut self, line: &str) {
        let added = self.inner.add_history_entry(line).unwrap_or(false);
        if let (true, Some(directories)) = (added, &self.directories) {
            let path = directories.history();
            let _ = directories::prepare(&path).map(|()| self.inner.append_history(&path));
        }
    }
}

fn words(error: &ReadlineError) -> String {
    match error {
        ReadlineError::Io(error) => plain(error),
        other => other.to_string(),
    }
}

/// What the editor asks while a line is typed.
struct Helper {
    directories: Option<Directories>,
    /// The connected server.
    host: Option<String>,
    /// Files that it is known to have.
    offered: &'static [&'static str],
    asked: Asked,
    style: Style,
}

impl Completer for Helper {
    type Candidate = Pair;

    fn complete(&self, line: &str, place: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let asked = match self.asked {
            Asked::Command => None,
            Asked::Arguments(command) => Some(Word::new(command)),
            Asked::Answer => return Ok((place, Vec::new())),
        };
        let Some(typed) = line.get(..place).and_then(PartialLine::read) else { return Ok((place, Vec::new())) };
        let before: Vec<_> = asked.into_iter().chain(typed.words.iter().cloned()).collect();
        // Other sessions learn names too, so what is known is read at each Tab.
        let sources = Sources { offered: self.offered, ..Sources::load(self.directories.as_ref()) };
        let found = complete::line(&before, &typed.part, self.host.as_deref(), &sources);
        let pair = |Candidate { value, goes_on, .. }| {
            let mut replacement = typed.spell(&value, goes_on);
            replacement.extend((!goes_on).then_some(' '));
            let shown = value.trim_end_matches('/').rfind('/').map_or(0, |slash| slash + 1);
            Pair { display: value[shown..].to_owned(), replacement }
        };
        Ok((typed.start, found.into_iter().map(pair).collect()))
    }
}

/// Shown, and never inserted.
struct Missing(String);

impl Hint for Missing {
    fn display(&self) -> &str {
        &self.0
    }

    fn completion(&self) -> Option<&str> {
        None
    }
}

impl Hinter for Helper {
    type Hint = Missing;

    fn hint(&self, line: &str, place: usize, _: &Context<'_>) -> Option<Missing> {
        // Without grey it would look like what was typed.
        (self.style.is_on() && self.asked == Asked::Command && place == line.len())
            .then(|| complete::hint(line).map(Missing))?
    }
}

impl Highlighter for Helper {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        self.style.hint(hint).into()
    }
}

impl Validator for Helper {}

impl rustyline::Helper for Helper {}
