//! What a local file may rely on: whole or untouched, its place, its permissions.

#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod support;

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::{env, thread};

use nix::sys::stat::Mode as Bits;
use nix::unistd::mkfifo;
use support::{allow, create, names, receive, unprivileged};
use tempfile::tempdir;
use tftpsh::files::{Digest, ReadFile, Source, Target, WriteFile};
use tftpsh::wire::Mode;

fn bits(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_failed_get_leaves_the_old_file_untouched_and_nothing_else() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("f");
    fs::write(&path, "old").unwrap();
    let mut target = create(&path).unwrap();
    target.deliver(&[7; 100_000]).unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"old");
    drop(target);
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(directory.path()), ["f"]);
}

#[test]
fn a_file_is_there_only_when_it_is_whole() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("fw.bin");
    let mut target = create(&path).unwrap();
    target.deliver(b"new").unwrap();
    if cfg!(target_os = "linux") {
        assert_eq!(names(directory.path()), [""; 0], "not even a hidden name");
    }
    assert!(!path.exists());
    target.commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(names(directory.path()), ["fw.bin"]);
}

#[test]
fn a_commit_that_fails_is_reported_and_leaves_the_old_file() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("f");
    fs::write(&path, "old").unwrap();
    let mut target = create(&path).unwrap();
    fs::rename(&path, directory.path().join("old")).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(target.commit().unwrap_err().kind(), ErrorKind::IsADirectory);
    assert!(target.commit().is_err() && target.deliver(b"x").is_err(), "a second commit fails too");
    assert_eq!(names(directory.path()), ["f", "old"]);
}

#[test]
fn a_file_that_came_meanwhile_is_replaced_as_if_it_had_been_there() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("f");
    let mut target = create(&path).unwrap();
    target.deliver(b"new").unwrap();
    fs::write(&path, "private").unwrap();
    allow(&path, 0o600);
    target.commit().unwrap();
    assert_eq!((fs::read(&path).unwrap(), bits(&path)), (b"new".to_vec(), 0o600));
    assert_eq!(names(directory.path()), ["f"]);
}

#[test]
fn what_the_owner_sets_during_the_transfer_counts() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("f");
    fs::write(&path, "old").unwrap();
    let mut target = create(&path).unwrap();
    allow(&path, 0o640);
    target.commit().unwrap();
    assert_eq!(bits(&path), 0o640);
}

#[test]
fn an_old_file_keeps_its_permissions_and_a_new_one_gets_the_usual_ones() {
    let directory = tempdir().unwrap();
    let [old, new, usual] = ["old", "new", "usual"].map(|name| directory.path().join(name));
    for kept in [0o600, 0o640, 0o666, 0o755] {
        fs::write(&old, "old").unwrap();
        allow(&old, kept);
        receive(&old, b"new").unwrap();
        assert_eq!(bits(&old), kept);
    }
    receive(&new, b"").unwrap();
    File::create(&usual).unwrap();
    assert_eq!(bits(&new), bits(&usual));
}

#[test]
fn a_file_does_not_change_hands_nor_keep_a_set_user_id() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("f");
    fs::write(&path, "old").unwrap();
    // Only root can give files away; for others the owner is their own.
    let root = nix::unistd::geteuid().is_root();
    if root {
        chown(&path, Some(65534), Some(65533)).unwrap();
    }
    allow(&path, 0o4750);
    let before = fs::metadata(&path).unwrap();
    receive(&path, b"new").unwrap();
    let after = fs::metadata(&path).unwrap();
    assert_eq!((after.uid(), after.gid()), (before.uid(), before.gid()));
    assert_ne!(after.ino(), before.ino());
    assert_eq!(bits(&path), 0o750);
}

