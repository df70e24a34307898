//! The program on a terminal, as a person meets it: typed keys in, what the terminal is told out.

#[path = "common/program.rs"]
mod program;

use std::fs;
use std::net::UdpSocket;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use program::{at_home, program};
use rexpect::process::WaitStatus;
use rexpect::reader::Options;
use rexpect::session::{PtySession, spawn_with_options};
use tempfile::TempDir;

/// A person at a terminal, with a home of their own.
struct Person {
    home: TempDir,
    session: PtySession,
}

impl Person {
    /// Starts the program and waits for its prompt.
    fn begin(home: TempDir, args: &[&str]) -> Self {
        let mut command = program(home.path());
        command.args(args).current_dir(home.path()).env("TERM", "xterm");
        Self::start(home, command)
    }

    fn start(home: TempDir, command: Command) -> Self {
        let options = Options::new().timeout_ms(Some(20_000)).strip_ansi_escape_codes(true);
        let session = spawn_with_options(command, options).expect("a terminal");
        let mut person = Self { home, session };
        person.sees("tftp> ");
        person
    }

    /// Presses keys.
    fn types(&mut self, keys: &str) {
        self.session.send(keys).expect("a terminal");
        self.session.flush().expect("a terminal");
    }

    /// Waits until the terminal shows this.
    fn sees(&mut self, text: &str) -> String {
        self.session.exp_string(text).unwrap_or_else(|error| panic!("{text:?}: {error}"))
    }

    /// Types a line, sees the answer and the next prompt.
    fn says(&mut self, line: &str, answer: &str) {
        self.types(line);
        self.types("\r");
        self.sees(answer);
        self.sees("tftp> ");
    }

    /// Waits for the end, and tells the exit status.
    fn ends(mut self) -> (i32, TempDir) {
        self.session.exp_eof().expect("the end");
        match self.session.process().wait() {
            Ok(WaitStatus::Exited(_, status)) => (status, self.home),
            other => panic!("{other:?}"),
        }
    }
}

fn home() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

const CTRL_C: &str = "\x03";
const CTRL_D: &str = "\x04";
const CTRL_L: &str = "\x0c";
const CTRL_U: &str = "\x15";
const UP: &str = "\x1b[A";

#[test]
fn tab_completes_commands_values_and_files() {
    let home = home();
    fs::write(home.path().join("my image.bin"), "bits").expect("a file");
    let mut person = Person::begin(home, &["--practice"]);
    for (keys, line) in [
        ("conn\t", "connect "),
        ("mo\tnet\t", "mode netascii "),
        ("blksize 14\t", "blksize 1428 "),
        ("put my\t", "put my\\ image.bin "),
        ("put 'my\t", "put 'my image.bin' "),
        ("put \"my\t", "put \"my image.bin\" "),
    ] {
        person.types(keys);
        person.sees(line);
        person.types(CTRL_U);
    }
    person.says("put my\t", "Sent 4 bytes");
}

#[test]
fn lines_pasted_at_once_are_carried_out_one_by_one() {
    let mut person = Person::begin(home(), &[]);
    person.types("mode\rverbose on\rstatus\rmode netascii\r");
    for answer in ["Using octet mode", "Verbose mode on.", "Not connected.", "mode set to netascii"] {
        person.sees(answer);
    }
}

#[test]
fn tab_twice_lists_what_there_is() {
    let mut person = Person::begin(home(), &[]);
    person.types("mode \t\t");
    for mode in ["ascii", "netascii", "binary", "image", "octet"] {
        person.sees(mode);
    }
}

