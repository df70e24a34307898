//! What has arrived is read before the network's reports and the timers are believed: a whole file, or the reason of the
//! server, may be there while the program sleeps.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use support::{Port, Process, ack, data, eventually};
use tempfile::tempdir;

/// Stops the process until `meanwhile` is over.
fn asleep(process: &Process, meanwhile: impl FnOnce()) {
    process.signal(Signal::SIGSTOP);
    if cfg!(target_os = "linux") {
        let state = format!("/proc/{}/stat", process.id());
        eventually("it stops", || fs::read_to_string(&state).unwrap().contains(") T "));
    }
    meanwhile();
    process.signal(Signal::SIGCONT);
}

fn start(directory: &std::path::Path, server: &Port, words: &[&str]) -> Process {
    let number = server.number().to_string();
    Process::start(directory, &[&["--no-options", "127.0.0.1", &number], words].concat())
}

#[test]
fn a_file_is_complete_though_its_server_closed_its_port_before_it_was_read() {
    let (directory, server) = (tempdir().unwrap(), Port::open());
    let mut get = start(directory.path(), &server, &["get", "f"]);
    let (_, client) = server.receive();
    let answers = server.beside();
    asleep(&get, || {
        for block in 1..=3 {
            answers.send(client, &data(block, &[7; 512]));
        }
        answers.send(client, &data(4, b"end"));
        // Our ACKs find no socket there.
        drop((server, answers));
    });
    assert_eq!(get.wait().code(), Some(0), "{}", get.errors());
    assert_eq!(fs::read(directory.path().join("f")).unwrap().len(), 3 * 512 + 3);
}

#[test]
fn the_reason_of_a_server_that_closes_its_port_is_reported() {
    let (directory, server) = (tempdir().unwrap(), Port::open());
    fs::write(directory.path().join("f"), [7; 2000]).unwrap();
    let mut put = start(directory.path(), &server, &["put", "f"]);
    let (_, client) = server.receive();
    let answers = server.beside();
    asleep(&put, || {
        // It repeats itself, so that the program sends once more before it reads the reason.
        answers.send(client, &ack(0));
        answers.send(client, b"\0\x05\0\x03the disk is full\0");
        drop((server, answers));
    });
    assert_eq!(put.wait().code(), Some(13));
    assert!(put.errors().contains("the disk is full"));
}

#[test]
fn a_process_that_slept_longer_than_its_timeout_reads_before_it_gives_up() {
    let (directory, server) = (tempdir().unwrap(), Port::open());
    let mut get = start(directory.path(), &server, &["-t", "0.3", "get", "f"]);
    let (_, client) = server.receive();
    let answers = server.beside();
    answers.send(client, &data(1, &[7; 512]));
    answers.receive();
    asleep(&get, || {
        // These are no progress, and come first.
        for _ in 0..20 {
            answers.send(client, &data(1, &[7; 512]));
        }
        answers.send(client, &data(2, b"end"));
        thread::sleep(Duration::from_millis(600));
    });
    assert_eq!(get.wait().code(), Some(0), "{}", get.errors());
    assert_eq!(fs::read(directory.path().join("f")).unwrap().len(), 512 + 3);
}
