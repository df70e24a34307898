//! A system that fails: every read, write, flush and rename of a get, a put and an upload in turn, a disk that is full,
//! descriptors and file sizes that run out. There is a message, a status, no partial file, the old file as it was, and
//! no ACK for what was not stored.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;

use nix::errno::Errno;
use support::{Client, ScriptedClient, Server, ack, data, is_error, memory, names, script};
use tempfile::tempdir;
use tftpsh::client::{ClientError, Negotiation, Options};
use tftpsh::files::{Denied, MemoryStore, Source, Store, Target, WriteFile, WriteMode};
use tftpsh::server::Policy;
use tftpsh::transfer::Report;
use tftpsh::wire::{ErrorCode, Mode, Packet};

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
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.call()?;
        let length = space.len().min(self.piece).min(self.left);
        self.left -= length;
        space[..length].fill(7);
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

    fn create(&self, _: &[u8], mode: Mode, _: WriteMode) -> Result<Target, Denied> {
        Ok(Target::writer(Box::new(Failing::new(self.0, self.1)), mode))
    }
}

fn serve(store: impl Store + 'static) -> Server {
    support::serve(store, Policy::default())
}

fn serve_directory(directory: &Path) -> Server {
    support::serve_directory(directory, Policy::default())
}

/// One that asks for no options.
fn client(server: SocketAddr) -> Client {
    Client::to(server).with(Options { negotiation: Negotiation::Off, ..Options::default() })
}

fn get(server: &Server, target: &mut dyn WriteFile) -> Result<Report, ClientError> {
    client(server.address()).get("f", target)
}

fn put(server: &Server, source: &mut Source) -> Result<Report, ClientError> {
    client(server.address()).put("f", source)
}

fn store() -> MemoryStore {
    memory("f", vec![7; SIZE])
}

/// Asks to write `f`; where the blocks go.
fn begin_upload(server: &Server) -> (ScriptedClient, SocketAddr) {
    let client = ScriptedClient::of(server);
    client.ask(b"\0\x02f\0octet\0");
    let (_, peer) = client.receive();
    (client, peer)
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

impl WriteFile for FailingTarget {
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
            let directory = tempdir().unwrap();
            let path = directory.path().join("f");
            fs::write(&path, "old").unwrap();
            let target = Target::create(&path, Mode::Octet).unwrap();
            let mut target = FailingTarget { target, left, errno };
            let error = get(&server, &mut target).unwrap_err();
            drop(target);
            let ClientError::Local(error) = error else { panic!("{error}") };
            assert_eq!(error.raw_os_error(), Some(errno as i32), "{left}");
            assert_eq!((fs::read(&path).unwrap(), names(directory.path())), (b"old".to_vec(), vec!["f".to_owned()]));
        }
    }
    let directory = tempdir().unwrap();
    let path = directory.path().join("f");
    let target = Target::create(&path, Mode::Octet).unwrap();
    get(&server, &mut FailingTarget { target, left: 5, errno: Errno::EIO }).unwrap();
    assert_eq!(fs::read(&path).unwrap(), [7; SIZE], "five calls make a whole get");
}

#[test]
fn no_block_is_acknowledged_that_a_get_could_not_write() {
    for fails_at in 0..4u16 {
        let (server, played) = script(|mut server| {
            server.receive();
            for block in 1..=4 {
                server.send(&data(block, &vec![7; if block == 4 { 100 } else { 512 }]));
                let answer = server.receive();
                if answer != ack(block) {
                    return (block, answer);
                }
            }
            panic!("all acknowledged");
        });
        // Each block takes three writes, and a signal interrupts between them.
        let calls = usize::from(fails_at) * 6;
        let mut target = Target::writer(Box::new(Failing::new(calls, Errno::ENOSPC)), Mode::Octet);
        let result = client(server).get("f", &mut target);
        assert!(matches!(result, Err(ClientError::Local(_))));
        let (block, answer) = played.join().unwrap();
        assert_eq!((block, &answer[..4]), (fails_at + 1, &[0, 5, 0, 3][..]));
    }
}

#[test]
fn a_put_whose_file_fails_at_any_read_says_so_to_both_sides() {
    for errno in TROUBLE {
        for fails_at in 0..CALLS {
            let directory = tempdir().unwrap();
            let server = serve_directory(directory.path());
            let error = put(&server, &mut Source::reader(Box::new(Failing::new(fails_at, errno)), Mode::Octet));
            let Err(ClientError::Local(error)) = error else { panic!("{fails_at}: {error:?}") };
            assert_eq!(error.raw_os_error(), Some(errno as i32));
            drop(server);
            assert_eq!(names(directory.path()), [""; 0], "an incomplete file is not kept");
        }
    }
    let directory = tempdir().unwrap();
    let server = serve_directory(directory.path());
    // The end of the file takes one more look.
    put(&server, &mut Source::reader(Box::new(Failing::new(CALLS + 2, Errno::EIO)), Mode::Octet)).unwrap();
    assert_eq!(fs::read(directory.path().join("f")).unwrap(), [7; SIZE]);
}

