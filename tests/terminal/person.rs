//! A person at a terminal, with a home of their own.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use rexpect::process::{Signal, WaitStatus};
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};
use tempfile::TempDir;

use crate::support::program;

pub(crate) const CTRL_C: &str = "\x03";
pub(crate) const CTRL_D: &str = "\x04";
pub(crate) const CTRL_L: &str = "\x0c";
pub(crate) const CTRL_U: &str = "\x15";
pub(crate) const UP: &str = "\x1b[A";

/// Where their state is kept.
pub(crate) const STATE: &str = ".local/state/tftpsh";
/// Where they keep settings and bookmarks.
pub(crate) const CONFIG: &str = ".config/tftpsh";

pub(crate) fn home() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

/// The program on a terminal that can do everything but colours.
pub(crate) fn at(home: &Path, args: &[&str]) -> Command {
    let mut command = program(home);
    command.args(args).current_dir(home).env("TERM", "xterm");
    command
}

pub(crate) struct Person {
    pub(crate) home: TempDir,
    session: PtySession,
}

impl Person {
    /// Starts the program and waits for its prompt.
    pub(crate) fn begin(home: TempDir, args: &[&str]) -> Self {
        let command = at(home.path(), args);
        Self::start(home, command)
    }

    /// Likewise, prepared in another way.
    pub(crate) fn start(home: TempDir, command: Command) -> Self {
        let mut person = Self::meets(home, command, true);
        person.sees("tftp> ");
        person
    }

    /// Starts a command and waits for nothing. What moves the cursor and colours text is left out, unless it is not to be
    /// `stripped`.
    pub(crate) fn meets(home: TempDir, command: Command, stripped: bool) -> Self {
        let options = Options::new().timeout_ms(Some(20_000)).strip_ansi_escape_codes(stripped);
        Self { home, session: spawn_with_options(command, options).expect("a terminal") }
    }

    /// Presses keys.
    pub(crate) fn types(&mut self, keys: &str) {
        self.session.send(keys).expect("a terminal");
        self.session.flush().expect("a terminal");
    }

    /// Presses keys that are no text.
    pub(crate) fn types_bytes(&mut self, keys: &[u8]) {
        self.terminal().write_all(keys).expect("a terminal");
    }

    fn terminal(&self) -> File {
        self.session.process().get_file_handle().expect("the terminal")
    }

    /// Waits until the terminal shows this; returns what it showed before.
    pub(crate) fn sees(&mut self, text: &str) -> String {
        // Bytes are shown as letters.
        let bytes: String = text.bytes().map(char::from).collect();
        self.session.exp_string(&bytes).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    /// Types a line, sees the answer and the next prompt; returns what stood around the answer.
    pub(crate) fn says(&mut self, line: &str, answer: &str) -> String {
        self.types(line);
        self.types("\r");
        [self.sees(answer), self.sees("tftp> ")].concat()
    }

    /// Another process ends the program.
    pub(crate) fn is_sent(&mut self, signal: Signal) {
        self.session.process_mut().signal(signal).expect("a process");
    }

    /// Has the terminal changed, or told about.
    pub(crate) fn stty(&self, args: &[&str]) -> String {
        let output =
            Command::new("stty").args(args).stdin(self.terminal()).stderr(Stdio::inherit()).output().expect("stty");
        assert!(output.status.success(), "stty {args:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// Whether the terminal hands out keys one by one, for an editor.
    pub(crate) fn is_raw(&self) -> bool {
        self.stty(&["-a"]).split_whitespace().any(|word| word.trim_end_matches(';') == "-icanon")
    }

    /// Waits for the end; tells the exit status and what was shown.
    pub(crate) fn leaves(&mut self) -> (i32, String) {
        let shown = self.session.exp_eof().expect("the end");
        match self.session.process().wait() {
            Ok(WaitStatus::Exited(_, status)) => (status, shown),
            other => panic!("{other:?}"),
        }
    }

    /// Waits for the end, and tells the exit status.
    pub(crate) fn ends(mut self) -> (i32, TempDir) {
        (self.leaves().0, self.home)
    }
}
