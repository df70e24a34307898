//! Names and links that try to lead out of a served directory, by the thousand: generated names, and links that are
//! swapped while they are followed.
//!
//! What a store hands out is compared with what the whole tree holds: every file knows whether it is inside.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and prints what it did")]

mod support;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use nix::fcntl::{AT_FDCWD, RenameFlags, renameat2};
use nix::sys::stat::Mode as Bits;
use nix::unistd::mkfifo;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use support::House;
use tftpsh::files::{DirStore, Store, WriteFile, WriteMode};
use tftpsh::wire::Mode;

/// Names of all kinds.
const NAMES: usize = 100_000;

/// Everything below a directory, by path: the content of a file, or what it is otherwise.
fn tree(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap().map(Result::unwrap) {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            found.extend(tree(&path));
        }
        let content = if kind.is_file() { fs::read(&path).unwrap() } else { format!("{kind:?}").into_bytes() };
        found.insert(path, content);
    }
    found
}

/// A served directory with every kind of link and file, inside and outside.
fn maze(kind: fn(DirStore) -> DirStore) -> House {
    let house = House::serving(kind);
    for (name, content) in [("outside/sub/deep", "secret"), ("outside/file", "secret")] {
        let path = house.directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    for (name, content) in [("Sub", "Sub"), ("a\\b", "a\\b"), (".f.1-1.part", "unfinished"), ("sub/FILE", "FILE")] {
        fs::write(house.inside(name), content).unwrap();
    }
    let outside = house.directory.path().join("outside");
    for (link, target) in [
        ("in", Path::new("sub")),
        ("sub/up", Path::new("..")),
        ("out", Path::new("../outside")),
        ("sub/out", Path::new("../../outside")),
        ("sub/away", &outside),
        ("chain", Path::new("sub/up/out")),
        ("link", Path::new("sub/deep")),
        ("bad", Path::new("../outside/secret")),
        ("part", Path::new(".f.1-1.part")),
        ("dead", Path::new("none")),
        ("loop", Path::new("loop")),
        ("root", Path::new("/")),
        ("proc", Path::new("/proc/self/cwd")),
    ] {
        symlink(target, house.inside(link)).unwrap();
    }
    mkfifo(&house.inside("sub/fifo"), Bits::S_IRUSR | Bits::S_IWUSR).unwrap();
    house
}

/// A component of a name: mostly one that leads on.
fn component(house: &House) -> impl Strategy<Value = Vec<u8>> + use<> {
    let mut known: Vec<Vec<u8>> = ["..", ".", "", "outside", "root", "etc", "passwd", "none", "FILE", "SUB", "secret"]
        .map(|name| name.as_bytes().to_vec())
        .into();
    let paths = tree(&house.inside("")).into_keys();
    known.extend(paths.map(|path| path.file_name().unwrap().as_bytes().to_vec()));
    prop_oneof![
        12 => select(known.clone()),
        4 => select(vec![b"..".to_vec(), b"sub".to_vec(), b"in".to_vec(), b"out".to_vec()]),
        1 => (select(known), any::<u8>()).prop_map(|(mut name, byte)| { name.push(byte); name }),
        1 => prop::collection::vec(any::<u8>(), 0..4),
        1 => (250_usize..300).prop_map(|length| vec![b'n'; length]),
    ]
}

fn name(house: &House) -> impl Strategy<Value = Vec<u8>> + use<> {
    let separator = || select(vec![&b"/"[..], b"/", b"/", b"/", b"\\", b"//", b"\0", b"/./"]);
    let start = select(vec![&b""[..], b"", b"", b"/", b"\\", b"C:\\", b"../", b"./"]);
    let parts = prop::collection::vec((component(house), separator()), 1..7);
    (start, parts, any::<bool>()).prop_map(|(start, parts, cut)| {
        let mut name = start.to_vec();
        let last = parts.last().map_or(0, |(_, separator)| separator.len());
        for (part, separator) in parts {
            name.extend([&part, separator].concat());
        }
        // Most names do not end with a separator.
        name.truncate(name.len() - if cut || name.len() % 4 > 0 { last } else { 0 });
        name
    })
}

#[test]
fn none_of_100_000_generated_names_leads_out() {
    let kinds: [fn(DirStore) -> DirStore; 4] = [
        |root| root,
        |root| root.windows_names(true),
        |root| root.public_only(true),
        |root| root.public_only(true).windows_names(true),
    ];
    let (mut read, mut written) = (0, 0);
    thread::scope(|scope| {
        let rounds = kinds.map(|kind| scope.spawn(move || explore(kind)));
        for round in rounds {
            let (one, other) = round.join().unwrap();
            (read, written) = (read + one, written + other);
        }
    });
    println!("{NAMES} names: {read} were read, {written} written");
    assert!(read > NAMES / 50 && written > NAMES / 50, "the names are too far from the files: {read}, {written}");
}

/// Reads and writes a share of the names; returns how many of each succeeded.
fn explore(kind: fn(DirStore) -> DirStore) -> (usize, usize) {
    let house = maze(kind);
    let outside = || tree(&house.directory.path().join("outside"));
    let (before, root) = (outside(), house.inside("").canonicalize().unwrap());
    let (names, mut runner) = (name(&house), TestRunner::deterministic());
    let (mut read, mut written) = (0, 0);
    for number in 0..NAMES / 4 {
        let name = names.new_tree(&mut runner).unwrap().current();
        let shown = || String::from_utf8_lossy(&name).into_owned();
        if let Ok(content) = house.read(&name) {
            read += 1;
            let is_part = |content: &[u8]| content == b"secret" || content == b"unfinished";
            assert!(!is_part(&content) && content.len() < 20, "{}: {content:?}", shown());
            // Where the system finds the same name, it is inside.
            let relative = name.iter().position(|byte| *byte != b'/').map_or(&b""[..], |start| &name[start..]);
            if let Ok(place) = root.join(OsStr::from_bytes(relative)).canonicalize() {
                assert!(place.starts_with(&root), "{}: {}", shown(), place.display());
                assert_eq!(fs::read(place).unwrap(), content, "{}", shown());
            }
        }
        let write_mode = [WriteMode::CreateNew, WriteMode::Replace, WriteMode::CreateOrReplace][number % 3];
        if let Ok(mut target) = house.root.create(&name, Mode::Octet, write_mode) {
            written += 1;
            target.deliver(b"new").unwrap();
            // The others end as an interrupted upload does.
            if number % 4 == 0 {
                target.commit().unwrap();
            }
        }
        if number % 5_000 == 0 {
            assert_eq!(outside(), before, "{}", shown());
        }
    }
    assert_eq!(outside(), before);
    assert_eq!(fs::read_dir(house.directory.path()).unwrap().count(), 2);
    assert_eq!(fs::read(house.inside(".f.1-1.part")).unwrap(), b"unfinished");
    let is_left = |name: &[u8]| name.starts_with(b".") && name.ends_with(b".part") && name != b".f.1-1.part";
    let left = tree(&house.inside("")).into_keys().find(|path| is_left(path.file_name().unwrap().as_bytes()));
    assert_eq!(left, None, "an unfinished file remained");
    (read, written)
}

/// Lets the name `swapped` be each of these forms in turn, without a moment between, until `done`.
fn swap(house: &House, forms: &[PathBuf], done: &AtomicBool) {
    for form in forms.iter().cycle().take_while(|_| !done.load(Ordering::Relaxed)) {
        renameat2(AT_FDCWD, form, AT_FDCWD, &house.inside("swapped"), RenameFlags::RENAME_EXCHANGE).unwrap();
    }
}

/// Raises its flag when it is dropped, so that a failed assertion ends the swaps too.
struct AtEnd<'a>(&'a AtomicBool);

