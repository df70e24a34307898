//! A bookmark stands wherever a host may, and brings its port, its mode and its block size along.

mod support;

use std::fs;

use support::{feed, program, serve_practice};
use tftpsh::server::Policy;

/// Runs `line`, with `script` on standard input, for a user whose bookmark `sw1` is a practice server that wants text in
/// blocks of 600 bytes; returns the outcome of the last command.
fn outcome(line: &str, script: &str) -> String {
    let home = tempfile::tempdir().expect("a directory");
    let server = serve_practice(Policy::default());
    let config = home.path().join(".config/tftpsh");
    fs::create_dir_all(&config).expect("a directory");
    let port = server.port();
    let bookmark = format!("# the lab\nsw1 127.0.0.1 {port} mode=netascii blksize=600\n");
    fs::write(config.join("hosts"), bookmark).expect("a file");
    fs::write(home.path().join("up.txt"), "one\ntwo\n").expect("a file");
    let mut command = program(home.path());
    command.args(["--json"].into_iter().chain(line.split_whitespace()));
    let output = feed(&mut command, home.path(), script.as_bytes());
    let stdout = String::from_utf8(output.stdout).expect("text");
    let last = stdout.lines().last().unwrap_or_default().to_owned();
    assert!(output.status.success(), "{line}: {last} {}", String::from_utf8_lossy(&output.stderr));
    last
}

fn carries(line: &str, script: &str, bytes: usize) {
    let outcome = outcome(line, script);
    for part in [format!("\"bytes\":{bytes},"), "\"blksize\":600,".to_owned()] {
        assert!(outcome.contains(&part), "{line}{script}: {part} {outcome}");
    }
}

#[test]
fn on_the_command_line() {
    for line in [
        "sw1 get hello.txt",
        "SW1 get hello.txt",
        "sw1 -c get hello.txt",
        "-H sw1 get hello.txt",
        "get hello.txt --host=sw1",
        "get sw1:hello.txt",
        "get sw1:hello.txt copy.txt",
    ] {
        // The one line feed is two bytes on the wire.
        carries(line, "", 14);
    }
    carries("sw1 put up.txt new.txt", "", 10);
    carries("put up.txt sw1:new.txt", "", 10);
}

#[test]
fn in_scripts() {
    for script in ["connect sw1\nget hello.txt\n", "get sw1:hello.txt\n", "-get hello.txt\nget SW1:hello.txt\n"] {
        carries("", script, 14);
    }
    carries("sw1", "put up.txt new.txt\n", 10);
}

#[test]
fn a_uri_says_its_mode_itself() {
    carries("get tftp://sw1/hello.txt", "", 13);
    carries("get tftp://sw1/hello.txt;mode=netascii", "", 14);
}

#[test]
fn what_the_command_line_insists_on_wins() {
    carries("-m octet sw1 get hello.txt", "", 13);
    let outcome = outcome("-b 1000 sw1 get hello.txt", "");
    assert!(outcome.contains("\"blksize\":1000,"), "{outcome}");
}
