//! Scripts: their input, their exit status, and their output for programs.

mod support;

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;
use support::{NOWHERE, Peers, Port, Process, Ran, names, objects, program, run, script, soon};
use tempfile::TempDir;

/// The digest of the practice file hello.txt.
const HELLO: &str = "0db37a6ebb4759708c6c5d494e1cc4881c0b209d8d3ff6383fb8565c275df73d";

/// A directory with scripts in it, and peers to run them against.
struct Stage {
    directory: TempDir,
    peers: Peers,
}

impl Stage {
    fn new(scripts: &[(&str, &str)]) -> Self {
        let (directory, peers) = (tempfile::tempdir().expect("a directory"), Peers::new(&[]));
        for (name, text) in scripts {
            fs::write(directory.path().join(name), peers.fill_in(text)).expect("a script");
        }
        Self { directory, peers }
    }

    /// Runs the program, connected to the practice server, on these lines.
    fn play(&self, args: &[&str], lines: &str) -> Ran {
        let port = self.peers.port().to_string();
        let args = [&["127.0.0.1", &port], args].concat();
        let ran = run(self.directory.path(), &args, self.peers.fill_in(lines).as_bytes());
        self.peers.normalise(ran)
    }

    fn has(&self, name: &str) -> bool {
        self.directory.path().join(name).exists()
    }
}

fn play(args: &[&str], lines: &str) -> Ran {
    Stage::new(&[]).play(args, lines)
}

#[test]
fn the_status_is_that_of_the_first_failure() {
    let no_answer = "connect 127.0.0.1 {silent}\ntimeout 0.2\noptions off\n-get x";
    for (lines, status) in [
        ("get hello.txt\nsha256 hello.txt", 0),
        ("", 0),
        ("put nosuch\nget nosuch", 1),
        ("gett hello.txt", 1),
        ("get 'hello.txt", 1),
        ("!exit 7", 1),
        ("source nosuch", 1),
        (&no_answer.replace('-', ""), 3),
        ("connect 127.0.0.1 {dead}\nget x", 4),
        (&format!("get hello.txt verify {}", HELLO.replace('0', "1")), 5),
        ("get nosuch\nput nosuch", 11),
        ("get hello.txt\nput hello.txt fw.bin", 16),
        ("-get nosuch\nput nosuch", 1),
        (no_answer, 0),
    ] {
        let ran = play(&[], lines);
        assert_eq!(ran.status, status, "{lines}: {}", ran.stderr);
    }
    assert_eq!(play(&["get", "x"], "").status, 11);
    assert_eq!(play(&["-f", "x", "get", "x"], "").status, 2);
}

#[test]
fn an_error_of_the_server_adds_its_number_to_ten() {
    for (code, status) in [(0, 10), (1, 11), (2, 12), (3, 13), (4, 14), (5, 15), (6, 16), (7, 17), (8, 18), (9, 10)] {
        let (server, answered) = script(move |mut server| {
            server.receive();
            server.send(&[0, 5, 0, code, b'n', b'o', 0]);
        });
        let ran = play(&["--no-options"], &format!("connect 127.0.0.1 {}\nget x\n", server.port()));
        answered.join().expect("a server");
        assert_eq!(ran.status, status, "{}", ran.stderr);
        assert_eq!(ran.stderr, format!("tftp: line 2: get x: server: no (code {code})\n"));
    }
}

#[test]
fn what_editors_leave_behind_does_no_harm() {
    let stage = Stage::new(&[]);
    let ran = stage.play(&[], "\u{feff}get hello.txt\r\n\r\nget fw.bin\r\nget text.txt");
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert!(stage.has("hello.txt") && stage.has("fw.bin") && stage.has("text.txt"));
}

#[test]
fn nothing_is_asked_for() {
    for command in ["get", "put", "connect", "rexmt", "source", "sha256", "repeat", "!"] {
        let ran = play(&[], command);
        assert_eq!(ran.status, 1, "{command}");
        assert!(ran.stderr.starts_with(&format!("tftp: line 1: {command}: usage: ")), "{}", ran.stderr);
    }
}

#[test]
fn stop_on_error_stops_there_but_not_at_what_is_forgiven() {
    let stage = Stage::new(&[]);
    let ran = stage.play(&["--stop-on-error"], "-get nosuch\nget hello.txt\nget nosuch\nget fw.bin\n");
    assert_eq!(ran.status, 11);
    assert!(stage.has("hello.txt") && !stage.has("fw.bin"));
}

#[test]
fn a_file_of_commands_leaves_standard_input_to_put() {
    let stage = Stage::new(&[("script", "put - piped\nget piped\n")]);
    let ran = stage.play(&["-f", "script"], "from a pipe");
    assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
    assert_eq!(fs::read_to_string(stage.directory.path().join("piped")).expect("the file"), "from a pipe");
}