impl Drop for AtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How many requests met what is served, and how many something else.
#[derive(Debug, Default)]
struct Tally {
    granted: usize,
    refused: usize,
}

impl Tally {
    fn count(&mut self, is_granted: bool) {
        *if is_granted { &mut self.granted } else { &mut self.refused } += 1;
    }

    fn wants_more(&self) -> bool {
        let is_enough = self.granted >= 200 && self.refused >= 2_000;
        !is_enough && self.granted + self.refused < 2_000_000
    }

    fn assert(&self) {
        println!("{self:?}");
        assert!(self.granted >= 200 && self.refused >= 2_000, "{self:?}");
    }
}

#[test]
fn links_that_are_swapped_meanwhile_lead_nowhere_either() {
    for public in [false, true] {
        let house = House::serving(|root| root.public_only(public));
        let forms: Vec<_> = (0..4).map(|number| house.directory.path().join(format!("form{number}"))).collect();
        fs::create_dir(house.inside("swapped")).unwrap();
        fs::write(house.inside("swapped/secret"), "open").unwrap();
        symlink("..", &forms[0]).unwrap();
        symlink("../outside", &forms[1]).unwrap();
        symlink("sub", &forms[2]).unwrap();
        symlink(house.directory.path().join("outside"), &forms[3]).unwrap();
        fs::write(house.inside("sub/secret"), "open").unwrap();
        let (done, mut tally) = (AtomicBool::new(false), Tally::default());
        thread::scope(|scope| {
            scope.spawn(|| swap(&house, &forms, &done));
            let _end = AtEnd(&done);
            while tally.wants_more() {
                let read = house.read(b"swapped/secret");
                assert!(!read.as_ref().is_ok_and(|content| content != b"open"), "{read:?}");
                tally.count(read.is_ok());
                let name = format!("swapped/new{}", tally.granted % 7);
                tally.count(house.write(name.as_bytes(), WriteMode::CreateOrReplace).is_ok());
            }
        });
        tally.assert();
        let outside = tree(&house.directory.path().join("outside"));
        assert_eq!(outside.into_values().collect::<Vec<_>>(), [b"secret"], "nothing is new, nothing changed");
    }
}

#[test]
fn a_file_that_is_swapped_meanwhile_is_none_but_a_file_inside() {
    let house = House::new();
    let forms: Vec<_> = (0..5).map(|number| house.directory.path().join(format!("form{number}"))).collect();
    fs::write(house.inside("swapped"), "open").unwrap();
    symlink("/etc/passwd", &forms[0]).unwrap();
    symlink("../outside/secret", &forms[1]).unwrap();
    mkfifo(&forms[2], Bits::S_IRUSR | Bits::S_IWUSR).unwrap();
    symlink("sub/open", &forms[3]).unwrap();
    symlink(".left.1-1.part", &forms[4]).unwrap();
    fs::write(house.inside("sub/open"), "open").unwrap();
    fs::write(house.inside(".left.1-1.part"), "unfinished").unwrap();
    let (done, mut tally) = (AtomicBool::new(false), Tally::default());
    thread::scope(|scope| {
        scope.spawn(|| swap(&house, &forms, &done));
        let _end = AtEnd(&done);
        while tally.wants_more() {
            let read = house.read(b"swapped");
            assert!(!read.as_ref().is_ok_and(|content| content != b"open"), "{read:?}");
            tally.count(read.is_ok());
        }
    });
    tally.assert();
}
