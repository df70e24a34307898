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
        // The reader of the output has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Status::Success.into(),
        Err(error) => {
            Console::new(Place::CommandLine, cli.color()).note(format_args!("tftp: {}", plain(&error)));
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
