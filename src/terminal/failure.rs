//! How failures are reported: in BSD's words, in plain ones, or in both.

use std::fmt::{self, Display, Formatter};
use std::io;

use super::console::{Console, Place};
use crate::style::Look;

/// A failure that a console can report. `Display` is the plain sentence.
pub(crate) trait Diagnostic: Display {
    /// The line that BSD prints on standard output, which names this file; `None` where it prints on standard error.
    fn bsd_line(&self, file: Option<&str>) -> Option<String>;

    /// What the user can do next.
    fn hint(&self) -> Option<String>;
}

/// What failed: a command, and the file if the failure concerns one of its files.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    command: String,
    file: Option<NamedFile>,
}

#[derive(Debug, Clone)]
struct NamedFile {
    name: String,
    /// The command has other files too.
    is_one_of_several: bool,
    /// Replays BSD, which names no file.
    is_classic: bool,
}

impl Subject {
    /// A command or an option.
    pub(crate) fn command(name: impl Display) -> Self {
        Self { command: name.to_string(), file: None }
    }

    /// The same, with this one of its files.
    pub(crate) fn file(self, name: impl Display, is_one_of_several: bool, is_classic: bool) -> Self {
        Self { file: Some(NamedFile { name: name.to_string(), is_one_of_several, is_classic }), ..self }
    }

    /// Returns the command's name.
    pub(crate) fn name(&self) -> &str {
        &self.command
    }

    /// Returns the file that a line about a success names: where it is one of several.
    pub(crate) fn one_of_several(&self) -> Option<&str> {
        self.file.as_ref().filter(|file| file.is_one_of_several && !file.is_classic).map(|file| file.name.as_str())
    }

    /// The file that BSD's line names: where a person reads, and where it could be one of several.
    fn in_bsd_line(&self, place: Place) -> Option<&str> {
        let named = |file: &&NamedFile| !file.is_classic && (file.is_one_of_several || place == Place::Terminal);
        self.file.as_ref().filter(named).map(|file| file.name.as_str())
    }
}

impl Display for Subject {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.command)?;
        self.file.iter().filter(|file| !file.name.is_empty()).try_for_each(|file| write!(f, " {}", file.name))
    }
}

/// Adds the file to a line of BSD: `Transfer timed out. (fw.bin)`.
pub(crate) fn about(line: &str, file: Option<impl Display>) -> String {
    file.map_or_else(|| line.to_owned(), |file| format!("{line} ({file})"))
}

/// Which lines report a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// The one of BSD, if it has one.
    Bsd,
    /// The plain sentence.
    Plain,
    /// Both.
    Both,
}

impl Lines {
    /// A terminal shows each failure once: at the prompt in BSD's words, after one command in plain ones. Where the two
    /// streams have different readers, each gets its line; so does a script.
    fn choose(place: Place, is_one_terminal: bool) -> Self {
        match place {
            Place::Terminal if is_one_terminal => Self::Bsd,
            Place::CommandLine if is_one_terminal => Self::Plain,
            Place::Terminal | Place::CommandLine | Place::Script(_) => Self::Both,
        }
    }
}

impl Console {
    /// Reports why the subject failed, without what to do about it.
    pub(crate) fn report(&self, subject: &Subject, error: &impl Diagnostic) -> io::Result<()> {
        let lines = Lines::choose(self.place, self.is_one_terminal());
        let bsd_line = error.bsd_line(subject.in_bsd_line(self.place)).filter(|_| lines != Lines::Plain);
        if let Some(line) = &bsd_line {
            self.print_text(line, Look::Error)?;
        }
        if lines != Lines::Bsd || bsd_line.is_none() {
            self.aside(&format!("{}{error}", self.prefix(Some(subject))), Look::Error);
        }
        Ok(())
    }

    /// Prints what to do about a failure.
    pub(crate) fn hint(&self, hint: &str) {
        let prefix = if self.place == Place::Terminal { String::new() } else { self.prefix(None) };
        self.aside(&format!("{prefix}{hint}"), Look::Plain);
    }

    /// `tftp: `, and what is not obvious where the lines come from: `tftp: line 7: get fw.bin: `.
    fn prefix(&self, subject: Option<&Subject>) -> String {
        let place = match self.place {
            Place::Script(line) => format!("{}: ", self.name_of_line(line)),
            Place::Terminal | Place::CommandLine => String::new(),
        };
        let is_obvious = |it: &&Subject| {
            self.place == Place::Terminal && !it.file.as_ref().is_some_and(|file| file.is_one_of_several)
        };
        let subject = subject.filter(|it| !is_obvious(it)).map(|subject| format!("{subject}: "));
        format!("tftp: {place}{}", subject.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_shows_a_failure_once() {
        for (place, one, both) in [
            (Place::Terminal, Lines::Bsd, Lines::Both),
            (Place::CommandLine, Lines::Plain, Lines::Both),
            (Place::Script(7), Lines::Both, Lines::Both),
        ] {
            assert_eq!((Lines::choose(place, true), Lines::choose(place, false)), (one, both), "{place:?}");
        }
    }

    #[test]
    fn a_line_of_bsd_names_the_file_for_people_and_where_there_are_several() {
        let get = |several, classic| Subject::command("get").file("f", several, classic);
        let named = |subject: &Subject| {
            [Place::Terminal, Place::Script(1), Place::CommandLine].map(|place| subject.in_bsd_line(place).is_some())
        };
        assert_eq!(named(&get(false, false)), [true, false, false]);
        assert_eq!(named(&get(true, false)), [true; 3]);
        assert_eq!(named(&get(true, true)), [false; 3]);
        assert_eq!(named(&Subject::command("get")), [false; 3]);
        assert_eq!(
            about("Transfer timed out.", get(true, false).in_bsd_line(Place::Terminal)),
            "Transfer timed out. (f)"
        );
    }
}
