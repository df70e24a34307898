//! The reader of standard output goes away.

mod support;

use support::Process;

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
