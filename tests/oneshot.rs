//! The forms of the command line, each against a practice server, with their exit statuses.

mod support;

use std::fs;

use nix::sys::signal::Signal;
use support::{NOWHERE, Peers, Port, Process, Ran, ack, data, names, objects, program, run, served_at};
use tftpsh::server::practice_files;

/// Runs `line` in a directory that holds `up.bin`, and returns what it left there and said.
fn tftp(line: &str) -> (Vec<String>, Ran) {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("up.bin"), "up").expect("a file");
    let peers = Peers::new(&[]);
    let line = peers.fill_in(line);
    let args = shlex::split(&line).expect("quotes in pairs");
    let ran = peers.normalise(run(directory.path(), &args, b""));
    (names(directory.path()).into_iter().filter(|name| name != "up.bin").collect(), ran)
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
fn only_a_host() {
    let (_, ran) = tftp("127.0.0.1");
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
}

#[test]
fn only_a_host_and_a_port() {
    let (_, ran) = tftp("127.0.0.1 {port}");
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
}

#[test]
fn a_uri_names_server_port_file_and_mode() {
    let (names, ran) = tftp("get 'tftp://127.0.0.1:{port}/hello.txt;mode=netascii' out.bin --trace --no-options");
    assert_eq!((names, ran.status), (vec!["out.bin".to_owned()], 0), "{}", ran.stderr);
    assert!(ran.stdout.starts_with("sent RRQ <file=hello.txt, mode=netascii>\n"), "{}", ran.stdout);
}

#[test]
fn a_uri_without_a_mode_is_carried_as_octet() {
    let (_, ran) = tftp("-m ascii -p {port} get tftp://127.0.0.1/hello.txt --trace --no-options");
    assert!(ran.stdout.starts_with("sent RRQ <file=hello.txt, mode=octet>\n"), "{}{}", ran.stdout, ran.stderr);
}

#[test]
fn a_uri_is_percent_decoded() {
    gets_hello("get tftp://127.0.0.1:{port}/%68ello%2Etxt");
}

