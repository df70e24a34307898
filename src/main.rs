//! The program: arguments in, exit status out.

use std::io;
use std::process::ExitCode;

use tftpsh::cli::Cli;
use tftpsh::shell::{self, commands, console, status::Status};

fn main() -> ExitCode {
    let cli = Cli::read(&commands::switches());
    match shell::run(&cli) {
        Ok(status) => status.into(),
        // Whoever read our output has seen enough.
        Err(error) if is_broken_pipe(&error) => Status::Success.into(),
        Err(error) => {
            console::Console::new(console::Place::CommandLine, cli.color()).note(format_args!("tftp: {error:#}"));
            Status::Local.into()
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
