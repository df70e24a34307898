//! Fetches a file and shows its progress: `cargo run --example fetch -- switch1:69 fw.bin [local name]`.
//!
//! Ctrl-C is not caught here: give the client a [`Stop`](tftpsh::Stop) to end a transfer with an ERROR.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for a terminal")]

use std::env;
use std::path::Path;
use std::process::ExitCode;

use tftpsh::trace::Progress;
use tftpsh::{Client, ClientError};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (server, name, path) = match &arguments[..] {
        [server, name] => (server, name, Path::new(name).file_name().map(Path::new)),
        [server, name, path] => (server, name, Some(Path::new(path))),
        _ => return fail("usage: fetch SERVER[:PORT] NAME [LOCAL]"),
    };
    let Some(path) = path else { return fail(&format!("{name}: not the name of a file")) };
    match fetch(server, name, path) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let hint = error.hint().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
            fail(&format!("{name}: {error}{hint}"))
        }
    }
}

fn fetch(server: &str, name: &str, path: &Path) -> Result<(), ClientError> {
    let mut progress = Progress::bar(name, None);
    let report = Client::to(server).observer(&mut progress).get_file(name, path)?;
    println!("{}: {} bytes in {:.1} s", path.display(), report.stats.bytes, report.elapsed.as_secs_f64());
    Ok(())
}

fn fail(reason: &str) -> ExitCode {
    eprintln!("fetch: {reason}");
    ExitCode::FAILURE
}