#[test]
fn names_seen_on_a_host_are_remembered_across_sessions() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let port = silent.local_addr().expect("its address").port().to_string();
    let mut person = Person::begin(home(), &["--practice"]);
    person.says("get text.txt copy.txt", "Received 576 bytes");
    person.types("quit\r");
    let (status, home) = person.ends();
    assert_eq!(status, 0);

    let mut person = Person::begin(home, &["127.0.0.1", &port]);
    person.types("get \t");
    person.sees("get text.txt ");
    person.types(CTRL_U);
    person.says("connect ::1", "");
    person.types("get 127\t");
    person.sees("get 127.0.0.1:");
    person.types("t\t");
    person.sees("ext.txt ");
    let seen = person.home.path().join(".local/state/tftpsh/seen");
    assert_eq!(seen.metadata().expect("the memory").permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_a_script_does_is_not_remembered() {
    use std::io::Write;
    use std::process::Stdio;
    let home = home();
    let run = |args: &[&str], script: &str| {
        let mut command = program(home.path());
        command.args(args).current_dir(home.path()).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the program");
        child.stdin.take().expect("stdin").write_all(script.as_bytes()).expect("a pipe");
        assert!(child.wait().expect("its end").success());
        fs::read_to_string(home.path().join(".local/state/tftpsh/seen"))
    };
    assert!(run(&["--practice"], "get text.txt\n").is_err());
    assert_eq!(run(&["--practice", "get", "fw.bin"], "").expect("a memory"), "127.0.0.1\n\tfw.bin\n");
}

#[test]
fn the_arguments_still_missing_stand_behind_the_cursor() {
    let home = home();
    let mut command = program(home.path());
    command.current_dir(home.path()).env("TERM", "xterm").env_remove("NO_COLOR");
    let mut person = Person::start(home, command);
    person.types("connect");
    person.sees("connect host-name [port]");
    person.types(" h ");
    person.sees("connect h [port]");
    // A hint is never part of the line.
    person.types(CTRL_U);
    person.says("status", "Not connected.");
}

#[test]
fn lines_are_remembered_across_sessions_unless_a_blank_stands_in_front() {
    let mut person = Person::begin(home(), &[]);
    person.says("mode netascii", "");
    person.says(" verbose on", "Verbose mode on.");
    person.types(CTRL_D);
    let (_, home) = person.ends();
    let history = home.path().join(".local/state/tftpsh/history");
    assert_eq!(history.metadata().expect("the history").permissions().mode() & 0o777, 0o600);

    let mut person = Person::begin(home, &[]);
    person.types(UP);
    person.sees("mode netascii");
    person.types("\r");
    person.sees("tftp> ");
    person.says("mode", "Using netascii mode");
}

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
fn tab_knows_what_is_asked_for() {
    let home = home();
    fs::write(home.path().join("fw.bin"), "bits").expect("a file");
    let mut person = Person::begin(home, &["--practice"]);
    person.types("put\r");
    person.sees("(file) ");
    person.types("f\t");
    person.sees("fw.bin ");
    person.types("new.bin\r");
    person.sees("Sent 4 bytes");
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
fn ctrl_c_in_a_transfer_ends_it_and_keeps_the_shell() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let port = silent.local_addr().expect("its address").port().to_string();
    let mut person = Person::begin(home(), &["127.0.0.1", &port, "--trace"]);
    person.types("get fw.bin\r");
    person.sees("sent RRQ <");
    person.types(CTRL_C);
    person.sees("tftp> ");
    assert!(!person.home.path().join("fw.bin").exists());
    person.says("mode", "Using octet mode");
    person.types(CTRL_D);
    assert_eq!(person.ends().0, 0);
}

#[test]
fn ctrl_d_on_an_empty_line_leaves() {
    let mut person = Person::begin(home(), &[]);
    person.types(CTRL_D);
    assert_eq!(person.ends().0, 0);
}

#[test]
fn a_resized_terminal_keeps_the_line() {
    let home = home();
    let place = home.path().join("terminal");
    let mut command = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_tftp");
    command.arg("-c").arg(format!("tty >'{}'; exec '{program}'", place.display()));
    at_home(&mut command, &home).env("TERM", "xterm").current_dir(home.path());
    let mut person = Person::start(home, command);
    let terminal = fs::File::open(fs::read_to_string(place).expect("a name").trim()).expect("the terminal");
    let resize = |columns: &str| {
        let mut stty = Command::new("stty");
        stty.args(["cols", columns, "rows", "24"]).stdin(terminal.try_clone().expect("another handle"));
        assert!(stty.status().expect("stty").success());
    };
    let line = "help errors scripts uri errors scripts modes";
    person.types(line);
    // Letters come out one by one, a line drawn anew at once.
    person.types(CTRL_L);
    person.sees("scripts modes");
    // Two rows are needed now, so that it is drawn again.
    resize("40");
    person.sees("scripts modes");
    person.types("\r");
    person.sees("Mail, the third mode");
    person.says("mode", "Using octet mode");
}

#[test]
fn the_start_up_file_sets_and_does_nothing_else() {
    let home = home();
    let config = home.path().join(".config/tftpsh");
    fs::create_dir_all(&config).expect("a folder");
    fs::write(config.join("rc"), "# mine\nmode netascii\nverbose on\nblksize 7\nget fw.bin\n").expect("a file");
    let mut command = program(home.path());
    command.args(["-m", "octet"]).current_dir(home.path()).env("TERM", "xterm");
    let options = Options::new().timeout_ms(Some(20_000)).strip_ansi_escape_codes(true);
    let mut person = Person { home, session: spawn_with_options(command, options).expect("a terminal") };
    let before = person.sees("tftp> ");
    for told in ["/rc:4: blksize: 7: bad value\r\n", "/rc:5: get: only settings may stand in the start-up file\r\n"] {
        assert!(before.contains(told), "{before}");
    }
    assert!(!before.contains("Verbose mode"), "{before}");
    person.says("status", "Mode: octet Verbose: on Tracing: off");
    person.types(CTRL_D);
    let (_, home) = person.ends();

    let mut person = Person::begin(home, &["--no-rc"]);
    person.says("status", "Mode: octet Verbose: off Tracing: off");
}

#[test]
fn a_slip_and_a_prefix_of_many_are_answered_with_names() {
    let mut person = Person::begin(home(), &[]);
    person.says("gett x", "?Invalid command\r\nDid you mean \"get\"?");
    person.says("t", "?Ambiguous command\r\nIt may be trace, timeout, tsize, tout.");
}

#[test]
fn bookmarks_are_known_everywhere() {
    let mut person = Person::begin(home(), &[]);
    person.says("host lab 127.0.0.1 6969 mode=netascii", "");
    person.types("connect l\t");
    person.sees("connect lab ");
    person.types("\r");
    person.sees("tftp> ");
    person.says("status", "Connected to 127.0.0.1.");
    person.types(CTRL_D);
    let (_, home) = person.ends();
    let mut person = Person::begin(home, &["lab"]);
    person.says("mode", "Using netascii mode");
}

#[test]
fn help_tells_of_commands_and_topics() {
    let mut person = Person::begin(home(), &[]);
    person.says("?", "\"help COMMAND\" tells more");
    person.types("help get\r");
    for part in ["receive file", "usage: get file", "examples: get fw.bin", "see also: put"] {
        person.sees(part);
    }
    for topic in ["options", "modes", "errors", "scripts", "uri", "faults"] {
        person.says(&format!("help {topic}"), "\r\n");
    }
    person.says("help nonsense", "?Invalid help command nonsense");
}

#[test]
fn a_dumb_terminal_gets_no_escape() {
    let home = home();
    let mut command = program(home.path());
    command.current_dir(home.path()).env("TERM", "dumb");
    let options = Options::new().timeout_ms(Some(20_000));
    let mut session = spawn_with_options(command, options).expect("a terminal");
    let before = session.exp_string("tftp> ").expect("a prompt");
    session.send_line("status").expect("a terminal");
    let shown = session.exp_string("Not connected.").expect("a status");
    assert!(!before.contains('\x1b') && !shown.contains('\x1b'), "{before:?} {shown:?}");
    assert!(Path::new(home.path()).exists());
}
