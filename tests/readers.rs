//! The reader of standard output goes away.

mod support;

use std::fs;

use nix::sys::signal::Signal;
use support::{Client, Process, served_at};
use tftpsh::event::Observers;

#[test]
fn a_script_without_a_reader_ends_with_141_unless_every_command_ran() {
    for (args, script, status) in [
        (&["-f", "/dev/stdin"][..], "?\n".repeat(10_000), 141),
        (&[], "?\nstatus\n".to_owned(), 141),
        (&[], "?\n\n# the end".to_owned(), 0),
        (&["--json"], "gett\nstatus\n".to_owned(), 141),
        (&["--json"], "gett\n".to_owned(), 1),
        (&["--practice", "--trace"], "get hello.txt /dev/null\n".to_owned(), 0),
        (&["--practice", "--trace"], "get hello.txt /dev/null\nlpwd\n".to_owned(), 141),
        (&["--practice", "--trace=pcap=-"], "get hello.txt /dev/null\n\nlpwd\n".to_owned(), 141),
        (&["--practice", "-f", "/dev/stdin"], "get big.bin -\nget big.bin -\n".to_owned(), 141),
        (&["repeat", "1000000", "status"], String::new(), 141),
        (&["status"], String::new(), 0),
    ] {
        let mut child = Process::start(&std::env::temp_dir(), args);
        child.close_output();
        // The pipe breaks as soon as the program has left.
        child.say_all(script.as_bytes());
        let (said, status_found) = (child.errors(), child.wait().code());
        assert_eq!(status_found, Some(status), "{args:?} {script:.40}: {said}");
        assert!(!said.contains("Broken pipe") || script.contains("big.bin"), "{said}");
    }
}

#[test]
fn a_server_whose_log_has_no_reader_continues() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("f"), "served").expect("a file");
    let mut server = Process::start(directory.path(), &["serve", ".", "--port", "0"]);
    let address = served_at(&server.line()).expect("an address");
    server.close_output();
    for _ in 0..3 {
        let mut client = Client::to(address);
        assert!(client.get_nothing("nosuch").is_err(), "a line of the log");
        assert_eq!(client.get_bytes("f", &mut Observers::none()).expect("the file").1, b"served");
    }
    assert_eq!(server.end_by(Signal::SIGTERM), Some(0));
}
