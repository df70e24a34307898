//! A person in front of a transfer.

use std::fs;
use std::thread;
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::person::{CTRL_C, CTRL_D, Person, home};
use crate::support::{Port, data, eventually, names};

#[test]
fn ctrl_c_in_a_transfer_ends_it_and_keeps_the_shell() {
    let server = Port::open();
    let port = server.number().to_string();
    let mut person = Person::begin(home(), &["127.0.0.1", &port, "--trace"]);
    person.types("get fw.bin\r");
    person.sees("sent RRQ <");
    person.types(CTRL_C);
    person.sees("tftp: interrupted");
    person.sees("tftp> ");
    assert_eq!(names(person.home.path()), [".local"], "nothing of the file");
    person.says("mode", "Using octet mode");
    person.types(CTRL_D);
    assert_eq!(person.ends().0, 0);
    drop(server);
}

#[test]
fn ctrl_c_ends_whatever_waits_and_keeps_the_shell() {
    for plain in [&["--practice"][..], &["--practice", "--plain"]] {
        let mut person = Person::begin(home(), plain);
        mkfifo(&person.home.path().join("fifo"), Mode::S_IRWXU).expect("a FIFO");
        for command in ["get hello.txt fifo", "put fifo copy", "sha256 fifo", "source fifo", "repeat 2 every 1000 lpwd"]
        {
            person.types(&format!("{command}\r"));
            // The terminal is in its own mode while a command runs, so that Ctrl-C is a signal.
            eventually(command, || !person.is_raw());
            thread::sleep(Duration::from_millis(50));
            person.types(CTRL_C);
            person.sees("tftp> ");
        }
        person.says("mode", "Using octet mode");
        person.types(CTRL_D);
        assert_eq!(person.ends().0, 0);
    }
}

#[test]
fn lines_typed_during_a_transfer_are_carried_out_after_it() {
    let server = Port::open();
    let port = server.number().to_string();
    let mut person = Person::begin(home(), &["127.0.0.1", &port, "--no-options"]);
    person.types("get fw.bin\r");
    let (_, client) = server.receive();
    // What is typed now shows at once, so that it can be waited for.
    person.stty(&["echo"]);
    person.types("mode\rverbose on\rput nosuch");
    person.sees("put nosuch");
    server.send(client, &data(1, b"x"));
    for answer in ["Received 1 bytes", "Using octet mode", "Verbose mode on.", "put nosuch"] {
        person.sees(answer);
    }
    person.types(".bin\r");
    person.sees("nosuch.bin: No such file");
}

#[test]
fn five_megabytes_come_with_progress_and_a_summary() {
    let home = home();
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|index| (index % 251) as u8).collect();
    fs::write(home.path().join("five.bin"), &bytes).expect("a file");
    let mut person = Person::begin(home, &["--practice"]);
    person.stty(&["cols", "100", "rows", "24"]);
    person.says("put five.bin", "Sent 5000000 bytes");
    // Long enough to be worth showing, and not without an end.
    person.says("fault delay 20 sent ack", "Fault rule 1");
    person.types("get five.bin copy.bin\r");
    person.sees("copy.bin  [");
    person.sees("of 5.0 MB");
    person.stty(&["cols", "40"]);
    // The name and the bar give way first.
    person.sees(" s left");
    person.sees("Received 5000000 bytes in ");
    // A slow machine may send an ACK again, which is told between the two.
    for part in ["MB/s, blksize 65464,", "windowsize 1,", "77 blocks,", "rtt "] {
        person.sees(part);
    }
    person.sees("tftp> ");
    assert!(fs::read(person.home.path().join("copy.bin")).expect("the copy") == bytes);
    // Nothing is left of the line that was drawn over.
    person.says("fault off", "");
    person.says("mode", "Using octet mode");
}

#[test]
fn a_narrow_terminal_breaks_no_word() {
    let mut person = Person::begin(home(), &[]);
    person.stty(&["cols", "60", "rows", "24"]);
    person.says("serve", "connected.");
    person.says("serve bug sorcerer", "resends DATA on a duplicate ACK\r\n(against RFC 1123 section 4.2.3.1).");
}

#[test]
fn a_repeated_command_asks_for_its_words_once() {
    let mut person = Person::begin(home(), &["--practice"]);
    person.types("repeat 2 repeat 2 get\r");
    person.sees("(files) ");
    person.types("hello.txt\r");
    for _ in 0..4 {
        let before = person.sees("Received 13 bytes");
        assert!(!before.contains("(files)"), "{before}");
    }
    person.sees("tftp> ");

    person.types("repeat 3 get\r");
    person.sees("(files) ");
    person.types("\r");
    let shown = person.sees("tftp> ");
    assert_eq!(shown.matches("usage: get file").count(), 1, "{shown}");
    assert!(!shown.contains("(files)"), "{shown}");
}

#[test]
fn a_file_on_the_terminal_does_not_control_it() {
    let mut person = Person::begin(home(), &["--practice"]);
    fs::write(person.home.path().join("notes"), "one\x1b[31m\ttwo\n").expect("a file");
    person.types("put notes\r");
    person.sees("tftp> ");
    person.says("get notes -", "one\\x1b[31m\ttwo");
    person.types(CTRL_D);
    assert_eq!(person.ends().0, 0);
}