#[test]
fn an_upload_that_the_server_cannot_store_is_never_acknowledged() {
    // The last one fails at the flush, after all bytes.
    for fails_at in (0..CALLS - 1).chain([usize::MAX]) {
        let server = serve(FailingStore(fails_at, Errno::ENOSPC));
        let (client, peer) = begin_upload(&server);
        // Three writes a block, with a signal between any two.
        let stored = if fails_at == usize::MAX { 3 } else { (fails_at + 1) / 6 };
        for block in 1..=4u16 {
            client.send(peer, &data(block, &vec![7; if block == 4 { 100 } else { 512 }]));
            let (answer, _) = client.receive();
            let answer = Packet::parse(&answer).unwrap();
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
            let directory = tempdir().unwrap();
            let path = directory.path().join("f");
            fs::write(&path, "old").unwrap();
            let mut target = Target::create(&path, Mode::Octet).unwrap();
            let error = get(&server, &mut target).unwrap_err();
            drop(target);
            assert!(matches!(error, ClientError::Remote { .. }), "{error}");
            assert_eq!((fs::read(&path).unwrap(), names(directory.path())), (b"old".to_vec(), vec!["f".to_owned()]));
        }
    }
}

#[test]
fn an_upload_whose_directory_goes_away_is_not_acknowledged() {
    let directory = tempdir().unwrap();
    let served = directory.path().join("served");
    fs::create_dir(&served).unwrap();
    let server = serve_directory(&served);
    let (client, peer) = begin_upload(&server);
    fs::remove_dir_all(&served).unwrap();
    client.send(peer, &data(1, b"all"));
    assert!(is_error(&client.receive().0));
}

/// Runs the program under a limit of the shell's.
fn limited(limit: &str, directory: &Path, arguments: &str) -> Output {
    support::limited(limit, directory, arguments).output().unwrap()
}

#[test]
fn a_get_that_runs_out_of_descriptors_at_any_step_fails_cleanly() {
    let server = serve(store());
    let port = server.port();
    let mut succeeded = 0;
    for most in 3..14 {
        let directory = tempdir().unwrap();
        fs::write(directory.path().join("f"), "old").unwrap();
        let ran = limited(&format!("ulimit -n {most}"), directory.path(), &format!("127.0.0.1 {port} get f"));
        let said = String::from_utf8_lossy(&ran.stderr);
        let file = fs::read(directory.path().join("f")).unwrap();
        assert_eq!(names(directory.path()), ["f"], "{most}: {said}");
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
    let server = serve(memory("f", vec![7; 100_000]));
    let port = server.port();
    for blocks in [0, 1, 50] {
        let directory = tempdir().unwrap();
        fs::write(directory.path().join("f"), "old").unwrap();
        let ran = limited(&format!("ulimit -f {blocks}"), directory.path(), &format!("127.0.0.1 {port} get f"));
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(said.contains("File too large"), "{said}");
        assert!(ran.status.code().is_some_and(|code| code > 0 && code != 101), "{:?}", ran.status);
        assert_eq!(fs::read(directory.path().join("f")).unwrap(), b"old");
        assert_eq!(names(directory.path()), ["f"]);
    }
}

#[test]
fn a_full_device_fails_the_get_and_full_standard_output_does_not_crash_it() {
    let server = serve(store());
    let port = server.port();
    let directory = tempdir().unwrap();
    let ran = limited("true", directory.path(), &format!("127.0.0.1 {port} get f /dev/full"));
    assert!(!ran.status.success() && !ran.stderr.is_empty(), "{ran:?}");
    let ran = limited("true", directory.path(), &format!("127.0.0.1 {port} get f /dev/stdout >/dev/full"));
    assert!(!ran.status.success() && !ran.stderr.is_empty(), "{ran:?}");
    // The file is complete; only the message about it is lost, which is reported.
    let ran = limited("true", directory.path(), &format!("127.0.0.1 {port} get f >/dev/full"));
    assert_ne!(ran.status.code(), Some(101), "{ran:?}");
    assert_eq!(fs::read(directory.path().join("f")).unwrap(), [7; SIZE]);
}

#[test]
fn ways_that_cannot_be_gone_are_told_at_once() {
    // A send needs permission; there is no network; the system refuses before anything is sent.
    for host in ["255.255.255.255", "0.0.0.0"] {
        let directory = tempdir().unwrap();
        let ran = limited("true", directory.path(), &format!("--timeout 2 {host} 1023 get f"));
        assert!(!ran.status.success() && !ran.stderr.is_empty(), "{host}: {ran:?}");
        assert_eq!(names(directory.path()), [""; 0], "{host}");
    }
}

#[test]
fn an_old_file_is_never_given_up_for_a_failed_name_or_directory() {
    let server = serve(store());
    let port = server.port();
    let directory = tempdir().unwrap();
    fs::create_dir(directory.path().join("d")).unwrap();
    for target in ["d", "missing/f", "f/", "/proc/f", "''"] {
        let ran = limited("true", directory.path(), &format!("127.0.0.1 {port} get f {target}"));
        assert!(!ran.status.success() && !ran.stderr.is_empty(), "{target}: {ran:?}");
        assert_eq!(names(directory.path()), ["d"], "{target}");
    }
    let arguments = format!("127.0.0.1 {port} put missing x");
    let ran = limited("true", directory.path(), &arguments);
    assert!(!ran.status.success() && String::from_utf8_lossy(&ran.stderr).contains("missing"), "{ran:?}");
}
