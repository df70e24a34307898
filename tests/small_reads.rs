//! What a small file costs a server: few system calls, and no descriptor while it is sent.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod support;

use std::fs;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::unistd::geteuid;
use support::{Process, ScriptedClient, ack, can_trace, data, soon, under_strace};
use tempfile::tempdir;

/// The calls for the file `name`, from its first one to its close.
fn calls(log: &str, name: &str) -> Vec<String> {
    let lines = log.lines().skip_while(|line| !line.contains(&format!("\"{name}\"")));
    let called = lines.filter_map(|line| line.split_once('(')?.0.split_whitespace().next_back());
    let mut calls: Vec<_> = called.map(|call| call.replace("newfstatat", "statx").replace("fstat", "statx")).collect();
    // The standard library checks in a debug build that a descriptor is open before it closes it.
    calls.retain(|call| call != "fcntl");
    calls
}

#[test]
fn a_small_file_is_looked_up_opened_read_and_closed_once() {
    if !can_trace() {
        return;
    }
    let (directory, log) = (tempdir().unwrap(), tempdir().unwrap());
    fs::create_dir(directory.path().join("sub")).unwrap();
    fs::write(directory.path().join("one"), "1").unwrap();
    fs::write(directory.path().join("sub/two"), "2").unwrap();
    let log = log.path().join("log");
    let options = ["-D", "-o", log.to_str().unwrap(), "-e", "trace=%file,%desc", "-e", "status=successful"];
    let (mut server, address) =
        Process::serving(Process::spawn(&mut under_strace(directory.path(), &options, &["serve", ".", "--port", "0"])));
    for (name, content) in [("one", b"1"), ("sub/two", b"2")] {
        let client = ScriptedClient::to(address);
        client.ask(format!("\0\x01{name}\0octet\0").as_bytes());
        let (answer, peer) = client.receive();
        assert_eq!(answer, data(1, content));
        client.send(peer, &ack(1));
    }
    server.end_by(Signal::SIGTERM);
    let read = || fs::read_to_string(&log).unwrap();
    assert!(soon(Duration::from_secs(20), || read().contains("SIGTERM")), "{}", read());
    let (log, found) = (read(), ["statx", "openat2", "statx", "read", "close"]);
    assert_eq!(calls(&log, "one")[..5], found, "{log}");
    // As root, the server asks whether all users may enter the directory.
    let entered: &[_] = if geteuid().is_root() { &["openat2", "statx"] } else { &["openat2"] };
    assert_eq!(calls(&log, "sub")[..entered.len() + 5], [entered, &found].concat(), "{log}");
}
