//! `!CMD`: a command of the system's shell.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use crate::language::Word;
use crate::shell::{CommandError, Handled, InputSource, Outcome, Shell};
use crate::stop::hand_on;
use crate::terminal::{Place, Stream};

/// Runs the rest of the line with sh; on a terminal `!` alone starts the user's own shell.
pub(crate) fn escape(shell: &mut Shell<'_>, words: &[Word]) -> Handled {
    let line = words.iter().map(Word::bytes).collect::<Vec<_>>().join(&b' ');
    let mut command = match shell.console.place {
        _ if !line.is_empty() => {
            let mut command = Command::new("sh");
            command.arg("-c").arg(OsStr::from_bytes(&line));
            command
        }
        Place::Terminal => Command::new(env::var_os("SHELL").unwrap_or_else(|| OsString::from("sh"))),
        _ => return Err(shell.mistake(CommandError::classic("usage: ! [command]")).into()),
    };
    if shell.input == InputSource::Script {
        // The rest of the script is not for it.
        command.stdin(Stdio::null());
    }
    if shell.console.stream() == Stream::Error {
        command.stdout(io::stderr().as_fd().try_clone_to_owned()?);
    }
    let status = wait(shell, &mut command).map_err(|error| CommandError::file("sh", error))?;
    match reason(status) {
        None => Ok(Outcome::done()),
        Some(reason) if shell.is_interrupted() => Err(CommandError::Interrupted(reason).into()),
        Some(reason) => Err(CommandError::Local(reason).into()),
    }
}

/// Waits as sh does: at a prompt, Ctrl-C, however often, is for the command, which belongs to the same terminal. A signal
/// that ends this process ends the command too, and is not delayed by it.
fn wait(shell: &Shell<'_>, command: &mut Command) -> io::Result<ExitStatus> {
    const MOST: Duration = Duration::from_millis(20);
    let signals = &shell.setup.signals;
    let is_prompt = shell.console.place == Place::Terminal;
    let mut child = command.spawn()?;
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if signals.is_terminated() || !is_prompt && shell.is_interrupted() {
            return Err(hand_on(&child));
        }
        signals.disarm();
        thread::sleep(pause);
        pause = MOST.min(pause * 2);
    }
}

fn reason(status: ExitStatus) -> Option<String> {
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(code), _) => Some(format!("exit status {code}")),
        (None, signal) => Some(format!("ended by signal {}", signal.unwrap_or_default())),
    }
}