#[test]
fn standard_input_is_not_for_commands_and_a_file_both() {
    for args in [&[][..], &["-f", "-"]] {
        let ran = play(args, "put - piped\nget piped\n");
        assert_eq!(ran.status, 1, "{}", ran.stderr);
        assert!(ran.stderr.contains("tftp: line 1: put -: standard input has the commands"));
        assert!(
            ran.stderr.contains("tftp: line 2: get piped: server: File not found (code 1)"),
            "the next line is one"
        );
    }
}

#[test]
fn errors_of_a_sourced_script_name_it_and_the_line() {
    let stage = Stage::new(&[("outer", "get hello.txt\nsource inner\nget nosuch\n"), ("inner", "\nput nosuch\n")]);
    let ran = stage.play(&[], "source outer\nbla\n");
    let expected = "tftp: inner:2: put nosuch: nosuch: No such file or directory\n\
        tftp: outer:3: get nosuch: server: File not found (code 1)\n\
        tftp: line 2: bla: no such command\n";
    assert_eq!((ran.stderr.as_str(), ran.status), (expected, 1));
    assert!(stage.has("hello.txt"));
}

#[test]
fn quit_in_a_sourced_script_leaves() {
    let stage = Stage::new(&[("leave", "get hello.txt\nquit\nget fw.bin\n")]);
    let ran = stage.play(&[], "source leave\nget text.txt\n");
    assert_eq!(ran.status, 0);
    assert!(stage.has("hello.txt") && !stage.has("fw.bin") && !stage.has("text.txt"));
}

#[test]
fn an_error_stops_a_sourced_script_and_who_sourced_it() {
    let stage = Stage::new(&[("inner", "get nosuch\nget hello.txt\n")]);
    let ran = stage.play(&["--stop-on-error"], "source inner\nget fw.bin\n");
    assert_eq!(ran.status, 11);
    assert!(!stage.has("hello.txt") && !stage.has("fw.bin"));
    assert_eq!(stage.play(&["--stop-on-error"], "-source inner\nget fw.bin\n").status, 0);
    assert!(!stage.has("hello.txt") && stage.has("fw.bin"));
}

#[test]
fn a_script_that_sources_itself_ends() {
    let stage = Stage::new(&[("round", "source round\n")]);
    let ran = stage.play(&[], "source round\n");
    assert_eq!(ran.status, 1);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("tftp: round:1: source: more than 16 scripts"), "{}", ran.stderr);
}

#[test]
fn a_repetition_goes_on_after_failures_and_counts_the_first() {
    let ran = play(&[], "repeat 3 get nosuch\n");
    assert_eq!((ran.stderr.lines().count(), ran.status), (3, 11));
    let ran = play(&["--stop-on-error"], "repeat 3 get nosuch\n");
    assert_eq!((ran.stderr.lines().count(), ran.status), (1, 11));
}

#[test]
fn until_ok_forgives_what_failed_before() {
    let stage = Stage::new(&[]);
    let ran = stage.play(&[], "repeat until-ok every 0.01 !test -e third || { mv second third || mv first second || touch first; false; } 2>/dev/null\n");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 3, "{}", ran.stderr);
    assert!(stage.has("third"));
}

#[test]
fn an_interval_is_kept_between_repetitions() {
    let begun = Instant::now();
    assert_eq!(play(&[], "repeat 3 every 0.1 status\n").status, 0);
    assert!(begun.elapsed() >= Duration::from_millis(200));
}

#[test]
fn ctrl_c_ends_a_repetition_at_once() {
    let directory = tempfile::tempdir().expect("a directory");
    let child = start(directory.path(), &["repeat", "until-ok", "every", "3600", "!", "touch begun; false"]);
    let begun = Instant::now();
    assert!(soon(Duration::from_secs(30), || directory.path().join("begun").exists()), "it never begins");
    assert_eq!(interrupt(child), 130);
    assert!(begun.elapsed() < Duration::from_secs(40));
}

#[test]
fn a_command_of_the_system_is_read_by_its_shell() {
    let ran = play(&[], "  !printf '%s\\n' \"a  b\" 'c # d' | sort -r; exit 3\n");
    assert_eq!((ran.stdout.as_str(), ran.status), ("c # d\na  b\n", 1));
    assert_eq!(ran.stderr, "tftp: line 1: !: exit status 3\n");
    assert_eq!(play(&[], "!kill -9 $$").stderr, "tftp: line 1: !: ended by signal 9\n");
}