#[test]
fn a_put_to_a_uri() {
    let (_, ran) = tftp("put up.bin 'tftp://127.0.0.1:{port}/a%20b%3Bc' --trace --no-options");
    assert!(ran.stdout.starts_with("sent WRQ <file=a b;c, mode=octet>\n"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(ran.status, 0);
}

#[test]
fn a_bad_uri_is_a_mistake_of_the_command_line() {
    for (line, reason) in [
        ("get tftp://127.0.0.1", "get tftp://127.0.0.1: tftp://127.0.0.1: names no file: tftp://HOST/FILE"),
        ("get 'tftp://h/f?x'", "get tftp://h/f?x: tftp://h/f?x: ? has no meaning here (write %3F in a file name)"),
        ("put up.bin tftp://h:0/f", "put: tftp://h:0/f: 0: bad port number"),
        ("tftp://h/f", "tftp://h/f: missing command; use: tftp get tftp://h/f"),
    ] {
        let (_, ran) = tftp(line);
        assert_eq!((ran.stderr.trim_end(), ran.status), (format!("tftp: {reason}").as_str(), 2), "{line}");
    }
}

#[test]
fn literal_takes_a_uri_for_a_file_name() {
    let (_, ran) = tftp("-l 127.0.0.1 {port} get tftp://127.0.0.1/hello.txt");
    assert_eq!(ran.status, 11, "{}", ran.stderr);
}

#[test]
fn a_get_to_a_dash_writes_the_file_and_nothing_else_to_standard_output() {
    let peers = Peers::new(&[]);
    let directory = tempfile::tempdir().expect("a directory");
    let port = peers.port().to_string();
    let mut tftp = program(NOWHERE);
    tftp.args(["-v", "--trace", "127.0.0.1", &port, "get", "wrap.bin", "-"]).current_dir(directory.path());
    let ran = tftp.output().expect("the program");
    let expected = practice_files().get(b"wrap.bin").expect("a practice file");
    assert!(ran.stdout == *expected && ran.status.success());
    let text = String::from_utf8(ran.stderr).expect("text");
    assert!(text.contains("getting from 127.0.0.1:wrap.bin to - [octet]\n") && text.contains("sent RRQ"), "{text}");
    assert_eq!(names(directory.path()), [""; 0]);
}

#[test]
fn a_failed_get_to_a_dash_says_nothing_on_standard_output() {
    for (line, status) in [("127.0.0.1 {port} get nosuch -", 11), ("no..such.host get x -", 1)] {
        let (_, ran) = tftp(line);
        assert_eq!((ran.stdout.as_str(), ran.status), ("", status), "{line}: {}", ran.stderr);
    }
}

#[test]
fn a_reader_that_leaves_early_fails_the_get() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut child = Process::start(directory.path(), &["--practice", "get", "big.bin", "-"]);
    child.close_output();
    let (said, status) = (child.errors(), child.wait());
    assert_eq!(status.code(), Some(1), "the file is not whole: {said}");
    assert!(said.contains("get big.bin: -: Broken pipe"), "{said}");
}

#[test]
fn a_put_from_a_dash_sends_standard_input() {
    let directory = tempfile::tempdir().expect("a directory");
    let peers = Peers::new(&[]);
    let port = peers.port().to_string();
    let ran = run(directory.path(), &["127.0.0.1", &port, "put", "-", "piped"], b"from a pipe");
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    let ran = run(directory.path(), &["127.0.0.1", &port, "get", "piped", "-"], b"");
    assert_eq!((ran.status, ran.stdout.as_str()), (0, "from a pipe"));
}

#[test]
fn a_put_from_a_dash_needs_a_name_there() {
    let (_, ran) = tftp("127.0.0.1 {port} put -");
    assert_eq!((ran.stderr.as_str(), ran.status), ("tftp: put: put - needs a remote name: put - FILE\n", 2));
}

#[test]
fn local_ports_are_taken_from_the_range() {
    let server = Port::open();
    let port = server.number().to_string();
    let directory = tempfile::tempdir().expect("a directory");
    // Below the ports that the system hands out by itself.
    let args = ["-R", "21000:21999", "127.0.0.1", &port, "get", "x", "-t", "0.2", "--no-options"];
    assert_eq!(run(directory.path(), &args, b"").status, 3);
    let (_, from) = server.receive();
    assert!((21_000..=21_999).contains(&from.port()), "{from}");
}

#[test]
fn one_local_port_serves_one_transfer_after_the_other() {
    let (names, ran) = tftp("-R 22000 127.0.0.1 {port} get hello.txt fw.bin text.txt");
    assert_eq!((names.len(), ran.status), (3, 0), "{}", ran.stderr);
}

#[test]
fn a_local_port_in_use_is_said() {
    let port = Port::open_at("0.0.0.0:0");
    let held = port.number();
    let (_, ran) = tftp(&format!("-R {held} 127.0.0.1 {{port}} get hello.txt"));
    assert_eq!(ran.status, 4);
    assert!(ran.stderr.contains(&format!("none of the local ports {held} to {held} is free")), "{}", ran.stderr);
}

#[test]
fn the_address_family_can_be_chosen() {
    gets_hello("-4 127.0.0.1 {port} get hello.txt");
    let (_, ran) = tftp("127.0.0.1 {port} get hello.txt -6");
    let reason = "tftp: connect: 127.0.0.1: unknown host (no IPv6 address)\n".replace("no IPv6 address", "REASON");
    assert_eq!((ran.stderr, ran.status), (reason, 1));
}

#[test]
fn a_digest_is_verified() {
    let digest = "0db37a6ebb4759708c6c5d494e1cc4881c0b209d8d3ff6383fb8565c275df73d";
    let (names, ran) = tftp(&format!("127.0.0.1 {{port}} get hello.txt verify {digest}"));
    assert_eq!((names, ran.status), (vec!["hello.txt".to_owned()], 0), "{}", ran.stderr);
    let (names, ran) = tftp(&format!("127.0.0.1 {{port}} get hello.txt other verify {}", digest.replace('0', "1")));
    assert_eq!((names, ran.status), (Vec::new(), 5), "{}", ran.stderr);
    let (_, ran) = tftp(&format!("127.0.0.1 {{port}} get hello.txt verify {}", &digest[1..]));
    let reason = format!("\"{}\" is not a SHA-256 of 64 digits (write ./verify for a file of that name)", &digest[1..]);
    assert_eq!((ran.stderr, ran.status), (format!("tftp: get: {reason}\n"), 2));
    // The shell of the system gives a line of sha256sum as one word.
    let (names, ran) = tftp(&format!("127.0.0.1 {{port}} get hello.txt verify '{digest}  dir/hello.txt'"));
    assert_eq!((names, ran.status), (vec!["hello.txt".to_owned()], 0), "{}", ran.stderr);
}

#[test]
fn a_file_that_is_not_the_expected_one_leaves_the_old_one() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("fw.bin"), "old").expect("a file");
    let wrong = "0".repeat(64);
    for mode in ["octet", "netascii"] {
        let ran = run(directory.path(), &["--practice", "-m", mode, "get", "fw.bin", "verify", &wrong], b"");
        assert_eq!(ran.status, 5, "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("not {wrong} as expected")), "{}", ran.stderr);
        assert_eq!(fs::read_to_string(directory.path().join("fw.bin")).expect("the file"), "old");
        assert_eq!(names(directory.path()), ["fw.bin"]);
    }
}

