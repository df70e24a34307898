//! Which of the other TFTP programs are on this machine.

use std::env;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// A program by another author.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    /// What it is called where it is talked of.
    pub(crate) name: &'static str,
    program: &'static str,
    proof: Option<Proof>,
    needs_root: bool,
}

/// Several programs share the name `tftp`, and a program may be built without the part that is wanted: what to run, and
/// a word that its answer must hold.
#[derive(Debug, Clone, Copy)]
struct Proof {
    argument: &'static str,
    word: &'static str,
}

impl Peer {
    pub(crate) const TFTP_HPA: Self =
        Self { proof: Some(Proof { argument: "-V", word: "tftp-hpa" }), ..Self::new("tftp-hpa", "tftp") };
    pub(crate) const ATFTP: Self = Self::new("atftp", "atftp");
    pub(crate) const CURL: Self =
        Self { proof: Some(Proof { argument: "-V", word: " tftp" }), ..Self::new("curl", "curl") };
    pub(crate) const BUSYBOX: Self =
        Self { proof: Some(Proof { argument: "--list", word: "tftp\n" }), ..Self::new("busybox tftp", "busybox") };
    pub(crate) const IN_TFTPD: Self = Self { needs_root: true, ..Self::new("in.tftpd", "in.tftpd") };
    pub(crate) const ATFTPD: Self = Self { needs_root: true, ..Self::new("atftpd", "atftpd") };
    pub(crate) const DNSMASQ: Self = Self { needs_root: true, ..Self::new("dnsmasq", "dnsmasq") };

    const fn new(name: &'static str, program: &'static str) -> Self {
        Self { name, program, proof: None, needs_root: false }
    }

    /// Where it is; where it is not, or cannot be used, the running test is skipped with a printed reason. With
    /// `CI=true` it fails instead, lest a machine without peers passes for one where everything was tried.
    pub(crate) fn find(self) -> Option<PathBuf> {
        let reason = match self.look() {
            Some(_) if self.needs_root && !nix::unistd::geteuid().is_root() => "must be started by root",
            Some(path) => return Some(path),
            None => "is not installed",
        };
        let thread = thread::current();
        let test = thread.name().unwrap_or("a test");
        assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{} {reason}, and CI skips nothing", self.name);
        // Not by `eprintln`: the test harness keeps what that prints of a test that passes.
        let _ = writeln!(io::stderr(), "skipped: {} {reason} ({test})", self.name);
        None
    }

    fn look(self) -> Option<PathBuf> {
        let path = env::var_os("PATH").unwrap_or_default();
        // Servers live where the PATH of an ordinary user may not lead.
        let folders = env::split_paths(&path).chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from));
        folders.map(|folder| folder.join(self.program)).find(|file| file.is_file() && self.proven(file))
    }

    fn proven(self, file: &Path) -> bool {
        let Some(proof) = self.proof else { return true };
        let Ok(output) = Command::new(file).arg(proof.argument).stdin(Stdio::null()).output() else { return false };
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).contains(proof.word)
    }
}
