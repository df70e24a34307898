//! A system that fails: every read, write, flush and rename of a get, a put and an upload in turn, a disk that is full,
//! descriptors and file sizes that run out. There is a message, a status, no partial file, the old file as it was, and
//! no ACK for what was not stored.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "common/program.rs"]
mod program;

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use program::{NOWHERE, at_home};
use tempfile::tempdir;
use tftpsh::client::{Client, ClientError, Order};
use tftpsh::event::Observers;
use tftpsh::files::{Content, Denied, DirStore, MemoryStore, Source, Store, Target};
use tftpsh::server::{Background, Config, Server};
use tftpsh::session::{Options, Settings};
use tftpsh::stop::Stop;
use tftpsh::transfer::Report;
use tftpsh::wire::{ErrorCode, Mode, Packet, emit_ack, emit_data_header};

/// Three whole blocks and a short one.
const SIZE: usize = 3 * 512 + 100;

const TROUBLE: [Errno; 7] =
    [Errno::ENOSPC, Errno::EIO, Errno::EDQUOT, Errno::EFBIG, Errno::EROFS, Errno::EBADF, Errno::ENOMEM];

/// Files that fail at the call with this number, from 0; before that they take or give a little at a time, and a
/// signal interrupts every other call.
struct Failing {
    calls: usize,
    fails_at: usize,
    errno: Errno,
    piece: usize,
    left: usize,
}

impl Failing {
    fn new(fails_at: usize, errno: Errno) -> Self {
        Self { calls: 0, fails_at, errno, piece: 200, left: SIZE }
    }

    fn call(&mut self) -> io::Result<()> {
        self.calls += 1;
        if self.calls > self.fails_at {
            return Err(self.errno.into());
        }
        if self.calls.is_multiple_of(2) { Err(Errno::EINTR.into()) } else { Ok(()) }
    }
}

impl Read for Failing {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        self.call()?;
        let length = room.len().min(self.piece).min(self.left);
        self.left -= length;
        room[..length].fill(7);
        Ok(length)
    }
}

impl Write for Failing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.call()?;
        Ok(bytes.len().min(self.piece))
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.fails_at == usize::MAX { Err(self.errno.into()) } else { Ok(()) }
    }
}

/// Calls that a whole file takes: pieces, and as many signals.
const CALLS: usize = 2 * (3 * 3 + 1);

/// A store whose files fail.
struct FailingStore(usize, Errno);

impl Store for FailingStore {
    fn read(&self, _: &[u8], mode: Mode) -> Result<Source, Denied> {
        Ok(Source::reader(Box::new(Failing::new(self.0, self.1)), mode))
    }

    fn create(&self, _: &[u8], mode: Mode, _: bool) -> Result<Target, Denied> {
        Ok(Target::writer(Box::new(Failing::new(self.0, self.1)), mode))
    }
}

fn serve(store: impl Store + 'static) -> Background {
    Server::bind(&[LOOPBACK], Box::new(store), Config::default()).unwrap().spawn().unwrap()
}

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

fn plain() -> Settings {
    Settings { options: Options::Off, ..Settings::default() }
}

fn get(server: &Background, target: &mut dyn Content) -> Result<Report, ClientError> {
    let order = Order { host: "127.0.0.1", port: server.addresses()[0].port(), remote: b"f" };
    Client::new(Stop::new()).get(&order, &plain(), target, &mut Observers::none())
}

fn put(server: &Background, source: &mut Source) -> Result<Report, ClientError> {
    let order = Order { host: "127.0.0.1", port: server.addresses()[0].port(), remote: b"f" };
    Client::new(Stop::new()).put(&order, &plain(), source, &mut Observers::none())
}

fn store() -> MemoryStore {
    let store = MemoryStore::new();
    store.insert(b"f", vec![7; SIZE]);
    store
}

fn names(folder: &Path) -> Vec<String> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Fails at the delivery or the commit with this number; what is before goes into a real file.
struct FailingTarget {
    target: Target,
    left: usize,
    errno: Errno,
}