#[test]
fn quiet_says_nothing_of_what_goes_well() {
    let (names, ran) = tftp("-q 127.0.0.1 {port} get hello.txt");
    assert_eq!((names.len(), ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (1, 0, "", ""));
}

#[test]
fn outcomes_can_be_had_as_json() {
    let (_, ran) = tftp("--json 127.0.0.1 {port} get hello.txt");
    let [outcome] = &objects(&ran.stdout)[..] else { panic!("one object: {}", ran.stdout) };
    assert_eq!((&outcome["command"], &outcome["bytes"], &outcome["status"]), (&"get".into(), &13.into(), &0.into()));
    assert_eq!(ran.stderr, "Received 13 bytes in S seconds\n");
    let (_, ran) = tftp("--json no..such.host get hello.txt");
    let [outcome] = &objects(&ran.stdout)[..] else { panic!("one object: {}", ran.stdout) };
    assert_eq!((&outcome["command"], &outcome["status"]), (&"connect".into(), &1.into()));
}

#[test]
fn standard_output_is_not_for_a_file_and_outcomes_both() {
    let (_, ran) = tftp("--json 127.0.0.1 {port} get hello.txt -");
    assert_eq!(ran.status, 2, "no such command can succeed");
    assert!(ran.stderr.contains("cannot both go to standard output"), "{}", ran.stderr);
}

#[test]
fn a_command_of_the_system_runs_from_the_command_line_too() {
    let (_, ran) = tftp("! echo hi");
    assert_eq!((ran.stdout.as_str(), ran.status), ("hi\n", 0));
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
        (
            "get hello.txt",
            "get hello.txt: No target machine specified.\ntftp: use tftp HOST get FILE, or tftp get HOST:FILE",
            1,
        ),
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
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("script"), "get hello.txt\r\nget nosuch\nquit\nget fw.bin\n").expect("a file");
    let ran = run(directory.path(), &["--practice", "-f", "script"], b"get even.bin\n");
    assert_eq!(ran.status, 11);
    assert!(ran.stderr.contains("tftp: script:2: get nosuch: server: File not found (code 1)"), "{}", ran.stderr);
    assert!(directory.path().join("hello.txt").exists());
    assert!(!directory.path().join("fw.bin").exists() && !directory.path().join("even.bin").exists());
}

