//! The guarantees of a served directory: nothing outside is reachable, nothing blocks, no unfinished file is visible.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod support;

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::{Barrier, mpsc};
use std::thread;
use std::time::Duration;

use nix::sys::stat::Mode as Bits;
use nix::unistd::mkfifo;
use support::{House, allow, names, unprivileged};
use tftpsh::files::{Denied, DirStore, Store, WriteFile, WriteMode};
use tftpsh::wire::{ErrorCode, Mode};

#[test]
fn files_are_read_by_every_honest_name() {
    let house = House::new();
    symlink("sub/deep", house.inside("link")).unwrap();
    symlink("sub", house.inside("folder")).unwrap();
    fs::write(house.inside("back\\slash"), "one name").unwrap();
    for (name, content) in [
        (&b"file"[..], &b"file"[..]),
        (b"/file", b"file"),
        (b"//sub//deep", b"deep"),
        (b"sub/../file", b"file"),
        (b"./sub/./deep", b"deep"),
        (b"link", b"deep"),
        (b"folder/deep", b"deep"),
        (b"back\\slash", b"one name"),
    ] {
        assert_eq!(house.read(name).as_deref(), Ok(content), "{}", String::from_utf8_lossy(name));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn names_are_bytes() {
    let house = House::new();
    house.write(b"\xff\xfe\x01", WriteMode::CreateNew).unwrap();
    assert_eq!(house.read(b"\xff\xfe\x01").as_deref(), Ok(&b"new"[..]));
    assert!(house.inside("").join(OsStr::from_bytes(b"\xff\xfe\x01")).exists());
}

#[test]
fn no_name_leads_out() {
    let house = House::new();
    let outside = house.directory.path().join("outside");
    symlink(outside.join("secret"), house.inside("absolute")).unwrap();
    symlink("../outside/secret", house.inside("relative")).unwrap();
    symlink("../outside", house.inside("folder")).unwrap();
    symlink("relative", house.inside("chain")).unwrap();
    symlink("..", house.inside("sub/up")).unwrap();
    symlink("../../outside/secret", house.inside("sub/deeper")).unwrap();
    symlink("../outside/new", house.inside("dangling")).unwrap();
    symlink("/etc", house.inside("etc")).unwrap();
    symlink("/proc/self/cwd", house.inside("magic")).unwrap();
    for name in [
        "../outside/secret",
        "/../outside/secret",
        "sub/../../outside/secret",
        "missing/../../outside/secret",
        "absolute",
        "relative",
        "folder/secret",
        "folder/new",
        "chain",
        "sub/deeper",
        "sub/up/../outside/secret",
        "dangling",
        "etc/passwd",
        "magic/x",
        "../new",
        "sub/../../new",
        "..",
        "../root",
        "../root/file",
        "../root/..",
    ] {
        let (read, write) = house.refusal(name.as_bytes());
        assert!([1, 2].contains(&read) && [1, 2].contains(&write), "{name}: {read}, {write}");
    }
    assert_eq!(names(&outside), ["secret"]);
    assert_eq!(fs::read(outside.join("secret")).unwrap(), b"secret");
    assert_eq!(names(house.directory.path()), ["outside", "root"]);
    // The sub-directory's link to the root itself leads nowhere it should not.
    assert_eq!(house.read(b"sub/up/file").as_deref(), Ok(&b"file"[..]));
}

#[test]
fn what_is_not_a_regular_file_is_refused_and_blocks_nobody() {
    let (done, wait) = mpsc::channel();
    thread::spawn(move || {
        let house = House::new();
        mkfifo(&house.inside("fifo"), Bits::S_IRUSR | Bits::S_IWUSR).unwrap();
        symlink("fifo", house.inside("link")).unwrap();
        let _socket = UnixListener::bind(house.inside("socket")).unwrap();
        let refusals = ["fifo", "link", "socket", "sub", "sub/", "sub/.", ".", "/"].map(|name| {
            let (read, write) = house.refusal(name.as_bytes());
            (name, read, write)
        });
        done.send(refusals).unwrap();
    });
    for (name, read, write) in wait.recv_timeout(Duration::from_secs(20)).expect("an answer, not a wait") {
        assert_eq!((read, write), (2, 2), "{name}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let house = House::new();
    let message = |outcome: Result<(), Denied>| outcome.map_err(|denied| (denied.code.0, denied.message));
    let read = |name| message(house.read(name).map(drop));
    assert_eq!(read(b"missing"), Err((1, "File not found".into())));
    assert_eq!(read(b"missing/file"), Err((1, "File not found".into())));
    assert_eq!(read(b"file/below"), Err((1, "File not found".into())));
    assert_eq!(read(b"sub"), Err((2, "Is a directory".into())));
    assert_eq!(read(b""), Err((2, "Access violation".into())));
    assert_eq!(read(b"a\0b"), Err((2, "Access violation".into())));
    assert_eq!(message(house.write(b"missing/file", WriteMode::CreateNew)), Err((1, "Directory not found".into())));
    assert_eq!(message(house.write(&[b'n'; 300], WriteMode::CreateNew)), Err((2, "File name too long".into())));
    assert_eq!(message(house.write(b"file", WriteMode::CreateNew)), Err((6, "File already exists".into())));
}

#[test]
fn an_upload_is_seen_when_it_is_whole() {
    let house = House::new();
    for (name, write_mode) in [(&b"/sub/new"[..], WriteMode::CreateNew), (b"file", WriteMode::CreateOrReplace)] {
        let before = house.read(name);
        let mut target = house.root.create(name, Mode::Octet, write_mode).unwrap();
        target.deliver(b"whole").unwrap();
        assert_eq!(house.read(name), before);
        if cfg!(target_os = "linux") {
            assert!(names(&house.inside("sub")).iter().all(|name| !name.starts_with('.')), "not even a hidden name");
        }
        target.commit().unwrap();
        assert_eq!(house.read(name).as_deref(), Ok(&b"whole"[..]));
    }
    drop(house.root.create(b"dropped", Mode::Octet, WriteMode::CreateNew).unwrap());
    assert_eq!(house.count(), 2, "only file and sub");
}

#[test]
fn overwriting_keeps_the_link_and_the_permissions() {
    let house = House::new();
    symlink("sub/deep", house.inside("link")).unwrap();
    allow(&house.inside("sub/deep"), 0o640);
    house.write(b"link", WriteMode::CreateOrReplace).unwrap();
    assert!(house.inside("link").is_symlink());
    assert_eq!(fs::read(house.inside("sub/deep")).unwrap(), b"new");
    assert_eq!(fs::metadata(house.inside("sub/deep")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn a_dead_link_answers_like_a_missing_name() {
    let house = House::new();
    for (link, target) in [("dead", "nowhere"), ("deep", "sub/nowhere"), ("below", "file/x"), ("loop", "loop")] {
        symlink(target, house.inside(link)).unwrap();
        assert_eq!(house.refusal(link.as_bytes()), (1, 1), "{link}");
        for write_mode in [WriteMode::CreateNew, WriteMode::Replace] {
            assert_eq!(house.write(link.as_bytes(), write_mode).unwrap_err().code, ErrorCode::NOT_FOUND, "{link}");
        }
        assert_eq!(house.refusal(format!("{link}/file").as_bytes()), (1, 1), "a directory {link}");
        assert!(house.inside(link).is_symlink());
    }
    assert_eq!((house.count(), names(&house.inside("sub"))), (6, vec!["deep".to_owned()]), "no file was made");
}

#[test]
fn without_overwriting_a_link_counts_as_its_file() {
    let house = House::new();
    symlink("sub/deep", house.inside("link")).unwrap();
    assert_eq!(house.write(b"link", WriteMode::CreateNew).unwrap_err().code, ErrorCode::EXISTS);
    assert_eq!(house.read(b"link").as_deref(), Ok(&b"deep"[..]));
}

#[test]
fn of_many_uploads_of_one_name_exactly_one_wins() {
    const UPLOADS: u8 = 8;
    let house = House::new();
    for round in 0..20 {
        let name = format!("contested{round}");
        let barrier = Barrier::new(UPLOADS.into());
        let outcomes: Vec<_> = thread::scope(|scope| {
            let uploads: Vec<_> = (0..UPLOADS)
                .map(|uploader| {
                    let mut target = house.root.create(name.as_bytes(), Mode::Octet, WriteMode::CreateNew).unwrap();
                    let barrier = &barrier;
                    scope.spawn(move || {
                        target.deliver(&[uploader; 50]).unwrap();
                        barrier.wait();
                        target.commit().map(|()| uploader).map_err(|error| error.kind())
                    })
                })
                .collect();
            uploads.into_iter().map(|upload| upload.join().unwrap()).collect()
        });
        let winners: Vec<u8> = outcomes.iter().filter_map(|outcome| outcome.ok()).collect();
        assert_eq!(winners.len(), 1, "{outcomes:?}");
        assert!(outcomes.iter().all(|outcome| outcome.is_ok() || *outcome == Err(ErrorKind::AlreadyExists)));
        assert_eq!(house.read(name.as_bytes()).unwrap(), [winners[0]; 50]);
    }
    assert_eq!(house.count(), 2 + 20, "no temporary file stays");
}

#[test]
fn temporary_files_are_out_of_reach() {
    let house = House::new();
    fs::write(house.inside(".left.1-1.part"), "whole").unwrap();
    symlink(".left.1-1.part", house.inside("link")).unwrap();
    for name in [".left.1-1.part", "sub/../.left.1-1.part", "link", ".new.1-1.part"] {
        assert_eq!(house.refusal(name.as_bytes()), (2, 2), "{name}");
    }
    assert_eq!(fs::read(house.inside(".left.1-1.part")).unwrap(), b"whole");
}

#[test]
fn the_opened_directory_is_served() {
    let house = House::new();
    fs::rename(house.inside(""), house.directory.path().join("moved")).unwrap();
    symlink("outside", house.directory.path().join("root")).unwrap();
    assert_eq!(house.read(b"file").as_deref(), Ok(&b"file"[..]));
    assert_eq!(house.read(b"secret").unwrap_err().code, ErrorCode::NOT_FOUND);
    assert!(DirStore::open(Path::new("/dev/null")).is_err());
}

#[test]
fn permissions_of_the_system_count() {
    unprivileged("permissions_of_the_system_count", |directory| {
        let file = directory.join("file");
        fs::write(&file, "old").unwrap();
        let root = DirStore::open(directory).unwrap();
        let read = || root.read(b"file", Mode::Octet).map(drop).map_err(|denied| denied.code);
        let write =
            || root.create(b"file", Mode::Octet, WriteMode::CreateOrReplace).map(drop).map_err(|denied| denied.code);
        assert_eq!((read(), write()), (Ok(()), Ok(())));
        allow(&file, 0o000);
        assert_eq!((read(), write()), (Err(ErrorCode::ACCESS), Err(ErrorCode::ACCESS)));
        allow(&file, 0o644);
        allow(directory, 0o555);
        assert_eq!((read(), write()), (Ok(()), Err(ErrorCode::ACCESS)));
        allow(directory, 0o755);
    });
}
