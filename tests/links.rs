//! Links as local files: which are followed, and what becomes of them and of their files.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod support;

use std::fs::{self, File};
use std::os::unix::fs::{chown, lchown, symlink};
use std::path::Path;
use std::process::Command;

use support::{allow, create, receive};
use tempfile::tempdir;
use tftpsh::files::{ReadFile, Source};
use tftpsh::wire::Mode;

#[test]
fn a_hard_link_keeps_the_old_file() {
    let directory = tempdir().unwrap();
    let [path, link] = ["f", "link"].map(|name| directory.path().join(name));
    fs::write(&path, "old").unwrap();
    fs::hard_link(&path, &link).unwrap();
    receive(&path, b"new").unwrap();
    assert_eq!((fs::read(&path).unwrap(), fs::read(&link).unwrap()), (b"new".to_vec(), b"old".to_vec()));
}

#[test]
fn a_link_survives_and_its_file_is_replaced() {
    let directory = tempdir().unwrap();
    let [sub, link, chain] = ["sub", "link", "chain"].map(|name| directory.path().join(name));
    fs::create_dir(&sub).unwrap();
    fs::write(sub.join("real"), "old").unwrap();
    symlink("sub/real", &link).unwrap();
    symlink(&link, &chain).unwrap();
    receive(&chain, b"new").unwrap();
    assert_eq!(fs::read(sub.join("real")).unwrap(), b"new");
    assert!(link.is_symlink() && chain.is_symlink() && !sub.join("real").is_symlink());
}

#[test]
fn a_dangling_link_leads_to_a_new_file_and_a_loop_to_an_error() {
    let directory = tempdir().unwrap();
    let [link, around] = ["link", "around"].map(|name| directory.path().join(name));
    symlink("real", &link).unwrap();
    symlink("around", &around).unwrap();
    receive(&link, b"new").unwrap();
    assert_eq!(fs::read(directory.path().join("real")).unwrap(), b"new");
    assert!(link.is_symlink());
    assert!(create(&around).is_err());
}

/// As `fs.protected_symlinks` of Linux, but wherever that is off too.
#[test]
fn a_link_of_another_user_in_a_sticky_directory_is_not_followed() {
    const OTHER: Option<u32> = Some(65534);
    if !nix::unistd::geteuid().is_root() {
        return support::skip("only root makes links for others");
    }
    let (directory, outside) = (tempdir().unwrap(), tempdir().unwrap());
    let [link, chain] = ["link", "chain"].map(|name| directory.path().join(name));
    let file = outside.path().join("file");
    fs::write(&file, "old").unwrap();
    symlink(&file, &link).unwrap();
    symlink("link", &chain).unwrap();
    let open = |path: &Path| [create(path).map(drop), Source::open(path, Mode::Octet).map(drop)];
    for (bits, link_owner, directory_owner, follows) in [
        (0o1777, OTHER, Some(0), false),
        (0o1777, OTHER, OTHER, true),
        (0o1777, Some(0), OTHER, true),
        (0o1755, OTHER, Some(0), true),
        (0o777, OTHER, Some(0), true),
    ] {
        lchown(&link, link_owner, None).unwrap();
        chown(directory.path(), directory_owner, None).unwrap();
        allow(directory.path(), bits);
        for opened in [&link, &chain].into_iter().flat_map(|path| open(path)) {
            match opened {
                Ok(()) => assert!(follows, "{bits:o}"),
                Err(refused) => {
                    assert!(
                        !follows && refused.to_string().starts_with("a symbolic link of another user"),
                        "{refused}"
                    );
                }
            }
        }
    }
    assert_eq!(fs::read(&file).unwrap(), b"old");
}

/// The links of `/proc` lead to files that no path may lead to any more.
#[cfg(target_os = "linux")]
#[test]
fn a_link_of_proc_is_followed_by_the_system() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("f");
    fs::write(&path, "content").unwrap();
    let mut other = Command::new("sleep").arg("60").stdin(File::open(&path).unwrap()).spawn().unwrap();
    fs::remove_file(&path).unwrap();
    let mut space = [0; 100];
    for name in [format!("/proc/{}/fd/0", other.id()), "/proc/self/exe".into(), "/proc/mounts".into()] {
        let filled = Source::open(Path::new(&name), Mode::Octet).and_then(|mut file| file.fill(&mut space));
        assert!(filled.as_ref().is_ok_and(|filled| *filled > 0), "{name}: {filled:?}");
        assert!(!name.ends_with("fd/0") || space.starts_with(b"content"), "the input of the other process");
    }
    other.kill().and_then(|()| other.wait()).unwrap();
}