impl FailingTarget {
    fn call(&mut self) -> io::Result<()> {
        self.left = self.left.checked_sub(1).ok_or(self.errno)?;
        Ok(())
    }
}

impl Content for FailingTarget {
    fn deliver(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.call()?;
        self.target.deliver(bytes)
    }

    fn commit(&mut self) -> io::Result<()> {
        self.call()?;
        self.target.commit()
    }
}

#[test]
fn a_get_that_fails_at_any_write_or_at_the_commit_leaves_the_old_file_alone() {
    let server = serve(store());
    for errno in TROUBLE {
        for left in 0..=4 {
            let folder = tempdir().unwrap();
            let path = folder.path().join("f");
            fs::write(&path, "old").unwrap();
            let target = Target::create(&path, Mode::Octet).unwrap();
            let mut target = FailingTarget { target, left, errno };
            let error = get(&server, &mut target).unwrap_err();
            drop(target);
            let ClientError::Local(error) = error else { panic!("{error}") };
            assert_eq!(error.raw_os_error(), Some(errno as i32), "{left}");
            assert_eq!((fs::read(&path).unwrap(), names(folder.path())), (b"old".to_vec(), vec!["f".to_owned()]));
        }
    }
    let folder = tempdir().unwrap();
    let path = folder.path().join("f");
    let target = Target::create(&path, Mode::Octet).unwrap();
    get(&server, &mut FailingTarget { target, left: 5, errno: Errno::EIO }).unwrap();
    assert_eq!(fs::read(&path).unwrap(), [7; SIZE], "five calls make a whole get");
}

#[test]
fn no_block_is_acknowledged_that_a_get_could_not_write() {
    for fails_at in 0..4u16 {
        let server = UdpSocket::bind(LOOPBACK).unwrap();
        server.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let port = server.local_addr().unwrap().port();
        let script = thread::spawn(move || {
            let mut buffer = [0; 600];
            let (_, client) = server.recv_from(&mut buffer).unwrap();
            for block in 1..=4 {
                let length = if block == 4 { 100 } else { 512 };
                server.send_to(&[&emit_data_header(block)[..], &vec![7; length]].concat(), client).unwrap();
                let (length, _) = server.recv_from(&mut buffer).unwrap();
                if buffer[..length] != emit_ack(block) {
                    return (block, buffer[..length].to_vec());
                }
            }
            panic!("all acknowledged");
        });
        // Each block takes three writes, and a signal interrupts between them.
        let calls = usize::from(fails_at) * 6;
        let mut target = Target::writer(Box::new(Failing::new(calls, Errno::ENOSPC)), Mode::Octet);
        let order = Order { host: "127.0.0.1", port, remote: b"f" };
        let result = Client::new(Stop::new()).get(&order, &plain(), &mut target, &mut Observers::none());
        assert!(matches!(result, Err(ClientError::Local(_))));
        let (block, answer) = script.join().unwrap();
        assert_eq!((block, &answer[..4]), (fails_at + 1, &[0, 5, 0, 3][..]));
    }
}

#[test]
fn a_put_whose_file_fails_at_any_read_says_so_to_both_sides() {
    for errno in TROUBLE {
        for fails_at in 0..CALLS {
            let folder = tempdir().unwrap();
            let server = serve(DirStore::open(folder.path()).unwrap());
            let error = put(&server, &mut Source::reader(Box::new(Failing::new(fails_at, errno)), Mode::Octet));
            let Err(ClientError::Local(error)) = error else { panic!("{fails_at}: {error:?}") };
            assert_eq!(error.raw_os_error(), Some(errno as i32));
            drop(server);
            assert_eq!(names(folder.path()), [""; 0], "a file that ends too soon is no file");
        }
    }
    let folder = tempdir().unwrap();
    let server = serve(DirStore::open(folder.path()).unwrap());
    // The end of the file takes one more look.
    put(&server, &mut Source::reader(Box::new(Failing::new(CALLS + 2, Errno::EIO)), Mode::Octet)).unwrap();
    assert_eq!(fs::read(folder.path().join("f")).unwrap(), [7; SIZE]);
}

