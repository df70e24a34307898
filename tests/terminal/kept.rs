//! What one session leaves to the next: lines, names, bookmarks; and what the user wrote for all of them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::person::{CONFIG, CTRL_D, CTRL_U, Person, STATE, UP, at, home};
use crate::support::{Port, feed, program};

#[test]
fn lines_are_remembered_across_sessions_unless_a_blank_stands_in_front() {
    let mut person = Person::begin(home(), &[]);
    person.says("mode netascii", "");
    person.says(" verbose on", "Verbose mode on.");
    person.types(CTRL_D);
    let (_, home) = person.ends();
    let history = home.path().join(STATE).join("history");
    assert_eq!(history.metadata().expect("the history").permissions().mode() & 0o777, 0o600);

    let mut person = Person::begin(home, &[]);
    person.types(UP);
    person.sees("mode netascii");
    person.types("\r");
    person.sees("tftp> ");
    person.says("mode", "Using netascii mode");
}

#[test]
fn names_seen_on_a_host_are_remembered_across_sessions() {
    let silent = Port::open();
    let port = silent.number().to_string();
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
    let seen = person.home.path().join(STATE).join("seen");
    assert_eq!(seen.metadata().expect("the memory").permissions().mode() & 0o777, 0o600);
}

#[test]
fn only_what_a_person_does_is_remembered() {
    let home = home();
    for (args, script) in [(["--practice"].as_slice(), "get text.txt\n"), (&["--practice", "get", "fw.bin"], "")] {
        let mut command = program(home.path());
        let output = feed(command.args(args), home.path(), script.as_bytes());
        assert!(output.status.success());
        assert!(!home.path().join(".local").exists(), "{args:?} left state");
    }
    let command = at(home.path(), &["--practice", "get", "fw.bin"]);
    let (status, home) = Person::meets(home, command, true).ends();
    assert_eq!(status, 0);
    let seen = fs::read_to_string(home.path().join(STATE).join("seen"));
    assert_eq!(seen.expect("a memory"), "127.0.0.1\n\tfw.bin\n");
    assert!(!home.path().join(STATE).join("history").exists());
}

#[test]
fn bookmarks_are_known_everywhere() {
    let mut person = Person::begin(home(), &[]);
    person.says("host lab 127.0.0.1 6969 mode=netascii", "");
    person.types("connect l\t");
    person.sees("connect lab ");
    person.types("\r");
    person.sees("tftp> ");
    person.says("status", "Connected to lab (127.0.0.1).");
    person.types(CTRL_D);
    let (_, home) = person.ends();
    let mut person = Person::begin(home, &["lab"]);
    person.says("mode", "Using netascii mode");
}

#[test]
fn the_start_up_file_sets_and_does_nothing_else() {
    let home = home();
    let config = home.path().join(CONFIG);
    fs::create_dir_all(&config).expect("a directory");
    let lines = "# mine\nmode netascii\nverbose on\nblksize 7\nget fw.bin\n!touch escaped\n !touch escaped\n";
    fs::write(config.join("rc"), lines).expect("a file");
    let command = at(home.path(), &["-m", "octet"]);
    let mut person = Person::meets(home, command, true);
    let before = person.sees("tftp> ");
    assert!(before.contains("/rc:4: blksize: 7: bad value\r\n"), "{before}");
    for command in ["/rc:5: get", "/rc:6: !", "/rc:7: !"] {
        let error = format!("{command}: only settings are allowed in the start-up file\r\n");
        assert!(before.contains(&error), "{before}");
    }
    assert!(!home_has(&person, "escaped"));
    assert!(!before.contains("Verbose mode"), "{before}");
    person.says("status", "Mode: octet Verbose: on Tracing: off");
    person.types(CTRL_D);
    let (_, home) = person.ends();

    let mut person = Person::begin(home, &["--no-rc"]);
    person.says("status", "Mode: octet Verbose: off Tracing: off");
}

fn home_has(person: &Person, name: &str) -> bool {
    person.home.path().join(name).exists()
}

#[test]
fn what_is_not_a_regular_file_is_never_waited_for() {
    let home = home();
    let (state, config) = (home.path().join(STATE), home.path().join(CONFIG));
    for directory in [&state, &config] {
        fs::create_dir_all(directory).expect("a directory");
    }
    for fifo in [config.join("rc"), config.join("hosts"), state.join("history"), state.join("seen")] {
        mkfifo(&fifo, Mode::S_IRWXU).expect("a FIFO");
    }
    let command = at(home.path(), &["--practice"]);
    let mut person = Person::meets(home, command, true);
    let before = person.sees("tftp> ");
    for error in ["/rc: not a regular file", "/hosts: not a regular file", "/history: not a regular file; no lines"] {
        assert!(before.contains(error), "{before}");
    }
    person.says("get hello.txt", "Received 13 bytes");
    person.types("get h\t");
    person.sees("get hello.txt ");
}

