//! What the options of `tftp serve` do, as its first line, its log and its clients see it.
#![allow(clippy::unwrap_used, reason = "a helper that cannot go on fails its test")]

mod support;

use std::fs;
use std::net::{IpAddr, UdpSocket};

use nix::sys::signal::Signal;
use serde_json::Value;
use support::{Process, Ran, ScriptedClient, data, directory_with, error_of, eventually, limited, run, served_at};
use tftpsh::ErrorCode;

/// Runs `tftp serve` with these arguments until it ends by itself.
fn refused(args: &[&str]) -> Ran {
    let directory = directory_with(&[("fw.bin", b"firmware")]);
    run(directory.path(), &[&["serve"], args].concat(), b"")
}

#[test]
fn the_default_port_is_69_or_6969_where_that_needs_privileges() {
    let directory = directory_with(&[]);
    let mut server = Process::start(directory.path(), &["serve", "."]);
    let line = server.line();
    match served_at(&line).map(|address| address.port()) {
        Some(69) => assert!(!line.contains("privileges"), "{line}"),
        Some(6969) => assert!(line.contains("(port 69 needs privileges; this computer only"), "{line}"),
        Some(port) => panic!("{port}: {line}"),
        // Another server of this computer has the port.
        None => {
            let errors = server.errors();
            let advice = "69: Address already in use (another program has this port; choose one: --port PORT)\n";
            assert!(errors.ends_with(advice), "{errors}");
        }
    }
}

#[test]
fn without_an_address_only_this_computer_is_served_and_the_first_line_says_so() {
    let directory = directory_with(&[]);
    let line = Process::start(directory.path(), &["serve", ".", "-p", "0"]).line();
    assert!(line.starts_with("Serving . at 127.0.0.1:"), "{line}");
    assert!(line.ends_with(" (this computer only; for others: -H 0.0.0.0).\n"), "{line}");
}

#[test]
fn each_address_that_is_named_is_served_and_no_other() {
    let directory = directory_with(&[("fw.bin", b"firmware")]);
    let mut server =
        Process::start(directory.path(), &["serve", ".", "-H", "127.0.0.3", "-p", "0", "--host=127.0.0.2"]);
    let line = server.line();
    let port = served_at(&line).unwrap().port();
    assert_eq!(
        line,
        format!("Serving . at 127.0.0.3:{port} and 127.0.0.2:{port} (this computer only; for others: -H 0.0.0.0).\n")
    );
    let client = directory_with(&[]);
    let get = |host: &str| run(client.path(), &[host, &port.to_string(), "get", "fw.bin"], b"").status;
    assert_eq!((get("127.0.0.2"), get("127.0.0.3"), get("127.0.0.1")), (0, 0, 4));
    let any = Process::start(directory.path(), &["serve", ".", "-H", "0.0.0.0", "-p", "0"]).line();
    // The addresses of this computer follow, if it has any.
    let addresses = any.split_once("(others reach it at ").map_or("", |(_, rest)| rest.trim_end_matches(").\n"));
    for address in addresses.split(", ").filter(|address| !address.is_empty()) {
        assert!(!address.parse::<IpAddr>().unwrap().is_loopback(), "{any}");
    }
    assert!(!any.contains("this computer only"), "{any}");
}

#[test]
fn an_address_that_cannot_be_bound_is_named_with_the_next_step() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let ran = refused(&[".", "-p", &taken.port().to_string()]);
    let expected = format!(
        "tftp: serve: {taken}: Address already in use (another program has this port; choose one: --port PORT)\n"
    );
    assert_eq!((ran.status, ran.stderr.as_str()), (1, expected.as_str()));
    let ran = refused(&[".", "-p", "0", "-H", "127.0.0.1", "-H", "192.0.2.77"]);
    assert!(ran.stderr.contains("tftp: serve: 192.0.2.77:"), "the one that failed: {}", ran.stderr);
    assert!(ran.stderr.ends_with(" (-H takes an address of this computer, or 0.0.0.0 for all)\n"), "{}", ran.stderr);
}