#[test]
fn what_cannot_become_a_file_is_refused_before_anything_is_sent() {
    let directory = tempdir().unwrap();
    let at = |name: &str| format!("{}/{name}", directory.path().display());
    fs::create_dir(at("sub")).unwrap();
    fs::write(at("file"), "").unwrap();
    for name in ["sub", "sub/", "sub/.", "sub/..", "new/", "file/", ""] {
        let refused = create(at(name)).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::IsADirectory, "{name}");
        assert!(refused.to_string().starts_with("Is a directory"), "{refused}");
    }
    assert_eq!(create(at("missing/f")).unwrap_err().to_string(), "its directory does not exist");
    assert_eq!(create(at("file/f")).unwrap_err().kind(), ErrorKind::NotADirectory);
    assert_eq!(create("").unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(create("/").unwrap_err().kind(), ErrorKind::IsADirectory);
    assert_eq!(names(directory.path()), ["file", "sub"]);
}

#[test]
fn a_name_of_any_length_the_system_takes_is_taken() {
    let directory = tempdir().unwrap();
    let longest = "n".repeat(255);
    receive(directory.path().join(&longest), b"new").unwrap();
    assert_eq!(names(directory.path()), [longest]);
    assert_eq!(create(directory.path().join("n".repeat(256))).unwrap_err().kind(), ErrorKind::InvalidFilename);
}

/// Opening a running program for writing fails even for root, as open(2) says (ETXTBSY).
#[cfg(target_os = "linux")]
#[test]
fn a_running_program_is_not_replaced() {
    assert_eq!(create(env::current_exe().unwrap()).unwrap_err().kind(), ErrorKind::ExecutableFileBusy);
}

#[test]
fn a_file_that_may_not_be_written_is_refused() {
    unprivileged("a_file_that_may_not_be_written_is_refused", |directory| {
        let path = directory.join("f");
        fs::write(&path, "old").unwrap();
        allow(&path, 0o444);
        assert_eq!(create(&path).unwrap_err().kind(), ErrorKind::PermissionDenied);
        allow(&path, 0o644);
        receive(&path, b"new").unwrap();
    });
}

#[test]
fn a_directory_that_may_not_be_written_is_refused_with_advice() {
    unprivileged("a_directory_that_may_not_be_written_is_refused_with_advice", |directory| {
        let sub = directory.join("sub");
        fs::create_dir(&sub).unwrap();
        fs::write(sub.join("f"), "old").unwrap();
        allow(&sub, 0o555);
        for name in ["f", "new"] {
            let refused = create(sub.join(name)).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
            assert!(refused.to_string().starts_with("the directory is not writable"), "{refused}");
        }
        assert_eq!(fs::read(sub.join("f")).unwrap(), b"old");
        allow(&sub, 0o755);
    });
}

#[test]
fn a_file_that_may_not_be_read_is_refused() {
    unprivileged("a_file_that_may_not_be_read_is_refused", |directory| {
        let path = directory.join("f");
        fs::write(&path, "old").unwrap();
        allow(&path, 0o200);
        assert_eq!(Source::open(&path, Mode::Octet).unwrap_err().kind(), ErrorKind::PermissionDenied);
    });
}

#[test]
fn a_device_is_written_straight_and_stays() {
    receive("/dev/null", b"gone").unwrap();
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_of_the_block_that_did_not_fit() {
    for mode in [Mode::Octet, Mode::Netascii] {
        let mut target = Target::create(Path::new("/dev/full"), mode).unwrap();
        assert_eq!(target.deliver(b"x").unwrap_err().kind(), ErrorKind::StorageFull);
        assert!(target.deliver(b"").is_err() && target.commit().is_err(), "a file with a hole is never committed");
    }
}

#[test]
fn a_fifo_is_written_and_read_straight() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("fifo");
    mkfifo(&path, Bits::S_IRUSR | Bits::S_IWUSR).unwrap();
    thread::scope(|scope| {
        let writer = scope.spawn(|| receive(&path, &[7; 100_000]));
        let mut source = Source::open(&path, Mode::Octet).unwrap();
        let mut room = vec![0; 100_001];
        assert_eq!(source.size(), None);
        assert_eq!(source.fill(&mut room).unwrap(), 100_000);
        writer.join().unwrap().unwrap();
    });
    assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
}