#[test]
fn a_command_of_the_system_does_not_eat_the_script() {
    let ran = play(&[], "!cat\nlpwd\n");
    assert_eq!((ran.stdout.as_str(), ran.status), ("Local directory: FOLDER\n", 0));
}

#[test]
fn a_comment_escapes_nothing() {
    assert_eq!(play(&[], "# not !touch this\nstatus # !exit 3\n").status, 0);
}

#[test]
fn the_local_directory_is_where_files_go() {
    let stage = Stage::new(&[]);
    fs::create_dir(stage.directory.path().join("sub")).expect("a directory");
    let ran = stage.play(&[], "lcd sub\nget hello.txt\nlcd nosuch\nlcd ..\nget fw.bin\n");
    assert_eq!(ran.status, 1);
    assert_eq!(ran.stderr, "tftp: line 3: lcd: nosuch: No such file or directory\n");
    assert!(stage.has("sub/hello.txt") && stage.has("fw.bin"));
}

#[test]
fn the_digest_of_every_file_can_be_shown_as_sha256sum_would() {
    let stage = Stage::new(&[]);
    let ran = stage.play(&[], "sha256 on\nget hello.txt\nput hello.txt copy\nsha256 off\nget copy\nsha256 copy\n");
    let digests: Vec<_> = ran.stdout.lines().filter(|line| line.starts_with(HELLO)).collect();
    assert_eq!(digests, [&format!("{HELLO}  hello.txt"), &format!("{HELLO}  hello.txt"), &format!("{HELLO}  copy")]);
}

#[test]
fn every_command_and_every_transfer_has_one_outcome() {
    let stage = Stage::new(&[("inner", "sha256 hello.txt\n")]);
    let lines = "sha256 on\nget hello.txt other\nget hello.txt fw.bin text.txt\nput hello.txt fw.bin\n# nothing\n\n\
        bla\nget 'open\nrepeat 2 status\nsource inner\nsource nosuch\n!exit 3\nput\n";
    let ran = stage.play(&["--json"], lines);
    let outcomes: Vec<_> = objects(&ran.stdout)
        .iter()
        .map(|outcome| {
            let word = |key: &str| outcome[key].as_str().unwrap_or("-").to_owned();
            let file = if outcome["file"].is_null() { word("local") } else { word("file") };
            format!("{} {file} {}", word("command"), outcome["status"])
        })
        .collect();
    let expected = [
        "sha256 - 0",
        "get hello.txt 0",
        "get hello.txt 0",
        "get fw.bin 0",
        "get text.txt 0",
        "put fw.bin 16",
        "bla - 1",
        "- - 1",
        "status - 0",
        "status - 0",
        "sha256 hello.txt 0",
        "source - 1",
        "! - 1",
        "put - 1",
    ];
    assert_eq!(outcomes, expected, "{}", ran.stderr);
    assert!(ran.stderr.contains("Received 13 bytes in S seconds\n"), "{}", ran.stderr);
}

#[test]
fn an_outcome_has_the_promised_keys() {
    const KEYS: [&str; 16] = [
        "command",
        "line",
        "host",
        "port",
        "file",
        "local",
        "mode",
        "status",
        "bytes",
        "seconds",
        "blksize",
        "windowsize",
        "retransmits",
        "duplicates",
        "sha256",
        "error",
    ];
    let ran = play(&["--json", "-b", "512"], "sha256 on\nget hello.txt\nget nosuch\n");
    let outcomes = objects(&ran.stdout);
    for outcome in &outcomes {
        let object = outcome.as_object().expect("an object");
        assert!(object.len() == KEYS.len() && KEYS.iter().all(|key| object.contains_key(*key)), "{outcome}");
    }
    let [_, good, bad] = &outcomes[..] else { panic!("three outcomes, not {outcomes:?}") };
    assert_eq!((&good["bytes"], &good["blksize"], &good["retransmits"]), (&13.into(), &512.into(), &0.into()));
    assert_eq!((&good["sha256"], &good["error"]), (&HELLO.into(), &Value::Null));
    assert!(good["seconds"].as_f64().expect("a number") >= 0.0);
    assert_eq!((&bad["status"], &bad["bytes"]), (&11.into(), &Value::Null));
    assert_eq!(bad["error"], "server: File not found (code 1)");
}

#[test]
fn an_interrupted_script_ends_with_its_status() {
    let server = Port::open();
    let port = server.number().to_string();
    let directory = tempfile::tempdir().expect("a directory");
    fs::write(directory.path().join("inner"), "get a\nget b\n").expect("a script");
    let child = start(directory.path(), &["127.0.0.1", &port, "repeat", "3", "source", "inner"]);
    server.receive();
    assert_eq!(interrupt(child), 130);
    assert_eq!(names(directory.path()), ["inner"]);
}

