//! How a received file gets its place where the system helps less than usual, or ends the program halfway: strace(1)
//! makes single calls fail.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Output;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};
use support::{Process, Server, allow, can_trace, memory, names, serve, soon, under_strace};
use tempfile::{TempDir, tempdir};
use tftpsh::server::Policy;

const NEW: &[u8] = b"the new file";

/// A get of `f` into a directory of its own, over an old file or a new name.
struct Get {
    server: Server,
    directory: TempDir,
}

impl Get {
    fn new(old: Option<u32>) -> Self {
        let get = Self { server: serve(memory("f", NEW.to_vec()), Policy::default()), directory: tempdir().unwrap() };
        if let Some(bits) = old {
            fs::write(get.path(), "old").unwrap();
            allow(&get.path(), bits);
        }
        get
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("f")
    }

    fn names(&self) -> Vec<String> {
        names(self.directory.path())
    }

    fn bits(&self) -> u32 {
        fs::metadata(self.path()).unwrap().permissions().mode() & 0o7777
    }

    /// Runs the program with these failures, and returns the trace of its calls too.
    fn run(&self, injections: &[&str]) -> (Output, String) {
        let log = tempdir().unwrap();
        let log = log.path().join("log");
        let calls = "trace=openat,linkat,renameat,fchmod,fchown,fsetxattr";
        let mut options = vec!["-D", "-o", log.to_str().unwrap(), "-e", calls];
        let injections: Vec<_> = injections.iter().map(|injection| format!("inject={injection}")).collect();
        injections.iter().for_each(|injection| options.extend(["-e", injection]));
        let port = self.server.port().to_string();
        let output = under_strace(self.directory.path(), &options, &["127.0.0.1", &port, "get", "f"]).output().unwrap();
        (output, fs::read_to_string(log).unwrap())
    }

    /// Checks that the new file is in place, and nothing beside it.
    fn check(&self, output: &Output) {
        assert!(output.status.success(), "{output:?}");
        assert_eq!((fs::read(self.path()).unwrap(), self.names()), (NEW.to_vec(), vec!["f".to_owned()]));
    }
}

/// Returns the position of the first call that `is` describes among those of the same name, counted from 1.
fn position(calls: &str, name: &str, is: &str) -> usize {
    let mut same = calls.lines().filter(|line| line.contains(&format!("{name}(")));
    1 + same.position(|line| line.contains(is)).expect(calls)
}

#[test]
fn a_file_system_without_unnamed_files_gets_a_hidden_name() {
    if !can_trace() {
        return;
    }
    for old in [None, Some(0o600), Some(0o644)] {
        let get = Get::new(old);
        let (_, calls) = get.run(&[]);
        let when = position(&calls, "openat", "O_TMPFILE");
        for errno in ["EOPNOTSUPP", "EISDIR", "EINVAL"] {
            let get = Get::new(old);
            let (output, calls) = get.run(&[&format!("openat:error={errno}:when={when}")]);
            get.check(&output);
            assert!(calls.contains(".part"), "{calls}");
            assert!(old.is_none_or(|old| old == get.bits()), "{:o}", get.bits());
        }
    }
}

#[test]
fn a_file_that_cannot_be_linked_is_copied() {
    if !can_trace() {
        return;
    }
    // Without /proc, with a security module that forbids it, and where no file can be linked.
    for (old, injection) in [
        (None, "linkat:error=ENOENT:when=1"),
        (None, "linkat:error=EACCES:when=1"),
        (None, "linkat:error=EPERM"),
        (Some(0o600), "linkat:error=ENOENT"),
        (Some(0o640), "linkat:error=EPERM"),
    ] {
        let get = Get::new(old);
        let (output, calls) = get.run(&[injection]);
        get.check(&output);
        assert!(calls.contains(".part"), "{injection}: {calls}");
        assert!(old.is_none_or(|old| old == get.bits()), "{injection}: {:o}", get.bits());
    }
}

