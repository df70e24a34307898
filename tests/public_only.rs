//! A server that no permission stops, and what it serves all the same: only what all users may read.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;

use support::{House, allow, names};
use tftpsh::files::WriteMode;

fn public() -> House {
    let house = House::serving(|root| root.public_only(true));
    for (name, content) in [("private/open", "open"), ("private/sub/deep", "deep"), ("closed", "closed")] {
        fs::create_dir_all(house.inside(name).parent().unwrap()).unwrap();
        fs::write(house.inside(name), content).unwrap();
    }
    allow(&house.inside("private"), 0o750);
    allow(&house.inside("closed"), 0o640);
    open_to_all(&house);
    house
}

/// Whatever the umask is.
fn open_to_all(house: &House) {
    for (name, bits) in [("", 0o755), ("file", 0o644), ("sub", 0o755), ("sub/deep", 0o644)] {
        allow(&house.inside(name), bits);
    }
}

#[test]
fn a_file_that_others_may_read_is_served() {
    let house = public();
    // The administrator chose the directory itself.
    allow(&house.inside(""), 0o700);
    symlink("sub/deep", house.inside("link")).unwrap();
    symlink("sub", house.inside("folder")).unwrap();
    symlink("..", house.inside("sub/up")).unwrap();
    for name in ["file", "sub/deep", "link", "folder/deep", "sub/../folder/deep", "sub/up/sub/deep"] {
        assert!(house.read(name.as_bytes()).is_ok(), "{name}: {:?}", house.read(name.as_bytes()));
    }
    assert_eq!(house.refusal(b"../outside/secret"), (2, 2));
    assert_eq!(house.refusal(b"sub/none/file"), (1, 1));
}

#[test]
fn a_private_file_is_neither_sent_nor_replaced() {
    let house = public();
    symlink("closed", house.inside("link")).unwrap();
    for name in ["closed", "link"] {
        assert_eq!(house.refusal(name.as_bytes()), (2, 2), "{name}");
        assert_eq!(house.read(name.as_bytes()).unwrap_err().message, "not readable by all users of the server");
    }
    assert_eq!(fs::read(house.inside("closed")).unwrap(), b"closed");
    allow(&house.inside("closed"), 0o604);
    assert_eq!(house.read(b"closed").as_deref(), Ok(&b"closed"[..]));
}

#[test]
fn nothing_is_told_about_a_private_directory() {
    let house = public();
    symlink("private/sub", house.inside("folder")).unwrap();
    symlink("private/open", house.inside("link")).unwrap();
    for name in
        ["private/open", "private/none", "private/sub/deep", "private/none/none", "folder/deep", "folder/none", "link"]
    {
        assert_eq!(house.refusal(name.as_bytes()), (2, 2), "{name}");
        let message = house.read(name.as_bytes()).unwrap_err().message;
        assert_eq!(message, "in a directory that is not open to all users of the server", "{name}");
    }
    assert_eq!(names(&house.inside("private")), ["open", "sub"]);
    assert_eq!(names(&house.inside("private/sub")), ["deep"]);
}

#[test]
fn uploads_go_into_public_directories_and_replace_public_files() {
    let house = public();
    house.write(b"sub/new", WriteMode::CreateNew).unwrap();
    allow(&house.inside("sub/new"), 0o644);
    house.write(b"sub/new", WriteMode::Replace).unwrap();
    assert_eq!(names(&house.inside("sub")), ["deep", "new"]);
}

#[test]
fn letter_case_is_not_a_way_to_list_what_is_private() {
    let house = House::serving(|root| root.public_only(true).windows_names(true));
    open_to_all(&house);
    for (directory, bits) in [("private", 0o750), ("unlisted", 0o751), ("listed", 0o755)] {
        fs::create_dir(house.inside(directory)).unwrap();
        fs::write(house.inside(directory).join("name"), "content").unwrap();
        allow(&house.inside(directory).join("name"), 0o644);
        allow(&house.inside(directory), bits);
    }
    assert_eq!(house.read(b"LISTED\\NAME").as_deref(), Ok(&b"content"[..]));
    assert_eq!(house.read(b"UNLISTED\\name").as_deref(), Ok(&b"content"[..]));
    assert_eq!(house.read(b"UNLISTED\\NAME").unwrap_err().code.0, 1);
    for name in [&b"PRIVATE\\NAME"[..], b"PRIVATE\\name", b"private\\none", b"PRIVATE\\none"] {
        assert_eq!(house.refusal(name), (2, 2), "{}", String::from_utf8_lossy(name));
    }
}
