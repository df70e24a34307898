//! Colour, decided per stream; the only file that names `colored`.
//!
//! Colour only repeats what the words say, and comes from the terminal's own palette, to suit its background.

use std::env;
use std::ffi::OsStr;

use colored::{Colorize, control};

/// When a stream is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    /// On a terminal that shows colours, unless the environment says otherwise.
    #[default]
    Auto,
    /// Whatever it is.
    Always,
    /// Not at all.
    Never,
}

/// Whether and how one stream is coloured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Style {
    on: bool,
}

impl Style {
    /// The style of a stream. For [`When::Auto`], `NO_COLOR` (if not empty) switches colour off, `CLICOLOR_FORCE` (if not
    /// 0) on; else a terminal is coloured, unless TERM says that it is dumb or `CLICOLOR` is 0.
    pub fn of(is_terminal: bool, when: When) -> Self {
        let on = is_wanted(when, is_terminal, |name| env::var_os(name));
        if on {
            // The crate decides once, from stdout alone; here each stream decides for itself.
            control::set_override(true);
        }
        Self { on }
    }

    /// Whether anything is coloured at all.
    pub fn is_on(self) -> bool {
        self.on
    }

    /// The text in this look, if the stream is coloured.
    pub(crate) fn paint(self, look: Look, text: &str) -> String {
        if self.on { look.on(text) } else { text.to_owned() }
    }
}

/// The emphasis of a piece of text, on a coloured stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    Plain,
    Prompt,
    Hint,
    Error,
    Summary,
    Strong,
    Faint,
    Reversed,
    Blue,
    Cyan,
    Notice,
}

impl Look {
    /// The text in this look.
    pub(crate) fn on(self, text: &str) -> String {
        match self {
            Self::Plain => text.into(),
            Self::Prompt => text.green().bold(),
            Self::Hint => text.bright_black(),
            Self::Error => text.red(),
            Self::Strong => text.bold(),
            Self::Faint => text.dimmed(),
            Self::Reversed => text.reversed(),
            Self::Blue => text.blue(),
            Self::Cyan | Self::Summary => text.cyan(),
            Self::Notice => text.yellow().bold(),
        }
        .to_string()
    }
}

/// Whether the locale says that text is UTF-8.
pub(crate) fn is_utf8() -> bool {
    says_utf8(|name| env::var(name).ok())
}

/// The first of the three variables that is not empty decides, in the order of POSIX.
fn says_utf8(variable: impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| variable(name).filter(|it| !it.is_empty()));
    locale.is_some_and(|locale| locale.to_ascii_lowercase().replace("utf-8", "utf8").contains("utf8"))
}

/// Whether the terminal can draw over what it showed.
pub(crate) fn has_cursor() -> bool {
    !is_dumb(env::var_os("TERM").as_deref())
}

fn is_dumb(term: Option<&OsStr>) -> bool {
    term.is_none_or(|term| term == "dumb")
}

fn is_wanted<S: AsRef<OsStr>>(when: When, terminal: bool, variable: impl Fn(&str) -> Option<S>) -> bool {
    let is = |name: &str, value: &str| variable(name).is_some_and(|it| it.as_ref() == value);
    let is_set = |name: &str| variable(name).is_some_and(|it| !it.as_ref().is_empty());
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto if is_set("NO_COLOR") => false,
        When::Auto if is_set("CLICOLOR_FORCE") && !is("CLICOLOR_FORCE", "0") => true,
        When::Auto => terminal && !is_dumb(variable("TERM").as_ref().map(AsRef::as_ref)) && !is("CLICOLOR", "0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(when: When, terminal: bool, environment: &[(&str, &'static str)]) -> bool {
        is_wanted(when, terminal, |name| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
    }

    const XTERM: (&str, &str) = ("TERM", "xterm");

    #[test]
    fn left_to_itself_only_a_terminal_is_coloured() {
        assert!(wanted(When::Auto, true, &[XTERM]));
        assert!(!wanted(When::Auto, false, &[XTERM]));
        assert!(!wanted(When::Auto, true, &[("TERM", "dumb")]));
        assert!(!wanted(When::Auto, true, &[]));
    }

    #[test]
    fn the_environment_has_a_say() {
        assert!(!wanted(When::Auto, true, &[XTERM, ("NO_COLOR", "1")]));
        assert!(wanted(When::Auto, true, &[XTERM, ("NO_COLOR", "")]), "empty means nothing");
        assert!(wanted(When::Auto, false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!wanted(When::Auto, false, &[XTERM, ("CLICOLOR_FORCE", "0")]));
        assert!(!wanted(When::Auto, true, &[XTERM, ("CLICOLOR", "0")]));
        assert!(!wanted(When::Auto, true, &[XTERM, ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]), "NO_COLOR wins");
    }

    #[test]
    fn the_option_has_the_last_word() {
        assert!(wanted(When::Always, false, &[("NO_COLOR", "1")]));
        assert!(!wanted(When::Never, true, &[XTERM, ("CLICOLOR_FORCE", "1")]));
    }

    #[test]
    fn the_locale_says_whether_text_is_utf8() {
        let says = |environment: &[(&str, &str)]| {
            says_utf8(|name| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
        };
        assert!(says(&[("LANG", "de_DE.UTF-8")]));
        assert!(says(&[("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(!says(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
        assert!(says(&[("LC_ALL", ""), ("LANG", "en_GB.UTF-8")]), "empty means nothing");
        assert!(!says(&[]));
    }

    #[test]
    fn without_colour_the_words_are_the_same() {
        let plain = Style::default();
        let looks = [Look::Prompt, Look::Error, Look::Summary].map(|look| plain.paint(look, "a"));
        assert_eq!(looks, ["a", "a", "a"]);
    }
}
