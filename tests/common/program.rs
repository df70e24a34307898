//! How tests start the program: apart from whatever the user who runs them keeps.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Where nothing is found and nothing can be left, not even by root.
#[allow(dead_code, reason = "most tests want this home, some want one of their own")]
pub(crate) const NOWHERE: &str = "/dev/null";

/// The program, for a user whose home is `home`.
#[allow(dead_code, reason = "some tests start it by way of a shell")]
pub(crate) fn program(home: impl AsRef<Path>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftp"));
    at_home(&mut command, home).env("NO_COLOR", "1");
    command
}

/// What the command starts belongs to a user whose home is `home`.
pub(crate) fn at_home(command: &mut Command, home: impl AsRef<Path>) -> &mut Command {
    command.env("HOME", home.as_ref()).env_remove("XDG_CONFIG_HOME").env_remove("XDG_STATE_HOME")
}

/// Runs the command in `folder` with `stdin` on a pipe, of which it need not read anything; tells `meet` the number of the
/// process as soon as there is one.
#[allow(dead_code, reason = "some tests talk with it while it runs")]
pub(crate) fn feed(command: &mut Command, folder: &Path, stdin: &[u8], meet: impl FnOnce(u32)) -> Output {
    command.current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    meet(child.id());
    let _ = child.stdin.take().expect("stdin").write_all(stdin);
    child.wait_with_output().expect("its output")
}
