//! kill -9 at random moments: the file is the old one or the whole new one, and what is left behind is recognised and
//! swept.
//!
//! `TFTPSH_KILLS=2000 cargo test --release --test killed` kills as often as you like.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

#[path = "common/program.rs"]
mod program;

use std::env;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use program::{NOWHERE, program};
use tempfile::tempdir;
use tftpsh::client::{Client, Order};
use tftpsh::event::Observers;
use tftpsh::files::{DirStore, MemoryStore, Source};
use tftpsh::server::{Config, Server};
use tftpsh::session::{Options, Settings};
use tftpsh::stop::Stop;
use tftpsh::wire::Mode;

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

/// What the folder holds beside `f` must be temporary files, and all of them go at a sweep.
fn check_strays(folder: &Path) -> usize {
    let strays = || {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name != "f").collect::<Vec<_>>()
    };
    let found = strays();
    assert!(found.iter().all(|name| name.starts_with(".f.") && name.ends_with(".part")), "{found:?}");
    assert_eq!(DirStore::open(folder).unwrap().sweep().unwrap(), found.len());
    assert_eq!(strays(), [""; 0]);
    found.len()
}

#[test]
fn a_killed_get_leaves_the_old_file_or_the_whole_new_one() {
    let store = MemoryStore::new();
    store.insert(b"f", new_file());
    let server = Server::bind(&["127.0.0.1:0".parse().unwrap()], Box::new(store), Config::default()).unwrap();
    let server = server.spawn().unwrap();
    let port = server.addresses()[0].port().to_string();
    let folder = tempdir().unwrap();
    let path = folder.path().join("f");
    let start = || {
        fs::write(&path, "old").unwrap();
        let mut command = program(NOWHERE);
        command.args(["--no-options", "127.0.0.1", &port, "get", "f"]).current_dir(folder.path());
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    let begun = Instant::now();
    assert!(start().wait().unwrap().success());
    let (whole, mut counts) = (begun.elapsed(), [0; 3]);
    for moment in moments(whole) {
        let mut child = start();
        thread::sleep(moment);
        kill(&mut child);
        let file = fs::read(&path).unwrap();
        assert!(file == b"old" || file == new_file(), "{} bytes", file.len());
        counts[usize::from(file != b"old")] += 1;
        counts[2] += check_strays(folder.path());
    }
    println!("of {} gets {} left the old file, {} the new one, {} a stray", kills(), counts[0], counts[1], counts[2]);
}

#[test]
fn a_killed_server_has_the_old_file_or_the_whole_upload() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("f");
    let (mut whole, mut counts) = (None, [0; 3]);
    for moment in moments(Duration::from_millis(1)) {
        fs::write(&path, "old").unwrap();
        let (mut server, port) = start_server(folder.path());
        let upload = thread::spawn(move || put(port));
        match whole {
            // The first one shows how long it takes.
            None => {
                let begun = Instant::now();
                assert!(upload.join().unwrap());
                whole = Some(begun.elapsed());
                kill(&mut server);
            }
            Some(whole) => {
                thread::sleep(whole.mul_f64(moment.as_secs_f64() * 1000.0));
                kill(&mut server);
                let told = upload.join().unwrap();
                assert!(
                    !told || fs::read(&path).unwrap() != b"old",
                    "who is told that the file is safe is told the truth"
                );
            }
        }
        let file = fs::read(&path).unwrap();
        assert!(file == b"old" || file == new_file(), "{} bytes", file.len());
        counts[usize::from(file != b"old")] += 1;
        counts[2] += check_strays(folder.path());
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
fn the_next_server_sweeps_what_a_killed_one_left() {
    let folder = tempdir().unwrap();
    let (mut server, port) = start_server(folder.path());
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    client.send_to(b"\0\x02f\0octet\0", ("127.0.0.1", port)).unwrap();
    client.recv(&mut [0; 16]).unwrap();
    kill(&mut server);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "the upload that was under way");
    let (mut server, _) = start_server(folder.path());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    kill(&mut server);
}

fn kill(child: &mut Child) {
    // It may have come to its end before.
    let _ = child.kill();
    child.wait().unwrap();
}

/// The program, serving `folder`, and its port.
fn start_server(folder: &Path) -> (Child, u16) {
    loop {
        let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = program(NOWHERE);
        command.args(["serve", folder.to_str().unwrap(), &port.to_string(), "--overwrite"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        if line.starts_with("Serving") {
            // The log goes on, and must not fill the pipe or break it.
            thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
            return (child, port);
        }
        // Somebody else took the port in between.
        kill(&mut child);
    }
}

/// Uploads the new file; whether the server said that it is safe.
fn put(port: u16) -> bool {
    let settings = Settings { options: Options::Off, timeout: Duration::from_secs(1), ..Settings::default() };
    let order = Order { host: "127.0.0.1", port, remote: b"f" };
    let mut source = Source::bytes(Arc::from(new_file()), Mode::Octet);
    Client::new(Stop::new()).put(&order, &settings, &mut source, &mut Observers::none()).is_ok()
}
