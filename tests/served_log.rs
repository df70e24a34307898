//! The log of `tftp serve`: for people and for programs, and whatever happens to its reader.
#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod support;

use std::net::SocketAddr;
use std::path::Path;

use nix::sys::signal::Signal;
use serde_json::Value;
use support::{Client, NOWHERE, Port, Process, ack, directory_with, limited, program, served_at};
use tftpsh::event::Observers;

/// Starts a server of a directory; where it serves, from its first line.
fn serve(directory: &Path, options: &[&str]) -> (Process, SocketAddr) {
    let mut server = Process::start(directory, &[&["serve", ".", "--port", "0"], options].concat());
    let address = served_at(&server.line()).unwrap();
    (server, address)
}

fn get(address: SocketAddr, name: &str) {
    Client::to(address).get_bytes(name, &mut Observers::none()).unwrap();
}

/// What it printed on its standard error, without the warning that is for root.
fn errors(server: &mut Process) -> String {
    server.errors().split_inclusive('\n').filter(|line| !line.contains("runs as root")).collect()
}

/// The line without its time, which must be one.
fn timeless(line: &str) -> &str {
    let (time, rest) = line.split_at("2026-11-28 21:30:46 ".len());
    let shape: String = time.chars().map(|it| if it.is_ascii_digit() { '0' } else { it }).collect();
    assert_eq!(shape, "0000-00-00 00:00:00 ", "{line}");
    rest
}

#[test]
fn the_log_has_local_time() {
    let directory = directory_with(&[("a", b"abc")]);
    let mut command = program(NOWHERE);
    // Nine and a half hours east of Greenwich, in the words of POSIX.
    command.args(["serve", ".", "--port", "0", "--json"]).env("TZ", "XYZ-9:30").current_dir(directory.path());
    let mut server = Process::spawn(&mut command);
    let listening: Value = serde_json::from_str(&server.line()).unwrap();
    assert_eq!(listening["event"], "listening");
    assert!(listening["time"].as_str().unwrap().ends_with("+09:30"), "{listening}");
}

#[test]
fn with_json_the_log_is_objects_on_standard_output() {
    let directory = directory_with(&[("a", b"abc")]);
    let mut server = Process::start(directory.path(), &["serve", ".", "--port", "0", "--json"]);
    let mut object = || -> Value { serde_json::from_str(&server.line()).unwrap() };
    let listening = object();
    let address = listening["addresses"][0].as_str().unwrap().parse().unwrap();
    get(address, "a");
    let [request, end] = [object(), object()];
    assert_eq!((&request["event"], &end["event"]), (&"request".into(), &"end".into()));
    assert_eq!(request["options"]["tsize"], 3);
    assert_eq!((&end["file"], &end["bytes"], &end["status"]), (&"a".into(), &3.into(), &"ok".into()));
    assert_eq!(request["peer"], end["peer"]);
    assert!(Client::to(address).get_nothing("nosuch").is_err());
    let refused = object();
    assert_eq!(
        (&refused["event"], &refused["file"], &refused["code"]),
        (&"refused".into(), &"nosuch".into(), &1.into())
    );
    assert_eq!(server.end_by(Signal::SIGTERM), Some(0));
    assert!(errors(&mut server).starts_with("Serving . at "), "people read it elsewhere");
}

#[test]
fn a_full_pipe_stops_no_transfer_and_lost_lines_are_counted() {
    // Two lines of more than 200 bytes for each get: the pipe and the memory for lines hold those of 700 gets.
    const GETS: usize = 1_000;
    let name = "n".repeat(200);
    let directory = directory_with(&[(&name, b"abc")]);
    let (mut server, address) = serve(directory.path(), &[]);
    (0..GETS).for_each(|_| get(address, &name));
    let mut lines = 0;
    let lost = loop {
        let line = server.line();
        match timeless(&line).strip_prefix("... and ") {
            Some(lost) => break lost.trim_end().strip_suffix(" lines lost").map(|it| it.parse::<usize>().unwrap()),
            None => lines += 1,
        }
    };
    assert_eq!(lost.map(|lost| lines + lost), Some(2 * GETS));
    get(address, &name);
    assert!(timeless(&server.line()).contains(&name));
    assert_eq!(server.end_by(Signal::SIGTERM), Some(0));
}