#[test]
fn limits_hold_and_names_of_windows_are_understood() {
    let directory = directory_with(&[("fw.bin", &[7; 3000])]);
    let options = ["--max-blksize", "600", "--max-windowsize=2", "--max-size", "1K", "--windows-names", "--json"];
    let mut server = Process::start(directory.path(), &[&["serve", ".", "-p0"][..], &options].concat());
    let listening: Value = serde_json::from_str(&server.line()).unwrap();
    let address: std::net::SocketAddr = listening["addresses"][0].as_str().unwrap().parse().unwrap();
    let (client, port) = (directory_with(&[("big", &[1; 1025])]), address.port().to_string());
    let ran = run(client.path(), &["-w", "8", "127.0.0.1", &port, "get", r"\FW.BIN", "new.bin"], b"");
    assert_eq!((ran.status, fs::read(client.path().join("new.bin")).unwrap()), (0, vec![7; 3000]), "{}", ran.stderr);
    let request: Value = serde_json::from_str(&server.line()).unwrap();
    assert_eq!((&request["options"]["blksize"], &request["options"]["windowsize"]), (&600.into(), &2.into()));
    let ran = run(client.path(), &["127.0.0.1", &port, "put", "big"], b"");
    assert_eq!(ran.status, 13, "disk full: {}", ran.stderr);
}

#[test]
fn a_quiet_server_prints_errors_only() {
    let directory = directory_with(&[]);
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let mut server = Process::start(directory.path(), &["serve", ".", "-q", "--port", &port]);
    let asks = || run(directory.path(), &["127.0.0.1", &port, "get", "nosuch"], b"").status == 11;
    eventually("the server answers", asks);
    assert_eq!(server.end_by(Signal::SIGTERM), Some(0));
    assert_eq!(server.line(), "");
    let errors = server.errors();
    assert!(errors.lines().all(|line| line.contains("runs as root")), "{errors}");
    let ran = refused(&["nosuch", "-q"]);
    assert_eq!((ran.status, ran.stderr.as_str()), (1, "tftp: serve: nosuch: No such file or directory\n"));
}

#[test]
fn a_trace_that_cannot_be_written_is_reported_while_the_server_runs() {
    let directory = directory_with(&[("fw.bin", b"firmware")]);
    // Its standard error is the pipe.
    let options = "serve . --port 0 --trace=explain=/dev/full 2>&1";
    let mut server = Process::spawn(&mut limited(":", directory.path(), options));
    let mut lines = std::iter::from_fn(|| Some(server.line()).filter(|line| !line.is_empty()));
    let address = lines.find_map(|line| served_at(&line)).unwrap();
    let client = directory_with(&[]);
    let ran = run(client.path(), &["127.0.0.1", &address.port().to_string(), "get", "fw.bin"], b"");
    assert_eq!(ran.status, 0, "the server continues: {}", ran.stderr);
    let complaint = "tftp: trace: /dev/full: No space left on device; nothing more is written there\n";
    assert!(lines.any(|line| line == complaint));
    server.signal(Signal::SIGTERM);
    assert_eq!(server.wait().code(), Some(1));
    let mut rest = std::iter::from_fn(|| Some(server.line()).filter(|line| !line.is_empty()));
    assert!(!rest.any(|line| line.contains("/dev/full")), "once is enough");
}

#[test]
fn a_server_does_not_know_both_ends() {
    for views in ["--trace=ladder both", "--trace=hex,json both=x.json", "--trace=explain full both"] {
        let ran = refused(&[".", views]);
        let expected = "tftp: --trace: a server knows its own end only; leave out \"both\"\n";
        assert_eq!((ran.status, ran.stderr.as_str()), (2, expected), "{views}");
    }
}

#[test]
fn answers_come_from_the_ports_that_are_named_and_go_to_the_networks_that_are_named() {
    let directory = directory_with(&[("fw.bin", b"firmware")]);
    let answer = |options: &[&str]| {
        let (_server, address) = Process::serve(directory.path(), options);
        let client = ScriptedClient::to(address);
        client.ask(b"\0\x01fw.bin\0octet\0");
        let (datagram, from) = client.receive();
        (datagram, from.port(), address.port())
    };
    let (datagram, from, to) = answer(&["--single-port", "--allow", "127.0.0.1", "--allow", "::1"]);
    assert_eq!((datagram, from), (data(1, b"firmware"), to));
    // Free a moment ago, and in nobody's way if it is not.
    let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (datagram, from, _) = answer(&[&format!("--port-range={free}:{free}")]);
    assert_eq!((datagram, from), (data(1, b"firmware"), free));
    let (datagram, ..) = answer(&["--allow=192.0.2.0/24"]);
    assert_eq!(error_of(&datagram).0, ErrorCode::ACCESS);
}
