//! Each system call of a get, a put and a server fails in turn, once or from then on, in the real program: strace(1)
//! makes it fail.
//!
//! Whatever fails, nothing crashes, the old file or the whole new one is there with nothing beside it, a client
//! that succeeds has its file stored, and what did not work is reported.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a test may panic, and prints what it did")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use support::{Client, Process, Server, can_trace, memory, names, serve_directory, under_strace};
use tempfile::{TempDir, tempdir};
use tftpsh::client::Options;
use tftpsh::server::Policy;
use tftpsh::transfer::{RetryPolicy, Rexmt};
use tftpsh::wire::{BlockSize, WindowSize};

/// Three blocks and a part of one; two blocks are a window, so that they leave and come together.
const SIZE: usize = 3 * 512 + 100;

/// Without the first there is no program; the fourth is asked by the language's own start only; the last fails only
/// behind its work.
const SPARED: [&str; 5] = ["execve", "mmap", "munmap", "poll", "close"];

/// A system call that fails.
#[derive(Debug, Clone)]
struct Fault {
    call: String,
    /// The how manieth of its name.
    when: usize,
    errno: &'static str,
    /// All behind it fail too.
    and_on: bool,
}

/// The program, with this failure. Strace runs apart (`-D`) from it, so that its status and signals are its own.
fn failing(directory: &Path, fault: &Fault, arguments: &[&str]) -> Command {
    let Fault { call, when, errno, and_on } = fault;
    let and_on = if *and_on { "+" } else { "" };
    let inject = format!("inject={call}:error={errno}:when={when}{and_on}");
    under_strace(directory, &["-D", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject], arguments)
}

/// Every call that an undisturbed run makes, failing in each way that suits it.
fn faults(log: &Path) -> Vec<Fault> {
    let mut counts = BTreeMap::<String, usize>::new();
    for line in fs::read_to_string(log).unwrap().lines() {
        let call = line.split_once('(').and_then(|(head, _)| head.split_whitespace().next_back());
        if let Some(call) = call.filter(|call| call.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')) {
            *counts.entry(call.to_owned()).or_default() += 1;
        }
    }
    counts.retain(|call, _| !SPARED.contains(&call.as_str()));
    let has = |part: &str| counts.keys().any(|call| call.starts_with(part));
    assert!(["sendto", "recv", "write"].into_iter().all(has), "{counts:?}");
    let mut faults = Vec::new();
    for (call, count) in counts {
        let network = ["send", "recv", "sock", "bind", "connect"].iter().any(|part| call.contains(part));
        // A call that is interrupted for ever would be made for ever.
        let errors = [("EINTR", false), (if network { "ENOBUFS" } else { "ENOSPC" }, false), ("EIO", true)];
        let fault = |when, (errno, and_on)| Fault { call: call.clone(), when, errno, and_on };
        faults.extend((1..=count).flat_map(|when| errors.map(|error| fault(when, error))));
    }
    faults
}

const TRACE_ALL: &str = "trace=%file,%desc,%network";

fn in_parallel(what: &str, faults: &[Fault], check: impl Fn(usize, &Fault) + Sync) {
    println!("{} faults of {what}", faults.len());
    thread::scope(|scope| {
        for worker in 0..8 {
            let check = &check;
            scope.spawn(move || {
                faults.iter().enumerate().skip(worker).step_by(8).for_each(|(number, fault)| check(number, fault));
            });
        }
    });
}

fn content() -> Vec<u8> {
    (0..SIZE).map(|at| (at / 7) as u8).collect()
}

fn directory_with_an_old_file() -> TempDir {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("f"), "old").unwrap();
    directory
}

/// Whether the new file is there; the old one must be otherwise, and nothing beside it.
fn is_new(directory: &Path, fault: &Fault, said: &str) -> bool {
    let file = fs::read(directory.join("f")).unwrap();
    assert!(file == b"old" || file == content(), "{fault:?}: {} bytes; {said}", file.len());
    // Who cannot remove a file leaves it, recognisable.
    let may_stay = |name: &str| fault.call.starts_with("unlink") && name.starts_with(".f.") && name.ends_with(".part");
    let stray = names(directory).into_iter().find(|name| name != "f" && !may_stay(name));
    assert_eq!(stray, None, "{fault:?}: {said}");
    file != b"old"
}

/// An end without a crash; a failure is reported.
fn check_end(status: ExitStatus, said: &str, fault: &Fault) {
    assert_eq!(status.signal(), None, "{fault:?}: {said}");
    assert!(status.code() != Some(101) && !said.contains("panicked"), "{fault:?}: {said}");
    assert!(status.success() || !said.is_empty() || fault.call == "write", "{fault:?}: {status} without a word");
}

fn store() -> Server {
    support::serve(memory("f", content()), Policy::default())
}