#[test]
fn a_server_whose_log_reader_goes_away_says_so_once_and_continues() {
    let directory = directory_with(&[("a", b"abc")]);
    let (mut server, address) = serve(directory.path(), &[]);
    server.close_output();
    for _ in 0..3 {
        get(address, "a");
        assert!(Client::to(address).get_nothing("nosuch").is_err());
    }
    assert_eq!(server.end_by(Signal::SIGTERM), Some(0));
    assert_eq!(errors(&mut server), "tftp: nobody reads the log any more; the server continues\n");
}

#[test]
fn a_server_whose_log_cannot_be_written_says_so_once_and_continues() {
    let directory = directory_with(&[("a", b"abc")]);
    // Its standard error is the pipe.
    let mut server =
        Process::spawn(&mut limited("exec 3>&1", directory.path(), "serve . --port 0 --json >/dev/full 2>&3"));
    let address = std::iter::repeat_with(|| server.line()).find_map(|line| served_at(&line)).unwrap();
    (0..3).for_each(|_| get(address, "a"));
    server.signal(Signal::SIGTERM);
    let complaint = "tftp: the log is incomplete, and the server continues: No space left on device\n";
    assert_eq!([server.line(), server.line()], [complaint, ""]);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_server_whose_first_line_cannot_be_written_serves_all_the_same() {
    let directory = directory_with(&[("a", b"abc")]);
    // Nothing says where it serves: this port was free a moment ago.
    let address = Port::open().address();
    let arguments = format!("serve . --port {} >/dev/full 2>&3", address.port());
    let mut server = Process::spawn(&mut limited("exec 3>&1", directory.path(), &arguments));
    while Client::to(address).get_bytes("a", &mut Observers::none()).is_err() {
        assert!(server.is_running(), "it ended");
    }
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn every_request_of_a_flood_is_counted_though_few_are_answered() {
    const REQUESTS: u64 = 120;
    let directory = directory_with(&[("a", b"abc")]);
    let mut server =
        Process::start(directory.path(), &["serve", ".", "--port", "0", "--json", "--allow", "192.0.2.0/24"]);
    let listening: Value = serde_json::from_str(&server.line()).unwrap();
    let (address, forger) = (listening["addresses"][0].as_str().unwrap().parse().unwrap(), Port::open());
    (0..REQUESTS).for_each(|_| forger.send(address, b"\0\x01a\0octet\0"));
    let mut counted = 0;
    while counted < REQUESTS {
        let refused: Value = serde_json::from_str(&server.line()).unwrap();
        assert_eq!(refused["event"], "refused");
        counted += refused["count"].as_u64().unwrap_or(1);
    }
    server.signal(Signal::SIGUSR1);
    let status: Value = serde_json::from_str(&server.line()).unwrap();
    assert_eq!(status["server"]["refused"], REQUESTS);
    assert_eq!(server.end_by(Signal::SIGTERM), Some(0));
}

#[test]
fn a_signal_asks_for_the_status() {
    let directory = directory_with(&[("f", &[7; 2000])]);
    for json in [false, true] {
        let options: &[&str] = if json { &["--json"] } else { &[] };
        let mut server = Process::start(directory.path(), &[&["serve", ".", "--port", "0"], options].concat());
        let first = server.line();
        let address = first.split([' ', '"']).find_map(|word| word.parse().ok()).unwrap();
        let client = Port::open();
        client.send(address, b"\0\x01f\0octet\0");
        let (_, tid) = client.receive_patiently();
        client.send(tid, &ack(1));
        client.receive_patiently();
        assert!(server.line().contains(&client.address().to_string()), "the request");
        server.signal(Signal::SIGUSR1);
        if json {
            let status: Value = serde_json::from_str(&server.line()).unwrap();
            let (event, server) = (&status["event"], &status["server"]);
            assert_eq!((event, &server["running"], &server["refused"]), (&"status".into(), &1.into(), &0.into()));
            let transfer = &server["transfers"][0];
            assert_eq!((&transfer["bytes"], &transfer["size"]), (&512.into(), &2000.into()));
        } else {
            let line = server.line();
            assert!(line.ends_with(": 1 transfer, 0 finished, 0 failed, 0 refused\n"), "{line}");
            let line = server.line();
            assert!(timeless(&line).starts_with(&format!("{} get f: 25%, ", client.address())), "{line}");
        }
        assert_eq!(server.end_by(Signal::SIGTERM), Some(0));
    }
}
