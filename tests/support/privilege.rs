//! Tests that permissions must stop: root they do not stop.

use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::{env, fs};

/// Gives the second run of a test, which has no privileges, its directory.
const DIRECTORY: &str = "TFTPSH_TEST_UNPRIVILEGED";

/// `none`, nearly everywhere.
const NOBODY: u32 = 65534;

/// Runs `rule` in an empty directory of its own, as a user whom permissions stop. Root runs `test`, the calling test,
/// once more as an unprivileged user.
pub(crate) fn unprivileged(test: &str, rule: impl FnOnce(&Path)) {
    if let Some(directory) = env::var_os(DIRECTORY) {
        assert!(!nix::unistd::geteuid().is_root());
        return rule(Path::new(&directory));
    }
    let (directory, program) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    if !nix::unistd::geteuid().is_root() {
        return rule(directory.path());
    }
    chown(directory.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    // The build's own directory may be out of that user's reach. Another process makes the copy: a descriptor open for
    // writing here could leak into a child of another test and keep the copy from being run (ETXTBSY).
    fs::set_permissions(program.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let copy = program.path().join("test");
    assert!(Command::new("cp").arg(env::current_exe().unwrap()).arg(&copy).status().unwrap().success());
    let output = Command::new(copy)
        .args(["--exact", test, "--nocapture"])
        .env(DIRECTORY, directory.path())
        .current_dir(directory.path())
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "the name given is not that of the test: {said}");
}

/// Sets the permission bits of `path`.
pub(crate) fn allow(path: &Path, bits: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(bits)).unwrap();
}