#[test]
fn the_settings_that_status_prints_are_a_start_up_file() {
    let home = home();
    let mut person = Person::begin(home, &[]);
    for line in
        ["mode netascii", "options on", "blksize 1024", "windowsize 4", "rexmt 0.25", "timeout 90.5", "progress off"]
    {
        person.says(line, "");
    }
    person.says("tsize off", "Tsize mode off.");
    person.says("tout on", "Timeout option on.");
    person.says("literal on", "Literal mode on.");
    let printed = |person: &mut Person| {
        person.types("status settings\r");
        person.sees("mode ");
        format!("mode {}\n", person.sees("tftp> ").replace('\r', "").trim_end())
    };
    let settings = printed(&mut person);
    assert!(settings.contains("rexmt 0.25\n") && settings.ends_with("verbose off\n"), "{settings}");
    person.types(CTRL_D);
    let (_, home) = person.ends();

    let config = home.path().join(CONFIG);
    fs::create_dir_all(&config).expect("a directory");
    fs::write(config.join("rc"), &settings).expect("a file");
    let mut person = Person::begin(home, &[]);
    assert_eq!(printed(&mut person), settings);
}

#[test]
fn the_directories_are_where_the_environment_says() {
    let home = home();
    let mut command = at(home.path(), &[]);
    command.env("XDG_STATE_HOME", home.path().join("s")).env("XDG_CONFIG_HOME", home.path().join("c"));
    let mut person = Person::start(home, command);
    person.says("host sw1 192.0.2.1", "");
    let (state, config) = (person.home.path().join("s/tftpsh"), person.home.path().join("c/tftpsh"));
    assert!(fs::read_to_string(state.join("history")).expect("the history").contains("host sw1 192.0.2.1\n"));
    assert_eq!(fs::read_to_string(config.join("hosts")).expect("the bookmarks"), "sw1 192.0.2.1\n");
    for directory in [state, config] {
        assert_eq!(directory.metadata().expect("a directory").permissions().mode() & 0o777, 0o700);
    }
}

#[test]
fn files_of_no_sense_are_told_and_stop_nothing() {
    let home = home();
    let (state, config) = (home.path().join(STATE), home.path().join(CONFIG));
    for directory in [&state, &config] {
        fs::create_dir_all(directory).expect("a directory");
    }
    let nonsense = b"\xff\x1b[2J\x00\n\t\xfe\n'\n";
    fs::write(config.join("hosts"), [nonsense, &b"sw1 192.0.2.1\n"[..]].concat()).expect("a file");
    fs::write(state.join("seen"), nonsense).expect("a file");
    fs::write(state.join("history"), nonsense).expect("a file");
    let command = at(home.path(), &["--practice"]);
    let mut person = Person::meets(home, command, false);
    let before = person.sees("tftp> ");
    assert!(before.contains("/history: "), "{before}");
    person.types("hosts\r");
    let listed = [person.sees("/hosts:3: a single quote is not closed"), person.sees("tftp> ")].concat();
    assert!(listed.contains("sw1 192.0.2.1\r\n") && !listed.contains("\x1b[2J"), "{listed:?}");
    person.says("host other 192.0.2.2", "edit it by hand");
    person.says("get hello.txt", "Received 13 bytes");
    person.types("get h\t");
    person.sees("get hello.txt ");
    let hosts = fs::read(config.join("hosts")).expect("the bookmarks");
    assert!(hosts.starts_with(nonsense) && hosts.ends_with(b"sw1 192.0.2.1\n"));
}

#[test]
fn where_nothing_can_be_kept_the_shell_goes_on() {
    let home = home();
    let mut command = at(home.path(), &["--practice"]);
    command.env("HOME", "/dev/null");
    let mut person = Person::start(home, command);
    person.says("get hello.txt", "Received 13 bytes");
    person.says("hosts", "");
    person.says("host sw1 192.0.2.1", "/dev/null/.config/tftpsh/hosts: Not a directory");
    person.types(UP);
    person.sees("host sw1 192.0.2.1");
}