/// Runs itself with its output in a file, which must be appended to and not replaced.
#[test]
fn the_standard_output_is_shared_even_where_it_is_a_file() {
    if env::var_os("TFTPSH_TEST_STDOUT").is_some() {
        return receive("/dev/stdout", b"<received>").unwrap();
    }
    let directory = tempdir().unwrap();
    let path = directory.path().join("out");
    fs::write(&path, "before ").unwrap();
    let status = Command::new(env::current_exe().unwrap())
        .args(["--exact", "the_standard_output_is_shared_even_where_it_is_a_file", "--nocapture"])
        .env("TFTPSH_TEST_STDOUT", "")
        .stdout(OpenOptions::new().append(true).open(&path).unwrap())
        .status()
        .unwrap();
    let said = fs::read_to_string(&path).unwrap();
    assert!(status.success() && said.starts_with("before ") && said.contains("<received>"), "{said}");
    assert_eq!(names(directory.path()), ["out"]);
}

/// A writer with visible content, which can fail to flush.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>, bool);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // One at a time, as a slow pipe might.
        self.0.lock().unwrap().write(&bytes[..bytes.len().min(1)])
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.1 { Err(ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

#[test]
fn a_writer_is_committed_by_its_flush() {
    let shared = Shared::default();
    let mut target = Target::writer(Box::new(shared.clone()), Mode::Octet);
    target.deliver(b"\r\nraw\r").unwrap();
    target.commit().unwrap();
    assert_eq!(*shared.0.lock().unwrap(), b"\r\nraw\r");
    let mut target = Target::writer(Box::new(Shared(Arc::default(), true)), Mode::Octet);
    assert_eq!(target.commit().unwrap_err().kind(), ErrorKind::StorageFull);
}

#[test]
fn netascii_is_the_same_text_wherever_the_blocks_are_cut() {
    const WIRE: &[u8] = b"one\r\ntwo\r\0\r\nthree\r\0\0\r\n\r\n\r";
    const LOCAL: &[u8] = b"one\ntwo\r\nthree\r\0\n\n\r";
    let directory = tempdir().unwrap();
    let path = directory.path().join("text");
    for cut in 1..=WIRE.len() {
        let shared = Shared::default();
        let mut writer: Target = Target::writer(Box::new(shared.clone()), Mode::Netascii);
        let mut file = Target::create(&path, Mode::Netascii).unwrap();
        for target in [&mut writer, &mut file] {
            WIRE.chunks(cut).for_each(|block| target.deliver(block).unwrap());
            target.commit().unwrap();
            assert!(target.saw_nul());
        }
        assert_eq!(*shared.0.lock().unwrap(), LOCAL, "cut at {cut}");
        assert_eq!(fs::read(&path).unwrap(), LOCAL, "cut at {cut}");
    }
}

#[test]
fn what_was_received_can_be_sent_back_as_it_came() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("text");
    let wire = b"a\r\nb\r\0c\r\n".repeat(1000);
    let mut target = Target::create(&path, Mode::Netascii).unwrap();
    target.deliver(&wire).unwrap();
    target.commit().unwrap();
    assert!(!target.saw_nul());
    let mut room = vec![0; wire.len() + 1];
    let filled = Source::open(&path, Mode::Netascii).unwrap().fill(&mut room).unwrap();
    assert!(room[..filled] == wire);
    let mut local = Vec::new();
    File::open(&path).unwrap().read_to_end(&mut local).unwrap();
    assert!(local == b"a\nb\rc\n".repeat(1000));
}

#[test]
fn a_target_that_starts_over_forgets_text_digest_and_bytes() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("f");
    let mut target = Target::create(&path, Mode::Netascii).unwrap().digested(true);
    assert!(target.can_start_over());
    target.deliver(b"first\r\nand a CR that waits for its second byte\r").unwrap();
    target.start_over().unwrap();
    target.deliver(b"\nsecond\r\n").unwrap();
    target.commit().unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"\nsecond\n");
    assert_eq!(target.digest(), Digest::of(&b"\nsecond\n"[..]).ok());
    assert!(!target.can_start_over(), "it is committed");
    assert!(!Target::create(Path::new("/dev/null"), Mode::Octet).unwrap().can_start_over(), "a device");
    assert!(!Target::writer(Vec::new(), Mode::Octet).can_start_over(), "somebody may have read it");
}
