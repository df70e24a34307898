//! The forms of the command line, each against a practice server, with their exit statuses.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};

use common::{Peers, Ran, run};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Runs `line` in a folder that holds `up.bin`, and returns what it left there and said.
fn tftp(line: &str) -> (Vec<String>, Ran) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("up.bin"), "up").expect("a file");
    let peers = Peers::new(&[]);
    let line = peers.fill_in(line);
    let args = shlex::split(&line).expect("quotes in pairs");
    let ran = peers.normalise(run(folder.path(), &args, b"", |_| {}));
    let names = fs::read_dir(folder.path()).expect("the folder").map(|entry| entry.expect("entry").file_name());
    let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).filter(|it| it != "up.bin").collect();
    names.sort();
    (names, ran)
}

fn gets_hello(line: &str) {
    let (names, ran) = tftp(line);
    assert_eq!((names, ran.status), (vec!["hello.txt".to_owned()], 0), "{line}: {}{}", ran.stdout, ran.stderr);
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("Received 13 bytes in S seconds\n", ""), "{line}");
}

#[test]
fn host_port_command() {
    gets_hello("127.0.0.1 {port} get hello.txt");
}

#[test]
fn host_option_command() {
    gets_hello("127.0.0.1 -p {port} get hello.txt");
}

#[test]
fn command_with_the_host_before_the_file() {
    gets_hello("-p {port} get 127.0.0.1:hello.txt");
}

#[test]
fn options_behind_the_command() {
    gets_hello("get hello.txt --mode=octet -H 127.0.0.1 --port {port}");
}

#[test]
fn the_form_of_tftp_hpa() {
    gets_hello("-m binary 127.0.0.1 {port} -c get hello.txt");
}

#[test]
fn one_quoted_string_behind_c() {
    gets_hello("127.0.0.1 {port} -c 'get hello.txt'");
}

#[test]
fn an_abbreviation_behind_c() {
    gets_hello("127.0.0.1 {port} -c g hello.txt");
}

#[test]
fn the_form_of_windows() {
    gets_hello("-i -p {port} 127.0.0.1 GET hello.txt");
}

#[test]
fn the_practice_server_serves_one_command_too() {
    let (names, ran) = tftp("--practice get hello.txt");
    assert_eq!((names, ran.status), (vec!["hello.txt".to_owned()], 0), "{}", ran.stderr);
}

#[test]
fn the_students_put() {
    let (_, ran) = tftp("127.0.0.1 -p {port} put up.bin");
    assert_eq!((ran.stdout.as_str(), ran.status), ("Sent 2 bytes in S seconds\n", 0), "{}", ran.stderr);
}

#[test]
fn failures_have_their_status() {
    for (line, stderr, status) in [
        ("gett x", "no command \"gett\"; did you mean \"get\"? (a host named gett: tftp -H gett)", 2),
        ("127.0.0.1 {port} fetch x", "no command \"fetch\"", 2),
        ("127.0.0.1 0 get x", "0: bad port number", 2),
        ("127.0.0.1 -p 0 get x", "0: bad port number", 2),
        ("127.0.0.1 rexmt", "rexmt: usage: rexmt value", 2),
        ("--practice 127.0.0.1", "--practice is a server itself; name no other", 2),
        ("get hello.txt", "get hello.txt: No target machine specified.", 1),
        ("127.0.0.1 {port} put nosuch", "put nosuch: nosuch: No such file or directory", 1),
        ("-f nosuch", "-f: nosuch: No such file or directory", 1),
        ("serve nosuch --port 6969", "serve: nosuch: No such file or directory", 1),
        ("127.0.0.1 {dead} get x", "get x: 127.0.0.1:{dead}: connection refused (no TFTP server there)", 4),
        ("127.0.0.1 {port} get nosuch", "get nosuch: server: File not found (code 1)", 11),
        ("127.0.0.1 {port} put up.bin fw.bin", "put up.bin: server: File already exists (code 6)", 16),
    ] {
        let (_, ran) = tftp(line);
        assert_eq!((ran.stderr.trim_end(), ran.status), (format!("tftp: {stderr}").as_str(), status), "{line}");
    }
}

