//! The program, while it runs.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::program::{NOWHERE, program};

/// A process with pipes; it ends with its value.
pub(crate) struct Process {
    child: Child,
    lines: Option<BufReader<File>>,
    /// Reads standard error to its end.
    errors: Option<JoinHandle<String>>,
}

impl Process {
    /// Starts the program in `directory`.
    pub(crate) fn start(directory: &Path, args: &[impl AsRef<str>]) -> Self {
        Self::spawn(program(NOWHERE).args(args.iter().map(AsRef::as_ref)).current_dir(directory))
    }

    /// Starts a command with pipes.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        Self::spawn_reading(command, Stdio::piped())
    }

    /// Likewise, with another standard input.
    pub(crate) fn spawn_reading(command: &mut Command, stdin: Stdio) -> Self {
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program");
        let lines = child.stdout.take().map(|stdout| BufReader::new(File::from(OwnedFd::from(stdout))));
        Self { child, lines, errors: None }
    }

    /// Starts the program as a server of `directory`, with these options; where it answers.
    pub(crate) fn serve(directory: &Path, options: &[&str]) -> (Self, SocketAddr) {
        Self::serving(Self::start(directory, &[&["serve", ".", "--port", "0"], options].concat()))
    }

    /// Waits until a server says where it answers.
    pub(crate) fn serving(mut server: Self) -> (Self, SocketAddr) {
        let line = server.line();
        let address = served_at(&line).unwrap_or_else(|| panic!("no server: {line:?} {}", server.errors()));
        server.discard_output();
        (server, address)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Types a line.
    pub(crate) fn say(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().expect("stdin"), "{line}").expect("a pipe");
    }

    /// Types as much of this as it reads.
    pub(crate) fn say_all(&mut self, text: &[u8]) {
        let _ = self.child.stdin.take().expect("stdin").write_all(text);
    }

    /// Types nothing more.
    pub(crate) fn close_input(&mut self) {
        self.child.stdin = None;
    }

    /// Reads nothing more: a program that goes on to print finds its pipe broken.
    pub(crate) fn close_output(&mut self) {
        self.lines = None;
    }

    /// Reads whatever it prints from now on, so that no full pipe stops it.
    pub(crate) fn discard_output(&mut self) {
        self.discard_lines();
        discard(self.child.stderr.take());
    }

    /// Likewise, but not its standard error.
    pub(crate) fn discard_lines(&mut self) {
        discard(self.lines.take());
    }

    /// Waits until a server says, on either stream, where it answers; `None` if it ends before. From then on both are read,
    /// so that no full pipe stops it.
    pub(crate) fn place(&mut self) -> Option<SocketAddr> {
        let (sender, lines) = mpsc::channel();
        let (stdout, stderr) = (self.lines.take().expect("stdout"), self.child.stderr.take().expect("stderr"));
        let to_place = sender.clone();
        thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(|line| drop(to_place.send(line))));
        self.errors = Some(thread::spawn(move || {
            let mut text = String::new();
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                text.push_str(&line);
                text.push('\n');
                let _ = sender.send(line);
            }
            text
        }));
        lines.iter().find_map(|line| served_at(&line))
    }

    /// The next line of its standard output; nothing at its end.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.as_mut().expect("stdout").read_line(&mut line).expect("text");
        line
    }

    /// What it prints on its standard error until it ends.
    pub(crate) fn errors(&mut self) -> String {
        if let Some(errors) = self.errors.take() {
            return errors.join().expect("text");
        }
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            stderr.read_to_string(&mut text).expect("text");
        }
        text
    }

    pub(crate) fn signal(&self, signal: Signal) {
        assert!(self.try_signal(signal), "{signal} to a process that has ended");
    }

    /// Likewise; whether there was a process to send it to.
    pub(crate) fn try_signal(&self, signal: Signal) -> bool {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).is_ok()
    }

    /// Ends it by SIGKILL, if it has not ended.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        self.wait();
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child of ours").is_none()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("a child of ours")
    }

    /// Sends a signal and waits for the exit status.
    pub(crate) fn end_by(&mut self, signal: Signal) -> Option<i32> {
        self.signal(signal);
        self.wait().code()
    }
}

fn discard(output: Option<impl Read + Send + 'static>) {
    if let Some(mut output) = output {
        thread::spawn(move || io::copy(&mut output, &mut io::sink()));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already where all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the first line of a server.
pub(crate) fn served_at(line: &str) -> Option<SocketAddr> {
    let mut words = line.strip_prefix("Serving ")?.split_whitespace().map(|word| word.trim_end_matches(['.', ',']));
    words.find_map(|word| word.parse().ok())
}
