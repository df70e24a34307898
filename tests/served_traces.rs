//! What `tftp serve --trace` shows: the server's own end, on the screen and in files, with transfers kept apart.

mod support;

use std::fs;
use std::path::Path;

use nix::sys::signal::Signal;
use support::{Client, NOWHERE, Port, Process, ack, data, objects, packets, program, served_at};
use tftpsh::event::Observers;

/// Starts a server of a directory with `a` (3 bytes) and `b` (600 bytes).
fn serve(directory: &Path, trace: &str) -> (Process, std::net::SocketAddr) {
    fs::write(directory.join("a"), "abc").expect("a file");
    fs::write(directory.join("b"), [b'b'; 600]).expect("a file");
    let mut command = program(NOWHERE);
    command.args(["serve", ".", "--port", "0", trace]).env("LC_ALL", "C").current_dir(directory);
    let mut server = Process::spawn(&mut command);
    let address = served_at(&server.line()).expect("where it serves");
    (server, address)
}

/// The lines up to the one with which the log ends a transfer.
fn lines_of(server: &mut Process, file: &str) -> Vec<String> {
    let end = format!(" get {file}: ");
    let mut lines = Vec::new();
    loop {
        let line = server.line();
        assert!(!line.is_empty(), "{lines:?}");
        let is_end = line.contains(&end);
        lines.push(line.trim_end().to_owned());
        if is_end {
            return lines;
        }
    }
}

#[test]
fn a_server_traces_its_own_end_on_the_screen_and_in_files() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut server, address) = serve(directory.path(), "--trace=ladder,json=x.json,pcap=x.pcapng");
    let mut client = Client::to(address);
    assert_eq!(client.get_bytes("a", &mut Observers::none()).expect("the file").1, b"abc");
    let lines = lines_of(&mut server, "a");
    assert!(lines.first().is_some_and(|title| title.ends_with(" get a:")), "{lines:#?}");
    let arrows = lines.iter().filter(|line| line.contains(" |")).map(|line| line[10..].trim_end().to_owned());
    let arrows: Vec<_> = arrows.collect();
    assert!(arrows[0].starts_with("|-- RRQ a octet"), "from client to server: {lines:#?}");
    assert!(arrows.iter().any(|arrow| arrow.starts_with("|<-") && arrow.contains("DATA 1  3 B --|")), "{lines:#?}");
    assert!(arrows.last().is_some_and(|arrow| arrow.starts_with("|-- ACK 1 --")), "{lines:#?}");
    assert!(client.get_nothing("nosuch").is_err());
    assert_eq!(server.end_by(Signal::SIGINT), Some(0));

    let json = fs::read_to_string(directory.path().join("x.json")).expect("a trace");
    let records = objects(&json);
    assert!(records.iter().all(|record| record["side"] == "server"), "{json}");
    let ends: Vec<_> = records.iter().filter(|record| record["ev"] == "end").collect();
    assert_eq!(ends.iter().map(|end| end["xfer"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(2)]);
    let sent = records.iter().filter(|record| record["ev"] == "packet").count();
    let capture = fs::read(directory.path().join("x.pcapng")).expect("a capture");
    assert_eq!(packets(&capture[..]).count(), sent, "the capture has the same packets");
}

#[test]
fn transfers_of_a_server_at_the_same_time_are_kept_apart() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut server, address) = serve(directory.path(), "--trace");
    let [first, second] = [Port::open(), Port::open()];
    let request = b"\0\x01b\0octet\0";
    first.send(address, request);
    let (block, first_tid) = first.receive_patiently();
    assert_eq!(block, data(1, &[b'b'; 512]));
    second.send(address, b"\0\x01a\0octet\0");
    let (block, second_tid) = second.receive_patiently();
    assert_eq!(block, data(1, b"abc"));
    second.send(second_tid, &ack(1));
    let title = |port: &Port, file: &str| format!("{} get {file}:", port.address());
    let is_packet = |line: &&String| line.starts_with("sent ") || line.starts_with("received ");
    let lines = lines_of(&mut server, "a");
    let place = lines.iter().position(|line| *line == title(&second, "a")).expect("the title of the second");
    let of_second: Vec<_> = lines[place..].iter().filter(is_packet).collect();
    assert_eq!(of_second.len(), 3, "all packets of a transfer together: {lines:#?}");
    assert_eq!(lines[..place].iter().filter(is_packet).count(), 2, "{lines:#?}");

    first.send(first_tid, &ack(1));
    assert_eq!(first.receive_patiently().0, data(2, &[b'b'; 88]));
    first.send(first_tid, &ack(2));
    let lines = lines_of(&mut server, "b");
    assert_eq!(lines.iter().filter(|line| **line == title(&first, "b")).count(), 1, "{lines:#?}");
    assert_eq!(lines.iter().filter(is_packet).count(), 3, "{lines:#?}");
    assert_eq!(server.end_by(Signal::SIGINT), Some(0));
}

#[test]
fn a_trace_that_the_server_cannot_write_does_not_end_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let (mut server, address) = serve(directory.path(), "--trace=json=/dev/full");
    for _ in 0..2 {
        let (_, bytes) = Client::to(address).get_bytes("a", &mut Observers::none()).expect("the file");
        assert_eq!(bytes, b"abc");
    }
    lines_of(&mut server, "a");
    assert_eq!(server.end_by(Signal::SIGINT), Some(1), "the trace failed, and the server served");
}

#[test]
fn a_reader_who_does_not_read_the_trace_does_not_stop_the_server() {
    const GETS: usize = 200;
    let directory = tempfile::tempdir().expect("a directory");
    for trace in ["--trace", "--trace=explain"] {
        let (mut server, address) = serve(directory.path(), trace);
        // Far more than a pipe holds.
        for _ in 0..GETS {
            let (_, bytes) = Client::to(address).get_bytes("b", &mut Observers::none()).expect("the file");
            assert_eq!(bytes.len(), 600);
        }
        // Lines are whole, and come as soon as somebody reads.
        (0..GETS).for_each(|_| _ = lines_of(&mut server, "b"));
        assert_eq!(server.end_by(Signal::SIGTERM), Some(0), "{trace}");
    }
}
