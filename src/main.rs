//! The program: arguments in, exit status out.

use std::io;
use std::process::ExitCode;

use tftpsh::internals::{Cli, Console, Place, Status, When, commands, plain, run};

fn main() -> ExitCode {
    let cli = match Cli::read(&commands::switches()) {
        Ok(cli) => cli,
        Err(answer) => return tell(&answer),
    };
    match run(&cli) {
        Ok(status) => status.into(),
        // Whoever read our output has seen enough.
        Err(error) if is_broken_pipe(&error) => Status::Success.into(),
        Err(error) => {
            let words = error.downcast_ref().map_or_else(|| format!("{error:#}"), plain);
            Console::new(Place::CommandLine, cli.color()).note(format_args!("tftp: {words}"));
            Status::Local.into()
        }
    }
}

/// What is wrong with the arguments, or what `--help` and `--version` ask for.
fn tell(answer: &clap::Error) -> ExitCode {
    match answer.print() {
        Err(error) if !answer.use_stderr() && error.kind() != io::ErrorKind::BrokenPipe => {
            let reason = plain(&error);
            Console::new(Place::CommandLine, When::Never).note(format_args!("tftp: standard output: {reason}"));
            Status::Local.into()
        }
        _ if answer.use_stderr() => Status::CommandLine.into(),
        _ => Status::Success.into(),
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