#[test]
fn a_kill_between_link_and_rename_leaves_the_old_file_and_a_whole_hidden_one() {
    if !can_trace() {
        return;
    }
    let get = Get::new(Some(0o644));
    let port = get.server.port().to_string();
    let (log, delay) = (["-D", "-o", "/dev/null"], ["-e", "trace=renameat", "-e", "inject=renameat:delay_enter=60s"]);
    let options = [&log[..], &delay].concat();
    let mut command = under_strace(get.directory.path(), &options, &["127.0.0.1", &port, "get", "f"]);
    let mut process = Process::spawn(&mut command);
    assert!(soon(Duration::from_secs(20), || get.names().len() == 2), "a hidden file");
    // A tracer that is busy keeps a process from ending.
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:")).unwrap().trim().parse().unwrap();
    process.signal(Signal::SIGKILL);
    kill(Pid::from_raw(tracer), Signal::SIGKILL).unwrap();
    assert_eq!(process.wait().signal(), Some(Signal::SIGKILL as i32));
    assert_eq!(fs::read(get.path()).unwrap(), b"old");
    let found = get.names();
    assert!(found.len() == 2 && found[0].starts_with(".f.") && found[0].ends_with(".part"), "{found:?}");
    assert_eq!(fs::read(get.directory.path().join(&found[0])).unwrap(), NEW);
}

#[test]
fn a_private_file_is_private_before_it_has_any_name() {
    if !can_trace() {
        return;
    }
    let get = Get::new(Some(0o600));
    let (output, calls) = get.run(&[]);
    get.check(&output);
    let [narrowed, named] = ["0600)", ".part\", AT_SYMLINK_FOLLOW) = 0"]
        .map(|what| calls.lines().position(|line| line.contains(what)).expect(&calls));
    assert!(narrowed < named, "{calls}");
}

#[test]
fn bits_that_would_give_more_are_dropped_with_the_group_or_the_access_control_list() {
    if !can_trace() || !geteuid().is_root() {
        return;
    }
    // Everybody had what the group and the others had; members of another group get no more.
    for (old, left) in [(0o664, 0o644), (0o640, 0o600), (0o604, 0o600), (0o755, 0o755)] {
        let get = Get::new(Some(old));
        chown(get.path(), None, Some(65533)).unwrap();
        let (output, _) = get.run(&["fchown:error=EPERM"]);
        get.check(&output);
        assert_eq!((get.bits(), fs::metadata(get.path()).unwrap().gid()), (left, 0), "{old:o}");
    }
    // The owner alone was lost: the classes stay what they were.
    let get = Get::new(Some(0o640));
    chown(get.path(), Some(65534), Some(65533)).unwrap();
    let (output, _) = get.run(&["fchown:error=EPERM:when=1"]);
    get.check(&output);
    assert_eq!((get.bits(), fs::metadata(get.path()).unwrap().gid()), (0o640, 65533));
    // The owner, user 12345, the group, the mask and the others.
    let acl = [(1, 6, u32::MAX), (2, 6, 12345), (4, 4, u32::MAX), (0x10, 6, u32::MAX), (0x20, 4, u32::MAX)];
    let acl = acl.map(|(tag, permissions, id)| [&[tag, 0, permissions, 0], &id.to_le_bytes()[..]].concat()).concat();
    let acl = [&[2, 0, 0, 0], &acl[..]].concat();
    for injection in ["fsetxattr:error=EOPNOTSUPP", "fchown:error=EPERM"] {
        let get = Get::new(Some(0o644));
        chown(get.path(), None, Some(65533)).unwrap();
        if xattr::set(get.path(), "system.posix_acl_access", &acl).is_err() {
            return;
        }
        assert_eq!(get.bits(), 0o664);
        let (output, _) = get.run(&[injection]);
        get.check(&output);
        assert_eq!(get.bits(), 0o600, "{injection}");
    }
}

#[test]
fn a_full_disk_loses_no_attribute_silently() {
    if !can_trace() {
        return;
    }
    let get = Get::new(Some(0o644));
    if xattr::set(get.path(), "user.origin", b"lab").is_err() {
        return;
    }
    let (output, _) = get.run(&["fsetxattr:error=ENOSPC"]);
    assert!(
        !output.status.success() && String::from_utf8_lossy(&output.stderr).contains("No space left"),
        "{output:?}"
    );
    assert_eq!((fs::read(get.path()).unwrap(), get.names()), (b"old".to_vec(), vec!["f".to_owned()]));
}