fn start_with_input(directory: &Path, args: &[&str]) -> Process {
    let mut child = Process::start(directory, args);
    child.discard_lines();
    child
}

fn start(directory: &Path, args: &[&str]) -> Process {
    let mut child = Process::start(directory, args);
    child.close_input();
    child.discard_output();
    child
}

fn interrupt(mut child: Process) -> i32 {
    child.end_by(Signal::SIGINT).unwrap_or(-1)
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let stage = Stage::new(&[]);
    let ran = stage.play(&["-f", "."], "");
    assert_eq!((ran.stderr.as_str(), ran.status), ("tftp: -f: .: Is a directory\n", 1));
    let run = |arguments: &[&str], input: Stdio, output: Stdio| {
        let mut command = program(NOWHERE);
        let output = command.args(arguments).stdin(input).stdout(output).stderr(Stdio::piped()).output().expect("tftp");
        (String::from_utf8(output.stderr).expect("text"), output.status.code())
    };
    let directory = fs::File::open(stage.directory.path()).expect("a directory");
    let failure = run(&[], directory.into(), Stdio::null());
    assert_eq!(failure, ("tftp: standard input: Is a directory\n".to_owned(), Some(1)));
    if cfg!(target_os = "linux") {
        for option in ["--version", "--help"] {
            let full = fs::OpenOptions::new().write(true).open("/dev/full").expect("/dev/full");
            let failure = run(&[option], Stdio::null(), full.into());
            assert_eq!(failure, ("tftp: standard output: No space left on device\n".to_owned(), Some(1)), "{option}");
        }
    }
}

#[test]
fn what_can_never_succeed_is_not_repeated_until_it_does() {
    for (words, reason) in [(&["gett", "hello.txt"][..], "gett: no such command"), (&["get"], "get: usage: get file")] {
        let directory = tempfile::tempdir().expect("a directory");
        let args = [&["repeat", "until-ok", "every", "3600"], words].concat();
        let mut child = Process::start(directory.path(), &args);
        let ended = soon(Duration::from_secs(60), || !child.is_running());
        // One that waits for its next turn is none the better for it.
        child.kill();
        let errors = child.errors();
        assert!(errors.contains(reason) && ended, "{errors}");
    }
}

#[test]
fn a_line_of_more_than_1_mib_ends_the_script_and_is_never_kept() {
    let long = "x".repeat((1 << 20) + 1);
    let stage = Stage::new(&[("long", &format!("get nosuch\n{long}\nget hello.txt\n"))]);
    for (args, lines, status, error) in [
        (&[][..], format!("{long}\nget hello.txt"), 1, "tftp: standard input: line 1 is longer than 1 MiB\n"),
        (&["-f", "long"], String::new(), 11, "tftp: -f: long: line 2 is longer than 1 MiB\n"),
        (&[], "\nsource long\n".to_owned(), 11, "tftp: line 2: source: long: line 2 is longer than 1 MiB\n"),
    ] {
        let ran = stage.play(args, &lines);
        assert!(ran.stderr.ends_with(error), "{}", ran.stderr);
        assert_eq!(ran.status, status, "{args:?}");
        assert!(!stage.has("hello.txt"), "{args:?}");
    }
    let ran = stage.play(&[], &format!("{}\nget hello.txt", &long[1..]));
    assert!(ran.status == 1 && stage.has("hello.txt"), "a line of 1 MiB is a line: {}", ran.stderr);
    let mut endless = start_with_input(stage.directory.path(), &["--no-rc"]);
    // It reads no more of them than it needs to.
    endless.say_all(&vec![0; 1 << 26]);
    assert!(endless.errors().ends_with("line 1 is longer than 1 MiB\n"));
}

#[test]
fn messages_cut_long_words() {
    let word = "w".repeat(5_000);
    for line in [
        word.clone(),
        format!("get {word}"),
        format!("put {word}"),
        format!("connect {word}"),
        format!("get {word}:f"),
        format!("get tftp://[{word}/f"),
        format!("mode {word}"),
        format!("blksize {word}"),
        format!("help {word}"),
        format!("lcd {word}"),
        format!("source {word}"),
        format!("sha256 {word}"),
        format!("trace ladder to {word}"),
        format!("fault {word}"),
        format!("host sw1 {word} {word}"),
        format!("serve {word}"),
    ] {
        let ran = play(&[], &line);
        assert_ne!(ran.status, 0, "{line:.20}");
        let longest = ran.stderr.lines().chain(ran.stdout.lines()).map(str::len).max().unwrap_or(0);
        assert!((300..1_000).contains(&longest), "{line:.20}: {longest} bytes: {:.400}", ran.stderr);
    }
}
