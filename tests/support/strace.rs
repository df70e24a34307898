//! The program under strace(1), which shows its system calls and makes them fail.

use std::path::Path;
use std::process::{Command, Stdio};

use super::foreign::Foreign;
use super::program::{NOWHERE, at_home};

/// The program with `arguments`, under strace with these of its own.
pub(crate) fn under_strace(directory: &Path, strace: &[&str], arguments: &[&str]) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "--seccomp-bpf"]).args(strace).arg(env!("CARGO_BIN_EXE_tftp")).args(arguments);
    command.current_dir(directory).stdin(Stdio::null());
    at_home(&mut command, NOWHERE).env("NO_COLOR", "1").env_remove("RUST_BACKTRACE");
    command
}

/// Whether strace is here, as CI must have it, and may trace.
pub(crate) fn can_trace() -> bool {
    const STRACE: Foreign =
        Foreign { name: "strace", program: "strace", asked: "-V", says: "strace -- version", needs_root: false };
    let Some(program) = STRACE.find() else { return false };
    let mut strace = Command::new(program);
    strace.args(["-f", "--seccomp-bpf", "-D", "-o", "/dev/null", "-e", "trace=write", "true"]).stderr(Stdio::null());
    let works = strace.status().is_ok_and(|status| status.success());
    if !works {
        // Not even CI can have it everywhere: a container may forbid it.
        println!("skipped: strace may not trace");
    }
    works
}
