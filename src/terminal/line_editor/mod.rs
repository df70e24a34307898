//! Lines typed at a terminal; the only module that names `rustyline`.
//!
//! Tab asks the [completer](complete), a grey hint shows what is missing, and the history keeps lines.

mod keys;
mod recall;

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::{Hint, Hinter};
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{ColorMode, CompletionType, Config, Context, Event, EventHandler};

use self::keys::Keys;
use self::recall::Recall;
use super::console::{Console, plain};
use super::control;
use super::output::Stream;
use super::prompted::{Asked, Prompted};
use crate::complete::{self, Candidate, Sources};
use crate::language::{PartialLine, Word};
use crate::profile::{Directories, directories};
use crate::stop::{Signals, open_regular};
use crate::style::{Look, Style};

/// The number of lines in the history.
const LINES: usize = 1000;

/// The columns of a terminal that does not say.
const COLUMNS: usize = 80;

/// The most candidates of one Tab.
const MOST: usize = 10_000;

/// The line editor.
pub(super) struct LineEditor {
    inner: rustyline::Editor<Helper, Recall>,
    keys: Keys,
    /// Where lines are saved.
    history: Option<PathBuf>,
    style: Style,
}

impl LineEditor {
    /// Takes the terminal of the process, and the history of earlier sessions; prints why it cannot be used.
    pub(super) fn new(console: &Console, signals: &Signals, directories: Option<&Directories>) -> io::Result<Self> {
        let style = console.style(Stream::Output);
        let config = Config::builder()
            .auto_add_history(false)
            .history_ignore_space(true)
            .max_history_size(LINES)
            .map_err(io::Error::other)?
            .completion_type(CompletionType::List)
            // By default rustyline reads NO_COLOR alone, and ignores `style`.
            .color_mode(if style.is_on() { ColorMode::Forced } else { ColorMode::Disabled })
            .build();
        let recall = Recall::new(FileHistory::with_config(&config));
        let mut inner = rustyline::Editor::with_history(config, recall).map_err(io::Error::other)?;
        let keys = Keys::default();
        inner.bind_sequence(Event::Any, EventHandler::Conditional(Box::new(keys.clone())));
        inner.set_helper(Some(Helper {
            directories: directories.cloned(),
            host: None,
            offered: &[],
            asked: Asked::Command,
            prompt_width: 0,
            style,
        }));
        let mut history = directories.map(|directories| directories.history.clone());
        if let Some(path) = &history
            && let Err(reason) = load(&mut inner, path)
        {
            console.note(format_args!("tftp: {}: {reason}; no lines are saved", path.display()));
            history = None;
        }
        control::wake_on_termination(signals)?;
        Ok(Self { inner, keys, history, style })
    }

    /// Sets the connected server, whose files Tab knows, and what it offers.
    pub(super) fn connect(&mut self, host: Option<&str>, offered: &'static [&'static str]) {
        if let Some(helper) = self.inner.helper_mut() {
            (helper.host, helper.offered) = (host.map(str::to_owned), offered);
        }
    }

    /// Forgets that a paste is not complete: Ctrl-C during a command dropped the rest.
    pub(super) fn end_paste(&self) {
        self.keys.end_paste();
    }

    /// Asks for a line; commands are kept.
    pub(super) fn read(&mut self, prompt: &str, asked: Asked) -> io::Result<Prompted> {
        self.inner.history_mut().begin();
        if let Some(helper) = self.inner.helper_mut() {
            (helper.asked, helper.prompt_width) = (asked, prompt.chars().count());
        }
        let styled = self.style.paint(Look::Prompt, prompt);
        match self.inner.readline(&(prompt, styled.as_str())) {
            Ok(line) => {
                if asked == Asked::Command && !line.is_empty() {
                    self.keep(&line);
                }
                Ok(Prompted::Line(line.into_bytes()))
            }
            Err(ReadlineError::Eof) => Ok(Prompted::End),
            Err(ReadlineError::Interrupted) => {
                self.end_paste();
                Ok(Prompted::Cleared { was_empty: self.keys.pressed_on_empty_line() })
            }
            // No key was pressed.
            Err(ReadlineError::Signal(_)) => Ok(Prompted::Cleared { was_empty: false }),
            Err(ReadlineError::Io(error)) if error.kind() == io::ErrorKind::InvalidData => Ok(Prompted::Garbled),
            Err(ReadlineError::Io(error)) => Err(error),
            Err(error) => Err(io::Error::other(error)),
        }
    }

    /// Keeps a line immediately, so that a killed session loses none. A full disk does not end the shell.
    fn keep(&mut self, line: &str) {
        let added = self.inner.add_history_entry(line).unwrap_or(false);
        if let (true, Some(history)) = (added, &self.history) {
            let _ = directories::prepare(history).map(|()| self.inner.append_history(history));
        }
    }
}

/// Reads the history of earlier sessions, if there is one.
fn load(editor: &mut rustyline::Editor<Helper, Recall>, path: &Path) -> Result<(), String> {
    match open_regular(path) {
        Ok(_) => editor.load_history(path).map_err(|error| plain(&error)),
        Err(error) if directories::is_absent(&error) => Ok(()),
        Err(error) => Err(plain(&error)),
    }
}

/// The answers to what the editor asks while a line is typed.
struct Helper {
    directories: Option<Directories>,
    /// The connected server.
    host: Option<String>,
    /// The files that the server is known to have.
    offered: &'static [&'static str],
    asked: Asked,
    prompt_width: usize,
    style: Style,
}

impl Helper {
    /// The columns that are free in the row where the line ends. The last one is left free, as some terminals wrap there.
    fn room_after(&self, line: &str) -> usize {
        let columns = Console::columns(Stream::Output).unwrap_or(COLUMNS);
        // A character takes at most two columns.
        let width = |text: &str| text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum::<usize>();
        columns - (self.prompt_width + width(line)) % columns - 1
    }
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
        let pair = |candidate: &Candidate| {
            let mut replacement = typed.spell(&candidate.value, candidate.goes_on);
            replacement.extend((!candidate.goes_on).then_some(' '));
            Pair { display: candidate.shown(), replacement }
        };
        // The editor panics at 65536. Names are in order, so the last one keeps the common beginning right.
        let more = found.len().checked_sub(MOST).and_then(|_| found.last());
        Ok((typed.start, found.iter().take(MOST - 1).chain(more).map(pair).collect()))
    }
}

/// A hint that is shown and never inserted.
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
        // Without colour a hint would look like input.
        let is_wanted = self.style.is_on() && self.asked == Asked::Command && place == line.len();
        is_wanted.then(|| complete::hint(line, self.room_after(line)).map(Missing))?
    }
}

impl Highlighter for Helper {
    fn highlight_hint<'h>(&self, hint: &'h str) -> Cow<'h, str> {
        self.style.paint(Look::Hint, hint).into()
    }
}

impl Validator for Helper {}

impl rustyline::Helper for Helper {}
