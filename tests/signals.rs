//! Signals end everything, whatever the program waits for: FIFOs, silent pipes, readers that are stuck, name look-ups.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use std::fs::{self, File};
use std::io::{self, Write};
use std::mem;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use support::{NOWHERE, Port, Process, at_home, data, eventually, is_error, names, served_at, soon};
use tempfile::{TempDir, tempdir};

/// The bound that is promised.
const PROMISED: Duration = Duration::from_millis(200);

/// A directory with everything that can make a command wait.
fn stage() -> TempDir {
    let stage = tempdir().unwrap();
    let path = |name: &str| stage.path().join(name);
    mkfifo(&path("fifo"), Mode::S_IRWXU).unwrap();
    File::create(path("huge")).unwrap().set_len(1 << 42).unwrap();
    fs::write(path("chatty"), "?\n".repeat(10_000)).unwrap();
    fs::write(path("faulty"), "nosuch\n".repeat(10_000)).unwrap();
    stage
}

/// What a line of `/proc/PID/status` says.
fn status_line(process: &Process, name: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned()
}

/// Waits until the process handles signals, and then waits or works without an end in sight.
fn settled(process: Process) -> Process {
    eventually("signals are handled", || {
        let caught = u64::from_str_radix(&status_line(&process, "SigCgt:"), 16).unwrap();
        caught & 1 << (Signal::SIGTERM as u64 - 1) != 0
    });
    let switches = || status_line(&process, "voluntary_ctxt_switches:");
    let mut before = switches();
    // Some waits look again and again. If the signal comes before the wait, it must end the process all the same.
    soon(Duration::from_millis(300), || {
        thread::sleep(Duration::from_millis(30));
        let now = switches();
        mem::replace(&mut before, now.clone()) == now
    });
    process
}

/// Sends a signal to a process that `start` starts, and expects it to end in time. A busy machine gets more than one chance.
fn ends_in_time(what: &str, signal: Signal, status: i32, start: impl Fn() -> Process) {
    let mut took = Duration::MAX;
    for _ in 0..5 {
        let mut process = start();
        process.signal(signal);
        let begun = Instant::now();
        // One that goes on is not waited for.
        assert!(soon(Duration::from_secs(10), || !process.is_running()), "{what}: {signal} ends nothing");
        took = begun.elapsed();
        assert_eq!(process.wait().code(), Some(status), "{what}: {signal}");
        if took < PROMISED {
            return;
        }
    }
    panic!("{what}: {signal} took {took:?}");
}

#[test]
fn a_signal_ends_whatever_waits_within_200_ms() {
    let stage = stage();
    let waiting = [
        "--practice get hello.txt fifo",
        "--practice put fifo copy",
        "--practice put - copy",
        "--practice get big.bin -",
        "--practice --trace=ladder=fifo get hello.txt copy",
        "-f fifo",
        "source fifo",
        "-f chatty",
        "-f faulty",
        "sha256 fifo",
        "sha256 huge",
        "-f -",
        "repeat 2 every 1000 lpwd",
    ];
    for (words, signal) in
        waiting.into_iter().zip([Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().cycle())
    {
        // Its pipes stay open, but no process reads or writes them.
        let args: Vec<_> = words.split(' ').collect();
        ends_in_time(words, signal, 130, || settled(Process::start(stage.path(), &args)));
    }
    assert_eq!(names(stage.path()), ["chatty", "faulty", "fifo", "huge"], "no part of a file");
}

#[test]
fn a_signal_ends_a_server_whose_log_is_full() {
    let stage = stage();
    ends_in_time("a full log", Signal::SIGTERM, 0, || {
        let mut server = Process::start(stage.path(), &["serve", ".", "--port", "0"]);
        let address = served_at(&server.line()).unwrap();
        let client = Port::open();
        // Each refusal is a line, and they are more than a pipe holds.
        let request = [&b"\0\x01"[..], &[b'x'; 400], b"\0octet\0"].concat();
        for _ in 0..1_000 {
            client.send(address, &request);
            thread::yield_now();
        }
        settled(server)
    });
}

#[test]
fn a_signal_that_ends_a_silent_producer_leaves_the_old_file() {
    let stage = tempdir().unwrap();
    let server = Port::open();
    let number = server.number().to_string();
    let mut put = Process::start(stage.path(), &["--no-options", "127.0.0.1", &number, "put", "-", "copy"]);
    let (_, client) = server.receive();
    server.send(client, &[0, 4, 0, 0]);
    put.say("some bytes");
    let mut put = settled(put);
    put.signal(Signal::SIGINT);
    // The producer ends by the same Ctrl-C.
    put.close_input();
    assert_eq!(put.wait().code(), Some(130));
    assert!(is_error(&server.receive().0), "no last block");
}

#[test]
fn a_second_signal_is_final() {
    let server = Port::open();
    let number = server.number().to_string();
    let stage = tempdir().unwrap();
    let mut get = Process::start(stage.path(), &["--no-options", "127.0.0.1", &number, "get", "f"]);
    let (_, client) = server.receive();
    server.send(client, &data(1, &[7; 512]));
    server.receive();
    // Both are delivered before the program does anything else.
    for signal in [Signal::SIGSTOP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGCONT] {
        get.signal(signal);
    }
    let status = get.wait().code();
    assert!(matches!(status, Some(130 | 143)), "{status:?}");
    assert!(server.pending().is_empty(), "nothing is left to do");
}

#[test]
fn a_signal_ends_a_command_of_the_system_and_who_waits_for_it() {
    let stage = tempdir().unwrap();
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        ends_in_time("!sleep", signal, 130, || {
            let begun = stage.path().join("begun");
            let _ = fs::remove_file(&begun);
            let process = Process::start(stage.path(), &["!", "touch begun; exec sleep 1000"]);
            eventually("the command runs", || begun.exists());
            process
        });
    }
}

#[test]
fn a_signal_ends_a_name_look_up() {
    let stage = stage();
    let run = |command: &str| {
        let mut unshare = Command::new("unshare");
        let script = format!("mount --bind fifo /etc/hosts && exec {command}");
        unshare.args(["-rm", "sh", "-c", &script]).current_dir(stage.path());
        at_home(&mut unshare, NOWHERE).stderr(Stdio::null());
        unshare
    };
    if !run("true").status().is_ok_and(|status| status.success()) {
        // Not even CI can do this everywhere: a container may forbid it.
        let _ = writeln!(io::stderr(), "skipped: no other /etc/hosts can be mounted");
        return;
    }
    for words in ["no-such-host.invalid get f", "connect no-such-host.invalid"] {
        // The resolver reads a FIFO that no process writes.
        ends_in_time(words, Signal::SIGINT, 130, || {
            settled(Process::spawn(&mut run(&format!("{} {words}", env!("CARGO_BIN_EXE_tftp")))))
        });
    }
}