#[test]
fn an_upload_that_the_server_cannot_store_is_never_acknowledged() {
    // The last one fails at the flush, behind all bytes.
    for fails_at in (0..CALLS - 1).chain([usize::MAX]) {
        let server = serve(FailingStore(fails_at, Errno::ENOSPC));
        let client = UdpSocket::bind(LOOPBACK).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        client.send_to(b"\0\x02f\0octet\0", server.addresses()[0]).unwrap();
        let mut buffer = [0; 600];
        let (_, peer) = client.recv_from(&mut buffer).unwrap();
        // Three writes a block, with a signal between any two.
        let stored = if fails_at == usize::MAX { 3 } else { (fails_at + 1) / 6 };
        for block in 1..=4u16 {
            let length = if block == 4 { 100 } else { 512 };
            client.send_to(&[&emit_data_header(block)[..], &vec![7; length]].concat(), peer).unwrap();
            let (length, _) = client.recv_from(&mut buffer).unwrap();
            let answer = Packet::parse(&buffer[..length]).unwrap();
            if usize::from(block) <= stored {
                assert_eq!(answer, Packet::Ack { block }, "{fails_at}");
            } else {
                assert!(matches!(answer, Packet::Error { code: ErrorCode::DISK_FULL, .. }), "{fails_at}: {answer}");
                break;
            }
        }
    }
}

#[test]
fn a_download_whose_file_fails_is_told_and_leaves_nothing_at_the_client() {
    for errno in TROUBLE {
        for fails_at in 0..CALLS {
            let server = serve(FailingStore(fails_at, errno));
            let folder = tempdir().unwrap();
            let path = folder.path().join("f");
            fs::write(&path, "old").unwrap();
            let mut target = Target::create(&path, Mode::Octet).unwrap();
            let error = get(&server, &mut target).unwrap_err();
            drop(target);
            assert!(matches!(error, ClientError::Transfer { .. }), "{error}");
            assert_eq!((fs::read(&path).unwrap(), names(folder.path())), (b"old".to_vec(), vec!["f".to_owned()]));
        }
    }
}

#[test]
fn an_upload_whose_folder_goes_away_is_not_acknowledged() {
    let folder = tempdir().unwrap();
    let served = folder.path().join("served");
    fs::create_dir(&served).unwrap();
    let server = serve(DirStore::open(&served).unwrap());
    let client = UdpSocket::bind(LOOPBACK).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    client.send_to(b"\0\x02f\0octet\0", server.addresses()[0]).unwrap();
    let mut buffer = [0; 600];
    let (_, peer) = client.recv_from(&mut buffer).unwrap();
    fs::remove_dir_all(&served).unwrap();
    client.send_to(&[&emit_data_header(1)[..], b"all"].concat(), peer).unwrap();
    let (length, _) = client.recv_from(&mut buffer).unwrap();
    assert!(matches!(Packet::parse(&buffer[..length]), Ok(Packet::Error { .. })));
}

/// Runs the program under a limit of the shell's.
fn limited(limit: &str, folder: &Path, arguments: &str) -> Output {
    let command = format!("{limit}; exec {} {arguments}", env!("CARGO_BIN_EXE_tftp"));
    let mut shell = Command::new("sh");
    shell.args(["-c", &command]).current_dir(folder);
    at_home(&mut shell, NOWHERE).output().unwrap()
}