#[test]
fn silence_has_its_status() {
    let (_, ran) = tftp("127.0.0.1 {silent} get x -t 0.2 --no-options");
    assert_eq!((ran.stdout.as_str(), ran.status), ("Transfer timed out.\n", 3));
}

#[test]
fn a_script_comes_from_a_file_too() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("script"), "get hello.txt\r\nget nosuch\nquit\nget fw.bin\n").expect("a file");
    let ran = run(folder.path(), &["--practice", "-f", "script"], b"get even.bin\n", |_| {});
    assert_eq!(ran.status, 11);
    assert!(ran.stderr.contains("tftp: line 2: get nosuch: server: File not found (code 1)"), "{}", ran.stderr);
    assert!(folder.path().join("hello.txt").exists());
    assert!(!folder.path().join("fw.bin").exists() && !folder.path().join("even.bin").exists());
}

#[test]
fn nobody_reading_is_no_failure() {
    let mut child = start(&["-f", "/dev/stdin"]);
    drop(child.stdout.take());
    let help = "?\n".repeat(10_000);
    // The pipe breaks as soon as the program has left.
    let _ = child.stdin.take().expect("stdin").write_all(help.as_bytes());
    let mut stderr = String::new();
    child.stderr.take().expect("stderr").read_to_string(&mut stderr).expect("text");
    assert_eq!((child.wait().expect("its status").code(), stderr.as_str()), (Some(0), ""));
}

#[test]
fn ctrl_c_ends_a_script_that_waits_for_its_next_line() {
    let mut child = start(&["--practice"]);
    child.stdin.as_mut().expect("stdin").write_all(b"status\n").expect("a line");
    // The answer shows that the line was taken; from then on nothing but input is waited for.
    first_line(&mut child);
    interrupt(&child, Signal::SIGINT);
    assert_eq!(child.wait().expect("its status").code(), Some(130));
}

#[test]
fn ctrl_c_in_a_transfer_ends_the_script_and_leaves_no_file() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let folder = tempfile::tempdir().expect("a folder");
        let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket");
        let port = silent.local_addr().expect("its address").port().to_string();
        let mut child = start_in(folder.path(), &["127.0.0.1", &port]);
        child.stdin.as_mut().expect("stdin").write_all(b"get a\nget b\n").expect("lines");
        // The request shows that the transfer has begun.
        silent.recv_from(&mut [0; 512]).expect("a request");
        interrupt(&child, signal);
        assert_eq!(child.wait().expect("its status").code(), Some(130));
        assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 0);
    }
}

#[test]
fn serve_stays_in_front_until_a_signal() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("served.txt"), "served\n").expect("a file");
    let mut child = start_in(folder.path(), &["serve", ".", "--port", "0"]);
    let line = first_line(&mut child);
    let place = line.strip_prefix("Serving . at 127.0.0.1:").expect("where it serves");
    let port: String = place.chars().take_while(char::is_ascii_digit).collect();
    let other = tempfile::tempdir().expect("a folder");
    let ran = run(other.path(), &["127.0.0.1", &port, "get", "served.txt"], b"", |_| {});
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert_eq!(fs::read_to_string(other.path().join("served.txt")).expect("the file"), "served\n");
    interrupt(&child, Signal::SIGTERM);
    assert_eq!(child.wait().expect("its status").code(), Some(0));
}

fn start(args: &[&str]) -> Child {
    start_in(&std::env::temp_dir(), args)
}

fn start_in(folder: &std::path::Path, args: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tftp"));
    command.args(args).current_dir(folder).env("NO_COLOR", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program")
}

fn first_line(child: &mut Child) -> String {
    let mut line = String::new();
    // The reader may take more than the line, but none of these tests reads on.
    BufReader::new(child.stdout.as_mut().expect("stdout")).read_line(&mut line).expect("a line");
    line
}

fn interrupt(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).expect("a process id")), signal).expect("a signal");
}
