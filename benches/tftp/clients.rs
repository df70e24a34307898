//! Clients as processes: this package's own, and those of others where they are installed.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a client is told to do.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a> {
    pub(crate) put: bool,
    pub(crate) server: SocketAddr,
    pub(crate) remote: &'a str,
    pub(crate) local: &'a Path,
    /// `None`: nothing is said about options.
    pub(crate) shape: Option<(usize, usize)>,
}

/// A program that moves files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    Ours,
    /// With the trace of each packet to a file.
    Traced,
    TftpHpa,
    Atftp,
    Busybox,
    Curl,
}

pub(crate) const PEERS: [Client; 4] = [Client::TftpHpa, Client::Atftp, Client::Busybox, Client::Curl];

impl Client {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Traced => "traced",
            Self::TftpHpa => "tftp-hpa",
            Self::Atftp => "atftp",
            Self::Busybox => "busybox",
            Self::Curl => "curl",
        }
    }

    fn program(self) -> &'static str {
        match self {
            Self::Ours | Self::Traced => env!("CARGO_BIN_EXE_tftp"),
            Self::TftpHpa => "tftp",
            _ => self.name(),
        }
    }

    pub(crate) fn is_installed(self) -> bool {
        let run = |arg| Command::new(self.program()).arg(arg).stdin(Stdio::null()).output();
        match self {
            Self::TftpHpa => run("-V").is_ok_and(|it| it.stdout.starts_with(b"tftp-hpa")),
            _ => run("--version").is_ok(),
        }
    }

    /// Whether it knows the options the task needs.
    pub(crate) fn can(self, shape: Option<(usize, usize)>) -> bool {
        let (blksize, windowsize) = shape.unwrap_or((512, 1));
        match self {
            Self::Ours | Self::Traced | Self::Atftp => true,
            Self::TftpHpa => (blksize, windowsize) == (512, 1),
            Self::Busybox | Self::Curl => windowsize == 1,
        }
    }

    /// Runs it to its end; tells how long that took. `scratch` is for its script and its output.
    pub(crate) fn run(self, task: &Task<'_>, scratch: &Path) -> io::Result<Duration> {
        let (arguments, script) = self.arguments(task);
        time(Command::new(self.program()).args(arguments), &script, scratch)
    }

    fn arguments(self, task: &Task<'_>) -> (Vec<OsString>, String) {
        let Task { put, server, remote, local, shape } = *task;
        let (host, port) = (server.ip().to_string(), server.port().to_string());
        let shown = local.display().to_string();
        let mut line: Vec<String> = Vec::new();
        let mut script = String::new();
        match self {
            Self::Ours | Self::Traced => {
                match shape {
                    None => {}
                    Some((512, 1)) => line.push("--no-options".to_owned()),
                    Some((blksize, windowsize)) => {
                        line.extend(["-b", &blksize.to_string(), "-w", &windowsize.to_string()].map(str::to_owned));
                    }
                }
                if self == Self::Traced {
                    line.push("--trace".to_owned());
                }
                line.extend([host, port]);
                if put {
                    line.extend(["put".to_owned(), shown, remote.to_owned()]);
                } else {
                    line.extend(["get".to_owned(), remote.to_owned(), shown]);
                }
            }
            Self::TftpHpa => {
                line.extend([host, port]);
                let order = if put { format!("put {shown} {remote}") } else { format!("get {remote} {shown}") };
                script = format!("binary\n{order}\nquit\n");
            }
            Self::Atftp => {
                if let Some((blksize, windowsize)) = shape.filter(|shape| *shape != (512, 1)) {
                    line.extend(["--option".to_owned(), format!("blksize {blksize}")]);
                    line.extend(["--option".to_owned(), format!("windowsize {windowsize}")]);
                }
                line.extend([if put { "-p" } else { "-g" }, "-r", remote, "-l"].map(str::to_owned));
                line.extend([shown, host, port]);
            }
            Self::Busybox => {
                line.extend(["tftp", if put { "-p" } else { "-g" }].map(str::to_owned));
                line.extend(["-b".to_owned(), shape.unwrap_or((512, 1)).0.to_string()]);
                line.extend(["-r".to_owned(), remote.to_owned(), "-l".to_owned(), shown, host, port]);
            }
            Self::Curl => {
                line.push("-sS".to_owned());
                match shape.unwrap_or((512, 1)).0 {
                    512 => line.push("--tftp-no-options".to_owned()),
                    blksize => line.extend(["--tftp-blksize".to_owned(), blksize.to_string()]),
                }
                line.extend([if put { "-T" } else { "-o" }.to_owned(), shown, format!("tftp://{server}/{remote}")]);
            }
        }
        (line.into_iter().map(OsString::from).collect(), script)
    }

    /// Fetches many files in one process with a script on standard input; `None` where the client cannot.
    pub(crate) fn fetch_all(
        self,
        server: SocketAddr,
        names: &[String],
        folder: &Path,
        scratch: &Path,
    ) -> Option<io::Result<Duration>> {
        let mut command = Command::new(self.program());
        match self {
            Self::Ours | Self::TftpHpa => command.args([server.ip().to_string(), server.port().to_string()]),
            _ => return None,
        };
        let gets: String = names.iter().map(|name| format!("get {name} {}/{name}\n", folder.display())).collect();
        Some(time(&mut command, &format!("binary\n{gets}quit\n"), scratch))
    }
}

/// Runs a command whose input is a file, so that nobody feeds it meanwhile.
pub(crate) fn time(command: &mut Command, input: &str, scratch: &Path) -> io::Result<Duration> {
    let path = scratch.join("input");
    let mut script = File::options().read(true).write(true).create(true).truncate(true).open(path)?;
    script.write_all(input.as_bytes())?;
    script.rewind()?;
    let output = File::create(scratch.join("output"))?;
    command.stdin(script).stdout(output).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status()?;
    let elapsed = begun.elapsed();
    if status.success() { Ok(elapsed) } else { Err(io::Error::other(format!("{status}"))) }
}
