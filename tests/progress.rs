//! What a person at a terminal sees of a transfer that takes its time: on a real pseudo terminal, behind a slow line.

mod support;

use std::net::SocketAddr;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::wait::WaitStatus;
use rexpect::session::{PtySession, spawn_command};
use support::{NOWHERE, Port, Server, patient, program, serve_practice};
use tempfile::TempDir;

#[test]
fn a_slow_get_shows_how_far_it_is_and_leaves_a_clean_line() {
    let place = Place::new();
    let (typed, status) = place.run(&["get", "big.bin"]);
    assert_eq!(status, 0, "{typed}");
    let lines = screen(&typed);
    let [received, summary] = &lines[..] else { panic!("{lines:?}") };
    assert!(received.starts_with("Received 5000000 bytes in "), "{lines:?}");
    assert!(summary.contains("/s, blksize 65464, windowsize 1, 77 blocks, "), "{lines:?}");
    let drawn: Vec<_> = typed.split('\r').filter(|line| line.contains(" of 5.0 MB  ")).collect();
    assert!(drawn[0].contains("big.bin  [") && drawn[0].contains("%  "), "{drawn:?}");
    assert!(drawn.len() >= 3, "77 blocks of 15 ms take 1.1 s at least, of which half a second is silent: {drawn:?}");
    let seconds: f64 = received.split(' ').nth(4).and_then(|it| it.parse().ok()).expect("seconds");
    assert!(drawn.len() as f64 <= seconds * 10.0, "ten a second at most: {} in {seconds}", drawn.len());
}

#[test]
fn a_quick_get_shows_its_summary_alone() {
    let place = Place::new();
    let (typed, status) = place.run(&["get", "hello.txt"]);
    assert_eq!((status, screen(&typed).len(), typed.contains('\x1b')), (0, 2, true), "coloured: {typed:?}");
    assert!(!typed.contains("hello.txt"), "{typed:?}");
}

#[test]
fn ctrl_c_leaves_nothing_of_the_bar() {
    let place = Place::new();
    let mut session = place.begin(&["get", "big.bin"]);
    let before = session.exp_string(" of 5.0 MB").expect("progress");
    session.send_control('c').expect("Ctrl-C");
    let (behind, status) = end(session);
    assert_eq!(status, 130);
    assert_eq!(screen(&format!("{before} of 5.0 MB{behind}")), ["tftp: get big.bin: interrupted"]);
}

#[test]
fn a_trace_a_switch_and_quiet_keep_it_away() {
    for options in [&["--trace"][..], &["-q"]] {
        let place = Place::new();
        let (typed, status) = place.run(&[options, &["get", "big.bin"]].concat());
        assert_eq!(status, 0, "{typed}");
        assert!(!typed.contains(" of 5.0 MB"), "{options:?}: {typed}");
    }
}

#[test]
fn a_file_printed_on_the_terminal_is_left_alone() {
    let place = Place::new();
    let (typed, status) = place.run(&["get", "hello.txt", "-"]);
    assert_eq!((status, screen(&typed).len()), (0, 2), "the file and BSD's line: {typed:?}");
    let (typed, status) = place.run(&["get", "big.bin", "-"]);
    assert_eq!((status, typed.contains(" of 5.0 MB")), (0, false));
}

#[test]
fn plain_is_lines_of_words_and_no_cursor_moves() {
    let place = Place::new();
    let (typed, status) = place.run(&["--plain", "get", "big.bin"]);
    assert_eq!(status, 0, "{typed}");
    assert!(typed.contains("big.bin: ") && typed.contains(" percent, ") && typed.contains(" of 5.0 MB, "), "{typed:?}");
    let moves = typed.replace("\r\n", "").contains(['\x1b', '\r']);
    assert!(!moves, "{typed:?}");
}