#[test]
fn a_classic_get_ends_with_its_last_ack_and_another_repeats_it() {
    for (args, repeats) in [(&["--classic"][..], false), (&["--no-options", "--rexmt", "1"], true)] {
        let directory = tempfile::tempdir().expect("a directory");
        let server = Port::open();
        let number = server.number().to_string();
        let args = [args, &["127.0.0.1", &number, "get", "f", "/dev/null"]].concat();
        let mut get = Process::start(directory.path(), &args);
        let (_, client) = server.receive();
        // The first ACK seems lost, so that the program would wait for another such block at its end.
        for _ in 0..2 {
            server.send(client, &data(1, &[7; 512]));
            assert_eq!(server.receive().0, ack(1));
        }
        server.send(client, &data(2, b"end"));
        assert_eq!(server.receive().0, ack(2));
        // It may have closed its port.
        let _ = server.try_send(client, &data(2, b"end"));
        assert_eq!(get.wait().code(), Some(0), "{}", get.errors());
        assert_eq!(server.pending().contains(&ack(2)), repeats, "{args:?}");
    }
}

#[test]
fn ctrl_c_ends_a_script_that_waits_for_its_next_line() {
    let mut child = start(&["--practice"]);
    child.say("status");
    // The answer shows that the line was taken; from then on nothing but input is waited for.
    child.line();
    assert_eq!(child.end_by(Signal::SIGINT), Some(130));
}

#[test]
fn ctrl_c_in_a_transfer_ends_the_script_and_leaves_no_file() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let directory = tempfile::tempdir().expect("a directory");
        let silent = Port::open();
        let port = silent.number().to_string();
        let mut child = Process::start(directory.path(), &["127.0.0.1", &port]);
        child.say("get a\nget b");
        // The request shows that the transfer has begun.
        silent.receive();
        assert_eq!(child.end_by(signal), Some(130));
        assert_eq!(names(directory.path()), [""; 0]);
    }
}

#[test]
fn serve_stays_in_front_until_a_signal() {
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("served.txt"), "served\n").expect("a file");
    let mut child = Process::start(directory.path(), &["serve", ".", "--port", "0"]);
    let line = child.line();
    assert!(line.starts_with("Serving . at 127.0.0.1:"), "{line}");
    let port = served_at(&line).expect("where it serves").port().to_string();
    let other = tempfile::tempdir().expect("a directory");
    let ran = run(other.path(), &["127.0.0.1", &port, "get", "served.txt"], b"");
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert_eq!(fs::read_to_string(other.path().join("served.txt")).expect("the file"), "served\n");
    assert_eq!(child.end_by(Signal::SIGTERM), Some(0));
}

#[test]
fn switches_of_serve_stand_on_either_side_and_hold() {
    for (args, refused) in [
        (&["serve", ".", "--port", "0", "--read-only"][..], Some("this server does not accept files (code 2)")),
        (&["--read-only", "serve", ".", "--port", "0"], Some("this server does not accept files (code 2)")),
        (&["serve", "--overwrite", ".", "--port", "0"], None),
        (&["serve", ".", "--port", "0"], Some("File already exists (code 6)")),
    ] {
        let directory = tempfile::tempdir().expect("a directory");
        fs::write(directory.path().join("served.txt"), "old").expect("a file");
        let mut child = Process::start(directory.path(), args);
        let line = child.line();
        assert!(line.starts_with("Serving . at 127.0.0.1:"), "{line}");
        let port = served_at(&line).expect("where it serves").port().to_string();
        let ran = run(directory.path(), &["127.0.0.1", &port, "put", "-", "served.txt"], b"new");
        match refused {
            Some(reason) => assert!(ran.stderr.contains(reason), "{args:?}: {}", ran.stderr),
            None => assert_eq!(ran.status, 0, "{args:?}: {}", ran.stderr),
        }
        let left = fs::read_to_string(directory.path().join("served.txt")).expect("the file");
        assert_eq!(left, if refused.is_some() { "old" } else { "new" }, "{args:?}");
        assert_eq!(child.end_by(Signal::SIGTERM), Some(0));
    }
}

#[test]
fn a_switch_of_another_command_is_a_mistake() {
    for line in
        ["--read-only", "127.0.0.1 --overwrite", "127.0.0.1 get x --read-only", "--nonsense", "-R 9:8", "-m mail"]
    {
        assert_eq!(tftp(line).1.status, 2, "{line}");
    }
}

fn start(args: &[&str]) -> Process {
    Process::start(&std::env::temp_dir(), args)
}
