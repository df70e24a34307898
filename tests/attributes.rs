//! What a new file keeps of the one that it replaces: owner, permission bits, ACL and extended attributes. Nobody gets
//! more than the old file gave.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a helper that cannot go on fails its test")]

mod support;

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::geteuid;
use support::{allow, limited, memory, names, serve};
use tempfile::{TempDir, tempdir};
use tftpsh::files::{Target, WriteFile};
use tftpsh::server::Policy;
use tftpsh::wire::Mode;

const ACL: &str = "system.posix_acl_access";
const DEFAULT_ACL: &str = "system.posix_acl_default";

/// An ACL as Linux stores it (`posix_acl_xattr.h`): version 2, then a tag, permissions and an id for each entry. The
/// owner, user 12345, the group, the mask and the others have these permissions.
fn acl([owner, user, group, mask, other]: [u8; 5]) -> Vec<u8> {
    let undefined_id = [0xff; 4];
    let entries = [
        (1, owner, undefined_id),
        (2, user, 12345u32.to_le_bytes()),
        (4, group, undefined_id),
        (0x10, mask, undefined_id),
        (0x20, other, undefined_id),
    ];
    let entries = entries.map(|(tag, permissions, id)| [&[tag, 0, permissions, 0], &id[..]].concat());
    [&[2, 0, 0, 0], &entries.concat()[..]].concat()
}

/// A directory with an old file `f`.
fn directory(bits: u32) -> (TempDir, PathBuf) {
    let directory = tempdir().unwrap();
    let path = directory.path().join("f");
    fs::write(&path, "old").unwrap();
    allow(&path, bits);
    (directory, path)
}

/// Sets an attribute; false, with a message, where the file system has none of this kind.
fn set(path: &Path, name: &str, value: &[u8]) -> bool {
    match xattr::set(path, name, value) {
        Err(error) if error.raw_os_error() == Some(Errno::EOPNOTSUPP as i32) => {
            println!("skipped: {} has no {name}", path.display());
            false
        }
        result => result.map(|()| true).unwrap(),
    }
}

fn get(path: &Path, name: &str) -> Option<Vec<u8>> {
    xattr::get(path, name).unwrap()
}

fn replace(path: &Path) -> io::Result<()> {
    let mut target = Target::create(path, Mode::Octet)?;
    target.deliver(b"new")?;
    target.commit()
}

fn bits(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn extended_attributes_stay() {
    let (_directory, path) = directory(0o644);
    let large = vec![7; 3000];
    if !set(&path, "user.origin", b"lab") || !set(&path, "user.large", &large) || !set(&path, "user.empty", b"") {
        return;
    }
    replace(&path).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(get(&path, "user.origin").as_deref(), Some(&b"lab"[..]));
    assert_eq!(get(&path, "user.large"), Some(large));
    assert_eq!(get(&path, "user.empty"), Some(Vec::new()));
}

#[test]
fn an_access_control_list_stays() {
    // The group has fewer permissions than the mask, which the permission bits show.
    let list = acl([6, 6, 4, 6, 0]);
    let (_directory, path) = directory(0o640);
    if set(&path, ACL, &list) {
        assert_eq!(bits(&path), 0o660);
        replace(&path).unwrap();
        assert_eq!((get(&path, ACL), bits(&path)), (Some(list), 0o660));
    }
}

#[test]
fn a_file_without_an_access_control_list_does_not_get_that_of_its_directory() {
    let (directory, path) = directory(0o664);
    if set(directory.path(), DEFAULT_ACL, &acl([6, 6, 6, 6, 4])) {
        replace(&path).unwrap();
        assert_eq!((get(&path, ACL), bits(&path)), (None, 0o664));
        let new = directory.path().join("new");
        replace(&new).unwrap();
        assert!(get(&new, ACL).is_some(), "a new file gets it");
    }
}

#[test]
fn what_depends_on_the_old_content_goes_with_it() {
    if !geteuid().is_root() {
        println!("skipped: only root gives capabilities");
        return;
    }
    let (_directory, path) = directory(0o755);
    // cap_net_raw, in the form of capabilities(7), version 2.
    let capability = [0x01, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    if set(&path, "security.capability", &capability) {
        replace(&path).unwrap();
        assert_eq!(get(&path, "security.capability"), None);
    }
}

#[test]
fn the_owner_and_the_group_stay_where_the_system_permits() {
    if !geteuid().is_root() {
        println!("skipped: only root gives files away");
        return;
    }
    let list = acl([6, 6, 4, 6, 0]);
    let (_directory, path) = directory(0o640);
    let with_acl = set(&path, ACL, &list);
    chown(&path, Some(65534), Some(65533)).unwrap();
    replace(&path).unwrap();
    let found = fs::metadata(&path).unwrap();
    assert_eq!((found.uid(), found.gid()), (65534, 65533));
    assert!(!with_acl || get(&path, ACL) == Some(list));
}

/// Linux before 6.0 ignored the umask for files without a name, on file systems without ACLs.
#[test]
fn a_new_file_obeys_the_umask() {
    let server = serve(memory("f", b"new".to_vec()), Policy::default());
    for (umask, bits_left) in [("0", 0o666), ("022", 0o644), ("027", 0o640), ("077", 0o600)] {
        let directory = tempdir().unwrap();
        let get = format!("127.0.0.1 {} get f", server.port());
        let output = limited(&format!("umask {umask}"), directory.path(), &get).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(bits(&directory.path().join("f")), bits_left, "{umask}");
        assert_eq!(names(directory.path()), ["f"]);
    }
}
