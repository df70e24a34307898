//! How often a failure is reported: once on each terminal, and once to each reader of a stream.

use std::fs;
use std::process::Command;

use crate::person::{CTRL_D, Person, at, home};
use crate::support::at_home;

/// The two lines about a file that the practice server does not have.
const BSD: &str = "Error code 1: File not found";
const PLAIN: &str = "server: File not found (code 1)";

#[test]
fn the_prompt_reports_a_failure_once_in_the_words_of_bsd_with_the_file() {
    let mut person = Person::begin(home(), &["--practice"]);
    let shown = person.says("get nosuch", "Error code 1: File not found (nosuch)");
    assert!(!shown.contains(PLAIN), "{shown}");
    let shown = person.says("get hello.txt nosuch fw.bin", "Error code 1: File not found (nosuch)");
    assert!(shown.contains("Received 13 bytes in 0.0 seconds (hello.txt)"), "{shown}");
    let shown = person.says("put missing.a missing.b there", "tftp: put missing.a: missing.a: No such file");
    assert!(shown.contains("tftp: put missing.b: missing.b: No such file"), "{shown}");
}

#[test]
fn the_classic_prompt_names_no_file_and_gives_no_advice() {
    let mut person = Person::begin(home(), &["--practice", "--classic"]);
    let shown = person.says("get nosuch", BSD);
    assert!(!shown.contains("nosuch)") && !shown.contains(PLAIN), "{shown}");
    let shown = person.says("ls", "?Invalid command") + &person.says("rexmt 0", "0: bad value");
    assert!(!shown.contains("TFTP cannot") && !shown.contains("auto"), "{shown}");
}

#[test]
fn one_command_reports_its_failure_once_in_plain_words() {
    let home = home();
    let command = at(home.path(), &["--practice", "get", "nosuch"]);
    let (status, shown) = Person::meets(home, command, true).leaves();
    assert_eq!(status, 11);
    assert!(shown.contains("tftp: get nosuch: server: File not found (code 1)\r\n"), "{shown}");
    assert!(!shown.contains(BSD), "{shown}");
}

#[test]
fn one_command_without_a_server_says_how_to_name_one() {
    let home = home();
    let command = at(home.path(), &["get", "f"]);
    let (_, shown) = Person::meets(home, command, true).leaves();
    let expected =
        "tftp: get f: No target machine specified.\r\ntftp: use tftp HOST get FILE, or tftp get HOST:FILE\r\n";
    assert_eq!(shown, expected);
}

/// Runs `tftp ARGS >out` on a terminal, with this line typed if there is one.
fn with_stdout_in_a_file(args: &str, line: Option<&str>) -> (String, String) {
    let home = home();
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("exec '{}' {args} >out", env!("CARGO_BIN_EXE_tftp")));
    at_home(&mut command, &home).env("TERM", "xterm").current_dir(home.path());
    let mut person = Person::meets(home, command, true);
    let mut shown = String::new();
    if let Some(line) = line {
        person.sees("tftp> ");
        shown = person.says(line, "");
        person.types(CTRL_D);
    }
    shown += &person.leaves().1;
    (shown, fs::read_to_string(person.home.path().join("out")).expect("the output"))
}

#[test]
fn each_of_two_readers_gets_a_line() {
    for (args, line) in [("--practice get nosuch", None), ("--practice", Some("get nosuch"))] {
        let (shown, out) = with_stdout_in_a_file(args, line);
        assert!(shown.contains(PLAIN) && !shown.contains(BSD), "{args}: {shown}");
        assert!(out.starts_with(BSD), "{args}: {out}");
    }
}

#[test]
fn a_file_for_standard_output_leaves_one_stream_and_one_line() {
    let (shown, out) = with_stdout_in_a_file("--practice get nosuch -", None);
    assert!(shown.contains(PLAIN) && !shown.contains(BSD), "{shown}");
    assert_eq!(out, "");
}

#[test]
fn without_a_server_one_line_says_so_and_one_what_to_do() {
    let mut person = Person::begin(home(), &[]);
    let shown = person.says("get a b c", "connect HOST, or get HOST:FILE");
    assert_eq!(shown.matches("No target machine specified.").count(), 1, "{shown}");
    person.says("put a", "connect HOST, or put FILE HOST:NAME");
}
