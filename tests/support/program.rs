//! The program, run to its end, apart from whatever the user who runs the tests keeps.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Where nothing is found and nothing can be left, not even by root.
pub(crate) const NOWHERE: &str = "/dev/null";

/// The program, for a user whose home is `home`.
pub(crate) fn program(home: impl AsRef<Path>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftp"));
    at_home(&mut command, home).env("NO_COLOR", "1");
    command
}

/// What the command starts belongs to a user whose home is `home`.
pub(crate) fn at_home(command: &mut Command, home: impl AsRef<Path>) -> &mut Command {
    command.env("HOME", home.as_ref()).env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME")
}

/// Runs the command in `directory` with `stdin` on a pipe, of which it need not read anything.
pub(crate) fn feed(command: &mut Command, directory: &Path, stdin: &[u8]) -> Output {
    feed_and_meet(command, directory, stdin, |_| {})
}

fn feed_and_meet(command: &mut Command, directory: &Path, stdin: &[u8], meet: impl FnOnce(u32)) -> Output {
    command.current_dir(directory).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    meet(child.id());
    let _ = child.stdin.take().expect("stdin").write_all(stdin);
    child.wait_with_output().expect("its output")
}

/// What a run of the program left.
pub(crate) struct Ran {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) status: i32,
}

/// Runs the program in `directory` with `stdin` on a pipe, for a user who never ran it before.
pub(crate) fn run(directory: &Path, args: &[impl AsRef<str>], stdin: &[u8]) -> Ran {
    run_and_meet(directory, args, stdin, |_| {})
}

/// Likewise; gives `meet` the number of the process as soon as there is one.
pub(crate) fn run_and_meet(directory: &Path, args: &[impl AsRef<str>], stdin: &[u8], meet: impl FnOnce(u32)) -> Ran {
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = feed_and_meet(program(home.path()).args(args.iter().map(AsRef::as_ref)), directory, stdin, meet);
    Ran {
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
        status: output.status.code().unwrap_or(-1),
    }
}

/// The program in `directory`, by way of a shell that runs `limit` first.
pub(crate) fn limited(limit: &str, directory: &Path, arguments: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{limit}; exec {} {arguments}", env!("CARGO_BIN_EXE_tftp"))]).current_dir(directory);
    at_home(&mut shell, NOWHERE);
    shell
}
