//! Each client, carrying one file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::errand::{Asked, Direction, Errand};
use crate::peers::{ATFTP, BUSYBOX, CURL, TFTP_HPA};
use crate::process::{Outcome, run};

/// The longest any errand may take, 40 MiB in lock-step on a busy machine included.
const LIMIT: Duration = Duration::from_secs(120);

/// A client program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientKind {
    Ours,
    TftpHpa,
    Atftp,
    Busybox,
    Curl,
}

/// A client program that is here.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) kind: ClientKind,
    program: PathBuf,
}

impl Client {
    /// `None` where the program is not here.
    pub(crate) fn find(kind: ClientKind) -> Option<Self> {
        let program = match kind {
            ClientKind::Ours => PathBuf::from(env!("CARGO_BIN_EXE_tftp")),
            ClientKind::TftpHpa => TFTP_HPA.find()?,
            ClientKind::Atftp => ATFTP.find()?,
            ClientKind::Busybox => BUSYBOX.find()?,
            ClientKind::Curl => CURL.find()?,
        };
        Some(Self { kind, program })
    }

    /// Runs the client in `desk`, where the local file is.
    pub(crate) fn carry(&self, errand: &Errand<'_>, server: SocketAddr, desk: &Path) -> Outcome {
        let words = match self.kind {
            ClientKind::Ours | ClientKind::TftpHpa => Vec::new(),
            ClientKind::Atftp => atftp(errand),
            ClientKind::Busybox => busybox(errand),
            ClientKind::Curl => curl(errand),
        };
        let place = match self.kind {
            ClientKind::Curl => vec![format!("tftp://{server}/{}", errand.remote)],
            _ => vec![server.ip().to_string(), server.port().to_string()],
        };
        let script = match self.kind {
            ClientKind::Ours => our_settings(errand) + &shell_lines(errand),
            ClientKind::TftpHpa => shell_lines(errand),
            ClientKind::Atftp | ClientKind::Busybox | ClientKind::Curl => String::new(),
        };
        run(Command::new(&self.program).current_dir(desk).args(words).args(place), &script, LIMIT)
    }
}

/// What every shell of the family understands.
fn shell_lines(errand: &Errand<'_>) -> String {
    let mode = if errand.manner.netascii { "ascii" } else { "binary" };
    let Errand { remote, local, .. } = errand;
    match errand.direction {
        Direction::Get => format!("{mode}\nget {remote} {local}\nquit\n"),
        Direction::Put => format!("{mode}\nput {local} {remote}\nquit\n"),
    }
}

fn our_settings(errand: &Errand<'_>) -> String {
    match errand.manner.options {
        Asked::Default => String::new(),
        Asked::Nothing => "options off\n".to_owned(),
        Asked::Blocks(size) => format!("options on\nblksize {size}\n"),
        Asked::Everything(size, window) => format!("tsize on\nblksize {size}\nwindowsize {window}\n"),
    }
}

fn atftp(errand: &Errand<'_>) -> Vec<String> {
    let mut options = match errand.manner.options {
        Asked::Default | Asked::Nothing => Vec::new(),
        Asked::Blocks(size) => vec![format!("blksize {size}")],
        Asked::Everything(size, window) => {
            vec!["tsize".to_owned(), format!("blksize {size}"), format!("windowsize {window}")]
        }
    };
    if errand.manner.netascii {
        options.push("mode netascii".to_owned());
    }
    let mut words: Vec<_> = options.into_iter().flat_map(|option| ["--option".to_owned(), option]).collect();
    words.extend(["-r", errand.remote, "-l", errand.local].map(str::to_owned));
    words.push(way(errand, "-g", "-p"));
    words
}

/// It has no way to ask for nothing, nor for netascii or a window.
fn busybox(errand: &Errand<'_>) -> Vec<String> {
    let mut words = vec!["tftp".to_owned(), way(errand, "-g", "-p")];
    if let Asked::Blocks(size) | Asked::Everything(size, _) = errand.manner.options {
        words.extend(["-b".to_owned(), size.to_string()]);
    }
    words.extend(["-r", errand.remote, "-l", errand.local].map(str::to_owned));
    words
}

/// By itself it asks for tsize, blksize 512 and a timeout.
fn curl(errand: &Errand<'_>) -> Vec<String> {
    let mut words = vec!["--silent".to_owned(), "--show-error".to_owned()];
    match errand.manner.options {
        Asked::Default => {}
        Asked::Nothing => words.push("--tftp-no-options".to_owned()),
        Asked::Blocks(size) | Asked::Everything(size, _) => {
            words.extend(["--tftp-blksize".to_owned(), size.to_string()]);
        }
    }
    if errand.manner.netascii {
        words.push("--use-ascii".to_owned());
    }
    words.extend([way(errand, "--output", "--upload-file"), errand.local.to_owned()]);
    words
}

fn way(errand: &Errand<'_>, get: &str, put: &str) -> String {
    match errand.direction {
        Direction::Get => get.to_owned(),
        Direction::Put => put.to_owned(),
    }
}
