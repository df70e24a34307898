//! Programs with a bound on their time, ended with the test that started them.

use std::fs::File;
use std::io::{Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::support::{NOWHERE, at_home, soon};

/// A running program with a process group of its own: the children a server makes end with it.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    words: File,
}

/// What became of a program.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    /// All it printed, on either stream.
    pub(crate) words: String,
}

impl Process {
    /// Starts a program whose output is kept in a file, so that no full pipe can stop it. It has no home, where it could
    /// find settings or leave anything.
    pub(crate) fn start(command: &mut Command) -> Self {
        let words = tempfile::tempfile().expect("a temporary file");
        let child = at_home(command, NOWHERE)
            .stdout(words.try_clone().expect("another handle"))
            .stderr(words.try_clone().expect("another handle"))
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        Self { child, words }
    }

    /// Whether it has not ended yet.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_none()
    }

    /// What it printed until now.
    pub(crate) fn words(&mut self) -> String {
        let mut bytes = Vec::new();
        self.words.rewind().expect("a regular file");
        self.words.read_to_end(&mut bytes).expect("a readable file");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn outcome(mut self, limit: Duration) -> Outcome {
        let ended = soon(limit, || !self.is_running());
        assert!(ended, "still running after {limit:?}; it said: {}", self.words());
        Outcome { status: self.child.wait().expect("a child of ours"), words: self.words() }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.is_running() {
            let group = i32::try_from(self.child.id()).expect("a process id");
            let _ = killpg(Pid::from_raw(group), Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

/// Runs a program to its end, with `script` typed into it.
pub(crate) fn run(command: &mut Command, script: &str, limit: Duration) -> Outcome {
    let mut process = Process::start(command.stdin(Stdio::piped()));
    let mut stdin = process.child.stdin.take().expect("a pipe");
    // A program that ends before it has read everything is judged by its status.
    let _ = stdin.write_all(script.as_bytes());
    drop(stdin);
    process.outcome(limit)
}