#[test]
fn a_get_that_runs_out_of_descriptors_at_any_step_fails_cleanly() {
    let server = serve(store());
    let port = server.addresses()[0].port();
    let mut succeeded = 0;
    for most in 3..14 {
        let folder = tempdir().unwrap();
        fs::write(folder.path().join("f"), "old").unwrap();
        let ran = limited(&format!("ulimit -n {most}"), folder.path(), &format!("127.0.0.1 {port} get f"));
        let said = String::from_utf8_lossy(&ran.stderr);
        let file = fs::read(folder.path().join("f")).unwrap();
        assert_eq!(names(folder.path()), ["f"], "{most}: {said}");
        if ran.status.success() {
            assert_eq!(file, [7; SIZE]);
            succeeded += 1;
        } else {
            assert_eq!(file, b"old", "{most}: {said}");
            assert!(ran.status.code().is_some_and(|code| code != 101), "{most}: {:?} {said}", ran.status);
            // Below the least a process needs, the system itself ends it.
            assert!(!said.is_empty(), "{most}: it says why");
        }
    }
    assert!((1..11).contains(&succeeded), "the limit bites, but not for ever: {succeeded}");
}

#[test]
fn a_get_that_outgrows_the_file_size_limit_says_so_and_leaves_nothing() {
    let store = MemoryStore::new();
    store.insert(b"f", vec![7; 100_000]);
    let server = serve(store);
    let port = server.addresses()[0].port();
    for blocks in [0, 1, 50] {
        let folder = tempdir().unwrap();
        fs::write(folder.path().join("f"), "old").unwrap();
        let ran = limited(&format!("ulimit -f {blocks}"), folder.path(), &format!("127.0.0.1 {port} get f"));
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(said.contains("File too large"), "{said}");
        assert!(ran.status.code().is_some_and(|code| code > 0 && code != 101), "{:?}", ran.status);
        assert_eq!(fs::read(folder.path().join("f")).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["f"]);
    }
}

#[test]
fn a_full_device_fails_the_get_and_full_standard_output_does_not_crash_it() {
    let server = serve(store());
    let port = server.addresses()[0].port();
    let folder = tempdir().unwrap();
    let ran = limited("true", folder.path(), &format!("127.0.0.1 {port} get f /dev/full"));
    assert!(!ran.status.success() && !ran.stderr.is_empty(), "{ran:?}");
    let ran = limited("true", folder.path(), &format!("127.0.0.1 {port} get f /dev/stdout >/dev/full"));
    assert!(!ran.status.success() && !ran.stderr.is_empty(), "{ran:?}");
    // The file is whole; only the words about it are lost, and that is told.
    let ran = limited("true", folder.path(), &format!("127.0.0.1 {port} get f >/dev/full"));
    assert_ne!(ran.status.code(), Some(101), "{ran:?}");
    assert_eq!(fs::read(folder.path().join("f")).unwrap(), [7; SIZE]);
}

#[test]
fn ways_that_cannot_be_gone_are_told_at_once() {
    // Sent to by nobody without permission; no network at all; refused by the system before anything leaves.
    for host in ["255.255.255.255", "0.0.0.0"] {
        let folder = tempdir().unwrap();
        let ran = limited("true", folder.path(), &format!("--timeout 2 {host} 1023 get f"));
        assert!(!ran.status.success() && !ran.stderr.is_empty(), "{host}: {ran:?}");
        assert_eq!(names(folder.path()), [""; 0], "{host}");
    }
}

#[test]
fn an_old_file_is_never_given_up_for_a_failed_name_or_folder() {
    let server = serve(store());
    let port = server.addresses()[0].port();
    let folder = tempdir().unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    for target in ["d", "missing/f", "f/", "/proc/f", "''"] {
        let ran = limited("true", folder.path(), &format!("127.0.0.1 {port} get f {target}"));
        assert!(!ran.status.success() && !ran.stderr.is_empty(), "{target}: {ran:?}");
        assert_eq!(names(folder.path()), ["d"], "{target}");
    }
    let arguments = format!("127.0.0.1 {port} put missing x");
    let ran = limited("true", folder.path(), &arguments);
    assert!(!ran.status.success() && String::from_utf8_lossy(&ran.stderr).contains("missing"), "{ran:?}");
}