#[test]
fn nobody_is_told_who_does_not_look() {
    let place = Place::new();
    let Output { stdout, stderr, status } = place.command(&["get", "big.bin"]).output().expect("the program");
    assert!(status.success());
    assert_eq!((stdout.split(|&byte| byte == b'\n').count(), stderr.as_slice()), (2, &b""[..]), "one line, as BSD's");
}

/// A directory, and a practice server behind a line that holds each of its packets up for 15 ms.
struct Place {
    directory: TempDir,
    port: u16,
    _server: Server,
}

impl Place {
    fn new() -> Self {
        let server = serve_practice(patient());
        let port = hold_up(server.address(), Duration::from_millis(15));
        Self { directory: tempfile::tempdir().expect("a directory"), port, _server: server }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = program(NOWHERE);
        command.args(["--rexmt", "5", "127.0.0.1", &self.port.to_string()]).args(args);
        command.current_dir(self.directory.path()).env("TERM", "xterm");
        for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(variable);
        }
        command
    }

    fn begin(&self, args: &[&str]) -> PtySession {
        spawn_command(self.command(args), Some(20_000)).expect("a terminal")
    }

    /// All that the program wrote to its terminal, and its status.
    fn run(&self, args: &[&str]) -> (String, i32) {
        end(self.begin(args))
    }
}

fn end(mut session: PtySession) -> (String, i32) {
    let written = session.exp_eof().expect("its end");
    match session.process().wait().expect("its status") {
        WaitStatus::Exited(_, status) => (written, status),
        other => panic!("{other:?}"),
    }
}

/// A port that passes datagrams on to `server` at once, and its answers back after `delay` each.
fn hold_up(server: SocketAddr, delay: Duration) -> u16 {
    let [front, back] = [(); 2].map(|()| Port::open());
    let (front_again, back_again, port) = (front.again(), back.again(), front.number());
    // The client, and the server's transfer id.
    let ends = Arc::new(Mutex::new((server, server)));
    let known = Arc::clone(&ends);
    std::thread::spawn(move || {
        loop {
            let (datagram, client) = front.receive_patiently();
            let mut ends = known.lock().expect("both ends");
            let request = datagram[..2] == [0, 1];
            *ends = (client, if request { server } else { ends.1 });
            let _ = back.try_send(ends.1, &datagram);
        }
    });
    std::thread::spawn(move || {
        loop {
            let (datagram, tid) = back_again.receive_patiently();
            std::thread::sleep(delay);
            let mut ends = ends.lock().expect("both ends");
            ends.1 = tid;
            let _ = front_again.try_send(ends.0, &datagram);
        }
    });
    port
}

const COLUMNS: usize = 80;

/// What a terminal shows of it in the end, without what is blank.
fn screen(written: &str) -> Vec<String> {
    let mut lines = vec![Vec::new()];
    let (mut row, mut column) = (0, 0);
    let mut letters = written.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' => column = 0,
            '\n' => row += 1,
            '\x1b' => {
                let sequence: String = letters.by_ref().take(1).collect();
                assert_eq!(sequence, "[", "only these are written");
                let mut number = String::new();
                let kind = letters.by_ref().find(|letter| {
                    number.push(*letter);
                    letter.is_ascii_alphabetic()
                });
                match kind {
                    Some('K') => lines[row].clear(),
                    Some('m') => {}
                    other => panic!("a cursor movement that is not known here: {number} {other:?}"),
                }
            }
            _ => {
                if column == COLUMNS {
                    (row, column) = (row + 1, 0);
                }
                lines.resize(lines.len().max(row + 1), Vec::new());
                let line = &mut lines[row];
                line.resize(line.len().max(column + 1), ' ');
                line[column] = letter;
                column += 1;
            }
        }
        lines.resize(lines.len().max(row + 1), Vec::new());
    }
    let lines = lines.iter().map(|line| line.iter().collect::<String>().trim_end().to_owned());
    lines.filter(|line| !line.is_empty()).collect()
}
