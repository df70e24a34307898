//! Colour, decided per stream; the only file that names `colored`.
//!
//! Colour never says anything that the words do not say too.

use std::env;
use std::io::IsTerminal;

use colored::{Colorize, control};

/// Whether and how one stream is coloured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    on: bool,
}

impl Style {
    /// Colour for a terminal, unless NO_COLOR (set and not empty) or TERM=dumb says otherwise.
    pub fn of(stream: &impl IsTerminal) -> Self {
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_none_or(|term| term == "dumb");
        let on = stream.is_terminal() && !refused && !dumb;
        if on {
            // The crate decides once, from stdout alone; here each stream decides for itself.
            control::set_override(true);
        }
        Self { on }
    }

    /// The words that ask for a line.
    pub fn prompt(self, text: &str) -> String {
        if self.on { text.bold().cyan().to_string() } else { text.to_owned() }
    }

    /// What could be typed next.
    pub fn hint(self, text: &str) -> String {
        if self.on { text.bright_black().to_string() } else { text.to_owned() }
    }

    /// What went wrong.
    pub fn error(self, text: &str) -> String {
        if self.on { text.red().to_string() } else { text.to_owned() }
    }
}
