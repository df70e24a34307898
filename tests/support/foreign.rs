//! Programs by other authors. What a program is called says little: `tftp` is the name of several, and a distribution may
//! link one name to another program. What it prints about itself says which it is.

use std::env;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::wait::soon;

/// The longest a program may take to say what it is.
const PATIENCE: Duration = Duration::from_secs(20);

/// A program by another author.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Foreign {
    /// What it is called where it is talked of.
    pub(crate) name: &'static str,
    /// What its file is called.
    pub(crate) program: &'static str,
    /// The argument with which it says what it is.
    pub(crate) asked: &'static str,
    /// What it says then, in the words that no other program of this file name says.
    pub(crate) says: &'static str,
    pub(crate) needs_root: bool,
}

impl Foreign {
    /// Where it is; where it is not, or cannot be used, the running test is skipped.
    pub(crate) fn find(self) -> Option<PathBuf> {
        let path = env::var_os("PATH").unwrap_or_default();
        // Servers live where the PATH of an ordinary user may not lead.
        let directories = env::split_paths(&path).chain(["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from));
        let reason = match self.find_in(directories) {
            Some(_) if self.needs_root && !nix::unistd::geteuid().is_root() => "must be started by root",
            Some(file) => return Some(file),
            None => "is not installed",
        };
        skip(&format!("{} {reason}", self.name));
        None
    }

    /// Where it is in these directories.
    pub(crate) fn find_in(self, directories: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
        let files = directories.into_iter().map(|directory| directory.join(self.program));
        files.filter(|file| file.is_file()).find(|file| self.is(file))
    }

    /// Whether a file is this program.
    fn is(self, file: &Path) -> bool {
        // In a file, so that no full pipe stops it.
        let mut said = tempfile::tempfile().expect("a temporary file");
        let [out, err] = [(); 2].map(|()| said.try_clone().expect("another handle"));
        let mut command = Command::new(file);
        command.arg(self.asked).stdin(Stdio::null()).stdout(out).stderr(err);
        let Ok(mut child) = command.spawn() else { return false };
        // One that does not know the question may begin to serve.
        if !soon(PATIENCE, || child.try_wait().is_ok_and(|ended| ended.is_some())) {
            let _ = child.kill();
            let _ = child.wait();
        }
        let mut bytes = Vec::new();
        said.rewind().and_then(|()| said.read_to_end(&mut bytes)).expect("a readable file");
        String::from_utf8_lossy(&bytes).contains(self.says)
    }
}

/// Says why the running test does less than it would. With `CI=true` the test fails instead, lest a machine without
/// other programs passes for one where everything was tried.
pub(crate) fn skip(reason: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "{reason}, and CI skips nothing");
    // Not by `eprintln`: the test harness keeps what that prints of a test that passes.
    let _ = writeln!(io::stderr(), "skipped: {reason} ({test})");
}