fn arguments<'a>(port: &'a str, command: &[&'a str]) -> Vec<&'a str> {
    let options = ["--timeout", "3", "--rexmt", "0.1", "--blksize", "512", "--windowsize", "2"];
    [&options[..], &["127.0.0.1", port], command].concat()
}

/// Bookmarks matter to names alone, and one question about the way to the server answers all.
#[test]
fn a_get_from_an_address_opens_nothing_in_vain() {
    if !can_trace() {
        return;
    }
    let server = store();
    let port = server.port().to_string();
    for (host, reads_bookmarks) in [("127.0.0.1", false), ("localhost", true)] {
        let directory = tempdir().unwrap();
        let log = directory.path().join("log");
        let options = ["-o", log.to_str().unwrap(), "-e", "trace=openat,open,socket"];
        let output = under_strace(directory.path(), &options, &[host, &port, "-4", "get", "f"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let calls = fs::read_to_string(&log).unwrap();
        assert_eq!(calls.contains("tftpsh/hosts"), reads_bookmarks, "{host}: {calls}");
        let sockets = calls.lines().filter(|line| line.contains("SOCK_DGRAM") && line.contains("IPPROTO_IP)")).count();
        assert!(reads_bookmarks || sockets == 2, "the transfer's own and one for the way there: {calls}");
    }
}

#[test]
fn a_get_bears_the_failure_of_every_system_call() {
    if !can_trace() {
        return;
    }
    let server = store();
    let port = server.port().to_string();
    let arguments = arguments(&port, &["get", "f"]);
    let directory = directory_with_an_old_file();
    let log = tempdir().unwrap();
    let log = log.path().join("log");
    let undisturbed = under_strace(directory.path(), &["-o", log.to_str().unwrap(), "-e", TRACE_ALL], &arguments);
    assert!({ undisturbed }.output().unwrap().status.success());
    in_parallel("a get", &faults(&log), |_, fault| {
        let directory = directory_with_an_old_file();
        let output = failing(directory.path(), fault, &arguments).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        check_end(output.status, &said, fault);
        let new = is_new(directory.path(), fault, &said);
        assert!(new || !output.status.success(), "{fault:?}: success without a file; {said}");
    });
}

#[test]
fn a_put_bears_the_failure_of_every_system_call() {
    if !can_trace() {
        return;
    }
    let served = tempdir().unwrap();
    let server = serve_directory(served.path(), Policy::default());
    let port = server.port().to_string();
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("f"), content()).unwrap();
    let log = tempdir().unwrap();
    let log = log.path().join("log");
    let undisturbed = under_strace(
        directory.path(),
        &["-o", log.to_str().unwrap(), "-e", TRACE_ALL],
        &arguments(&port, &["put", "f", "undisturbed"]),
    );
    assert!({ undisturbed }.output().unwrap().status.success());
    in_parallel("a put", &faults(&log), |number, fault| {
        let name = format!("f{number}");
        let output = failing(directory.path(), fault, &arguments(&port, &["put", "f", &name])).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        check_end(output.status, &said, fault);
        match fs::read(served.path().join(&name)) {
            Ok(file) => assert_eq!(file, content(), "{fault:?}: {said}"),
            Err(_) => assert!(!output.status.success(), "{fault:?}: success without a file; {said}"),
        }
    });
    assert_eq!(fs::read(directory.path().join("f")).unwrap(), content());
}

#[test]
fn a_server_bears_the_failure_of_every_system_call() {
    if !can_trace() {
        return;
    }
    let directory = directory_with_an_old_file();
    let log = tempdir().unwrap();
    let log = log.path().join("log");
    let traced = under_strace(directory.path(), &["-D", "-o", log.to_str().unwrap(), "-e", TRACE_ALL], &SERVE);
    let (server, address) = serve(traced);
    assert!(put(address.unwrap()) && get(address.unwrap()).is_some());
    end(server);
    let mut faults = faults(&log);
    // A server that can write nothing serves too, but cannot say where. tests/served_log.rs has one at a known port.
    faults.retain(|fault| fault.call != "write" || !fault.and_on);
    in_parallel("a server", &faults, |_, fault| {
        let directory = directory_with_an_old_file();
        let (mut server, address) = serve(failing(directory.path(), fault, &SERVE));
        let Some(address) = address else {
            let (said, status) = (server.errors(), server.wait());
            check_end(status, &said, fault);
            assert!(!status.success(), "{fault:?}: it did not begin, and did not say so");
            return;
        };
        let succeeded = put(address);
        // One client may have to bear a failure that passes, but not the next.
        let still_there = if fault.and_on { Some(()) } else { get(address).or_else(|| get(address)) };
        let (status, said) = end(server);
        check_end(status, &said, fault);
        let new = is_new(directory.path(), fault, &said);
        assert!(new || !succeeded, "{fault:?}: the client succeeded, but its file is not stored; {said}");
        assert!(still_there.is_some() || !status.success(), "{fault:?}: a server that serves no more; {said}");
    });
}

const SERVE: [&str; 5] = ["serve", ".", "--port", "0", "--overwrite"];

/// Starts a server; no address where it ended before it served.
fn serve(mut command: Command) -> (Process, Option<SocketAddr>) {
    let mut server = Process::spawn(&mut command);
    let address = server.place();
    (server, address)
}

fn settings() -> Options {
    Options {
        blksize: BlockSize::new(512),
        windowsize: WindowSize::new(2),
        retry: RetryPolicy {
            rexmt: Rexmt::Fixed(Duration::from_millis(100)),
            timeout: Duration::from_secs(2),
            ..RetryPolicy::default()
        },
        ..Options::default()
    }
}

fn client(server: SocketAddr) -> Client {
    Client::to(server).with(settings())
}

/// Uploads the new file; whether the server said that it is safe.
fn put(server: SocketAddr) -> bool {
    client(server).put_bytes("f", &content()).is_ok()
}

/// Whatever file is there now.
fn get(server: SocketAddr) -> Option<()> {
    client(server).get_nothing("f").ok().map(drop)
}

/// Asks the server to end, and waits for it.
fn end(mut server: Process) -> (ExitStatus, String) {
    // It may have come to its end before.
    server.try_signal(Signal::SIGTERM);
    let said = server.errors();
    (server.wait(), said)
}
