//! Lines, questions, Ctrl-C and Ctrl-D.

use crate::person::{CTRL_C, CTRL_D, CTRL_L, Person, UP, at, home};

#[test]
fn missing_arguments_are_asked_for() {
    let mut person = Person::begin(home(), &["--practice"]);
    person.types("get\r");
    person.sees("(files) ");
    person.types("hello.txt\r");
    person.sees("Received 13 bytes");
    for (command, question) in [("connect", "(to) "), ("put", "(file) "), ("rexmt", "(value) ")] {
        person.types(command);
        person.types("\r");
        person.sees(question);
        person.types("\r");
        person.sees("usage: ");
    }
}

#[test]
fn a_slip_and_a_prefix_of_many_are_answered_with_names() {
    let mut person = Person::begin(home(), &[]);
    person.says("gett x", "?Invalid command\r\nDid you mean \"get\"?");
    person.says("t", "?Ambiguous command\r\nIt may be tsize, trace, timeout, tout.");
}

#[test]
fn a_bad_value_is_followed_by_what_it_must_be() {
    let mut person = Person::begin(home(), &[]);
    person.says("blksize 7", "7: bad value\r\nblksize must be 8 to 65464 bytes, or auto");
    person.says("options x", "x: bad value\r\noptions must be auto, on or off");
}

/// What the program shows before its first prompt.
fn greeting(args: &[&str]) -> String {
    let home = home();
    let command = at(home.path(), args);
    Person::meets(home, command, true).sees("tftp> ")
}

#[test]
fn a_greeting_says_what_to_do_first() {
    let newcomer = "Not connected. \"connect HOST\" to begin, \"?\" for help, \"lesson\" to learn.\r\n";
    assert!(greeting(&[]).starts_with(newcomer), "{}", greeting(&[]));
    assert!(greeting(&["127.0.0.1"]).starts_with("Connected to 127.0.0.1. \"?\" for help.\r\n"));
    for args in [&["--classic"][..], &["-q"], &["--classic", "127.0.0.1"]] {
        let shown = greeting(args);
        assert!(!shown.contains("onnected"), "{args:?}: {shown}");
    }
}

#[test]
fn help_tells_of_commands_and_topics() {
    let mut person = Person::begin(home(), &[]);
    let shown = person.says("?", "\"help COMMAND\" explains one");
    assert!(shown.contains("connect to remote tftp"), "{shown}");
    let shown = person.says("help", "lists all commands");
    assert!(shown.contains("Files and servers\r\n  connect  put  get"), "{shown}");
    assert!(shown.lines().count() <= 2 + 22, "the line, the answer, the prompt: {shown}");
    person.says("help wireshark", "help trace       pcap FILE: a capture for Wireshark");
    person.says("help pcap", "help trace");
    person.types("help get\r");
    for part in ["receive file", "usage: get file", "examples: get fw.bin", "see also: put"] {
        person.sees(part);
    }
    for (topic, part) in [
        ("options", "windowsize  blocks before each"),
        ("modes", "netascii  text"),
        ("errors", "1  File not found"),
        ("scripts", "\"--json\",\r\neach command"),
        ("uri", "Its\r\nmode is octet"),
        ("faults", "fault drop sent ack 2"),
        ("lessons", "lesson 4 --script"),
        ("prompt", "Tab completes"),
    ] {
        person.says(&format!("help {topic}"), part);
    }
    person.says("help nonsense", "?Invalid help command nonsense");
    person.says("help hos", "It may be host, hosts.");
}

#[test]
fn ctrl_c_at_the_prompt_drops_the_line_and_twice_leaves() {
    let mut person = Person::begin(home(), &[]);
    person.types("get what");
    person.types(CTRL_C);
    person.sees("tftp> ");
    // A line between the two makes them two first ones.
    person.says("mode", "Using octet mode");
    person.types(CTRL_C);
    person.sees("tftp> ");
    person.types(CTRL_C);
    assert_eq!(person.ends().0, 130);
}

#[test]
fn the_first_ctrl_c_at_an_empty_prompt_says_what_the_second_does() {
    let mut person = Person::begin(home(), &[]);
    person.types("get what");
    person.types(CTRL_C);
    let shown = person.sees("tftp> ");
    assert!(!shown.contains("leave"), "the line was dropped: {shown}");
    person.says("mode", "Using octet mode");
    person.types(CTRL_C);
    person.sees("press ^C again to leave\r\n");
    person.sees("tftp> ");
    person.types(CTRL_C);
    assert_eq!(person.ends().0, 130);
}

#[test]
fn up_searches_the_lines_that_begin_as_typed_with_the_cursor_at_the_end() {
    let mut person = Person::begin(home(), &[]);
    for (line, answer) in [("mode netascii", ""), ("literal on", "on."), ("mode octet", ""), ("progress off", "off.")] {
        person.says(line, answer);
    }
    person.types("mo");
    person.types(UP);
    person.sees("mode octet");
    person.types(UP);
    person.sees("mode netascii");
    // The cursor is at the end.
    person.types("x\r");
    person.sees("netasciix: unknown mode");
    person.sees("tftp> ");
    person.types(UP);
    person.types(UP);
    person.types("\r");
    person.sees("Progress display off.");
}

#[test]
fn ctrl_d_on_an_empty_line_leaves() {
    let mut person = Person::begin(home(), &[]);
    person.types(CTRL_D);
    assert_eq!(person.ends().0, 0);
}

#[test]
fn a_resized_terminal_keeps_the_line() {
    let mut person = Person::begin(home(), &[]);
    person.stty(&["cols", "80", "rows", "24"]);
    person.types("help errors scripts uri errors scripts modes");
    // Letters come out one by one, a line drawn anew at once.
    person.types(CTRL_L);
    person.sees("scripts modes");
    // Two rows are needed now, so that it is drawn again.
    person.stty(&["cols", "40"]);
    person.sees("scripts modes");
    person.types("\r");
    person.sees("Mail, the third mode");
    person.says("mode", "Using octet mode");
}

#[test]
fn ctrl_c_at_a_question_drops_the_command() {
    let mut person = Person::begin(home(), &[]);
    person.types("connect\r");
    person.sees("(to) ");
    person.types("what");
    person.types(CTRL_C);
    let answer = person.sees("tftp> ");
    assert!(!answer.contains("usage"), "{answer}");
    person.types("rexmt\r");
    person.sees("(value) ");
    person.types(CTRL_D);
    person.sees("usage: rexmt value");
    person.sees("tftp> ");
}

#[test]
fn a_long_line_is_a_line() {
    let mut person = Person::begin(home(), &[]);
    let long = "x".repeat(9000);
    // It is read whole, and the message shows its beginning.
    person.types(&format!("mode {long} end\r"));
    person.sees("usage: mode");
    person.sees("tftp> ");
    person.types(&format!("mode {long}\r"));
    person.sees("xxx...: unknown mode");
    person.sees("tftp> ");
    person.says("mode", "Using octet mode");
}
