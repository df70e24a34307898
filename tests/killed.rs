//! kill -9 at random moments: the file is the old one or the whole new one. On Linux, what a kill leaves is a whole
//! hidden file, and nothing ever removes it.
//!
//! `TFTPSH_KILLS=2000 cargo test --release --test killed` kills as often as you like.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use support::{Client, Process, ScriptedClient, memory, names, serve};
use tempfile::tempdir;
use tftpsh::client::{Negotiation, Options};
use tftpsh::server::Policy;
use tftpsh::transfer::RetryPolicy;

/// Enough blocks for some tens of milliseconds.
const SIZE: usize = 400_000;

fn kills() -> u64 {
    env::var("TFTPSH_KILLS").map_or(25, |count| count.parse().unwrap())
}

/// Moments from nothing to a little more than a whole transfer, in no order.
fn moments(whole: Duration) -> impl Iterator<Item = Duration> {
    // Multiples of the golden ratio lie evenly, however many there are.
    (1..=kills()).map(move |count| whole.mul_f64(1.1 * (count as f64 * 0.618_033_988_749_895).fract()))
}

fn new_file() -> Vec<u8> {
    (0..SIZE).map(|at| (at / 7) as u8).collect()
}

/// Counts what the directory holds beside `f`, and removes it.
fn remove_strays(directory: &Path) -> usize {
    let found: Vec<_> = names(directory).into_iter().filter(|name| name != "f").collect();
    for name in &found {
        assert!(name.starts_with(".f.") && name.ends_with(".part"), "{name}");
        let file = fs::read(directory.join(name)).unwrap();
        assert!(cfg!(not(target_os = "linux")) || file == new_file(), "{name}: {} bytes", file.len());
        fs::remove_file(directory.join(name)).unwrap();
    }
    found.len()
}

#[test]
fn a_killed_get_leaves_the_old_file_or_the_whole_new_one() {
    let server = serve(memory("f", new_file()), Policy::default());
    let port = server.port().to_string();
    let directory = tempdir().unwrap();
    let path = directory.path().join("f");
    let start = || {
        fs::write(&path, "old").unwrap();
        let mut client = Process::start(directory.path(), &["--no-options", "127.0.0.1", &port, "get", "f"]);
        client.discard_output();
        client
    };
    let begun = Instant::now();
    assert!(start().wait().success());
    let (whole, mut counts) = (begun.elapsed(), [0; 3]);
    for moment in moments(whole) {
        let mut child = start();
        thread::sleep(moment);
        child.kill();
        let file = fs::read(&path).unwrap();
        assert!(file == b"old" || file == new_file(), "{} bytes", file.len());
        counts[usize::from(file != b"old")] += 1;
        counts[2] += remove_strays(directory.path());
    }
    println!("of {} gets {} left the old file, {} the new one, {} a stray", kills(), counts[0], counts[1], counts[2]);
}

#[test]
fn a_killed_server_has_the_old_file_or_the_whole_upload() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("f");
    let (mut whole, mut counts) = (None, [0; 3]);
    for moment in moments(Duration::from_millis(1)) {
        fs::write(&path, "old").unwrap();
        let (mut server, address) = start_server(directory.path());
        let upload = thread::spawn(move || put(address));
        match whole {
            // The first one shows how long it takes.
            None => {
                let begun = Instant::now();
                assert!(upload.join().unwrap());
                whole = Some(begun.elapsed());
                server.kill();
            }
            Some(whole) => {
                thread::sleep(whole.mul_f64(moment.as_secs_f64() * 1000.0));
                server.kill();
                let succeeded = upload.join().unwrap();
                assert!(!succeeded || fs::read(&path).unwrap() != b"old", "a client that succeeds has its file stored");
            }
        }
        let file = fs::read(&path).unwrap();
        assert!(file == b"old" || file == new_file(), "{} bytes", file.len());
        counts[usize::from(file != b"old")] += 1;
        counts[2] += remove_strays(directory.path());
    }
    println!(
        "of {} uploads {} left the old file, {} the new one, {} a stray",
        kills(),
        counts[0],
        counts[1],
        counts[2]
    );
}

#[test]
fn a_killed_upload_leaves_nothing_and_the_next_server_removes_nothing() {
    let directory = tempdir().unwrap();
    // A name like this may be a user's own.
    let mine = ".backup.4999999-0.part";
    fs::write(directory.path().join(mine), "mine").unwrap();
    let (mut server, address) = start_server(directory.path());
    let client = ScriptedClient::to(address);
    client.ask(b"\0\x02f\0octet\0");
    client.receive();
    server.kill();
    let left = names(directory.path());
    assert!(left.contains(&mine.to_owned()) && left.len() == if cfg!(target_os = "linux") { 1 } else { 2 }, "{left:?}");
    let (mut server, _) = start_server(directory.path());
    assert_eq!(names(directory.path()), left);
    server.kill();
}

/// The program, serving `directory`, and where.
fn start_server(directory: &Path) -> (Process, SocketAddr) {
    Process::serve(directory, &["--overwrite"])
}

/// Uploads the new file; whether the server said that it is safe.
fn put(server: SocketAddr) -> bool {
    let retry = RetryPolicy { timeout: Duration::from_secs(1), ..RetryPolicy::default() };
    let settings = Options { negotiation: Negotiation::Off, retry, ..Options::default() };
    Client::to(server).with(settings).put_bytes("f", &new_file()).is_ok()
}
