//! Terminals of which little is asked, and how they are given back.

use std::fs;
use std::process::Command;

use rexpect::process::Signal;

use crate::person::{CTRL_C, CTRL_D, Person, at, home};
use crate::support::{Port, at_home};

/// Plays a session and returns every byte that the terminal was told.
fn played(args: &[&str], term: &str) -> String {
    let home = home();
    fs::write(home.path().join("five.bin"), vec![7; 5_000_000]).expect("a file");
    let mut command = at(home.path(), args);
    command.env("TERM", term).env_remove("NO_COLOR");
    let mut person = Person::meets(home, command, false);
    let mut shown = person.sees("tftp> ");
    for (line, answer) in [
        ("put five.bin", "Sent 5000000 bytes"),
        ("fault delay 10 sent ack", "Fault rule 1"),
        ("get five.bin", "Received 5000000 bytes"),
        ("gett x", "Did you mean \"get\"?"),
        ("get nosuch", "Error code 1: File not found"),
    ] {
        shown += &person.says(line, answer);
    }
    person.types("rexmt\r");
    shown += &person.sees("(value) ");
    person.types("5\r");
    shown += &person.sees("tftp> ");
    person.types(CTRL_D);
    let (status, rest) = person.leaves();
    assert_eq!(status, 0);
    shown + &rest
}

/// Lines alone: no escape, nothing drawn over.
fn is_plain(shown: &str) -> bool {
    !shown.contains('\x1b') && !shown.replace("\r\n", "\n").contains('\r')
}

#[test]
fn plain_and_dumb_terminals_get_lines_alone() {
    for (args, term) in [(["--practice", "--plain"].as_slice(), "xterm"), (&["--practice"], "dumb")] {
        let shown = played(args, term);
        assert!(is_plain(&shown), "{shown:?}");
        assert!(shown.contains("five.bin"), "progress in words: {shown:?}");
    }
}

#[test]
fn colour_is_for_those_who_want_it() {
    for (args, no_color, coloured) in [
        (["--practice"].as_slice(), false, true),
        (&["--practice"], true, false),
        (&["--practice", "--color", "never"], false, false),
        (&["--practice", "--color", "always"], true, true),
        (&["--practice", "--color", "always", "--plain"], false, false),
    ] {
        let home = home();
        let mut command = at(home.path(), args);
        if !no_color {
            command.env_remove("NO_COLOR");
        }
        let mut person = Person::meets(home, command, false);
        let prompt = person.sees("tftp> ");
        let answer = person.says("get nosuch", "Error code 1");
        assert_eq!(prompt.ends_with("32m"), coloured, "{args:?} {prompt:?}");
        assert_eq!(answer.contains("31m"), coloured, "{args:?} {answer:?}");
    }
}

#[test]
fn a_plain_prompt_knows_ctrl_c_too() {
    let mut person = Person::begin(home(), &["--plain"]);
    person.types("get what");
    person.types(CTRL_C);
    person.sees("tftp> ");
    person.says("mode", "Using octet mode");
    person.types("connect\r");
    person.sees("(to) ");
    person.types(CTRL_C);
    let answer = person.sees("tftp> ");
    assert!(!answer.contains("usage"), "{answer}");
    person.types(CTRL_C);
    assert_eq!(person.ends().0, 130);
}

#[test]
fn a_plain_prompt_takes_what_is_no_text() {
    let mut person = Person::begin(home(), &["--plain"]);
    person.says("mode grün", "grün: unknown mode");
    person.types_bytes(b"mode \xff\r");
    person.sees("\\xff: unknown mode");
    person.sees("tftp> ");
    let server = Port::open();
    let port = server.number().to_string();
    person.says(&format!("connect 127.0.0.1 {port}"), "");
    person.types("get fw.bin\r");
    server.receive();
    person.types(CTRL_C);
    person.sees("tftp: interrupted");
    person.sees("tftp> ");
    person.says("mode", "Using octet mode");
}

#[test]
fn a_signal_at_the_prompt_gives_the_terminal_back() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        for (args, raw) in [([].as_slice(), true), (&["--plain"], false)] {
            let mut person = Person::begin(home(), args);
            person.types("get xy");
            assert_eq!(person.is_raw(), raw);
            person.is_sent(signal);
            assert_eq!(person.leaves().0, 130, "{signal} {args:?}");
            assert!(!person.is_raw(), "{signal} {args:?}");
        }
    }
}

#[test]
fn a_signal_at_a_question_ends_the_shell_and_sigint_only_the_line() {
    let mut person = Person::begin(home(), &[]);
    person.types("connect\r");
    person.sees("(to) ");
    person.is_sent(Signal::SIGINT);
    person.sees("tftp> ");
    person.types("get\r");
    person.sees("(files) ");
    person.is_sent(Signal::SIGTERM);
    assert_eq!(person.leaves().0, 130);
    assert!(!person.is_raw());
}

#[test]
fn what_is_no_text_is_dropped_by_the_editor_and_told() {
    let mut person = Person::begin(home(), &[]);
    for _ in 0..3 {
        person.types_bytes(b"get \xff\r");
        person.sees("not valid UTF-8");
        person.sees(r"write $'\xff' for a byte");
        person.sees("tftp> ");
    }
    person.says("mode", "Using octet mode");
}

#[test]
fn where_only_the_answers_go_elsewhere_the_prompt_stays_on_the_terminal() {
    let home = home();
    let mut command = Command::new("sh");
    command.arg("-c").arg(format!("exec '{}' >answers", env!("CARGO_BIN_EXE_tftp")));
    at_home(&mut command, &home).env("TERM", "xterm").current_dir(home.path());
    let mut person = Person::meets(home, command, false);
    person.sees("tftp> ");
    let shown = person.says("mode", "");
    assert!(!shown.contains("Using"), "{shown}");
    person.types(CTRL_D);
    let (status, home) = person.ends();
    assert_eq!(status, 0);
    assert_eq!(
        fs::read_to_string(home.path().join("answers")).expect("the answers"),
        "Using octet mode to transfer files.\n"
    );
}
